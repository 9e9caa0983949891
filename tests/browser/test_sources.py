"""A receiver's source, folded out below its details."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import BookshopFactory
from tests.browser.toolbar import PANEL, open_panel


@pytest.fixture
def panel(page: Page, bookshop: BookshopFactory) -> Locator:
    """The panel of the bookshop's checkout, with the first receiver of the shop's own chosen."""
    page.goto(f"{bookshop()}checkout/")
    open_panel(page)
    panel = page.locator(f"#{PANEL} .djsp")
    panel.locator(".djsp-table .djsp-call .djsp-name").first.click()
    return panel


def test_it_folds_out_and_in(panel: Locator) -> None:
    name = panel.locator(".djsp-detail-name").inner_text().rpartition(".")[2]
    opener = panel.get_by_role("button", name="source", exact=True)
    opener.click()
    code = panel.locator(".djsp-detail .djsp-code")
    expect(code).to_contain_text(f"def {name}(")
    expect(opener).to_have_attribute("aria-expanded", "true")
    opener.click()
    expect(code).to_have_count(0)
    expect(opener).to_have_attribute("aria-expanded", "false")


def test_a_request_no_longer_stored_is_told(panel: Locator) -> None:
    panel.page.route("**/signal_timeline/source/**", lambda route: route.fulfill(status=404))
    panel.get_by_role("button", name="source", exact=True).click()
    expect(panel.locator(".djsp-detail")).to_contain_text("This request is no longer stored.")


def test_a_failed_fetch_can_be_tried_again(panel: Locator) -> None:
    panel.page.route("**/signal_timeline/source/**", lambda route: route.fulfill(body="<h1>Log in</h1>"))
    panel.page.evaluate("console.error = () => {}")
    panel.get_by_role("button", name="source", exact=True).click()
    expect(panel.locator(".djsp-detail")).to_contain_text(
        "The source could not be loaded: no source in the answer"
    )
    panel.page.unroute("**/signal_timeline/source/**")
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator(".djsp-detail .djsp-code")).to_be_visible()


def test_in_a_narrow_panel_no_line_breaks_and_the_arrows_scroll_them_sideways(panel: Locator) -> None:
    panel.get_by_role("button", name="source", exact=True).click()
    code = panel.locator(".djsp-detail .djsp-code")
    panel.page.set_viewport_size({"width": 480, "height": 900})
    expect(code).to_have_css("width", re.compile(r"[12]\d\d(\.\d+)?px"))
    pieces = code.locator(".djsp-line").evaluate_all("lines => lines.map((l) => l.getClientRects().length)")
    assert set(pieces) == {1}
    code.focus()
    panel.page.keyboard.press("ArrowRight")
    panel.page.wait_for_function("code => code.scrollLeft > 0", arg=code.element_handle())
