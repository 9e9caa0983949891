"""What pointers do on the timeline: presses, drags, fingers; and what it looks like on another screen."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import BROWSER, emulate_media
from tests.browser.test_panel import Panel, View, errors, panel

__all__ = ["errors", "panel"]  # fixtures

OF_WIDTH = "canvas => canvas.width"


class Mouse:
    """The mouse over a part of the timeline, in pixels from its left edge."""

    def __init__(self, panel: Panel, part: str) -> None:
        box = panel.root.locator(f"[data-djsp-part={part}]").bounding_box()
        assert box is not None
        self.width = box["width"]
        self._left = box["x"]
        self._y = box["y"] + box["height"] / 2
        self._mouse = panel.page.mouse

    def move(self, x: float, dy: float = 0) -> None:
        self._mouse.move(self._left + x, self._y + dy, steps=4)

    def press(self, x: float) -> None:
        self.move(x)
        self._mouse.down()

    def release(self) -> None:
        self._mouse.up()

    def drag(self, x: float, to: float) -> None:
        self.press(x)
        self.move(to)
        self.release()


def devtools(page: Page) -> CDPSession:
    """What only a Chromium can be told to do."""
    if BROWSER != "chromium":
        pytest.skip("An installed Firefox can't be told to have fingers or another screen.")
    return page.context.new_cdp_session(page)


class TestPresses:
    def test_one_that_slips_up_or_down_on_the_ruler_does_not_zoom(self, panel: Panel) -> None:
        mouse = Mouse(panel, "ruler")
        mouse.press(300)
        mouse.move(301, dy=7)
        mouse.release()
        assert panel.view == View(0, panel.total)

    def test_one_that_slips_up_or_down_on_the_overview_brings_the_view_there(self, panel: Panel) -> None:
        panel.keys("w", "w", "w", "w")
        width = panel.view.width
        mouse = Mouse(panel, "overview")
        mouse.press(100)
        mouse.move(101, dy=12)
        mouse.release()
        assert panel.view.width == pytest.approx(width, abs=2)
        middle = (panel.view.begin + panel.view.end) / 2
        assert middle == pytest.approx(max(width / 2, panel.total * 100 / mouse.width), rel=0.02)

    @pytest.mark.parametrize("part", ["ruler", "overview", "queries"])
    def test_a_range_dragged_back_to_where_it_began_is_none(self, panel: Panel, part: str) -> None:
        mouse = Mouse(panel, part)
        mouse.press(300)
        mouse.move(400)
        mouse.move(302)
        mouse.release()
        assert panel.view == View(0, panel.total)

    def test_one_while_the_view_glides_holds_it_where_it_is(self, panel: Panel) -> None:
        emulate_media(panel.page, reduced_motion="no-preference")
        panel.page.clock.install()
        panel.page.clock.pause_at(10_000_000_000)
        mouse = Mouse(panel, "rows")
        mouse.move(300)
        panel.stage.focus()
        panel.page.keyboard.press("w")
        panel.page.clock.run_for(80)
        seen = shown(panel)
        assert panel.total / 1.5 < seen.width < panel.total
        mouse.press(300)
        panel.page.clock.run_for(1000)
        assert shown(panel) == seen
        mouse.move(200)
        panel.page.clock.run_for(1000)
        mouse.release()
        assert shown(panel).width == pytest.approx(seen.width, abs=2)
        assert shown(panel).begin > seen.begin


def shown(panel: Panel) -> View:
    """The view as it is, while no frames come by themselves."""
    return View(int(panel.state("from")), int(panel.state("to")))


class TestDrags:
    @pytest.mark.parametrize("part", ["rows", "ruler", "overview"])
    def test_escape_takes_one_back_and_leaves_the_rest(self, panel: Panel, part: str) -> None:
        panel.keys("w", "w", "ArrowRight")
        before = (panel.view, panel.selected)
        mouse = Mouse(panel, part)
        mouse.press(300)
        mouse.move(350)
        panel.page.keyboard.press("Escape")
        assert (panel.view, panel.selected) == before
        mouse.move(400)
        mouse.release()
        assert (panel.view, panel.selected) == before
        expect(panel.stage).to_be_visible()
        panel.page.keyboard.press("Escape")
        assert panel.selected == -1

    def test_a_range_of_three_pixels_is_moved_by_its_middle_and_widened_beside_it(self, panel: Panel) -> None:
        mouse = Mouse(panel, "overview")
        mouse.drag(300, to=400)
        while panel.view.width > panel.total * 3 / mouse.width:
            panel.keys("w")
        narrow = panel.view
        x = (narrow.begin + narrow.end) / 2 / panel.total * mouse.width
        mouse.drag(x, to=x + 100)
        moved = panel.view
        assert moved.width == pytest.approx(narrow.width, abs=2)
        assert moved.begin - narrow.begin == pytest.approx(panel.total * 100 / mouse.width, rel=0.02)
        mouse.drag(x + 105, to=x + 145)
        assert panel.view.begin == moved.begin
        assert panel.view.width > 10 * moved.width


class TestFingers:
    def test_two_zoom_about_their_middle(self, panel: Panel) -> None:
        fingers = Fingers(panel)
        before = panel.view
        pointed = before.begin + before.width * 230 / fingers.width
        fingers.put(200, 260)
        fingers.move(190, 270)
        fingers.move(140, 320)
        after = panel.view
        assert after.width == pytest.approx(before.width / 3, rel=0.01)
        assert after.begin + after.width * 230 / fingers.width == pytest.approx(pointed, rel=0.01)
        fingers.lift()
        assert panel.view == after
        assert panel.selected == -1

    def test_two_that_move_along_take_what_is_below_them_with_them(self, panel: Panel) -> None:
        panel.keys("w", "w", "w", "d")
        fingers = Fingers(panel)
        before = panel.view
        fingers.put(300, 400)
        fingers.move(250, 350)
        fingers.move(200, 300)
        fingers.lift()
        assert panel.view.width == pytest.approx(before.width, abs=2)
        assert panel.view.begin - before.begin == pytest.approx(before.width * 100 / fingers.width, rel=0.02)


class Fingers:
    """Two on the rows, in pixels from their left edge."""

    def __init__(self, panel: Panel) -> None:
        self._devtools = devtools(panel.page)
        self._devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
        box = panel.rows.bounding_box()
        assert box is not None
        self.width = box["width"]
        self._left = box["x"]
        self._y = box["y"] + 30

    def put(self, first: float, second: float) -> None:
        self._send("touchStart", first)
        self._send("touchStart", first, second)

    def move(self, first: float, second: float) -> None:
        self._send("touchMove", first, second)

    def lift(self) -> None:
        self._send("touchEnd")

    def _send(self, kind: str, *xs: float) -> None:
        points = [{"x": self._left + x, "y": self._y, "id": index} for index, x in enumerate(xs)]
        self._devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_sharper_screen_gets_sharper_canvases_at_once(panel: Panel) -> None:
    size: dict[str, Any] = {"width": 1280, "height": 900, "mobile": False}
    canvas = panel.rows.locator("canvas")
    width = canvas.evaluate(OF_WIDTH)
    session = devtools(panel.page)
    for factor in (2, 1):
        session.send("Emulation.setDeviceMetricsOverride", {**size, "deviceScaleFactor": factor})
        # What depends on media is looked at again when one of them changes; this one alone is not told.
        panel.page.emulate_media(reduced_motion="no-preference" if factor == 2 else "reduce")
        panel.page.wait_for_function(
            "([canvas, width]) => canvas.width === width", arg=[canvas.element_handle(), factor * width]
        )
