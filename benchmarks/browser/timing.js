/** Times what a page does, inside the page. The functions of `globalThis.timing` are called from outside. */

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** Resolves once what has been drawn so far is painted: when the frame after the next one begins. */
const painted = async () => {
    await frame();
    await frame();
};

/**
 * Has a spot change in each frame, so that one begins as soon as the one before is done: where nothing changes,
 * Chromium waits for a sixtieth of a second. It lies on what is drawn, as everything between what changes is put
 * together anew, too. Answers with what ends it.
 */
function keepFramesComing() {
    const { top, left } = drawn.getBoundingClientRect();
    const spot = document.createElement("div");
    Object.assign(spot.style, {
        position: "fixed",
        top: `${top}px`,
        left: `${left}px`,
        width: "2px",
        height: "2px",
        zIndex: 2e9,
        willChange: "transform", // a layer of its own: nothing else is drawn anew for it
    });
    document.body.append(spot);
    let frames = 0;
    let asked = 0;
    const change = () => {
        spot.style.background = frames++ % 2 ? "red" : "blue";
        asked = requestAnimationFrame(change);
    };
    change();
    return () => {
        cancelAnimationFrame(asked);
        spot.remove();
    };
}

/**
 * The times of steps, one after the other, until the deadline. Each is made at the beginning of a frame, and is
 * over at the beginning of the second one after it: what it draws, at once or in the next frame, is painted.
 */
async function timeSteps(milliseconds) {
    const times = [];
    const stop = keepFramesComing();
    await painted();
    const end = performance.now() + milliseconds;
    let start = performance.now();
    for (const step of steps) {
        // Asked for first, so that it is told before what the step has the second frame do.
        const over = painted();
        step();
        await over;
        const now = performance.now();
        times.push(now - start);
        start = now;
        if (now > end) {
            break;
        }
    }
    stop();
    return times;
}

/** Sixty steps: in, to the right, to the left, and out again. */
function walk({ zoomIn, zoomOut, left, right }) {
    const times = (count, step) => Array.from({ length: count }, () => step);
    return [...times(20, zoomIn), ...times(10, right), ...times(10, left), ...times(20, zoomOut)];
}

const toolbar = () => {
    const root = document.getElementById("djDebugRoot");
    return (root?.shadowRoot ?? root ?? document).querySelector("#djDebug");
};
const panel = () => toolbar().querySelector("#SignalTimelinePanel .djsp");

/** Resolves when something of the panel's comes to be ready. */
function toldReady() {
    return new Promise((resolve) => {
        const observer = new MutationObserver((changes) => {
            if (changes.some(({ target }) => target.dataset.djspState === "ready")) {
                observer.disconnect();
                resolve();
            }
        });
        observer.observe(toolbar(), { subtree: true, attributeFilter: ["data-djsp-state"] });
    });
}

/**
 * How long it takes from `start` until the timeline is painted, and until the table's rows are: they come in the
 * frame that begins then, and are painted when the next one does.
 */
async function timed(start, over) {
    await over;
    const took = performance.now() - start;
    await frame();
    return { took, withRows: performance.now() - start };
}

function key(name) {
    const stage = panel().querySelector(".djsp-stage");
    stage.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, composed: true }));
}

/** How long the panel's two answers were waited for, from the asking to the last byte. */
function fetched(since) {
    const entries = performance.getEntriesByType("resource").filter((e) => e.startTime >= since);
    const of = (path) => entries.find(({ name }) => name.includes(path))?.duration ?? 0;
    return { html: of("/render_panel/"), spans: of("/signal_timeline/spans/") };
}

/** Ours: the toolbar's own click, what it fetches, and the drawing. */
const ours = {
    async open(request) {
        toolbar().dataset.requestId = request;
        const ready = toldReady();
        const start = performance.now();
        toolbar().querySelector("#djDebugPanelList a.SignalTimelinePanel").click();
        await ready;
        return { ...(await timed(start, painted())), ...fetched(start) };
    },
    steps: () =>
        walk({
            zoomIn: () => key("w"),
            zoomOut: () => key("s"),
            left: () => key("a"),
            right: () => key("d"),
        }),
    async search(words) {
        const input = panel().querySelector(".djsp-query");
        const stop = keepFramesComing();
        await painted();
        const start = performance.now();
        const over = painted();
        input.value = words;
        input.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
        const times = await timed(start, over);
        stop();
        const matches = Number(panel().dataset.djspMatches);
        const listed = panel().querySelector(".djsp-shown").textContent;
        return { ...times, matches, listed };
    },
};

const ROW = 18;
const COLORS = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2"];
const colorOf = (kind) => COLORS[kind % COLORS.length];

/** A view that zooms around its middle and pans by a fifth, as ours does. */
function viewOf(total, show) {
    let from = 0;
    let to = total;
    const set = (width, middle) => {
        from = Math.max(0, Math.min(total - width, middle - width / 2));
        to = from + width;
        show(from, to);
    };
    const zoom = (factor) => set(Math.min(total, (to - from) * factor), (from + to) / 2);
    const pan = (part) => set(to - from, (from + to) / 2 + part * (to - from));
    return walk({
        zoomIn: () => zoom(1 / 1.5),
        zoomOut: () => zoom(1.5),
        left: () => pan(-0.2),
        right: () => pan(0.2),
    });
}

/** Ways to draw the same spans: each answers with its steps. They draw neither overview nor ruler. */
const peers = {
    nothing: (_place, spans) => viewOf(spans.total, () => {}),
    svg(place, spans) {
        const height = ROW * (1 + spans.depth.reduce((a, b) => Math.max(a, b), 0));
        const rects = [];
        for (let i = 0; i < spans.count; i++) {
            const width = spans.end[i] - spans.start[i];
            rects.push(
                `<rect x="${spans.start[i]}" y="${spans.depth[i] * ROW}" width="${width}" height="${ROW - 2}" fill="${colorOf(spans.kind[i])}"/>`,
            );
        }
        place.innerHTML = `<svg width="100%" height="${height}" viewBox="0 0 ${spans.total} ${height}" preserveAspectRatio="none">${rects.join("")}</svg>`;
        const svg = place.firstChild;
        return viewOf(spans.total, (from, to) =>
            svg.setAttribute("viewBox", `${from} 0 ${to - from} ${height}`),
        );
    },
    dom(place, spans) {
        const rows = [];
        const percent = (time) => (100 * time) / spans.total;
        for (let i = 0; i < spans.count; i++) {
            rows.push(
                `<div style="position:absolute;left:${percent(spans.start[i])}%;width:${percent(spans.end[i] - spans.start[i])}%;top:${spans.depth[i] * ROW}px;height:${ROW - 2}px;background:${colorOf(spans.kind[i])}"></div>`,
            );
        }
        place.innerHTML = `<div style="position:relative;height:100%">${rows.join("")}</div>`;
        const inner = place.firstChild;
        const { clientWidth } = place;
        return viewOf(spans.total, (from, to) => {
            const scale = spans.total / (to - from);
            inner.style.width = `${100 * scale}%`;
            place.scrollLeft = (from / spans.total) * clientWidth * scale;
        });
    },
    flame(place, spans) {
        const nodes = [];
        const data = [];
        for (let i = 0; i < spans.count; i++) {
            const node = {
                name: spans.kinds[spans.kind[i]].label,
                start: spans.start[i],
                duration: spans.end[i] - spans.start[i],
                type: String(spans.kind[i]),
                color: colorOf(spans.kind[i]),
                children: [],
            };
            nodes.push(node);
            (spans.parent[i] < 0 ? data : nodes[spans.parent[i]].children).push(node);
        }
        const canvas = document.createElement("canvas");
        canvas.width = place.clientWidth;
        canvas.height = place.clientHeight;
        place.append(canvas);
        const chart = new globalThis.flameChartJs.FlameChart({ canvas, data });
        return viewOf(spans.total, (from, to) => chart.setZoom(from, to));
    },
};

function place() {
    const found = document.createElement("div");
    Object.assign(found.style, {
        position: "fixed",
        inset: "0 0 auto 0",
        height: "500px",
        background: "white",
        zIndex: 1e9,
        overflow: "auto",
    });
    document.body.append(found);
    return found;
}

let steps = [];
/** What they draw on. */
let drawn = document.body;

globalThis.timing = {
    async openOurs(request) {
        const took = await ours.open(request);
        steps = ours.steps();
        drawn = panel().querySelector(".djsp-stage");
        return took;
    },
    async openPeer(name, request) {
        const { decode } = await import("/static/signal_panel/js/spans.js");
        const root = new URL(toolbar().dataset.renderPanelUrl, location);
        const url = new URL(`../signal_timeline/spans/?request_id=${request}`, root);
        const start = performance.now();
        const spans = decode(await (await fetch(url)).json());
        drawn = place();
        steps = peers[name](drawn, spans);
        await painted();
        return performance.now() - start;
    },
    walk: timeSteps,
    /** Once the findings have come, which the server looks for when the timeline is painted. */
    async settled() {
        const room = panel().querySelector("[data-djsp-findings]");
        if (room && room.dataset.djspState !== "ready") {
            await toldReady();
        }
        await painted();
    },
    search: ours.search,
};
