"""The tables add up, to the recording and to each other, whatever was recorded."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence

import pytest
from django.dispatch import Signal
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import signal_panel
from signal_panel import Recording, tables
from signal_panel.intervals import covered
from signal_panel.recording import NOTHING
from signal_panel.summary import totals
from signal_panel.tables import Figures
from signal_panel.tables.grouping import HasFigures
from signal_panel.templating import short_name
from tests.clock import FakeClock
from tests.findings import listening
from tests.generated import recordings
from tests.worlds import Description, World, descriptions

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))

many = settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)


told, quiet = Signal(), Signal()
cached = Signal(use_caching=True)


def hears(**_: object) -> None:
    """A receiver."""


def counts(figures: Figures) -> tuple[int, ...]:
    return figures.sends, figures.calls, figures.exceptions, figures.queries, figures.queries_ns


def longest_first(rows: Iterable[HasFigures]) -> bool:
    total = [row.figures.total_ns for row in rows]
    return total == sorted(total, reverse=True)


def check(recording: Recording) -> None:
    """Everything that has to add up in the tables of one recording."""
    whole = totals(recording)
    expected = whole.sends, whole.calls, whole.exceptions, whole.queries, whole.queries_ns
    sends, calls = list(recording.sends), list(recording.calls)
    spans = [*sends, *calls]
    own = sum(span.self_ns for span in spans)

    receivers = tables.receivers(recording)
    signals = tables.signals(recording)
    tree = tables.sends(recording, limit=1_000)
    connected = tables.connected(recording)
    cut = [
        tables.bounded(receivers, 1),
        tables.bounded(signals.by_signal, 1),
        tables.bounded(signals.by_site, 1),
        tables.sends(recording, limit=3),
        tables.bounded(connected, 2),
    ]
    for table in (receivers, signals.by_signal, signals.by_site, tree, connected, *cut):
        assert counts(table.figures) == expected
        assert table.figures.self_ns == own
    assert all(len(table.rows) <= limit for table, limit in zip(cut, (1, 1, 1, 3, 2), strict=True))
    assert all(map(longest_first, (receivers.rows, signals.by_signal.rows, signals.by_site.rows)))
    for row in receivers.rows:
        of_row = [call for call in calls if recording.columns.kind[call.index] in row.kinds]
        assert row.covered_ns == covered(
            [call.start_ns for call in of_row], [call.start_ns + call.duration_ns for call in of_row]
        )
        assert 0 <= row.figures.total_ns - row.figures.mean_ns * row.figures.calls < row.figures.calls
    heard = {call.send.index for call in calls}
    # A send that had not ended when the last span that was kept began may have had calls past the cap.
    last = max((span.start_ns for span in spans), default=0)
    unheard = [
        send
        for send in sends
        if send.index not in heard
        and not (recording.columns.overflow.calls and send.start_ns + send.duration_ns >= last)
    ]
    for row in (*signals.by_signal.rows, *signals.by_site.rows):
        of_row = [send.duration_ns for send in unheard if recording.columns.kind[send.index] in row.kinds]
        assert (row.unheard, row.unheard_ns) == (len(of_row), sum(of_row))
    in_order = [(row.sent == 0, row.signal) for row in connected.rows if row.state == "none"]
    assert in_order == sorted(in_order)

    assert sum(row.figures.total_ns for row in receivers.rows) == sum(c.duration_ns for c in calls)
    assert sum(row.figures.total_ns for row in signals.by_site.rows) == sum(s.duration_ns for s in sends)
    assert tree.figures.total_ns == sum(s.duration_ns for s in spans)
    for_each = (
        [row.figures.calls for row in receivers.rows],
        [row.figures.calls for row in signals.by_site.rows],
        [row.figures.calls for row in connected.rows],
    )
    assert {sum(each) for each in for_each} == {len(calls)}
    assert max((row.figures.longest_ns for row in receivers.rows), default=0) == max(
        (call.duration_ns for call in calls), default=0
    )


@many
@given(recording=recordings())
def test_the_tables_of_random_columns_add_up(recording: Recording) -> None:
    check(recording)


@many
@given(description=descriptions(), cap=st.sampled_from((1, 2, 5, 10, 1_000)))
def test_the_tables_of_random_worlds_add_up_past_the_cap_too(description: Description, cap: int) -> None:
    with (
        override_settings(SIGNAL_PANEL={"MAX_SPANS": cap}),
        signal_panel.record(clock=itertools.count().__next__) as recording,
    ):
        World(description).run()
    check(recording)


def spans_of(recording: Recording, kinds: Sequence[int], ranges: Sequence[tuple[int, int]]) -> list[int]:
    """The spans that a row of the tree says are its own."""
    columns = recording.columns
    return [span for first, last in ranges for span in range(first, last + 1) if columns.kind[span] in kinds]


@many
@given(recording=recordings())
def test_each_span_is_in_one_row_of_the_tree_under_the_row_of_its_parent(recording: Recording) -> None:
    tree = tables.sends(recording, limit=1_000)
    columns = recording.columns
    row_of = {}
    above: list[tables.NodeRow] = []
    for row in tree.rows:
        del above[row.depth :]
        for span in spans_of(recording, row.kinds, row.ranges):
            assert span not in row_of
            row_of[span] = row
            parent = columns.parent[span]
            assert (row_of[parent] is above[-1]) if above else parent == -1
        above.append(row)
    assert sorted(row_of) == list(range(len(columns.kind)))


@many
@given(recording=recordings())
def test_each_span_is_in_one_row_of_the_other_tables(recording: Recording) -> None:
    kinds = recording.columns.kind
    signals = tables.signals(recording)
    receivers = tables.receivers(recording)
    for rows in (receivers.rows, signals.by_signal.rows, signals.by_site.rows):
        of_rows = [kind for row in rows for kind in row.kinds]  # type: ignore[attr-defined]
        assert len(of_rows) == len(set(of_rows))
    assert {k for row in receivers.rows for k in row.kinds} >= {kind for kind in kinds if kind < 0}
    for table in (signals.by_signal, signals.by_site):
        assert {k for row in table.rows for k in row.kinds} >= {kind for kind in kinds if kind >= 0}
    for row in signals.by_site.rows:
        spans = [span for span, kind in enumerate(kinds) if kind in row.kinds]
        assert row.figures.sends == len(spans)


@many
@given(recording=recordings())
def test_each_call_is_in_the_row_of_a_connection_that_hears_its_send(recording: Recording) -> None:
    columns = recording.columns
    seen = []
    for row in tables.connected(recording).rows:
        spans = spans_of(recording, row.kinds, row.ranges)
        assert len(spans) == row.figures.calls
        assert bool(row.reason) == (not spans)
        for span in spans:
            call = signal_panel.ReceiverCall(columns, span)
            assert (call.receiver, call.send.signal) == (row.receiver, row.signal)
            assert row.sender in (None, call.send.sender)
        assert len({columns.parent[span] for span in spans}) == len(spans) <= row.sent
        seen += spans
    assert sorted(seen) == [span for span, kind in enumerate(columns.kind) if kind < 0]


@many
@given(st.lists(recordings(), max_size=3))
def test_several_requests_add_up(several: list[Recording]) -> None:
    whole = [totals(recording) for recording in several]
    added_up = tables.across(several)
    assert added_up.requests == len(several)
    for table in (added_up.receivers, added_up.signals):
        assert counts(table.figures) == (
            sum(of_one.sends for of_one in whole),
            sum(of_one.calls for of_one in whole),
            sum(of_one.exceptions for of_one in whole),
            sum(of_one.queries for of_one in whole),
            sum(of_one.queries_ns for of_one in whole),
        )
        assert longest_first(table.rows)
    of_each = [tables.signals(recording).by_signal.rows for recording in several]
    for row in added_up.signals.rows:
        same = [one for rows in of_each for one in rows if one.signal == row.signal]
        assert row.requests == len(same)
        assert (row.unheard, row.unheard_ns) == (
            sum(one.unheard for one in same),
            sum(one.unheard_ns for one in same),
        )
    called = [{(call.receiver, call.path, call.is_async) for call in one.calls} for one in several]
    for row in added_up.receivers.rows:
        assert row.requests == sum((row.receiver, row.path, row.is_async) in of_one for of_one in called)


@many
@given(recordings(), recordings())
def test_two_requests_side_by_side_have_all_calls_of_both(now: Recording, then: Recording) -> None:
    table = tables.compared(now, then)
    assert counts(table.figures)[1:] == counts(tables.receivers(now).figures)[1:]
    assert sum(row.then.calls for row in table.rows) == len(then.calls)
    assert {row.change for row in tables.compared(now, now).rows} <= {"same"}
    for row in table.rows:
        assert (row.change == "new") == (row.then.calls == 0)
        assert (row.change == "gone") == (row.figures.calls == 0)
        assert row.difference_ns == row.figures.total_ns - row.then.total_ns
    differences = [abs(row.difference_ns) for row in table.rows]
    assert differences == sorted(differences, reverse=True)
    called = {kind for kind in now.columns.kind if kind < 0}
    assert called <= {kind for row in table.rows for kind in row.kinds}


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (1_000_000, 1_000_000, "same"),
        # A fifth of the longer one.
        (1_000_000, 1_250_000, "same"),
        (1_000_000, 1_250_002, "slower"),
        (1_250_000, 1_000_000, "same"),
        (1_250_002, 1_000_000, "faster"),
        # A tenth of a millisecond.
        (1_000, 101_000, "same"),
        (1_000, 101_001, "slower"),
        (101_001, 1_000, "faster"),
    ],
)
def test_a_receiver_that_took_another_time_is_slower_or_faster(before: int, after: int, change: str) -> None:
    clock = FakeClock()
    times = [before, after]

    def works(**_: object) -> None:
        clock.pass_(times.pop(0))

    recordings = []
    for _ in range(2):
        with listening(told, works), signal_panel.record(clock=clock) as recording:
            told.send(None)
        recordings.append(recording)
    then, now = recordings
    (row,) = tables.compared(now, then).rows
    assert row.change == change


def test_a_row_has_the_numbers_of_its_own_receivers_and_not_of_all_like_them() -> None:
    told = Signal()

    def connect_and_send() -> None:
        def local(**named: object) -> None:
            """One more each time."""

        told.connect(local, weak=False)
        told.send(None)

    with signal_panel.record() as recording:
        for _ in range(50):
            connect_and_send()
    for rows in (tables.connected(recording).rows, tables.sends(recording, 500).rows):
        assert sum(kind < 0 for row in rows for kind in row.kinds) == 50


def test_a_range_of_the_tree_goes_on_until_the_same_is_sent_elsewhere() -> None:
    def passes_on(**_: object) -> None:
        quiet.send(None)

    with (
        listening(told, passes_on),
        listening(cached, passes_on, sender=Figures),
        signal_panel.record() as recording,
    ):
        for outer in (told, cached, told, told):
            outer.send(Figures)
    inside = [row for row in tables.sends(recording, 500).rows if row.name == f"{__name__}.quiet"]
    assert [row.ranges for row in inside] == [[(2, 2), (8, 11)], [(5, 5)]]


def test_the_tree_and_the_spans_have_sends_and_calls_by_their_names() -> None:
    with listening(told, hears), signal_panel.record() as recording:
        told.send(Figures)
        quiet.send(Figures)
    for rows in (tables.sends(recording, 500).rows, tables.spans(recording, 500)):
        assert [(row.depth, short_name(row.name), row.method, row.is_async) for row in rows] == [
            (0, "told", "send", False),
            (1, "hears", None, False),
            (0, "quiet", "send", False),
        ]


def test_of_a_tree_that_is_too_large_the_rows_that_took_least_are_left_out() -> None:
    clock = FakeClock()

    def hears_too(**_: object) -> None:
        clock.pass_(1)

    def works(**_: object) -> None:
        clock.pass_(5)

    with listening(told, hears_too, works), signal_panel.record(clock=clock) as recording:
        quiet.send(None)
        told.send(None)
    names = [short_name(row.name) for row in tables.sends(recording, 2).rows]
    assert names == ["told", "works"]
    assert len(tables.sends(recording, 4).rows) == 4


def test_a_signal_comes_before_others_by_what_all_its_lines_sent_together() -> None:
    clock = FakeClock()

    def waits(sender: int, **_: object) -> None:
        clock.pass_(sender)

    with listening(told, waits), listening(quiet, waits), signal_panel.record(clock=clock) as recording:
        quiet.send(10)
        told.send(6)
        told.send(6)
    by_signal, by_site = tables.signals(recording)
    assert [short_name(row.signal) for row in by_site.rows] == ["quiet", "told", "told"]
    assert [short_name(row.signal) for row in by_signal.rows] == ["told", "quiet"]


class TestConnected:
    @pytest.fixture(autouse=True)
    def _as_before(self) -> Iterator[None]:
        yield
        for signal in (told, cached):
            signal.receivers = []
            signal.sender_receivers_cache.clear()

    @staticmethod
    def row(recording: Recording) -> tables.ConnectedRow:
        (row,) = [row for row in tables.connected(recording).rows if row.receiver == f"{__name__}.hears"]
        return row

    def test_one_connected_after_the_last_send(self) -> None:
        with signal_panel.record() as recording:
            told.send(None)
            told.connect(hears)
        assert self.row(recording).reason == "later"

    def test_one_that_should_have_been_called(self) -> None:
        with signal_panel.record() as recording:
            told.send(None)
            told.connect(hears)
        columns = recording.columns
        columns.connections[:] = [kind._replace(path=NOTHING) for kind in columns.connections]
        assert self.row(recording).reason == "unknown"

    @override_settings(SIGNAL_PANEL={"MAX_SPANS": 1})
    def test_one_whose_call_may_be_past_the_cap(self) -> None:
        told.connect(hears)
        with signal_panel.record() as recording:
            told.send(None)
        assert (self.row(recording).sent, self.row(recording).reason) == (1, "dropped")

    @override_settings(SIGNAL_PANEL={"MAX_SPANS": 1})
    def test_one_whose_send_may_be_past_the_cap(self) -> None:
        told.connect(hears)
        with signal_panel.record() as recording:
            quiet.send(None)
            told.send(None)
        assert (self.row(recording).sent, self.row(recording).reason) == (0, "dropped")

    def test_one_that_the_signal_s_cache_does_not_know(self) -> None:
        cached.connect(longest_first, sender=Recording)
        cached.send(Figures)
        told.connect(hears)
        cached.receivers = [*cached.receivers, *told.receivers]
        told.receivers = []
        with signal_panel.record() as recording:
            cached.send(Figures)
        assert (self.row(recording).state, self.row(recording).reason) == ("stale", "stale")

    @pytest.mark.parametrize(("one", "other"), [(object(), object()), ("a word", "another")])
    def test_one_for_another_object_than_the_one_that_sent(self, one: object, other: object) -> None:
        told.connect(hears, sender=one)
        with signal_panel.record() as recording:
            told.send(other)
        assert self.row(recording).reason == "other-object"

    def test_one_for_one_sender_is_called_as_often_as_for_that_and_for_all(self) -> None:
        for sender in (None, Figures, Recording):
            told.connect(hears, sender=sender)
        with signal_panel.record() as recording:
            told.send(Figures)
        rows = [row for row in tables.connected(recording).rows if row.receiver == f"{__name__}.hears"]
        assert {row.sender and short_name(row.sender): row.times for row in rows} == {
            None: 3,
            "Figures": 2,
            "Recording": 2,
        }

    def test_those_of_signals_that_were_sent_come_first_and_then_by_name(self) -> None:
        cached.connect(hears)
        with signal_panel.record() as recording:
            told.send(None)
            quiet.send(None)
        names = [row.signal for row in tables.connected(recording).rows]
        assert names[:2] == [f"{__name__}.quiet", f"{__name__}.told"]
        assert names[2:] == sorted(names[2:])
        assert f"{__name__}.cached" in names[2:]
