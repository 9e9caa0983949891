"""Recordings as data: views, self times, JSON."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable

import pytest

from signal_panel import Phase, ReceiverCall, Recording, Send
from signal_panel.recording import (
    IN_TRANSACTION,
    ON_COMMIT,
    Columns,
    ConnectionKind,
    Handlers,
    HandlersKind,
    ReceiverKind,
    SendKind,
    Site,
    Statement,
)


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
            within=array("b", [0, IN_TRANSACTION, ON_COMMIT]),
        )
    )


def with_queries() -> Recording:
    """One query in no span, and the same one twice in the first call."""
    recording = overlapping()
    columns = recording.columns
    columns.strings += ["SELECT %s", "default"]
    columns.statements = [Statement(7, 8)]
    columns.query_start = array("q", [2, 12, 20])
    columns.query_time = array("q", [3, 4, 5])
    columns.query_span = array("q", [-1, 1, 1])
    columns.query_statement = array("q", [0, 0, 0])
    columns.query_repeats = array("q", [-1, -1, 1])
    return recording


def with_connections() -> Recording:
    """``a.one`` is connected for any sender, and something that has died was for ``a.Sender``."""
    recording = overlapping()
    columns = recording.columns
    columns.strings += ["b.signal", "uid", "b", "b.receivers", "/b.py"]
    columns.signals = [0, 7]
    columns.connections = [
        ConnectionKind(0, 0, -1, 8, 0, 0, -1, 0, -1),
        ConnectionKind(7, -1, 1, -1, 1, 1, 2, 30, 3),
        ConnectionKind(7, 0, -1, -1, 0, 0, -1, 0, -1),
    ]
    columns.unimported = [HandlersKind(9, 10, 11, 4)]
    return recording


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


def test_receivers_that_did_not_run_are_equal_where_all_that_is_known_of_them_is() -> None:
    recording, same = overlapping(), overlapping()
    for each in (recording, same):
        each.columns.skipped[0] = [0, 1]
    one, other = recording.sends[0].skipped
    assert one == same.sends[0].skipped[0]
    assert one != other
    assert one != one.receiver


def test_queries_of_equal_recordings_are_equal_and_others_are_not() -> None:
    one, two = with_queries(), with_queries()
    assert one.queries[0] == one.queries[0]
    assert one.queries[0] == two.queries[0]
    assert one.queries[0] != one.queries[1]
    two.columns.epoch += 1
    assert one.queries[0] != two.queries[0]


def test_a_query_is_its_text_its_times_and_the_span_it_ran_in() -> None:
    recording = with_queries()
    outside, first, second = recording.queries
    assert (outside.sql, outside.alias, outside.start_ns, outside.duration_ns) == (
        "SELECT %s",
        "default",
        2,
        3,
    )
    assert (outside.span, first.span, second.span) == (None, *recording.calls[:1] * 2)
    assert (outside.repeats, first.repeats, second.repeats) == (None, None, first)
    assert [query.index for query in recording.queries] == [0, 1, 2]
    assert recording.calls[0].queries == [first, second]
    assert recording.calls[1].queries == recording.sends[0].queries == []
    assert repr(first) == "<Query SELECT %s>"
    assert len({outside, first, second}) == 3
    assert outside != first != second
    assert isinstance(first.span, ReceiverCall)


def test_a_query_of_a_send_itself_has_the_send_as_its_span() -> None:
    recording = with_queries()
    recording.columns.query_span[0] = 0
    assert recording.queries[0].span == recording.sends[0]
    assert isinstance(recording.queries[0].span, Send)


def test_a_span_knows_whether_it_began_in_a_transaction_or_after_one() -> None:
    recording = overlapping()
    spans = [*recording.sends, *recording.calls]
    assert [span.in_transaction for span in spans] == [False, True, False]
    assert [span.on_commit for span in spans] == [False, False, True]


def test_a_send_knows_the_first_one_for_the_same_instance_and_who_did_not_run() -> None:
    recording = overlapping()
    (send,) = recording.sends
    assert send.repeats is None
    assert send.skipped == []
    recording.columns.again = {0: 0}
    recording.columns.skipped = {0: [1, 0]}
    assert send.repeats == send
    assert [repr(receiver) for receiver in send.skipped] == ["<Receiver a.two>", "<Receiver a.one>"]
    assert [receiver.line for receiver in send.skipped] == [None, 9]
    assert len({*send.skipped, *send.skipped[:1]}) == 2


def test_a_connection_is_a_receiver_at_a_signal_with_its_calls_from_there() -> None:
    recording = with_connections()
    live, dead, elsewhere = recording.connections
    assert (live.signal, live.receiver, live.path, live.line) == ("a.signal", "a.one", "/a.py", 9)
    assert (live.is_async, live.sender, live.uid, live.is_weak, live.state) == (
        True,
        None,
        "uid",
        False,
        "live",
    )
    assert (live.site, live.calls) == (None, [recording.calls[0]])
    assert (dead.signal, dead.receiver, dead.path, dead.line) == ("b.signal", None, None, None)
    assert (dead.is_async, dead.sender, dead.uid, dead.is_weak, dead.state) == (
        False,
        "a.Sender",
        None,
        True,
        "dead",
    )
    assert (dead.site, dead.calls) == (Site("/a.py", 30, "f"), [])
    assert elsewhere.calls == []
    assert repr(live) == "<Connection of a.one to a.signal>"
    assert recording.signals == ["a.signal", "b.signal"]
    assert recording.unimported == [Handlers("b", "b.receivers", "/b.py", 4)]


@pytest.mark.parametrize("make", [overlapping, with_queries, with_connections])
def test_everything_survives_json(make: Callable[[], Recording]) -> None:
    recording = make()
    assert Recording.from_json(recording.to_json()) == recording


def test_json_says_flags_where_they_change() -> None:
    recording = overlapping()
    recording.columns.within = array("b", [0, 1, 1])
    assert json.loads(recording.to_json())["within"] == [[1, 1]]


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


def test_json_says_starts_as_steps_on() -> None:
    assert json.loads(overlapping().to_json())["start"] == [0, 10, 30]


def of_parents(*parents: int) -> Recording:
    columns = Columns(epoch=0, duration=9)
    for number, parent in enumerate(parents):
        columns.start.append(number)
        columns.time.append(1)
        columns.parent.append(parent)
        columns.kind.append(0)
        columns.within.append(0)
    return Recording(columns)


@pytest.mark.parametrize(
    ("parents", "levels"),
    [
        ([-1, 0, 1, 2], [0, 0, 0, 0]),
        ([-1, -1, -1], [0, 1, 1]),
        ([-1, 0, 1, 2, 2, 0, -1], [0, 0, 0, 0, 1, 3, 2]),
        ([-1, 0, 0, 1, 2, 1], [0, 0, 1, -2, -2, -4]),  # side by side
    ],
)
def test_json_says_parents_as_levels_above_the_span_before(parents: list[int], levels: list[int]) -> None:
    recording = of_parents(*parents)
    data = json.loads(recording.to_json())
    assert [data["shapes"][shape] for shape in data["shape"]] == [[0, level] for level in levels]
    assert Recording.from_json(json.dumps(data)) == recording


def test_json_says_each_shape_once() -> None:
    data = json.loads(of_parents(*([-1, 0, 0] * 3)).to_json())
    assert len(data["shapes"]) == len(set(map(tuple, data["shapes"])))


def test_levels_above_the_highest_span_have_no_parent() -> None:
    data = json.loads(of_parents(-1, -1).to_json())
    data["shapes"] = [[0, 0], [0, 10**12]]
    assert Recording.from_json(json.dumps(data)) == of_parents(-1, -1)


def test_a_shape_that_is_not_there_is_refused() -> None:
    data = json.loads(overlapping().to_json())
    data["shape"][1] = 99
    with pytest.raises(ValueError, match="not a whole recording: IndexError"):
        Recording.from_json(json.dumps(data))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "Expecting value"),
        ("[" * 100_000, "it nests too deeply"),
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
    data = json.loads(with_queries().to_json())
    for column in (data["time"], data["queries"][2]):
        last = column.pop()
        with pytest.raises(ValueError, match="differ in length"):
            Recording.from_json(json.dumps(data))
        column.append(last)
    assert Recording.from_json(json.dumps(data)) == with_queries()
