/** Places in the code: a link that opens the user's editor, or a button that copies them. */

import { breakable, button, element } from "./elements.js";
import { shortPath } from "./format.js";

/**
 * @typedef {[pattern: string, folders: [here: string, there: string][]] | null} Editor
 *     The pattern of its addresses, with {path} and {line}, and what folders of the server's are called where
 *     it runs. Null: places can only be copied.
 */

const DRIVE = /^[A-Za-z]:[\\/]/;

/**
 * The address that opens a place in the editor, or null where there is none: what signal_panel/places.py
 * says of a place that the server renders.
 *
 * @param {Editor} editor
 * @param {string} path
 * @param {number} line
 */
export function editorUrl(editor, path, line) {
    if (!editor || !(path.startsWith("/") || path.startsWith("\\\\") || DRIVE.test(path))) {
        return null;
    }
    const [pattern, folders] = editor;
    const slashed = path.startsWith("/") ? path : path.replaceAll("\\", "/");
    const folder = folders.find(([here]) => slashed.startsWith(`${here}/`));
    const there = folder ? folder[1] + slashed.slice(folder[0].length) : slashed;
    const values = { line: String(line) };
    try {
        values.path = encodeURIComponent(there).replace(/%2F/g, "/").replace(/%3A/g, ":");
    } catch {
        // Half a surrogate pair, which no address can hold.
        return null;
    }
    const rooted = values.path.startsWith("/") ? values.path : `/${values.path}`;
    return pattern.replace(/(=?)\{(path|line)\}/g, (_, equals, name) =>
        name === "path" && !equals ? rooted : equals + values[name],
    );
}

/**
 * @param {Editor} editor
 * @param {string} path
 * @param {number} line
 */
export function placeLink(editor, path, line) {
    const whole = `${path}:${line}`;
    const short = breakable(`${shortPath(path)}:${line}`, /(?<=\/)/);
    const url = editorUrl(editor, path, line);
    if (!url) {
        return copyButton(whole, short);
    }
    const made = element("a", "djsp-place", ...short);
    made.title = whole;
    made.href = url;
    return made;
}

function copyButton(whole, short) {
    const made = button("djsp-place", "");
    made.append(...short);
    made.title = whole;
    made.dataset.djspCopy = whole;
    return made;
}

/**
 * Makes buttons of the places that the server has rendered without an editor to open them.
 *
 * @param {HTMLElement} root
 */
export function offerCopies(root) {
    for (const place of root.querySelectorAll("span.djsp-place")) {
        place.replaceWith(copyButton(place.title, place.childNodes));
    }
}

/**
 * Copies a place's text when it is clicked; where the browser forbids that, it is selected.
 *
 * @param {HTMLElement} root  In it is what is read aloud when it changes.
 * @param {Record<string, string>} messages
 */
export function copyPlaces(root, messages) {
    offerCopies(root);
    root.addEventListener("click", async (event) => {
        const place = event.target.closest("[data-djsp-copy]");
        if (!place || place.dataset.djspCopied) {
            return;
        }
        const text = [...place.childNodes];
        try {
            await navigator.clipboard.writeText(place.dataset.djspCopy);
            place.textContent = messages.copied;
            root.querySelector(".djsp-live").textContent = messages.copied;
        } catch {
            place.textContent = place.dataset.djspCopy;
            getSelection().selectAllChildren(place);
            return;
        }
        place.dataset.djspCopied = "true";
        setTimeout(() => {
            place.replaceChildren(...text);
            delete place.dataset.djspCopied;
        }, 1200);
    });
}
