/**
 * Draws the parts of the timeline on canvas contexts. Sizes are in device pixels, so that columns of
 * pixels stay sharp at any zoom of the browser; `ratio` is how many make up one of CSS.
 *
 * @typedef {object} Scene
 * @property {import("./spans.js").Spans} spans
 * @property {import("./layout.js").Layout} layout
 * @property {import("./viewport.js").View} view
 * @property {import("./theme.js").Theme} theme
 * @property {number[]} colorOf  A kind's colour number.
 * @property {number} ratio
 * @property {Uint32Array} raisedBefore
 * @property {Uint32Array | null} matchedBefore  Null while nothing is searched for.
 * @property {QueryRow | null} queries  Null where there are none.
 * @property {number} selected  -1: none.
 * @property {number} hovered  -1: none.
 *
 * @typedef {object} QueryRow  The queries as one row of bars.
 * @property {{end: Float64Array}} spans
 * @property {import("./layout.js").Layout} layout
 * @property {Uint32Array} repeatedBefore
 * @property {Uint32Array | null} matchedBefore  Of queries whose span matches.
 *
 * @typedef {object} Overview  A number for each pixel column of the whole recording.
 * @property {Float64Array} open  How many spans are open.
 * @property {Uint8Array} raised  1 where a span begins that raised.
 * @property {Uint8Array | null} matched  1 where a match begins; null while nothing is searched for.
 */

import { tick } from "./format.js";
import { eachBar, firstFlagged, longest } from "./layout.js";
import { ticks, timeAt, xAt } from "./viewport.js";

/** The height of a row in CSS pixels. */
export const ROW = 20;
const FONT_SIZE = 11;

// Shades of a shared column; more could not be told apart.
const SHADES = 8;
const FAINTEST = 0.35;
const SEND = 0.28;
// Too narrow for an outline, a send needs more colour to be seen at all.
const NARROW_SEND = 0.75;
const DIMMED = 0.22;

// What marks narrow bars, in place of an app's colour number.
const RAISED = -1;
const LIT = -2;

/** How dark a column is that is occupied for this part of its time. */
export function shade(occupied) {
    return FAINTEST + (1 - FAINTEST) * (Math.ceil(occupied * SHADES) / SHADES);
}

/** Widths by font and text: measuring costs more than drawing, and so does asking a context for its font. */
const widthsByFont = new Map();
/** Of the font that was set last. */
let widths = new Map();

function setFont(ctx, theme, ratio, weight = 500) {
    const font = `${weight} ${FONT_SIZE * ratio}px ${theme.font}`;
    ctx.font = font;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    widths = widthsByFont.get(font) ?? new Map();
    widthsByFont.set(font, widths);
}

function widthOf(ctx, text) {
    let width = widths.get(text);
    if (width === undefined) {
        if (widths.size > 5000) {
            widths.clear();
        }
        width = ctx.measureText(text).width;
        widths.set(text, width);
    }
    return width;
}

/** As much of the text as fits, or "" where too little would be left to mean anything. */
function fitting(ctx, text, room) {
    const width = widthOf(ctx, text);
    if (width <= room) {
        return text;
    }
    let letters = Math.floor((text.length * (room - widthOf(ctx, "…"))) / width);
    const cut = () => `${text.slice(0, letters)}…`;
    // The first ones may be wider than most.
    while (letters >= 3 && widthOf(ctx, cut()) > room) {
        letters--;
    }
    return letters >= 3 ? cut() : "";
}

/**
 * Draws the rows from `scrolled` on; answers how many bars that took.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Scene} scene
 * @param {{width: number, height: number, scrolled: number}} size
 */
export function drawRows(ctx, scene, { width, height, scrolled }) {
    const { layout, view, theme, spans, ratio } = scene;
    const rowHeight = ROW * ratio;
    empty(ctx, theme, width, height);
    setFont(ctx, theme, ratio);
    drawGrid(ctx, scene, width, height);

    const painter = new RowPainter(ctx, scene, width);
    const firstRow = Math.max(0, Math.floor(scrolled / rowHeight));
    const lastRow = Math.min(layout.rows, Math.ceil((scrolled + height) / rowHeight));
    for (let row = firstRow; row < lastRow; row++) {
        painter.row = row;
        painter.top = Math.round(row * rowHeight - scrolled) + Math.round(ratio);
        eachBar(spans, layout, row, view, width, painter.bar);
    }
    painter.finish();
    const top = (span) => layout.row[span] * rowHeight - scrolled;
    if (scene.hovered >= 0 && scene.hovered !== scene.selected) {
        outline(ctx, scene, scene.hovered, top(scene.hovered), width, ratio);
    }
    if (scene.selected >= 0) {
        outline(ctx, scene, scene.selected, top(scene.selected), width, 2 * ratio);
    }
    return painter.bars;
}

class RowPainter {
    constructor(ctx, scene, width) {
        this.ctx = ctx;
        this.scene = scene;
        this.width = width;
        this.row = 0;
        this.top = 0;
        this.height = Math.round((ROW - 2) * scene.ratio);
        this.pixel = Math.round(scene.ratio);
        this.bars = 0;
        // Narrow bars wait until all of one shade can be drawn together: changing it costs more than a bar.
        /** @type {Map<number, {color: string, alpha: number, rects: number[]}>} */
        this.shades = new Map();
        this.bar = this.bar.bind(this);
    }

    bar(first, last, left, right, occupied) {
        const { spans, layout, ratio, raisedBefore, matchedBefore } = this.scene;
        this.bars++;
        const matched = !matchedBefore || matchedBefore[last] > matchedBefore[first];
        const raised = raisedBefore[last] > raisedBefore[first];
        const span =
            matchedBefore && matched
                ? layout.order[firstFlagged(matchedBefore, first, last)]
                : longest(layout, first, last);
        const kind = spans.kind[span];
        const isWide = right - left >= 4 * ratio;
        if (matchedBefore && matched) {
            // Below a wide one's label; a gap of one pixel keeps neighbours apart.
            this.underline(left, isWide ? right - this.pixel : right, isWide ? 2 : 4);
        }
        if (isWide) {
            this.drawWide(kind, left, right, matched, raised);
        } else {
            const shown = this.isLone(first, last, left, right) ? 1 : shade(occupied);
            this.keepNarrow(kind, left, right, shown, matched, raised);
        }
    }

    /** Whether the columns on both sides are empty: drawn in full, it makes no row look full. */
    isLone(first, last, left, right) {
        const { spans, layout, view } = this.scene;
        const { offsets, order, starts } = layout;
        return (
            (last === offsets[this.row + 1] ||
                starts[last] >= timeAt(view, right + 1, this.width)) &&
            (first === offsets[this.row] ||
                spans.end[order[first - 1]] < timeAt(view, left - 1, this.width))
        );
    }

    keepNarrow(index, left, right, shown, matched, raised) {
        const { spans, theme, colorOf, ratio, matchedBefore } = this.scene;
        const number = colorOf[index];
        const faded = matched ? 1 : DIMMED;
        const isPale = spans.kinds[index].isSend && !(matchedBefore && matched);
        const alpha = shown * faded * (isPale ? NARROW_SEND : 1);
        this.keep(number, theme.apps[number], alpha, left, right, this.top, this.height);
        if (raised) {
            // A cap only: in a crowd one that raised must not hide all the others.
            this.keep(RAISED, theme.colors.error, faded, left, right, this.top, 5 * ratio);
        }
    }

    /** Underlines what is searched for, which in a crowd would be as faint as the others. */
    underline(left, right, thickness) {
        const { theme, ratio } = this.scene;
        const height = thickness * ratio;
        const top = this.top + this.height - height;
        this.keep(LIT, theme.colors.match, 1, left, Math.max(right, left + 2 * ratio), top, height);
    }

    keep(number, color, alpha, left, right, top, height) {
        const key = (number + 2) * 4096 + Math.round(alpha * 4095);
        let kept = this.shades.get(key);
        if (!kept) {
            kept = { color, alpha, rects: [] };
            this.shades.set(key, kept);
        }
        const { rects } = kept;
        const end = rects.length;
        if (rects[end - 3] === top && rects[end - 4] + rects[end - 2] >= left) {
            // Side by side they are one: of a crowd of equal columns there is one call left.
            rects[end - 2] = right - rects[end - 4];
        } else {
            rects.push(left, top, right - left, height);
        }
    }

    /** Draws the narrow bars, and on top of them what marks those that raised or that are searched for. */
    finish() {
        const { ctx, shades } = this;
        for (const key of [...shades.keys()].sort((a, b) => b - a)) {
            const { color, alpha, rects } = shades.get(key);
            ctx.fillStyle = color;
            ctx.globalAlpha = alpha;
            for (let i = 0; i < rects.length; i += 4) {
                ctx.fillRect(rects[i], rects[i + 1], rects[i + 2], rects[i + 3]);
            }
        }
        ctx.globalAlpha = 1;
    }

    drawWide(index, left, right, matched, raised) {
        const { ctx, top, height, pixel } = this;
        const { spans, theme, colorOf, ratio } = this.scene;
        const kind = spans.kinds[index];
        const color = theme.apps[colorOf[index]];
        const faded = matched ? 1 : DIMMED;
        // A gap of one pixel keeps neighbours apart.
        const wide = right - left - pixel;
        ctx.fillStyle = color;
        ctx.globalAlpha = faded * (kind.isSend ? SEND : 1);
        ctx.fillRect(left, top, wide, height);
        ctx.globalAlpha = faded;
        if (kind.isSend) {
            ctx.strokeStyle = color;
            ctx.lineWidth = pixel;
            ctx.strokeRect(left + pixel / 2, top + pixel / 2, wide - pixel, height - pixel);
        }
        if (raised) {
            ctx.fillStyle = theme.colors.error;
            ctx.fillRect(left, top, 3 * ratio, height);
        }
        this.writeLabel(kind, left, wide, matched, raised);
        ctx.globalAlpha = 1;
    }

    writeLabel(kind, left, wide, matched, raised) {
        const { ctx, top, height } = this;
        const { theme, ratio } = this.scene;
        if (wide < 25 * ratio) {
            return;
        }
        const indent = (raised ? 7 : 5) * ratio;
        const label = raised ? `! ${kind.label}` : kind.label;
        const text = fitting(ctx, label, wide - indent - 3 * ratio);
        if (text) {
            // On a faded bar the text stands on the background.
            const filled = matched && !kind.isSend;
            ctx.globalAlpha = matched ? 1 : 0.5;
            ctx.fillStyle = filled ? theme.colors["bar-text"] : theme.colors.text;
            ctx.fillText(text, left + indent, top + height / 2 + ratio / 2);
        }
    }
}

function outline(ctx, { spans, view, theme, ratio }, span, top, width, line) {
    const x = Math.max(-line, xAt(view, spans.start[span], width));
    const xEnd = Math.min(width + line, xAt(view, spans.end[span], width));
    if (xEnd < 0 || x > width) {
        return;
    }
    ctx.strokeStyle = theme.colors.text;
    ctx.lineWidth = line;
    // A span narrower than a pixel is still to be found, at the end too.
    const least = 4 * ratio;
    const left = Math.min(x, width - least);
    const wide = Math.max(xEnd - left, least);
    const height = (ROW - 2) * ratio;
    ctx.strokeRect(Math.round(left), Math.round(top + ratio), Math.round(wide), Math.round(height));
}

/** The ticks, no nearer to each other than their labels allow in the context's font. */
function ticksOf(ctx, { view, ratio }, width) {
    const found = ticks(view, width, 90 * ratio);
    const label = widthOf(ctx, tick(view.to, found.step, view.to)) + 12 * ratio;
    return label > 90 * ratio ? ticks(view, width, label) : found;
}

function empty(ctx, theme, width, height) {
    ctx.fillStyle = theme.colors.background;
    ctx.fillRect(0, 0, width, height);
}

function drawGrid(ctx, scene, width, height) {
    ctx.fillStyle = scene.theme.colors.grid;
    for (const time of ticksOf(ctx, scene, width).times) {
        ctx.fillRect(Math.round(xAt(scene.view, time, width)), 0, Math.round(scene.ratio), height);
    }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Scene} scene
 * @param {{width: number, height: number}} size
 */
export function drawRuler(ctx, scene, { width, height }) {
    const { view, theme, ratio } = scene;
    empty(ctx, theme, width, height);
    setFont(ctx, theme, ratio);
    drawGrid(ctx, scene, width, height);
    ctx.fillStyle = theme.colors.muted;
    const { step, times } = ticksOf(ctx, scene, width);
    for (const time of times) {
        const text = tick(time, step, view.to);
        const x = xAt(view, time, width) + 4 * ratio;
        if (x + widthOf(ctx, text) <= width) {
            ctx.fillText(text, x, height / 2);
        }
    }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Scene} scene
 * @param {{width: number, height: number}} size
 * @param {(phase: import("./spans.js").Phase) => string} label
 */
export function drawPhases(ctx, scene, { width, height }, label) {
    const { spans, view, theme, ratio } = scene;
    empty(ctx, theme, width, height);
    setFont(ctx, theme, ratio);
    const pixel = Math.round(ratio);
    for (const phase of spans.phases) {
        const left = Math.round(Math.max(-pixel, xAt(view, phase.start, width)));
        const right = Math.round(Math.min(width + pixel, xAt(view, phase.end, width)));
        if (right < 0 || left > width) {
            continue;
        }
        const wide = Math.max(pixel, right - left - pixel);
        // Whatever a phase lies over must not shine through it.
        ctx.fillStyle = theme.colors.background;
        ctx.fillRect(left, pixel, wide, height - 2 * pixel);
        ctx.fillStyle = theme.colors.phase;
        ctx.globalAlpha = phase.name === "view" ? 1 : 0.55;
        ctx.fillRect(left, pixel, wide, height - 2 * pixel);
        ctx.globalAlpha = 1;
        if (wide < 26 * ratio) {
            continue;
        }
        // The label of a phase that begins before the view stays readable.
        const from = Math.max(0, left) + 5 * ratio;
        const text = fitting(ctx, label(phase), left + wide - from - 3 * ratio);
        if (text) {
            ctx.fillStyle = theme.colors.text;
            ctx.fillText(text, from, height / 2 + ratio / 2);
        }
    }
}

/**
 * Draws the queries as ticks: one a column of pixels, the darker the more of it they take.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Scene} scene
 * @param {{width: number, height: number}} size
 */
export function drawQueries(ctx, scene, { width, height }) {
    const { queries, view, theme, ratio } = scene;
    const { repeatedBefore, matchedBefore } = queries;
    empty(ctx, theme, width, height);
    setFont(ctx, theme, ratio);
    drawGrid(ctx, scene, width, height);
    const top = Math.round(3 * ratio);
    eachBar(queries.spans, queries.layout, 0, view, width, (first, last, left, right, occupied) => {
        const matched = !matchedBefore || matchedBefore[last] > matchedBefore[first];
        const repeated = repeatedBefore[last] > repeatedBefore[first];
        ctx.globalAlpha = shade(occupied) * (matched ? 1 : DIMMED);
        ctx.fillStyle = repeated ? theme.colors.match : theme.colors.query;
        ctx.fillRect(left, top, right - left, height - 2 * top);
    });
    ctx.globalAlpha = 1;
}

/**
 * Draws the whole recording in small.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Scene} scene
 * @param {{width: number, height: number}} size
 * @param {Overview} overview
 */
export function drawOverview(ctx, { theme, ratio }, { width, height }, { open, raised, matched }) {
    empty(ctx, theme, width, height);
    const highest = open.reduce((a, b) => Math.max(a, b), 1);
    const room = height - 4 * ratio;
    ctx.fillStyle = theme.colors.accent;
    ctx.globalAlpha = matched ? 0.3 : 0.75;
    for (let x = 0; x < open.length; x++) {
        if (open[x] > 0) {
            // The square root keeps a lone receiver visible beside a deep cascade.
            const tall = Math.max(ratio, Math.sqrt(open[x] / highest) * room);
            ctx.fillRect(x, height - tall, 1, tall);
        }
    }
    ctx.globalAlpha = 1;
    if (matched) {
        marks(ctx, matched, theme.colors.match, height);
    }
    marks(ctx, raised, theme.colors.error, 4 * ratio);
}

/**
 * Draws the overview with the range in view cut out of a shade.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Scene} scene
 * @param {{width: number, height: number}} size
 * @param {HTMLCanvasElement} overview  A picture of it: its columns take longer to draw than all else.
 */
export function drawInView(ctx, scene, { width, height }, overview) {
    const { spans, view, theme, ratio } = scene;
    ctx.drawImage(overview, 0, 0);
    const whole = { from: 0, to: spans.total };
    const left = Math.round(xAt(whole, view.from, width));
    const right = Math.round(xAt(whole, view.to, width));
    ctx.fillStyle = theme.colors.shade;
    ctx.fillRect(0, 0, left, height);
    ctx.fillRect(right, 0, width - right, height);
    handle(ctx, scene, Math.max(left, 2 * ratio), height);
    handle(ctx, scene, Math.min(right, width - 2 * ratio), height);
}

function marks(ctx, columns, color, height) {
    ctx.fillStyle = color;
    for (let x = 0; x < columns.length; x++) {
        if (columns[x]) {
            ctx.fillRect(x, 0, 1, height);
        }
    }
}

function handle(ctx, { theme, ratio }, x, height) {
    ctx.fillStyle = theme.colors.text;
    ctx.globalAlpha = 0.65;
    ctx.fillRect(Math.round(x - ratio / 2), 0, Math.round(ratio), height);
    ctx.globalAlpha = 1;
    const tall = Math.min(height, 16 * ratio);
    ctx.fillRect(Math.round(x - 2 * ratio), Math.round((height - tall) / 2), 4 * ratio, tall);
}

/**
 * A range being chosen, over whatever is there, with its length.
 *
 * @param {CanvasRenderingContext2D} ctx
 * @param {Scene} scene
 * @param {{width: number, height: number}} size
 * @param {{from: number, to: number, label: string}} range  In pixels.
 */
export function drawRange(ctx, { theme, ratio }, { width, height }, { from, to, label }) {
    ctx.fillStyle = theme.colors.accent;
    ctx.globalAlpha = 0.22;
    ctx.fillRect(from, 0, to - from, height);
    ctx.globalAlpha = 1;
    ctx.fillRect(from, 0, Math.round(ratio), height);
    ctx.fillRect(to, 0, Math.round(ratio), height);
    setFont(ctx, theme, ratio, 600);
    const text = widthOf(ctx, label) + 12 * ratio;
    const left = Math.min(Math.max(0, (from + to - text) / 2), width - text);
    ctx.fillRect(left, 4 * ratio, text, 18 * ratio);
    ctx.fillStyle = theme.colors["bar-text"];
    ctx.fillText(label, left + 6 * ratio, 13.5 * ratio);
}
