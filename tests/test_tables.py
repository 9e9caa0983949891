"""The tables add up, to the recording and to each other, whatever was recorded."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence

from django.dispatch import Signal
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import signal_panel
from signal_panel import Recording, tables
from signal_panel.summary import totals
from signal_panel.tables import Figures
from tests.generated import recordings
from tests.worlds import Description, World, descriptions

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))

many = settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def counts(figures: Figures) -> tuple[int, ...]:
    return figures.sends, figures.calls, figures.exceptions, figures.queries, figures.queries_ns


def check(recording: Recording) -> None:
    """Everything that has to add up in the tables of one recording."""
    whole = totals(recording)
    expected = whole.sends, whole.calls, whole.exceptions, whole.queries, whole.queries_ns
    spans = [*recording.sends, *recording.calls]
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

    calls = list(recording.calls)
    sends = list(recording.sends)
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
        assert all(row.requests <= len(several) for row in table.rows)


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
