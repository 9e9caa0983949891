"""The panel in a browser that forbids much, and with names that try to be more than names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import django
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import BookshopFactory
from tests.browser.test_panel import Panel, side_bar_link
from tests.browser.toolbar import open_panel, recording_of, request_id, switch_to
from tests.payloads import PAYLOADS

OURS = "/static/signal_panel/"
MODULE = f"{OURS}js/panel.js"

SELF = "default-src 'self'"
POLICIES = {
    "self": SELF,
    "strict-dynamic": f"{SELF}; script-src 'nonce-NONCE' 'strict-dynamic'",
    "all listed": (
        "default-src 'none'; script-src 'nonce-NONCE' 'strict-dynamic'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "trusted types": f"{SELF}; trusted-types 'none'",
}
DJANGOS = pytest.param(
    "django", marks=pytest.mark.skipif(django.VERSION < (6, 0), reason="Django has it from 6.0 on")
)
NONCE_ONLY = f"{SELF}; script-src 'nonce-NONCE'"

# Which violations are about us is told by the file that caused them, the one blocked, or the element.
WATCH = """
globalThis.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
    const [target] = event.composedPath();
    const element = target instanceof Element ? target : null;
    violations.push({
        directive: event.effectiveDirective,
        blocked: event.blockedURI,
        source: event.sourceFile ?? "",
        inside: Boolean(element?.closest(".djsp") || element?.matches("link[href*='/signal_panel/']")),
    });
});
"""


class Violation(NamedTuple):
    directive: str
    blocked: str
    source: str
    inside: bool

    @property
    def is_ours(self) -> bool:
        return self.inside or OURS in self.blocked or OURS in self.source


def violations(page: Page) -> list[Violation]:
    return [Violation(**found) for found in page.evaluate("violations")]


@pytest.fixture
def console(page: Page) -> list[str]:
    """All errors and warnings of the page that name a file of ours."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"{error} {error.stack}"))
    page.on(
        "console",
        lambda message: (
            message.type in ("error", "warning")
            and found.append(f"{message.text} {message.location.get('url')}")
        ),
    )
    return found


def under_policy(page: Page, address: str, policy: str) -> None:
    page.add_init_script(WATCH)
    page.context.add_cookies([{"name": "policy", "value": quote(policy), "url": address}])
    response = page.goto(address)
    assert response is not None
    sent = response.headers["content-security-policy"]
    policy = POLICIES["strict-dynamic"] if policy == "django" else policy
    assert sent.split("'nonce-")[0] == policy.split("'nonce-")[0]


@pytest.mark.parametrize("render_panels", [False, True], ids=["fetched", "RENDER_PANELS"])
class TestContentSecurityPolicy:
    @pytest.mark.parametrize("policy", [*POLICIES.values(), DJANGOS], ids=[*POLICIES, "Django's own"])
    def test_all_works_with_no_violation_of_ours(
        self, page: Page, bookshop: BookshopFactory, console: list[str], policy: str, render_panels: bool
    ) -> None:
        under_policy(page, bookshop("hostile", RENDER_PANELS=render_panels), policy)
        side_bar_link(page).click()
        panel = Panel(page)
        panel.is_ready()
        panel.keys("w", "s", "ArrowDown", "Enter", "?", "Escape")
        panel.search.fill("request")
        panel.search.press("Enter")
        panel.keys("f")
        assert "django.core.signals" in tooltip(panel)
        page.mouse.wheel(0, -120)
        panel.table.first.click()
        expect(panel.detail).to_contain_text("request")
        expect_styled(panel)
        assert [violation for violation in violations(page) if violation.is_ours] == []
        assert [text for text in console if "signal_panel" in text] == []

    def test_where_only_a_nonce_lets_scripts_run_the_table_is_there(
        self, page: Page, bookshop: BookshopFactory, console: list[str], render_panels: bool
    ) -> None:
        """The toolbar puts a nonce on what it renders, not on the modules it loads with a fetched panel."""
        under_policy(page, bookshop("hostile", RENDER_PANELS=render_panels), NONCE_ONLY)
        side_bar_link(page).click()
        panel = Panel(page)
        expect(panel.table.first).to_be_visible()
        expect(panel.root).to_contain_text("request_started")
        expect_styled(panel)
        if render_panels:
            panel.is_ready()
        else:
            expect(panel.stage).to_be_hidden()
        blocked = [] if render_panels else [MODULE]
        for _ in range(500):  # the browser tells a moment after it has blocked
            ours = [violation for violation in violations(page) if violation.is_ours]
            if len(ours) >= len(blocked):
                break
            page.wait_for_timeout(50)
        assert [urlsplit(violation.blocked).path for violation in ours] == blocked


# All that the panel's HTML is made of. What a name would add shows as one of another kind.
ELEMENTS = (
    "a article aside button canvas caption code dd div dl dt form h4 input kbd li ol output p section "
    "span strong table tbody td th thead tr ul wbr"
)
ATTRIBUTES = (
    "aria-controls aria-current aria-describedby aria-expanded aria-invalid aria-label aria-labelledby "
    "aria-live aria-roledescription aria-selected autocomplete class disabled download height hidden href id "
    "placeholder rel role scope spellcheck style tabindex target title type width"
)

# Names are compared in the page: what comes out of it has no half surrogate pairs.
ELEMENTS_AND_ATTRIBUTES = """
(root) => {
    const all = [...root.querySelectorAll("*")];
    const attributes = all.flatMap((element) => element.getAttributeNames());
    return [
        [...new Set(all.map((element) => element.localName))].sort(),
        [...new Set(attributes)].filter((name) => !name.startsWith("data-djsp-")).sort(),
    ];
}
"""
# The table shows a hundred rows at a time.
ON_EACH_PAGE = """
    const onEachPage = (root, look) => {
        const following = root.querySelector(".djsp-pager button:last-of-type");
        look([...root.querySelectorAll(".djsp-row")]);
        while (following?.disabled === false) {
            following.click();
            look([...root.querySelectorAll(".djsp-row")]);
        }
    };
"""
NAMES_IN_ROWS = f"""
(root, names) => {{
    {ON_EACH_PAGE}
    const [rows, missing] = [[], []];
    onEachPage(root, (shown) => {{
        for (const row of shown) {{
            const title = (name) => row.querySelector(`.djsp-${{name}}`)?.title;
            rows.push([title("name"), title("sender"), title("error"), title("place")]);
        }}
    }});
    for (const name of JSON.parse(names)) {{
        const full = `${{name}}.${{name}}`;
        const titled = rows.filter(([title]) => title === full);
        const sender = titled.some(([, title]) => title === full);
        const raised = titled.some(([, , title]) => title === full);
        const where = titled.some(([, , , title]) => title?.startsWith(`${{name}}:`));
        if (titled.length !== 2 || !sender || !raised || !(where || name === "")) {{
            missing.push([name, titled.length, sender, raised, where]);
        }}
    }}
    return missing;
}}
"""
DETAIL_OF_EACH_ROW = f"""
(root, names) => {{
    {ON_EACH_PAGE}
    root.querySelector(".djsp-pager button").click();
    const all = new Set(JSON.parse(names).map((name) => `${{name}}.${{name}}`));
    const wrong = [];
    onEachPage(root, (rows) => {{
        for (const row of rows) {{
            const full = row.querySelector(".djsp-name").title;
            row.click();
            const detail = root.querySelector(".djsp-detail");
            if (all.delete(full) && detail.querySelector(".djsp-detail-name").textContent !== full) {{
                wrong.push(full);
            }}
            if (!detail.textContent.includes(full)) {{
                wrong.push(full);
            }}
        }}
    }});
    return [wrong, all.size];
}}
"""


class Watched(NamedTuple):
    """A page, and what happened to it."""

    page: Page
    dialogs: list[str]
    requests: list[str]
    headers: list[dict[str, str]]


@pytest.fixture
def watched(page: Page, console: list[str]) -> Iterator[Watched]:
    """A page in which nothing may run, be asked for or be added that the project has not written."""
    watched = Watched(page, [], [], [])
    page.on("dialog", lambda dialog: (watched.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: watched.requests.append(request.url))
    page.on("response", lambda response: watched.headers.append(response.all_headers()))
    yield watched
    assert watched.dialogs == []
    assert [url for url in watched.requests if not urlsplit(url).path.startswith(KNOWN_PATHS)] == []
    assert not any("stolen" in json.dumps(headers) for headers in watched.headers)
    assert page.evaluate("document.cookie.includes('stolen')") is False
    assert page.evaluate("({}).polluted === undefined && Object.polluted === undefined") is True
    assert page.evaluate("getComputedStyle(document.body).display") == "block"
    assert [text for text in console if "signal_panel" in text] == []


KNOWN_PATHS = ("/hostile/", "/static/", "/__debug__/", "/favicon.ico")
NAMES = json.dumps(PAYLOADS)


def nothing_is_added(root: Locator) -> None:
    elements, attributes = root.evaluate(ELEMENTS_AND_ATTRIBUTES)
    assert set(elements) <= set(ELEMENTS.split())
    assert set(attributes) <= set(ATTRIBUTES.split())


class TestHostileNames:
    def test_the_server_s_table_has_them_as_text(self, watched: Watched, bookshop: BookshopFactory) -> None:
        page = watched.page
        page.route(f"**{MODULE}", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page.goto(bookshop("hostile") + "hostile/")
        side_bar_link(page).click()
        panel = Panel(page)
        expect(panel.table.first).to_be_visible()
        panel.is_styled()
        nothing_is_added(panel.root)
        panel.root.get_by_role("link", name="More of them").click()
        spans = page.locator(".djsp-sheet")
        # HTML has no NUL, CR or half surrogate pairs.
        names = [name for name in PAYLOADS if not set("\0\r\ud800\udc00") & set(name)]
        assert spans.evaluate(NAMES_IN_ROWS, json.dumps(names)) == []
        nothing_is_added(spans)

    @pytest.mark.parametrize("options", [{}, {"RENDER_PANELS": True}, {"USE_SHADOW_DOM": False}], ids=str)
    def test_everything_that_the_browser_shows_has_them_as_text(
        self, watched: Watched, bookshop: BookshopFactory, options: dict[str, Any]
    ) -> None:
        page = watched.page
        page.goto(bookshop("hostile", **options) + "hostile/")
        page.wait_for_load_state("networkidle")
        side_bar_link(page).click()
        panel = Panel(page)
        panel.is_ready()
        assert panel.root.evaluate(NAMES_IN_ROWS, NAMES) == []
        assert panel.root.evaluate(DETAIL_OF_EACH_ROW, NAMES) == [[], 0]
        nothing_is_added(panel.root)
        expect(side_bar_link(page).locator("small")).to_contain_text(re.compile(r"^6\d sends, \d\d calls"))

    def test_so_do_the_tooltip_the_live_region_and_the_search(
        self, watched: Watched, bookshop: BookshopFactory
    ) -> None:
        page = watched.page
        page.goto(bookshop("hostile") + "hostile/")
        open_panel(page)
        panel = Panel(page)
        panel.is_ready()
        live = panel.root.locator(".djsp-live")
        for word in ("<script>", "onerror", "__proto__", "{{", "}body", "javascript", "set-cookie"):
            panel.search.fill(word)
            assert int(panel.state("matches")) > 0
            panel.search.press("Enter")
            panel.keys("f")
            assert word in tooltip(panel).lower()
            assert word in (live.text_content() or "").lower()
            nothing_is_added(panel.root)
        panel.search.fill("longlong")
        panel.keys("0", "w", "w", "s")
        assert int(panel.state("matches")) == 2

    def test_so_does_history_s_switch(self, watched: Watched, bookshop: BookshopFactory) -> None:
        page = watched.page
        page.goto(bookshop("hostile") + "hostile/")
        hostile = request_id(page)
        recording_of(page, hostile)
        page.goto(page.url)
        switch_to(page, hostile)
        open_panel(page)
        panel = Panel(page)
        panel.is_ready()
        assert panel.root.evaluate(NAMES_IN_ROWS, NAMES) == []
        nothing_is_added(panel.root)


def tooltip(panel: Panel) -> str:
    """What the tooltip says in the middle of the view."""
    box = panel.rows.bounding_box()
    assert box is not None
    for y in range(4, int(box["height"]), 6):
        if text := panel.tooltip(box["x"] + box["width"] / 2, box["y"] + y):
            return text
    raise AssertionError("no tooltip")


def expect_styled(panel: Panel) -> None:
    """The panel's style sheet is in force, which may come a moment after the panel."""
    expect(panel.root.locator("caption")).to_have_css("position", "absolute")
