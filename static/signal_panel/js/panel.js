/**
 * Wires the timeline to the toolbar.
 *
 * The toolbar evaluates this module once, but may put the panel's HTML in its place again and again:
 * on History's "Switch", with UPDATE_ON_FETCH, or with the whole toolbar. Hence nothing here holds on to
 * an element; whenever the panel opens, what stands there is looked up, and started if it is new, from
 * where the reader left it.
 */

import { copyPlaces } from "./editor.js";
import { button, element, isPlain } from "./elements.js";
import { ask } from "./fetching.js";
import { fill } from "./format.js";
import { habits, places } from "./memory.js";

const PANEL_ID = "SignalTimelinePanel";

/** What draws. It is fetched while the server is already at work on the spans. */
let parts = import("./parts.js");

/** What draws; asked for once more where it could not be loaded. */
function partsAgain() {
    parts = parts.catch(() => import("./parts.js"));
    return parts;
}

/** @type {WeakMap<Element, import("./timeline.js").Timeline | null>} null while it loads */
const started = new WeakMap();

function getDebugElement() {
    const root = document.getElementById("djDebugRoot");
    return (root?.shadowRoot ?? root)?.querySelector("#djDebug");
}

/** Starts what is not started yet, if it can be seen: spans are fetched for those who look. */
function open() {
    const panel = getDebugElement()?.querySelector(`#${PANEL_ID}`);
    const root = panel?.querySelector(".djsp[data-djsp-url]");
    if (root && !started.has(root) && !panel.classList.contains("djdt-hidden")) {
        start(root);
    }
}

function start(root) {
    started.set(root, null);
    const subtitle = getDebugElement().querySelector(`#djdt-${PANEL_ID} small`);
    if (subtitle) {
        // The side bar was rendered before the request's last signals were sent.
        subtitle.textContent = root.dataset.djspSubtitle;
    }
    const messages = JSON.parse(root.dataset.djspMessages);
    holdTabs(root);
    copyPlaces(root, messages);
    startTimeline(root, messages);
}

/** Keeps the links to tables from leaving the page until they are tabs: the one clicked last is shown then. */
function holdTabs(root) {
    root.addEventListener("click", (event) => {
        const tab = event.target.closest(".djsp-tab");
        const isLink = tab && isPlain(event) && !event.defaultPrevented;
        if (isLink && root.dataset.djspState === "loading") {
            event.preventDefault();
            habits.tab = tab.dataset.djspTab;
            root.querySelector(".djsp-tab[aria-current]").removeAttribute("aria-current");
            tab.setAttribute("aria-current", "true");
        }
    });
}

/** @param {import("./tabs.js").Tabs} [tabs]  Of a try before this one. */
async function startTimeline(root, messages, tabs) {
    const timeline = root.querySelector(".djsp-timeline");
    const status = root.querySelector(".djsp-status");
    root.dataset.djspState = "loading";
    status.replaceChildren(element("p", "djsp-muted", messages.loading));
    status.hidden = false;
    try {
        const prepared = partsAgain().then((loaded) => {
            // The tables need no spans to be read.
            tabs ??= new loaded.Tabs(root, messages, habits);
            return loaded;
        });
        const url = root.dataset.djspUrl;
        const [recording, { Timeline, addFindings, decode }] = await Promise.all([
            load(url),
            prepared,
            styled(root),
        ]);
        const spans = decode(recording);
        status.hidden = true;
        timeline.hidden = false;
        if (!places.has(url)) {
            places.set(url, { view: null, selected: -1, highlight: null });
        }
        started.set(root, new Timeline(root, spans, messages, tabs, habits, places.get(url)));
        root.dataset.djspState = "ready";
        await painted();
        addFindings(root, messages);
    } catch (error) {
        root.dataset.djspState = "failed";
        timeline.hidden = true;
        status.hidden = false;
        if (error.status === 404) {
            status.replaceChildren(element("p", "", messages.gone));
            return;
        }
        console.error(error);
        status.replaceChildren(
            element("p", "", fill(messages.failed, { reason: error.message })),
            button("djsp-retry", messages.retry, () => startTimeline(root, messages, tabs)),
        );
        if (!tabs) {
            // Some browsers never ask again for a module that they could not load.
            status.append(
                " ",
                button("djsp-retry", messages.reload, () => location.reload()),
            );
        }
    }
}

async function load(url) {
    return (await ask(url)).json();
}

/** Resolves once what has been drawn can be seen: when the frame after the next one begins. */
async function painted() {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
}

/** Resolves when the panel's style sheet is there: the canvases take their colours and sizes from it. */
async function styled(root) {
    let link = root.parentElement.querySelector("link[rel=stylesheet]");
    if (link.sheet && !isStyled(root)) {
        // It could not be loaded, and is only asked for again by another link.
        const other = link.cloneNode();
        link.replaceWith(other);
        link = other;
    }
    if (!link.sheet) {
        await new Promise((resolve, reject) => {
            link.addEventListener("load", resolve);
            link.addEventListener("error", () => reject(new Error(link.href)));
        });
    }
}

function isStyled(root) {
    return getComputedStyle(root).getPropertyValue("--djsp-match") !== "";
}

function restyle() {
    const root = getDebugElement()?.querySelector(`#${PANEL_ID} .djsp`);
    started.get(root)?.restyle();
}

/** Listens on the toolbar's element, and on whatever takes its place. */
function attach() {
    let current = null;
    const themes = new MutationObserver(restyle);
    const look = () => {
        const found = getDebugElement();
        if (found && found !== current) {
            current = found;
            found.addEventListener("djdt.panel.render", (event) => {
                if (event.detail.panelId === PANEL_ID) {
                    open();
                }
            });
            themes.disconnect();
            themes.observe(found, { attributeFilter: ["data-theme"] });
        }
        open();
    };
    look();
    new MutationObserver(() => {
        if (getDebugElement() !== current) {
            look();
        }
    }).observe(document, { childList: true, subtree: true });
}

attach();
