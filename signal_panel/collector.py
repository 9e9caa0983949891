"""The recorder that spans are written to, and the scopes that become recordings.

One ``Collector`` serves an outermost scope and the scopes opened inside it. Its log has five integers a
span, appended in one call when the span ends, so that threads can't mix their spans up. A scope opened
inside another has a number like a span's: the inner recording is what descends from that number, the outer
one is everything.
"""

from __future__ import annotations

import logging
import time
from array import array
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from itertools import count
from struct import Struct
from types import FrameType
from typing import Any

from signal_panel import naming
from signal_panel.kinds import IGNORED, Kinds, Strings
from signal_panel.overflow import Overflow, OverflowCounter
from signal_panel.recording import (
    METHODS,
    NOTHING,
    Columns,
    Phase,
    ReceiverKind,
    Recording,
    SendKind,
)

logger = logging.getLogger("signal_panel")

SEND, SEND_ROBUST, ASEND, ASEND_ROBUST = range(len(METHODS))
_ROW = Struct("5q")  # a span in the log: number, parent's number, kind, start, end
_FIELDS = 5


class Tally:
    """A count that goes on after what it is of."""

    count = 0


class Collector:
    """Takes the spans of one outermost scope and of the scopes inside it."""

    def __init__(self, clock: Callable[[], int], ignore: Iterable[str] = ()) -> None:
        self.clock = clock
        self.kinds = Kinds(tuple(ignore))
        self.known_receiver = self.kinds.known
        self.next_number: Callable[[], int] = count(1).__next__
        self.limit = 0
        # Packed rows in one bytearray: 40 bytes a span, and in one call, which no other thread can split. An
        # array's extend() takes five times as long.
        self.log = bytearray()
        self.keep = self.log.extend
        self.pack = _ROW.pack
        self.exceptions: dict[int, str] = {}
        self.busy: dict[int, int] = {}
        self.hops: dict[int, int] = {}
        self.overflow = OverflowCounter()
        self.late = Tally()
        self.failure = ""
        self.scopes: dict[int, int] = {}
        self.closed = False

    def kind_of(self, signal: Any, sender: Any, method: int, frame: FrameType | None) -> int:
        """The number for a send's kind, or ``IGNORED``."""
        try:
            return self.kinds.send(signal, sender, method, frame)
        except Exception as failure:
            return self.failed(failure)

    def end_send(
        self, number: int, parent: int, kind: int, start: int, exception: BaseException | None = None
    ) -> None:
        """Keep a send that has ended just now, or add it up where there is no room left."""
        end = self.clock()
        try:
            if exception is not None:
                self._raised(number, exception)
            if number < self.limit:
                self.keep(self.pack(number, parent, kind, start, end))
            elif self.closed:
                self.late.count += 1
            else:
                self.overflow.add_send(number, parent, self.scopes)
        except Exception as failure:
            self.failed(failure)

    def end_call(
        self,
        number: int,
        send: int,
        receiver: Any,
        is_async: bool,
        start: int,
        exception: BaseException | None = None,
    ) -> None:
        """Keep a receiver call that has ended just now, or add it up where there is no room left."""
        end = self.clock()
        try:
            if exception is not None:
                self._raised(number, exception)
            if number < self.limit:
                kind = self.kinds.receiver(receiver, is_async)
                self.keep(self.pack(number, send, kind, start, end))
            elif self.closed:
                self.late.count += 1
            else:
                self.overflow.add_call(number, send, start, end)
        except Exception as failure:
            self.failed(failure)

    def _raised(self, number: int, exception: BaseException) -> None:
        name = naming.class_name(type(exception))
        if number < self.limit:
            self.exceptions[number] = name
        elif not self.closed:
            self.overflow.raised(number, name)

    def note(self, times: dict[int, int], number: int, nanoseconds: int) -> None:
        """Note a busy time or a hop, in ``busy`` or ``hops``, of a span that is kept."""
        if number < self.limit:
            times[number] = nanoseconds

    def failed(self, failure: Exception) -> int:
        """Log a failure of ours, the first of a recording; the send in question is not recorded."""
        if not self.failure:
            self.failure = type(failure).__name__
            logger.error("A send could not be recorded; it goes on as without us.", exc_info=failure)
        return IGNORED

    def close(self) -> None:
        """Keep nothing from now on: spans of tasks and threads that go on find no room."""
        self.closed = True
        self.limit = 0
        self.kinds.let_go()


class _NoKinds(Kinds):
    def send(self, *args: Any) -> int:
        return 0

    def receiver(self, *args: Any) -> int:
        return 0


class _Idle(Collector):
    """Stands where nothing is recorded, so that sending needs no second way."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: 0)
        self.kinds = _NoKinds()
        self.next_number = lambda: 0
        self.closed = True

    def end_send(self, *args: Any) -> None:
        """Keep nothing."""

    def end_call(self, *args: Any) -> None:
        """Keep nothing."""


IDLE: tuple[Collector, int] = (_Idle(), 0)
current: ContextVar[tuple[Collector, int]] = ContextVar("signal_panel", default=IDLE)
"""The collector of this context, and the number of the receiver call or scope that it is in."""


class Scope:
    """One open recording: of a block, a request, or a window of the toolbar's.

    ``clock`` gives nanoseconds and ``wall_clock`` seconds since 1970. At most ``max_spans`` spans are kept.
    Sends whose signal or sender matches one of the patterns in ``ignore`` are left out, with all inside them;
    a scope inside another has the other's patterns.
    """

    def __init__(
        self,
        *,
        max_spans: int,
        ignore: Iterable[str] = (),
        clock: Callable[[], int] = time.perf_counter_ns,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._max_spans = max_spans
        naming.refresh_signal_names()
        self._outer = current.get()
        collector, span = self._outer
        self._is_outermost = collector.closed
        self.collector = Collector(clock, ignore) if self._is_outermost else collector
        self._number = self.collector.next_number()
        self.collector.scopes[self._number] = 0 if self._is_outermost else span
        self._outer_limit = self.collector.limit
        self.collector.limit = max(self._outer_limit, self._number + 1 + max_spans)
        self.collector.kinds.room = self.collector.limit
        self._log_start = len(self.collector.log)
        self._overflow_before = self.collector.overflow.so_far()
        self._marks: list[tuple[int, str, str]] = []
        self._epoch = wall_clock()
        self._start = self.collector.clock()
        self.closed = False
        self.recording = Recording(self._columns)
        current.set((self.collector, self._number))

    @property
    def failure(self) -> str:
        """The type of the first failure of ours in the outermost scope, or empty."""
        return self.collector.failure

    @property
    def late(self) -> Tally:
        """Counts the spans that end after the outermost scope, in tasks and threads that outlive it."""
        return self.collector.late

    def mark(self, phase: str, label: str = "") -> None:
        """A request's next phase starts now, the first one with the recording."""
        if not self._marks:
            self._marks.append((0, phase, label))
        elif self._marks[-1][1] != phase:
            self._marks.append((self.collector.clock() - self._start, phase, label))

    def pause(self) -> None:
        """Record nothing of what this context does from now on."""
        if not self.closed:
            current.set(IDLE)

    def resume(self) -> None:
        """Record what this context does again."""
        if not self.closed:
            current.set((self.collector, self._number))

    def leave(self) -> None:
        """Make current again in this context what was so before, where this scope still is."""
        if current.get() in ((self.collector, self._number), IDLE):
            current.set(self._outer)

    def close(self) -> None:
        """Keep nothing from now on. The recording stays if it has been frozen."""
        if self._is_outermost:
            self.collector.close()
        else:
            self.collector.limit = self._outer_limit

    def _columns(self) -> Columns:
        """What has ended in this scope so far, as columns: whatever a chain of parents leads here from."""
        collector = self.collector
        duration = collector.clock() - self._start
        log = array("q")
        log.frombytes(collector.log[self._log_start :])
        numbers, parents, kinds, starts, ends = (log[field::_FIELDS] for field in range(_FIELDS))
        # By start, and where two are equal the parent, whose number is lower, first. The log is nearly in
        # order already, which makes two sorts by one column quicker than one by two.
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        order.sort(key=starts.__getitem__)

        naming.refresh_signal_names()
        renumber = _Renumbering(collector.kinds)
        columns = Columns(self._epoch, duration, phases=self._phases(duration))
        places = {self._number: NOTHING}  # of the spans and scopes inside, by their numbers
        beyond = set()  # the numbers of those in here that the cap leaves out
        left_out = [0, 0]
        for row in order:
            parent = parents[row]
            while parent in collector.scopes and parent != self._number:
                parent = collector.scopes[parent]
            place = places.get(parent)
            if place is None and parent not in beyond:
                continue
            number = numbers[row]
            if place is None or len(columns.start) == self._max_spans:
                beyond.add(number)
                left_out[kinds[row] < 0] += 1
            else:
                places[number] = span = len(columns.start)
                columns.start.append(starts[row] - self._start)
                columns.time.append(ends[row] - starts[row])
                columns.parent.append(place)
                columns.kind.append(renumber[kinds[row]])
                columns.within.append(0)
                if number in collector.exceptions:
                    columns.exceptions[span] = renumber.strings.number(collector.exceptions[number])
                if number in collector.busy:
                    columns.busy[span] = collector.busy[number]
                if number in collector.hops:
                    columns.hops[span] = collector.hops[number]
        overflow = collector.overflow.so_far() - self._overflow_before
        # Of a send that was kept, the last calls may not have been.
        covered = sum(
            time
            for send, time in collector.overflow.calls_under_way().items()
            if send in places and columns.parent[places[send]] == NOTHING
        )
        columns.overflow = Overflow(
            overflow.sends + left_out[0],
            overflow.calls + left_out[1],
            overflow.receivers_ns + covered,
            overflow.exceptions,
            overflow.queries,
            overflow.queries_ns,
        )
        columns.sends, columns.receivers = renumber.sends, renumber.receivers
        columns.strings = renumber.strings.table()
        return columns

    def _phases(self, duration: int) -> list[Phase]:
        stops = [*(start for start, _, _ in self._marks[1:]), duration]
        return [
            Phase(name, label, start, stop - start)
            for (start, name, label), stop in zip(self._marks, stops, strict=False)
        ]


class _Renumbering(dict[int, int]):
    """From a collector's numbers for kinds to those of one recording."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self.strings = Strings()
        self.sends: list[SendKind] = []
        self.receivers: list[ReceiverKind] = []

    def __missing__(self, number: int) -> int:
        if number < 0:
            self.receivers.append(self._kinds.receiver_kind(number, self.strings))
            self[number] = -len(self.receivers)
        else:
            self[number] = len(self.sends)
            self.sends.append(self._kinds.send_kind(number, self.strings))
        return self[number]
