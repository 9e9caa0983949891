"""The panel in WebKit, Safari's engine: what a reader does, by way of WebKitGTK's own driver.

Playwright can't drive an installed WebKit: these few tell whether what the other tests hold is so there too.
They run with ``BROWSER=webkit`` alone, and need a display.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from glob import glob
from typing import Any, NamedTuple

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import ActionChains, WebKitGTK
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.browser.conftest import PATIENCE, BookshopFactory
from tests.browser.style import UNKNOWN, declarations
from tests.browser.toolbar import PANEL

# There are no forced colours, and the second has its prefix beside it.
NOT_IN_WEBKIT = {"forced-color-adjust", "user-select"}

# What each script may use: the toolbar's part of the page, and the panel in it.
GIVEN = f"""
const bar = document.querySelector("#djDebugRoot").shadowRoot;
const panel = bar.querySelector("#{PANEL} .djsp");
"""
LISTEN = """
window.errors = [];
addEventListener("error", (event) => errors.push(event.message));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
"""
# What was asked for is drawn by the second frame.
DRAWN = "const drawn = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => drawn()));"


class Box(NamedTuple):
    """Where something is on the screen."""

    x: float
    y: float
    width: float
    height: float


class Panel:
    """The panel of a page."""

    def __init__(self, driver: WebKitGTK) -> None:
        self.driver = driver

    def run(self, script: str, *given: Any) -> Any:
        return self.driver.execute_script(GIVEN + script, *given)

    def tell(self, what: str) -> Any:
        """What there is of it, once all that was asked for is drawn."""
        self.driver.execute_async_script(DRAWN)
        return self.run(f"return {what}")

    def wait(self, what: str) -> Any:
        """The same, as soon as there is any."""
        waiting = WebDriverWait(self.driver, PATIENCE, ignored_exceptions=[WebDriverException])
        return waiting.until(lambda _: self.run(f"return {what}"), f"never: {what}")

    def find(self, selector: str) -> Any:
        return self.wait(f"panel.querySelector({selector!r})")

    def box(self, selector: str) -> Box:
        found = self.tell(f"panel.querySelector({selector!r}).getBoundingClientRect().toJSON()")
        return Box(*(found[name] for name in Box._fields))

    def open(self) -> None:
        self.wait(f"bar.querySelector('#djDebugPanelList a.{PANEL}')").click()
        self.wait("panel.dataset.djspState === 'ready'")

    @property
    def view(self) -> tuple[int, int]:
        """The stretch of time that the timeline shows, in nanoseconds."""
        begin, end = self.tell("[panel.dataset.djspFrom, panel.dataset.djspTo]")
        return int(begin), int(end)

    def keys(self, *keys: str) -> None:
        self.run("panel.querySelector('.djsp-stage').focus()")
        ActionChains(self.driver).send_keys(*keys).perform()

    def pointer(self, x: float, y: float) -> ActionChains:
        actions = ActionChains(self.driver)
        actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
        return actions

    def search(self, *keys: str) -> None:
        self.find(".djsp-query").send_keys(*keys)

    def show(self, name: str) -> None:
        self.find(f"[data-djsp-tab={name}]").click()

    def pixels(self) -> str:
        """All that is drawn in the rows, as a data URL."""
        return str(self.tell("panel.querySelector('[data-djsp-part=rows] canvas').toDataURL()"))


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebKitGTK]:
    """A WebKit, on the display that $DISPLAY names, of a reader who likes no motion."""
    browsers = glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser")
    if not browsers:
        pytest.fail("No WebKitGTK with its driver is here: install it (apt install webkit2gtk-driver).")
    settings = tmp_path_factory.mktemp("config") / "gtk-3.0" / "settings.ini"
    settings.parent.mkdir()
    settings.write_text("[Settings]\ngtk-enable-animations=0\n")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(settings.parents[1])}
    options = Options()
    options.binary_location = browsers[0]
    options.add_argument("--automation")
    driver = WebKitGTK(options=options, service=Service(env=environment))
    driver.set_window_size(1280, 900)
    yield driver
    driver.quit()


@pytest.fixture
def opened(driver: WebKitGTK, bookshop: BookshopFactory) -> Iterator[Callable[[str], Panel]]:
    """``opened(path)``: the panel, open, of that page. Nothing may go wrong in it."""

    def open_panel(path: str) -> Panel:
        driver.get(bookshop() + path)
        if path == "checkout/":
            driver.find_element("css selector", "form button").click()
            WebDriverWait(driver, PATIENCE).until(lambda _: "Thank you" in driver.page_source)
        driver.execute_script(LISTEN)
        panel = Panel(driver)
        panel.open()
        return panel

    yield open_panel
    assert driver.execute_script("return errors") == []


@pytest.fixture
def panel(opened: Callable[[str], Panel]) -> Panel:
    """The panel, open, of an order that was placed."""
    return opened("checkout/")


def test_webkit_knows_all_of_the_style_sheet(panel: Panel) -> None:
    unknown = panel.run(f"return ({UNKNOWN})(arguments[0])", declarations())
    assert {name for name, _ in unknown} == NOT_IN_WEBKIT


def test_the_timeline_is_drawn_and_zooming_draws_it_anew(panel: Panel) -> None:
    whole, drawn = panel.view, panel.pixels()
    panel.keys("w")
    assert whole[0] < panel.view[0] < panel.view[1] < whole[1]
    assert panel.pixels() != drawn
    panel.keys("0")
    assert panel.view == whole
    assert panel.pixels() == drawn


def test_the_wheel_zooms_and_dragging_pans(panel: Panel) -> None:
    whole, box = panel.view, panel.box("[data-djsp-part=rows]")
    middle = (round(box.x + box.width / 2), round(box.y + 8))
    actions = ActionChains(panel.driver)
    actions.scroll_from_origin(ScrollOrigin.from_viewport(*middle), 0, -240).perform()
    # The wheel turns for some frames.
    panel.wait(f"panel.dataset.djspFrom > {whole[0]}")
    panel.keys("0", "w", "w")
    before = panel.view
    # Where no bar is: there it would be selected.
    drag = panel.pointer(middle[0], box.y + box.height - 2)
    drag.w3c_actions.pointer_action.pointer_down()
    drag.w3c_actions.pointer_action.move_to_location(middle[0] - 200, round(box.y + box.height - 2))
    drag.w3c_actions.pointer_action.pointer_up()
    drag.perform()
    after = panel.view
    assert after[0] > before[0]
    assert after[1] - after[0] == pytest.approx(before[1] - before[0], abs=2)


def test_a_click_on_a_bar_selects_its_span_and_the_arrows_walk_on(panel: Panel) -> None:
    panel.search("receiver:send_confirmation", Keys.ENTER)
    chosen = int(panel.tell("panel.dataset.djspSelected"))
    panel.keys("f")
    panel.keys(Keys.ESCAPE, Keys.ESCAPE)
    assert panel.tell("panel.dataset.djspSelected") == "-1"
    box = panel.box("[data-djsp-part=rows]")
    panel.pointer(box.x + box.width / 2, box.y + 30).click().perform()
    assert int(panel.tell("panel.dataset.djspSelected")) == chosen
    assert "send_confirmation" in panel.find(".djsp-detail").text
    panel.keys(Keys.ARROW_RIGHT)
    assert int(panel.tell("panel.dataset.djspSelected")) > chosen


def test_the_filter_leaves_the_rows_that_match(panel: Panel) -> None:
    rows = "panel.querySelectorAll('.djsp-spans tbody tr').length"
    all_of_them = panel.tell(rows)
    panel.search("signal:order_placed", Keys.ENTER)
    matches = int(panel.wait("panel.dataset.djspMatches"))
    assert 0 < matches < all_of_them
    assert panel.tell(rows) == matches
    panel.search(Keys.ESCAPE)
    assert panel.tell(rows) == all_of_them


@pytest.mark.parametrize("name", ["receivers", "signals", "sends", "connected", "across"])
def test_each_tab_has_its_table(panel: Panel, name: str) -> None:
    panel.show(name)
    assert panel.wait(f"panel.querySelectorAll('[data-djsp-sheet={name}] tbody tr').length") > 1


def test_a_finding_s_spans_are_shown(panel: Panel) -> None:
    panel.find("[data-djsp-do=highlight]").click()
    assert panel.tell("panel.dataset.djspHighlighted") == "1"


def test_places_look_as_if_they_could_be_clicked_and_are_copied(panel: Panel) -> None:
    place = panel.find(".djsp-spans .djsp-place")
    style = "return ['textDecorationLine', 'textDecorationStyle', 'webkitUserSelect']"
    found = panel.run(f"{style}.map((name) => getComputedStyle(arguments[0])[name])", place)
    assert found == ["underline", "dotted", "text"]
    place.click()
    panel.wait("panel.querySelector('.djsp-spans .djsp-place').innerText === 'copied'")


def test_a_change_of_theme_redraws_in_its_colours(panel: Panel) -> None:
    before = panel.tell("bar.querySelector('#djDebug').dataset.theme"), panel.pixels()
    panel.run("bar.querySelector('#djToggleThemeButton').click()")
    assert panel.tell("bar.querySelector('#djDebug').dataset.theme") != before[0]
    assert panel.pixels() != before[1]
    panel.driver.execute_script("localStorage.clear()")


def test_a_hundred_thousand_spans_open_and_are_searched(opened: Callable[[str], Panel]) -> None:
    panel = opened("stock-take/")
    panel.search("receiver:check_place", Keys.ENTER)
    assert panel.wait("panel.dataset.djspMatches") == "33200"
    drawn = panel.pixels()
    panel.keys("w", "w", "w")
    assert panel.pixels() != drawn
