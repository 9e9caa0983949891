"""What ``compiled`` has in C, in Python: what is on the way of every send and query, and done for every span.

Its ``send`` is ``tracer.loops.send`` here.
"""

from __future__ import annotations

from array import array
from asyncio import _get_running_loop as running_loop
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import count
from struct import Struct, calcsize
from threading import get_ident
from types import NoneType
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from signal_panel.batches import batches
from signal_panel.recording import NOTHING

if TYPE_CHECKING:
    from signal_panel.collector import Collector

INTEGER = "n" if calcsize("n") == calcsize("q") else "q"
"""How integers of eight bytes are packed: as sizes where these have eight, which takes half the time."""
QUERY = Struct(5 * INTEGER)
"""A query in the log: the span it ran in, statement, parameters, start, end."""
PLAIN = frozenset(map(id, (NoneType, bool, int, float, str, bytes, date, timedelta, UUID)))
"""The ``id``s of types, as a metaclass may have a hash: that of one of these runs no code of the user's."""
HASH_OF_TWO = -2
"""The hash of -1 as well as of -2: of these two the text is hashed."""
OUTSIDE = -2
"""In place of a place: a span is not in the scope."""
_TIME_ZONES = frozenset(map(id, (NoneType, timezone, ZoneInfo)))
_pack = QUERY.pack

Counter = count
"""The numbers of sends, by their first and the step from each to the next."""


class IdentityCache:
    """Numbers under the identities of things, until one of them dies: C finds them here faster."""

    def clear(self) -> None:
        """Forget all of them."""


class Place:
    """Where a context is: which collector records it, and the number of the span, scope or block it is in.

    A context that lasts longer than a receiver call, as that of a task, keeps the place it began with. Where
    there can be none, in a ``thread`` that runs no event loop, sends change the number of their place and put
    it back, which takes a quarter of what making another place current does (0.03 µs for 0.11).
    """

    __slots__ = ("collector", "number", "thread")

    def __init__(self, collector: Collector, number: int, thread: int = 0) -> None:
        self.collector = collector
        self.number = number
        self.thread = thread
        """The ident of the thread that may change the number, or 0."""

    @classmethod
    def here(cls, collector: Collector, number: int) -> Place:
        """A place for what this thread does next."""
        return cls(collector, number, get_ident() if running_loop() is None else 0)


class Recorder:
    """The base of ``Collector``. C has a place for some of its attributes, so that they are at hand."""


class QueryLog:
    """The base of ``Queries``: what it has for queries that are much like one before."""

    statement_of: Callable[[Any, str], tuple[int, bool]]
    """Gives what is in ``numbers``, of a statement that may be new."""

    def __init__(self) -> None:
        self.log = bytearray()
        """The rows."""
        self.numbers: dict[tuple[str, str], tuple[int, bool]] = {}
        """For a text and an alias its number, and whether to make it again is worth telling."""
        self.seen: dict[int, int] = {}
        """For a hash of a statement's number and parameters a number of theirs."""
        self._numbers_of_parameters = count()
        self.room = 0
        """How many bytes the log may have."""

    def add(self, alias: str, sql: Any, parameters: Any, many: bool, span: int, start: int, end: int) -> bool:
        """Keep a query, or return False where there is no room for it."""
        if len(self.log) >= self.room:
            return False
        known = self.numbers.get((sql, alias)) if type(sql) is str else None
        statement, can_repeat = known or self.statement_of(sql, alias)
        seen = NOTHING
        if can_repeat and not many and (key := _hash(statement, parameters)) is not None:
            seen = self.seen.get(key, NOTHING)
            if seen == NOTHING:  # another thread may come with another at once
                seen = self.seen.setdefault(key, next(self._numbers_of_parameters))
        self.log.extend(_pack(span, statement, seen, start, end))
        return True


def _hash(statement: int, parameters: Any) -> int | None:
    """A hash of a query, or None where finding it might run the user's code."""
    cls = type(parameters)
    if parameters is None:
        parameters = ()
    elif cls is dict:
        parameters = [*parameters, *parameters.values()]
    elif cls is not tuple and cls is not list:
        return None
    hashed: list[Any] = [statement]
    for parameter in parameters:
        if type(parameter) is Decimal:
            hashed.append(str(parameter))  # its own hash takes five times as long
        elif id(type(parameter)) in PLAIN or is_plain_time(parameter):
            hashed.append(str(parameter) if hash(parameter) == HASH_OF_TWO else parameter)
        else:
            return None
    return hash(tuple(hashed))


def is_plain_time(parameter: Any) -> bool:
    """Whether it is a time of Python's, in a zone of Python's."""
    cls = type(parameter)
    return (cls is datetime or cls is time) and id(type(parameter.tzinfo)) in _TIME_ZONES


def place_spans(
    sends: array[int], parents: array[int], starts: array[int], by_number: Mapping[int, int]
) -> tuple[array[int], array[int], array[int]]:
    """The rows of the spans in a scope by start, what place each row has there, and the places of parents.

    ``by_number`` gives the row of what a number is of: of the scope itself, one past the last; of what is
    nowhere, -1. These two have a place, too, at the end.
    """
    rows: list[int] = []
    parents_places: list[int] = []
    places = [OUTSIDE] * len(sends)
    places += NOTHING, OUTSIDE
    above = [*map(by_number.__getitem__, parents)]
    # By start, and where two are equal the parent, whose number is lower, first. The log is nearly in
    # order already, which makes two sorts by one column quicker than one by two.
    order = sorted(range(len(sends)), key=sends.tolist().__getitem__)
    order.sort(key=starts.tolist().__getitem__)
    for row in order:
        place = places[above[row]]
        if place != OUTSIDE:
            places[row] = len(rows)
            rows.append(row)
            parents_places.append(place)
    return array("q", rows), array("q", places), array("q", parents_places)


def take_spans(
    rows: array[int],
    starts: array[int],
    ends: array[int],
    kinds: array[int],
    began: int,
    numbers: Mapping[int, int],
) -> tuple[array[int], array[int], array[int]]:
    """The starts of these rows, from where it ``began``; how long they took; and their kinds' new numbers."""
    since, times, renumbered = array("q"), array("q"), array("q")
    for part in batches(rows):
        since += array("q", [starts[row] - began for row in part])
        times += array("q", [ends[row] - starts[row] for row in part])
        renumbered += array("q", [numbers[kinds[row]] for row in part])
    return since, times, renumbered
