/**
 * What would be lost when the toolbar replaces the panel's HTML: on History's "Switch", with
 * UPDATE_ON_FETCH, or with the whole toolbar. Kept as long as the page, which the reader can always reload.
 *
 * @typedef {object} Habits  What makes sense for any request.
 * @property {string} tab
 * @property {string} query
 * @property {Map<string, import("./rows.js").Order>} sorts  By tab and table.
 *
 * @typedef {object} Place  Where the reader was in one request.
 * @property {import("./viewport.js").View} view
 * @property {number} selected
 * @property {import("./highlight.js").Highlight | null} highlight
 */

/** @type {Habits} */
export const habits = { tab: "timeline", query: "", sorts: new Map() };

/** @type {Map<string, Place>} by the address of a request's spans */
export const places = new Map();
