"""Recordings as data: views, self times, JSON."""

from __future__ import annotations

import json
from array import array

import pytest

from signal_panel import Phase, Recording
from signal_panel.recording import Columns, ReceiverKind, SendKind


def overlapping() -> Recording:
    """A send of two async receivers that overlap: 0 to 100, with calls at 10 to 60 and 40 to 90."""
    return Recording(
        Columns(
            epoch=1.25,
            duration=200,
            strings=["a.signal", "a.Sender", "/a.py", "f", "a.one", "a.two", "ValueError"],
            sends=[SendKind(0, 1, 2, 2, 7, 3)],
            receivers=[ReceiverKind(4, 2, 9, 1), ReceiverKind(5, -1, 0, 1)],
            phases=[Phase("view", "a.view", 5, 190)],
            start=array("q", [0, 10, 40]),
            time=array("q", [100, 50, 50]),
            parent=array("q", [-1, 0, 0]),
            kind=array("q", [0, -1, -2]),
            exceptions={2: 6},
        )
    )


def test_overlapping_calls_are_taken_off_the_self_time_once() -> None:
    (send,) = overlapping().sends
    assert send.self_ns == 20
    assert [call.self_ns for call in send.calls] == [50, 50]


def test_a_call_that_ends_after_its_send_is_taken_off_only_up_to_its_end() -> None:
    recording = overlapping()
    recording.columns.time[2] = 500
    assert recording.sends[0].self_ns == 10


def test_a_receiver_not_written_in_python_has_no_place() -> None:
    one, two = overlapping().calls
    assert (one.path, one.line, one.exception) == ("/a.py", 9, None)
    assert (two.path, two.line, two.exception) == (None, None, "ValueError")


def test_spans_have_their_places() -> None:
    recording = overlapping()
    assert [span.index for span in (*recording.sends, *recording.calls)] == [0, 1, 2]


def test_a_call_within_the_time_of_another_adds_nothing_to_what_is_covered() -> None:
    recording = overlapping()
    recording.columns.time[2] = 5  # 40 to 45, and the other is 10 to 60
    assert recording.sends[0].self_ns == 50


def test_spans_read_well() -> None:
    recording = overlapping()
    assert repr(recording) == "<Recording of 3 spans>"
    assert repr(recording.sends[0]) == "<Send a.signal from a.Sender, 2 calls>"
    assert repr(recording.calls[1]) == "<ReceiverCall a.two>"


def test_views_on_equal_spans_are_equal_and_others_are_not() -> None:
    one, two = overlapping(), overlapping()
    assert one == two
    assert one.sends[0] == two.sends[0]
    assert hash(one.sends[0]) == hash(two.sends[0])
    assert one.calls[0] != one.calls[1]
    two.columns.start[1] += 1
    assert one != two
    assert one.calls[0] != two.calls[0]


def test_json_gives_back_an_equal_recording() -> None:
    recording = overlapping()
    again = Recording.from_json(recording.to_json())
    assert again == recording
    assert again.sends[0].site == recording.sends[0].site
    assert again.phases == [Phase("view", "a.view", 5, 190)]
    assert again.to_json() == recording.to_json()


def test_an_empty_recording_survives_json() -> None:
    recording = Recording(Columns(epoch=0.5, duration=3))
    assert Recording.from_json(recording.to_json()) == recording


def test_json_says_parents_as_steps_back_and_starts_as_steps_on() -> None:
    data = json.loads(overlapping().to_json())
    assert data["parent"] == [0, 1, 2]
    assert data["start"] == [0, 10, 30]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "Expecting value"),
        ("[]", "it has no 'version'"),
        ("{}", "it has no 'version'"),
        ('{"version": 99}', "format version 99; this signal_panel reads version 1"),
        ('{"version": 1}', "not a whole recording: KeyError"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recording.from_json(text)


def test_columns_of_different_lengths_are_refused() -> None:
    data = json.loads(overlapping().to_json())
    data["time"].pop()
    with pytest.raises(ValueError, match="differ in length"):
        Recording.from_json(json.dumps(data))
