/**
 * A recording's JSON columns as typed arrays, one entry a span, ordered by start.
 *
 * @typedef {object} Kind  What spans have in common: one kind of send, or one receiver.
 * @property {boolean} isSend
 * @property {number} [receiver]  A receiver's index among the recording's receivers.
 * @property {string} name  The signal's or the receiver's dotted name.
 * @property {string} label  What a bar says.
 * @property {string} app  The first part of the name.
 * @property {string} sender  Of a send, else "".
 * @property {string} method  Of a send, else "".
 * @property {string} path  A send's site, or where a receiver is defined; "" if unknown.
 * @property {number} line
 * @property {string} inside  The function a send's site is in, else "".
 * @property {Place | null} through  The package's line that sent on behalf of the site, if one did.
 * @property {boolean} isAsync
 *
 * @typedef {{path: string, line: number, inside: string}} Place
 *
 * @typedef {object} Phase
 * @property {string} name
 * @property {string} label
 * @property {number} start
 * @property {number} end
 *
 * @typedef {object} Spans
 * @property {number} count
 * @property {number} total  Nanoseconds on the time axis.
 * @property {Float64Array} start
 * @property {Float64Array} end
 * @property {Float64Array} self
 * @property {Int32Array} parent  -1: none.
 * @property {Int32Array} depth
 * @property {Int32Array} children  How many spans are directly inside.
 * @property {Int32Array} kind  Index into `kinds`.
 * @property {Kind[]} kinds  First those of sends.
 * @property {number} sendKinds  How many of them are of sends.
 * @property {Uint8Array} raised  1 where the span raised.
 * @property {Map<number, string>} exceptions  The raised type's dotted name.
 * @property {Map<number, number>} busy  The time in which an async receiver ran; the rest it waited.
 * @property {Map<number, number>} hops  The time a send spent on the way to another thread and back.
 * @property {Uint8Array} flags  IN_TRANSACTION and ON_COMMIT, added up.
 * @property {Map<number, number>} again  The first send like this one for the same instance.
 * @property {Map<number, Kind[]>} skipped  Receivers that did not run, since one before them raised.
 * @property {import("./queries.js").Queries} queries
 * @property {Int32Array} queryCounts  How many queries each span has of its own.
 * @property {Phase[]} phases
 */

import { shortName } from "./format.js";
import { countBySpan, decodeQueries } from "./queries.js";

export const IN_TRANSACTION = 1;
export const ON_COMMIT = 2;

const METHODS = ["send", "send_robust", "asend", "asend_robust"];

/** @returns {Spans} */
export function decode(recording) {
    const count = recording.start.length;
    const start = new Float64Array(count);
    const end = new Float64Array(count);
    const parent = new Int32Array(count);
    const depth = new Int32Array(count);
    const children = new Int32Array(count);
    const kind = new Int32Array(count);
    const sends = recording.sends.length;

    let clock = 0;
    let total = Math.max(1, recording.duration);
    for (let i = 0; i < count; i++) {
        clock += recording.start[i];
        start[i] = clock;
        end[i] = clock + recording.time[i];
        // A sibling left running by a failed asend may outlive the request.
        total = Math.max(total, end[i]);
        const [code, levels] = recording.shapes[recording.shape[i]];
        kind[i] = kindOf(code, sends);
        let above = levels < 0 ? i + levels : i - 1;
        for (let level = 0; level < levels && above >= 0; level++) {
            above = parent[above];
        }
        parent[i] = above;
        if (above >= 0) {
            depth[i] = depth[above] + 1;
            children[above]++;
        }
    }

    const raised = new Uint8Array(count);
    const exceptions = new Map();
    for (const [span, type] of recording.exceptions) {
        raised[span] = 1;
        exceptions.set(span, recording.strings[type]);
    }
    const kinds = readKinds(recording);
    const queries = decodeQueries(recording);
    return {
        count,
        total,
        start,
        end,
        self: selfTimes(start, end, parent),
        parent,
        depth,
        children,
        kind,
        kinds,
        sendKinds: sends,
        raised,
        exceptions,
        busy: new Map(recording.busy),
        hops: new Map(recording.hops),
        flags: flagsOf(recording.within, count),
        again: new Map(recording.again),
        skipped: new Map(
            recording.skipped.map(([span, receivers]) => [
                span,
                receivers.map((receiver) => kinds[sends + receiver]),
            ]),
        ),
        queries,
        queryCounts: countBySpan(queries, count),
        phases: recording.phases.map(([name, label, from, time]) => ({
            name,
            label,
            start: from,
            end: from + time,
        })),
    };
}

/**
 * The phase at a time, give or take half of `reach`: the shortest where there are several, as it is the
 * hardest to hit. Undefined where there is none.
 *
 * @param {Phase[]} phases
 * @param {number} time
 * @param {number} reach
 */
export function phaseAt(phases, time, reach) {
    return phases
        .filter(({ start, end }) => start <= time + reach / 2 && end >= time - reach / 2)
        .sort((a, b) => a.end - a.start - (b.end - b.start))[0];
}

/** The index into `kinds` of what the recording, and the rows of tables, call a kind: below 0 a receiver. */
export function kindOf(code, sends) {
    return code >= 0 ? code : sends - 1 - code;
}

function flagsOf(runs, count) {
    const flags = new Uint8Array(count);
    for (const [from, value] of runs) {
        flags.fill(value, from);
    }
    return flags;
}

/** A span's time less the time covered by spans inside it; where those overlap, counted once. */
function selfTimes(start, end, parent) {
    const self = new Float64Array(start.length);
    const covered = Float64Array.from(start);
    for (let i = 0; i < start.length; i++) {
        self[i] += end[i] - start[i];
        const above = parent[i];
        if (above >= 0) {
            const until = Math.min(end[i], end[above]);
            const from = Math.max(start[i], covered[above]);
            if (until > from) {
                self[above] -= until - from;
                covered[above] = until;
            }
        }
    }
    return self;
}

/** @returns {Kind[]} */
function readKinds({ strings, sends, receivers }) {
    const text = (index) => (index < 0 ? "" : strings[index]);
    return [
        ...sends.map(([signal, sender, method, path, line, inside, ...through]) => {
            const name = text(signal);
            const [throughPath, throughLine, throughInside] = through;
            return {
                isSend: true,
                name,
                label: `${shortName(name)} ${shortName(text(sender))}`.trim(),
                app: name.split(".")[0],
                sender: text(sender),
                method: METHODS[method],
                path: text(path),
                line,
                inside: text(inside),
                through:
                    throughPath >= 0
                        ? {
                              path: text(throughPath),
                              line: throughLine,
                              inside: text(throughInside),
                          }
                        : null,
                isAsync: method >= 2,
            };
        }),
        ...receivers.map(([receiver, path, line, isAsync], index) => {
            const name = text(receiver);
            return {
                isSend: false,
                receiver: index,
                name,
                label: shortName(name),
                app: name.split(".")[0],
                sender: "",
                method: "",
                path: text(path),
                line,
                inside: "",
                through: null,
                isAsync: isAsync === 1,
            };
        }),
    ];
}

/**
 * The first span directly inside this one, or -1.
 *
 * @param {Spans} spans
 * @param {number} index
 */
export function firstChild(spans, index) {
    return spans.children[index] ? spans.parent.indexOf(index, index + 1) : -1;
}

/**
 * The next (or, backwards, the previous) span at the same depth, or -1.
 *
 * @param {Spans} spans
 * @param {number} index
 * @param {1 | -1} direction
 */
export function neighbour(spans, index, direction) {
    const depth = spans.depth[index];
    return direction > 0
        ? spans.depth.indexOf(depth, index + 1)
        : index > 0
          ? spans.depth.lastIndexOf(depth, index - 1)
          : -1;
}
