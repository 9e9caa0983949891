"""The panel's tabs in a browser: tables beside the timeline, one filter, and the ways between them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from signal_panel import Recording
from tests.browser.conftest import BROWSER, BookshopFactory, emulate_media
from tests.browser.test_panel import (
    CHART,
    SPANS,
    Panel,
    drag_across,
    errors,
    open_changed,
    panel,
    place_order,
    side_bar_link,
)
from tests.browser.toolbar import open_panel, recording_of, request_id, switch_to

__all__ = ["errors", "panel"]  # fixtures

TABLES = "**/signal_timeline/table/**"
OTHERS = ["receivers", "signals", "sends", "connected", "across"]


class Tabs:
    """The tabs of a panel."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.chip = panel.root.locator(".djsp-chip")

    def tab(self, name: str) -> Locator:
        return self.panel.root.locator(f"[data-djsp-tab={name}][role=tab]")

    def view(self, name: str) -> Locator:
        return self.panel.root.locator(f"[data-djsp-view={name}]")

    def rows(self, name: str) -> Locator:
        """The rows of the table that are shown; of its first table where it has several."""
        return self.view(name).locator("table").first.locator("tbody > tr:visible")

    def row(self, name: str, text: str) -> Locator:
        return self.view(name).locator("tbody > tr:visible").filter(has_text=text).first

    def show(self, name: str) -> None:
        self.tab(name).click()
        self.is_shown(name)

    def is_shown(self, name: str) -> None:
        expect(self.tab(name)).to_have_attribute("aria-selected", "true")
        expect(self.view(name)).to_be_visible()
        if name != "timeline":
            expect(self.view(name)).to_have_attribute("data-djsp-state", "ready")

    def cells(self, name: str, column: int) -> list[str]:
        cells = self.rows(name).locator(f"> :nth-child({column})")
        return [cell.get_attribute("data-djsp-value") or cell.inner_text() for cell in cells.all()]


@pytest.fixture
def tabs(panel: Panel) -> Tabs:
    """The tabs of an order that was placed."""
    return Tabs(panel)


@pytest.fixture
def recording(panel: Panel) -> Recording:
    return recording_of(panel.page, request_id(panel.page))


class TestTabs:
    def test_each_shows_its_table_and_hides_the_others(self, tabs: Tabs) -> None:
        for name in OTHERS:
            tabs.show(name)
            expect(tabs.rows(name).first).to_be_visible()
            expect(tabs.panel.root.locator("[data-djsp-view]:visible")).to_have_count(1)
        tabs.show("timeline")
        expect(tabs.panel.stage).to_be_visible()

    def test_a_table_is_fetched_when_it_is_first_shown(self, page: Page, bookshop: BookshopFactory) -> None:
        fetched: list[str] = []
        page.on("request", lambda request: "/table/" in request.url and fetched.append(request.url))
        page.goto(bookshop())
        open_panel(page)
        tabs = Tabs(Panel(page))
        tabs.panel.is_ready()
        assert fetched == []
        for name in ("receivers", "timeline", "receivers"):
            tabs.show(name)
        assert [url.rpartition("table=")[2] for url in fetched] == ["receivers"]

    def test_arrows_home_and_end_walk_from_tab_to_tab(self, tabs: Tabs) -> None:
        keyboard = tabs.panel.page.keyboard
        tabs.tab("timeline").focus()
        walk = [("ArrowRight", "receivers"), ("End", "across"), ("ArrowRight", "timeline")]
        walk += [("ArrowLeft", "across"), ("Home", "timeline")]
        for key, name in walk:
            keyboard.press(key)
            expect(tabs.tab(name)).to_be_focused()
            tabs.is_shown(name)
        keyboard.press("Tab")
        expect(tabs.panel.search).to_be_focused()

    def test_a_failed_fetch_can_be_tried_again(self, tabs: Tabs) -> None:
        page = tabs.panel.page
        page.route(TABLES, lambda route: route.fulfill(status=200, body="<h1>Log in</h1>"))
        # The browser's own console would tell of a status that is an error, as it should.
        page.evaluate("console.error = () => {}")
        tabs.tab("receivers").click()
        view = tabs.view("receivers")
        expect(view).to_contain_text("The table could not be loaded: no table in the answer")
        page.unroute(TABLES)
        view.get_by_role("button", name="Try again").click()
        tabs.is_shown("receivers")

    def test_a_request_no_longer_stored_is_told(self, page: Page, bookshop: BookshopFactory) -> None:
        page.goto(bookshop())
        open_panel(page)
        tabs = Tabs(Panel(page))
        page.route(TABLES, lambda route: route.fulfill(status=404))
        tabs.tab("sends").click()
        expect(tabs.view("sends")).to_contain_text("This request is no longer stored.")

    def test_one_clicked_while_the_scripts_load_is_shown_once_they_are_there(
        self, page: Page, bookshop: BookshopFactory
    ) -> None:
        held: list[Route] = []
        page.route(CHART, lambda route: held.append(route))
        page.goto(bookshop())
        place_order(page)
        ordered = page.url
        side_bar_link(page).click()
        panel = Panel(page)
        panel.is_styled()
        expect(panel.root).to_have_attribute("data-djsp-state", "loading")
        for name in ("signals", "receivers"):
            tab = panel.root.locator(f"[data-djsp-tab={name}]")
            tab.click()
            expect(tab).to_have_attribute("aria-current", "true")
        assert page.url == ordered
        held[-1].continue_()
        Tabs(panel).is_shown("receivers")

    def test_without_scripts_they_are_links_to_pages(self, page: Page, bookshop: BookshopFactory) -> None:
        page.route("**/signal_panel/js/**", lambda route: route.abort())
        page.goto(bookshop())
        place_order(page)
        recording_of(page, request_id(page))
        side_bar_link(page).click()
        panel = Panel(page)
        panel.is_styled()
        panel.root.locator("[data-djsp-tab=receivers]").click()
        expect(page.get_by_role("heading", name="Receivers")).to_be_visible()
        expect(page.get_by_role("cell", name="order_placed").first).to_be_visible()

    def test_why_a_receiver_was_not_called_is_in_sight_without_scrolling_sideways(self, tabs: Tabs) -> None:
        tabs.show("connected")
        remark = tabs.view("connected").get_by_role("columnheader", name="Remarks").bounding_box()
        sheet = tabs.view("connected").locator(".djsp-sheet").bounding_box()
        assert remark is not None
        assert sheet is not None
        assert remark["x"] + remark["width"] <= sheet["x"] + sheet["width"]

    def test_another_request_is_compared_in_place(self, tabs: Tabs) -> None:
        tabs.show("across")
        other = tabs.view("across").locator("option").last.get_attribute("value")
        tabs.view("across").get_by_role("combobox").select_option(other)
        with tabs.panel.page.expect_response(TABLES) as answer:
            tabs.view("across").get_by_role("button", name="Compare").click()
        assert f"with={other}" in answer.value.url
        tabs.is_shown("across")
        expect(tabs.view("across").get_by_role("button", name="Compare")).to_be_focused()


class TestSorting:
    def test_each_of_several_tables_is_sorted_by_its_own_heads(self, tabs: Tabs) -> None:
        tabs.show("across")
        tables = tabs.view("across").get_by_role("table")
        expect(tables).to_have_count(3)
        for table in tables.all():
            heading = table.get_by_role("columnheader").first
            heading.get_by_role("button").click()
            expect(heading).to_have_attribute("aria-sort", "ascending")
            names = table.locator("tbody th").all_inner_texts()
            assert len(names) > 1
            assert names == sorted(names, key=str.lower)

    def test_a_click_sorts_by_the_largest_another_by_the_smallest(self, tabs: Tabs) -> None:
        tabs.show("receivers")
        heading = tabs.view("receivers").get_by_role("columnheader", name="Calls")
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", "descending")
        calls = [int(cell) for cell in tabs.cells("receivers", 2)]
        assert calls == sorted(calls, reverse=True)
        assert calls[0] > calls[-1]
        heading.get_by_role("button").press("Enter")
        expect(heading).to_have_attribute("aria-sort", "ascending")
        assert [int(cell) for cell in tabs.cells("receivers", 2)] == sorted(calls)
        expect(tabs.view("receivers").locator("th[aria-sort]:not([aria-sort=none])")).to_have_count(1)

    def test_names_sort_from_a_to_z(self, tabs: Tabs) -> None:
        tabs.show("receivers")
        heading = tabs.view("receivers").get_by_role("columnheader", name="Receiver", exact=True)
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", "ascending")
        names = tabs.cells("receivers", 1)
        assert names == sorted(names, key=str.lower)


class TestFilter:
    def test_it_holds_for_the_timeline_and_for_all_tables(self, tabs: Tabs, recording: Recording) -> None:
        panel = tabs.panel
        calls = [call for call in recording.calls if call.receiver.endswith("index_order")]
        panel.search.fill("receiver:index_order")
        expect(panel.root).to_have_attribute("data-djsp-matches", str(len(calls)))
        expect(panel.table).to_have_count(len(calls))
        for name in ("receivers", "sends", "connected"):
            tabs.show(name)
            expect(tabs.rows(name).first).to_be_visible()
            for row in tabs.rows(name).all():
                expect(row).to_contain_text("index_order")
        tabs.show("receivers")
        expect(tabs.rows("receivers")).to_have_count(1)
        expect(panel.root.locator(".djsp-count")).to_have_text(re.compile(r"^1 of \d+ rows$"))
        panel.search.fill("")
        expect(tabs.rows("receivers").nth(1)).to_be_visible()

    def test_it_holds_for_each_of_several_tables(self, tabs: Tabs) -> None:
        tabs.show("across")
        tables = tabs.view("across").get_by_role("table")
        rows = tables.locator("tbody > .djsp-row:visible")
        total = rows.count()
        tabs.panel.search.fill("order")
        for table in tables.all():
            for row in table.locator("tbody > tr:visible").all():
                expect(row).to_contain_text("order")
        left = rows.count()
        assert 0 < left < total
        expect(tabs.panel.root.locator(".djsp-count")).to_have_text(f"{left} of {total} rows")

    def test_a_place_finds_its_rows_as_it_is_copied(self, tabs: Tabs) -> None:
        tabs.show("receivers")
        place = tabs.row("receivers", "index_order").locator("[data-djsp-copy]")
        path, line = (place.get_attribute("data-djsp-copy") or "").rsplit(":", 1)
        for written in (f"{path}:{line}", path.replace("/", "\\") + f":{line}"):
            tabs.panel.search.fill(written)
            for name in ("receivers", "connected"):
                tabs.show(name)
                expect(tabs.rows(name).first).to_contain_text("index_order")
                for row in tabs.rows(name).all():
                    expect(row).to_contain_text(f"shop/receivers.py:{line}")

    def test_a_row_without_spans_is_found_by_its_place_and_by_its_whole_name(self, tabs: Tabs) -> None:
        tabs.show("connected")
        uncalled = tabs.row("connected", "signal not sent")
        place = uncalled.locator("[data-djsp-copy]").first.get_attribute("data-djsp-copy")
        name = uncalled.locator(".djsp-names [title]").get_attribute("title")
        for term in (str(place), f"receiver:{name}"):
            tabs.panel.search.fill(term)
            expect(tabs.rows("connected").first).to_be_visible()
            for row in tabs.rows("connected").all():
                expect(row).to_contain_text(str(name).rpartition(".")[2])

    def test_terms_compare_times_queries_and_exceptions(self, tabs: Tabs, recording: Recording) -> None:
        panel = tabs.panel
        slow = [span for span in [*recording.sends, *recording.calls] if span.duration_ns > 5e6]
        panel.search.fill("duration:>5ms")
        expect(panel.root).to_have_attribute("data-djsp-matches", str(len(slow)))
        asking = [call for call in recording.calls if call.queries]
        assert asking
        panel.search.fill("receiver: sql:>0")
        expect(panel.root).to_have_attribute("data-djsp-matches", str(len(asking)))
        panel.search.fill("raised:WarehouseClosed sender:Order")
        expect(panel.root).to_have_attribute("data-djsp-matches", "1")
        panel.search.fill("is:unheard signal:pre_init")
        unheard = [send for send in recording.sends if send.signal.endswith("pre_init") and not send.calls]
        expect(panel.root).to_have_attribute("data-djsp-matches", str(len(unheard)))

    def test_what_is_wrong_is_told_beside_it_and_the_rest_holds(self, tabs: Tabs) -> None:
        panel = tabs.panel
        problem = panel.root.locator(".djsp-problem")
        panel.search.fill("colour:red book_courier")
        expect(problem).to_contain_text("There is no key “colour”")
        expect(panel.search).to_have_attribute("aria-invalid", "true")
        expect(panel.root).to_have_attribute("data-djsp-matches", "1")
        panel.search.fill("duration:5")
        panel.search.press("Enter")
        expect(problem).to_contain_text("duration:>5ms")
        panel.search.fill("duration:>5ms")
        expect(problem).to_be_empty()
        expect(panel.search).to_have_attribute("aria-invalid", "false")

    @pytest.mark.parametrize("leave", ["Enter", "Tab", "Space"])
    def test_what_is_being_typed_is_wrong_only_once_it_is_left(self, tabs: Tabs, leave: str) -> None:
        panel = tabs.panel
        problem = panel.root.locator(".djsp-problem")
        before = panel.stage.bounding_box()
        panel.search.focus()
        for character in "duration:>5":
            panel.page.keyboard.type(character)
            expect(problem).to_be_empty()
        expect(panel.search).to_have_attribute("aria-invalid", "false")
        panel.page.keyboard.press(leave)
        expect(problem).to_contain_text("duration:>5ms")
        expect(panel.search).to_have_attribute("aria-invalid", "true")
        assert panel.stage.bounding_box() == before

    def test_a_table_with_nothing_left_says_so(self, tabs: Tabs) -> None:
        tabs.show("receivers")
        tabs.panel.search.fill("no_such_receiver")
        expect(tabs.rows("receivers")).to_have_text(["No row matches the filter."])
        tabs.panel.search.fill("index_order")
        expect(tabs.rows("receivers")).to_have_count(1)

    def test_the_help_lists_its_keys(self, tabs: Tabs) -> None:
        tabs.panel.keys("?")
        for key in (
            "receiver:",
            "signal:",
            "sender:",
            "site:",
            "duration:",
            "self:",
            "sql:",
            "raised:",
            "is:",
        ):
            expect(tabs.panel.help).to_contain_text(key)


class TestHighlight:
    def test_a_chosen_row_s_spans_stand_out_and_one_click_leads_back(
        self, tabs: Tabs, recording: Recording
    ) -> None:
        panel = tabs.panel
        calls = [call for call in recording.calls if call.receiver.endswith("index_order")]
        plain = panel.pixels()
        tabs.show("receivers")
        tabs.row("receivers", "index_order").locator("th").click()
        tabs.is_shown("timeline")
        expect(panel.root).to_have_attribute("data-djsp-highlighted", str(len(calls)))
        expect(panel.root).to_have_attribute("data-djsp-matches", str(len(calls)))
        expect(tabs.chip).to_contain_text(f"Showing {len(calls)} spans of index_order")
        expect(panel.table).to_have_count(len(calls))
        # The longest of them, which is most often what was looked for.
        assert panel.selected == max(calls, key=lambda call: call.duration_ns).index
        assert panel.pixels() != plain
        tabs.chip.get_by_role("button", name="Receivers").click()
        tabs.is_shown("receivers")
        expect(tabs.chip).to_be_hidden()
        expect(panel.root).to_have_attribute("data-djsp-highlighted", "")
        expect(tabs.row("receivers", "index_order")).to_be_focused()

    def test_by_keys_too(self, tabs: Tabs, recording: Recording) -> None:
        keyboard = tabs.panel.page.keyboard
        tabs.show("receivers")
        tabs.rows("receivers").first.focus()
        for key in ("ArrowDown", "End", "Home", "ArrowDown"):
            keyboard.press(key)
        second = tabs.rows("receivers").nth(1)
        expect(second).to_be_focused()
        keyboard.press("Enter")
        tabs.is_shown("timeline")
        expect(tabs.panel.stage).to_be_focused()
        expect(tabs.chip).to_be_visible()
        keyboard.press("b")
        tabs.is_shown("receivers")
        expect(second).to_be_focused()
        expect(tabs.chip).to_be_hidden()

    def test_escape_takes_it_back_after_the_selection(self, tabs: Tabs) -> None:
        tabs.show("signals")
        tabs.row("signals", "order_placed").locator("th").click()
        expect(tabs.chip).to_be_visible()
        tabs.panel.keys("Escape")
        assert tabs.panel.selected == -1
        expect(tabs.chip).to_be_visible()
        tabs.panel.keys("Escape")
        expect(tabs.chip).to_be_hidden()
        expect(tabs.panel.stage).to_be_visible()

    def test_showing_all_again_leaves_the_focus_on_the_timeline(self, tabs: Tabs) -> None:
        tabs.show("signals")
        tabs.row("signals", "order_placed").locator("th").click()
        tabs.chip.get_by_role("button", name="Show all").press("Enter")
        expect(tabs.chip).to_be_hidden()
        expect(tabs.panel.stage).to_be_focused()

    def test_the_filter_narrows_it(self, tabs: Tabs, recording: Recording) -> None:
        tabs.show("signals")
        tabs.row("signals", "post_save").locator("th").click()
        sends = [send for send in recording.sends if send.signal.endswith("post_save")]
        expect(tabs.panel.root).to_have_attribute("data-djsp-matches", str(len(sends)))
        tabs.panel.search.fill("sender:Payment")
        payments = [send for send in sends if send.sender.endswith("Payment")]
        assert 0 < len(payments) < len(sends)
        expect(tabs.panel.root).to_have_attribute("data-djsp-matches", str(len(payments)))

    def test_a_folded_row_of_the_tree_stands_for_all_its_spans(
        self, tabs: Tabs, recording: Recording
    ) -> None:
        tabs.show("sends")
        folded = tabs.view("sends").locator(".djsp-times").first
        count = re.search(r"\d+", folded.inner_text())
        assert count is not None
        folded.click()
        expect(tabs.panel.root).to_have_attribute("data-djsp-highlighted", count[0])

    def test_a_chosen_span_s_row_is_marked_and_in_sight(self, tabs: Tabs) -> None:
        panel = tabs.panel
        panel.search.fill("reserve_stock")
        panel.search.press("Enter")
        panel.search.fill("")
        for name in ("receivers", "sends", "signals"):
            tabs.show(name)
            marked = tabs.view(name).locator("tr[aria-current=true]")
            expect(marked).to_have_count(1)
            expect(marked).to_be_in_viewport()
            # Sends have no row of the receiver's own: the row is that of the send.
            expect(marked).to_contain_text("order_placed" if name == "signals" else "reserve_stock")
        tabs.show("timeline")
        panel.root.get_by_role("button", name="Next", exact=True).click()
        tabs.show("signals")
        expect(tabs.view("signals").locator("tr[aria-current=true]")).not_to_contain_text("order_placed")

    def test_nothing_on_a_table_moves_the_selection_unseen(self, tabs: Tabs) -> None:
        panel = tabs.panel
        steps = panel.root.get_by_role("button", name=re.compile("^(Previous|Next)$"))
        expect(steps).to_have_count(2)
        panel.search.fill("post_save")
        panel.search.press("Enter")
        selected = panel.selected
        for name in OTHERS:
            tabs.show(name)
            expect(steps).to_have_count(0)
            panel.search.press("Enter")
            assert panel.selected == selected
        tabs.show("timeline")
        expect(steps).to_have_count(2)
        panel.search.press("Enter")
        assert panel.selected != selected

    def test_text_in_a_row_can_be_selected_without_choosing_the_row(self, tabs: Tabs) -> None:
        tabs.show("receivers")
        drag_across(tabs.row("receivers", "index_order").locator("th"))
        assert "index" in tabs.panel.page.evaluate("getSelection().toString()")
        tabs.is_shown("receivers")
        expect(tabs.chip).to_be_hidden()

    def test_places_in_a_row_do_not_choose_it(self, tabs: Tabs) -> None:
        tabs.show("receivers")
        if BROWSER == "chromium":
            tabs.panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        place = tabs.row("receivers", "index_order").locator(".djsp-place")
        text = place.inner_text()
        place.click()
        expect(place).to_have_text("copied")
        copied = tabs.panel.page.evaluate("navigator.clipboard.readText()")
        assert copied.endswith(text)
        tabs.is_shown("receivers")
        expect(place).to_have_text(text)


class TestFindings:
    def test_one_s_spans_stand_out_and_one_click_leads_back(self, tabs: Tabs, recording: Recording) -> None:
        (call,) = [call for call in recording.calls if call.exception]
        finding = tabs.panel.root.locator("[data-djsp-rule=swallowed-exception]")
        claim = finding.locator(".djsp-claim").inner_text()
        tabs.show("signals")
        button = finding.get_by_role("button", name="Show on the timeline")
        button.click()
        tabs.is_shown("timeline")
        expect(tabs.chip).to_contain_text(f"Showing 1 span: {claim}")
        expect(tabs.panel.root).to_have_attribute("data-djsp-selected", str(call.index))
        tabs.chip.get_by_role("button", name="Findings").click()
        expect(tabs.chip).to_be_hidden()
        expect(button).to_be_focused()

    def test_a_filter_that_leaves_none_of_one_s_spans_is_cleared(self, tabs: Tabs) -> None:
        panel = tabs.panel
        finding = panel.root.locator("[data-djsp-rule=swallowed-exception]")
        for query, left in (("receiver:index_order", ""), ("receiver:book_courier", "receiver:book_courier")):
            panel.search.fill(query)
            finding.get_by_role("button", name="Show on the timeline").click()
            expect(tabs.chip).to_contain_text("Showing 1 span")
            expect(panel.root).to_have_attribute("data-djsp-matches", "1")
            expect(panel.table).to_have_count(1)
            expect(panel.search).to_have_value(left)

    def test_the_way_back_leads_to_one_after_a_switch_too(self, tabs: Tabs) -> None:
        page = tabs.panel.page
        shown = request_id(page)
        finding = tabs.panel.root.locator("[data-djsp-rule=swallowed-exception]")
        button = finding.get_by_role("button", name="Show on the timeline")
        button.click()
        other = page.evaluate("fetch('/quiet/').then(answer => answer.headers.get('djdt-request-id'))")
        for request in (other, shown):
            switch_to(page, request)
            open_panel(page)
        tabs.panel.is_ready()
        tabs.chip.get_by_role("button", name="Findings").click()
        expect(tabs.chip).to_be_hidden()
        expect(button).to_be_focused()

    def test_by_keys_too(self, tabs: Tabs) -> None:
        finding = tabs.panel.root.locator("[data-djsp-rule=swallowed-exception]")
        button = finding.get_by_role("button", name="Show on the timeline")
        button.press("Enter")
        expect(tabs.chip).to_be_visible()
        tabs.panel.page.keyboard.press("b")
        expect(tabs.chip).to_be_hidden()
        expect(button).to_be_focused()


class TestBeforeTheSpansAreThere:
    @pytest.fixture
    def held(self, page: Page) -> list[Route]:
        """What asks for spans, and is not answered yet."""
        held: list[Route] = []
        page.route(SPANS, lambda route: held.append(route))
        return held

    @pytest.fixture
    def tabs(self, page: Page, bookshop: BookshopFactory, held: list[Route]) -> Tabs:
        """The tabs of an order whose spans are on their way."""
        page.goto(bookshop())
        place_order(page)
        side_bar_link(page).click()
        panel = Panel(page)
        panel.is_styled()
        expect(panel.root).to_have_attribute("data-djsp-state", "loading")
        return Tabs(panel)

    def test_places_can_be_copied(self, tabs: Tabs) -> None:
        if BROWSER == "chromium":
            tabs.panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        place = tabs.panel.root.locator(".djsp-finding [data-djsp-copy]").first
        place.click()
        expect(place).to_have_text("copied")

    def test_what_shows_spans_only_offers_to_once_they_are(self, tabs: Tabs, held: list[Route]) -> None:
        button = tabs.panel.root.get_by_role("button", name="Show on the timeline").first
        expect(button).to_be_disabled()
        tabs.show("receivers")
        row = tabs.row("receivers", "index_order")
        expect(row).not_to_have_attribute("title", "Show on the timeline")
        row.locator("th").click()
        tabs.is_shown("receivers")
        held[0].continue_()
        expect(tabs.panel.root).to_have_attribute("data-djsp-state", "ready")
        expect(button).to_be_enabled()
        row.locator("th").click()
        tabs.is_shown("timeline")
        expect(tabs.chip).to_contain_text("index_order")


class TestQueries:
    def test_they_are_drawn_as_ticks_that_tell_and_lead_to_their_span(
        self, tabs: Tabs, recording: Recording
    ) -> None:
        panel = tabs.panel
        expect(panel.root).to_have_attribute("data-djsp-queries", str(len(recording.queries)))
        (query,) = [query for query in recording.queries if query.sql.startswith('INSERT INTO "shop_payment')]
        assert query.span is not None
        box = panel.root.locator("[data-djsp-part=queries]").bounding_box()
        assert box is not None
        middle = (query.start_ns + query.duration_ns / 2) / panel.total
        x, y = box["x"] + box["width"] * middle, box["y"] + box["height"] / 2
        panel.page.mouse.move(x, y)
        tip = panel.root.locator(".djsp-tip")
        expect(tip).to_be_visible()
        expect(tip.locator("code")).to_be_visible()
        panel.page.mouse.click(x, y)
        expect(panel.root).not_to_have_attribute("data-djsp-selected", "-1")
        panel.page.mouse.move(x, box["y"] - 200)
        expect(tip).to_be_hidden()

    def test_one_that_ran_in_no_span_is_told_in_the_details(
        self, page: Page, bookshop: BookshopFactory, errors: list[str]
    ) -> None:
        def add(data: dict[str, Any]) -> None:
            data["strings"].append("SELECT everything")
            data["statements"] = [[len(data["strings"]) - 1, 0]]
            data["queries"] = [[0], [data["duration"]], [-1], [0], [0]]

        page.goto(bookshop())
        panel = open_changed(page, add)
        panel.keys("ArrowDown")
        panel.root.locator("[data-djsp-part=queries]").click()
        expect(panel.root).to_have_attribute("data-djsp-selected", "-1")
        expect(panel.detail.locator("code:visible")).to_have_text("SELECT everything")
        expect(panel.detail).to_contain_text("in no span")
        expect(panel.root.locator(".djsp-live")).to_contain_text("SELECT everything")

    def test_those_that_ran_in_no_span_fold_out_while_nothing_is_chosen(
        self, tabs: Tabs, recording: Recording
    ) -> None:
        detail = tabs.panel.detail
        outside = [query for query in recording.queries if query.span is None]
        assert 0 < len(outside) <= 20
        expect(detail).to_contain_text("Choose a bar or a row")
        detail.locator("summary").press("Enter")
        expect(detail.locator("code:visible")).to_have_text([query.sql for query in outside])
        tabs.panel.keys("ArrowDown")
        expect(detail).not_to_contain_text("in no span")

    def test_the_details_fold_out_a_span_s_own_and_count_those_inside(
        self, tabs: Tabs, recording: Recording
    ) -> None:
        panel = tabs.panel
        (call,) = [call for call in recording.calls if call.receiver.endswith("charge_card")]
        panel.search.fill("receiver:charge_card")
        panel.search.press("Enter")
        queries = panel.detail.locator(".djsp-queries")
        expect(queries.locator("summary")).to_contain_text(f"{len(call.queries)} queries, ")
        expect(queries.locator("li").first).to_be_hidden()
        queries.locator("summary").click()
        expect(queries.locator("li")).to_have_count(len(call.queries))
        expect(queries.locator("code").first).to_have_text(call.queries[0].sql)
        panel.search.fill("signal:order_placed is:unheard -is:unheard")
        panel.search.fill("order_placed")
        panel.search.press("Enter")
        expect(panel.detail).to_contain_text(re.compile(r"in the spans inside: \d+ queries"))

    def test_the_details_tell_what_was_in_a_transaction(self, tabs: Tabs, recording: Recording) -> None:
        panel = tabs.panel
        inside = next(send for send in recording.sends if send.in_transaction)
        panel.table.nth(inside.index).click()
        expect(panel.detail).to_contain_text("started inside a transaction")
        outside = next(send for send in recording.sends if not send.in_transaction)
        panel.table.nth(outside.index).click()
        expect(panel.detail).not_to_contain_text("transaction")

    def test_they_tell_of_hooks_repeats_receivers_that_did_not_run_and_queries_asked_before(
        self, page: Page, bookshop: BookshopFactory, errors: list[str]
    ) -> None:
        def add(data: dict[str, Any]) -> None:
            kinds = [data["shapes"][shape][0] for shape in data["shape"]]
            first = next(span for span, kind in enumerate(kinds) if kind >= 0)
            data["within"] = [[first, 3]]
            data["again"] = [[first + 1, first]] if kinds[first + 1] >= 0 else []
            data["skipped"] = [[first, [0]]]
            data["again"].append([first, first])
            data["statements"] = [[0, 0]]
            data["queries"] = [[0] * 30, [1000] * 30, [first] * 30, [0] * 30, [0, *range(1, 30)]]

        page.goto(bookshop())
        panel = open_changed(page, add)
        panel.keys("ArrowDown")
        detail = panel.detail
        expect(detail).to_contain_text("started inside a transaction, from an on_commit hook")
        expect(detail).to_contain_text("sent again for the same instance: go to the first time")
        expect(detail).to_contain_text("did not run, since one before raised:")
        expect(detail).to_contain_text("30 queries")
        expect(detail).to_contain_text("29 asked before with the same parameters")
        detail.locator("summary").click()
        expect(detail.locator("li")).to_have_count(20)
        expect(detail).to_contain_text("and 10 more")


class TestState:
    def test_history_s_switch_keeps_the_tab_the_filter_and_the_order(self, tabs: Tabs) -> None:
        page = tabs.panel.page
        order = request_id(page)
        page.goto(page.url)
        open_panel(page)
        tabs.panel.is_ready()
        tabs.panel.search.fill("order")
        tabs.show("receivers")
        tabs.view("receivers").get_by_role("button", name="Calls").click()
        switch_to(page, order)
        open_panel(page)
        tabs.is_shown("receivers")
        expect(tabs.panel.search).to_have_value("order")
        calls = tabs.view("receivers").get_by_role("columnheader", name="Calls")
        expect(calls).to_have_attribute("aria-sort", "descending")
        for row in tabs.rows("receivers").all():
            expect(row).to_contain_text("order")

    def test_a_table_that_comes_before_the_spans_is_filtered_all_the_same(self, tabs: Tabs) -> None:
        page = tabs.panel.page
        order = request_id(page)
        page.goto(page.url)
        open_panel(page)
        tabs.panel.is_ready()
        tabs.panel.search.fill("order")
        tabs.show("receivers")
        held: list[Route] = []
        page.route(SPANS, lambda route: held.append(route))
        switch_to(page, order)
        side_bar_link(page).click()
        tabs.is_shown("receivers")
        expect(tabs.rows("receivers").first).to_be_visible()
        held[0].continue_()
        expect(tabs.panel.root).to_have_attribute("data-djsp-state", "ready")
        for row in tabs.rows("receivers").all():
            expect(row).to_contain_text("order")

    def test_and_each_request_s_own_zoom_selection_and_highlight(self, tabs: Tabs) -> None:
        page = tabs.panel.page
        page.goto(page.url)
        there = request_id(page)
        page.goto(page.url)
        here = request_id(page)
        open_panel(page)
        tabs.panel.is_ready()
        tabs.show("receivers")
        tabs.row("receivers", "reset_queries").locator("th").click()
        tabs.is_shown("timeline")
        tabs.panel.keys("w")
        before = (tabs.panel.view, tabs.panel.selected, tabs.chip.inner_text())
        assert before[0].width < tabs.panel.total
        switch_to(page, there)
        open_panel(page)
        tabs.panel.is_ready()
        expect(tabs.chip).to_be_hidden()
        assert tabs.panel.selected == -1
        assert tabs.panel.view.width == tabs.panel.total
        switch_to(page, here)
        open_panel(page)
        tabs.panel.is_ready()
        expect(tabs.chip).to_be_visible()
        assert (tabs.panel.view, tabs.panel.selected, tabs.chip.inner_text()) == before
        tabs.chip.get_by_role("button", name="Receivers").click()
        tabs.is_shown("receivers")
        expect(tabs.row("receivers", "reset_queries")).to_be_visible()


class TestOnAPageOfItsOwn:
    @pytest.fixture
    def page(self, page: Page, bookshop: BookshopFactory) -> Page:
        """The receivers of an order that was placed, without a panel around them."""
        page.goto(bookshop())
        place_order(page)
        open_panel(page)
        page.goto(page.locator("[data-djsp-tab=receivers]").evaluate("tab => tab.href"))
        return page

    def test_a_table_follows_the_reader_s_theme(self, page: Page) -> None:
        for scheme in ("dark", "light"):
            emulate_media(page, color_scheme=scheme)
            expect(page.locator("#djDebug")).to_have_attribute("data-theme", scheme)

    def test_a_table_is_sorted_by_its_heads(self, page: Page) -> None:
        heading = page.get_by_role("columnheader", name="Receiver", exact=True)
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", "ascending")
        names = page.locator("tbody th").all_inner_texts()
        assert names == sorted(names, key=str.lower)

    def test_its_places_can_be_copied_and_its_rows_not_be_chosen(self, page: Page) -> None:
        if BROWSER == "chromium":
            page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        place = page.locator(".djsp-place").first
        whole = place.get_attribute("title")
        place.click()
        expect(place).to_have_text("copied")
        expect(page.locator(".djsp-live")).to_have_text("copied")
        assert page.evaluate("navigator.clipboard.readText()") == whole
        address = page.url
        page.locator("tbody th").first.click()
        expect(page.locator("tr[tabindex], tr[title]")).to_have_count(0)
        assert page.url == address

    @pytest.mark.parametrize("table", [*OTHERS, "findings", "spans"])
    def test_without_scripts_there_is_no_button_that_does_nothing(
        self, browser: Browser, page: Page, table: str
    ) -> None:
        if BROWSER == "firefox":
            pytest.skip("An installed Firefox can't be told to run no scripts.")
        context = browser.new_context(java_script_enabled=False)
        plain = context.new_page()
        plain.goto(page.url.replace("table=receivers", f"table={table}"))
        expect(plain.locator(".djsp-place").first).to_be_visible()
        # A form needs no scripts.
        expect(plain.locator("button:not(form *)")).to_have_count(0)
        context.close()


def test_a_hundred_thousand_spans_are_filtered_and_highlighted(
    page: Page, bookshop: BookshopFactory, errors: list[str]
) -> None:
    page.goto(bookshop() + "stock-take/")
    open_panel(page)
    tabs = Tabs(Panel(page))
    tabs.panel.is_ready()
    tabs.show("receivers")
    tabs.row("receivers", "check_place").locator("th").click()
    expect(tabs.panel.root).to_have_attribute("data-djsp-highlighted", "33200")
    tabs.panel.search.fill("duration:>1h")
    tabs.panel.search.press("Enter")
    expect(tabs.panel.root.locator(".djsp-problem")).to_contain_text("duration:")
    tabs.panel.search.fill("duration:>10s")
    expect(tabs.panel.root).to_have_attribute("data-djsp-matches", "0")
