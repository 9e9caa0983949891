/** What is said about queries: their sums, their texts, and one by itself. */

import { element } from "./elements.js";
import { duration, fill, thousands } from "./format.js";
import { outside, queriesOf, sum } from "./queries.js";

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
        parts.push(folded(queries, own, summed(queries, own, messages), messages));
    }
    if (inside.length) {
        const text = fill(messages.queries_inside, { queries: summed(queries, inside, messages) });
        parts.push(element("p", "djsp-queries-inside", text));
    }
    return parts;
}

/**
 * The queries that ran in no span, folded; nothing where there is none.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {Record<string, string>} messages
 * @returns {HTMLElement[]}
 */
export function describeOutside({ queries }, messages) {
    const some = outside(queries);
    if (!some.length) {
        return [];
    }
    const sums = fill(messages.queries_outside, { queries: summed(queries, some, messages) });
    return [folded(queries, some, sums, messages)];
}

function folded(queries, some, summary, messages) {
    const list = element("ol", "djsp-statements");
    for (const query of some.slice(0, LISTED)) {
        list.append(element("li", "", ...lineOf(queries, query, messages)));
    }
    const made = element("details", "djsp-queries", element("summary", "", summary), list);
    if (some.length > LISTED) {
        const more = fill(messages.more_queries, { count: thousands(some.length - LISTED) });
        made.append(element("p", "djsp-muted", more));
    }
    return made;
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
 * One query, as its tooltip has it and, where it ran in no span, the details.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {number} query
 * @param {number} more  How many others share its place.
 * @param {Record<string, string>} messages
 */
export function describeQuery(spans, query, more, messages) {
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
