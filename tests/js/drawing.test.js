import assert from "node:assert/strict";
import { test } from "node:test";

import {
    drawInView,
    drawPhases,
    drawRows,
    drawRuler,
    ROW,
    shade,
} from "../../static/signal_panel/js/drawing.js";
import { countBefore, layOut } from "../../static/signal_panel/js/layout.js";
import { rowOf, spansOf } from "./samples.js";

/** A canvas context that notes what is drawn. */
class Notes {
    constructor() {
        this.calls = [];
        this.globalAlpha = 1;
    }

    measureText(text) {
        return { width: text.length * 6 };
    }
}

for (const name of ["fillRect", "strokeRect", "fillText", "drawImage"]) {
    Notes.prototype[name] = function (...values) {
        this.calls.push({ name, values, fill: this.fillStyle, alpha: this.globalAlpha });
    };
}

/** Each colour is called as the theme calls it. */
const colors = new Proxy({}, { get: (_, name) => name });

function sceneOf(spans, more = {}) {
    const layout = layOut(spans);
    return {
        spans,
        layout,
        view: { from: 0, to: spans.total },
        theme: { font: "sans-serif", colors, apps: ["app-0", "app-1"] },
        colorOf: spans.kinds.map(() => 1),
        ratio: 1,
        raisedBefore: countBefore(layout, spans.raised),
        matchedBefore: null,
        selected: -1,
        hovered: -1,
        ...more,
    };
}

function drawn(spans, size = {}, more = {}) {
    const ctx = new Notes();
    const bars = drawRows(ctx, sceneOf(spans, more), {
        width: 500,
        height: 200,
        scrolled: 0,
        ...size,
    });
    return { bars, calls: ctx.calls };
}

/** The fills of bars, without what is behind them. */
const fills = (calls) =>
    calls.filter(({ name, fill }) => name === "fillRect" && !["background", "grid"].includes(fill));

/** A fill for each pixel that the fills are wide. */
const columns = (calls) => fills(calls).flatMap((call) => Array(call.values[2]).fill(call));

test("a hundred thousand spans take at most one bar a pixel", () => {
    const { bars, calls } = drawn(rowOf(100_000, 5, 10));
    assert.equal(bars, 500);
    assert.ok(fills(calls).length <= 500);
    assert.equal(columns(calls).length, 500);
});

test("columns of one shade are drawn at once", () => {
    const alike = fills(drawn(rowOf(100_000, 5, 10)).calls);
    assert.deepEqual(
        alike.map(({ values }) => [values[0], values[2]]),
        [[0, 500]],
    );
    const apart = fills(drawn(rowOf(100, 1, 100)).calls);
    assert.equal(apart.length, 100);
});

test("whatever the zoom, calls stay below one a pixel of each row", () => {
    const spans = rowOf(10_000, 7, 10);
    for (let width = spans.total; width > 50; width /= 1.7) {
        const from = spans.total / 3;
        const { calls } = drawn(spans, {}, { view: { from, to: from + width } });
        const grid = calls.filter(({ fill }) => fill === "grid").length;
        assert.ok(calls.length - grid - 1 <= 500, `${calls.length} at ${width}`);
    }
});

test("only rows in sight are drawn", () => {
    const nested = Array.from({ length: 1000 }, (_, i) => [i, 10_000 - 2 * i, i - 1, i % 2 === 0]);
    const { bars, calls } = drawn(spansOf(nested), { height: 10 * ROW, scrolled: 400 * ROW });
    assert.equal(bars, 10);
    assert.ok(fills(calls).every(({ values }) => values[1] >= 0 && values[1] < 10 * ROW));
});

test("a half empty row looks half empty", () => {
    const darkness = (time) => {
        const { calls } = drawn(rowOf(100_000, time, 10));
        const alphas = fills(calls).map(({ alpha }) => alpha);
        return alphas.reduce((a, b) => a + b) / alphas.length;
    };
    assert.ok(darkness(5) < 0.8 * darkness(10));
    assert.ok(darkness(1) < 0.8 * darkness(5));
});

test("shades grow with what is occupied, and even the least is seen", () => {
    const shades = [0.001, 0.25, 0.5, 0.75, 1].map(shade);
    assert.deepEqual(
        shades,
        shades.toSorted((a, b) => a - b),
    );
    assert.ok(shades[0] >= 0.25);
    assert.equal(shades[4], 1);
});

test("labels stand only where they fit, and inside their bars", () => {
    const spans = rowOf(5, 80, 100);
    const texts = (width) =>
        drawn(spans, { width })
            .calls.filter(({ name }) => name === "fillText")
            .map(({ values }) => values[0]);
    assert.deepEqual(new Set(texts(1000)), new Set(["order_placed Order"]));
    assert.ok(texts(400).every((text) => text.endsWith("…") && text.length * 6 < 64));
    assert.deepEqual(texts(100), []);
});

test("a label whose first letters are wide is cut so that it stays inside its bar", () => {
    const strings = ["shop.MMMMMM_fill_till_list_ill", "", "", "", ""];
    const ctx = new Notes();
    ctx.measureText = (text) => ({
        width: [...text].reduce((sum, letter) => sum + (letter === "M" ? 12 : 4), 0),
    });
    const theme = { font: "uneven", colors, apps: ["app-0", "app-1"] };
    const scene = sceneOf(spansOf([[0, 100, -1, true]], { strings }), { theme });
    drawRows(ctx, scene, { width: 60, height: 20, scrolled: 0 });
    const [{ values }] = ctx.calls.filter(({ name }) => name === "fillText");
    assert.match(values[0], /^MMM+…$/);
    assert.ok(values[1] + ctx.measureText(values[0]).width <= 60);
});

test("sends are outlined, calls are filled", () => {
    const { calls } = drawn(
        spansOf([
            [0, 100, -1, true],
            [10, 80, 0, false],
        ]),
    );
    assert.equal(calls.filter(({ name }) => name === "strokeRect").length, 1);
    const [send, call] = fills(calls);
    assert.ok(send.alpha < call.alpha);
});

test("what raised has a stripe and a sign", () => {
    const { calls } = drawn(spansOf([[0, 100, -1, true]], { exceptions: [[0, 1]] }));
    assert.equal(fills(calls).filter(({ fill }) => fill === "error").length, 1);
    assert.ok(calls.some(({ name, values }) => name === "fillText" && values[0].startsWith("! ")));
});

test("an exception in a crowd is still marked", () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => [i * 10, 5, -1, true]);
    const { calls } = drawn(spansOf(rows, { exceptions: [[25_000, 1]] }));
    assert.equal(fills(calls).filter(({ fill }) => fill === "error").length, 1);
});

test("a search dims what it does not find", () => {
    const spans = rowOf(2, 40, 100);
    const matchedBefore = Uint32Array.of(0, 0, 1);
    const [other, match] = fills(drawn(spans, {}, { matchedBefore }).calls);
    assert.ok(other.alpha < match.alpha / 3);
});

test("what is found is underlined in the colour of matches, however narrow it is", () => {
    const spans = rowOf(100_000, 5, 10);
    const underlines = (found) => {
        const matchedBefore = countBefore(layOut(spans), found);
        return fills(drawn(spans, {}, { matchedBefore }).calls).filter(
            ({ fill }) => fill === "match",
        );
    };
    const one = new Uint8Array(spans.count);
    one[50_000] = 1;
    const [{ values, alpha }] = underlines(one);
    assert.equal(alpha, 1);
    assert.ok(values[0] <= 250 && 250 < values[0] + values[2]);
    assert.ok(values[2] >= 2 && values[3] >= 3);
    // Marks side by side are drawn in one.
    assert.equal(underlines(one.fill(1)).length, 1);
});

test("a row of matches that is half empty looks half empty", () => {
    const darkness = (time) => {
        const spans = rowOf(100_000, time, 10);
        const matchedBefore = Uint32Array.from({ length: spans.count + 1 }, (_, k) => k);
        const bodies = fills(drawn(spans, {}, { matchedBefore }).calls).filter(
            ({ fill }) => fill !== "match",
        );
        return bodies.reduce((total, { alpha }) => total + alpha, 0) / bodies.length;
    };
    assert.ok(darkness(5) < 0.8 * darkness(10));
    assert.ok(darkness(1) < 0.8 * darkness(5));
});

test("a narrow span with nothing beside it is drawn in full, one in a crowd is not", () => {
    // In columns of 20, and one more at the end.
    const shades = (...starts) => {
        const rows = [...starts, 10_000].map((start) => [start, 1, -1, false]);
        return columns(drawn(spansOf(rows)).calls).map(({ alpha }) =>
            alpha === 1 ? "full" : "pale",
        );
    };
    assert.deepEqual(shades(4010), ["full", "full"]);
    assert.deepEqual(shades(3970, 4010, 4050), ["full", "full", "full", "full"]);
    assert.deepEqual(shades(3990, 4010, 4030), ["full", "pale", "pale", "pale"]);
});

test("the selected span is outlined, even one too short to see", () => {
    const spans = rowOf(10_000, 5, 10);
    const { calls } = drawn(spans, {}, { selected: 5000 });
    const [outline] = calls.filter(({ name }) => name === "strokeRect");
    assert.ok(outline.values[2] >= 4);
});

test("the ruler says the time at its ticks", () => {
    const ctx = new Notes();
    drawRuler(ctx, sceneOf(rowOf(2, 5e6, 5e6)), { width: 1000, height: 20 });
    const texts = ctx.calls.filter(({ name }) => name === "fillText").map((c) => c.values[0]);
    assert.deepEqual(texts.slice(0, 3), ["0\u202fms", "1\u202fms", "2\u202fms"]);
});

test("labels of the ruler do not overlap, however long they are", () => {
    const spans = rowOf(2, 1000, 3_600_000_000_000);
    for (let width = 100; width < 1e6; width *= 1.3) {
        const ctx = new Notes();
        ctx.measureText = (text) => ({ width: text.length * 8 });
        const view = { from: spans.total - 1000 - width, to: spans.total - 1000 };
        const theme = { font: "wide", colors, apps: [] };
        drawRuler(ctx, sceneOf(spans, { view, theme }), { width: 1000, height: 20 });
        let free = 0;
        for (const { values } of ctx.calls.filter(({ name }) => name === "fillText")) {
            assert.ok(values[1] >= free, `${values[0]} at ${values[1]}, before ${free}`);
            free = values[1] + ctx.measureText(values[0]).width;
        }
        assert.ok(free > 0);
    }
});

test("the selected span is outlined inside the canvas, even an empty one at the very end", () => {
    const spans = spansOf([
        [0, 50, -1, true],
        [100, 0, -1, true],
    ]);
    const [{ values }] = drawn(spans, {}, { selected: 1 }).calls.filter(
        ({ name, values }) => name === "strokeRect" && values[2] < 10,
    );
    assert.ok(values[0] + values[2] <= 500);
});

test("phases carry their labels", () => {
    const ctx = new Notes();
    drawPhases(ctx, sceneOf(rowOf(1, 100, 1)), { width: 500, height: 20 }, (p) => p.label);
    assert.ok(ctx.calls.some(({ values }) => values[0] === "shop.views.checkout"));
});

test("the overview shades what is out of view", () => {
    const ctx = new Notes();
    const scene = sceneOf(rowOf(10, 10, 10), { view: { from: 25, to: 75 } });
    const picture = {};
    drawInView(ctx, scene, { width: 100, height: 40 }, picture);
    assert.equal(ctx.calls[0].values[0], picture);
    const shaded = ctx.calls.filter(({ fill, name }) => fill === "shade" && name === "fillRect");
    assert.deepEqual(
        shaded.map(({ values }) => [values[0], values[2]]),
        [
            [0, 25],
            [75, 25],
        ],
    );
});
