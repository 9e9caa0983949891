/**
 * The spans that stand out since a row of a table, or a finding, was chosen; and the chip that says so.
 *
 * @typedef {import("./rows.js").Choice & {from: string}} Highlight  `from`: the tab, "" for a finding.
 */

import { fill, thousands } from "./format.js";
import { flagsOf, ownerOf } from "./rows.js";

export class Highlighter {
    /**
     * @param {HTMLElement} chip
     * @param {import("./spans.js").Spans} spans
     * @param {Record<string, string>} messages
     */
    constructor(chip, spans, messages) {
        this.chip = chip;
        this.text = chip.querySelector(".djsp-chip-text");
        this.back = chip.querySelector("[data-djsp-do=back]");
        this.spans = spans;
        this.messages = messages;
        /** @type {Highlight | null} */
        this.highlight = null;
        /** @type {Uint8Array | null} */
        this.flags = null;
        this.count = 0;
    }

    /**
     * @param {Highlight | null} highlight
     * @param {string} origin  What the way back is called.
     */
    show(highlight, origin = "") {
        this.highlight = highlight;
        this.flags = highlight && flagsOf(this.spans, ownerOf(this.spans, highlight));
        this.count = this.flags ? this.flags.reduce((total, flag) => total + flag, 0) : 0;
        this.chip.hidden = !highlight;
        if (highlight) {
            const spans = fill(this.messages[this.count === 1 ? "shown_span" : "shown_spans"], {
                count: thousands(this.count),
            });
            const text = this.messages[highlight.from ? "showing" : "showing_finding"];
            this.text.textContent = fill(text, { spans, label: highlight.label });
            this.text.title = highlight.label;
            this.back.textContent = `← ${origin}`;
        }
    }

    /** The longest of the spans shown, -1 if there is none: most often what was looked for. */
    get longest() {
        const { start, end } = this.spans;
        let found = -1;
        for (let i = 0; this.flags && i < this.flags.length; i++) {
            if (this.flags[i] && (found < 0 || end[i] - start[i] > end[found] - start[found])) {
                found = i;
            }
        }
        return found;
    }
}
