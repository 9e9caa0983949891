"""What pointers do on the timeline: presses, drags, fingers; and what it looks like on another screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.conftest import BROWSER
from tests.browser.test_panel import Panel, errors, panel

__all__ = ["errors", "panel"]  # fixtures


def devtools(page: Page) -> CDPSession:
    """What only a Chromium can be told to do."""
    if BROWSER != "chromium":
        pytest.skip("An installed Firefox can't be told to have fingers or another screen.")
    return page.context.new_cdp_session(page)


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
