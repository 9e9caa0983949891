/** A receiver's source, which folds out below its details. */

import { button, element } from "./elements.js";
import { askForSource } from "./fetching.js";
import { fill } from "./format.js";

/**
 * A button that folds out the source; without a server to ask, the style sheet hides it.
 *
 * @param {number} receiver  Its index among the recording's receivers.
 * @param {Record<string, string>} messages
 */
export function sourceButton(receiver, messages) {
    const made = button("djsp-link djsp-source-button", messages.source);
    made.dataset.djspReceiver = String(receiver);
    made.setAttribute("aria-expanded", "false");
    return made;
}

/**
 * @param {HTMLElement} root
 * @param {Record<string, string>} messages
 */
export function foldSources(root, messages) {
    root.addEventListener("click", (event) => {
        const opener = event.target.closest(".djsp-source-button");
        if (opener) {
            toggle(root, opener, messages);
        }
    });
}

async function toggle(root, opener, messages) {
    const detail = opener.closest(".djsp-detail");
    const wasOpen = opener.getAttribute("aria-expanded") === "true";
    opener.setAttribute("aria-expanded", String(!wasOpen));
    detail.querySelector(".djsp-fold")?.remove();
    if (wasOpen) {
        return;
    }
    const fold = element("div", "djsp-fold");
    fold.setAttribute("role", "status");
    detail.append(fold);
    const address = `${root.dataset.djspSources}&receiver=${opener.dataset.djspReceiver}`;
    await load(fold, address, messages);
}

async function load(fold, address, messages) {
    fold.replaceChildren(element("p", "djsp-muted", messages.loading_source));
    try {
        fold.replaceChildren(await askForSource(address));
    } catch (error) {
        if (error.status === 404) {
            fold.replaceChildren(element("p", "", messages.gone));
            return;
        }
        console.error(error);
        fold.replaceChildren(
            element("p", "", fill(messages.failed_source, { reason: error.message })),
            button("djsp-retry", messages.retry, () => load(fold, address, messages)),
        );
    }
}
