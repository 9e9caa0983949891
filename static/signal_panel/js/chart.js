/** The canvases of the timeline: what they show, and what the pointer does on them. */

import {
    drawInView,
    drawOverview,
    drawPhases,
    drawQueries,
    drawRange,
    drawRows,
    drawRuler,
    ROW,
} from "./drawing.js";
import { strays } from "./elements.js";
import { duration } from "./format.js";
import { Gestures } from "./gestures.js";
import { countBefore, flaggedColumns, layOut, longest, placesAt, profile } from "./layout.js";
import { asRow } from "./queries.js";
import { phaseAt } from "./spans.js";
import { colorNumbers, readTheme } from "./theme.js";
import { clamp, fit, gripAt, hold, isWhole, pan, reveal, timeAt, xAt, zoom } from "./viewport.js";

// Wheel events closer together than this belong to one gesture.
const GESTURE = 250;
const GLIDE = 160;

export class Chart {
    /**
     * @param {HTMLElement} root  Holds an element for each part, named by data-djsp-part.
     * @param {import("./spans.js").Spans} spans
     * @param {object} on
     * @param {(span: number) => void} on.select
     * @param {(span: number, more: number, at: {x: number, y: number}) => void} on.hover
     * @param {(query: number) => void} on.selectQuery
     * @param {(query: number, more: number, at: {x: number, y: number}) => void} on.hoverQuery
     * @param {(phase: import("./spans.js").Phase | undefined, at: {x: number, y: number} | null) => void} on.hoverPhase
     * @param {(phase: import("./spans.js").Phase) => string} on.phaseLabel
     * @param {() => void} on.draw
     */
    constructor(root, spans, on) {
        this.root = root;
        this.on = on;
        this.spans = spans;
        const layout = layOut(spans);
        // Receivers that did not run are among the kinds too.
        const seen = new Uint8Array(spans.kinds.length);
        for (let i = 0; i < spans.count; i++) {
            seen[spans.kind[i]] = 1;
        }
        const colors = colorNumbers(spans.kinds.filter((_, i) => seen[i]).map(({ app }) => app));
        this.colors = colors;
        this.scene = {
            spans,
            layout,
            view: { from: 0, to: spans.total },
            theme: readTheme(root),
            colorOf: spans.kinds.map((kind) => colors.get(kind.app)),
            ratio: 1,
            raisedBefore: countBefore(layout, spans.raised),
            matchedBefore: null,
            queries: spans.queries.count ? queryRow(spans.queries) : null,
            selected: -1,
            hovered: -1,
        };
        /** @type {Uint8Array | null} */
        this.matched = null;
        /** Where a glide ends: what keys go on from. */
        this.target = this.scene.view;
        this.range = null;
        this.bars = 0;
        this.frame = 0;
        this.gestures = new Gestures((fingers, canvas) => this.pinch(fingers, canvas));
        /** Where the view was at the last press. */
        this.pressed = { view: this.view, scrollTop: 0 };
        this.addCanvases();
        this.addGestures();
    }

    get view() {
        return this.scene.view;
    }

    /** What a browser needs to lay the parts out, and to know when their size changes. */
    addCanvases() {
        const part = (name) => this.root.querySelector(`[data-djsp-part="${name}"]`);
        const canvas = (name) => {
            const element = document.createElement("canvas");
            element.className = `djsp-canvas djsp-canvas-${name}`;
            return element;
        };
        this.canvases = {};
        const fixed = ["overview", "ruler", "phases", ...(this.scene.queries ? ["queries"] : [])];
        for (const name of fixed) {
            this.canvases[name] = canvas(name);
            part(name).append(this.canvases[name]);
        }
        part("queries").hidden = !this.scene.queries;
        // The canvas is as high as what is in view; the room below it makes the scrollbar.
        this.scroller = part("rows");
        this.canvases.rows = canvas("rows");
        const room = document.createElement("div");
        room.className = "djsp-room";
        room.style.height = `${this.scene.layout.rows * ROW + 2}px`;
        room.append(this.canvases.rows);
        this.scroller.append(room);
        this.scroller.addEventListener("scroll", () => {
            this.hover(-1, 0, null);
            this.invalidate();
        });
        // It begins by telling the size there is, once all else has been laid out.
        new ResizeObserver(() => this.resize()).observe(this.scroller);
        redrawOnNextRatio(new WeakRef(this));
    }

    resize() {
        const width = this.scroller.clientWidth;
        // Hidden: there is nothing to draw on until the panel opens.
        if (!width) {
            return;
        }
        const ratio = globalThis.devicePixelRatio || 1;
        this.scene.ratio = ratio;
        for (const [name, canvas] of Object.entries(this.canvases)) {
            const height =
                name === "rows" ? this.scroller.clientHeight : canvas.parentElement.clientHeight;
            canvas.width = Math.round(width * ratio);
            canvas.height = Math.round(height * ratio);
            canvas.style.width = `${width}px`;
            canvas.style.height = `${height}px`;
        }
        this.width = width;
        this.summarise();
        // At once: an emptied canvas would flicker.
        this.draw();
    }

    /** What the overview shows changes with its width, not with each frame. */
    summarise() {
        const { spans } = this;
        const { width } = this.canvases.overview;
        this.overview = {
            open: profile(spans, width),
            raised: flaggedColumns(spans, spans.raised, width),
            matched: this.matchedColumns(),
        };
        this.picture = null;
    }

    /** The overview as it was drawn the last time that it changed. */
    pictureOfOverview() {
        const { width, height } = this.canvases.overview;
        const picture = Object.assign(document.createElement("canvas"), { width, height });
        drawOverview(contextOf(picture), this.scene, picture, this.overview);
        return picture;
    }

    matchedColumns() {
        return (
            this.matched && flaggedColumns(this.spans, this.matched, this.canvases.overview.width)
        );
    }

    restyle() {
        this.scene.theme = readTheme(this.root);
        this.picture = null;
        this.invalidate();
    }

    invalidate() {
        this.frame ||= requestAnimationFrame(() => this.draw());
    }

    draw() {
        cancelAnimationFrame(this.frame);
        this.frame = 0;
        if (!this.width || !this.scroller.clientWidth) {
            return;
        }
        if (this.scene.ratio !== (globalThis.devicePixelRatio || 1)) {
            this.resize();
            return;
        }
        const { scene, canvases } = this;
        const parts = {};
        for (const [name, canvas] of Object.entries(canvases)) {
            parts[name] = [contextOf(canvas), scene, canvas];
        }
        this.picture ??= this.pictureOfOverview();
        drawInView(...parts.overview, this.picture);
        drawRuler(...parts.ruler);
        drawPhases(...parts.phases, this.on.phaseLabel);
        if (scene.queries) {
            drawQueries(...parts.queries);
        }
        const { width, height } = canvases.rows;
        const scrolled = Math.round(this.scroller.scrollTop * scene.ratio);
        this.bars = drawRows(parts.rows[0], scene, { width, height, scrolled });
        this.drawChosenRange(parts);
        this.on.draw();
    }

    drawChosenRange(parts) {
        if (!this.range) {
            return;
        }
        const [ctx, scene, canvas] = this.range.inOverview ? parts.overview : parts.rows;
        const view = this.range.inOverview ? this.whole : this.view;
        const { from, to } = this.range;
        drawRange(ctx, scene, canvas, {
            from: xAt(view, from, canvas.width),
            to: xAt(view, to, canvas.width),
            label: duration(to - from),
        });
    }

    get whole() {
        return { from: 0, to: this.spans.total };
    }

    /** @param {import("./viewport.js").View} view */
    show(view) {
        cancelAnimationFrame(this.gliding);
        this.hover(-1, 0, null);
        this.target = clamp(view, this.spans.total);
        this.scene.view = this.target;
        this.invalidate();
    }

    /** Shows the view after a short glide, which tells the eye where it went. */
    glide(view) {
        if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
            this.show(view);
            return;
        }
        cancelAnimationFrame(this.gliding);
        this.hover(-1, 0, null);
        const from = this.view;
        const to = clamp(view, this.spans.total);
        this.target = to;
        const begun = performance.now();
        const step = (now) => {
            const passed = Math.min(1, Math.max(0, (now - begun) / GLIDE));
            const eased = 1 - (1 - passed) ** 3;
            const between = (a, b) => a + (b - a) * eased;
            this.scene.view =
                passed < 1
                    ? { from: between(from.from, to.from), to: between(from.to, to.to) }
                    : to;
            this.draw();
            if (passed < 1) {
                this.gliding = requestAnimationFrame(step);
            }
        };
        this.gliding = requestAnimationFrame(step);
    }

    /** Zooms at the pointer where it is over the rows, else at the selected span, else at the middle. */
    zoomBy(factor) {
        const { target, pointed } = this;
        const { start, end, total } = this.spans;
        const { selected } = this.scene;
        const at =
            pointed === undefined
                ? hold(target, start[selected], end[selected])
                : timeAt(target, pointed, this.width);
        this.glide(zoom(target, factor, at, total));
    }

    /** @param {number} part  Of the width in view; negative to the left. */
    panBy(part) {
        const { from, to } = this.target;
        this.glide(pan(this.target, part * (to - from), this.spans.total));
    }

    showWhole() {
        this.glide(this.whole);
    }

    /** @param {number} span */
    fitSpan(span) {
        const { start, end, total } = this.spans;
        this.glide(fit(start[span], end[span], total));
    }

    /** @param {number} span  -1: none. */
    select(span) {
        this.scene.selected = span;
        if (span >= 0) {
            const { start, end, total } = this.spans;
            const view = reveal(this.target, start[span], end[span], total);
            if (view !== this.target) {
                this.glide(view);
            }
            this.revealRow(this.scene.layout.row[span]);
        }
        this.invalidate();
    }

    revealRow(row) {
        const { scroller } = this;
        const top = row * ROW;
        if (top < scroller.scrollTop) {
            scroller.scrollTop = top;
        } else if (top + ROW > scroller.scrollTop + scroller.clientHeight) {
            scroller.scrollTop = top + ROW - scroller.clientHeight + 2;
        }
    }

    /** @param {Uint8Array | null} flags */
    highlight(flags) {
        this.matched = flags;
        const { layout, queries } = this.scene;
        this.scene.matchedBefore = flags && countBefore(layout, flags);
        if (queries) {
            const matched = flags && this.spans.queries.span.map((span) => flags[span] ?? 0);
            queries.matchedBefore = matched && countBefore(queries.layout, matched);
        }
        if (this.width) {
            this.overview.matched = this.matchedColumns();
            this.picture = null;
        }
        this.invalidate();
    }

    hover(span, more, at) {
        if (this.scene.hovered !== span) {
            this.scene.hovered = span;
            this.invalidate();
        }
        this.on.hover(span, more, at);
    }

    /** The span under the pointer, and how many others share its place. */
    spanAt(event) {
        const { layout } = this.scene;
        const row = Math.floor((event.offsetY + this.scroller.scrollTop) / ROW);
        if (row < 0 || row >= layout.rows) {
            return { span: -1, more: 0 };
        }
        return this.hit(this.spans, layout, row, event);
    }

    /** What of a row is at the pointer, and how many others share its place. */
    hit(spans, layout, row, event) {
        const reach = (this.view.to - this.view.from) / this.width;
        const time = timeAt(this.view, event.offsetX, this.width);
        // A bar of one pixel is hard to hit: what is right beside the pointer counts too.
        for (const near of [reach, 4 * reach]) {
            const { first, last } = placesAt(spans, layout, row, time, near);
            if (first < last) {
                return {
                    span: longest(layout, first, last),
                    more: last - first - 1,
                };
            }
        }
        return { span: -1, more: 0 };
    }

    phaseUnder(event) {
        const time = timeAt(this.view, event.offsetX, this.width);
        return phaseAt(this.spans.phases, time, (2 * (this.view.to - this.view.from)) / this.width);
    }

    queryAt(event) {
        const { spans, layout } = this.scene.queries;
        const { span, more } = this.hit(spans, layout, 0, event);
        return { query: span, more };
    }

    addGestures() {
        const { overview, ruler, phases, rows, queries } = this.canvases;
        this.addRowGestures(rows);
        this.addOverviewGestures(overview);
        for (const canvas of [ruler, phases]) {
            this.follow(canvas, (press) => this.chooseRange(press, () => this.view));
        }
        point(
            phases,
            (event, at) => this.on.hoverPhase(this.phaseUnder(event), at),
            () => this.on.hoverPhase(undefined, null),
        );
        if (queries) {
            this.addQueryGestures(queries);
        }
        for (const canvas of Object.values(this.canvases)) {
            canvas.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
        }
    }

    /** Has drags begin where the view is, however far it had still to glide. */
    follow(canvas, begin) {
        this.gestures.follow(canvas, (press) => {
            cancelAnimationFrame(this.gliding);
            this.target = this.view;
            this.pressed = { view: this.view, scrollTop: this.scroller.scrollTop };
            return begin(press);
        });
    }

    /** Takes back a drag that is not over; answers whether there was one. */
    cancelDrag() {
        const isCancelled = this.gestures.cancel();
        if (isCancelled) {
            this.show(this.pressed.view);
            this.scroller.scrollTop = this.pressed.scrollTop;
        }
        return isCancelled;
    }

    /** Zooms about what is in the middle of two fingers, which keeps to it. */
    pinch(from, canvas) {
        const { view } = this;
        const at = timeAt(view, from.x - canvas.getBoundingClientRect().left, this.width);
        return (to) => {
            const zoomed = zoom(view, from.spread / to.spread, at, this.spans.total);
            const by = ((from.x - to.x) / this.width) * (zoomed.to - zoomed.from);
            this.show(pan(zoomed, by, this.spans.total));
        };
    }

    addRowGestures(canvas) {
        canvas.addEventListener("pointermove", (event) => {
            this.pointed = event.offsetX;
            if (!event.buttons) {
                const { span, more } = this.spanAt(event);
                this.hover(span, more, { x: event.clientX, y: event.clientY });
            }
        });
        canvas.addEventListener("pointerleave", () => {
            this.pointed = undefined;
            this.hover(-1, 0, null);
        });
        canvas.addEventListener("dblclick", (event) => {
            const { span } = this.spanAt(event);
            if (span >= 0) {
                this.fitSpan(span);
            }
        });
        this.follow(canvas, (press) => {
            if (press.shiftKey) {
                return this.chooseRange(press, () => this.view);
            }
            const { view, scrollTop } = this.pressed;
            const { span } = this.spanAt(press);
            return {
                move: (dx, dy) => {
                    const by = (-dx / this.width) * (view.to - view.from);
                    this.show(pan(view, by, this.spans.total));
                    this.scroller.scrollTop = scrollTop - dy;
                },
                click: () => this.on.select(span),
            };
        });
    }

    addQueryGestures(canvas) {
        point(
            canvas,
            (event, at) => {
                const { query, more } = this.queryAt(event);
                this.on.hoverQuery(query, more, at);
            },
            () => this.on.hoverQuery(-1, 0, null),
        );
        this.follow(canvas, (press) => {
            const { query } = this.queryAt(press);
            const range = this.chooseRange(press, () => this.view);
            return { ...range, click: () => query >= 0 && this.on.selectQuery(query) };
        });
    }

    addOverviewGestures(canvas) {
        const edgeAt = (x) => {
            const left = xAt(this.whole, this.view.from, this.width);
            const right = xAt(this.whole, this.view.to, this.width);
            const grip = gripAt(x, left, right);
            return grip === "inside" && isWhole(this.view, this.spans.total) ? "" : grip;
        };
        canvas.addEventListener("pointermove", (event) => {
            if (!event.buttons) {
                canvas.dataset.djspEdge = edgeAt(event.offsetX);
            }
        });
        this.follow(canvas, (press) => {
            const { view } = this.pressed;
            const total = this.spans.total;
            const timeOf = (dx) => (dx / this.width) * total;
            const pressed = timeAt(this.whole, press.offsetX, this.width);
            const recentre = () => {
                this.glide(pan(view, pressed - (view.from + view.to) / 2, total));
            };
            const edge = edgeAt(press.offsetX);
            if (edge === "inside") {
                return {
                    sideways: true,
                    move: (dx) => this.show(pan(view, timeOf(dx), total)),
                    click: recentre,
                };
            }
            if (edge) {
                const other = edge === "from" ? view.to : view.from;
                return {
                    sideways: true,
                    move: (dx) => {
                        const at = Math.min(Math.max(0, view[edge] + timeOf(dx)), total);
                        this.show({ from: Math.min(at, other), to: Math.max(at, other) });
                    },
                    click: recentre,
                };
            }
            return { ...this.chooseRange(press, () => this.whole, true), click: recentre };
        });
    }

    /** A drag that ends in a view of the range it passed over. */
    chooseRange(press, viewOf, inOverview = false) {
        const inside = (x) => Math.min(Math.max(0, x), this.width);
        const at = (x) => timeAt(viewOf(), x, this.width);
        // Read now: once the event has left the shadow root, its offset is that from the host.
        const pressedX = inside(press.offsetX);
        const from = at(pressedX);
        let width = 0;
        const cancel = () => {
            this.range = null;
            this.invalidate();
        };
        return {
            sideways: true,
            move: (dx) => {
                const x = inside(pressedX + dx);
                const to = at(x);
                width = Math.abs(x - pressedX);
                this.hover(-1, 0, null);
                this.range = { from: Math.min(from, to), to: Math.max(from, to), inOverview };
                this.invalidate();
            },
            end: () => {
                const { range } = this;
                cancel();
                // What was dragged back to where it began is not meant any more.
                if (strays(width)) {
                    this.glide(clamp(range, this.spans.total));
                }
            },
            cancel,
        };
    }

    /**
     * The wheel zooms; sideways or with Shift it pans. Zoomed out as far as it goes it scrolls the panel,
     * and goes on doing so until the hand rests: else scrolling past the timeline would get stuck on it.
     */
    onWheel(event) {
        const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
        const by = unit(event) * (sideways ? event.deltaX || event.deltaY : event.deltaY);
        const { view } = this;
        const total = this.spans.total;
        const whole = isWhole(view, total);
        const scrolling = event.timeStamp - (this.scrolledAt ?? -GESTURE) < GESTURE;
        // Control is what browsers report for a pinch, and must never zoom the page here.
        if (!event.ctrlKey && whole && (sideways || by > 0 || scrolling)) {
            this.scrolledAt = event.timeStamp;
            return;
        }
        event.preventDefault();
        if (sideways) {
            this.show(pan(view, (by / this.width) * (view.to - view.from), total));
            return;
        }
        const at = timeAt(view, event.offsetX, this.width);
        const origin = event.target === this.canvases.overview ? (view.from + view.to) / 2 : at;
        const speed = event.ctrlKey ? 0.01 : 0.002;
        this.show(zoom(view, Math.exp(Math.max(-240, Math.min(240, by)) * speed), origin, total));
    }
}

/** Of an opaque canvas: nothing behind it has to be drawn, nor mixed with it. */
function contextOf(canvas) {
    return canvas.getContext("2d", { alpha: false });
}

/** @returns {import("./drawing.js").QueryRow} */
function queryRow(queries) {
    const row = asRow(queries);
    const repeated = Uint8Array.from(queries.repeats, (first) => (first >= 0 ? 1 : 0));
    return { ...row, repeatedBefore: countBefore(row.layout, repeated), matchedBefore: null };
}

/**
 * On another screen the canvases have other pixels, though their size may be the same. The page's media
 * outlive a chart, which the toolbar may have replaced.
 *
 * @param {WeakRef<Chart>} chart
 */
function redrawOnNextRatio(chart) {
    const media = matchMedia(`(resolution: ${globalThis.devicePixelRatio}dppx)`);
    const redraw = () => {
        if (chart.deref()) {
            chart.deref().invalidate();
            redrawOnNextRatio(chart);
        }
    };
    media.addEventListener("change", redraw, { once: true });
}

/** Pixels to a wheel's step, which may be counted in lines. */
function unit(event) {
    return event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
}

/**
 * Tells what is pointed at on an element, while nothing is pressed.
 *
 * @param {HTMLElement} element
 * @param {(event: PointerEvent, at: {x: number, y: number}) => void} tell
 * @param {() => void} leave
 */
function point(element, tell, leave) {
    element.addEventListener("pointermove", (event) => {
        if (!event.buttons) {
            tell(event, { x: event.clientX, y: event.clientY });
        }
    });
    element.addEventListener("pointerleave", leave);
}
