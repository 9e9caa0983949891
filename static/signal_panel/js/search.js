/** Which spans a search finds. Words are looked up in the few kinds of span, never in each span. */

import { shortPath } from "./format.js";

/**
 * @typedef {object} Matches
 * @property {Uint8Array} flags  1 for each span found.
 * @property {Uint32Array} indices  The spans found, in order.
 */

/** @param {import("./spans.js").Kind} kind */
function textOf(kind) {
    const place = kind.path && `${shortPath(kind.path)}:${kind.line}`;
    return [kind.name, kind.sender, place].join("\n").toLowerCase();
}

/**
 * The spans whose kind has all words of the query in its names or its file, or null for no query.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {string} query
 * @returns {Matches | null}
 */
export function find(spans, query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) {
        return null;
    }
    const found = Uint8Array.from(spans.kinds, (kind) => {
        const text = textOf(kind);
        return words.every((word) => text.includes(word)) ? 1 : 0;
    });
    const flags = new Uint8Array(spans.count);
    let count = 0;
    for (let i = 0; i < spans.count; i++) {
        count += flags[i] = found[spans.kind[i]];
    }
    const indices = new Uint32Array(count);
    for (let i = 0, k = 0; k < count; i++) {
        if (flags[i]) {
            indices[k++] = i;
        }
    }
    return { flags, indices };
}

/**
 * Where in sorted `indices` the span is, or would be put.
 *
 * @param {Uint32Array} indices
 * @param {number} span
 */
export function placeOf(indices, span) {
    let from = 0;
    let to = indices.length;
    while (from < to) {
        const middle = (from + to) >> 1;
        if (indices[middle] < span) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
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
