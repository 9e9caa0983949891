"""From a collector's log to the columns of one recording."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from signal_panel import naming
from signal_panel.collector import Collector, ConnectedHere
from signal_panel.intervals import covered
from signal_panel.kinds import Kinds, Strings
from signal_panel.listing import Listing, listings
from signal_panel.overflow import Overflow
from signal_panel.recording import (
    IN_TRANSACTION,
    NOTHING,
    ON_COMMIT,
    STATES,
    Columns,
    ConnectionKind,
    ReceiverKind,
    SendKind,
    Statement,
)
from signal_panel.rows import NOWHERE, Index, Spans, spans_since
from signal_panel.speedups import OUTSIDE, place_spans, take_spans

_T = TypeVar("_T")


class Beginning(NamedTuple):
    """Where a scope began: its number, the clock, and how much there was of each thing by then."""

    number: int
    clock: int
    log: dict[int, int]
    queries: int
    scopes: int
    exceptions: int
    busy: int
    hops: int
    skipped: int

    @classmethod
    def here(cls, collector: Collector, number: int) -> Beginning:
        """Where the collector is now."""
        return cls(
            number,
            collector.clock(),
            collector.log.lengths(),
            collector.queries.position,
            len(collector.scopes),
            len(collector.exceptions),
            len(collector.busy),
            len(collector.hops),
            len(collector.skipped),
        )


class Freezing:
    """Fills a recording's columns with what has ended in a scope: what a chain of parents leads to it from.

    At most ``room`` spans and as many queries are kept.
    """

    def __init__(self, columns: Columns, collector: Collector, beginning: Beginning, room: int) -> None:
        self._columns = columns
        self._collector = collector
        self._beginning = beginning
        self._is_outermost = collector.scopes[beginning.number] == 0
        self._room = room
        self._renumber = _Renumbering(collector.kinds)
        self._by_number = Index()
        # Of the spans in the log, which place they have among those in the scope: the first ones are kept.
        self._places = array("q")
        self._parents = array("q")  # the places of their parents
        self._lost: set[int] = set()  # those in the log that are in one which is not
        self._flags: dict[int, int] = {0: 0}  # of what runs directly in a scope or block
        self._left_out = Overflow()

    def fill(self) -> None:
        """Fill in all columns: from the log, and from a look at what is connected."""
        listing = None
        connected = list(self._collector.connected.items())  # before the look: what it finds by an id lives
        with self._noting_failures():
            listing = listings.now(self._collector.kinds.ignore)
            self._renumber.begin_with(listing)
        self._add_spans()
        self._add_what_few_spans_have()
        self._add_queries()
        self._add_overflow()
        with self._noting_failures():
            if listing is not None:
                self._add_connections(listing, connected)
        self._columns.sends, self._columns.receivers = self._renumber.sends, self._renumber.receivers
        self._columns.strings = self._renumber.strings.table()

    @contextmanager
    def _noting_failures(self) -> Iterator[None]:
        try:
            yield
        except Exception as failure:
            self._collector.failed(failure)

    def _add_spans(self) -> None:
        columns, renumber, began = self._columns, self._renumber, self._beginning.clock
        spans = spans_since(self._beginning.log, self._collector.log)
        inside = self._find_places(spans)
        kept, left_out = inside[: self._room], inside[self._room :]
        _, log_parents, log_kinds, starts, ends, _ = spans
        columns.parent = self._parents[: self._room]
        columns.start, columns.time, columns.kind = take_spans(kept, starts, ends, log_kinds, began, renumber)
        self._add_flags(log_parents[row] for row in kept)
        calls = [(starts[row] - began, ends[row] - began) for row in left_out if log_kinds[row] < 0]
        lost_calls = sum(log_kinds[row] < 0 for row in self._lost)  # in the time of what they are in
        self._left_out = Overflow(
            len(left_out) - len(calls) + len(self._lost) - lost_calls,
            len(calls) + lost_calls,
            self._time_covered(calls) if calls else 0,
            self._exceptions_beyond(log_parents),
        )

    def _find_places(self, spans: Spans) -> array[int]:
        """The spans in the scope, by start."""
        self._by_number = by_number = spans.by_number
        by_number[self._beginning.number] = len(spans.sends)
        for number in list(islice(self._collector.scopes, self._beginning.scopes, None)):
            by_number[number] = by_number[self._span_above(number)]
        inside, self._places, self._parents = place_spans(spans.sends, spans.parents, spans.starts, by_number)
        if len(inside) < len(spans.sends):
            outside = (row for row in range(len(spans.sends)) if self._places[row] == OUTSIDE)
            for row in sorted(outside, key=lambda row: (spans.starts[row], spans.sends[row])):
                if self._is_lost(by_number[spans.parents[row]], spans.parents[row]):
                    self._lost.add(row)
        return inside

    def _is_lost(self, above: int, parent: int) -> bool:
        """Whether it is in one past the cap, as what is in another scope there, which has room of its own."""
        return above in self._lost or (above == NOWHERE and self._span_above(parent) >= self._collector.limit)

    def _place(self, number: int) -> int:
        """The place of a span that is kept, else ``NOTHING``."""
        place = self._places[self._by_number[number]]
        return NOTHING if place == OUTSIDE or place >= self._room else place

    def _span_above(self, number: int) -> int:
        return self._collector.span_above(number, self._beginning.number)

    def _add_flags(self, nearest: Iterable[int]) -> None:
        """Tell of each span whether it is in a transaction, by the number of what it is directly in."""
        within, scopes = self._columns.within, self._collector.scopes
        if not self._collector.blocks:
            within.frombytes(bytes(len(self._columns.parent)))
            return
        for number, parent in zip(nearest, self._columns.parent, strict=True):
            within.append(self._flags_in(number) if number in scopes else within[parent])

    def _time_covered(self, calls: list[tuple[int, int]]) -> int:
        """The time in which at least one of these calls ran, and none of those kept."""
        columns = self._columns
        kept = zip(columns.start, columns.time, columns.kind, strict=True)
        reached = max((start + time for start, time, kind in kept if kind < 0), default=0)
        later = [(max(start, reached), end) for start, end in calls if end > reached]
        return covered([start for start, _ in later], [end for _, end in later])

    def _exceptions_beyond(self, log_parents: Sequence[int]) -> int:
        """How many more there are than is told by those kept, and by what was added up: maybe less than 0."""
        raised: list[tuple[int, int, str]] = []
        kept: list[tuple[int, int, str]] = []
        for number, name in _since(self._beginning.exceptions, self._collector.exceptions):
            row = self._by_number[number]
            place = self._places[row]
            if place != OUTSIDE or row in self._lost:
                raised.append((number, self._span_above(log_parents[row]), name))
            if OUTSIDE != place < self._room:
                kept.append((place, self._parents[place], name))
        return _origins(raised, self._collector.overflow.passed_on()) - _origins(kept)

    def _add_what_few_spans_have(self) -> None:
        columns, collector, renumber = self._columns, self._collector, self._renumber
        began, number_of = self._beginning, renumber.strings.number
        exceptions = self._of_spans(_since(began.exceptions, collector.exceptions))
        columns.exceptions = {span: number_of(name) for span, name in exceptions}
        columns.busy = dict(self._of_spans(_since(began.busy, collector.busy)))
        columns.hops = dict(self._of_spans(_since(began.hops, collector.hops)))
        found = self._of_spans(collector.instances.again_since(began.number).items())
        again = ((span, self._place(first)) for span, first in found)
        columns.again = {span: first for span, first in again if first != NOTHING}
        skipped = self._of_spans(_since(began.skipped, collector.skipped))
        columns.skipped = {span: [-1 - renumber[kind] for kind in kinds] for span, kinds in skipped}

    def _of_spans(self, noted: Iterable[tuple[int, _T]]) -> list[tuple[int, _T]]:
        placed = ((self._place(number), value) for number, value in noted)
        return sorted(one for one in placed if one[0] != NOTHING)

    def _flags_in(self, number: int) -> int:
        """The flags of what runs directly in a span, a scope or a block."""
        flags = self._flags.get(number)
        if flags is None:
            scopes, blocks = self._collector.scopes, self._collector.blocks
            chain = []
            while number in scopes and number not in self._flags:
                chain.append(number)
                number = scopes[number]
            flags = self._flags.get(number)
            if flags is None:
                place = self._place(number)
                flags = 0 if place == NOTHING else self._columns.within[place]
            for number in reversed(chain):
                block = blocks.get(number)
                if block == ON_COMMIT:
                    flags = ON_COMMIT
                elif block == IN_TRANSACTION:
                    flags |= IN_TRANSACTION
                self._flags[number] = flags
        return flags

    def _add_queries(self) -> None:
        columns, collector, strings = self._columns, self._collector, self._renumber.strings
        began = self._beginning.clock
        statements: dict[int, int] = {}
        first: dict[int, int] = {}
        count = nanoseconds = 0
        for span, statement, parameters, start, end in sorted(
            collector.queries.since(self._beginning.queries), key=itemgetter(3)
        ):
            span = self._span_above(span)
            # One with no place is of a span that has not ended, or of another scope.
            is_outside = self._places[self._by_number[span]] == OUTSIDE
            if is_outside and not self._is_outermost and span < collector.limit:
                continue
            here = len(columns.query_start)
            if here == self._room:
                count += 1
                nanoseconds += end - start
                continue
            if statement not in statements:
                statements[statement] = len(columns.statements)
                text, alias = collector.queries.statements[statement]
                columns.statements.append(Statement(strings.number(text), strings.number(alias)))
            columns.query_start.append(start - began)
            columns.query_time.append(end - start)
            columns.query_span.append(self._place(span))
            columns.query_statement.append(statements[statement])
            before = here if parameters == NOTHING else first.setdefault(parameters, here)
            columns.query_repeats.append(NOTHING if before == here else before)
        self._left_out = self._left_out._replace(queries=count, queries_ns=nanoseconds)

    def _add_overflow(self) -> None:
        number, overflow = self._beginning.number, self._collector.overflow
        beyond = overflow.so_far(number) if self._is_outermost else overflow.so_far(number, self._is_in_it)
        self._columns.overflow = beyond + self._left_out

    def _is_in_it(self, number: int) -> bool:
        """Whether a span or scope is in this one; of those under way nobody can tell but by what is older."""
        row = self._by_number[number]
        if row == NOWHERE:
            return self._span_above(number) > self._beginning.number
        return self._places[row] != OUTSIDE or row in self._lost

    def _add_connections(self, listing: Listing, connected: list[tuple[int, ConnectedHere]]) -> None:
        columns, renumber = self._columns, self._renumber
        columns.connections = listing.connections.copy()
        for key, made in connected:
            place = listing.places.get(key)
            if place is not None:
                signal, _, *rest = listing.connections[place]
                rest[4:] = renumber.strings.site(made.site)
                columns.connections[place] = ConnectionKind(signal, -1 - renumber[made.receiver], *rest)
            elif gone := self._gone(made):
                columns.connections.append(gone)
        columns.signals, columns.unimported = listing.signals.copy(), listing.unimported.copy()

    def _gone(self, made: ConnectedHere) -> ConnectionKind | None:
        """A receiver that was connected and has died; None for one that was disconnected."""
        signal = made.signal()
        name = signal and naming.signal_name(signal)
        if name is None or not made.has_died or self._collector.kinds.is_ignored(name):
            return None
        strings = self._renumber.strings
        return ConnectionKind(
            strings.number(name),
            -1 - self._renumber[made.receiver],
            strings.optional(made.sender),
            NOTHING,
            STATES.index("dead"),
            1,
            *strings.site(made.site),
        )


def _since(length: int, noted: dict[int, _T]) -> list[tuple[int, _T]]:
    """What was noted since there was so much: nothing of a scope's was before it began."""
    return list(islice(noted.items(), length, None))


def _origins(raised: list[tuple[int, int, str]], others: Iterable[tuple[int, str]] = ()) -> int:
    """How many exceptions these are, by the span, its parent and the type: one that leaves both is one.

    So is one that has come to the span from one of the ``others``.
    """
    passed_on = {(parent, name) for _, parent, name in raised}.union(others)
    return sum((span, name) not in passed_on for span, _, name in raised)


class _Renumbering(dict[int, int]):
    """From a collector's numbers for kinds to those of one recording, which may begin with a listing's."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self.strings = Strings()
        self.sends: list[SendKind] = []
        self.receivers: list[ReceiverKind] = []
        self._listed: Callable[[Any], int | None] = dict[Any, int]().get

    def begin_with(self, listing: Listing) -> None:
        """Take over the listing's numbers for strings and receivers."""
        self.strings, self.receivers = Strings(listing.strings), listing.receivers.copy()
        self._listed = listing.known

    def __missing__(self, number: int) -> int:
        if number < 0:
            listed = self._listed(self._kinds.key(number))
            if listed is None:
                self.receivers.append(self._kinds.receiver_kind(number, self.strings))
                listed = -len(self.receivers)
            self[number] = listed
        else:
            self[number] = len(self.sends)
            self.sends.append(self._kinds.send_kind(number, self.strings))
        return self[number]
