/** A table that the server has rendered: it is sorted, filtered and walked through here. */

import { button, dragsIn, element } from "./elements.js";
import { holdsInText } from "./filter.js";
import { isNumeric, ownerOf, owns, sorted } from "./rows.js";

export class Sheet {
    /**
     * @param {string} name  Of its tab.
     * @param {HTMLElement} section
     * @param {Record<string, string>} messages
     * @param {Map<string, import("./rows.js").Order>} sorts  How tables were sorted by the reader.
     */
    constructor(name, section, messages, sorts) {
        this.name = name;
        this.section = section;
        this.messages = messages;
        this.sorts = sorts;
        this.spans = null;
        this.chosen = null;
        this.rows = [...section.querySelectorAll("tbody > .djsp-row")];
        /** Those that spans belong to, once these are there. */
        this.choosable = [];
        /** How many rows the filter leaves, and how many there are. */
        this.counts = { count: this.rows.length, total: this.rows.length };
        /** @type {Map<HTMLElement, import("./rows.js").Owner>} */
        this.owners = new Map();
        this.isDrag = dragsIn(section);
        section.addEventListener("click", (event) => this.onClick(event));
        section.addEventListener("keydown", (event) => this.onKey(event));
        this.offerSorting();
        this.tables = [...section.querySelectorAll("table")];
        for (const [place, table] of this.tables.entries()) {
            const order = sorts.get(`${name} ${place}`);
            if (order) {
                this.sort(table, order);
            }
        }
    }

    /**
     * Lets rows be chosen, filtered and found by their spans, which are fetched apart from the sheet.
     *
     * @param {import("./spans.js").Spans} spans
     * @param {(choice: import("./rows.js").Choice, row: HTMLElement) => void} chosen
     */
    connect(spans, chosen) {
        this.spans = spans;
        this.chosen = chosen;
        for (const row of this.rows) {
            this.owners.set(row, ownerOf(spans, choiceOf(row)));
        }
        this.choosable = this.rows.filter((row) => row.dataset.djspKinds || row.dataset.djspSpans);
        for (const row of this.choosable) {
            row.title = this.messages.show_spans;
        }
        this.offerEntry();
    }

    /**
     * @param {import("./filter.js").Term[]} terms
     * @param {((owner: import("./rows.js").Owner) => boolean) | null} matches  Null: no filter.
     */
    filter(terms, matches) {
        let count = 0;
        const holds = (row) => holdsInText(terms, textOf(row), placesOf(row));
        for (const row of this.rows) {
            const owner = this.owners.get(row);
            const isShown = !matches || (owner.isEmpty ? holds(row) : matches(owner));
            row.hidden = !isShown;
            count += isShown ? 1 : 0;
        }
        for (const table of this.tables) {
            this.tellIfEmpty(table);
        }
        this.offerEntry();
        this.counts = { count, total: this.rows.length };
    }

    tellIfEmpty(table) {
        table.querySelector(".djsp-none")?.remove();
        const own = this.rows.filter((row) => table.contains(row));
        if (own.length && own.every((row) => row.hidden)) {
            const cell = element("td", "", this.messages.no_row);
            cell.colSpan = table.tHead.rows[0].cells.length;
            table.tBodies[0].append(element("tr", "djsp-none", cell));
        }
    }

    /** Marks the row of the span; the one that stands for the fewest where there are several. */
    mark(span) {
        for (const row of this.section.querySelectorAll("tr[aria-current]")) {
            row.removeAttribute("aria-current");
        }
        if (span >= 0) {
            // Where only sends have rows, a call is found by its send.
            const { kind, kinds, parent } = this.spans;
            const send = kinds[kind[span]].isSend ? -1 : parent[span];
            const row = this.rowOf(span) ?? (send >= 0 ? this.rowOf(send) : null);
            row?.setAttribute("aria-current", "true");
        }
        this.offerEntry();
    }

    rowOf(span) {
        let found = null;
        let least = Number.POSITIVE_INFINITY;
        for (const [row, owner] of this.owners) {
            const size = sizeOf(owner);
            if (size < least && owns(this.spans, owner, span)) {
                found = row;
                least = size;
            }
        }
        return found;
    }

    get current() {
        return this.section.querySelector("tr[aria-current]");
    }

    /** Brings the marked row into sight. */
    reveal() {
        this.current?.scrollIntoView({ block: "nearest" });
    }

    /** Tab reaches one row: the marked one, or else the first. */
    offerEntry() {
        const shown = this.choosable.filter((row) => !row.hidden);
        const entry = shown.find((row) => row.hasAttribute("aria-current")) ?? shown[0];
        for (const row of this.choosable) {
            row.tabIndex = row === entry ? 0 : -1;
        }
    }

    onClick(event) {
        const heading = event.target.closest("[data-djsp-do=sort]")?.closest("th");
        if (heading) {
            this.toggleSort(heading);
            return;
        }
        const row = event.target.closest("tbody > tr");
        const control = event.target.closest("a, button, summary, input, select, pre");
        if (row && !control && !this.isDrag(event)) {
            this.choose(row);
        }
    }

    choose(row) {
        if (this.choosable.includes(row)) {
            this.chosen(choiceOf(row), row);
        }
    }

    onKey(event) {
        const row = event.target;
        if (!this.choosable.includes(row) || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        const shown = this.choosable.filter((each) => !each.hidden);
        shown.sort((a, b) =>
            a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1,
        );
        const at = shown.indexOf(row);
        const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
        const ends = { Home: 0, End: shown.length - 1 };
        if (event.key in steps || event.key in ends) {
            const place = ends[event.key] ?? at + steps[event.key];
            const next = shown[Math.min(Math.max(0, place), shown.length - 1)];
            row.tabIndex = -1;
            next.tabIndex = 0;
            next.focus();
        } else if (event.key === "Enter" || event.key === " ") {
            this.choose(row);
        } else {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
    }

    offerSorting() {
        for (const heading of this.section.querySelectorAll("th[aria-sort]")) {
            const made = button("", heading.textContent);
            made.dataset.djspDo = "sort";
            heading.replaceChildren(made);
        }
    }

    toggleSort(heading) {
        const table = heading.closest("table");
        const column = heading.cellIndex;
        const now = { ascending: 1, descending: -1 }[heading.getAttribute("aria-sort")];
        const values = [...table.tBodies[0].rows].map((row) => valueIn(row.cells[column]));
        // What costs most is looked for first.
        const first = isNumeric(values) ? -1 : 1;
        this.sort(table, { column, direction: now ? -now : first });
    }

    /**
     * @param {HTMLTableElement} table
     * @param {import("./rows.js").Order} order
     */
    sort(table, { column, direction }) {
        const sortable = [...table.tHead.querySelectorAll("[aria-sort]")];
        const heading = sortable.find((each) => each.cellIndex === column);
        if (!heading) {
            return;
        }
        for (const each of sortable) {
            each.setAttribute("aria-sort", "none");
        }
        heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
        this.sorts.set(`${this.name} ${this.tables.indexOf(table)}`, { column, direction });
        const [body] = table.tBodies;
        const rows = this.rows.filter((row) => row.parentElement === body);
        const values = rows.map((row) => valueIn(row.cells[column]));
        body.append(...sorted(values, direction).map((place) => rows[place]));
    }
}

/** @returns {import("./rows.js").Choice} */
export function choiceOf(element) {
    const { djspLabel, djspKinds, djspSpans } = element.dataset;
    const name = ["th [title]", "th", ".djsp-claim"]
        .map((part) => element.querySelector(part))
        .find(Boolean);
    return { label: djspLabel ?? name.textContent.trim(), kinds: djspKinds, spans: djspSpans };
}

function sizeOf({ kinds, ranges }) {
    let size = 0;
    for (let r = 0; r < ranges.length; r += 2) {
        size += ranges[r + 1] - ranges[r] + 1;
    }
    // Of rows with the same spans to choose from, the one of fewer kinds.
    return kinds ? size + kinds.reduce((total, kind) => total + kind, 0) / kinds.length : size + 1;
}

/** What a row says, its names in full. */
function textOf(row) {
    return `${row.textContent}\n${titlesOf(row, "[title]:not(.djsp-place)")}`;
}

function placesOf(row) {
    return titlesOf(row, ".djsp-place");
}

function titlesOf(row, selector) {
    return Array.from(row.querySelectorAll(selector), ({ title }) => title).join("\n");
}

function valueIn(cell) {
    return cell?.dataset.djspValue ?? cell?.textContent.trim() ?? "";
}
