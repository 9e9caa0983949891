/**
 * The tabs: the timeline, which is in the page, and tables that the server renders, each fetched when
 * it is first shown.
 */

import { button, element, holdsFocus, isPlain } from "./elements.js";
import { askForSheet } from "./fetching.js";
import { fill } from "./format.js";
import { Sheet } from "./sheet.js";

export const TIMELINE = "timeline";

export class Tabs {
    /**
     * @param {HTMLElement} root
     * @param {Record<string, string>} messages
     * @param {import("./memory.js").Habits} habits
     */
    constructor(root, messages, habits) {
        this.root = root;
        this.messages = messages;
        this.habits = habits;
        /** @type {Map<string, Sheet>} those that have been fetched */
        this.sheets = new Map();
        this.listener = null;
        const list = root.querySelector(".djsp-tabs");
        this.tabs = [...(list?.querySelectorAll(".djsp-tab") ?? [])];
        this.views = new Map([[TIMELINE, root.querySelector("[data-djsp-view=timeline]")]]);
        this.shown = TIMELINE;
        if (list) {
            this.dress(list);
            this.show(this.tabOf(habits.tab) ? habits.tab : TIMELINE);
        }
    }

    /** Makes tabs and their panels of the links. */
    dress(list) {
        list.setAttribute("role", "tablist");
        list.setAttribute("aria-label", this.messages.views);
        for (const tab of this.tabs) {
            const name = tab.dataset.djspTab;
            let view = this.views.get(name);
            if (!view) {
                view = element("div", "djsp-view");
                view.dataset.djspView = name;
                [...this.views.values()].at(-1).after(view);
                this.views.set(name, view);
            }
            tab.id = `djsp-tab-${name}`;
            view.id = `djsp-view-${name}`;
            tab.setAttribute("role", "tab");
            tab.removeAttribute("aria-current");
            tab.setAttribute("aria-controls", view.id);
            view.setAttribute("role", "tabpanel");
            view.setAttribute("aria-labelledby", tab.id);
        }
        list.addEventListener("click", (event) => this.onClick(event));
        list.addEventListener("keydown", (event) => this.onKey(event));
    }

    /** Who is told of each sheet that there is or will be, and of each tab that is shown. */
    attend(listener) {
        this.listener = listener;
        for (const sheet of this.sheets.values()) {
            listener.sheet(sheet);
        }
    }

    tabOf(name) {
        return this.tabs.find((tab) => tab.dataset.djspTab === name);
    }

    titleOf(name) {
        return this.tabOf(name)?.textContent.trim() ?? "";
    }

    /** The sheet that is shown, or undefined. */
    get sheet() {
        return this.sheets.get(this.shown);
    }

    show(name) {
        this.shown = name;
        this.habits.tab = name;
        this.root.dataset.djspTab = name;
        for (const tab of this.tabs) {
            const isShown = tab.dataset.djspTab === name;
            tab.setAttribute("aria-selected", String(isShown));
            tab.tabIndex = isShown ? 0 : -1;
        }
        for (const [other, view] of this.views) {
            view.hidden = other !== name;
        }
        const view = this.views.get(name);
        if (name !== TIMELINE && !view.dataset.djspState) {
            this.fetch(name, this.tabOf(name).href);
        }
        this.listener?.shown(name);
    }

    async fetch(name, url) {
        const { messages } = this;
        const view = this.views.get(name);
        const tab = this.tabOf(name);
        const hadFocus = holdsFocus(view);
        const status = element(
            "div",
            "djsp-status",
            element("p", "djsp-muted", messages.loading_table),
        );
        status.setAttribute("role", "status");
        view.replaceChildren(status);
        if (hadFocus) {
            tab.focus({ preventScroll: true });
        }
        view.dataset.djspState = "loading";
        this.sheets.delete(name);
        // What is asked for last is what is shown, in whatever order the answers come.
        view.dataset.djspAddress = url;
        const isLast = () => view.dataset.djspAddress === url;
        try {
            const section = await askForSheet(url);
            if (isLast()) {
                view.replaceChildren(section);
                view.dataset.djspState = "ready";
                this.add(name, section);
                if (hadFocus && holdsFocus(tab)) {
                    section.querySelector("form button")?.focus({ preventScroll: true });
                }
            }
        } catch (error) {
            if (!isLast()) {
                return;
            }
            if (error.status === 404) {
                view.dataset.djspState = "gone";
                status.replaceChildren(element("p", "", messages.gone));
                return;
            }
            console.error(error);
            view.dataset.djspState = "failed";
            status.replaceChildren(
                element("p", "", fill(messages.failed_table, { reason: error.message })),
                button("djsp-retry", messages.retry, () => this.fetch(name, url)),
            );
        }
    }

    add(name, section) {
        const sheet = new Sheet(name, section, this.messages, this.habits.sorts);
        this.sheets.set(name, sheet);
        this.keepInside(name, section);
        this.listener?.sheet(sheet);
    }

    /** Loads in place what a sheet links to of its own kind: the same table in comparison with another request. */
    keepInside(name, section) {
        const own = new URL(this.tabOf(name).href);
        const load = (event, address) => {
            const url = new URL(address, own);
            if (url.origin + url.pathname === own.origin + own.pathname) {
                event.preventDefault();
                this.fetch(name, url.href);
            }
        };
        section.addEventListener("click", (event) => {
            const link = event.target.closest("a[href]");
            if (link && isPlain(event)) {
                load(event, link.href);
            }
        });
        section.addEventListener("submit", (event) => {
            const fields = new URLSearchParams(new FormData(event.target, event.submitter));
            load(event, `${new URL(event.target.action, own).pathname}?${fields}`);
        });
    }

    onClick(event) {
        const tab = event.target.closest(".djsp-tab");
        if (tab && isPlain(event)) {
            event.preventDefault();
            this.show(tab.dataset.djspTab);
            tab.focus();
        }
    }

    onKey(event) {
        const { tabs } = this;
        const at = tabs.indexOf(event.target.closest(".djsp-tab"));
        const last = tabs.length - 1;
        const places = {
            ArrowLeft: at > 0 ? at - 1 : last,
            ArrowRight: at < last ? at + 1 : 0,
            Home: 0,
            End: last,
            " ": at,
        };
        if (at < 0 || !isPlain(event) || !(event.key in places)) {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
        const tab = tabs[places[event.key]];
        this.show(tab.dataset.djspTab);
        tab.focus();
    }
}
