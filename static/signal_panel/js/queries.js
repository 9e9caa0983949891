/**
 * A recording's queries as typed arrays, one entry a query, ordered by start. Pure.
 *
 * @typedef {object} Queries
 * @property {number} count
 * @property {Float64Array} start
 * @property {Float64Array} time
 * @property {Int32Array} span  The innermost span it ran in; -1: none.
 * @property {Int32Array} statement  Index into `statements`.
 * @property {Int32Array} repeats  The first query with the same text and parameters; -1: none.
 * @property {{sql: string, alias: string}[]} statements
 */

import { peaksOf } from "./layout.js";

/** @returns {Queries} */
export function decodeQueries({ queries, statements, strings }) {
    const [deltas, time, span, statement, back] = queries;
    const count = deltas.length;
    const start = new Float64Array(count);
    const repeats = new Int32Array(count);
    let clock = 0;
    for (let i = 0; i < count; i++) {
        clock += deltas[i];
        start[i] = clock;
        repeats[i] = back[i] ? i - back[i] : -1;
    }
    return {
        count,
        start,
        time: Float64Array.from(time),
        span: Int32Array.from(span),
        statement: Int32Array.from(statement),
        repeats,
        statements: statements.map(([sql, alias]) => ({
            sql: strings[sql],
            alias: strings[alias],
        })),
    };
}

/**
 * How many queries each span has of its own.
 *
 * @param {Queries} queries
 * @param {number} spans
 */
export function countBySpan({ count, span }, spans) {
    const counts = new Int32Array(spans);
    for (let i = 0; i < count; i++) {
        if (span[i] >= 0) {
            counts[span[i]]++;
        }
    }
    return counts;
}

/**
 * The queries as one row that can be laid out and drawn as a row of spans is. Where threads queried at
 * the same time, the later ones count from where the earlier end.
 *
 * @param {Queries} queries
 * @returns {{spans: {end: Float64Array}, layout: import("./layout.js").Layout}}
 */
export function asRow({ count, start, time }) {
    const starts = new Float64Array(count);
    const end = new Float64Array(count);
    const busy = new Float64Array(count + 1);
    let reached = 0;
    for (let i = 0; i < count; i++) {
        starts[i] = Math.max(start[i], reached);
        reached = Math.max(starts[i], start[i] + time[i]);
        end[i] = reached;
        busy[i + 1] = busy[i] + reached - starts[i];
    }
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    const offsets = Uint32Array.of(0, count);
    return { spans: { end }, layout: { rows: 1, offsets, order, starts, busy, ...peaksOf(busy) } };
}

/**
 * The queries of a span and those of the spans inside it.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {number} span
 * @returns {{own: number[], inside: number[]}}
 */
export function queriesOf({ queries, parent }, span) {
    const own = [];
    const inside = [];
    for (let i = 0; i < queries.count; i++) {
        let above = queries.span[i];
        if (above === span) {
            own.push(i);
            continue;
        }
        // A parent stands before what is inside it.
        while (above > span) {
            above = parent[above];
        }
        if (above === span) {
            inside.push(i);
        }
    }
    return { own, inside };
}

/**
 * The queries that ran in no span.
 *
 * @param {Queries} queries
 * @returns {number[]}
 */
export function outside({ count, span }) {
    const some = [];
    for (let i = 0; i < count; i++) {
        if (span[i] < 0) {
            some.push(i);
        }
    }
    return some;
}

/**
 * What some queries come to: how many, how long in all, and how many repeat an earlier one.
 *
 * @param {Queries} queries
 * @param {number[]} some
 */
export function sum({ time, repeats }, some) {
    return {
        count: some.length,
        time: some.reduce((total, query) => total + time[query], 0),
        repeated: some.filter((query) => repeats[query] >= 0).length,
    };
}
