/** The page that shows a recording from a file: one at a time, each in a timeline of its own. */

import { copyPlaces } from "./editor.js";
import { fill, thousands } from "./format.js";
import { dark } from "./page.js";
import { decode } from "./spans.js";
import { Tabs } from "./tabs.js";
import { Timeline } from "./timeline.js";

const VERSION = 1;

const page = document.querySelector(".djsp-alone");
const template = page.querySelector("template");
const status = page.querySelector(".djsp-opened");
const blank = template.content.querySelector(".djsp");
const messages = JSON.parse(blank.dataset.djspMessages);

/** @type {Timeline | null} */
let timeline = null;

async function show(file) {
    try {
        const recording = JSON.parse(await file.text());
        clear();
        if (recording?.version !== VERSION) {
            throw new Error(fill(messages.other_version, { version: VERSION }));
        }
        const spans = decode(recording);
        timeline = start(spans);
        status.textContent = fill(messages.opened, {
            file: file.name,
            spans: counted(spans.count, recording.overflow),
            when: new Date(recording.epoch * 1000).toLocaleString(),
        });
    } catch (error) {
        clear();
        status.textContent = fill(messages.not_opened, { file: file.name, reason: error.message });
    }
}

function clear() {
    timeline = null;
    page.querySelector(":scope > .djsp")?.remove();
}

/** How many spans there are, and of how many, where not all were kept. */
function counted(count, [sends, calls]) {
    const total = thousands(count + sends + calls);
    return sends + calls
        ? fill(messages.kept_spans, { count: thousands(count), total })
        : thousands(count);
}

function start(spans) {
    if (!spans.count) {
        return null;
    }
    const root = page.appendChild(document.importNode(blank, true));
    root.querySelector(".djsp-timeline").hidden = false;
    copyPlaces(root, messages);
    const habits = { tab: "timeline", query: "", sorts: new Map() };
    const place = { view: null, selected: -1, highlight: null };
    const tabs = new Tabs(root, messages, habits);
    const started = new Timeline(root, spans, messages, tabs, habits, place);
    root.dataset.djspState = "ready";
    return started;
}

dark.addEventListener("change", () => timeline?.restyle());
const input = page.querySelector(".djsp-file");
const showChosen = () => {
    if (input.files.length) {
        show(input.files[0]);
    }
};
input.addEventListener("change", showChosen);
// One may have been chosen before this ran, or be chosen still after a reload.
showChosen();
