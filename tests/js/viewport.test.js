import assert from "node:assert/strict";
import { test } from "node:test";

import {
    clamp,
    fit,
    gripAt,
    hold,
    isWhole,
    pan,
    reveal,
    ticks,
    timeAt,
    xAt,
    zoom,
} from "../../static/signal_panel/js/viewport.js";

const TOTAL = 1_000_000;
const WHOLE = { from: 0, to: TOTAL };

test("zooming keeps what is under the pointer there", () => {
    let view = WHOLE;
    const x = 300;
    const at = timeAt(view, x, 1000);
    for (let i = 0; i < 20; i++) {
        view = zoom(view, 0.8, at, TOTAL);
        assert.ok(Math.abs(xAt(view, at, 1000) - x) < 1e-6);
    }
    assert.ok(view.to - view.from < TOTAL / 50);
});

test("zooming in ends where a bar would fill the screen, and stays put there", () => {
    let view = WHOLE;
    for (let i = 0; i < 200; i++) {
        view = zoom(view, 0.5, 500_000, TOTAL);
    }
    assert.equal(view.to - view.from, 100);
    assert.deepEqual(zoom(view, 0.5, 500_000, TOTAL), view);
});

test("zooming out ends with the whole recording", () => {
    assert.deepEqual(zoom({ from: 10, to: 500 }, 1e9, 20, TOTAL), WHOLE);
    assert.ok(isWhole(zoom(WHOLE, 2, 0, TOTAL), TOTAL));
    assert.ok(!isWhole(zoom(WHOLE, 0.9, 0, TOTAL), TOTAL));
});

test("panning stops at both ends and keeps the width", () => {
    const view = { from: 1000, to: 3000 };
    assert.deepEqual(pan(view, -5000, TOTAL), { from: 0, to: 2000 });
    assert.deepEqual(pan(view, 5 * TOTAL, TOTAL), { from: TOTAL - 2000, to: TOTAL });
    assert.deepEqual(pan(view, 250, TOTAL), { from: 1250, to: 3250 });
});

test("a recording shorter than the narrowest view is shown whole", () => {
    assert.deepEqual(clamp({ from: 3, to: 4 }, 40), { from: 0, to: 40 });
    assert.deepEqual(zoom({ from: 0, to: 1 }, 0.5, 0, 1), { from: 0, to: 1 });
});

test("fitting a span leaves some room on both sides", () => {
    assert.deepEqual(fit(10_000, 20_000, TOTAL), { from: 9000, to: 21_000 });
    const empty = fit(500, 500, TOTAL);
    assert.ok(empty.from < 500 && empty.to > 500);
});

test("revealing moves the view only where the span is out of it", () => {
    const view = { from: 1000, to: 3000 };
    assert.equal(reveal(view, 1500, 1501, TOTAL), view);
    assert.equal(reveal(view, 0, TOTAL, TOTAL), view);
    assert.deepEqual(reveal(view, 9000, 9000, TOTAL), { from: 8000, to: 10_000 });
});

test("zooming holds a span that is in view, and without one the middle", () => {
    const view = { from: 1000, to: 3000 };
    assert.equal(hold(view, 1200, 1300), 1250);
    assert.equal(hold(view, 0, 1100), 1000);
    assert.equal(hold(view, 2900, 9000), 3000);
    assert.equal(hold(view, 5000, 5001), 2000);
    // None is selected.
    assert.equal(hold(view, undefined, undefined), 2000);
});

test("a range is taken by its edges, and moved by what is between them", () => {
    const grips = (left, right, ...xs) => xs.map((x) => gripAt(x, left, right));
    assert.deepEqual(grips(100, 200, 93, 94, 106, 107, 150, 193, 194, 206, 207), [
        "",
        "from",
        "from",
        "inside",
        "inside",
        "inside",
        "to",
        "to",
        "",
    ]);
});

test("a range is moved by its middle however narrow it is, and its edges are beside that", () => {
    for (const width of [0.001, 3, 23]) {
        const left = 100 - width / 2;
        const right = 100 + width / 2;
        assert.equal(gripAt(100, left, right), "inside");
        assert.equal(gripAt(98, left, right), "inside");
        assert.equal(gripAt(left - 4, left, right), "from");
        assert.equal(gripAt(right + 4, left, right), "to");
        assert.equal(gripAt(left - 10, left, right), "");
        assert.equal(gripAt(right + 10, left, right), "");
    }
});

test("ticks are 1, 2 or 5 times a power of ten apart, and not too near", () => {
    for (let width = 200; width < 3000; width += 37) {
        for (let exponent = 2; exponent < 12; exponent += 0.13) {
            const view = { from: 12345, to: 12345 + 10 ** exponent };
            const { step, times } = ticks(view, width, 90);
            const leading = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
            assert.ok([1, 2, 5].includes(Math.round(leading * 1000) / 1000), `step ${step}`);
            assert.ok(xAt(view, view.from + step, width) >= 89.999);
            assert.ok(times.every((time) => time >= view.from && time <= view.to));
            assert.ok(times.length <= width / 90 + 1);
        }
    }
});
