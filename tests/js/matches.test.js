import assert from "node:assert/strict";
import { test } from "node:test";

import { nextMatch, placeOf, positionOf } from "../../static/signal_panel/js/matches.js";

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

test("matches are counted from one, and what is none of them has no position", () => {
    const indices = Uint32Array.of(3, 8, 20);
    assert.deepEqual(
        [3, 8, 20, 4, 99, -1].map((span) => positionOf(indices, span)),
        [1, 2, 3, 0, 0, 0],
    );
});
