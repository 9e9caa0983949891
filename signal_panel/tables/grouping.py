"""What all tables have in common: spans parted into groups, and what each group adds up to."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from signal_panel.recording import NOTHING, Columns
from signal_panel.summary import origins_of_exceptions


@dataclass
class Figures:
    """What some spans add up to; times in nanoseconds.

    ``self_ns`` is the time in the spans and in none inside them. ``total_ns`` adds up whole spans, and
    ``longest_ns`` is the longest; of sends together with their calls only the sends count there. Queries
    count in the innermost span that they ran in, exceptions in the one they came from.
    """

    sends: int = 0
    calls: int = 0
    total_ns: int = 0
    self_ns: int = 0
    longest_ns: int = 0
    exceptions: int = 0
    queries: int = 0
    queries_ns: int = 0

    @property
    def mean_ns(self) -> int:
        """The mean time of a span."""
        return self.total_ns // max(1, self.sends + self.calls)

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.sends + other.sends,
            self.calls + other.calls,
            self.total_ns + other.total_ns,
            self.self_ns + other.self_ns,
            max(self.longest_ns, other.longest_ns),
            self.exceptions + other.exceptions,
            self.queries + other.queries,
            self.queries_ns + other.queries_ns,
        )


class HasFigures(Protocol):
    """A row."""

    @property
    def figures(self) -> Figures:
        """What it adds up to."""


Row = TypeVar("Row", bound=HasFigures)


@dataclass(frozen=True)
class Rest:
    """What is in the recording but in no row.

    ``name`` is ``sends`` for what sending itself took between receivers, ``outside`` for queries that ran in
    no span, ``dropped`` for what is past the recording's cap, ``hidden`` for ``rows`` that are not shown.
    """

    name: str
    figures: Figures
    rows: int = 0


@dataclass(frozen=True)
class Table(Generic[Row]):
    """Rows, and what is in none of them; together they are the whole recording."""

    rows: Sequence[Row]
    rest: Sequence[Rest] = field(default=())

    @property
    def figures(self) -> Figures:
        """What all adds up to."""
        return add(row.figures for row in self.rows) + add(rest.figures for rest in self.rest)


def add(parts: Iterable[Figures]) -> Figures:
    """All figures added up."""
    return sum(parts, Figures())


def bounded(table: Table[Row], limit: int) -> Table[Row]:
    """The table's first rows, the others added up."""
    hidden = table.rows[limit:]
    return replace(
        table, rows=table.rows[:limit], rest=[*hiding([row.figures for row in hidden]), *table.rest]
    )


def hiding(figures: Sequence[Figures]) -> list[Rest]:
    """What stands for the rows that are not shown, if there are any."""
    return [Rest("hidden", add(figures), len(figures))] if figures else []


def beyond(columns: Columns) -> list[Rest]:
    """What is in no span that was kept, as far as there is any."""
    outside = columns.queries.get(NOTHING, ())
    overflow = columns.overflow
    rest = {
        "outside": Figures(queries=len(outside), queries_ns=sum(columns.query_time[q] for q in outside)),
        "dropped": Figures(
            sends=overflow.sends,
            calls=overflow.calls,
            exceptions=overflow.exceptions,
            queries=overflow.queries,
            queries_ns=overflow.queries_ns,
        ),
    }
    return [Rest(name, figures) for name, figures in rest.items() if figures != Figures()]


def add_up(columns: Columns, group_of: Sequence[int], groups: int) -> list[Figures]:
    """What each group adds up to; ``group_of`` has the group of each span."""
    sends, calls, total, own, longest = ([0] * groups for _ in range(5))
    spans = zip(columns.kind, columns.time, columns.self_times, columns.parent, group_of, strict=True)
    for kind, time, self_ns, parent, group in spans:
        if kind >= 0:
            sends[group] += 1
        else:
            calls[group] += 1
        own[group] += self_ns
        if kind >= 0 or group_of[parent] != group:
            total[group] += time
            if time > longest[group]:
                longest[group] = time
    figures = [Figures(*of_one) for of_one in zip(sends, calls, total, own, longest, strict=True)]
    for span in origins_of_exceptions(columns):
        figures[group_of[span]].exceptions += 1
    for span, time in zip(columns.query_span, columns.query_time, strict=True):
        if span != NOTHING:
            figures[group_of[span]].queries += 1
            figures[group_of[span]].queries_ns += time
    return figures


Range = tuple[int, int]
"""The first and the last of some spans."""


def ranges(numbers: Sequence[int], group_of: Sequence[int], groups: int) -> list[list[Range]]:
    """Where the spans of each group are, ``numbers`` having the number of each span's kind.

    A range goes on for as long as no other group has a span of the same kind. So other groups' spans may be
    in it, of other kinds, and what repeats with something inside is still one range.
    """
    found: list[list[Range]] = [[] for _ in range(groups)]
    last_of: dict[int, int] = {}
    for span, (number, group) in enumerate(zip(numbers, group_of, strict=True)):
        if last_of.get(number) == group:
            found[group][-1] = (found[group][-1][0], span)
        else:
            found[group].append((span, span))
            last_of[number] = group
    return found


def numbered(kinds: Iterable[Hashable]) -> list[int]:
    """Numbers for kinds, the same for those that are equal: a local function is a new one at each call."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(kind, len(numbers)) for kind in kinds]


def alike(numbers: Sequence[int]) -> list[list[int]]:
    """Where each number stands in ``numbered``'s answer."""
    places: list[list[int]] = [[] for _ in range(max(numbers, default=-1) + 1)]
    for place, number in enumerate(numbers):
        places[number].append(place)
    return places
