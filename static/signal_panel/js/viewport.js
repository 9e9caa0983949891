/**
 * The stretch of time in view, and how zooming and panning change it. Pure maths.
 *
 * @typedef {{from: number, to: number}} View  Nanoseconds from the recording's start.
 */

// Below this a single bar of an empty send is wider than the screen.
const NARROWEST = 100;
// How near to an edge of a range, in pixels, a press takes hold of it.
const GRIP = 6;

/**
 * A view no narrower than can be read, no wider than the recording, and inside it.
 *
 * @param {View} view
 * @param {number} total
 * @returns {View}
 */
export function clamp(view, total) {
    const width = Math.min(total, Math.max(Math.min(NARROWEST, total), view.to - view.from));
    const from = Math.min(Math.max(0, view.from), total - width);
    return { from, to: from + width };
}

/**
 * Zooms so that the time `at` stays where it is on the screen. A factor below 1 zooms in.
 *
 * @param {View} view
 * @param {number} factor
 * @param {number} at
 * @param {number} total
 */
export function zoom(view, factor, at, total) {
    const width = view.to - view.from;
    const wanted = Math.min(total, Math.max(Math.min(NARROWEST, total), width * factor));
    const from = at - ((at - view.from) / width) * wanted;
    return clamp({ from, to: from + wanted }, total);
}

/**
 * The time to zoom at so that a span in view stays there: its middle, or what is in view nearest to
 * that. The view's own middle where the span is not in view.
 *
 * @param {View} view
 * @param {number} start
 * @param {number} end
 */
export function hold(view, start, end) {
    const seen = start <= view.to && end >= view.from;
    const middle = seen ? (start + end) / 2 : (view.from + view.to) / 2;
    return Math.min(Math.max(view.from, middle), view.to);
}

/**
 * @param {View} view
 * @param {number} by
 * @param {number} total
 */
export function pan(view, by, total) {
    return clamp({ from: view.from + by, to: view.to + by }, total);
}

/**
 * A view of a span with some room on both sides.
 *
 * @param {number} start
 * @param {number} end
 * @param {number} total
 */
export function fit(start, end, total) {
    const room = Math.max((end - start) * 0.1, NARROWEST / 2);
    return clamp({ from: start - room, to: end + room }, total);
}

/**
 * The same view if it shows some of the span, else one moved so that the span is in its middle.
 *
 * @param {View} view
 * @param {number} start
 * @param {number} end
 * @param {number} total
 */
export function reveal(view, start, end, total) {
    const margin = (view.to - view.from) * 0.02;
    if (start < view.to - margin && end > view.from + margin) {
        return view;
    }
    return pan(view, (start + end) / 2 - (view.from + view.to) / 2, total);
}

/**
 * @param {View} view
 * @param {number} x
 * @param {number} width
 */
export function timeAt(view, x, width) {
    return view.from + (x / width) * (view.to - view.from);
}

/**
 * @param {View} view
 * @param {number} time
 * @param {number} width
 */
export function xAt(view, time, width) {
    return ((time - view.from) / (view.to - view.from)) * width;
}

/**
 * @param {View} view
 * @param {number} total
 */
export function isWhole(view, total) {
    return view.to - view.from >= total;
}

/**
 * What of a range a press takes hold of. The edges of a narrow one are taken from outside: there must
 * be something left to move it by.
 *
 * @param {number} x
 * @param {number} left
 * @param {number} right
 * @returns {"from" | "to" | "inside" | ""}
 */
export function gripAt(x, left, right) {
    const half = (right - left) / 2;
    const isNarrow = half < 2 * GRIP;
    const inside = isNarrow ? Math.max(half, GRIP / 2) : half - GRIP;
    const outside = inside + (isNarrow ? GRIP : 2 * GRIP);
    const away = x - (left + right) / 2;
    if (Math.abs(away) < inside) {
        return "inside";
    }
    if (Math.abs(away) > outside) {
        return "";
    }
    return away < 0 ? "from" : "to";
}

/**
 * Ruler ticks 1, 2 or 5 times a power of ten apart, as close as `spacing` pixels allows.
 *
 * @param {View} view
 * @param {number} width
 * @param {number} spacing
 * @returns {{step: number, times: number[]}}
 */
export function ticks(view, width, spacing) {
    const least = ((view.to - view.from) * spacing) / width;
    const power = 10 ** Math.floor(Math.log10(least));
    const step = power * ([1, 2, 5].find((times) => times * power >= least) ?? 10);
    const times = [];
    for (let n = Math.ceil(view.from / step); n * step <= view.to; n++) {
        times.push(n * step);
    }
    return { step, times };
}
