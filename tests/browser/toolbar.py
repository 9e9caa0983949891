"""What the browser tests do with the debug toolbar of a page."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import APIResponse, Page

from signal_panel import Recording

PANEL = "SignalTimelinePanel"


def request_id(page: Page) -> str:
    """The id under which the toolbar has stored the request that made the page."""
    return page.locator("#djDebug").get_attribute("data-request-id") or ""


def recording_of(page: Page, request_id: str) -> Recording:
    """The stored recording of a request, once the server has come to its end."""
    address = f"{_toolbar_root(page)}signal_timeline/spans/?request_id={request_id}"
    for _ in range(100):
        recording = Recording.from_json(_ok(page.request.get(address)).text())
        if recording.sends[-1].signal == "django.core.signals.request_finished":
            return recording
        time.sleep(0.03)  # the server finishes after the browser has got the page
    raise AssertionError(f"request_finished is missing: {recording.sends}")


def render_panel(page: Page, request_id: str) -> str:
    """The panel's HTML, as the toolbar answers when the panel is opened."""
    address = f"{_toolbar_root(page)}render_panel/?request_id={request_id}&panel_id={PANEL}"
    answer: dict[str, Any] = _ok(page.request.get(address)).json()
    return str(answer["content"])


def _toolbar_root(page: Page) -> str:
    address = page.locator("#djDebug").get_attribute("data-render-panel-url") or ""
    scheme, _, rest = page.url.partition("://")
    return f"{scheme}://{rest.split('/')[0]}{address.removesuffix('render_panel/')}"


def _ok(response: APIResponse) -> APIResponse:
    assert response.ok, f"{response.status} {response.url}"
    return response
