/** The box that the filter is typed into, with what is said beside it. */

import { parse } from "./filter.js";
import { fill, thousands } from "./format.js";

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
        this.count = form.querySelector(".djsp-count");
        this.problem = root.querySelector(".djsp-problem");
        form.addEventListener("submit", (event) => event.preventDefault());
        this.input.addEventListener("input", () => this.read());
        // The page must not take what is typed here for a shortcut.
        this.input.addEventListener("keypress", (event) => event.stopPropagation());
    }

    /** @param {string} query */
    write(query) {
        this.input.value = query;
        this.read();
    }

    read() {
        const { terms, problems } = parse(this.input.value);
        const told = problems.map(({ name, values }) => fill(this.messages[name], values));
        this.problem.textContent = told.join(" ");
        this.input.setAttribute("aria-invalid", String(told.length > 0));
        this.change(terms);
    }

    /** @param {{count: number, total: number} | null} matches  Null: there is no filter. */
    tell(matches) {
        this.count.textContent = matches
            ? fill(this.messages.matches, {
                  count: thousands(matches.count),
                  total: thousands(matches.total),
              })
            : "";
    }
}
