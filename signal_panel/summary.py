"""A recording's totals."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from operator import add

from signal_panel.intervals import covered
from signal_panel.recording import NOTHING, Columns, Recording


@dataclass(frozen=True)
class Totals:
    """What a recording adds up to, the spans past its cap included; times in nanoseconds.

    ``receivers_ns`` is the time in which at least one receiver ran; ``duration_ns`` is without the toolbar's
    own work. An exception that leaves several spans counts once, where it came from. ``queries_ns`` adds up
    queries that ran side by side.
    """

    sends: int
    calls: int
    receivers_ns: int
    duration_ns: int
    exceptions: int
    queries: int
    queries_ns: int


def totals(recording: Recording) -> Totals:
    """Add up a recording."""
    columns = recording.columns
    calls = sum(kind < 0 for kind in columns.kind)
    overflow = columns.overflow
    return Totals(
        sends=len(columns.kind) - calls + overflow.sends,
        calls=calls + overflow.calls,
        receivers_ns=_time_covered_by_calls(columns) + overflow.receivers_ns,
        duration_ns=columns.duration - sum(p.duration_ns for p in columns.phases if p.name == "toolbar"),
        exceptions=len(origins_of_exceptions(columns)) + overflow.exceptions,
        queries=len(columns.query_start) + overflow.queries,
        queries_ns=sum(columns.query_time) + overflow.queries_ns,
    )


def _time_covered_by_calls(columns: Columns) -> int:
    is_call = [kind < 0 for kind in columns.kind]
    starts, times = list(compress(columns.start, is_call)), compress(columns.time, is_call)
    return covered(starts, map(add, starts, times))


def origins_of_exceptions(columns: Columns) -> set[int]:
    """The spans that an exception came from; those it left on its way out are not among them."""
    raised = columns.exceptions
    passed_on = {
        (columns.parent[span], name) for span, name in raised.items() if columns.parent[span] != NOTHING
    }
    return {span for span, name in raised.items() if (span, name) not in passed_on}
