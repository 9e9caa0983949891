/** What is said about queries: their sums, their texts, and the tooltip of one. */

import { element } from "./elements.js";
import { duration, fill, thousands } from "./format.js";
import { queriesOf, sum } from "./queries.js";

// More are better read in the toolbar's own SQL panel.
const LISTED = 20;

/** "3 queries, 1.20 ms, 2 of them asked before" */
function summed(queries, some, messages) {
    const { count, time, repeated } = sum(queries, some);
    const text = fill(messages[count === 1 ? "query" : "queries"], {
        count: thousands(count),
        time: duration(time),
    });
    return repeated ? `${text}, ${fill(messages.repeated, { count: thousands(repeated) })}` : text;
}

/**
 * A span's own queries, folded, and in a word those of all spans inside it; nothing where there is none.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {number} span
 * @param {Record<string, string>} messages
 * @returns {HTMLElement[]}
 */
export function describeQueries(spans, span, messages) {
    const { queries } = spans;
    const { own, inside } = queriesOf(spans, span);
    const parts = [];
    if (own.length) {
        const list = element("ol", "djsp-statements");
        for (const query of own.slice(0, LISTED)) {
            list.append(element("li", "", ...lineOf(queries, query, messages)));
        }
        const folded = element(
            "details",
            "djsp-queries",
            element("summary", "", summed(queries, own, messages)),
            list,
        );
        if (own.length > LISTED) {
            const more = fill(messages.more_queries, { count: thousands(own.length - LISTED) });
            folded.append(element("p", "djsp-muted", more));
        }
        parts.push(folded);
    }
    if (inside.length) {
        const text = fill(messages.queries_inside, { queries: summed(queries, inside, messages) });
        parts.push(element("p", "djsp-queries-inside", text));
    }
    return parts;
}

function lineOf(queries, query, messages) {
    const { sql, alias } = queries.statements[queries.statement[query]];
    const parts = [element("span", "djsp-query-time", duration(queries.time[query])), " "];
    if (alias !== "default") {
        parts.push(element("span", "djsp-kind", alias), " ");
    }
    if (queries.repeats[query] >= 0) {
        parts.push(element("span", "djsp-repeated", messages.asked_before), " ");
    }
    return [...parts, element("code", "djsp-sql", sql)];
}

/**
 * @param {import("./spans.js").Spans} spans
 * @param {number} query
 * @param {number} more  How many others share its place.
 * @param {Record<string, string>} messages
 */
export function queryTooltip(spans, query, more, messages) {
    const { queries, kinds, kind } = spans;
    const span = queries.span[query];
    const where =
        span < 0 ? messages.outside : fill(messages.in_span, { name: kinds[kind[span]].label });
    const lines = [
        element("p", "", ...lineOf(queries, query, messages)),
        element("p", "djsp-muted", where),
    ];
    if (more > 0) {
        lines.push(element("p", "djsp-muted", fill(messages.more, { count: thousands(more) })));
    }
    return lines;
}
