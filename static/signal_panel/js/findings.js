/**
 * The findings, once the timeline is there to show their spans. Those of a large recording the server only
 * looks for then.
 */

import { button, element } from "./elements.js";
import { askForSheet } from "./fetching.js";
import { fill } from "./format.js";

/**
 * @param {HTMLElement} root
 * @param {Record<string, string>} messages
 */
export async function addFindings(root, messages) {
    const room = root.querySelector("[data-djsp-findings]");
    if (!room) {
        enable(root); // They came with the panel.
        return;
    }
    const status = element("p", "djsp-muted", messages.loading_findings);
    status.setAttribute("role", "status");
    room.replaceChildren(status);
    room.dataset.djspState = "loading";
    try {
        const sheet = await askForSheet(room.dataset.djspFindings);
        room.replaceChildren(...sheet.children);
        enable(room);
        room.dataset.djspState = "ready";
    } catch (error) {
        if (error.status === 404) {
            room.dataset.djspState = "gone";
            status.textContent = messages.gone;
            return;
        }
        console.error(error);
        room.dataset.djspState = "failed";
        status.textContent = fill(messages.failed_findings, { reason: error.message });
        room.append(button("djsp-retry", messages.retry, () => addFindings(root, messages)));
    }
}

function enable(holder) {
    for (const made of holder.querySelectorAll("[data-djsp-do=highlight]")) {
        made.disabled = false;
    }
}
