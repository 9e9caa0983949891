/** The panel's parts put together: one selection, one search, and the keys. */

import { Chart } from "./chart.js";
import { details, spoken, tooltip } from "./describe.js";
import { element } from "./elements.js";
import { fill, thousands } from "./format.js";
import { find, nextMatch } from "./search.js";
import { firstChild, neighbour } from "./spans.js";
import { Table } from "./table.js";

const ZOOM = 1.5;
const PAN = 0.2;

export class Timeline {
    /**
     * @param {HTMLElement} root
     * @param {import("./spans.js").Spans} spans
     * @param {Record<string, string>} messages
     */
    constructor(root, spans, messages) {
        this.root = root;
        this.spans = spans;
        this.messages = messages;
        this.selected = -1;
        this.matches = null;
        const part = (name) => root.querySelector(`.djsp-${name}`);
        this.stage = part("stage");
        this.detail = part("detail");
        this.tip = part("tip");
        this.search = part("search");
        this.input = this.search.querySelector("input");
        this.count = part("count");
        this.help = part("help");
        this.helpButton = part("help-button");
        this.live = part("live");

        this.chart = new Chart(this.stage, spans, {
            select: (span) => this.select(span),
            hover: (span, more, at) => this.showTip(span, more, at),
            phaseLabel: ({ name, label }) => `${messages[`phase_${name}`] ?? name} ${label}`.trim(),
            draw: () => this.report(),
        });
        this.table = new Table(part("spans"), spans, messages, {
            select: (span) => this.select(span),
            open: (span) => this.openOnChart(span),
        });
        this.addLegend(part("legend"));
        this.addTools();
        this.select(-1);
    }

    addLegend(legend) {
        for (const [app, color] of this.chart.colors) {
            legend.append(element("li", "", element("span", `djsp-swatch djsp-app-${color}`), app));
        }
    }

    addTools() {
        const actions = {
            "zoom-in": () => this.chart.zoomBy(1 / ZOOM),
            "zoom-out": () => this.chart.zoomBy(ZOOM),
            whole: () => this.chart.showWhole(),
            help: () => this.toggleHelp(),
            "help-close": () => this.toggleHelp(false),
            previous: () => this.step(-1),
            next: () => this.step(1),
        };
        for (const button of this.root.querySelectorAll("[data-djsp-do]")) {
            button.addEventListener("click", () => actions[button.dataset.djspDo]());
        }
        this.input.addEventListener("input", () => this.find(this.input.value));
        this.search.addEventListener("submit", (event) => event.preventDefault());
        this.root.addEventListener("keydown", (event) => this.onKey(event));
        // The page must not take what is typed here, or the end of a key used here, for a shortcut.
        this.input.addEventListener("keypress", (event) => event.stopPropagation());
        this.root.addEventListener("keyup", (event) => {
            if (event.target === this.input || this.pressed === event.key) {
                event.stopPropagation();
            }
        });
    }

    /** @param {number} span  -1: none. */
    select(span) {
        this.selected = span;
        this.chart.select(span);
        this.table.select(span);
        const { spans, messages } = this;
        this.detail.replaceChildren(
            ...(span >= 0
                ? details(spans, span, messages, (other) => this.select(other))
                : [element("p", "djsp-muted", messages.nothing_selected)]),
        );
        this.live.textContent = span >= 0 ? spoken(spans, span, messages) : "";
        this.report();
    }

    openOnChart(span) {
        this.select(span);
        this.chart.fitSpan(span);
        this.stage.focus();
    }

    find(query) {
        this.matches = find(this.spans, query);
        this.chart.highlight(this.matches?.flags ?? null);
        this.table.filter(this.matches?.indices ?? null);
        this.count.textContent = this.matches
            ? fill(this.messages.matches, {
                  count: thousands(this.matches.indices.length),
                  total: thousands(this.spans.count),
              })
            : "";
        this.report();
    }

    /** Selects the next match, or without a search the next span. */
    step(direction) {
        const { matches, selected } = this;
        const span = matches
            ? nextMatch(matches.indices, selected, direction)
            : Math.min(Math.max(0, selected + direction), this.spans.count - 1);
        if (span >= 0) {
            this.select(span);
        }
    }

    toggleHelp(open = this.help.hidden) {
        this.help.hidden = !open;
        this.helpButton.setAttribute("aria-expanded", String(open));
        if (open) {
            // Not every browser gives the focus to a button that is clicked.
            this.helpOpener = this.root.getRootNode().activeElement ?? this.helpButton;
            this.help.focus();
        } else {
            this.helpOpener.focus();
        }
    }

    showTip(span, more, at) {
        this.tip.hidden = span < 0;
        if (span < 0) {
            return;
        }
        const key = `${span} ${more}`;
        if (this.tip.dataset.djspShows !== key) {
            this.tip.dataset.djspShows = key;
            this.tip.replaceChildren(...tooltip(this.spans, span, more, this.messages));
        }
        const box = this.root.getBoundingClientRect();
        const { offsetWidth: width, offsetHeight: height } = this.tip;
        const left = Math.min(at.x - box.left + 14, box.width - width);
        const below = at.y + 18 + height < globalThis.innerHeight;
        this.tip.style.left = `${Math.max(0, left)}px`;
        this.tip.style.top = `${at.y - box.top + (below ? 18 : -height - 10)}px`;
    }

    /** What is shown, as data attributes: for style sheets, and for whoever tests a page. */
    report() {
        const { chart } = this;
        // While it is built, the chart draws before it is ours.
        if (!chart) {
            return;
        }
        Object.assign(this.root.dataset, {
            djspFrom: Math.round(chart.view.from),
            djspTo: Math.round(chart.view.to),
            djspTotal: chart.spans.total,
            djspSpans: chart.spans.count,
            djspRows: chart.scene.layout.rows,
            djspBars: chart.bars,
            djspSelected: this.selected,
            djspMatches: this.matches ? this.matches.indices.length : "",
        });
    }

    restyle() {
        this.chart.restyle();
    }

    onKey(event) {
        if (event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        const typing = event.target === this.input;
        const handled = typing ? this.onTyping(event) : this.onShortcut(event);
        if (handled) {
            event.preventDefault();
            this.pressed = event.key;
        }
        if (handled || (typing && event.key !== "Escape")) {
            event.stopPropagation();
        }
    }

    onTyping(event) {
        if (event.key === "Enter") {
            this.step(event.shiftKey ? -1 : 1);
            return true;
        }
        if (event.key === "Escape" && this.input.value) {
            this.input.value = "";
            this.find("");
            return true;
        }
        return event.key === "Escape" && this.onEscape();
    }

    onShortcut(event) {
        const { chart, selected } = this;
        // The arrows and Enter belong to buttons, tables and scrollbars unless the timeline has the focus.
        const onStage = event.target === this.stage;
        const actions = {
            w: () => chart.zoomBy(1 / ZOOM),
            s: () => chart.zoomBy(ZOOM),
            a: () => chart.panBy(-PAN),
            d: () => chart.panBy(PAN),
            f: () => selected >= 0 && chart.fitSpan(selected),
            0: () => chart.showWhole(),
            "/": () => this.input.focus(),
            "?": () => this.toggleHelp(),
            ...(onStage && {
                arrowleft: () => this.walk((span) => neighbour(this.spans, span, -1)),
                arrowright: () => this.walk((span) => neighbour(this.spans, span, 1)),
                arrowup: () => this.walk((span) => this.spans.parent[span]),
                arrowdown: () => this.walk((span) => firstChild(this.spans, span)),
                enter: () => selected >= 0 && this.openDetail(),
            }),
        };
        if (event.key === "Escape") {
            return this.onEscape();
        }
        const action = actions[event.key.toLowerCase()];
        action?.();
        return Boolean(action);
    }

    /** Closes one thing of ours; answers false where there is none, and the toolbar's turn comes. */
    onEscape() {
        if (!this.help.hidden) {
            this.toggleHelp(false);
            return true;
        }
        if (this.selected >= 0) {
            this.select(-1);
            return true;
        }
        return false;
    }

    /** Selects where an arrow leads; the first span in view where nothing is selected yet. */
    walk(step) {
        if (this.selected < 0) {
            const { from } = this.chart.view;
            this.select(
                Math.max(
                    0,
                    this.spans.end.findIndex((end) => end > from),
                ),
            );
            return;
        }
        const span = step(this.selected);
        if (span >= 0) {
            this.select(span);
        }
    }

    openDetail() {
        this.detail.focus();
    }
}
