/**
 * Which row each span is drawn in, and what is in view of a row. Linear in the number of spans.
 *
 * Spans nest downwards. Siblings that overlap, as async receivers do, get lanes: a lane is as high as
 * the highest of the spans in it with all that is inside them, so that nobody's children are drawn
 * under somebody else. Within a row no two spans overlap, hence starts and ends are both sorted.
 *
 * @typedef {object} Layout
 * @property {number} rows
 * @property {Int32Array} row  The row of each span.
 * @property {Uint32Array} offsets  Row r is order[offsets[r]] to order[offsets[r + 1] - 1].
 * @property {Uint32Array} order  Spans by row, then by start.
 * @property {Float64Array} starts  The starts in that order: what is looked up most should lie together.
 * @property {Float64Array} busy  The time occupied before each place in `order`.
 * @property {Uint32Array} peaks  The place of the longest span of each BLOCK places in `order`.
 * @property {Float64Array} peakTimes  How long that is.
 */

const SAMPLE = 8;
const BLOCK = 64;

/**
 * @param {import("./spans.js").Spans} spans
 * @returns {Layout}
 */
export function layOut(spans) {
    const { row, rows } = assignRows(spans);
    const { count, start, end } = spans;
    const offsets = new Uint32Array(rows + 1);
    for (let i = 0; i < count; i++) {
        offsets[row[i] + 1]++;
    }
    for (let r = 0; r < rows; r++) {
        offsets[r + 1] += offsets[r];
    }
    const order = new Uint32Array(count);
    const next = offsets.slice();
    for (let i = 0; i < count; i++) {
        order[next[row[i]]++] = i;
    }
    const starts = new Float64Array(count);
    const busy = new Float64Array(count + 1);
    for (let k = 0; k < count; k++) {
        starts[k] = start[order[k]];
        busy[k + 1] = busy[k] + end[order[k]] - starts[k];
    }
    return { rows, row, offsets, order, starts, busy, ...peaksOf(busy) };
}

/**
 * The longest span of each block, so that those of a crowd need not be looked at one by one.
 *
 * @param {Float64Array} busy
 */
export function peaksOf(busy) {
    const count = busy.length - 1;
    const peaks = new Uint32Array(Math.ceil(count / BLOCK));
    const peakTimes = new Float64Array(peaks.length).fill(-1);
    for (let k = 0; k < count; k++) {
        const block = Math.floor(k / BLOCK);
        const time = busy[k + 1] - busy[k];
        if (time > peakTimes[block]) {
            peaks[block] = k;
            peakTimes[block] = time;
        }
    }
    return { peaks, peakTimes };
}

function assignRows({ count, start, end, parent }) {
    // The request itself is the parent of those that have none.
    const above = (i) => (parent[i] < 0 ? count : parent[i]);

    // Until when a span and all inside it last: after a failed asend a receiver may outlive its send.
    const lasts = Float64Array.from(end);
    for (let i = count - 1; i >= 0; i--) {
        if (parent[i] >= 0 && lasts[i] > lasts[parent[i]]) {
            lasts[parent[i]] = lasts[i];
        }
    }

    const lane = new Int32Array(count);
    const firstLaneEnds = new Float64Array(count + 1);
    /** @type {Map<number, Lanes>} only for those with overlapping spans inside */
    const lanes = new Map();
    for (let i = 0; i < count; i++) {
        const p = above(i);
        let own = lanes.get(p);
        if (!own && start[i] >= firstLaneEnds[p]) {
            firstLaneEnds[p] = lasts[i];
            continue;
        }
        if (!own) {
            own = new Lanes(firstLaneEnds[p]);
            lanes.set(p, own);
        }
        lane[i] = own.take(start[i], lasts[i]);
    }

    const heights = new Int32Array(count);
    const firstLaneHeights = new Int32Array(count + 1);
    for (let i = count - 1; i >= 0; i--) {
        heights[i] = 1 + firstLaneHeights[i] + (lanes.get(i)?.stack(firstLaneHeights[i]) ?? 0);
        const p = above(i);
        if (lane[i] === 0) {
            firstLaneHeights[p] = Math.max(firstLaneHeights[p], heights[i]);
        } else {
            lanes.get(p).raise(lane[i], heights[i]);
        }
    }
    const rows = firstLaneHeights[count] + (lanes.get(count)?.stack(firstLaneHeights[count]) ?? 0);

    const row = new Int32Array(count);
    for (let i = 0; i < count; i++) {
        const first = parent[i] < 0 ? 0 : row[parent[i]] + 1;
        row[i] = first + (lane[i] === 0 ? 0 : lanes.get(above(i)).offset(lane[i]));
    }
    return { row, rows };
}

/** The lanes inside one span: the topmost free one is taken, in logarithmic time. */
class Lanes {
    constructor(firstLaneEnds) {
        this.count = 1;
        this.taken = new Heap();
        this.free = new Heap();
        this.heights = [0];
        this.offsets = [0];
        this.taken.push(firstLaneEnds, 0);
    }

    take(start, end) {
        while (this.taken.size && this.taken.key <= start) {
            const lane = this.taken.pop();
            this.free.push(lane, lane);
        }
        const lane = this.free.size ? this.free.pop() : this.count++;
        this.taken.push(end, lane);
        return lane;
    }

    raise(lane, height) {
        this.heights[lane] = Math.max(this.heights[lane] ?? 0, height);
    }

    /** Places the lanes below the first one; answers how many rows they take. */
    stack(firstLaneHeight) {
        let used = 0;
        for (let lane = 1; lane < this.count; lane++) {
            this.offsets[lane] = firstLaneHeight + used;
            used += this.heights[lane];
        }
        return used;
    }

    offset(lane) {
        return this.offsets[lane];
    }
}

/** A binary heap of values by key, the smallest first. */
class Heap {
    constructor() {
        this.keys = [];
        this.values = [];
    }

    get size() {
        return this.keys.length;
    }

    get key() {
        return this.keys[0];
    }

    push(key, value) {
        const { keys, values } = this;
        let at = keys.length;
        while (at > 0) {
            const up = (at - 1) >> 1;
            if (keys[up] <= key) {
                break;
            }
            keys[at] = keys[up];
            values[at] = values[up];
            at = up;
        }
        keys[at] = key;
        values[at] = value;
    }

    pop() {
        const { keys, values } = this;
        const top = values[0];
        const key = keys.pop();
        const value = values.pop();
        const size = keys.length;
        if (size > 0) {
            let at = 0;
            for (;;) {
                let down = 2 * at + 1;
                if (down >= size) {
                    break;
                }
                if (down + 1 < size && keys[down + 1] < keys[down]) {
                    down++;
                }
                if (keys[down] >= key) {
                    break;
                }
                keys[at] = keys[down];
                values[at] = values[down];
                at = down;
            }
            keys[at] = key;
            values[at] = value;
        }
        return top;
    }
}

/**
 * The first number from `from` on for which it holds, as it does for all that follow; `to` if it does for none.
 *
 * @param {number} from
 * @param {number} to
 * @param {(number: number) => boolean} holds
 */
export function firstThat(from, to, holds) {
    let low = from;
    let high = to;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (holds(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/**
 * The first place in `order` from `low` whose span starts at or after `time`. Gallops from where it is
 * expected, mostly a few places away: each place of a million that is looked at elsewhere is in no cache.
 */
function firstStarting({ starts }, low, high, time, expected = low) {
    let from = Math.min(expected, high);
    let to = from;
    for (let step = 1; to < high && starts[to] < time; step *= 2) {
        from = to + 1;
        to = Math.min(high, to + step);
    }
    for (let step = 1; from > low && starts[from - 1] >= time; step *= 2) {
        to = from - 1;
        from = Math.max(low, from - step);
    }
    // Without firstThat: to call a function for each place has rows of a million spans take a quarter longer.
    while (from < to) {
        const middle = (from + to) >> 1;
        if (starts[middle] < time) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/** The first place of a row whose span ends after `time`, or is empty and lies there. */
function firstEnding(spans, layout, row, time) {
    const { end } = spans;
    const { order, offsets, starts } = layout;
    const isOver = (place) => end[order[place]] <= time && starts[place] < time;
    return firstThat(offsets[row], offsets[row + 1], (place) => !isOver(place));
}

/**
 * Calls `bar(first, last, left, right, occupied)` for what is in view of a row: at most one bar a
 * pixel column. A span at least two pixels wide is a bar of its own (last is first + 1). Narrower ones
 * share a column, and `occupied` says how much of that pixel's time they fill.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {Layout} layout
 * @param {number} row
 * @param {import("./viewport.js").View} view
 * @param {number} width  In pixels.
 * @param {(first: number, last: number, left: number, right: number, occupied: number) => void} bar
 */
export function eachBar(spans, layout, row, view, width, bar) {
    const { end } = spans;
    const { order, starts, busy } = layout;
    const { from, to } = view;
    const scale = width / (to - from);
    const high = layout.offsets[row + 1];
    let next = firstEnding(spans, layout, row, from);
    // A span that only touches the edge of the view has no time in it, but must not vanish.
    let free = 0;
    // How many spans the last column had: mostly the next has about as many.
    let shared = 0;
    while (next < high && free < width) {
        const begins = starts[next];
        if (begins > to) {
            break;
        }
        const x = (begins - from) * scale;
        const xEnd = (end[order[next]] - from) * scale;
        if (xEnd - x >= 2) {
            const left = Math.max(free, Math.round(x));
            const right = Math.min(width, Math.max(left + 1, Math.round(xEnd)));
            if (left < width) {
                bar(next, next + 1, left, right, 1);
            }
            free = right;
            next++;
            continue;
        }
        const column = Math.max(free, Math.min(width - 1, Math.floor(x)));
        // The last column has the edge of the view in it.
        const until = column === width - 1 ? Math.floor(to) + 1 : from + (column + 1) / scale;
        let last = firstStarting(layout, next, high, until, next + shared);
        last = Math.max(last, next + 1);
        shared = last - next;
        // Only the last to start in this column can be wide enough to be a bar of its own.
        if (last - 1 > next && (busy[last] - busy[last - 1]) * scale >= 2) {
            last--;
        }
        const occupied = Math.min(1, (busy[last] - busy[next]) * scale);
        bar(next, last, column, column + 1, occupied);
        free = column + 1;
        next = last;
    }
}

/**
 * The places in `order` of the spans of a row at a time, give or take half of `reach`.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {Layout} layout
 * @param {number} row
 * @param {number} time
 * @param {number} reach
 * @returns {{first: number, last: number}}
 */
export function placesAt(spans, layout, row, time, reach) {
    const first = firstEnding(spans, layout, row, time - reach / 2);
    const high = layout.offsets[row + 1];
    const last = first < high ? firstStarting(layout, first, high, time + reach / 2) : first;
    return { first, last };
}

/**
 * The longest of the spans at these places; of many, of an even sample of them, or of all whole blocks.
 *
 * @param {Layout} layout
 * @param {number} first
 * @param {number} last
 */
export function longest(layout, first, last) {
    const { order, busy, peaks, peakTimes } = layout;
    const from = Math.ceil(first / BLOCK);
    const to = Math.floor(last / BLOCK);
    if (from < to) {
        let best = from;
        for (let block = from + 1; block < to; block++) {
            if (peakTimes[block] > peakTimes[best]) {
                best = block;
            }
        }
        return order[peaks[best]];
    }
    const stride = Math.max(1, Math.floor((last - first) / SAMPLE));
    let best = first;
    let most = busy[first + 1] - busy[first];
    for (let k = first + stride; k < last; k += stride) {
        const time = busy[k + 1] - busy[k];
        if (time > most) {
            best = k;
            most = time;
        }
    }
    return order[best];
}

/**
 * How many flagged spans stand before each place in `order`.
 *
 * @param {Layout} layout
 * @param {Uint8Array} flags
 */
export function countBefore(layout, flags) {
    const { order } = layout;
    const counts = new Uint32Array(order.length + 1);
    for (let k = 0; k < order.length; k++) {
        counts[k + 1] = counts[k] + flags[order[k]];
    }
    return counts;
}

/**
 * The place of the first flagged span in [first, last), which must hold one.
 *
 * @param {Uint32Array} counts
 * @param {number} first
 * @param {number} last
 */
export function firstFlagged(counts, first, last) {
    return firstThat(first, last - 1, (place) => counts[place + 1] > counts[first]);
}

/**
 * How many spans are open in each of `width` equal parts of the recording, on average over the part.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {number} width
 */
export function profile(spans, width) {
    const { count, start, end, total } = spans;
    const scale = width / total;
    const partial = new Float64Array(width + 1);
    const steps = new Float64Array(width + 2);
    for (let i = 0; i < count; i++) {
        const x = start[i] * scale;
        const xEnd = end[i] * scale;
        const left = Math.min(width - 1, Math.floor(x));
        const right = Math.min(width - 1, Math.floor(xEnd));
        if (left === right) {
            partial[left] += xEnd - x;
        } else {
            partial[left] += left + 1 - x;
            partial[right] += xEnd - right;
            steps[left + 1]++;
            steps[right]--;
        }
    }
    const open = new Float64Array(width);
    let running = 0;
    for (let x = 0; x < width; x++) {
        running += steps[x];
        open[x] = running + partial[x];
    }
    return open;
}

/**
 * In which of `width` equal parts of the recording a flagged span begins.
 *
 * @param {import("./spans.js").Spans} spans
 * @param {Uint8Array} flags
 * @param {number} width
 */
export function flaggedColumns({ count, start, total }, flags, width) {
    const columns = new Uint8Array(width);
    const columnOf = (span) => Math.min(width - 1, Math.floor((start[span] / total) * width));
    // Spans are ordered by start: what else begins in a column that has one is passed over.
    for (let found = flags.indexOf(1); found >= 0; ) {
        const column = columnOf(found);
        columns[column] = 1;
        const next = firstThat(found + 1, count, (span) => columnOf(span) > column);
        found = flags.indexOf(1, next);
    }
    return columns;
}
