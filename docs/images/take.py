"""Takes the pictures of the documentation, of the bookshop that ``make example`` serves.

Run it so: ``.venv/bin/python docs/images/take.py http://127.0.0.1:8000/``
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
PANEL = "SignalTimelinePanel"


def show_order(page: Page, address: str) -> None:
    """Place an order, and open the panel on the slowest of its receivers."""
    for _ in range(2):  # the first request of a process has more to do than the panel is about
        page.goto(f"{address}checkout/")
        page.get_by_role("button", name="Place the order").click()
        page.wait_for_load_state()
    page.locator(f"#djDebugPanelList a.{PANEL}").click()
    root = page.locator(f"#{PANEL} .djsp[data-djsp-state=ready]")
    root.wait_for()
    search = root.locator(".djsp-query")
    search.fill("post_save Order")
    search.press("Enter")
    search.fill("charge_card")
    search.press("Enter")
    search.fill("")
    page.mouse.move(5, 5)


def main(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme, name in (("light", "panel.png"), ("dark", "panel-dark.png")):
            page = browser.new_page(
                viewport={"width": 1400, "height": 820}, color_scheme=scheme, reduced_motion="reduce"
            )
            show_order(page, address)
            page.wait_for_timeout(300)
            page.screenshot(path=HERE / name)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
