/** Small recordings to test with. */

import { decode } from "../../static/signal_panel/js/spans.js";

const SIGNAL = "shop.signals.order_placed";
const RECEIVER = "shop.receivers.index_order";

/**
 * The JSON of a recording made of [start, duration, parent's index or -1, is it a send] rows.
 *
 * @param {[number, number, number, boolean][]} rows  By start.
 * @param {object} more  Other members; `kind` has each span's.
 */
export function recordingOf(rows, { kind, ...more } = {}) {
    const kinds = kind ?? rows.map(([, , , isSend]) => (isSend ? 0 : -1));
    return {
        version: 1,
        epoch: 1790000000,
        duration: Math.max(0, ...rows.map(([start, time]) => start + time)),
        strings: [SIGNAL, "shop.models.Order", "/srv/shop/views.py", "checkout", RECEIVER],
        sends: [[0, 1, 1, 2, 92, 3]],
        receivers: [[4, 2, 41, 1]],
        phases: [["view", "shop.views.checkout", 0, 100]],
        start: rows.map(([start], i) => start - (i ? rows[i - 1][0] : 0)),
        time: rows.map(([, time]) => time),
        // One for each span: the parent is so many spans back, or none is above all levels.
        shapes: rows.map(([, , parent], i) => [kinds[i], parent < 0 ? i : parent - i]),
        shape: rows.map((_, i) => i),
        exceptions: [],
        busy: [],
        hops: [],
        within: [],
        again: [],
        skipped: [],
        statements: [],
        queries: [[], [], [], [], []],
        ...more,
    };
}

/** The decoded spans of such rows. */
export function spansOf(rows, more) {
    return decode(recordingOf(rows, more));
}

/** Many spans one after the other, each `time` long, `apart` from start to start. */
export function rowOf(count, time, apart) {
    return spansOf(Array.from({ length: count }, (_, i) => [i * apart, time, -1, true]));
}

/** Numbers that look random and are the same each time. */
export function numbers(seed) {
    let state = seed;
    return (below) => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return state % below;
    };
}
