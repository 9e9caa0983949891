"""The tables' cells: what is in sight at which width, and how names and places break."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.dispatch import Signal
from playwright.sync_api import Page, Route, expect

from signal_panel import Recording, record
from signal_panel.tables import spans
from signal_panel.templating import render
from tests.browser.conftest import BookshopFactory, emulate_media
from tests.browser.style import UNKNOWN, declarations
from tests.browser.test_open import choose, opened
from tests.browser.test_panel import Panel, errors, panel, place_order
from tests.browser.test_tabs import Tabs
from tests.browser.toolbar import PANEL, open_panel, recording_of, request_id

__all__ = ["errors", "opened", "panel"]  # fixtures

USUAL = "update_organization_membership_search_index"
LONG = f"{USUAL}_{'x' * 300}"

# Each piece of a name, between two places where it may break, is on one line.
IS_WHOLE = """
(cell) => [...cell.childNodes].filter((node) => node.data?.trim()).every((text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    return range.getClientRects().length === 1;
})
"""
# At both ends of a cell, it is the cell that is seen.
IS_ON_TOP = """
(cell) => {
    const { left, right, top } = cell.getBoundingClientRect();
    return [left + 3, right - 3].every((x) => cell.getRootNode().elementFromPoint(x, top + 3) === cell);
}
"""
HIDDEN_WIDTH = "(box) => box.scrollWidth - box.clientWidth"
# What the cells of each row say, and where they may break, up to its figures. A place is text until there is
# a script that copies it.
WRITTEN = """
(body) => [...body.rows].map((row) => [...row.cells].slice(0, 4).map((cell) =>
    cell.innerHTML.replace(/<(\\w+)[^>]*>/g, "<$1>").replaceAll("button>", "span>").trim()))
"""


def record_nested(times: int) -> Recording:
    """A send whose receiver sends, whose receiver sends, and so on: two levels each time."""
    nested = Signal()

    def send_again(sender: Any, left: int, **named: Any) -> None:
        if left:
            nested.send(sender, left=left - 1)

    nested.connect(send_again)
    with record() as recording:
        nested.send(None, left=times - 1)
    return recording


@pytest.fixture
def tabs(panel: Panel) -> Tabs:
    """The tabs of an order that was placed."""
    return Tabs(panel)


def open_renamed(page: Page, address: str, name: str) -> Tabs:
    """The tabs of an order one of whose receivers is called so."""

    def rename(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace("charge_card", name)
        route.fulfill(response=answer, body=body.replace("charge_<wbr>card", name.replace("_", "_<wbr>")))

    page.route("**/signal_timeline/**", rename)
    page.goto(address)
    place_order(page)
    open_panel(page)
    tabs = Tabs(Panel(page))
    tabs.panel.is_ready()
    return tabs


@pytest.mark.parametrize("width", [1100, 1280])
def test_a_name_of_forty_letters_breaks_between_its_words_and_hides_nothing(
    page: Page, bookshop: BookshopFactory, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    tabs = open_renamed(page, bookshop(), USUAL)
    spans = tabs.panel.root.locator(".djsp-spans")
    assert spans.evaluate(HIDDEN_WIDTH) == 0
    name = spans.locator("th", has_text=USUAL).first
    assert name.evaluate(IS_WHOLE)
    place = spans.locator("tr", has_text=USUAL).first.locator(".djsp-place")
    assert place.evaluate("place => place.getClientRects().length") == 1
    if width == 1280:
        tabs.show("receivers")
        assert tabs.view("receivers").locator(".djsp-sheet").evaluate(HIDDEN_WIDTH) == 0


def test_one_name_of_three_hundred_letters_does_not_push_the_figures_away(
    page: Page, bookshop: BookshopFactory
) -> None:
    tabs = open_renamed(page, bookshop(), LONG)
    assert tabs.panel.root.locator(".djsp-spans").evaluate(HIDDEN_WIDTH) == 0
    tabs.show("receivers")
    figure = tabs.row("receivers", "xxx").locator(":nth-child(10)")
    right = "(element) => element.getBoundingClientRect().right"
    assert figure.evaluate(right) < tabs.view("receivers").evaluate(right)


def test_a_short_name_does_not_break_however_narrow_the_panel_is(tabs: Tabs) -> None:
    tabs.panel.page.set_viewport_size({"width": 700, "height": 800})
    tabs.show("sends")
    assert tabs.row("sends", "tell_staff").locator("th").evaluate("cell => cell.offsetHeight") < 30
    tabs.show("receivers")
    several = tabs.row("receivers", "close_old_connections").locator(".djsp-names > span")
    heights = several.evaluate_all("names => names.map((name) => name.offsetHeight)")
    assert len(heights) == 2
    assert max(heights) < 30


def test_a_narrow_panel_leaves_nothing_out_of_the_sends_which_are_scrolled(tabs: Tabs) -> None:
    tabs.panel.page.set_viewport_size({"width": 560, "height": 800})
    tabs.show("sends")
    for name in ("Kind", "Sender", "Place"):
        expect(tabs.view("sends").get_by_role("columnheader", name=name)).to_be_visible()


@pytest.mark.parametrize("name", ["receivers", "connected"])
def test_what_a_row_is_about_stays_in_sight_when_its_table_is_scrolled_sideways(
    tabs: Tabs, name: str
) -> None:
    tabs.panel.page.set_viewport_size({"width": 700, "height": 800})
    tabs.show(name)
    tabs.view(name).locator(".djsp-sheet").evaluate("sheet => sheet.scrollTo(sheet.scrollWidth, 0)")
    for cell in (tabs.view(name).locator("thead th").first, tabs.rows(name).first.locator("th")):
        assert cell.evaluate(IS_ON_TOP)
        expect(cell).to_have_css("background-color", re.compile(r"^rgb\("))  # opaque


def test_a_row_stays_as_the_server_wrote_it_when_the_script_has_run(
    page: Page, bookshop: BookshopFactory
) -> None:
    page.goto(bookshop())
    place_order(page)
    recording_of(page, request_id(page))
    with page.expect_response("**/render_panel/**") as answer:
        page.locator(f"#djDebugPanelList a.{PANEL}").click()
    panel = Panel(page)
    panel.is_ready()
    html = answer.value.json()["content"]
    served = page.evaluate(
        f"html => ({WRITTEN})(new DOMParser().parseFromString(html, 'text/html')"
        ".querySelector('.djsp-spans tbody'))",
        html,
    )
    assert len(served) > 50
    assert panel.root.locator(".djsp-spans tbody").evaluate(WRITTEN) == served


def test_each_row_tells_its_level_which_is_seen_where_the_indent_ends(opened: Page) -> None:
    recording = record_nested(8)
    choose(opened, recording.to_json())
    levels = opened.locator(".djsp-spans tbody .djsp-level")
    expect(levels).to_have_text([f"level {level}" for level in range(1, 17)])
    widths = levels.evaluate_all("levels => levels.map((level) => level.offsetWidth)")
    assert [width > 1 for width in widths] == [False] * 13 + [True] * 3
    served = render("rows.html", {"rows": spans(recording, 16)})
    read = f"html => ({WRITTEN})(new DOMParser().parseFromString(html, 'text/html').querySelector('tbody'))"
    assert opened.locator(".djsp-spans tbody").evaluate(WRITTEN) == opened.evaluate(read, served)


def test_the_span_that_a_selected_one_is_in_is_said_aloud(opened: Page) -> None:
    choose(opened, record_nested(1).to_json())
    opened.locator(".djsp-spans .djsp-call th").click()
    expect(opened.locator(".djsp-live")).to_contain_text("receiver, in record_nested:Signal None, ")


def test_forced_colours_leave_what_is_told_by_colours(tabs: Tabs) -> None:
    emulate_media(tabs.panel.page, forced_colors="active")
    plain = "rgba(0, 0, 0, 0)"
    for swatch in tabs.panel.root.locator(".djsp-swatch[class*=djsp-app]").all():
        expect(swatch).to_have_css("forced-color-adjust", "none")
    backgrounds = [
        tabs.tab(name).evaluate("tab => getComputedStyle(tab).backgroundColor")
        for name in ("timeline", "sends")
    ]
    assert backgrounds[0] not in (plain, backgrounds[1])
    tabs.panel.search.fill("receiver:charge_card")
    tabs.panel.search.press("Enter")
    tabs.show("receivers")
    expect(tabs.row("receivers", "charge_card")).to_have_css("outline-style", "solid")
    sides = """
    (heading) => {
        const { borderLeftColor, borderTopColor } = getComputedStyle(heading, "::after");
        return [borderLeftColor, borderTopColor];
    }
    """
    side, top = tabs.view("receivers").locator("[aria-sort=descending] button").evaluate(sides)
    assert side == plain != top


def test_a_row_that_the_keyboard_comes_to_is_not_beneath_the_details(tabs: Tabs) -> None:
    page = tabs.panel.page
    body = tabs.panel.root.locator(".djsp-spans tbody")
    body.locator("[tabindex='0']").focus()
    page.keyboard.press("End")
    below = """
    (row) => {
        const detail = row.closest(".djsp").querySelector(".djsp-detail");
        return row.getBoundingClientRect().top - detail.getBoundingClientRect().bottom;
    }
    """
    for key in ["ArrowUp"] * 40 + ["PageUp"] * 3:
        page.keyboard.press(key)
        focused = body.locator("tr:focus")
        expect(focused).to_have_attribute("aria-current", "true")
        assert focused.evaluate(below) > -1


@pytest.mark.parametrize("name", ["receivers", "signals", "sends", "across"])
def test_a_table_in_a_wide_window_does_not_scroll_sideways(tabs: Tabs, name: str) -> None:
    tabs.panel.page.set_viewport_size({"width": 1920, "height": 900})
    tabs.show(name)
    sheet = tabs.view(name).locator(".djsp-sheet")
    assert sheet.evaluate("sheet => sheet.scrollWidth - sheet.clientWidth") == 0


def test_what_is_told_of_a_bar_is_as_wide_at_the_right_edge_as_elsewhere(panel: Panel) -> None:
    panel.search.fill("signal:order_placed")
    panel.search.press("Enter")
    panel.keys("f", "w")
    rows, phases = panel.rows.bounding_box(), panel.root.locator("[data-djsp-part=phases]").bounding_box()
    assert rows is not None
    assert phases is not None
    tip = panel.root.locator(".djsp-tip")
    left, right = rows["x"] + 20, rows["x"] + rows["width"] - 5
    assert "order_placed" in panel.tooltip(left, rows["y"] + 8)
    width = tip.evaluate("tip => tip.offsetWidth")
    assert "view" in panel.tooltip(right, phases["y"] + 8)
    assert tip.evaluate("tip => tip.offsetWidth") < width
    assert "order_placed" in panel.tooltip(right, rows["y"] + 8)
    assert tip.evaluate("tip => tip.offsetWidth") == width


def test_a_long_name_of_a_file_stays_in_its_column(opened: Page) -> None:
    long = "send_order_confirmation_to_customer_and_warehouse_handlers_of_all_kinds"
    text = record_nested(1).to_json().replace("test_layout.py", f"{long}.py")
    choose(opened, text)
    place = opened.locator(".djsp-spans .djsp-place").first
    expect(place).to_contain_text(long)
    right = "(element) => element.getBoundingClientRect().right"
    assert place.evaluate(right) <= place.locator("xpath=ancestor::td").evaluate(right)


def test_the_list_of_keys_is_one_column_where_two_would_be_too_narrow(panel: Panel) -> None:
    panel.keys("?")
    key, what = panel.help.locator("dt").first, panel.help.locator("dd").first
    left = "(element) => element.getBoundingClientRect().left"
    assert key.evaluate(left) < what.evaluate(left)
    panel.page.set_viewport_size({"width": 480, "height": 900})
    expect(what).to_have_css("display", "block")
    assert key.evaluate(left) == what.evaluate(left)
    assert panel.help.evaluate("help => help.offsetHeight") < 1500


def test_what_is_wrong_with_a_filter_stays_in_its_box(panel: Panel) -> None:
    panel.page.set_viewport_size({"width": 480, "height": 900})
    panel.search.fill(f"{'key' * 40}:red")
    panel.search.press("Enter")
    problem = panel.root.locator(".djsp-problem")
    expect(problem).to_contain_text("keykey")
    assert problem.evaluate(HIDDEN_WIDTH) == 0


@pytest.mark.parametrize("width", [1280, 1440])
def test_what_is_connected_fits_into_a_usual_window(tabs: Tabs, width: int) -> None:
    tabs.panel.page.set_viewport_size({"width": width, "height": 900})
    tabs.show("connected")
    assert tabs.view("connected").locator(".djsp-sheet").evaluate(HIDDEN_WIDTH) == 0


@pytest.mark.parametrize("width", [480, 540, 720])
def test_the_spans_of_a_narrow_panel_show_their_times_without_scrolling(tabs: Tabs, width: int) -> None:
    tabs.panel.page.set_viewport_size({"width": width, "height": 900})
    spans = tabs.panel.root.locator(".djsp-spans")
    expect(spans.get_by_role("columnheader", name="Time")).to_be_visible()
    assert spans.evaluate(HIDDEN_WIDTH) == 0


def test_where_tab_stops_at_rows_that_scroll_it_is_told_what_they_are(opened: Page) -> None:
    choose(opened, record_nested(40).to_json())
    stage = opened.locator(".djsp-stage")
    stage.focus()
    opened.keyboard.press("Tab")
    expect(opened.get_by_role("group", name="signals")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_forced_colours_are_those_of_what_is_drawn_whatever_the_toolbar_s_theme_is(
    page: Page, bookshop: BookshopFactory, scheme: str, theme: str
) -> None:
    emulate_media(page, color_scheme=scheme, forced_colors="active")
    page.add_init_script(f"localStorage.setItem('djdt.user-theme', '{theme}')")
    page.goto(bookshop())
    open_panel(page)
    panel = Panel(page)
    panel.is_ready()
    expect(page.locator("#djDebug")).to_have_attribute("data-theme", theme)
    # The colour that the handles of the overview have the most of.
    darkness = panel.overview.locator("canvas").evaluate(
        """
        (canvas) => {
            const [red, green, blue, alpha] = canvas.getContext("2d").getImageData(1, 20, 1, 1).data;
            return alpha === 255 && 1 - (red + green + blue) / 3 / 255;
        }
        """
    )
    assert darkness == (1 if scheme == "light" else 0)


def test_what_a_finding_shows_is_told_on_the_timeline_alone(tabs: Tabs) -> None:
    tabs.panel.root.get_by_role("button", name="Show on the timeline").first.click()
    expect(tabs.chip).to_be_visible()
    tabs.show("sends")
    expect(tabs.chip).to_be_hidden()
    tabs.show("timeline")
    expect(tabs.chip).to_be_visible()


def test_the_browser_knows_all_of_the_style_sheet(page: Page) -> None:
    assert page.evaluate(UNKNOWN, declarations()) == []
