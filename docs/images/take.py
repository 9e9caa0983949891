"""Takes the pictures of the documentation, of the bookshop that ``make example`` serves.

Run it so: ``.venv/bin/python docs/images/take.py http://127.0.0.1:8000/``
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

HERE = Path(__file__).parent
PANEL = "SignalTimelinePanel"


def open_panel(page: Page) -> Locator:
    """Open the panel, and give what is in it once the timeline is there."""
    page.locator(f"#djDebugPanelList a.{PANEL}").click()
    root = page.locator(f"#{PANEL} .djsp[data-djsp-state=ready]")
    root.wait_for()
    return root


def place_order(page: Page, address: str) -> Locator:
    """Place an order, and open the panel on the slowest of its receivers."""
    for _ in range(2):  # the first request of a process has more to do than the panel is about
        page.goto(f"{address}checkout/")
        page.get_by_role("button", name="Place the order").click()
        page.wait_for_load_state()
    root = open_panel(page)
    query = root.locator(".djsp-query")
    query.fill("receiver:charge_card")
    query.press("Enter")
    query.fill("")
    page.mouse.move(5, 5)
    return root


def show_problem(page: Page, address: str, problem: str) -> Locator:
    """Open the panel on a page of the gallery, and light up the spans of its finding."""
    for _ in range(2):
        page.goto(f"{address}problems/{problem}/")
    root = open_panel(page)
    root.locator(f"[data-djsp-rule={problem}] [data-djsp-do=highlight]").click()
    page.mouse.move(5, 5)
    return root


def show_tab(root: Locator, name: str) -> None:
    root.locator(f"[data-djsp-tab={name}]").click()
    root.locator(f"[data-djsp-sheet={name}] table").first.wait_for()
    # To where the table's head is: it has scrolled to the row of the span that is chosen.
    root.page.locator(f"#{PANEL} .djdt-scroll").evaluate("box => box.scrollTo(0, 0)")


def main(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )

        def new_page(scheme: str = "light", height: int = 820) -> Page:
            return browser.new_page(
                viewport={"width": 1400, "height": height}, color_scheme=scheme, reduced_motion="reduce"
            )

        def take(page: Page, name: str) -> None:
            page.wait_for_timeout(300)
            page.screenshot(path=HERE / f"{name}.png")

        for scheme, name in (("light", "panel"), ("dark", "panel-dark")):
            page = new_page(scheme)
            root = place_order(page, address)
            take(page, name)
            if scheme == "light":
                for tab in ("receivers", "connected", "across"):
                    show_tab(root, tab)
                    take(page, tab)
        page = new_page(height=620)
        show_problem(page, address, "repeated-send")
        take(page, "finding")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
