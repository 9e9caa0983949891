/**
 * The colours and the font that the canvases are drawn with, read from the style sheet, so that they
 * follow the toolbar's theme.
 *
 * @typedef {object} Theme
 * @property {string} font  A family list.
 * @property {Record<string, string>} colors  By the names below.
 * @property {string[]} apps  The fills of bars, by an app's colour number.
 */

const NAMES = [
    "background",
    "text",
    "muted",
    "grid",
    "bar-text",
    "accent",
    "error",
    "match",
    "phase",
    "query",
    "shade",
];

/** How many colours apps share; also in the style sheet. */
export const APP_COLORS = 8;

/**
 * @param {Element} root
 * @returns {Theme}
 */
export function readTheme(root) {
    const style = getComputedStyle(root);
    const color = (name) => style.getPropertyValue(`--djsp-${name}`).trim();
    return {
        font: style.fontFamily,
        colors: Object.fromEntries(NAMES.map((name) => [name, color(name)])),
        apps: Array.from({ length: APP_COLORS }, (_, i) => color(`app-${i}`)),
    };
}

/**
 * Gives each app a colour number: Django always the first, the others one that depends on their name,
 * so that they look the same in each request, or the next one that is free.
 *
 * @param {Iterable<string>} apps
 * @returns {Map<string, number>}
 */
export function colorNumbers(apps) {
    const numbers = new Map();
    const taken = new Set([0]);
    for (const app of [...new Set(apps)].sort()) {
        if (app === "django") {
            numbers.set(app, 0);
            continue;
        }
        let number = 1 + (hash(app) % (APP_COLORS - 1));
        // With more apps than colours some have to share.
        while (taken.has(number) && taken.size < APP_COLORS) {
            number = 1 + (number % (APP_COLORS - 1));
        }
        taken.add(number);
        numbers.set(app, number);
    }
    return numbers;
}

function hash(text) {
    let value = 0;
    for (const char of text) {
        value = (value * 31 + char.codePointAt(0)) % 65521;
    }
    return value;
}
