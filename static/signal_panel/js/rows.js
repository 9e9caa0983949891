/**
 * Which spans a row of a table, or a finding, stands for; and in which order rows stand. Pure.
 *
 * @typedef {object} Choice  As the page has it in attributes.
 * @property {string} label
 * @property {string} [kinds]  "3 -7": the numbers of kinds of send, below 0 of receivers.
 * @property {string} [spans]  "4 9-120": spans, from and to included.
 *
 * @typedef {object} Owner
 * @property {Uint8Array | null} kinds  1 for each kind of its; null: any.
 * @property {Int32Array} ranges  From and to, included, of each range of spans.
 * @property {boolean} isEmpty  No span is its.
 *
 * @typedef {{column: number, direction: 1 | -1}} Order  What a table is sorted by.
 */

import { kindOf } from "./spans.js";

/**
 * @param {import("./spans.js").Spans} spans
 * @param {Choice} choice
 * @returns {Owner}
 */
export function ownerOf(spans, { kinds, spans: ranges }) {
    let flags = null;
    if (kinds !== undefined) {
        flags = new Uint8Array(spans.kinds.length);
        for (const code of words(kinds)) {
            flags[kindOf(Number(code), spans.sendKinds)] = 1;
        }
    }
    const last = spans.count - 1;
    return {
        kinds: flags,
        ranges: ranges === undefined ? Int32Array.of(0, last) : readRanges(ranges, last),
        isEmpty: flags ? !flags.includes(1) || ranges === "" : !ranges,
    };
}

function words(text) {
    return text.split(/\s+/).filter(Boolean);
}

function readRanges(text, last) {
    return Int32Array.from(
        words(text).flatMap((range) => {
            const [from, to = from] = range.split("-").map(Number);
            return [from, Math.min(to, last)];
        }),
    );
}

/** @returns {Uint8Array} 1 for each span of the owner's. */
export function flagsOf(spans, { kinds, ranges, isEmpty }) {
    const flags = new Uint8Array(spans.count);
    for (let r = 0; !isEmpty && r < ranges.length; r += 2) {
        for (let i = ranges[r]; i <= ranges[r + 1]; i++) {
            flags[i] = kinds ? kinds[spans.kind[i]] : 1;
        }
    }
    return flags;
}

/** Whether the span is one of the owner's. */
export function owns(spans, { kinds, ranges, isEmpty }, span) {
    if (isEmpty || (kinds && !kinds[spans.kind[span]])) {
        return false;
    }
    for (let r = 0; r < ranges.length; r += 2) {
        if (ranges[r] <= span && span <= ranges[r + 1]) {
            return true;
        }
    }
    return false;
}

/**
 * Answers for many owners whether any of their spans matches: counts matches once, then looks them up.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {Uint8Array} flags  1 for each match.
 * @returns {(owner: Owner) => boolean}
 */
export function matcher(spans, flags) {
    const found = new Uint8Array(spans.kinds.length);
    const before = new Uint32Array(spans.count + 1);
    for (let i = 0; i < spans.count; i++) {
        before[i + 1] = before[i] + flags[i];
        found[spans.kind[i]] |= flags[i];
    }
    return ({ kinds, ranges, isEmpty }) => {
        if (isEmpty || kinds?.every((wanted, kind) => !(wanted && found[kind]))) {
            return false;
        }
        for (let r = 0; r < ranges.length; r += 2) {
            const [from, to] = [ranges[r], ranges[r + 1]];
            if (before[to + 1] === before[from]) {
                continue;
            }
            // All spans there are, or all kinds: what was counted answers.
            if (!kinds || to - from === spans.count - 1) {
                return true;
            }
            for (let i = from; i <= to; i++) {
                if (flags[i] && kinds[spans.kind[i]]) {
                    return true;
                }
            }
        }
        return false;
    };
}

/**
 * The places of cells' values in their order: numbers before texts, texts as people sort them, and what
 * is empty last whatever the direction. Rows that are equal stay as they are.
 *
 * @param {string[]} values
 * @param {1 | -1} direction
 * @returns {number[]}
 */
export function sorted(values, direction) {
    const keys = values.map((value) => {
        const number = value === "" ? Number.NaN : Number(value);
        return { value, number, rank: value === "" ? 2 : Number.isNaN(number) ? 1 : 0 };
    });
    const compare = (a, b) => {
        if (a.rank !== b.rank) {
            return a.rank === 2 || b.rank === 2 ? a.rank - b.rank : direction * (a.rank - b.rank);
        }
        return (
            direction *
            (a.rank === 0
                ? a.number - b.number
                : a.value.localeCompare(b.value, undefined, { numeric: true }))
        );
    };
    return [...keys.keys()].sort((a, b) => compare(keys[a], keys[b]));
}

/** Whether a column holds numbers. */
export function isNumeric(values) {
    return (
        values.some(Boolean) &&
        values.every((value) => value === "" || !Number.isNaN(Number(value)))
    );
}
