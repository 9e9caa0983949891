/** Ways among the matches of a filter, which are sorted. */

import { firstThat } from "./layout.js";

/**
 * Where in sorted `indices` the span is, or would be put.
 *
 * @param {Uint32Array} indices
 * @param {number} span
 */
export function placeOf(indices, span) {
    return firstThat(0, indices.length, (place) => indices[place] >= span);
}

/**
 * Which of the matches the span is, counted from 1; 0 if it is none.
 *
 * @param {Uint32Array} indices
 * @param {number} span
 */
export function positionOf(indices, span) {
    const place = placeOf(indices, span);
    return indices[place] === span ? place + 1 : 0;
}

/**
 * The match after (or before) the selected span, going round at the ends; -1 if there is none.
 *
 * @param {Uint32Array} indices
 * @param {number} selected  -1: none.
 * @param {1 | -1} direction
 */
export function nextMatch(indices, selected, direction) {
    const count = indices.length;
    if (!count) {
        return -1;
    }
    const place = placeOf(indices, selected);
    const here = indices[place] === selected;
    const wanted = direction > 0 ? place + (here ? 1 : 0) : place - 1;
    return indices[(wanted + count) % count];
}
