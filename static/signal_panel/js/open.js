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
/** @type {File | null} */
let chosen = null;

async function show(file) {
    chosen = file;
    // What is chosen last is what is shown, in whatever order files are read.
    const isLast = () => chosen === file;
    try {
        const text = await file.text();
        if (isLast()) {
            open(file.name, text);
        }
    } catch (error) {
        if (isLast()) {
            clear();
            const told = { file: file.name, reason: error.message };
            status.textContent = fill(messages.not_opened, told);
        }
    }
}

function open(name, text) {
    const { spans, told } = read(name, text);
    clear();
    timeline = start(spans);
    status.textContent = told;
}

function clear() {
    timeline = null;
    page.querySelector(":scope > .djsp")?.remove();
}

/** A recording's spans, and what is said of it. */
function read(name, text) {
    const recording = JSON.parse(text);
    try {
        if (recording.version === VERSION) {
            return { spans: decode(recording), told: describe(name, recording) };
        }
    } catch {
        // Nor is it one if it lacks what all have.
    }
    throw new Error(fill(messages.other_version, { version: VERSION }));
}

/** How many spans there are, and of how many, where not all were kept. */
function describe(name, { start: { length: kept }, overflow: [sends, calls], epoch }) {
    const total = kept + sends + calls;
    const values = { count: thousands(kept), total: thousands(total) };
    const count = kept < total ? fill(messages.kept_spans, values) : values.count;
    return fill(messages.opened, {
        file: name,
        spans: fill(messages[total === 1 ? "shown_span" : "shown_spans"], { count }),
        when: new Date(epoch * 1000).toLocaleString(),
    });
}

function start(spans) {
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
