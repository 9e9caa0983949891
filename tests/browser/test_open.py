"""A downloaded recording, opened again on a page of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from signal_panel import Recording
from signal_panel.recording import Columns
from tests.browser.conftest import BookshopFactory, emulate_media
from tests.browser.toolbar import PANEL, open_panel
from tests.exporters.recordings import request


@pytest.fixture
def opened(page: Page, bookshop: BookshopFactory) -> Page:
    """The page that opens recordings."""
    page.goto(f"{bookshop()}checkout/")
    open_panel(page)
    with page.expect_popup() as popup:
        page.locator(f"#{PANEL} .djsp-downloads").get_by_role("link", name="Open a file…").click()
    return popup.value


def choose(page: Page, text: str, name: str = "checkout.json") -> None:
    file: Any = {"name": name, "mimeType": "application/json", "buffer": text.encode()}
    page.get_by_label("A file that was downloaded as JSON:").set_input_files(file)


def test_what_the_panel_downloads_shows_the_same_timeline(
    page: Page, bookshop: BookshopFactory, tmp_path: Path
) -> None:
    page.goto(f"{bookshop()}checkout/")
    recording = open_panel(page).recording
    panel = page.locator(f"#{PANEL} .djsp")
    with page.expect_download() as download:
        panel.get_by_role("link", name="JSON").click()
    assert download.value.suggested_filename.endswith(".signals.json")
    file = tmp_path / "downloaded.json"
    download.value.save_as(file)
    assert Recording.from_json(file.read_text()) == recording

    with page.expect_popup() as popup:
        panel.get_by_role("link", name="Open a file…").click()
    other = popup.value
    choose(other, file.read_text())
    timeline = other.locator(".djsp[data-djsp-state=ready]")
    spans = len(recording.columns.kind)
    expect(timeline).to_have_attribute("data-djsp-spans", str(spans))
    expect(other.get_by_role("status").first).to_contain_text(f"checkout.json: {spans} spans, recorded")
    expect(timeline.locator(".djsp-row")).to_have_count(spans)

    timeline.locator(".djsp-call .djsp-name").first.click()
    expect(timeline.locator(".djsp-detail-name")).to_have_text(recording.calls[0].receiver)
    # There is no server behind it that could be asked.
    expect(timeline.get_by_role("button", name="source", exact=True)).to_have_count(0)


def test_the_details_have_the_line_of_one_s_own_and_the_package_s(opened: Page) -> None:
    recording = request()
    columns = recording.columns
    columns.strings += ["/env/site-packages/factory/django.py", "_create"]
    last = len(columns.strings) - 1
    columns.sends = [
        columns.sends[0]._replace(through_path=last - 1, through_line=173, through_function=last)
    ]
    choose(opened, recording.to_json())
    timeline = opened.locator(".djsp[data-djsp-state=ready]")
    timeline.locator(".djsp-send .djsp-name").first.click()
    details = timeline.locator(".djsp-detail")
    expect(details).to_contain_text("sent from shop/views.py:92 in checkout")
    expect(details).to_contain_text("through factory/django.py:173 in _create")
    timeline.locator("input[type=search]").fill("site:factory/django.py:173")
    expect(timeline.locator(".djsp-row")).to_have_count(3)
    timeline.locator("input[type=search]").fill("site:factory/django.py:174")
    expect(timeline.locator(".djsp-row")).to_have_count(0)


def test_another_file_takes_the_place_of_the_first(opened: Page) -> None:
    recording = json.loads(Recording(Columns(epoch=0, duration=1)).to_json())
    choose(opened, json.dumps(recording))
    expect(opened.get_by_role("status").first).to_contain_text("checkout.json: 0 spans, ")
    recording["overflow"][:2] = [2, 3]
    choose(opened, json.dumps(recording), "other.json")
    expect(opened.get_by_role("status").first).to_contain_text("other.json: 0 of 5 spans, ")
    recording["overflow"][:2] = [1, 0]
    choose(opened, json.dumps(recording), "one.json")
    expect(opened.get_by_role("status").first).to_contain_text("one.json: 0 of 1 span, ")
    expect(opened.locator(".djsp .djsp")).to_have_count(1)


def test_the_file_chosen_last_is_shown_though_the_one_before_is_read_later(opened: Page) -> None:
    opened.evaluate(
        """() => {
            const { text } = File.prototype;
            const lasting = new Promise((resolve) => { globalThis.goOn = resolve; });
            File.prototype.text = async function () {
                const read = await text.call(this);
                return this.name === "slow.json" ? lasting.then(() => read) : read;
            };
        }"""
    )
    recording = Recording(Columns(epoch=0, duration=1)).to_json()
    choose(opened, recording, "slow.json")
    choose(opened, recording, "quick.json")
    status = opened.get_by_role("status").first
    expect(status).to_contain_text("quick.json")
    opened.evaluate("async () => { goOn(); await new Promise((resolve) => setTimeout(resolve)); }")
    expect(status).to_contain_text("quick.json")


def test_a_recording_without_spans_shows_its_phases_and_queries(opened: Page) -> None:
    recording = json.loads(Recording(Columns(epoch=0, duration=1000)).to_json())
    recording["strings"] = ["SELECT 1", "default"]
    recording["phases"] = [["view", "shop.views.quiet", 0, 900]]
    recording["statements"] = [[0, 1]]
    recording["queries"] = [[100], [200], [-1], [0], [0]]
    choose(opened, json.dumps(recording))
    timeline = opened.locator(".djsp[data-djsp-state=ready]")
    expect(timeline).to_have_attribute("data-djsp-queries", "1")
    expect(timeline.get_by_role("list", name="Phases of the request")).to_contain_text("shop.views.quiet")
    expect(timeline.locator(".djsp-spans")).to_be_hidden()
    timeline.locator(".djsp-detail summary").click()
    expect(timeline.locator(".djsp-detail code")).to_have_text("SELECT 1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "could not be opened"),
        ("<script>alert('run')</script>", "could not be opened"),
        ("null", "it is not a recording of format version 1"),
        ("[1, 2]", "it is not a recording of format version 1"),
        ('{"version": 2}', "it is not a recording of format version 1"),
        ('{"version": 1}', "it is not a recording of format version 1"),
    ],
)
def test_what_is_no_recording_is_said_to_be_none(opened: Page, text: str, reason: str) -> None:
    choose(opened, text)
    expect(opened.get_by_role("status").first).to_contain_text(reason)
    expect(opened.locator(".djsp .djsp")).to_have_count(0)


def test_it_follows_the_reader_s_theme(opened: Page) -> None:
    root = opened.locator("#djDebug")
    emulate_media(opened, color_scheme="dark")
    expect(root).to_have_attribute("data-theme", "dark")
    emulate_media(opened, color_scheme="light")
    expect(root).to_have_attribute("data-theme", "light")
