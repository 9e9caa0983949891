/** Asks the server for what belongs to a request. */

import { offerCopies } from "./editor.js";

/** @returns {Promise<Response>} */
export async function ask(url) {
    const response = await fetch(url, { credentials: "same-origin" });
    if (!response.ok) {
        const error = new Error(`${response.status} ${response.statusText}`);
        error.status = response.status;
        throw error;
    }
    return response;
}

/** A table, or the findings: what the server renders. */
export async function askForSheet(url) {
    const sheet = await askForPart(url, ".djsp-sheet", "no table in the answer");
    offerCopies(sheet);
    return sheet;
}

/** A receiver's source. */
export function askForSource(url) {
    return askForPart(url, ".djsp-source", "no source in the answer");
}

async function askForPart(url, selector, missing) {
    const response = await ask(url);
    // Parsed so, no script in it would run, nor image load.
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const section = page.querySelector(selector);
    if (!section) {
        throw new Error(missing);
    }
    return document.adoptNode(section);
}
