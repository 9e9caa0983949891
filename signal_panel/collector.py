"""The recorder that spans are written to, and which of them is current.

One ``Collector`` serves an outermost scope and the scopes opened inside it. Its log gets a send with all
calls of its receivers in one row when the send ends, and in one call, so that threads can't mix their spans
up. A scope opened inside another has a number like a send's: the inner recording is what descends from that
number, the outer one is everything. So has a block of the user's code that is known by a flag, a transaction:
its number is negative.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from itertools import count, repeat
from types import FrameType
from typing import Any, NamedTuple
from weakref import ref  # as it is now: Django's tests, and others, put a mock in its place

from signal_panel import naming
from signal_panel.frames import find_callers
from signal_panel.instances import Instances
from signal_panel.kinds import IGNORED, RawSite, is_same, lasting, raw_site
from signal_panel.overflow import OverflowCounter
from signal_panel.queries import Queries
from signal_panel.recording import METHODS
from signal_panel.rows import ALONE, MOST_SPANS, STEP, Log
from signal_panel.speedups import Counter, Place, Recorder

logger = logging.getLogger("signal_panel")

SEND, SEND_ROBUST, ASEND, ASEND_ROBUST = range(len(METHODS))


class Tally:
    """A count that goes on after what it is of."""

    count = 0


class ConnectedHere(NamedTuple):
    """A receiver connected while recording.

    ``key`` is Django's for it, ``receiver`` its number among the kinds, ``alive`` the weak reference that the
    signal holds, or None, and ``site`` the line, the user's or a package's.
    """

    signal: ref[Any]
    key: object
    receiver: int
    sender: str | None
    alive: ref[Any] | None
    site: RawSite | None

    @property
    def has_died(self) -> bool:
        """Whether nothing has kept the receiver."""
        return self.alive is not None and self.alive() is None


class Collector(Recorder):
    """Takes the spans of one outermost scope and of the scopes inside it."""

    def __init__(self, clock: Callable[[], int], ignore: Iterable[str] = ()) -> None:
        self.clock = clock
        self.kinds = lasting(tuple(ignore))
        self.known_send: Callable[[Any], int | None] = self.kinds.known
        self.known_receivers = self.kinds.known_receivers
        self.known, self.ignored = self.kinds.seen.cache, self.kinds.seen.ignored.values
        self.numbers: Iterator[int] = Counter(STEP, STEP)
        self.limit = 0
        """The number from which on sends are not kept."""
        self.room = 0
        """How many calls, of sends to several receivers, are kept before no more sends are."""
        self.calls = 0
        self._rooms: dict[int, tuple[int, int]] = {}
        """By the numbers of the open scopes: the limit and the room of each."""
        self.quick_limit = 0
        """The number from which on to keep a send takes more than to add its row, as it does at ``limit``."""
        self.quick_room = 0
        """The same, in calls."""
        self.log = Log()
        self.keep_none, self.keep_one = self.log[0].keep, self.log[1].keep
        self.exceptions: dict[int, str] = {}
        self.busy: dict[int, int] = {}
        self.hops: dict[int, int] = {}
        self.queries = Queries()
        self.instances = Instances()
        self.instance_sends = self.instances.sends
        self.skipped: dict[int, list[int]] = {}
        self.connected: dict[int, ConnectedHere] = {}
        """By the ids of their keys."""
        self.overflow = OverflowCounter()
        self.late = Tally()
        self.failure = ""
        self.scopes: dict[int, int] = {}
        """The number of what each scope and each block was opened in."""
        self.blocks: dict[int, int] = {}
        """The flag of each block."""
        self._next_block: Callable[[], int] = count(-2, -1).__next__
        self.closed = False

    def make_room(self, number: int, spans: int) -> None:
        """Let so many spans in from a scope's number on, until ``end_room``, where fewer would be.

        Twice as many come in at most, and what is under way when there are enough. Freezing leaves them out.
        """
        spans = min(spans, MOST_SPANS)
        self._rooms[number] = number + (1 + spans) * STEP, self.calls + spans
        self._fit_rooms()
        self.kinds.room = self.limit // STEP
        self.queries.make_room(spans)

    def end_room(self, number: int) -> None:
        """Let in no more than those scopes that are open beside this one have room for."""
        if self._rooms.pop(number, None) and self._rooms:
            self._fit_rooms()

    def _fit_rooms(self) -> None:
        limits, rooms = zip(*self._rooms.copy().values(), strict=True)
        self._set_room(max(limits), max(rooms))
        self.count_calls(0)

    def _set_room(self, limit: int, room: int) -> None:
        """Keep no sends from the number ``limit`` on, nor once more than ``room`` calls are kept."""
        self.limit, self.room = limit, room
        self._look_ahead()

    def _look_ahead(self) -> None:
        self.quick_limit = min(self.limit, self.log.pack_at)
        self.quick_room = min(self.room, self.log.pack_at_calls)
        if self.closed:  # by another thread, maybe in between
            self.quick_limit = 0

    def count_calls(self, calls: int) -> None:
        """Count those that were kept of one send; with too many, keep no sends that have not begun."""
        self.calls += calls
        if self.calls > self.quick_room:
            if self.calls > self.room:
                self.limit = min(self.limit, next(self.numbers))
            self.log.pack(0, self.calls)
            self._look_ahead()

    def kind_of(self, signal: Any, sender: Any, method: int, frame: FrameType | None) -> int:
        """The number for a send's kind, or ``IGNORED``."""
        try:
            return self.kinds.send(signal, sender, method, frame)
        except Exception as failure:
            return self.failed(failure)

    def end(
        self,
        number: int,
        parent: int,
        kind: int,
        start: int,
        begun: int | None,
        ends: Sequence[int] = (),
        receivers: Sequence[Any] = (),
        first: int = 0,
        async_receivers: Sequence[Any] = (),
        exception: BaseException | None = None,
    ) -> None:
        """Keep a send to sync receivers that has ended just now, where something is out of the ordinary.

        ``ends`` are those of its calls, from that of the ``first`` receiver on, which has ``begun``. The
        exception is that of the next call if there is one, else the send's alone.
        """
        end = self.clock()
        try:
            if begun is not None:
                if exception is None and not first and not async_receivers and number < self.limit:
                    kinds = map(self.kinds.receiver, receivers)
                    self._keep(len(ends), number, parent, kind, start, begun, *ends, *kinds)
                    return
                done = first + len(ends)
                if exception is None or done == len(receivers):
                    self.end_calls(number, begun, ends, receivers[first:], first)
                else:
                    self.end_calls(number, begun, ends, receivers[first:], first, exception, end)
                    self.did_not_run(number, receivers[done + 1 :], async_receivers)
            self.end_send(number, parent, kind, start, exception, end)
        except Exception as failure:
            self.failed(failure)

    def end_calls(
        self,
        send: int,
        begun: int,
        ends: Sequence[int],
        receivers: Sequence[Any],
        first: int = 0,
        exception: BaseException | None = None,
        now: int | None = None,
    ) -> None:
        """Keep the calls of such a send by themselves; the exception is that of one more, which ends ``now``.

        They are those of the ``receivers``, of which the send has had so many before the ``first``.
        """
        if now is None:
            now = self.clock()
        try:
            number = send + first
            for receiver, end in zip(receivers, ends, strict=False):
                number += 1
                self.end_call(number, send, receiver, False, begun, None, end)
                begun = end
            if exception is not None:
                self.end_call(number + 1, send, receivers[len(ends)], False, begun, exception, now)
        except Exception as failure:
            self.failed(failure)

    def end_send(
        self,
        number: int,
        parent: int,
        kind: int,
        start: int,
        exception: BaseException | None = None,
        end: int | None = None,
    ) -> None:
        """Keep a send that has ended, by default now, without its calls; add it up where there is no room."""
        if end is None:
            end = self.clock()
        try:
            if exception is not None:
                self._raised(number, exception, parent)
            if number < self.limit:
                self._keep(0, number, parent, kind, start, end)
            elif self.closed:
                self.late.count += 1
            else:
                scopes = []
                above = parent
                while above in self.scopes:
                    if above not in self.blocks:
                        scopes.append(above)
                    above = self.scopes[above]
                self.overflow.add_send(number, parent, above, scopes)
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
        end: int | None = None,
        busy: int | None = None,
    ) -> None:
        """Keep a receiver call that has ended, by default now, or add it up where there is no room left.

        An async receiver was ``busy`` for so many nanoseconds of it.
        """
        if end is None:
            end = self.clock()
        try:
            if exception is not None:
                self._raised(number, exception, send)
            if busy is not None:
                self.note(self.busy, number, busy)
            if number < self.limit:
                self._keep(ALONE, number, send, self.kinds.receiver(receiver, is_async), start, end)
            elif self.closed:
                self.late.count += 1
            else:
                self.overflow.add_call(number, send, start, end)
        except Exception as failure:
            self.failed(failure)

    def _keep(self, calls: int, *row: int) -> None:
        self.log[calls].keep(row)
        if row[0] >= self.quick_limit:
            self.log.pack(row[0], self.calls)
            self._look_ahead()
        if calls == ALONE:
            self.count_calls(1)
        elif calls > 1:
            self.count_calls(calls)

    def _raised(self, number: int, exception: BaseException, parent: int) -> None:
        name = naming.class_name(type(exception))
        if number < self.limit:
            self.exceptions[number] = name
            if parent in self.scopes:  # which may be in a span that is not kept
                self.overflow.passes_on(self.span_above(parent), name)
        elif not self.closed:
            self.overflow.raised(number, name)

    def span_above(self, number: int, scope: int = 0) -> int:
        """The number of the span that a scope or block is in; where it is in none of the scope, of that."""
        while number in self.scopes and number != scope:
            number = self.scopes[number]
        return number

    def note(self, times: dict[int, int], number: int, nanoseconds: int) -> None:
        """Note a busy time or a hop, in ``busy`` or ``hops``, of a span that is kept."""
        if number < self.limit:
            times[number] = nanoseconds

    def sent_for(self, instance: Any, action: Any, span: int, kind: int) -> None:
        """Note the instance of a send: others may be made for the same one."""
        try:
            if span < self.limit:
                self.instances.add(instance, action, span, kind)
        except Exception as failure:
            self.failed(failure)

    def did_not_run(self, span: int, receivers: Iterable[Any], async_receivers: Iterable[Any] = ()) -> None:
        """Note the receivers of a send that one before them has kept from running."""
        try:
            if span < self.limit:
                kinds = [self.kinds.receiver(receiver) for receiver in receivers]
                kinds += [self.kinds.receiver(receiver, True) for receiver in async_receivers]
                if kinds:
                    self.skipped[span] = kinds
        except Exception as failure:
            self.failed(failure)

    def executed(self, alias: str, sql: Any, parameters: Any, many: bool, span: int, start: int) -> None:
        """Keep a query that has been executed just now, or add it up where there is no room left."""
        end = self.clock()
        try:
            if not self.closed and not self.queries.add(alias, sql, parameters, many, span, start, end):
                self.overflow.add_query(span, end - start)
        except Exception as failure:
            self.failed(failure)

    def open_block(self, flag: int, parent: int) -> int:
        """The number of a block that begins now; its parent's where there is no room for another."""
        try:
            if len(self.blocks) * STEP < self.limit:
                number = self._next_block()
                self.scopes[number] = parent
                self.blocks[number] = flag
                return number
        except Exception as failure:
            self.failed(failure)
        return parent

    def has_connected(
        self, signal: Any, receiver: Any, sender: Any, before: list[Any], frame: FrameType | None
    ) -> None:
        """Note a receiver that a signal was asked just now to keep, unless it had it ``before``.

        Those that have died the signal forgets as it is asked, and another thread may have it keep one more.
        """
        try:
            if len(self.connected) * STEP < self.limit:
                had = {id(entry[0]) for entry in before}
                for key, held, *_, is_async in list(signal.receivers):
                    if id(key) not in had and is_same(held() if isinstance(held, ref) else held, receiver):
                        self.connected[id(key)] = ConnectedHere(
                            ref(signal),
                            key,
                            self.kinds.receiver(receiver, is_async),
                            None if sender is None else naming.sender_name(sender),
                            held if isinstance(held, ref) else None,
                            raw_site(find_callers(frame).innermost),
                        )
        except Exception as failure:
            self.failed(failure)

    def has_disconnected(self, before: list[Any], after: list[Any]) -> None:
        """Forget the receivers that a signal has kept no longer since just now, but for those that died."""
        try:
            for key in {id(entry[0]) for entry in before} - {id(entry[0]) for entry in after}:
                if key in self.connected and not self.connected[key].has_died:
                    self.connected.pop(key, None)
        except Exception as failure:
            self.failed(failure)

    def failed(self, failure: Exception) -> int:
        """Log a failure of ours, the first of a recording; what it is of is not recorded.

        Where the user's code has used up the stack, that it fails here first is no failure of ours.
        """
        if not self.failure and not isinstance(failure, RecursionError):
            self.failure = type(failure).__name__
            logger.error("Something could not be recorded; it goes on as without us.", exc_info=failure)
        return IGNORED

    def close(self) -> None:
        """Keep nothing from now on: spans of tasks and threads that go on find no room."""
        self.closed = True
        self._rooms.clear()
        self._set_room(0, self.room)
        self.instances.clear()


class _Idle(Collector):
    """Stands where nothing is recorded, so that sending needs no second way."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: 0)
        self.known_send = lambda key: IGNORED
        self.numbers = repeat(0)
        self.closed = True

    def kind_of(self, *args: Any) -> int:
        """Ignore it."""
        return IGNORED

    def end(self, *args: Any) -> None:
        """Keep nothing."""

    def end_calls(self, *args: Any) -> None:
        """Keep nothing."""

    def end_send(self, *args: Any) -> None:
        """Keep nothing."""

    def end_call(self, *args: Any) -> None:
        """Keep nothing."""

    def sent_for(self, *args: Any) -> None:
        """Keep nothing."""


IDLE = Place(_Idle(), 0)
current: ContextVar[Place] = ContextVar("signal_panel", default=IDLE)
"""The place of this context."""
