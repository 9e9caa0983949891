"""The panel in a browser: every way the toolbar has of showing it, and all that one can do in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from signal_panel import Phase
from tests.browser.conftest import BROWSER, BookshopFactory
from tests.browser.toolbar import PANEL, open_panel, recording_of, request_id, switch_to

CHART = "**/signal_panel/js/chart.js"
STYLES = "**/signal_panel/css/panel.css"
SPANS = "**/signal_timeline/spans/**"


class View(NamedTuple):
    """The stretch of time that the timeline shows, in nanoseconds."""

    begin: int
    end: int

    @property
    def width(self) -> int:
        return self.end - self.begin


class Panel:
    """The panel of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(f"#{PANEL} .djsp")
        self.stage = self.root.locator(".djsp-stage")
        self.rows = self.root.locator("[data-djsp-part=rows]")
        self.overview = self.root.locator("[data-djsp-part=overview]")
        self.ruler = self.root.locator("[data-djsp-part=ruler]")
        self.detail = self.root.locator(".djsp-detail")
        self.search = self.root.locator(".djsp-query")
        self.table = self.root.locator(".djsp-spans tbody tr")
        self.help = self.root.locator(".djsp-help")

    def state(self, name: str) -> str:
        return self.root.get_attribute(f"data-djsp-{name}") or ""

    @property
    def view(self) -> View:
        self.is_drawn()
        # Both at once: what the wheel still turns must not come between.
        return View(
            *self.root.evaluate("root => [Number(root.dataset.djspFrom), Number(root.dataset.djspTo)]")
        )

    @property
    def total(self) -> int:
        return int(self.state("total"))

    @property
    def selected(self) -> int:
        return int(self.state("selected"))

    def is_ready(self) -> None:
        expect(self.root).to_have_attribute("data-djsp-state", "ready")
        expect(self.stage).to_be_visible()

    def is_styled(self) -> None:
        """The style sheet is there, which moves what is below it: a click would miss."""
        expect(self.root).to_have_css("container-name", "djsp")

    def is_drawn(self) -> None:
        """All that has been asked for is drawn."""
        self.page.evaluate(
            "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
        )

    def tooltip(self, x: float, y: float) -> str:
        """What the tooltip says with the pointer there, or empty."""
        self.page.mouse.move(x, y)
        self.is_drawn()
        return str(self.root.locator(".djsp-tip").evaluate("tip => tip.hidden ? '' : tip.innerText"))

    def keys(self, *keys: str) -> None:
        self.stage.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def pixels(self) -> str:
        """All that is drawn in the rows, as a data URL."""
        self.is_drawn()
        return str(self.rows.locator("canvas").first.evaluate("canvas => canvas.toDataURL()"))


@pytest.fixture
def errors(page: Page) -> Iterator[list[str]]:
    """What goes wrong in the page: nothing may."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: message.type == "error" and found.append(message.text))
    yield found
    assert found == []


@pytest.fixture
def panel(page: Page, bookshop: BookshopFactory, errors: list[str]) -> Panel:
    """The panel, open, of an order that was placed."""
    page.goto(bookshop())
    place_order(page)
    open_panel(page)
    opened = Panel(page)
    opened.is_ready()
    return opened


def place_order(page: Page) -> None:
    page.goto(page.url.rsplit("/", 1)[0] + "/checkout/")
    with page.expect_navigation():
        page.get_by_role("button", name="Place the order").click()


def open_changed(page: Page, change: Callable[[dict[str, Any]], None]) -> Panel:
    """The panel, open, of a recording that is changed on its way into the page."""

    def answer(route: Route) -> None:
        data = route.fetch().json()
        change(data)
        route.fulfill(body=json.dumps(data), content_type="application/json")

    recording_of(page, request_id(page))
    page.route(SPANS, answer)
    side_bar_link(page).click()
    panel = Panel(page)
    panel.is_ready()
    return panel


def drag_across(text: Locator) -> None:
    """Drag from its left to its right, as one does to select it."""
    text.scroll_into_view_if_needed()
    box = text.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    mouse = text.page.mouse
    mouse.move(box["x"] + 1, y)
    mouse.down()
    mouse.move(box["x"] + box["width"] - 1, y, steps=4)
    mouse.up()


def side_bar_link(page: Page) -> Locator:
    return page.locator(f"#djDebugPanelList a.{PANEL}")


class TestShowing:
    def test_the_first_opening_draws_the_spans(self, panel: Panel) -> None:
        recording = recording_of(panel.page, request_id(panel.page))
        assert int(panel.state("spans")) == len(recording.sends) + len(recording.calls)
        assert panel.view == View(0, panel.total)
        assert panel.total == recording.duration_ns
        assert int(panel.state("bars")) > 0

    def test_closing_and_opening_again_keeps_zoom_selection_and_search(self, panel: Panel) -> None:
        panel.search.fill("order")
        panel.keys("w", "w", "ArrowDown")
        before = (panel.view, panel.selected, panel.state("matches"))
        side_bar_link(panel.page).click()
        expect(panel.stage).to_be_hidden()
        side_bar_link(panel.page).click()
        expect(panel.stage).to_be_visible()
        assert (panel.view, panel.selected, panel.state("matches")) == before

    def test_the_side_bar_gets_the_final_totals(self, panel: Panel) -> None:
        recording = recording_of(panel.page, request_id(panel.page))
        expect(side_bar_link(panel.page).locator("small")).to_contain_text(
            f"{len(recording.sends)} sends, {len(recording.calls)} calls"
        )

    def test_history_s_switch_shows_the_other_request(self, panel: Panel) -> None:
        page = panel.page
        order, spans = request_id(page), panel.state("spans")
        page.goto(page.url.split("/checkout")[0] + "/quiet/")
        open_panel(page)
        quiet = Panel(page)
        quiet.is_ready()
        assert int(quiet.state("spans")) < int(spans)
        switch_to(page, order)
        open_panel(page)
        panel.is_ready()
        assert panel.state("spans") == spans
        panel.keys("w")
        assert panel.view.width < panel.total

    def test_switching_there_and_back_again_shows_each_request_s_own(self, panel: Panel) -> None:
        page = panel.page
        order, spans = request_id(page), panel.state("spans")
        page.goto(page.url.split("/checkout")[0] + "/quiet/")
        quiet = request_id(page)
        for _ in range(2):
            for shown, has_all in ((order, True), (quiet, False)):
                switch_to(page, shown)
                open_panel(page)
                panel.is_ready()
                assert (panel.state("spans") == spans) is has_all

    def test_update_on_fetch_shows_the_request_just_fetched(
        self, page: Page, bookshop: BookshopFactory, errors: list[str]
    ) -> None:
        page.goto(bookshop(UPDATE_ON_FETCH=True) + "checkout/")
        open_panel(page)
        Panel(page).is_ready()
        first = request_id(page)
        side_bar_link(page).click()
        page.get_by_role("button", name="What would it cost?").click()
        expect(page.locator(f"#djDebug:not([data-request-id='{first}'])")).to_be_attached()
        shown = open_panel(page)
        Panel(page).is_ready()
        assert "price_quoted" in [send.signal.rsplit(".")[-1] for send in shown.recording.sends]

    def test_render_panels_has_it_in_the_page(
        self, page: Page, bookshop: BookshopFactory, errors: list[str]
    ) -> None:
        page.goto(bookshop(RENDER_PANELS=True))
        place_order(page)
        side_bar_link(page).click()
        panel = Panel(page)
        panel.is_ready()
        assert int(panel.state("bars")) > 0
        panel.keys("w", "ArrowDown")
        assert panel.view.width < panel.total
        assert panel.selected >= 0

    def test_without_the_shadow_root(self, page: Page, bookshop: BookshopFactory, errors: list[str]) -> None:
        page.goto(bookshop(USE_SHADOW_DOM=False))
        assert page.evaluate("document.querySelector('#djDebugRoot').shadowRoot") is None
        place_order(page)
        open_panel(page)
        panel = Panel(page)
        panel.is_ready()
        panel.keys("w", "ArrowDown")
        assert panel.view.width < panel.total

    def test_a_change_of_theme_redraws_in_its_colours(self, panel: Panel) -> None:
        light = panel.pixels()
        background = panel.stage.evaluate("stage => getComputedStyle(stage).backgroundColor")
        panel.page.evaluate("localStorage.clear()")
        toggle = panel.page.locator("#djToggleThemeButton")
        debug = panel.page.locator("#djDebug")
        while debug.get_attribute("data-theme") != "dark":
            toggle.click()
        assert panel.stage.evaluate("stage => getComputedStyle(stage).backgroundColor") != background
        panel.page.wait_for_function(
            "([canvas, light]) => canvas.toDataURL() !== light",
            arg=[panel.rows.locator("canvas").first.element_handle(), light],
        )
        while debug.get_attribute("data-theme") != "light":
            toggle.click()
        panel.page.wait_for_function(
            "([canvas, light]) => canvas.toDataURL() === light",
            arg=[panel.rows.locator("canvas").first.element_handle(), light],
        )

    def test_a_resized_window_redraws_to_its_width(self, panel: Panel) -> None:
        before = panel.rows.bounding_box()
        panel.page.set_viewport_size({"width": 800, "height": 700})
        panel.page.wait_for_function(
            """([part, width]) => {
                const drawn = part.querySelector("canvas").clientWidth;
                return drawn > 0 && part.clientWidth < width && Math.abs(part.clientWidth - drawn) <= 1;
            }""",
            arg=[panel.rows.element_handle(), before["width"] if before else 0],
        )

    def test_a_hundred_thousand_spans_open_and_can_be_walked_through(
        self, page: Page, bookshop: BookshopFactory, errors: list[str]
    ) -> None:
        page.goto(bookshop() + "stock-take/")
        open_panel(page)
        panel = Panel(page)
        panel.is_ready()
        assert int(panel.state("spans")) == 99_807
        expect(panel.table).to_have_count(100)
        panel.search.fill("check_place")
        expect(panel.root).to_have_attribute("data-djsp-matches", "33200")
        panel.search.press("Shift+Enter")  # the last match
        expect(panel.detail).to_contain_text("check_place")
        expect(panel.root.locator("tr[aria-selected=true], tr[aria-current=true]")).to_be_visible()


class TestWhereNothingWasRecorded:
    @pytest.fixture
    def panel(self, page: Page, bookshop: BookshopFactory, errors: list[str]) -> Panel:
        page.goto(bookshop("ignoring") + "books/")
        side_bar_link(page).click()
        opened = Panel(page)
        opened.is_ready()
        return opened

    def test_it_says_so_and_the_timeline_has_the_request_and_its_queries(self, panel: Panel) -> None:
        expect(panel.root.locator(".djsp-blank")).to_contain_text("No signals were recorded")
        assert (panel.state("spans"), int(panel.state("queries")) > 0) == ("0", True)
        assert panel.total > 0
        for part in (panel.root.locator(".djsp-spans"), panel.root.locator(".djsp-legend")):
            expect(part).to_be_hidden()
        expect(panel.detail).to_be_visible()
        expect(panel.detail).to_have_text(re.compile(rf"^in no span: {panel.state('queries')} quer(y|ies), "))

    def test_no_key_finds_anything_to_choose(self, panel: Panel) -> None:
        panel.keys("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "Enter", "f", "w", "0")
        panel.root.get_by_role("button", name="Next").click()
        assert panel.selected == -1

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("receivers", "No receiver ran."),
            ("signals", "No signal was sent."),
            ("sends", "No signal was sent."),
            ("connected", "order_placed"),
            ("across", "Added up:"),
        ],
    )
    def test_each_tab_opens(self, panel: Panel, name: str, text: str) -> None:
        panel.root.locator(f"[data-djsp-tab={name}]").click()
        view = panel.root.locator(f"[data-djsp-view={name}]")
        expect(view).to_have_attribute("data-djsp-state", "ready")
        expect(view).to_contain_text(text)
        panel.search.fill("duration:>1ms")
        panel.search.fill("")
        expect(view).to_contain_text(text)


class TestFindingsOfALargeRequest:
    @pytest.fixture
    def large(self, page: Page, bookshop: BookshopFactory) -> Panel:
        page.goto(bookshop() + "stock-take/")
        return Panel(page)

    def test_they_come_once_the_timeline_is_there_and_do_not_move_it(
        self, large: Panel, errors: list[str]
    ) -> None:
        held: list[Route] = []
        large.page.route("**/signal_timeline/table/**", lambda route: held.append(route))
        with large.page.expect_request("**/signal_timeline/table/**"):
            side_bar_link(large.page).click()
        large.is_ready()
        expect(large.root).to_contain_text("Looking for findings…")
        before = large.stage.bounding_box()
        held[0].continue_()
        finding = large.root.locator(".djsp-finding").first
        expect(finding).to_contain_text("which took")
        assert large.stage.bounding_box() == before
        finding.get_by_role("button", name="Show on the timeline").click()
        expect(large.root).to_have_attribute("data-djsp-highlighted", re.compile(r"\d+"))

    def test_what_was_shown_of_them_is_shown_again_after_a_switch(
        self, large: Panel, errors: list[str]
    ) -> None:
        page = large.page
        shown = request_id(page)
        page.goto(page.url.split("/stock-take")[0] + "/quiet/")
        other = request_id(page)
        switch_to(page, shown)
        open_panel(page)
        large.root.get_by_role("button", name="Show on the timeline").first.click()
        expect(large.root).to_have_attribute("data-djsp-highlighted", re.compile(r"\d+"))
        highlighted = large.state("highlighted")
        for request in (other, shown):
            switch_to(page, request)
            open_panel(page)
        expect(large.root).to_have_attribute("data-djsp-highlighted", highlighted)
        expect(large.root.locator(".djsp-finding").first).to_be_visible()

    def test_the_way_back_leads_to_one_that_is_folded_away_after_a_switch(
        self, large: Panel, errors: list[str]
    ) -> None:
        def fold(route: Route) -> None:
            # How many there are depends on how quick the machine is: of several all but one are folded away.
            before, first, after = re.split("(?s)(<ol.*?</ol>)", route.fetch().text(), maxsplit=1)
            route.fulfill(body=f"{before}<details><summary>More</summary>{first}</details>{after}")

        page = large.page
        page.route("**/signal_timeline/table/**", fold)
        recording_of(page, request_id(page))
        side_bar_link(page).click()
        shown = request_id(page)
        large.root.get_by_text("More", exact=True).click()
        button = large.root.get_by_role("button", name="Show on the timeline").first
        button.click()
        expect(large.root.locator(".djsp-chip")).to_be_visible()
        other = page.evaluate("fetch('/quiet/').then(answer => answer.headers.get('djdt-request-id'))")
        for request in (other, shown):
            switch_to(page, request)
            open_panel(page)
        expect(large.root.locator(".djsp-finding").first).to_be_attached()
        large.keys("b")
        expect(large.root.locator(".djsp-chip")).to_be_hidden()
        expect(button).to_be_focused()

    def test_a_failed_fetch_can_be_tried_again(self, large: Panel) -> None:
        large.page.route("**/signal_timeline/table/**", lambda route: route.fulfill(status=500))
        side_bar_link(large.page).click()
        expect(large.root).to_contain_text("The findings could not be loaded: 500")
        large.page.unroute("**/signal_timeline/table/**")
        large.root.get_by_role("button", name="Try again").click()
        expect(large.root.locator(".djsp-finding").first).to_be_visible()

    def test_that_they_are_no_longer_stored_is_told(self, large: Panel) -> None:
        large.page.route("**/signal_timeline/table/**", lambda route: route.fulfill(status=404))
        side_bar_link(large.page).click()
        expect(large.root).to_contain_text("This request is no longer stored.")


class TestFailing:
    def open_without(self, page: Page, bookshop: BookshopFactory, *addresses: str) -> Panel:
        """The panel, open, where what is at these addresses can't be loaded."""
        for address in addresses:
            page.route(address, lambda route: route.abort())
        page.goto(bookshop())
        side_bar_link(page).click()
        panel = Panel(page)
        expect(panel.root).to_contain_text("The timeline could not be loaded: ")
        return panel

    def test_without_scripts_the_table_has_the_spans(self, page: Page, bookshop: BookshopFactory) -> None:
        page.route("**/signal_panel/js/**", lambda route: route.abort())
        page.goto(bookshop())
        place_order(page)
        recording = recording_of(page, request_id(page))
        side_bar_link(page).click()
        panel = Panel(page)
        expect(panel.table).to_have_count(len(recording.sends) + len(recording.calls))
        expect(panel.table.first).to_be_visible()
        expect(panel.table.first).to_contain_text("request_started")
        expect(panel.stage).to_be_hidden()
        expect(panel.root.locator(".djsp-pager")).to_be_hidden()

    def test_without_scripts_a_large_request_links_to_its_findings_and_spans(
        self, page: Page, bookshop: BookshopFactory
    ) -> None:
        page.route("**/signal_panel/js/**", lambda route: route.abort())
        panel = Panel(page)
        for link, shown in (("Findings", ".djsp-finding"), ("First 500 of 99,8", ".djsp-row")):
            page.goto(bookshop() + "stock-take/")
            side_bar_link(page).click()
            panel.is_styled()
            expect(panel.root.locator("table")).to_be_hidden()
            panel.root.get_by_role("link", name=link).click()
            expect(page.locator(shown).first).to_be_visible()
        expect(page.locator(".djsp-row")).to_have_count(500)

    def test_a_request_no_longer_stored_is_told(self, page: Page, bookshop: BookshopFactory) -> None:
        page.goto(bookshop())
        page.route(SPANS, lambda route: route.fulfill(status=404))
        side_bar_link(page).click()
        expect(Panel(page).root).to_contain_text("This request is no longer stored.")
        expect(Panel(page).table.first).to_be_visible()

    def test_a_failed_fetch_can_be_tried_again(self, page: Page, bookshop: BookshopFactory) -> None:
        page.goto(bookshop())
        page.route(SPANS, lambda route: route.fulfill(status=500))
        side_bar_link(page).click()
        panel = Panel(page)
        expect(panel.root).to_contain_text("The timeline could not be loaded: 500")
        page.unroute(SPANS)
        panel.root.get_by_role("button", name="Try again").click()
        panel.is_ready()

    def test_scripts_that_failed_to_load_can_be_tried_again(
        self, page: Page, bookshop: BookshopFactory
    ) -> None:
        panel = self.open_without(page, bookshop, CHART)
        page.unroute_all()
        # A Firefox never asks for a module again.
        again = "Reload the page" if BROWSER == "firefox" else "Try again"
        panel.root.get_by_role("button", name=again).click()
        if BROWSER == "firefox":
            side_bar_link(page).click()
        panel.is_ready()

    def test_scripts_that_fail_to_load_again_leave_a_reload(
        self, page: Page, bookshop: BookshopFactory
    ) -> None:
        panel = self.open_without(page, bookshop, CHART)
        panel.root.get_by_role("button", name="Try again").click()
        with page.expect_navigation():
            panel.root.get_by_role("button", name="Reload the page").click()

    def test_a_style_sheet_that_failed_to_load_is_tried_again_with_the_spans(
        self, page: Page, bookshop: BookshopFactory
    ) -> None:
        panel = self.open_without(page, bookshop, STYLES, SPANS)
        page.unroute_all()
        panel.root.get_by_role("button", name="Try again").click()
        panel.is_ready()
        panel.is_styled()
        assert int(panel.state("bars")) > 0

    def test_a_style_sheet_alone_that_failed_to_load_can_be_tried_again(
        self, page: Page, bookshop: BookshopFactory
    ) -> None:
        panel = self.open_without(page, bookshop, STYLES)
        expect(panel.root).to_contain_text("/css/panel.css")
        page.unroute_all()
        panel.root.get_by_role("button", name="Try again").click()
        panel.is_ready()
        panel.is_styled()

    def test_markup_in_names_shows_as_text(
        self, page: Page, bookshop: BookshopFactory, errors: list[str]
    ) -> None:
        markup = "shop.<img src=x onerror=alert(1)><script>alert(2)</script>"
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

        def infect(data: dict[str, Any]) -> None:
            data["strings"] = [markup] * len(data["strings"])

        page.goto(bookshop())
        place_order(page)
        panel = open_changed(page, infect)
        panel.keys("ArrowDown", "ArrowDown")
        panel.search.fill("script")
        expect(panel.detail).to_contain_text("<script>")
        expect(panel.table.first).to_contain_text("<script>")
        assert panel.root.locator("img, script").count() == 0
        assert dialogs == []


class TestZoomAndPan:
    def test_keys(self, panel: Panel) -> None:
        whole = panel.view
        panel.keys("w")
        zoomed = panel.view
        assert zoomed.width < whole.width
        panel.keys("a")
        left = panel.view
        assert left.begin < zoomed.begin
        assert left.width == pytest.approx(zoomed.width, abs=2)
        panel.keys("d")
        assert panel.view.begin == pytest.approx(zoomed.begin, abs=2)
        panel.keys("s")
        assert panel.view.width > zoomed.width
        panel.keys("w", "w", "0")
        assert panel.view == whole

    def test_the_wheel_keeps_what_is_under_the_pointer(self, panel: Panel) -> None:
        box = panel.rows.bounding_box()
        assert box is not None
        share = 0.25
        panel.page.mouse.move(box["x"] + box["width"] * share, box["y"] + 8)
        before = panel.view
        pointed = before.begin + before.width * share
        for _ in range(4):
            panel.page.mouse.wheel(0, -120)
        panel.page.wait_for_function(
            "([root, width]) => root.dataset.djspTo - root.dataset.djspFrom < width / 2",
            arg=[panel.root.element_handle(), before.width],
        )
        after = panel.view
        assert after.begin + after.width * share == pytest.approx(pointed, abs=before.width * 0.01)

    def test_keys_that_zoom_keep_what_is_under_the_pointer_after_others_have_panned(
        self, panel: Panel
    ) -> None:
        panel.keys("w", "w", "w")
        box = panel.rows.bounding_box()
        assert box is not None
        share = 0.25
        panel.page.mouse.move(box["x"] + box["width"] * share, box["y"] + 8)
        panel.keys("d", "d")
        panned = panel.view
        panel.keys("w", "w")
        zoomed = panel.view
        pointed = panned.begin + panned.width * share
        assert zoomed.begin + zoomed.width * share == pytest.approx(pointed, abs=panned.width * 0.01)

    @pytest.mark.parametrize("by", ["key", "button"])
    def test_zooming_keeps_the_selected_span_in_view(self, panel: Panel, by: str) -> None:
        row = panel.table.filter(has_text="request_started")
        row.click()
        zoom_in = panel.root.get_by_role("button", name="Zoom in")
        for _ in range(8):
            panel.keys("w") if by == "key" else zoom_in.click()
        span = recording_of(panel.page, request_id(panel.page)).sends[0]
        assert panel.view.width < panel.total / 20
        assert panel.view.begin <= span.start_ns + span.duration_ns
        assert span.start_ns <= panel.view.end

    @pytest.mark.parametrize("key", ["w", "s", "a", "d", "f", "0"])
    def test_what_is_told_of_a_bar_goes_when_it_moves_from_the_pointer(self, panel: Panel, key: str) -> None:
        panel.keys("ArrowDown", "f", "w", "w")
        box = panel.rows.bounding_box()
        assert box is not None
        assert panel.tooltip(box["x"] + box["width"] / 2, box["y"] + 8)
        panel.keys(key)
        expect(panel.root.locator(".djsp-tip")).to_be_hidden()

    def test_dragging_pans(self, panel: Panel) -> None:
        panel.keys("w", "w", "w")
        before = panel.view
        box = panel.rows.bounding_box()
        assert box is not None
        mouse = panel.page.mouse
        mouse.move(box["x"] + 300, box["y"] + 8)
        mouse.down()
        mouse.move(box["x"] + 200, box["y"] + 8, steps=4)
        mouse.up()
        after = panel.view
        assert after.width == pytest.approx(before.width, abs=2)
        assert after.begin - before.begin == pytest.approx(before.width * 100 / box["width"], rel=0.05)

    @pytest.mark.parametrize("part", ["overview", "ruler"])
    def test_dragging_over_a_range_zooms_to_it(self, panel: Panel, part: str) -> None:
        box = getattr(panel, part).bounding_box()
        mouse = panel.page.mouse
        mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
        mouse.down()
        mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2, steps=4)
        mouse.up()
        assert panel.view.begin == pytest.approx(panel.total * 0.25, rel=0.03)
        assert panel.view.end == pytest.approx(panel.total * 0.5, rel=0.03)

    def test_f_fits_the_selected_span(self, panel: Panel) -> None:
        panel.search.fill("send_confirmation")
        panel.search.press("Enter")
        panel.keys("f")
        recording = recording_of(panel.page, request_id(panel.page))
        (call,) = [call for call in recording.calls if call.receiver.endswith("send_confirmation")]
        assert panel.view.begin <= call.start_ns
        assert panel.view.end >= call.start_ns + call.duration_ns
        assert panel.view.width < call.duration_ns * 1.5

    def test_the_buttons_do_what_the_keys_do(self, panel: Panel) -> None:
        panel.root.get_by_role("button", name="Zoom in").click()
        assert panel.view.width < panel.total
        panel.root.get_by_role("button", name="Whole request").click()
        assert panel.view.width == panel.total


class TestSearch:
    def test_matches_are_counted_and_enter_walks_through_them(self, panel: Panel) -> None:
        recording = recording_of(panel.page, request_id(panel.page))
        matching = [
            span.index
            for span in [*recording.sends, *recording.calls]
            if "index_order" in getattr(span, "receiver", "")
        ]
        panel.search.fill("index_order")
        count = panel.root.locator(".djsp-count")
        expect(count).to_have_text("1 match" if len(matching) == 1 else f"{len(matching)} matches")
        assert panel.state("matches") == str(len(matching))
        seen = []
        for _ in matching:
            panel.search.press("Enter")
            seen.append(panel.selected)
        assert seen == sorted(matching)
        panel.search.press("Shift+Enter")
        assert panel.selected == sorted(matching)[-2]

    def test_the_position_among_the_matches_is_shown_and_not_read_aloud(self, panel: Panel) -> None:
        position, count = panel.root.locator(".djsp-position"), panel.root.locator(".djsp-count")
        panel.search.fill("send_confirmation")
        expect(count).to_have_text("1 match")
        panel.search.fill("post_save")
        matches = panel.state("matches")
        expect(count).to_have_text(f"{matches} matches")
        expect(position).to_be_empty()
        count.evaluate(
            """count => {
                globalThis.said = 0;
                new MutationObserver(() => said++).observe(count, { childList: true, characterData: true });
            }"""
        )
        panel.search.press("Enter")
        panel.search.press("Enter")
        expect(position).to_have_text("2 of")
        expect(count).to_have_text(f"{matches} matches")
        panel.table.first.locator("th").click()
        expect(position).to_have_text("1 of")
        assert panel.page.evaluate("said") == 0
        panel.search.fill("")
        expect(position).to_be_empty()
        expect(count).to_be_empty()

    def test_the_table_shows_only_what_matches(self, panel: Panel) -> None:
        panel.search.fill("index_order")
        expect(panel.table).to_have_count(int(panel.state("matches")))
        panel.search.fill("")
        expect(panel.table).to_have_count(int(panel.state("spans")))

    def test_the_timeline_shows_what_is_found_before_the_table_s_rows_come(self, panel: Panel) -> None:
        drawn, after = panel.root.evaluate(
            """async (root) => {
                const frame = () => new Promise(requestAnimationFrame);
                const input = root.querySelector(".djsp-query");
                const listed = () => root.querySelector(".djsp-shown").textContent.split(" ").at(-1);
                const seen = () => [root.dataset.djspMatches, listed()];
                input.value = "index_order";
                input.dispatchEvent(new InputEvent("input", { bubbles: true }));
                await frame();
                const drawn = seen();
                await frame();
                await frame();
                return [drawn, seen()];
            }"""
        )
        matches = panel.state("matches")
        assert drawn == [matches, panel.state("spans")]
        assert after == [matches, matches]

    def test_enter_finds_its_row_though_rows_are_still_to_come(self, panel: Panel) -> None:
        current = panel.root.evaluate(
            """(root) => {
                const input = root.querySelector(".djsp-query");
                input.value = "index_order";
                input.dispatchEvent(new InputEvent("input", { bubbles: true }));
                input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
                return root.querySelector(".djsp-spans [aria-current]").dataset.djspSpan;
            }"""
        )
        assert int(current) == panel.selected >= 0
        expect(panel.table).to_have_count(int(panel.state("matches")))

    def test_every_word_must_match_whatever_its_case(self, panel: Panel) -> None:
        panel.search.fill("ORDER post_save")
        both = int(panel.state("matches"))
        panel.search.fill("post_save")
        assert 0 < both < int(panel.state("matches"))

    def test_what_is_not_there_is_said_not_to_be(self, panel: Panel) -> None:
        panel.search.fill("no such receiver")
        expect(panel.root).to_contain_text("No span matches.")

    def test_slash_goes_to_the_search_and_escape_clears_it(self, panel: Panel) -> None:
        panel.keys("/")
        expect(panel.search).to_be_focused()
        panel.page.keyboard.type("order")
        expect(panel.search).to_have_value("order")
        panel.page.keyboard.press("Escape")
        expect(panel.search).to_have_value("")
        assert panel.state("matches") == ""
        expect(panel.stage).to_be_visible()


class TestSelection:
    def test_arrows_walk_the_tree(self, panel: Panel) -> None:
        recording = recording_of(panel.page, request_id(panel.page))
        panel.search.fill("order_placed")
        panel.search.press("Enter")
        placed = recording.sends[[send.index for send in recording.sends].index(panel.selected)]
        panel.keys("ArrowDown")
        assert panel.selected == placed.calls[0].index
        panel.keys("ArrowRight")
        assert panel.selected == placed.calls[1].index
        panel.keys("ArrowLeft")
        assert panel.selected == placed.calls[0].index
        panel.keys("ArrowUp")
        assert panel.selected == placed.index

    def test_enter_goes_to_the_details(self, panel: Panel) -> None:
        panel.keys("ArrowDown", "Enter")
        expect(panel.detail).to_be_focused()

    def test_the_details_say_all_about_a_receiver_call(self, panel: Panel) -> None:
        recording = recording_of(panel.page, request_id(panel.page))
        (call,) = [call for call in recording.calls if call.exception]
        panel.search.fill("book_courier")
        panel.search.press("Enter")
        for text in (
            "book_courier",
            f"shop/receivers.py:{call.line}",
            "WarehouseClosedError",
            "order_placed",
            "send_robust",
            f"shop/views.py:{call.send.site.line if call.send.site else 0}",
            "Order",
        ):
            expect(panel.detail).to_contain_text(text)

    def test_the_details_tell_an_async_receiver_s_work_from_its_waiting_and_the_way_between_threads(
        self, page: Page, bookshop: BookshopFactory, errors: list[str]
    ) -> None:
        page.goto(bookshop() + "offers/")
        open_panel(page)
        panel = Panel(page)
        panel.is_ready()
        panel.search.fill("ask_wholesaler")
        panel.search.press("Enter")
        expect(panel.detail).to_contain_text(re.compile(r"ran [\d.]+.[mµ]s, waited [\d.]+.[mµ]s"))
        panel.search.fill("offers_wanted")
        panel.search.press("Enter")
        expect(panel.detail).to_contain_text(re.compile(r"changing threads [\d.]+.[mµ]s"))

    def test_a_click_on_a_bar_selects_it_and_its_row(self, panel: Panel) -> None:
        panel.search.fill("send_confirmation")
        panel.search.press("Enter")
        wanted = panel.selected
        panel.keys("f")
        panel.search.fill("")
        panel.keys("Escape")
        assert panel.selected == -1
        box = panel.rows.bounding_box()
        assert box is not None
        found = -1
        for y in range(8, int(box["height"]), 10):
            panel.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + y)
            found = panel.selected
            if found == wanted:
                break
        assert found == wanted
        row = panel.root.locator("tr[aria-selected=true], tr[aria-current=true]")
        expect(row).to_contain_text("send_confirmation")

    def test_a_click_on_a_row_selects_its_span(self, panel: Panel) -> None:
        row = panel.table.filter(has_text="send_confirmation").first
        row.click()
        assert panel.selected == int(row.get_attribute("data-djsp-span") or -1)
        expect(panel.detail).to_contain_text("send_confirmation")

    def test_text_in_a_row_can_be_selected_without_choosing_the_row(self, panel: Panel) -> None:
        name = panel.table.filter(has_text="send_confirmation").first.locator(".djsp-name")
        drag_across(name)
        assert "confirmation" in panel.page.evaluate("getSelection().toString()")
        assert panel.selected == -1
        name.click()
        assert panel.selected >= 0

    def test_the_pointer_over_a_bar_shows_what_it_is(self, panel: Panel) -> None:
        panel.search.fill("send_confirmation")
        panel.search.press("Enter")
        panel.keys("f")
        box = panel.rows.bounding_box()
        assert box is not None
        texts = [
            panel.tooltip(box["x"] + box["width"] / 2, box["y"] + y) for y in range(8, int(box["height"]), 10)
        ]
        assert any("send_confirmation" in text for text in texts)
        assert any("order_placed" in text for text in texts)


class TestPhases:
    def test_the_pointer_over_one_tells_its_name_how_long_it_took_and_its_share(self, panel: Panel) -> None:
        recording = recording_of(panel.page, request_id(panel.page))
        request = sum(phase.duration_ns for phase in recording.phases if phase.name != "toolbar")
        view, toolbar = (
            next(phase for phase in recording.phases if phase.name == name) for name in ("view", "toolbar")
        )

        def told(phase: Phase) -> str:
            return panel.tooltip(
                box["x"] + box["width"] * (phase.start_ns + phase.duration_ns / 2) / panel.total,
                box["y"] + box["height"] / 2,
            )

        box = panel.root.locator("[data-djsp-part=phases]").bounding_box()
        assert box is not None
        share = round(100 * view.duration_ns / request)
        assert re.fullmatch(rf"view shop\.views\.checkout\s+[\d.]+\s.s, {share} % of the request", told(view))
        assert "not counted as the request's" in told(toolbar)
        assert panel.tooltip(box["x"] + 5, box["y"] - 200) == ""

    def test_they_are_listed_for_those_who_cannot_see_them(self, panel: Panel) -> None:
        recording = recording_of(panel.page, request_id(panel.page))
        phases = panel.root.get_by_role("list", name="Phases of the request").get_by_role("listitem")
        expect(phases).to_have_count(len(recording.phases))
        expect(phases.filter(has_text="view shop.views.checkout: ")).to_contain_text("% of the request")


class TestKeys:
    def test_question_mark_lists_them_and_escape_closes_the_list_only(self, panel: Panel) -> None:
        expect(panel.help).to_be_hidden()
        panel.keys("?")
        expect(panel.help).to_be_visible()
        panel.page.keyboard.press("Escape")
        expect(panel.help).to_be_hidden()
        expect(panel.stage).to_be_visible()

    def test_escape_takes_back_the_selection_then_closes_the_panel(self, panel: Panel) -> None:
        panel.keys("ArrowDown")
        assert panel.selected >= 0
        panel.keys("Escape")
        assert panel.selected == -1
        expect(panel.stage).to_be_visible()
        panel.keys("Escape")
        expect(panel.stage).to_be_hidden()

    def test_escape_clears_the_filter_first_wherever_the_focus_is(self, panel: Panel) -> None:
        panel.search.fill("order_placed")
        panel.search.press("Enter")
        panel.keys("Escape")
        expect(panel.search).to_have_value("")
        assert panel.state("matches") == ""
        assert panel.selected >= 0
        panel.keys("Escape")
        assert panel.selected == -1
        expect(panel.stage).to_be_visible()

    def test_they_work_on_after_what_had_the_focus_is_gone(self, panel: Panel) -> None:
        panel.search.fill("send_confirmation")
        panel.search.press("Enter")
        panel.detail.get_by_role("button", name="order_placed").press("Enter")
        expect(panel.detail).to_be_focused()
        expect(panel.detail).to_contain_text("send_robust")
        panel.page.keyboard.press("Escape")  # the filter
        panel.page.keyboard.press("Escape")
        assert panel.selected == -1
        expect(panel.detail).to_be_focused()
        panel.search.fill("post_save")
        panel.table.last.locator("th").click()
        panel.page.keyboard.press("Escape")
        expect(panel.root.locator("tr[aria-current=true]")).to_be_focused()

    def test_the_pager_s_last_page_leaves_the_focus_on_the_way_back(self, panel: Panel) -> None:
        panel.page.goto(panel.page.url.split("/checkout")[0] + "/problems/repeated-send/")
        open_panel(panel.page)
        panel.is_ready()
        following = panel.root.get_by_role("button", name="Next page")
        previous = panel.root.get_by_role("button", name="Previous page")
        for pressed, other in ((following, previous), (previous, following)):
            expect(pressed).to_be_enabled()
            while pressed.is_enabled():
                pressed.press("Enter")
            expect(other).to_be_focused()

    def test_the_page_does_not_get_the_keys_that_were_for_us(self, panel: Panel) -> None:
        panel.page.evaluate(
            """() => {
                globalThis.heard = [];
                for (const type of ["keydown", "keypress", "keyup"]) {
                    document.addEventListener(type, (event) => heard.push(event.key));
                }
            }"""
        )
        panel.keys("w", "s", "a", "d", "0", "ArrowDown", "ArrowRight", "f", "?", "Escape", "/")
        panel.page.keyboard.type("was")
        panel.page.keyboard.press("Enter")
        assert panel.page.evaluate("heard") == []

    def test_it_gets_all_others(self, panel: Panel) -> None:
        panel.page.evaluate(
            "() => { globalThis.heard = []; document.addEventListener('keydown', (e) => heard.push(e.key)); }"
        )
        panel.keys("x")
        assert panel.page.evaluate("heard") == ["x"]

    def test_what_is_typed_into_the_page_s_own_form_does_not_move_the_timeline(
        self, page: Page, bookshop: BookshopFactory, errors: list[str]
    ) -> None:
        page.goto(bookshop() + "accounts/signup/")
        open_panel(page)
        panel = Panel(page)
        panel.is_ready()
        before = panel.view
        name = page.locator("input[name=username]")
        name.evaluate("input => { input.value = ''; input.focus(); }")
        page.keyboard.type("wasd/?")
        expect(name).to_have_value("wasd/?")
        assert panel.view == before
        expect(panel.help).to_be_hidden()
