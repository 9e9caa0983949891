"""What the browser tests do with the debug toolbar of a page."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin

from playwright.sync_api import APIResponse, Page

from signal_panel import Recording

PANEL = "SignalTimelinePanel"


class Row(NamedTuple):
    """A row of the table that the server renders."""

    depth: int
    name: str
    place: str | None


class OpenedPanel(NamedTuple):
    """What the browser got when the panel was opened: the table's rows, and the spans for the timeline."""

    rows: list[Row]
    recording: Recording


def request_id(page: Page) -> str:
    """The id under which the toolbar has stored the request that it shows."""
    return page.locator("#djDebug").get_attribute("data-request-id") or ""


def recording_of(page: Page, request_id: str) -> Recording:
    """The stored recording of a request, once the server has come to its end."""
    address = f"{_toolbar_root(page)}signal_timeline/spans/?request_id={request_id}"
    for _ in range(1000):
        recording = Recording.from_json(_ok(page.request.get(address)).text())
        if recording.sends[-1].signal == "django.core.signals.request_finished":
            return recording
        time.sleep(0.03)  # the server finishes after the browser has got the page
    raise AssertionError(f"request_finished is missing: {recording.sends}")


def open_panel(page: Page) -> OpenedPanel:
    """Open the panel by a click, as soon as all of the request that the toolbar shows is stored."""
    recording_of(page, request_id(page))
    with (
        page.expect_response("**/render_panel/**") as content,
        page.expect_response("**/signal_timeline/spans/**") as spans,
    ):
        page.locator(f"#djDebugPanelList a.{PANEL}").click()
    page.locator(f"#{PANEL} .djsp[data-djsp-state=ready]").wait_for()
    table = _Table()
    table.feed(content.value.json()["content"])
    return OpenedPanel(table.rows, Recording.from_json(spans.value.text()))


def switch_to(page: Page, request_id: str) -> None:
    """Have the toolbar show another request, as its History does."""
    page.locator("#djDebugPanelList a.HistoryPanel").click()
    button = page.locator(f".switchHistory[data-request-id='{request_id}']")
    button.wait_for()
    # A click before History's script has run would be lost.
    page.evaluate("import(document.querySelector('script[src$=\"/history.js\"]').src)")
    button.click()
    page.locator(f"#djDebug[data-request-id='{request_id}']").wait_for(state="attached")


class _Table(HTMLParser):
    """Reads the rows of the panel's table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        classes = (attributes.get("class") or "").split()
        if tag == "th" and "djsp-name" in classes:
            depth = next(c.removeprefix("djsp-depth-") for c in classes if "-depth-" in c)
            self.rows.append(Row(int(depth), attributes["title"] or "", None))
        elif tag == "td" and "djsp-where" in classes:
            self.rows[-1] = self.rows[-1]._replace(place=attributes.get("title"))


def _toolbar_root(page: Page) -> str:
    address = page.locator("#djDebug").get_attribute("data-render-panel-url") or ""
    return urljoin(page.url, address.removesuffix("render_panel/"))


def _ok(response: APIResponse) -> APIResponse:
    assert response.ok, f"{response.status} {response.url}"
    return response
