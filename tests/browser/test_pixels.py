"""What the canvases show, and what drawing them takes, whatever is in the recording and in view."""

from __future__ import annotations

import pytest
from django.dispatch import Signal
from playwright.sync_api import Page, expect

import signal_panel
from tests.browser.conftest import BookshopFactory
from tests.browser.test_panel import Panel
from tests.browser.toolbar import PANEL
from tests.clock import FakeClock

SENDS = 20_000

COUNT_CALLS = """
globalThis.drawn = 0;
for (const name of ["fillRect", "strokeRect", "clearRect", "fillText", "fill", "stroke", "drawImage"]) {
    const found = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...values) {
        globalThis.drawn += 1;
        return found.apply(this, values);
    };
}
"""

# How far a row of receiver calls is from the background, on average.
INK = """canvas => {
    const line = (top) => canvas.getContext("2d").getImageData(0, top, canvas.width, 1).data;
    const background = line(canvas.height - 1);
    const row = line(Math.round(1.5 * 18 * devicePixelRatio));
    return row.reduce((sum, value, i) => sum + Math.abs(value - background[i]), 0) / 255 / row.length;
}"""


def recorded(occupied: int, of: int = 100) -> str:
    """A row of calls that are ``occupied`` long, one after the other every ``of`` nanoseconds."""
    clock = FakeClock()
    signal = Signal()

    def receiver(**named: object) -> None:
        clock.pass_(occupied)

    signal.connect(receiver)
    with signal_panel.record(clock=clock) as recording:
        for _ in range(SENDS):
            signal.send(None)
            clock.pass_(of - occupied)
    return recording.to_json()


def open_on(page: Page, bookshop: BookshopFactory, recording: str) -> None:
    page.unroute("**/signal_timeline/spans/**")
    page.route("**/signal_timeline/spans/**", lambda route: route.fulfill(body=recording))
    page.goto(bookshop())
    page.locator(f"#djDebugPanelList a.{PANEL}").click()
    expect(page.locator(f"#{PANEL} .djsp")).to_have_attribute("data-djsp-state", "ready")
    Panel(page).is_drawn()


def test_a_half_empty_row_does_not_look_full(page: Page, bookshop: BookshopFactory) -> None:
    ink = {}
    for occupied in (10, 50, 100):
        open_on(page, bookshop, recorded(occupied))
        ink[occupied] = page.locator(f"#{PANEL} .djsp-canvas-rows").evaluate(INK)
    assert 0 < ink[10] < 0.8 * ink[50]
    assert ink[50] < 0.8 * ink[100]


@pytest.mark.parametrize("part", ["whole", "middle"])
def test_a_step_draws_no_more_than_one_bar_a_pixel_of_each_row(
    page: Page, bookshop: BookshopFactory, part: str
) -> None:
    page.add_init_script(COUNT_CALLS)
    open_on(page, bookshop, recorded(50))
    pixels = page.locator(f"#{PANEL} .djsp").evaluate(
        """root => {
            const canvases = [...root.querySelectorAll("canvas")];
            const rows = Number(root.dataset.djspRows);
            return canvases.reduce(
                (sum, { width, className }) => sum + width * (className.endsWith("-rows") ? rows : 1), 0);
        }"""
    )
    stage = page.locator(f"#{PANEL} .djsp-stage")
    stage.focus()
    if part == "middle":
        for _ in range(6):
            page.keyboard.press("w")
    for step in "wwwwwwwwddaasss":
        drawn = stage.evaluate(
            """async (stage, key) => {
                globalThis.drawn = 0;
                stage.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
                for (let frames = 0; frames < 3; frames++) {
                    await new Promise(requestAnimationFrame);
                }
                return globalThis.drawn;
            }""",
            step,
        )
        assert 0 < drawn <= pixels, (step, drawn, pixels)


def test_the_overview_follows_what_is_searched_for_and_the_theme(
    page: Page, bookshop: BookshopFactory
) -> None:
    open_on(page, bookshop, recorded(50))
    panel = Panel(page)

    def picture() -> list[int]:
        """A column of pixels in the middle, where no handle is."""
        panel.is_drawn()
        pixels: list[int] = panel.overview.locator("canvas").evaluate(
            """canvas => {
                const { width, height } = canvas;
                return [...canvas.getContext("2d").getImageData(width / 2, 0, 1, height).data];
            }"""
        )
        return pixels

    whole = picture()
    panel.search.fill("receiver")
    found = picture()
    panel.search.fill("")
    assert picture() == whole != found
    page.locator("#djDebug").evaluate("toolbar => { toolbar.dataset.theme = 'dark'; }")
    assert picture() not in (whole, found)


def test_an_empty_span_at_the_very_start_is_drawn_and_is_what_an_arrow_chooses_first(
    page: Page, bookshop: BookshopFactory
) -> None:
    clock = FakeClock()
    signal = Signal()
    with signal_panel.record(clock=clock) as recording:
        for _ in range(3):
            signal.send(None)
            clock.pass_(1000)
    open_on(page, bookshop, recording.to_json())
    panel = page.locator(f"#{PANEL} .djsp")
    expect(panel).to_have_attribute("data-djsp-bars", "3")
    panel.locator(".djsp-stage").press("ArrowRight")
    expect(panel).to_have_attribute("data-djsp-selected", "0")
