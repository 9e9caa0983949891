import assert from "node:assert/strict";
import { test } from "node:test";

import { asRow, outside, queriesOf, sum } from "../../static/signal_panel/js/queries.js";
import { spansOf } from "./samples.js";

// send ( call ( send ) ) and queries in each, and one outside
const SPANS = spansOf(
    [
        [0, 100, -1, true],
        [10, 80, 0, false],
        [50, 10, 1, true],
        [200, 10, -1, true],
    ],
    {
        statements: [
            [3, 1],
            [4, 1],
        ],
        queries: [
            [5, 15, 10, 22, 100],
            [2, 3, 4, 5, 6],
            [0, 1, 1, 2, -1],
            [0, 1, 1, 1, 0],
            [0, 0, 1, 2, 0],
        ],
    },
);

test("queries are decoded, with the first one that each repeats", () => {
    const { queries } = SPANS;
    assert.deepEqual([...queries.start], [5, 20, 30, 52, 152]);
    assert.deepEqual([...queries.repeats], [-1, -1, 1, 1, -1]);
    assert.deepEqual(queries.statements[0], { sql: "checkout", alias: "shop.models.Order" });
    assert.deepEqual([...SPANS.queryCounts], [1, 2, 1, 0]);
});

test("queries that ran in no span are told from all others", () => {
    assert.deepEqual(outside(SPANS.queries), [4]);
});

test("a span's own queries are told from those of the spans inside", () => {
    assert.deepEqual(queriesOf(SPANS, 0), { own: [0], inside: [1, 2, 3] });
    assert.deepEqual(queriesOf(SPANS, 1), { own: [1, 2], inside: [3] });
    assert.deepEqual(queriesOf(SPANS, 3), { own: [], inside: [] });
});

test("queries are summed up", () => {
    assert.deepEqual(sum(SPANS.queries, [1, 2, 3]), { count: 3, time: 12, repeated: 2 });
});

test("queries of several threads at once stand in one row without overlap", () => {
    const { spans, layout } = asRow({
        count: 4,
        start: Float64Array.of(0, 5, 6, 30),
        time: Float64Array.of(10, 20, 2, 5),
    });
    assert.deepEqual([...layout.starts], [0, 10, 25, 30]);
    assert.deepEqual([...spans.end], [10, 25, 25, 35]);
    assert.deepEqual([...layout.busy], [0, 10, 25, 25, 30]);
});
