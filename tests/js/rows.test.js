import assert from "node:assert/strict";
import { test } from "node:test";

import {
    flagsOf,
    isNumeric,
    matcher,
    ownerOf,
    owns,
    sorted,
} from "../../static/signal_panel/js/rows.js";
import { numbers, spansOf } from "./samples.js";

// send ( call call ) send ( call ) send
const SPANS = spansOf([
    [0, 100, -1, true],
    [10, 20, 0, false],
    [40, 20, 0, false],
    [200, 50, -1, true],
    [210, 10, 3, false],
    [300, 10, -1, true],
]);

const flags = (choice) => [...flagsOf(SPANS, ownerOf(SPANS, choice))];

test("a row's spans are those of its kinds", () => {
    assert.deepEqual(flags({ kinds: "-1" }), [0, 1, 1, 0, 1, 0]);
    assert.deepEqual(flags({ kinds: "0" }), [1, 0, 0, 1, 0, 1]);
    assert.deepEqual(flags({ kinds: "0 -1" }), [1, 1, 1, 1, 1, 1]);
});

test("or those that are listed, ranges included", () => {
    assert.deepEqual(flags({ spans: "0 2-4" }), [1, 0, 1, 1, 1, 0]);
    assert.deepEqual(flags({ spans: "5" }), [0, 0, 0, 0, 0, 1]);
});

test("or those listed that are of its kinds", () => {
    assert.deepEqual(flags({ kinds: "-1", spans: "0-3" }), [0, 1, 1, 0, 0, 0]);
});

test("a row may have none", () => {
    for (const choice of [{}, { kinds: "" }, { spans: "" }, { kinds: "0", spans: "" }]) {
        assert.deepEqual(flags(choice), [0, 0, 0, 0, 0, 0]);
        assert.equal(ownerOf(SPANS, choice).isEmpty, true);
    }
});

test("spans that are not there any more are passed over", () => {
    assert.deepEqual(flags({ spans: "4-900" }), [0, 0, 0, 0, 1, 1]);
    assert.deepEqual(flags({ spans: "900" }), [0, 0, 0, 0, 0, 0]);
});

test("who owns a span and who has a match agree with the flags, whatever the row", () => {
    const next = numbers(3);
    const choices = [
        { kinds: "-1" },
        { kinds: "0" },
        { spans: "0 2-4" },
        { kinds: "-1", spans: "0-3" },
        { kinds: "0", spans: "1-2 4" },
        {},
    ];
    for (let round = 0; round < 50; round++) {
        const found = Uint8Array.from({ length: SPANS.count }, () => next(2));
        const matches = matcher(SPANS, found);
        for (const choice of choices) {
            const owner = ownerOf(SPANS, choice);
            const own = flagsOf(SPANS, owner);
            assert.equal(
                matches(owner),
                own.some((flag, i) => flag && found[i]),
            );
            own.forEach((flag, i) => {
                assert.equal(owns(SPANS, owner, i), flag === 1);
            });
        }
    }
});

test("numbers sort by size, texts as people sort them", () => {
    assert.deepEqual(sorted(["10", "9", "100"], 1), [1, 0, 2]);
    assert.deepEqual(sorted(["10", "9", "100"], -1), [2, 0, 1]);
    assert.deepEqual(sorted(["b10", "B9", "a"], 1), [2, 1, 0]);
});

test("equal rows stay as they are, in both directions", () => {
    assert.deepEqual(sorted(["1", "1", "0"], 1), [2, 0, 1]);
    assert.deepEqual(sorted(["1", "1", "0"], -1), [0, 1, 2]);
});

test("what is empty comes last in both directions", () => {
    assert.deepEqual(sorted(["", "2", "", "1"], 1), [3, 1, 0, 2]);
    assert.deepEqual(sorted(["", "2", "", "1"], -1), [1, 3, 0, 2]);
});

test("a column of numbers is told from one of texts", () => {
    assert.ok(isNumeric(["1", "", "2.5"]));
    assert.ok(!isNumeric(["1", "a"]));
    assert.ok(!isNumeric(["", ""]));
});
