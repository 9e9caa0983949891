"""Places: which editor opens them, by which URL, and how they stand in a page."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from signal_panel import places, templating
from signal_panel.editors import EDITORS, in_use
from tests.payloads import PAYLOADS

# tests/js/places.test.js holds the browser to the same.
CASES = json.loads(Path(__file__).with_name("places.json").read_text())
# And tests/js/format.test.js.
SHORT = json.loads(Path(__file__).with_name("short.json").read_text("utf-8"))["paths"]
PLACE = '{% from "signal_panel/macros.html" import place %}{{ place(path, line) }}'


@pytest.mark.parametrize("case", [pytest.param(case, id=case["says"]) for case in CASES])
def test_the_url_of_a_place(case: dict[str, Any]) -> None:
    with override_settings(SIGNAL_PANEL=case["setting"]):
        assert places.editor_url(case["path"], case["line"]) == case["url"]
        # What the browser gets, whose tests take it from there.
        assert json.loads(json.dumps(places.editor())) == case["editor"]


def test_the_cases_have_every_editor() -> None:
    assert set(EDITORS) <= {case["setting"]["EDITOR"] for case in CASES}


@pytest.mark.parametrize("name", [*EDITORS, "myide://{path}"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_path_stays_in_its_place_in_the_url(name: str, payload: str) -> None:
    with override_settings(SIGNAL_PANEL={"EDITOR": name}):
        url = places.editor_url(f"/shop/{payload}/views.py", 1)
        harmless = places.editor_url("/shop/x/views.py", 1)
    if url is None:
        assert any("\ud800" <= letter <= "\udfff" for letter in payload)
        return
    assert harmless is not None
    before, after = harmless.split("/x/")
    assert url.startswith(f"{before}/")
    assert url.endswith(f"/{after}")
    assert not set(url[len(before) : len(url) - len(after)]) & set('?#&=+ "<>{}\\\r\n\t\0')


@pytest.mark.parametrize("path", SHORT)
def test_the_end_of_a_path_is_enough(path: str) -> None:
    assert places.short(path) == SHORT[path]


class TestTheEnvironment:
    @pytest.mark.parametrize(
        ("environment", "editor"),
        [
            ({"TERM_PROGRAM": "vscode"}, "vscode"),
            ({"TERM_PROGRAM": "vscode", "CURSOR_TRACE_ID": "f00"}, "cursor"),
            ({"TERM_PROGRAM": "zed", "EDITOR": "code --wait"}, "zed"),
            ({"PYCHARM_HOSTED": "1"}, "pycharm"),
            ({"EDITOR": "code --wait"}, "vscode"),
            ({"EDITOR": "/usr/local/bin/cursor -w"}, "cursor"),
            ({"VISUAL": "zed --wait", "EDITOR": "code"}, "zed"),
            ({"VISUAL": "", "EDITOR": "charm"}, "pycharm"),
            ({"EDITOR": "'/Applications/Mac Vim/mvim' -f"}, "vim"),
        ],
    )
    def test_it_tells_the_editor(self, environment: dict[str, str], editor: str) -> None:
        assert in_use(environment) == editor

    @pytest.mark.parametrize(
        "environment",
        [
            {},
            {"TERM_PROGRAM": "iTerm.app"},
            {"EDITOR": "vim"},
            {"EDITOR": "nano"},
            {"EDITOR": "emacsclient -t"},
            {"EDITOR": "subl -w"},
            {"VISUAL": "nvim", "EDITOR": "code"},
            {"EDITOR": "   "},
            {"EDITOR": "'code"},
        ],
    )
    def test_where_it_does_not_or_none_would_open_places_are_copied(
        self, environment: dict[str, str]
    ) -> None:
        assert in_use(environment) is None

    def test_it_is_asked_where_the_setting_is_silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM_PROGRAM", "zed")
        assert places.editor_url("/shop/views.py", 1) == "zed://file/shop/views.py:1"
        with override_settings(SIGNAL_PANEL={"EDITOR": "pycharm"}):
            assert places.editor_url("/shop/views.py", 1) == "pycharm://open?file=/shop/views.py&line=1"
        with override_settings(SIGNAL_PANEL={"EDITOR": "copy"}):
            assert places.editor() is None


@override_settings(SIGNAL_PANEL={"EDITOR": "vscode", "EDITOR_PATHS": {"/app": "/home/me/shop"}})
def test_the_browser_is_told_the_pattern_and_the_folders() -> None:
    told = templating._environment().from_string("{{ editor()|tojson }}").render()
    assert json.loads(told) == ["vscode://file{path}:{line}", [["/app", "/home/me/shop"]]]


class TestInThePage:
    def render(self, path: str, line: int) -> tuple[str, dict[str, str | None], str]:
        found = _Elements()
        found.feed(templating._environment().from_string(PLACE).render(path=path, line=line))
        [(tag, attributes, text)] = found.elements
        return tag, attributes, text

    @override_settings(SIGNAL_PANEL={"EDITOR": "vscode"})
    def test_it_is_a_link_that_shows_the_end_of_the_path_and_tells_all_of_it(self) -> None:
        assert self.render("/home/me/shop/views.py", 41) == (
            "a",
            {
                "class": "djsp-place",
                "href": "vscode://file/home/me/shop/views.py:41",
                "title": "/home/me/shop/views.py:41",
            },
            "shop/views.py:41",
        )

    @override_settings(SIGNAL_PANEL={"EDITOR": "copy"})
    def test_without_an_editor_it_is_text_until_a_script_makes_it_a_button(self) -> None:
        assert self.render("C:\\shop\\views.py", 41) == (
            "span",
            {"class": "djsp-place", "title": "C:\\shop\\views.py:41"},
            "shop/views.py:41",
        )

    @pytest.mark.parametrize("editor", ["vscode", "copy"])
    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_whatever_a_file_is_called_is_text(self, editor: str, payload: str) -> None:
        path = f"/shop/{payload}"
        with override_settings(SIGNAL_PANEL={"EDITOR": editor}):
            _, attributes, text = self.render(path, 1)
        assert attributes["title"] == f"{path}:1"
        assert text == f"{places.short(path)}:1"


class _Elements(HTMLParser):
    """The elements of a fragment, each with its attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":  # where the text may break
            self.elements.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        tag, attributes, text = self.elements.pop()
        self.elements.append((tag, attributes, text + data))
