"""A real browser, and the bookshop behind a real server.

It is a Chromium, with ``BROWSER=firefox`` a Firefox. WebKit needs another driver: ``test_webkit.py``.

Nothing of Playwright may outlive this folder: its sync API leaves an event loop running in the main thread,
where Django's sync code then refuses to work. Hence fixtures of the package's scope.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "example_project"

SERVERS = {
    "runserver": ["manage.py", "runserver", "--noreload", "{host}:{port}"],
    "gunicorn": ["-m", "gunicorn", "--threads=4", "--bind={host}:{port}", "bookshop.wsgi"],
    "uvicorn": ["-m", "uvicorn", "--host={host}", "--port={port}", "bookshop.asgi:application"],
}
SERVERS["hostile"] = [*SERVERS["runserver"], "--settings=tests.browser.hostile.settings"]
SERVERS["ignoring"] = [*SERVERS["runserver"], "--settings=tests.browser.hostile.ignoring"]

BROWSER = os.environ.get("BROWSER", "chromium")
collect_ignore = [] if BROWSER == "webkit" else ["test_webkit.py"]

CHROMIUM_ARGS = [
    "--no-sandbox",  # which root, as in most containers, needs; only our own pages are opened
    "--disable-gpu",
    # No talking to anybody.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]

FIREFOX_PREFERENCES = {
    "ui.prefersReducedMotion": 1,
    "dom.events.testing.asyncClipboard": True,  # The clipboard can be read.
}

# Only ever waited for in full where something is broken: a busy machine takes some seconds for a large page.
PATIENCE = 60
expect.set_options(timeout=PATIENCE * 1000)

BookshopFactory = Callable[..., str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The headless browser that $BROWSER names."""
    with sync_playwright() as playwright:
        browser = _firefox(playwright) if BROWSER == "firefox" else _chromium(playwright)
        yield browser
        browser.close()


def _chromium(playwright: Playwright) -> Browser:
    """$CHROMIUM, an installed one, or Playwright's own."""
    names = (
        "chromium-headless-shell",  # what Playwright itself takes: it opens a page in half the time
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    installed = (os.environ.get("CHROMIUM"), *map(shutil.which, names))
    for path in (*installed, playwright.chromium.executable_path):
        # One that is there may still not run: Ubuntu's chromium-browser only says to install a snap.
        if path and Path(path).exists():
            with suppress(Error):
                return playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
    reason = (
        "No Chromium runs here: install one (apt install chromium, or playwright install chromium), "
        "or name it in $CHROMIUM."
    )
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _firefox(playwright: Playwright) -> Browser:
    """$FIREFOX or an installed one, by way of WebDriver BiDi: it was asked for, so it must be there."""
    path = os.environ.get("FIREFOX") or shutil.which("firefox") or shutil.which("firefox-esr")
    if not path:
        pytest.fail("No Firefox is here: install one (apt install firefox-esr), or name it in $FIREFOX.")
    return playwright.firefox.launch(
        channel="moz-firefox", executable_path=path, firefox_user_prefs=FIREFOX_PREFERENCES
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without cookies or anything stored."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE * 1000)
    yield context.new_page()
    context.close()


def emulate_media(page: Page, **media: Any) -> None:
    """Have the page believe that the reader's system has these colours.

    Playwright can't tell an installed Firefox, which takes those of the system: in tests they are light.
    """
    if BROWSER == "firefox" and media != {"color_scheme": "light"}:
        pytest.skip(f"An installed Firefox can't be told to have {media}.")
    page.emulate_media(**media)


@pytest.fixture
def bookshop(bookshops: Bookshops) -> BookshopFactory:
    """``bookshop(server, **options_of_the_toolbar)``: the address of a bookshop, as it was seeded.

    What the tests before have imported, deleted or ordered is no more.
    """
    bookshops.seed_again()
    return bookshops.start


@pytest.fixture(scope="package")
def bookshops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bookshops]:
    """Bookshops, each started when first asked for, that serve until the last test of this folder."""
    bookshops = Bookshops(tmp_path_factory.mktemp("bookshop"))
    yield bookshops
    bookshops.stop()


class Bookshops:
    """Servers, by what they were started with."""

    def __init__(self, folder: Path) -> None:
        self._seeded = folder / "seeded.sqlite3"
        _manage(self._seeded, "migrate", "--verbosity=0")
        _manage(self._seeded, "seed")
        self._folder = folder
        self._running: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}
        self._databases: list[Path] = []

    def start(self, server: str = "runserver", **toolbar: Any) -> str:
        """The address of one."""
        key = json.dumps([server, toolbar], sort_keys=True)
        if key not in self._running:
            database = self._folder / f"{len(self._running)}.sqlite3"
            shutil.copy(self._seeded, database)
            self._databases.append(database)
            self._running[key] = _serve(server, database, toolbar, database.with_suffix(".log"))
        return self._running[key][0]

    def seed_again(self) -> None:
        """Give all their first data back: not by copying the file, since a server may be writing still."""
        with closing(sqlite3.connect(self._seeded)) as seeded:
            for path in self._databases:
                with closing(sqlite3.connect(path)) as database:
                    seeded.backup(database)

    def stop(self) -> None:
        """End all of them."""
        for _, process in self._running.values():
            process.terminate()
        for _, process in self._running.values():
            process.wait(timeout=PATIENCE)


def _environment(database: Path, toolbar: dict[str, Any]) -> dict[str, str]:
    # The toolbar takes $PYTEST_VERSION as a sign that it should stay away.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "BOOKSHOP_DB": str(database),
        "BOOKSHOP_TOOLBAR": json.dumps(toolbar),
    }


def _manage(database: Path, *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(
        command, cwd=EXAMPLE, env=_environment(database, {}), check=True, stdout=subprocess.DEVNULL
    )


def _serve(
    server: str, database: Path, toolbar: dict[str, Any], log: Path
) -> tuple[str, subprocess.Popen[bytes]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    arguments = [argument.format(host=host, port=port) for argument in SERVERS[server]]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=EXAMPLE,
            env=_environment(database, toolbar),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://{host}:{port}/"
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}static/shop/shop.css"):
                return address, process
        except OSError:
            time.sleep(0.05)
    process.kill()
    pytest.fail(f"{server} did not start:\n{log.read_text(errors='replace')}")
