/** The table of spans: the timeline's equal for those who read rather than look, a page at a time. */

import { kindName } from "./describe.js";
import { placeLink } from "./editor.js";
import { breakable, dragsIn, element, holdsFocus } from "./elements.js";
import { duration, fill, shortName, thousands } from "./format.js";
import { placeOf } from "./matches.js";

// As many as the server has put there, so that what is below stays where it is.
const PAGE = 100;
// Deeper rows are not indented further, and say how deep they are; also in the templates and the style sheet.
const DEEPEST = 12;

export class Table {
    /**
     * @param {HTMLElement} root
     * @param {import("./spans.js").Spans} spans
     * @param {Record<string, string>} messages
     * @param {import("./editor.js").Editor} editor
     * @param {object} on
     * @param {(span: number) => void} on.select
     * @param {(span: number) => void} on.open
     */
    constructor(root, spans, messages, editor, on) {
        this.spans = spans;
        this.messages = messages;
        this.editor = editor;
        this.on = on;
        this.body = root.querySelector("tbody");
        this.detail = root.parentElement.querySelector(".djsp-detail");
        this.pager = root.querySelector(".djsp-pager");
        this.label = this.pager.querySelector(".djsp-shown");
        [this.previous, this.following] = this.pager.querySelectorAll("button");
        /** @type {Uint32Array | null} the matches, while something is searched for */
        this.indices = null;
        this.page = 0;
        /** The frame in which the rows become those that were found; 0 where they are. */
        this.frame = 0;
        this.selected = -1;
        root.querySelector(".djsp-first")?.remove();
        this.body.parentElement.hidden = false;
        this.pager.hidden = false;
        this.previous.addEventListener("click", () => this.step(-1, this.previous, this.following));
        this.following.addEventListener("click", () => this.step(1, this.following, this.previous));
        this.isDrag = dragsIn(this.body);
        this.body.addEventListener("click", (event) => this.onClick(event));
        this.body.addEventListener("keydown", (event) => this.onKey(event));
        this.body.addEventListener("focusin", (event) => this.onFocus(event));
        this.follow();
    }

    get length() {
        return this.indices ? this.indices.length : this.spans.count;
    }

    spanAt(place) {
        return this.indices ? this.indices[place] : place;
    }

    /** Where the span stands in the whole table; -1 if the search leaves it out. */
    placeOf(span) {
        if (!this.indices) {
            return span;
        }
        const found = placeOf(this.indices, span);
        return this.indices[found] === span ? found : -1;
    }

    step(pages, pressed, other) {
        this.turn(this.page + pages);
        // What is disabled loses the focus.
        if (pressed.disabled) {
            other.focus();
        }
    }

    turn(page) {
        cancelAnimationFrame(this.frame);
        this.frame = 0;
        const { length } = this;
        const last = Math.max(0, Math.ceil(length / PAGE) - 1);
        this.page = Math.min(Math.max(0, page), last);
        const first = this.page * PAGE;
        const end = Math.min(length, first + PAGE);
        const rows = [];
        for (let i = first; i < end; i++) {
            rows.push(this.makeRow(this.spanAt(i)));
        }
        const hadFocus = holdsFocus(this.body);
        this.body.replaceChildren(...rows);
        this.label.textContent = length
            ? fill(this.messages.page, {
                  first: thousands(first + 1),
                  last: thousands(end),
                  total: thousands(length),
              })
            : this.messages.no_match;
        this.previous.disabled = this.page === 0;
        this.following.disabled = this.page === last;
        this.mark();
        if (hadFocus) {
            this.body.querySelector("[tabindex='0']")?.focus({ preventScroll: true });
        }
    }

    makeRow(span) {
        const { spans, messages } = this;
        const kind = spans.kinds[spans.kind[span]];
        const name = element("th", "djsp-name", ...breakable(shortName(kind.name)));
        name.scope = "row";
        name.title = kind.name;
        const depth = spans.depth[span];
        name.classList.add(`djsp-depth-${Math.min(DEEPEST, depth)}`);
        if (spans.raised[span]) {
            const type = spans.exceptions.get(span);
            const error = element("span", "djsp-error", "! ", ...breakable(shortName(type)));
            error.title = type;
            name.append(" ", error);
        }
        const level = fill(messages.level, { level: depth + 1 });
        const seen = depth > DEEPEST ? "djsp-muted" : "djsp-unseen";
        name.append(" ", element("span", `djsp-level ${seen}`, level));
        const sender = element("td", "djsp-sender", ...breakable(shortName(kind.sender)));
        sender.title = kind.sender;
        const where = element("td", "djsp-where");
        if (kind.path) {
            where.append(placeLink(this.editor, kind.path, kind.line));
        }
        const row = element(
            "tr",
            kind.isSend ? "djsp-row djsp-send" : "djsp-row djsp-call",
            name,
            element("td", "djsp-what", kindName(kind, messages)),
            sender,
            where,
            element("td", "djsp-number djsp-start", duration(spans.start[span])),
            element("td", "djsp-number", duration(spans.end[span] - spans.start[span])),
            element("td", "djsp-number", duration(spans.self[span])),
        );
        row.dataset.djspSpan = span;
        row.tabIndex = -1;
        return row;
    }

    /** @param {number} span  -1: none. */
    select(span) {
        this.selected = span;
        const page = this.pageOf(span);
        if (page >= 0 && (page !== this.page || this.frame)) {
            this.turn(page);
        } else {
            this.mark();
        }
    }

    /** The page that the span is on; -1 if there is none. */
    pageOf(span) {
        return span < 0 ? -1 : Math.floor(this.placeOf(span) / PAGE);
    }

    /** Marks the selected row, and lets Tab reach one row: that one, or else the first. */
    mark() {
        for (const row of this.body.querySelectorAll("[aria-current], [tabindex='0']")) {
            row.removeAttribute("aria-current");
            row.tabIndex = -1;
        }
        const row = this.row(this.selected);
        row?.setAttribute("aria-current", "true");
        const entry = row ?? this.body.firstElementChild;
        if (entry) {
            entry.tabIndex = 0;
        }
    }

    row(span) {
        return this.body.querySelector(`[data-djsp-span="${span}"]`);
    }

    /** @param {Uint32Array | null} indices */
    filter(indices) {
        if (indices !== this.indices) {
            this.indices = indices;
            this.follow();
        }
    }

    /** Has the rows come once the chart is painted: to lay them out takes several times as long as to draw it. */
    follow() {
        cancelAnimationFrame(this.frame);
        this.frame = requestAnimationFrame(() => {
            this.frame = requestAnimationFrame(() => this.turn(this.pageOf(this.selected)));
        });
    }

    onClick(event) {
        const row = event.target.closest("[data-djsp-span]");
        if (row && !event.target.closest("a, button") && !this.isDrag(event)) {
            this.on.select(Number(row.dataset.djspSpan));
        }
    }

    /** Brings what the keyboard has come to out from beneath the details, which stay in sight. */
    onFocus({ target }) {
        // With a pointer, what is pointed at must not move away.
        if (target.matches(":focus-visible")) {
            target.style.scrollMarginTop = `${this.detail.offsetHeight}px`;
            target.scrollIntoView({ block: "nearest" });
        }
    }

    onKey(event) {
        const row = event.target;
        const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
        if (!row.matches("[data-djsp-span]") || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        const span = Number(row.dataset.djspSpan);
        if (event.key in steps || event.key === "Home" || event.key === "End") {
            const last = this.length - 1;
            const ends = { Home: 0, End: last };
            const place = ends[event.key] ?? this.placeOf(span) + steps[event.key];
            const chosen = this.spanAt(Math.min(Math.max(0, place), last));
            this.on.select(chosen);
            this.row(chosen).focus();
        } else if (event.key === "Enter") {
            this.on.open(span);
        } else {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
    }
}
