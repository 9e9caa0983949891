/** The box that the filter is typed into, with what is said beside it. */

import { parse } from "./filter.js";
import { fill, thousands } from "./format.js";
import { positionOf } from "./matches.js";

export class FilterBox {
    /**
     * @param {HTMLElement} root
     * @param {Record<string, string>} messages
     * @param {(terms: import("./filter.js").Term[]) => void} change
     */
    constructor(root, messages, change) {
        const form = root.querySelector(".djsp-search");
        this.messages = messages;
        this.change = change;
        this.input = form.querySelector(".djsp-query");
        this.position = form.querySelector(".djsp-position");
        this.count = form.querySelector(".djsp-count");
        this.problem = form.querySelector(".djsp-problem");
        form.addEventListener("submit", (event) => event.preventDefault());
        this.input.addEventListener("input", () => {
            this.read();
            this.warn(this.finished);
        });
        this.input.addEventListener("blur", () => this.warn());
        // The page must not take what is typed here for a shortcut.
        this.input.addEventListener("keypress", (event) => event.stopPropagation());
    }

    /** @param {string} query */
    write(query) {
        this.input.value = query;
        this.read();
        this.warn();
    }

    read() {
        this.change(parse(this.input.value).terms);
    }

    /** What is typed, without the word that the caret is at: it may be right once it is finished. */
    get finished() {
        const { value, selectionStart: caret } = this.input;
        return value.slice(0, caret).replace(/\S+$/, "") + value.slice(caret).replace(/^\S+/, "");
    }

    /** Tells what is wrong. */
    warn(query = this.input.value) {
        const told = parse(query).problems.map(({ name, values }) =>
            fill(this.messages[name], values),
        );
        this.problem.textContent = told.join(" ");
        this.input.setAttribute("aria-invalid", String(told.length > 0));
    }

    /** @param {{count: number, total: number} | null} rows  That are left of a table's; null: no filter. */
    tellRows(rows) {
        this.tell(
            rows
                ? fill(this.messages.rows, {
                      count: thousands(rows.count),
                      total: thousands(rows.total),
                  })
                : "",
        );
    }

    /**
     * @param {Uint32Array | undefined} indices  Of the matches; undefined: nothing is searched for.
     * @param {number} selected  The span whose position among them is told.
     */
    tellMatches(indices, selected) {
        if (!indices) {
            this.tell("");
            return;
        }
        const { messages } = this;
        const { length } = indices;
        const position = positionOf(indices, selected);
        this.tell(
            fill(messages[length === 1 ? "match" : "matches"], { count: thousands(length) }),
            position ? fill(messages.position, { position: thousands(position) }) : "",
        );
    }

    tell(count, position = "") {
        this.position.textContent = position;
        // It is read aloud when it changes: not with each span that is selected.
        if (this.count.textContent !== count) {
            this.count.textContent = count;
        }
    }
}
