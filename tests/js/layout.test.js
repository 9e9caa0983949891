import assert from "node:assert/strict";
import { test } from "node:test";

import {
    countBefore,
    eachBar,
    firstFlagged,
    flaggedColumns,
    layOut,
    longest,
    placesAt,
    profile,
} from "../../static/signal_panel/js/layout.js";
import { numbers, rowOf, spansOf } from "./samples.js";

function barsOf(spans, layout, row, view, width) {
    const bars = [];
    eachBar(spans, layout, row, view, width, (first, last, left, right, occupied) => {
        bars.push({ first, last, left, right, occupied });
    });
    return bars;
}

/** The bars of the first row from 0 on, each as its first place, the one after its last, and its edges. */
function barsUntil(to, spans, width) {
    const bars = barsOf(spans, layOut(spans), 0, { from: 0, to }, width);
    return bars.map(({ first, last, left, right }) => [first, last, left, right]);
}

/** A forest of spans of which some overlap, and some outlive their parents. */
function forest(count, seed) {
    const random = numbers(seed);
    const rows = [];
    let clock = 0;
    for (let i = 0; i < count; i++) {
        clock += random(20);
        const parent = i && random(4) ? Math.max(0, i - 1 - random(6)) : -1;
        rows.push([clock, random(8) ? random(60) : random(600), parent, i % 2 === 0]);
    }
    return spansOf(rows);
}

test("what does not overlap lies in the row of its depth", () => {
    const spans = spansOf([
        [0, 100, -1, true],
        [10, 40, 0, false],
        [20, 10, 1, true],
        [50, 40, 0, false],
        [100, 10, -1, true],
    ]);
    const { row, rows } = layOut(spans);
    assert.deepEqual([...row], [0, 1, 2, 1, 0]);
    assert.equal(rows, 3);
});

test("overlapping siblings get lanes, each below all that is inside the one above", () => {
    const spans = spansOf([
        [0, 100, -1, true],
        [10, 60, 0, false],
        [15, 10, 1, true],
        [20, 60, 0, false],
        [30, 10, 3, true],
        [75, 20, 0, false],
    ]);
    const { row, rows } = layOut(spans);
    assert.deepEqual([...row], [0, 1, 2, 3, 4, 1]);
    assert.equal(rows, 5);
});

test("a span left running past its parent's end does not run into the next one's", () => {
    const spans = spansOf([
        [0, 50, -1, true],
        [10, 100, 0, false],
        [60, 100, -1, true],
        [70, 10, 2, false],
    ]);
    const { row } = layOut(spans);
    assert.deepEqual([...row], [0, 1, 2, 3]);
});

test("no two spans of a row overlap, and all lie below their parents", () => {
    for (let seed = 1; seed < 40; seed++) {
        const spans = forest(400, seed);
        const { row, rows, offsets, order } = layOut(spans);
        for (let i = 0; i < spans.count; i++) {
            assert.ok(row[i] < rows);
            assert.ok(spans.parent[i] < 0 || row[i] > row[spans.parent[i]]);
        }
        for (let r = 0; r < rows; r++) {
            for (let k = offsets[r] + 1; k < offsets[r + 1]; k++) {
                assert.ok(spans.start[order[k]] >= spans.end[order[k - 1]], `seed ${seed}`);
            }
        }
        assert.deepEqual(
            [...order].sort((a, b) => a - b),
            [...Array(spans.count).keys()],
        );
    }
});

test("twenty thousand siblings at once take no longer than a glance", () => {
    const spans = spansOf([
        [0, 1e6, -1, true],
        ...Array.from({ length: 20_000 }, (_, i) => [i, 5e5, 0, false]),
    ]);
    const begun = performance.now();
    assert.equal(layOut(spans).rows, 20_001);
    assert.ok(performance.now() - begun < 1000);
});

test("a recording without spans has no rows", () => {
    assert.equal(layOut(spansOf([])).rows, 0);
});

test("a wide span is a bar of its own", () => {
    const spans = rowOf(3, 50, 100);
    const bars = barsOf(spans, layOut(spans), 0, { from: 0, to: 300 }, 300);
    assert.deepEqual(
        bars.map(({ left, right, occupied }) => [left, right, occupied]),
        [
            [0, 50, 1],
            [100, 150, 1],
            [200, 250, 1],
        ],
    );
});

test("narrow spans share a column, as dark as they fill it", () => {
    for (const [time, apart, expected] of [
        [5, 10, 0.5],
        [1, 10, 0.1],
        [10, 10, 1],
    ]) {
        const spans = rowOf(100_000, time, apart);
        const bars = barsOf(spans, layOut(spans), 0, { from: 0, to: 1e6 }, 1000);
        assert.equal(bars.length, 1000);
        for (const { left, right, occupied } of bars) {
            assert.equal(right, left + 1);
            assert.ok(Math.abs(occupied - expected) < 0.02, `${occupied} for ${expected}`);
        }
    }
});

test("bars never share a column, whatever is in view", () => {
    for (let seed = 1; seed < 30; seed++) {
        const spans = forest(600, seed);
        const layout = layOut(spans);
        const random = numbers(seed);
        for (let i = 0; i < 20; i++) {
            const from = random(spans.total);
            const view = { from, to: from + 1 + random(spans.total - from) };
            const width = 1 + random(400);
            for (let row = 0; row < layout.rows; row++) {
                let free = 0;
                let next = layout.offsets[row];
                for (const bar of barsOf(spans, layout, row, view, width)) {
                    assert.ok(bar.left >= free && bar.right > bar.left && bar.right <= width);
                    assert.ok(bar.first >= next && bar.last > bar.first);
                    assert.ok(bar.occupied >= 0 && bar.occupied <= 1);
                    free = bar.right;
                    next = bar.last;
                }
            }
        }
    }
});

test("a column has all that begins in it, however crowded the one before was", () => {
    for (let seed = 1; seed < 20; seed++) {
        const random = numbers(seed);
        const rows = [];
        let clock = 0;
        for (let i = 0; i < 3000; i++) {
            // Stretches of a hundred, now close together and now far apart.
            clock += 2 + random(Math.floor(i / 100) % 2 ? 400 : 4);
            rows.push([clock, random(2), -1, true]);
        }
        const spans = spansOf(rows);
        const layout = layOut(spans);
        const width = 50 + random(500);
        const view = { from: random(spans.total / 2), to: spans.total };
        const scale = width / (view.to - view.from);
        for (const { first, last, left } of barsOf(spans, layout, 0, view, width)) {
            const until = view.from + (left + 1) / scale;
            // The last column has the edge of the view in it.
            const isLast = left === width - 1;
            assert.ok(isLast || layout.starts[last - 1] < until);
            assert.ok(isLast || last === spans.count || layout.starts[last] >= until);
            assert.ok(first === 0 || layout.starts[first] >= until - 1 / scale - 2);
        }
    }
});

test("a wide span that begins in a crowded column is drawn for itself", () => {
    const spans = spansOf([
        [0, 1, -1, true],
        [2, 1, -1, true],
        [4, 500, -1, true],
    ]);
    assert.deepEqual(barsUntil(1000, spans, 100), [
        [0, 2, 0, 1],
        [2, 3, 1, 50],
    ]);
});

test("an empty span is drawn at the very start and at the very end too", () => {
    const spans = spansOf([
        [0, 0, -1, true],
        [20, 40, -1, true],
        [100, 0, -1, true],
        [100, 0, -1, true],
    ]);
    assert.deepEqual(barsUntil(100, spans, 50), [
        [0, 1, 0, 1],
        [1, 2, 10, 30],
        [2, 4, 49, 50],
    ]);
});

test("an empty span in the last column with others is one of them", () => {
    const spans = spansOf([
        [99, 0, -1, true],
        [100, 0, -1, true],
        [101, 0, -1, true],
    ]);
    assert.deepEqual(barsUntil(100, spans, 50), [[0, 2, 49, 50]]);
});

test("what the pointer is on is found, with how many share its place", () => {
    const spans = rowOf(1000, 5, 10);
    const layout = layOut(spans);
    assert.deepEqual(placesAt(spans, layout, 0, 123, 1), { first: 12, last: 13 });
    const crowd = placesAt(spans, layout, 0, 500, 100);
    assert.equal(crowd.last - crowd.first, 10);
    const gap = placesAt(spans, layout, 0, 128, 1);
    assert.equal(gap.first, gap.last);
});

test("of spans in one place the longest stands for all", () => {
    const spans = spansOf([
        [0, 1, -1, true],
        [2, 6, -1, true],
        [9, 2, -1, true],
    ]);
    assert.equal(longest(layOut(spans), 0, 3), 1);
});

test("of a crowd the longest stands for all, wherever it is", () => {
    for (const place of [170, 437, 838]) {
        const rows = Array.from({ length: 1000 }, (_, i) => [
            i * 10,
            i === place ? 9 : 5,
            -1,
            true,
        ]);
        const layout = layOut(spansOf(rows));
        assert.equal(longest(layout, 100, 905), place);
        assert.notEqual(longest(layout, place + 1, 905), place);
        assert.notEqual(longest(layout, 0, place), place);
    }
});

test("flagged spans are counted by place, and the first is found", () => {
    const spans = rowOf(1000, 5, 10);
    const flags = new Uint8Array(1000);
    for (const i of [3, 500, 501, 999]) {
        flags[i] = 1;
    }
    const counts = countBefore(layOut(spans), flags);
    assert.equal(counts[1000], 4);
    assert.equal(counts[600] - counts[100], 2);
    assert.equal(firstFlagged(counts, 100, 900), 500);
    assert.equal(firstFlagged(counts, 501, 900), 501);
    assert.equal(firstFlagged(counts, 0, 1000), 3);
    const columns = flaggedColumns(spans, flags, 100);
    assert.deepEqual(
        [...columns.keys()].filter((x) => columns[x]),
        [0, 50, 99].map((x) => Math.min(99, Math.floor((x * 1000) / 999.5))),
    );
});

test("the profile says how many spans are open, on average, in each part", () => {
    const spans = spansOf([
        [0, 100, -1, true],
        [25, 50, 0, false],
    ]);
    const rounded = [...profile(spans, 4)].map((open) => Math.round(open * 1000) / 1000);
    assert.deepEqual(rounded, [1, 2, 2, 1]);
    const sparse = profile(rowOf(10_000, 3, 10), 100);
    assert.ok(sparse.every((open) => Math.abs(open - 0.3) < 0.02));
});
