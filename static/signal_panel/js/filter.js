/**
 * The filter: which spans hold all of its terms. Terms are looked up in the few kinds of span first, so
 * that a million spans take a few passes over numbers and no look at a text. Pure.
 *
 * @typedef {object} Term
 * @property {string} key  "" for a plain word.
 * @property {boolean} negated
 * @property {string} text  What a text has to contain, in lower case.
 * @property {(value: number) => boolean} [holds]  Of a term on a number.
 *
 * @typedef {object} Problem  What is wrong with a term: a message's name, and what to fill it with.
 * @property {string} name
 * @property {Record<string, string>} values
 *
 * @typedef {object} Matches
 * @property {Uint8Array} flags  1 for each span found.
 * @property {Uint32Array} indices  The spans found, in order.
 */

import { shortPath } from "./format.js";

const UNITS = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9 };
const STATES = ["async", "unheard"];
const COMPARISONS = {
    ">": (a, b) => a > b,
    ">=": (a, b) => a >= b,
    "<": (a, b) => a < b,
    "<=": (a, b) => a <= b,
};

/** What may stand before a colon, each with how the rest is read. */
const READERS = {
    receiver: readText,
    signal: readText,
    sender: readText,
    site: readText,
    duration: readDuration,
    self: readDuration,
    sql: readCount,
    raised: readText,
    is: readState,
};

export const KEYS = Object.keys(READERS);

/**
 * The terms of a query. Those that make no sense are left out, and told.
 *
 * @param {string} query
 * @returns {{terms: Term[], problems: Problem[]}}
 */
export function parse(query) {
    const terms = [];
    const problems = [];
    for (const word of query.toLowerCase().split(/\s+/)) {
        const negated = word.startsWith("-");
        const bare = negated ? word.slice(1) : word;
        // Only letters make a key: "views.py:41" is a word, and so is the path "c:/shop/views.py".
        const [, key, rest] = /^(?![a-z]:[\\/])([a-z_]+):(.*)$/.exec(bare) ?? [];
        if (!bare) {
            continue;
        }
        if (key === undefined) {
            terms.push({ key: "", negated, ...readText(bare) });
            continue;
        }
        const read = Object.hasOwn(READERS, key)
            ? READERS[key](rest)
            : { problem: "filter_unknown_key" };
        if (read.problem) {
            problems.push({ name: read.problem, values: { key, value: rest } });
        } else {
            terms.push({ key, negated, ...read });
        }
    }
    return { terms, problems };
}

function readText(text) {
    return { text: slashed(text) };
}

/** Windows' paths are compared as all others. */
function slashed(text) {
    return text.replaceAll("\\", "/");
}

function readDuration(text) {
    const [, operator, number, unit] = /^([<>]=?)(\d+(?:\.\d*)?|\.\d+)([a-zµμ]+)$/.exec(text) ?? [];
    if (!operator || !Object.hasOwn(UNITS, unit)) {
        return { problem: "filter_duration" };
    }
    const bound = Number(number) * UNITS[unit];
    return { text, holds: (value) => COMPARISONS[operator](value, bound) };
}

function readCount(text) {
    const [, operator, number] = /^([<>]=?)?(\d+)$/.exec(text) ?? [];
    if (number === undefined) {
        return { problem: "filter_count" };
    }
    const bound = Number(number);
    const compare = COMPARISONS[operator] ?? ((a, b) => a === b);
    return { text, holds: (value) => compare(value, bound) };
}

function readState(text) {
    return STATES.includes(text) ? { text } : { problem: "filter_state" };
}

/**
 * The spans that hold all terms, or null where there is no term.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {Term[]} terms
 * @returns {Matches | null}
 */
export function find(spans, terms) {
    if (!terms.length) {
        return null;
    }
    const flags = new Uint8Array(spans.count).fill(1);
    for (const term of terms) {
        sieveOf(spans, term)(flags, term.negated ? 1 : 0);
    }
    return { flags, indices: indicesOf(flags) };
}

/** @param {Uint8Array} flags */
export function indicesOf(flags) {
    const indices = new Uint32Array(flags.length);
    let count = 0;
    for (let i = 0; i < flags.length; i++) {
        // Without a branch, which would mostly be guessed wrong: half of the time.
        indices[count] = i;
        count += flags[i];
    }
    return indices.slice(0, count);
}

/**
 * What leaves the flags of those spans alone that hold a term, or where 1 is unwanted of the others.
 *
 * @returns {(flags: Uint8Array, unwanted: 0 | 1) => void}
 */
function sieveOf(spans, { key, text, holds }) {
    const { kind, kinds, start, end, self, parent, children, queryCounts } = spans;
    const ofSpan = (test) => (flags, unwanted) => {
        for (let i = 0; i < flags.length; i++) {
            flags[i] &= test(i) ^ unwanted;
        }
    };
    // A loop of its own, as most filters are of this sort: 6 ms for a million spans in place of 10 to 14.
    const ofKind = (test) => {
        const found = Uint8Array.from(kinds, (each) => (test(each) ? 1 : 0));
        return (flags, unwanted) => {
            for (let i = 0; i < flags.length; i++) {
                flags[i] &= found[kind[i]] ^ unwanted;
            }
        };
    };
    // What is said of a send holds for the calls that it made, too.
    const ofSend = (test) => {
        const found = Uint8Array.from(kinds, (each) => (each.isSend && test(each) ? 1 : 0));
        return ofSpan((i) => {
            const send = kinds[kind[i]].isSend ? i : parent[i];
            return send < 0 ? 0 : found[kind[send]];
        });
    };
    const sieves = {
        "": () => ofKind((each) => contains(wordsOf(each, text), text)),
        receiver: () => ofKind((each) => !each.isSend && contains(each.name, text)),
        signal: () => ofSend((each) => contains(each.name, text)),
        sender: () => ofSend((each) => contains(each.sender, text)),
        site: () => ofSend((each) => sitesOf(each).some((site) => contains(site, text))),
        duration: () => ofSpan((i) => (holds(end[i] - start[i]) ? 1 : 0)),
        self: () => ofSpan((i) => (holds(self[i]) ? 1 : 0)),
        sql: () => ofSpan((i) => (holds(queryCounts[i]) ? 1 : 0)),
        raised: () => ofSpan(raisedTest(spans, text)),
        is: () =>
            text === "async"
                ? ofKind((each) => each.isAsync)
                : ofSpan((i) => (kinds[kind[i]].isSend && children[i] === 0 ? 1 : 0)),
    };
    return sieves[key]();
}

function contains(name, text) {
    return slashed(name.toLowerCase()).includes(text);
}

/** The line that sent, and that of a package in between. */
function sitesOf({ path, line, through }) {
    return [{ path, line }, through]
        .filter((site) => site?.path)
        .map((site) => `${site.path}:${site.line}`);
}

/**
 * What a word is looked for in: a path in whole ones, any other not in the folders that all of them are in.
 *
 * @param {import("./spans.js").Kind} kind
 * @param {string} text
 */
function wordsOf(kind, text) {
    const places = isPath(text)
        ? sitesOf(kind)
        : [kind.path && `${shortPath(kind.path)}:${kind.line}`];
    return [kind.name, kind.sender, ...places].join("\n");
}

function isPath(text) {
    return text.includes("/");
}

function raisedTest({ count, exceptions }, text) {
    const found = new Uint8Array(count);
    for (const [span, type] of exceptions) {
        found[span] = contains(type, text) ? 1 : 0;
    }
    return (i) => found[i];
}

/**
 * Whether a row that no span belongs to holds all terms: only texts can be looked for in its own.
 *
 * @param {Term[]} terms
 * @param {string} rowText
 * @param {string} places  Whole ones.
 */
export function holdsInText(terms, rowText, places) {
    const textual = ["", "receiver", "signal", "sender", "site"];
    return terms.every(({ key, text, negated }) => {
        const holder = key === "site" || isPath(text) ? `${rowText}\n${places}` : rowText;
        return (textual.includes(key) && contains(holder, text)) !== negated;
    });
}
