"""A headless Chromium, and what it says of its memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGS = [
    "--no-sandbox",  # which root, as in most containers, needs; only our own pages are opened
    "--disable-gpu",
    # A frame begins as soon as the one before is done, not sixty times a second: else each takes 17 ms.
    "--disable-gpu-vsync",
    "--disable-frame-rate-limit",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 180_000  # milliseconds


@contextmanager
def chromium() -> Iterator[Browser]:
    """$CHROMIUM, an installed one, or Playwright's own."""
    with sync_playwright() as playwright:
        names = ("chromium", "google-chrome", "chromium-headless-shell")
        named = (os.environ.get("CHROMIUM"), *map(shutil.which, names))
        path = next((path for path in named if path and Path(path).exists()), None)
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@contextmanager
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Somebody with a cache of their own, empty as yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@contextmanager
def fresh_page(context: BrowserContext, address: str, *scripts: Path) -> Iterator[Page]:
    """A page in which the scripts have run."""
    page = context.new_page()
    page.goto(address)
    for script in scripts:
        page.add_script_tag(path=script)
    yield page
    page.close()


def memory(page: Page) -> float:
    """MB that the page's scripts, elements and arrays take, once what is garbage is gone."""
    session: Any = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    session.detach()
    parts = ("usedSize", "embedderHeapUsedSize", "backingStorageSize")
    return float(sum(usage.get(part, 0) for part in parts)) / 1e6
