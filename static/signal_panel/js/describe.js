/** What is said about one span: in the tooltip, in the detail pane, and aloud. */

import { placeLink } from "./editor.js";
import { button, element } from "./elements.js";
import { duration, fill, shortPath, thousands } from "./format.js";
import { sourceButton } from "./source.js";
import { IN_TRANSACTION, ON_COMMIT } from "./spans.js";
import { describeOutside, describeQueries } from "./statements.js";

/**
 * @param {import("./spans.js").Kind} kind
 * @param {Record<string, string>} messages
 */
export function kindName(kind, messages) {
    if (kind.isSend) {
        return kind.method;
    }
    return kind.isAsync ? messages.async_receiver : messages.receiver;
}

/** @param {import("./spans.js").Kind | import("./spans.js").Place} kind */
export function place(kind) {
    return kind.path ? `${shortPath(kind.path)}:${kind.line}` : "";
}

function times(spans, span, messages) {
    return fill(messages.times, {
        time: duration(spans.end[span] - spans.start[span]),
        self: duration(spans.self[span]),
    });
}

/** The send that a span is, or that called it. */
function sendOf(spans, span) {
    const own = spans.kinds[spans.kind[span]];
    return own.isSend ? own : spans.kinds[spans.kind[spans.parent[span]]];
}

/**
 * @param {import("./spans.js").Spans} spans
 * @param {number} span
 * @param {Record<string, string>} messages
 */
export function spoken(spans, span, messages) {
    const kind = spans.kinds[spans.kind[span]];
    const parent = spans.parent[span];
    const said = [kind.label, kindName(kind, messages)];
    if (parent >= 0) {
        said.push(fill(messages.in_span, { name: spans.kinds[spans.kind[parent]].label }));
    }
    said.push(times(spans, span, messages));
    if (spans.raised[span]) {
        said.push(`${messages.raised} ${spans.exceptions.get(span)}`);
    }
    return said.join(", ");
}

/**
 * @param {import("./spans.js").Spans} spans
 * @param {number} span
 * @param {number} more  How many others share its place.
 * @param {Record<string, string>} messages
 */
export function tooltip(spans, span, more, messages) {
    const kind = spans.kinds[spans.kind[span]];
    const send = sendOf(spans, span);
    const lines = [
        element(
            "p",
            "djsp-tip-name",
            element("strong", "", kind.name),
            " ",
            element("span", "djsp-kind", kindName(kind, messages)),
        ),
        element("p", "", times(spans, span, messages)),
    ];
    if (spans.raised[span]) {
        lines.push(element("p", "djsp-error", `! ${spans.exceptions.get(span)}`));
    }
    if (send.sender) {
        lines.push(element("p", "", `${messages.sender} ${send.sender}`));
    }
    if (send.path) {
        const through = send.through ? ` ${messages.through} ${place(send.through)}` : "";
        lines.push(element("p", "", `${messages.sent_from} ${place(send)}${through}`));
    }
    if (more > 0) {
        lines.push(element("p", "djsp-muted", fill(messages.more, { count: thousands(more) })));
    }
    return lines;
}

/**
 * What a phase's bar says: "view shop.views.checkout".
 *
 * @param {import("./spans.js").Phase} phase
 * @param {Record<string, string>} messages
 */
export function phaseLabel({ name, label }, messages) {
    return `${messages[`phase_${name}`] ?? name} ${label}`.trim();
}

/**
 * How long a phase took, and how much of the request that is, which the toolbar's own work is no part of.
 *
 * @param {import("./spans.js").Phase[]} phases
 * @param {import("./spans.js").Phase} phase
 * @param {Record<string, string>} messages
 */
export function phaseTimes(phases, { name, start, end }, messages) {
    const time = duration(end - start);
    if (name === "toolbar") {
        return fill(messages.toolbar_time, { time });
    }
    const request = phases
        .filter((phase) => phase.name !== "toolbar")
        .reduce((total, phase) => total + phase.end - phase.start, 0);
    const share = Math.round((100 * (end - start)) / Math.max(1, request));
    return fill(messages.phase_time, { time, share: `${share} %` });
}

/**
 * @param {import("./spans.js").Phase[]} phases
 * @param {import("./spans.js").Phase} phase
 * @param {Record<string, string>} messages
 */
export function phaseTooltip(phases, phase, messages) {
    return [
        element("p", "djsp-tip-name", element("strong", "", phaseLabel(phase, messages))),
        element("p", "", phaseTimes(phases, phase, messages)),
    ];
}

/**
 * @param {import("./spans.js").Spans} spans
 * @param {number} span
 * @param {Record<string, string>} messages
 * @param {import("./editor.js").Editor} editor
 * @param {(span: number) => void} select
 */
export function details(spans, span, messages, editor, select) {
    const kind = spans.kinds[spans.kind[span]];
    const send = sendOf(spans, span);
    const parent = spans.parent[span];
    const facts = [];
    const fact = (name, ...value) => facts.push([name, value]);
    const linkTo = ({ path, line }) => placeLink(editor, path, line);

    const title = element(
        "p",
        "djsp-detail-title",
        element("strong", "djsp-detail-name", kind.name),
        element("span", "djsp-kind", kindName(kind, messages)),
    );
    if (!kind.isSend && kind.path) {
        title.append(linkTo(kind), sourceButton(kind.receiver, messages));
    }
    title.append(element("span", "djsp-detail-times", times(spans, span, messages)));

    if (spans.raised[span]) {
        const type = element("span", "djsp-error", `! ${spans.exceptions.get(span)}`);
        fact(messages.raised, type);
    }
    if (parent >= 0) {
        const above = spans.kinds[spans.kind[parent]];
        const link = button("djsp-link", above.name, () => select(parent));
        fact(
            kind.isSend ? messages.sent_in : messages.called_by,
            link,
            above.isSend ? `, ${above.method}` : "",
        );
    }
    if (send.path) {
        fact(messages.sent_from, linkTo(send), inFunction(send, messages));
    }
    if (send.through) {
        fact(messages.through, linkTo(send.through), inFunction(send.through, messages));
    }
    if (send.sender) {
        fact(messages.sender, send.sender);
    }
    if (spans.busy.has(span)) {
        const busy = spans.busy.get(span);
        const waited = spans.end[span] - spans.start[span] - busy;
        fact(
            messages.busy,
            fill(messages.busy_times, { busy: duration(busy), waited: duration(waited) }),
        );
    }
    if (spans.hops.has(span)) {
        fact(messages.hops, duration(spans.hops.get(span)));
    }
    const flags = spans.flags[span];
    if (flags) {
        const where = [
            flags & IN_TRANSACTION ? messages.in_transaction : "",
            flags & ON_COMMIT ? messages.on_commit : "",
        ];
        fact(messages.started, where.filter(Boolean).join(", "));
    }
    if (spans.again.has(span)) {
        const first = spans.again.get(span);
        fact(
            messages.again,
            button("djsp-link", messages.first_send, () => select(first)),
        );
    }
    const count = thousands(spans.children[span]);
    fact(kind.isSend ? messages.receivers_called : messages.sends_inside, count);
    if (spans.skipped.has(span)) {
        fact(messages.skipped, ...listOf(spans.skipped.get(span), linkTo));
    }

    const list = element("dl", "djsp-facts");
    for (const [name, value] of facts) {
        list.append(element("div", "", element("dt", "", name), " ", element("dd", "", ...value)));
    }
    return [title, list, ...describeQueries(spans, span, messages)];
}

/**
 * What the details say while no span is chosen.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {Record<string, string>} messages
 */
export function noDetails(spans, messages) {
    const hint = element("p", "djsp-muted", messages.nothing_selected);
    return [...(spans.count ? [hint] : []), ...describeOutside(spans, messages)];
}

function inFunction({ inside }, messages) {
    return inside ? ` ${fill(messages.in_function, { name: inside })}` : "";
}

/** Receivers with their places, commas between. */
function listOf(kinds, linkTo) {
    return kinds.flatMap((kind, i) => [
        i ? ", " : "",
        kind.name,
        ...(kind.path ? [" ", linkTo(kind)] : []),
    ]);
}
