"""axe-core, which accessibility audits run, finds nothing wrong; and nothing sticks out of a narrow panel."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, BookshopFactory, emulate_media
from tests.browser.test_panel import Panel, place_order
from tests.browser.test_tabs import OTHERS, Tabs
from tests.browser.toolbar import PANEL, open_panel

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

RUN = """
(panel) => axe
    .run({ fromShadowDom: ["#djDebugRoot", `#${panel} .djsp`] })
    .then(({ violations, passes }) => [
        violations.map(({ id, help, nodes }) => [
            id, help, nodes.map(({ target, failureSummary }) => [String(target), failureSummary]),
        ]),
        passes.length,
    ])
"""


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        reason = "axe-core is not here: run npm install."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return AXE.read_text()


@pytest.fixture(params=["light", "dark"])
def tabs(request: pytest.FixtureRequest, page: Page, bookshop: BookshopFactory) -> Tabs:
    """The tabs of an order that was placed, in either theme."""
    emulate_media(page, color_scheme=request.param)
    page.goto(bookshop())
    place_order(page)
    open_panel(page)
    panel = Panel(page)
    panel.is_ready()
    expect(page.locator("#djDebug")).to_have_attribute("data-theme", request.param)
    return Tabs(panel)


def violations(page: Page, axe: str) -> list[Any]:
    # Not as a script of the page, which its policy could forbid.
    page.evaluate(axe)
    found, passed = page.evaluate(RUN, PANEL)
    assert passed > 10  # it has looked at something
    return list(found)


@pytest.mark.parametrize("name", ["timeline", *OTHERS])
def test_every_tab(tabs: Tabs, axe: str, name: str) -> None:
    tabs.show(name)
    assert violations(tabs.panel.page, axe) == []


def test_a_selection_with_queries_and_a_highlight(tabs: Tabs, axe: str) -> None:
    tabs.show("receivers")
    tabs.row("receivers", "charge_card").locator("th").click()
    tabs.panel.detail.locator("summary").click()
    expect(tabs.chip).to_be_visible()
    assert violations(tabs.panel.page, axe) == []


def test_the_help_and_a_filter_that_is_wrong(tabs: Tabs, axe: str) -> None:
    tabs.panel.search.fill("colour:red")
    tabs.panel.keys("?")
    expect(tabs.panel.help).to_be_visible()
    assert violations(tabs.panel.page, axe) == []


def test_a_narrow_window(tabs: Tabs, axe: str) -> None:
    tabs.panel.page.set_viewport_size({"width": 640, "height": 800})
    for name in ("timeline", "connected"):
        tabs.show(name)
        assert violations(tabs.panel.page, axe) == []


STICKING_OUT = """
(root) => {
    const { right } = root.getBoundingClientRect();
    const scrolls = (element) => getComputedStyle(element).overflowX !== "visible";
    const isScrolled = (element) =>
        element !== root && (scrolls(element) || isScrolled(element.parentElement));
    return [...root.querySelectorAll("*")]
        .filter((element) => element.checkVisibility() && !isScrolled(element))
        .filter((element) => element.getBoundingClientRect().right > right + 0.5)
        .map((element) => element.outerHTML.slice(0, 200));
}
"""


@pytest.mark.parametrize("width", [420, 560, 760])
def test_nothing_sticks_out_of_a_narrow_panel(tabs: Tabs, width: int) -> None:
    tabs.panel.page.set_viewport_size({"width": width, "height": 800})
    for name in ("timeline", "connected"):
        tabs.show(name)
        assert tabs.panel.root.evaluate(STICKING_OUT) == []
