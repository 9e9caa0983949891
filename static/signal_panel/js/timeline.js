/** The panel's parts put together: one selection, one filter, one highlight, and the keys. */

import { Chart } from "./chart.js";
import {
    details,
    noDetails,
    phaseLabel,
    phaseTimes,
    phaseTooltip,
    spoken,
    tooltip,
} from "./describe.js";
import { element, holdsFocus } from "./elements.js";
import { find, indicesOf } from "./filter.js";
import { FilterBox } from "./filterbox.js";
import { Highlighter } from "./highlight.js";
import { nextMatch } from "./matches.js";
import { matcher } from "./rows.js";
import { choiceOf } from "./sheet.js";
import { foldSources } from "./source.js";
import { firstChild, neighbour } from "./spans.js";
import { describeQuery } from "./statements.js";
import { Table } from "./table.js";
import { TIMELINE } from "./tabs.js";

const ZOOM = 1.5;
const PAN = 0.2;

export class Timeline {
    /**
     * @param {HTMLElement} root
     * @param {import("./spans.js").Spans} spans
     * @param {Record<string, string>} messages
     * @param {import("./tabs.js").Tabs} tabs
     * @param {import("./memory.js").Habits} habits
     * @param {import("./memory.js").Place} place  Where the reader is: kept up to date from now on.
     */
    constructor(root, spans, messages, tabs, habits, place) {
        this.root = root;
        this.spans = spans;
        this.messages = messages;
        this.tabs = tabs;
        this.habits = habits;
        this.place = place;
        this.selected = -1;
        /** @type {import("./filter.js").Term[]} */
        this.terms = [];
        /** What the filter finds; null without one. */
        this.found = null;
        /** What stands out: found, and of the row that was chosen; null where nothing does. */
        this.matches = null;
        const part = (name) => root.querySelector(`.djsp-${name}`);
        this.stage = part("stage");
        this.detail = part("detail");
        this.tip = part("tip");
        this.help = part("help");
        this.helpButton = part("help-button");
        this.live = part("live");
        /** What only the timeline can do. */
        this.ways = [part("zoom"), part("steps")];
        /** @type {import("./editor.js").Editor} */
        this.editor = JSON.parse(root.dataset.djspEditor);

        this.chart = new Chart(this.stage, spans, {
            select: (span) => this.select(span),
            hover: (span, more, at) =>
                this.showTip(`${span} ${more}`, span < 0 ? null : at, () =>
                    tooltip(spans, span, more, messages),
                ),
            selectQuery: (query) => this.selectQuery(query),
            hoverQuery: (query, more, at) =>
                this.showTip(`SQL ${query} ${more}`, query < 0 ? null : at, () =>
                    describeQuery(spans, query, more, messages),
                ),
            hoverPhase: (phase, at) =>
                this.showTip(`phase ${phase?.start}`, phase ? at : null, () =>
                    phaseTooltip(spans.phases, phase, messages),
                ),
            phaseLabel: (phase) => phaseLabel(phase, messages),
            draw: () => this.report(),
        });
        this.table = new Table(part("spans"), spans, messages, this.editor, {
            select: (span) => this.select(span),
            open: (span) => this.openOnChart(span),
        });
        this.box = new FilterBox(root, messages, (terms) => this.filter(terms));
        this.input = this.box.input;
        this.chip = part("chip");
        this.highlighter = new Highlighter(this.chip, spans, messages);
        this.listPhases(part("phases"));
        this.addLegend(part("legend"));
        this.addTools();
        // Where no span was recorded, there is none to list.
        part("spans").hidden = !spans.count;
        part("legend").hidden = !spans.count;
        // Tables that came before the spans are to follow what is resumed.
        tabs.attend(this);
        this.resume({ ...place });
        part("tools").hidden = false;
    }

    /** The phases for those who do not see them drawn. */
    listPhases(list) {
        const { messages } = this;
        const { phases } = this.spans;
        list.hidden = !phases.length;
        for (const phase of phases) {
            const text = `${phaseLabel(phase, messages)}: ${phaseTimes(phases, phase, messages)}`;
            list.append(element("li", "", text));
        }
    }

    addLegend(legend) {
        for (const [app, color] of this.chart.colors) {
            legend.append(element("li", "", element("span", `djsp-swatch djsp-app-${color}`), app));
        }
        const { repeats } = this.spans.queries;
        legend.querySelector(".djsp-legend-queries").hidden = !repeats.some((first) => first >= 0);
        this.root.querySelector(".djsp-track-queries").hidden = !repeats.length;
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
            highlight: (button) => this.chooseFinding(button),
            back: () => this.goBack(),
            unhighlight: () => this.highlight(null),
        };
        this.root.addEventListener("click", (event) => {
            const button = event.target.closest("[data-djsp-do]");
            actions[button?.dataset.djspDo]?.(button);
        });
        foldSources(this.root, this.messages);
        this.root.addEventListener("keydown", (event) => this.onKey(event));
        // The page must not take the end of a key that was used here for a shortcut.
        this.root.addEventListener("keyup", (event) => {
            if (event.target === this.input || this.pressed === event.key) {
                event.stopPropagation();
            }
        });
    }

    /** Goes to where the reader was before the toolbar replaced the panel's HTML. */
    resume({ view, selected, highlight }) {
        this.box.write(this.habits.query);
        if (highlight) {
            this.highlight(highlight);
        }
        this.select(selected < this.spans.count ? selected : -1);
        if (view) {
            this.chart.show(view);
        }
    }

    /** @param {number} span  -1: none. */
    select(span) {
        this.selected = span;
        this.chart.select(span);
        this.table.select(span);
        for (const sheet of this.tabs.sheets.values()) {
            sheet.mark(span);
        }
        this.tabs.sheet?.reveal();
        // What is hidden cannot be scrolled to.
        this.isUnseen = this.tabs.shown !== TIMELINE;
        const { spans, messages } = this;
        const wasRead = holdsFocus(this.detail);
        this.detail.replaceChildren(
            ...(span >= 0
                ? details(spans, span, messages, this.editor, (other) => this.select(other))
                : noDetails(spans, messages)),
        );
        if (wasRead) {
            this.openDetail();
        }
        this.live.textContent = span >= 0 ? spoken(spans, span, messages) : "";
        this.count();
        this.report();
    }

    /** Selects the span that a query ran in; where there is none, tells of the query itself. */
    selectQuery(query) {
        const { spans, messages } = this;
        const span = spans.queries.span[query];
        this.select(span);
        if (span < 0) {
            const told = describeQuery(spans, query, 0, messages);
            this.detail.replaceChildren(...told);
            this.live.textContent = told.map((line) => line.textContent).join(", ");
        }
    }

    openOnChart(span) {
        this.select(span);
        this.chart.fitSpan(span);
        this.stage.focus();
    }

    /** @param {import("./filter.js").Term[]} terms */
    filter(terms) {
        this.habits.query = this.input.value;
        this.terms = terms;
        this.found = find(this.spans, terms);
        for (const sheet of this.tabs.sheets.values()) {
            this.filterSheet(sheet);
        }
        this.refine();
    }

    /** Has the chart and the table show what is found and highlighted. */
    refine() {
        const { found } = this;
        const lit = this.highlighter?.flags;
        const flags = found && lit ? lit.map((flag, i) => flag & found.flags[i]) : lit;
        this.matches = flags ? { flags, indices: indicesOf(flags) } : found;
        this.chart.highlight(this.matches?.flags ?? null);
        this.table.filter(this.matches?.indices ?? null);
        this.count();
        this.report();
    }

    /** Tells beside the filter how much of what is shown there is to see. */
    count() {
        const { sheet } = this.tabs;
        if (sheet) {
            this.box.tellRows(this.found && sheet.counts);
        } else {
            this.box.tellMatches(this.matches?.indices, this.selected);
        }
    }

    filterSheet(sheet) {
        sheet.filter(this.terms, this.found && matcher(this.spans, this.found.flags));
    }

    /** A sheet has been fetched. */
    sheet(sheet) {
        sheet.connect(this.spans, (choice, row) => this.choose(choice, sheet.name, row));
        this.filterSheet(sheet);
        sheet.mark(this.selected);
        sheet.reveal();
        this.count();
    }

    /** A tab has been turned to. */
    shown(name) {
        for (const buttons of this.ways) {
            buttons.hidden = name !== TIMELINE;
        }
        this.count();
        if (name !== TIMELINE) {
            this.tabs.sheet?.reveal();
        } else if (this.isUnseen) {
            this.isUnseen = false;
            this.chart.select(this.selected);
        }
    }

    chooseFinding(button) {
        const finding = button.closest(".djsp-finding");
        if (finding) {
            this.choose(choiceOf(finding), "", button);
        }
    }

    /**
     * Shows on the timeline what a row or a finding stands for.
     *
     * @param {import("./rows.js").Choice} choice
     * @param {string} from  The tab it is in; "" for a finding.
     * @param {HTMLElement} origin  Where the way back leads.
     */
    choose(choice, from, origin) {
        this.origin = origin;
        this.tabs.show(TIMELINE);
        this.highlight({ ...choice, from });
        if (!this.matches.indices.length) {
            // A filter from before would leave none of what was chosen.
            this.box.write("");
        }
        if (!this.highlighter.flags[this.selected]) {
            this.select(this.highlighter.longest);
        }
        this.stage.focus({ preventScroll: true });
        this.stage.scrollIntoView({ block: "nearest" });
    }

    /** @param {import("./highlight.js").Highlight | null} highlight */
    highlight(highlight) {
        const origin = highlight?.from ? this.tabs.titleOf(highlight.from) : this.messages.findings;
        const hadFocus = holdsFocus(this.chip);
        this.highlighter.show(highlight, origin);
        this.refine();
        if (hadFocus && !highlight) {
            this.stage.focus({ preventScroll: true });
        }
    }

    /** To the row or the finding that was chosen last; all spans are shown again. */
    goBack() {
        const { highlight } = this.highlighter;
        if (!highlight) {
            return;
        }
        this.highlight(null);
        if (highlight.from) {
            this.tabs.show(highlight.from);
        }
        const origin = this.originOf(highlight);
        // A finding may have been folded away.
        origin?.closest("details")?.setAttribute("open", "");
        origin?.focus({ preventScroll: true });
        origin?.scrollIntoView({ block: "nearest" });
    }

    /** What was chosen; the toolbar may have put other HTML in its place meanwhile. */
    originOf({ from, label, spans }) {
        if (this.origin?.isConnected) {
            return this.origin;
        }
        if (from) {
            return this.tabs.sheet?.current;
        }
        const finding = [...this.root.querySelectorAll(".djsp-finding")].find(
            (each) => each.dataset.djspSpans === spans && choiceOf(each).label === label,
        );
        return finding?.querySelector("[data-djsp-do=highlight]");
    }

    /** Selects the next match, or without a filter the next span. */
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

    /**
     * @param {string} key  Of what is pointed at, to be described only once.
     * @param {{x: number, y: number} | null} at  Null: nothing is.
     * @param {() => HTMLElement[]} describe
     */
    showTip(key, at, describe) {
        this.tip.hidden = !at;
        if (!at) {
            return;
        }
        if (this.tip.dataset.djspShows !== key) {
            this.tip.dataset.djspShows = key;
            this.tip.replaceChildren(...describe());
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
        // While we are built, the chart draws before it is ours.
        if (!this.highlighter) {
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
            djspHighlighted: this.highlighter.highlight ? this.highlighter.count : "",
            djspQueries: this.spans.queries.count,
        });
        Object.assign(this.place, {
            view: chart.target,
            selected: this.selected,
            highlight: this.highlighter.highlight,
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
            this.box.warn();
            // On a table it would move the selection unseen.
            if (this.tabs.shown === TIMELINE) {
                this.step(event.shiftKey ? -1 : 1);
            }
            return true;
        }
        return event.key === "Escape" && this.onEscape();
    }

    onShortcut(event) {
        const { chart, selected } = this;
        // The arrows and Enter belong to buttons, tables and scrollbars unless the timeline has the focus.
        const onStage = event.target === this.stage;
        const actions = {
            ...(this.tabs.shown === TIMELINE && {
                w: () => chart.zoomBy(1 / ZOOM),
                s: () => chart.zoomBy(ZOOM),
                a: () => chart.panBy(-PAN),
                d: () => chart.panBy(PAN),
                f: () => selected >= 0 && chart.fitSpan(selected),
                0: () => chart.showWhole(),
            }),
            b: () => this.goBack(),
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
        if (this.chart.cancelDrag()) {
            return true;
        }
        if (!this.help.hidden) {
            this.toggleHelp(false);
            return true;
        }
        if (this.input.value) {
            this.box.write("");
            return true;
        }
        if (this.selected >= 0) {
            this.select(-1);
            return true;
        }
        if (this.highlighter.highlight) {
            this.highlight(null);
            return true;
        }
        return false;
    }

    /** Selects where an arrow leads; the first span in view where nothing is selected yet. */
    walk(step) {
        if (!this.spans.count) {
            return;
        }
        if (this.selected < 0) {
            const { from } = this.chart.view;
            const { start, end } = this.spans;
            const isInView = (_, span) => end[span] > from || start[span] >= from;
            this.select(Math.max(0, start.findIndex(isInView)));
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
