"""``SIGNAL_PANEL``: the user's values over the defaults, and never a wrong one."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils.functional import empty

from signal_panel import conf
from signal_panel.editors import EDITORS

DOCS = Path(__file__).parent.parent / "docs" / "settings.md"

WRONG = [
    pytest.param("IGNORE", "shop.*", id="a string is not a list of strings"),
    pytest.param("IGNORE", ["shop.*", ""], id="an empty pattern"),
    pytest.param("IGNORE", [b"shop.*"], id="bytes"),
    pytest.param("IGNORE", {"shop.*": True}, id="a dictionary"),
    pytest.param("IGNORE", None, id="no list"),
    pytest.param("MAX_SPANS", 0, id="zero"),
    pytest.param("MAX_SPANS", -1, id="a negative number"),
    pytest.param("MAX_SPANS", True, id="a boolean"),
    pytest.param("MAX_SPANS", 1000.0, id="a float"),
    pytest.param("MAX_SPANS", "1000", id="a string"),
    pytest.param("MAX_SPANS", None, id="no number"),
    pytest.param("EDITOR", "vscod", id="no editor that is known"),
    pytest.param("EDITOR", "", id="no name"),
    pytest.param("EDITOR", 1, id="no string"),
    pytest.param("EDITOR", "myide://open?line={line}", id="a URL without the path"),
    pytest.param("EDITOR", "myide://open?file={path}&column={column}", id="a URL with something unknown"),
    pytest.param("EDITOR", "myide:{path}", id="no URL"),
    pytest.param("EDITOR", "{path}", id="no scheme"),
    pytest.param("EDITOR", "my ide://open?file={path}", id="a scheme that cannot be"),
    pytest.param("EDITOR", " myide://open?file={path}", id="a space before the URL"),
    pytest.param("EDITOR", "myide://open?file={path}\n", id="a line's end in the URL"),
    pytest.param("EDITOR", "javascript://%0aalert('{path}')", id="a script"),
    pytest.param("EDITOR", "JavaScript://%0aalert('{path}')", id="a script in disguise"),
    pytest.param("EDITOR", "java\tscript://%0aalert('{path}')", id="a script with a tab"),
    pytest.param("EDITOR", "data://text/html,{path}", id="a page of data"),
    pytest.param("EDITOR", "vbscript://{path}", id="another script"),
    pytest.param("EDITOR_PATHS", [("/app", "/home/me/app")], id="a list of folders"),
    pytest.param("EDITOR_PATHS", {"app": "/home/me/app"}, id="a relative folder here"),
    pytest.param("EDITOR_PATHS", {"/app": "me/app"}, id="a relative folder there"),
    pytest.param("EDITOR_PATHS", {"/app": None}, id="no folder there"),
    pytest.param("FINDINGS", ["SLOW_RECEIVER_MS"], id="a list of thresholds"),
]
RIGHT = [
    pytest.param("IGNORE", [], id="nothing ignored"),
    pytest.param("IGNORE", ["shop.*"], id="a list"),
    pytest.param("IGNORE", ("shop.*", "blog.*"), id="a tuple"),
    pytest.param("MAX_SPANS", 1, id="one"),
    pytest.param("MAX_SPANS", 10**9, id="many"),
    *(pytest.param("EDITOR", name, id=name) for name in EDITORS),
    pytest.param("EDITOR", None, id="whatever the environment tells"),
    pytest.param("EDITOR", "copy", id="none"),
    pytest.param("EDITOR", "vscode-insiders://file/{path}:{line}", id="an editor's URL"),
    pytest.param("EDITOR", "http://localhost:63342/api/file/{path}", id="a URL without a line"),
    pytest.param("EDITOR_PATHS", {"/app": "/home/me/app", "/srv": "C:\\shop"}, id="folders"),
]
RIGHT += [
    pytest.param("FINDINGS", {}, id="no thresholds"),
    pytest.param("FINDINGS", {"SLOW_RECEIVER_MS": 0.5, "REPEATED_SENDS": 3}, id="thresholds"),
]
KEYS = ", ".join(map(repr, conf.KEYS))


@pytest.mark.parametrize("name", conf.KEYS)
def test_without_the_setting_the_defaults_hold(settings: Any, name: str) -> None:
    settings.SIGNAL_PANEL = {}
    assert conf.get(name) == conf.KEYS[name].default
    del settings.SIGNAL_PANEL
    assert conf.get(name) == conf.KEYS[name].default


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_a_right_value_is_used(settings: Any, name: str, value: object) -> None:
    settings.SIGNAL_PANEL = {name: value}
    assert conf.get(name) == value
    assert list(conf.problems()) == []


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_named_and_the_default_used(settings: Any, name: str, value: object) -> None:
    settings.SIGNAL_PANEL = {name: value}
    assert conf.get(name) == conf.KEYS[name].default
    [problem] = conf.problems()
    assert problem.message == (f"SIGNAL_PANEL[{name!r}] is {value!r}, but must be {conf.KEYS[name].allowed}.")


def test_where_there_are_no_settings_the_defaults_are_used() -> None:
    script = """
import django.dispatch, signal_panel
told = django.dispatch.Signal()
with signal_panel.record() as recording:
    told.send(None)
print(len(recording.sends), recording.sends[0].site.line)
"""
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "1 5\n"


def test_one_where_there_are_no_settings_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    monkeypatch.setattr(django_settings, "_wrapped", empty)
    assert conf.get("MAX_SPANS") == conf.KEYS["MAX_SPANS"].default


@pytest.mark.parametrize("value", [None, ["IGNORE"], "IGNORE", 1])
def test_a_setting_that_is_no_dictionary_leaves_the_defaults(settings: Any, value: object) -> None:
    settings.SIGNAL_PANEL = value
    assert {name: conf.get(name) for name in conf.KEYS} == {
        name: key.default for name, key in conf.KEYS.items()
    }
    [problem] = conf.problems()
    assert problem.message == f"SIGNAL_PANEL must be a dictionary, not {value!r}."


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("IGNROE", f"Did you mean 'IGNORE'? The keys are {KEYS}."),
        ("ignore", f"Did you mean 'IGNORE'? The keys are {KEYS}."),
        ("MAX_SPAN", f"Did you mean 'MAX_SPANS'? The keys are {KEYS}."),
        ("COLOUR", f"The keys are {KEYS}."),
        (7, f"The keys are {KEYS}."),
    ],
)
def test_an_unknown_key_is_named_with_the_known_ones(settings: Any, name: object, hint: str) -> None:
    settings.SIGNAL_PANEL = {name: 1}
    [problem] = conf.problems()
    assert problem.message == f"SIGNAL_PANEL has an unknown key {name!r}."
    assert problem.hint == hint


def test_every_problem_is_told(settings: Any) -> None:
    settings.SIGNAL_PANEL = {"MAX_SPANS": 0, "IGNORE": "x", "LIMIT": 3}
    assert [problem.id for problem in conf.problems()] == [
        "signal_panel.E004",
        "signal_panel.E004",
        "signal_panel.E003",
    ]


def test_the_docs_name_each_key_with_its_default_and_what_it_takes() -> None:
    documented = re.findall(
        r"^## `(\w+)`\n\nDefault: `(.+)`\s+Allowed: (.+?)\.$", DOCS.read_text(), re.MULTILINE
    )
    assert [(name, ast.literal_eval(default), allowed) for name, default, allowed in documented] == [
        (name, key.default, key.allowed) for name, key in conf.KEYS.items()
    ]


def test_thresholds_left_out_keep_their_defaults(settings: Any) -> None:
    settings.SIGNAL_PANEL = {"FINDINGS": {"REPEATED_SENDS": 3}}
    assert conf.thresholds() == {**conf.THRESHOLDS, "REPEATED_SENDS": 3}


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(0, id="zero"),
        pytest.param(-1, id="a negative number"),
        pytest.param("20", id="no number"),
        pytest.param(True, id="a boolean"),
        pytest.param(float("nan"), id="what nothing reaches"),
    ],
)
def test_a_wrong_threshold_is_named_and_its_default_used(settings: Any, number: object) -> None:
    settings.SIGNAL_PANEL = {"FINDINGS": {"SLOW_RECEIVER_MS": number, "REPEATED_SENDS": 3}}
    assert conf.thresholds() == {**conf.THRESHOLDS, "REPEATED_SENDS": 3}
    [problem] = conf.problems()
    assert problem.id == "signal_panel.E004"
    assert problem.message == (
        f"SIGNAL_PANEL['FINDINGS']['SLOW_RECEIVER_MS'] is {number!r}, but must be a number above zero."
    )
    assert problem.hint == "Leave it out for the default, 50."


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("SLOW_RECEIVERS_MS", "Did you mean 'SLOW_RECEIVER_MS'? "),
        ("repeated_sends", "Did you mean 'REPEATED_SENDS'? "),
        ("COLOUR", ""),
        (7, ""),
    ],
)
def test_an_unknown_threshold_is_named_and_the_others_stand(
    settings: Any, name: object, suggestion: str
) -> None:
    settings.SIGNAL_PANEL = {"FINDINGS": {name: 20, "CASCADE_DEPTH": 3}}
    assert conf.thresholds() == {**conf.THRESHOLDS, "CASCADE_DEPTH": 3}
    [problem] = conf.problems()
    assert problem.id == "signal_panel.E004"
    assert problem.message == (
        f"SIGNAL_PANEL['FINDINGS'] has an unknown threshold {name!r}, with the value 20."
    )
    assert problem.hint == f"{suggestion}The thresholds are {', '.join(map(repr, conf.THRESHOLDS))}."


def test_the_docs_name_each_threshold_with_its_default() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \| ([\d.]+) \|", DOCS.read_text(), re.MULTILINE)
    assert {name: float(default) for name, default in documented} == conf.THRESHOLDS
