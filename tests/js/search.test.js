import assert from "node:assert/strict";
import { test } from "node:test";

import { find, nextMatch, placeOf } from "../../static/signal_panel/js/search.js";
import { spansOf } from "./samples.js";

const SPANS = spansOf([
    [0, 100, -1, true],
    [10, 20, 0, false],
    [40, 20, 0, false],
    [200, 10, -1, true],
]);

const found = (query) => [...find(SPANS, query).indices];

test("signals, receivers, senders and files are found by parts of their names", () => {
    assert.deepEqual(found("order_placed"), [0, 3]);
    assert.deepEqual(found("index"), [1, 2]);
    assert.deepEqual(found("models.Order"), [0, 3]);
    assert.deepEqual(found("views.py:41"), [1, 2]);
});

test("all words must match, whatever their case", () => {
    assert.deepEqual(found("SHOP Placed"), [0, 3]);
    assert.deepEqual(found("order_placed index_order"), []);
});

test("words do not match across a name and the next", () => {
    assert.deepEqual(found("order_placedshop"), []);
});

test("no words are no search", () => {
    assert.equal(find(SPANS, "  "), null);
});

test("flags agree with the indices", () => {
    assert.deepEqual([...find(SPANS, "index").flags], [0, 1, 1, 0]);
});

test("one goes round the matches in both directions", () => {
    const indices = Uint32Array.of(3, 8, 20);
    assert.equal(nextMatch(indices, -1, 1), 3);
    assert.equal(nextMatch(indices, 3, 1), 8);
    assert.equal(nextMatch(indices, 10, 1), 20);
    assert.equal(nextMatch(indices, 20, 1), 3);
    assert.equal(nextMatch(indices, 3, -1), 20);
    assert.equal(nextMatch(indices, 10, -1), 8);
    assert.equal(nextMatch(indices, -1, -1), 20);
    assert.equal(nextMatch(Uint32Array.of(), 5, 1), -1);
});

test("a span's place among the matches is found", () => {
    const indices = Uint32Array.of(3, 8, 20);
    assert.equal(placeOf(indices, 8), 1);
    assert.equal(placeOf(indices, 9), 2);
    assert.equal(placeOf(indices, 99), 3);
});

test("a million spans are searched at once", () => {
    const count = 1_000_000;
    const spans = {
        count,
        kinds: SPANS.kinds,
        kind: Int32Array.from({ length: count }, (_, i) => i % 2),
    };
    const begun = performance.now();
    assert.equal(find(spans, "index").indices.length, count / 2);
    assert.ok(performance.now() - begun < 100);
});
