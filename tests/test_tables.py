"""The tables add up, to the recording and to each other, whatever was recorded."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence

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
    max_examples=EXAMPLES or 150,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
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
    cut = [
        tables.bounded(receivers, 1),
        tables.bounded(signals.by_signal, 1),
        tables.bounded(signals.by_site, 1),
        tables.sends(recording, limit=3),
    ]
    for table in (receivers, signals.by_signal, signals.by_site, tree, *cut):
        assert counts(table.figures) == expected
        assert table.figures.self_ns == own
    assert [len(table.rows) for table in cut] <= [1, 1, 1, 3]

    calls = list(recording.calls)
    sends = list(recording.sends)
    assert sum(row.figures.total_ns for row in receivers.rows) == sum(c.duration_ns for c in calls)
    assert sum(row.figures.total_ns for row in signals.by_site.rows) == sum(s.duration_ns for s in sends)
    assert tree.figures.total_ns == sum(s.duration_ns for s in spans)
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
