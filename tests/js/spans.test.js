import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, firstChild, neighbour, phaseAt } from "../../static/signal_panel/js/spans.js";
import { recordingOf, spansOf } from "./samples.js";

// send ( call ( send ) call ) send
const NESTED = [
    [100, 500, -1, true],
    [110, 200, 0, false],
    [120, 100, 1, true],
    [320, 270, 0, false],
    [700, 50, -1, true],
];

test("the columns' differences become times, parents and depths", () => {
    const spans = spansOf(NESTED);
    assert.deepEqual([...spans.start], [100, 110, 120, 320, 700]);
    assert.deepEqual([...spans.end], [600, 310, 220, 590, 750]);
    assert.deepEqual([...spans.parent], [-1, 0, 1, 0, -1]);
    assert.deepEqual([...spans.depth], [0, 1, 2, 1, 0]);
    assert.deepEqual([...spans.children], [2, 1, 0, 0, 0]);
    assert.equal(spans.total, 750);
});

test("a parent is some levels above the span before, or some spans back", () => {
    const levels = [0, 0, 0, 2, 0, -3, 9];
    const spans = decode({
        ...recordingOf(levels.map((_, i) => [i, 1, -1, true])),
        shapes: levels.map((level) => [0, level]),
        shape: levels.map((_, i) => i),
    });
    assert.deepEqual([...spans.parent], [-1, 0, 1, 0, 3, 2, -1]);
    assert.deepEqual([...spans.depth], [0, 1, 2, 1, 2, 3, 0]);
});

test("kinds carry what spans have in common, sends first", () => {
    const { kinds, kind } = spansOf(NESTED);
    assert.deepEqual([...kind], [0, 1, 0, 1, 0]);
    assert.deepEqual(kinds[0], {
        isSend: true,
        name: "shop.signals.order_placed",
        label: "order_placed Order",
        app: "shop",
        sender: "shop.models.Order",
        method: "send_robust",
        path: "/srv/shop/views.py",
        line: 92,
        inside: "checkout",
        through: null,
        isAsync: false,
    });
    assert.equal(kinds[1].name, "shop.receivers.index_order");
    assert.equal(kinds[1].isAsync, true);
    assert.equal(kinds[1].isSend, false);
});

test("a send for which a package stood in has its line, too", () => {
    const sends = [[0, 1, 1, 2, 92, 3, 2, 7, 3]];
    const [kind] = decode(recordingOf([[0, 1, -1, true]], { sends })).kinds;
    assert.deepEqual(kind.through, { path: "/srv/shop/views.py", line: 7, inside: "checkout" });
});

test("what is not known is empty", () => {
    const recording = recordingOf([[0, 1, -1, true]], { sends: [[0, -1, 0, -1, 0, -1]] });
    const [kind] = decode(recording).kinds;
    assert.equal(kind.sender, "");
    assert.equal(kind.path, "");
    assert.equal(kind.label, "order_placed");
});

test("self time leaves out what spans inside cover", () => {
    assert.deepEqual([...spansOf(NESTED).self], [30, 100, 100, 270, 50]);
});

test("spans inside that overlap count once, and only as far as their parent lasts", () => {
    const spans = spansOf([
        [0, 100, -1, true],
        [10, 50, 0, false],
        [20, 50, 0, false],
        [90, 400, 0, false],
    ]);
    assert.equal(spans.self[0], 100 - 60 - 10);
    assert.equal(spans.total, 490);
});

test("busy times and hops are read", () => {
    const spans = spansOf(NESTED, { busy: [[1, 7]], hops: [[0, 9]] });
    assert.equal(spans.busy.get(1), 7);
    assert.equal(spans.hops.get(0), 9);
    assert.equal(spans.busy.has(0), false);
});

test("flags hold from their span on, until others do", () => {
    const runs = [
        [1, 1],
        [3, 3],
        [4, 0],
    ];
    assert.deepEqual([...spansOf(NESTED, { within: runs }).flags], [0, 1, 1, 3, 0]);
});

test("sends again and receivers that did not run are read", () => {
    const spans = spansOf(NESTED, { again: [[4, 0]], skipped: [[2, [0]]] });
    assert.equal(spans.again.get(4), 0);
    assert.equal(spans.skipped.get(2)[0].name, "shop.receivers.index_order");
});

test("exceptions and phases are read", () => {
    const spans = spansOf(NESTED, { exceptions: [[3, 1]] });
    assert.deepEqual([...spans.raised], [0, 0, 0, 1, 0]);
    assert.equal(spans.exceptions.get(3), "shop.models.Order");
    assert.deepEqual(spans.phases, [
        { name: "view", label: "shop.views.checkout", start: 0, end: 100 },
    ]);
});

test("a recording without spans is decoded too", () => {
    const spans = spansOf([]);
    assert.equal(spans.count, 0);
    assert.ok(spans.total > 0);
});

test("one walks to the first span inside, and along a level", () => {
    const spans = spansOf(NESTED);
    assert.equal(firstChild(spans, 0), 1);
    assert.equal(firstChild(spans, 4), -1);
    assert.equal(neighbour(spans, 1, 1), 3);
    assert.equal(neighbour(spans, 3, -1), 1);
    assert.equal(neighbour(spans, 0, 1), 4);
    assert.equal(neighbour(spans, 4, 1), -1);
    assert.equal(neighbour(spans, 0, -1), -1);
});

test("the phase at a time is found, the shortest of those within reach", () => {
    const phases = [
        { name: "middleware", start: 0, end: 100 },
        { name: "response", start: 100, end: 101 },
        { name: "toolbar", start: 101, end: 500 },
    ];
    assert.equal(phaseAt(phases, 40, 4).name, "middleware");
    assert.equal(phaseAt(phases, 99, 4).name, "response");
    assert.equal(phaseAt(phases, 400, 4).name, "toolbar");
    assert.equal(phaseAt(phases, 900, 4), undefined);
});
