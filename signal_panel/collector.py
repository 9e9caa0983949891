"""The recorder that spans are written to, and which of them is current.

One ``Collector`` serves an outermost scope and the scopes opened inside it. Its log has five integers a
span, appended in one call when the span ends, so that threads can't mix their spans up. A scope opened
inside another has a number like a span's: the inner recording is what descends from that number, the outer
one is everything. So has a block of the user's code that is known by a flag, a transaction: its number is
negative.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from itertools import count
from struct import Struct
from types import FrameType
from typing import Any, NamedTuple
from weakref import ref  # as it is now: Django's tests, and others, put a mock in its place

from signal_panel import naming
from signal_panel.identity import IdentityMap
from signal_panel.kinds import IGNORED, Kinds, RawSite, raw_site
from signal_panel.overflow import OverflowCounter
from signal_panel.queries import Queries
from signal_panel.recording import METHODS

logger = logging.getLogger("signal_panel")

SEND, SEND_ROBUST, ASEND, ASEND_ROBUST = range(len(METHODS))
FIELDS = 5
"""Of a span in the log: its number, its parent's number, its kind, start and end."""
_ROW = Struct(f"{FIELDS}q")


class Tally:
    """A count that goes on after what it is of."""

    count = 0


class ConnectedHere(NamedTuple):
    """A receiver connected while recording.

    ``key`` is Django's for it, ``receiver`` its number among the kinds, ``alive`` the weak reference that the
    signal holds, or None, and ``site`` the user's line.
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
        self.queries = Queries()
        self.again: dict[int, int] = {}
        self._first_for = IdentityMap()
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
                while parent in self.blocks:
                    parent = self.scopes[parent]
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

    def sent_for(self, instance: Any, action: Any, span: int, kind: int) -> None:
        """Note whether a send of this kind was made for the same instance before."""
        try:
            if span < self.limit:
                # An action is one of Django's own strings; anything else might run the user's code.
                key = (kind, id(instance), action if type(action) is str else None)
                first = self._first_for.get(key)
                if first is None:
                    self._first_for.add(key, span, instance)
                else:
                    self.again[span] = first
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
                self.overflow.add_query(end - start)
        except Exception as failure:
            self.failed(failure)

    def open_block(self, flag: int, parent: int) -> int:
        """The number of a block that begins now; its parent's where there is no room for another."""
        try:
            if len(self.blocks) < self.limit:
                number = self._next_block()
                self.scopes[number] = parent
                self.blocks[number] = flag
                return number
        except Exception as failure:
            self.failed(failure)
        return parent

    def has_connected(self, signal: Any, receiver: Any, sender: Any, entry: Any, frame: FrameType) -> None:
        """Note a receiver that has been connected just now; ``entry`` is what the signal keeps of it."""
        try:
            if len(self.connected) < self.limit:
                key, held, *_, is_async = entry
                self.connected[id(key)] = ConnectedHere(
                    ref(signal),
                    key,
                    self.kinds.receiver(receiver, is_async),
                    None if sender is None else naming.sender_name(sender),
                    held if isinstance(held, ref) else None,
                    raw_site(frame),
                )
        except Exception as failure:
            self.failed(failure)

    def has_disconnected(self, before: list[Any], after: list[Any]) -> None:
        """Forget the receivers that a signal has kept no longer since just now."""
        try:
            for key in {id(entry[0]) for entry in before} - {id(entry[0]) for entry in after}:
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
        self.limit = 0
        self.kinds.let_go()
        self._first_for.clear()


class _NoKinds(Kinds):
    def send(self, *args: Any) -> int:
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

    def sent_for(self, *args: Any) -> None:
        """Keep nothing."""


IDLE: tuple[Collector, int] = (_Idle(), 0)
current: ContextVar[tuple[Collector, int]] = ContextVar("signal_panel", default=IDLE)
"""The collector of this context, and the number of the receiver call or scope that it is in."""
