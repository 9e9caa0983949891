"""speedscope's file: right by its own schema, and read by its own importer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from signal_panel import Recording, record
from signal_panel.exporters.slices import slices
from signal_panel.exporters.speedscope import export
from tests.exporters.recordings import nested, overlapping, request
from tests.generated import recordings

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "node_modules" / "speedscope"
SCHEMA = PACKAGE / "dist" / "release" / "file-format-schema.json"


@pytest.fixture(scope="module", autouse=True)
def _speedscope() -> None:
    if shutil.which("node") and PACKAGE.is_dir():
        return
    reason = "speedscope is not here: it takes Node.js, and `npm install`."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def imported(*recordings: Recording) -> list[Any]:
    """The profiles that speedscope understood of each recording."""
    done = subprocess.run(
        ["node", ROOT / "tests" / "js" / "speedscope.js"],
        input="\n".join(map(export, recordings)),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def calls(recording: Recording) -> dict[str, list[tuple[str, str, int]]]:
    """By profile: what opens and closes, and when."""
    return {
        profile["name"]: [(what, name.rpartition(".")[2], at) for what, name, _, _, at in profile["calls"]]
        for profiles in imported(recording)
        for profile in profiles
    }


def test_nested_spans_open_and_close_as_they_were_recorded() -> None:
    assert calls(nested()) == {
        "recording": [
            ("open", "PLACED int", 500),
            ("open", "charge", 500),
            ("open", "PAID str", 1_500),
            ("open", "notify", 1_500),
            ("close", "notify", 1_800),
            ("close", "PAID str", 1_800),
            ("close", "charge", 3_800),
            ("close", "PLACED int", 3_800),
        ]
    }


def test_receivers_that_overlap_are_in_profiles_of_their_own() -> None:
    profiles = calls(overlapping())
    assert list(profiles) == ["recording", "at the same time (2)", "at the same time (3)"]
    assert [name for what, name, _ in profiles["at the same time (3)"]] == [
        "three",
        "PAID str",
        "PAID str",
        "three",
    ]


def test_frames_have_their_places_and_times_are_nanoseconds() -> None:
    [[profile, _]] = imported(request())
    assert (profile["name"], profile["unit"], profile["total"]) == ("request", "nanoseconds", 100_000)
    places = {name: (path, line) for _, name, path, line, _ in profile["calls"]}
    assert places["post_save Order"] == ("/shop/views.py", 92)
    assert places["shop.receivers.index"] == ("/shop/receivers.py", 41)
    assert places["view shop.views.checkout"] == (None, None)


def test_an_empty_recording_can_be_opened() -> None:
    with record() as recording:
        pass
    assert calls(recording) == {"recording": []}


# Each example is a run of Node.
@settings(max_examples=5)
@given(st.lists(recordings(), min_size=1, max_size=20))
def test_whatever_was_recorded_speedscope_reads_all_that_took_time(made: list[Recording]) -> None:
    for recording, profiles in zip(made, imported(*made), strict=True):
        opened = [
            (name, at) for profile in profiles for what, name, _, _, at in profile["calls"] if what == "open"
        ]
        assert sorted(opened) == sorted(
            (each.kind.name, each.start) for each in slices(recording) if each.end > each.start
        )


@given(recordings())
def test_whatever_was_recorded_the_file_is_as_the_schema_says(recording: Recording) -> None:
    schema = json.loads(SCHEMA.read_text())
    Draft7Validator(schema).validate(json.loads(export(recording)))
