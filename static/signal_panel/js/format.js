/** Numbers, names and places as the reader sees them. Nothing here touches the page. */

// A number and its unit must not be torn apart at the end of a line.
const GAP = "\u202f";

const UNITS = [
    { name: "s", size: 1e9 },
    { name: "ms", size: 1e6 },
    { name: "µs", size: 1e3 },
    { name: "ns", size: 1 },
];

/** @param {number} ns */
function unitOf(ns) {
    return UNITS.find((unit) => ns >= unit.size) ?? UNITS[3];
}

/**
 * A duration to three significant digits: "48.2 ms", "12.3 µs", "1.24 s"; from a minute on "1 min 30 s".
 *
 * @param {number} ns
 */
export function duration(ns) {
    // Rounded first, so that 999.96 µs becomes "1.00 ms" and never "1000 µs".
    const rounded = Number(ns.toPrecision(3));
    if (rounded >= 60e9) {
        return inMinutes(Math.round(ns / 1e9));
    }
    const unit = unitOf(rounded);
    const value = rounded / unit.size;
    const whole = Math.max(1, Math.floor(value)).toString().length;
    const digits = unit.size === 1 ? 0 : Math.max(0, 3 - whole);
    return value.toFixed(digits) + GAP + unit.name;
}

/** @param {number} seconds  A whole number. */
function inMinutes(seconds) {
    const minutes = `${Math.floor(seconds / 60)}${GAP}min`;
    const rest = seconds % 60;
    return rest ? `${minutes}\u00a0${rest}${GAP}s` : minutes;
}

/**
 * A label on the ruler: as many decimals as its step needs, in the unit of the largest time in view.
 *
 * @param {number} ns
 * @param {number} step
 * @param {number} largest
 */
export function tick(ns, step, largest) {
    const unit = unitOf(largest);
    const decimals = Math.max(0, Math.ceil(-Math.log10(step / unit.size) - 1e-9));
    return (ns / unit.size).toFixed(decimals) + GAP + unit.name;
}

/** @param {number} count */
export function thousands(count) {
    return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * Fills a translated text's "%(name)s" places.
 *
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function fill(text, values) {
    return text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}

/**
 * The end of a dotted name that tells what it is, with its class: "index_order", "Shelf.on_save".
 *
 * @param {string} name
 */
export function shortName(name) {
    const parts = name.split(".");
    const last = parts.at(-1) ?? "";
    const owner = parts.at(-2) ?? "";
    return /^\p{Uppercase}/u.test(owner) ? `${owner}.${last}` : last;
}

/**
 * The end of a path, which is what tells files apart: "shop/views.py"; whole inside an installed package.
 *
 * @param {string} path
 */
export function shortPath(path) {
    const inside = path.replace(/^.*[\\/](site|dist)-packages[\\/]/s, "");
    const parts = inside.split(/[\\/]/);
    return (inside === path ? parts.slice(-2) : parts).join("/");
}
