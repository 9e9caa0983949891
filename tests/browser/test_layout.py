"""The tables' cells: what is in sight at which width, and how names and places break."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_panel import Panel, errors, panel
from tests.browser.test_tabs import Tabs

__all__ = ["errors", "panel"]  # fixtures


@pytest.fixture
def tabs(panel: Panel) -> Tabs:
    """The tabs of an order that was placed."""
    return Tabs(panel)


def test_a_narrow_panel_leaves_nothing_out_of_the_sends_which_are_scrolled(tabs: Tabs) -> None:
    tabs.panel.page.set_viewport_size({"width": 560, "height": 800})
    tabs.show("sends")
    for name in ("Kind", "Sender", "Place"):
        expect(tabs.view("sends").get_by_role("columnheader", name=name)).to_be_visible()
