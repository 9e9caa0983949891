"""What is known of the spans past a recording's cap: they are added up, and not kept."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Overflow(NamedTuple):
    """What the spans and queries that were not kept add up to.

    ``receivers_ns`` is the time that the calls cover, ``queries_ns`` that of all queries added up.
    """

    sends: int = 0
    calls: int = 0
    receivers_ns: int = 0
    exceptions: int = 0
    queries: int = 0
    queries_ns: int = 0

    def __add__(self, more: Overflow) -> Overflow:  # type: ignore[override]
        return Overflow(*(one + other for one, other in zip(self, more, strict=True)))

    @property
    def spans(self) -> int:
        """How many spans were not kept."""
        return self.sends + self.calls


class _Counted:
    """What has ended directly in a span that was kept, in one under way or in a scope."""

    __slots__ = ("calls", "exceptions", "queries", "queries_ns", "sends")

    def __init__(self) -> None:
        self.sends = self.calls = self.exceptions = self.queries = self.queries_ns = 0

    def add(self, more: _Counted) -> None:
        self.sends += more.sends
        self.calls += more.calls
        self.exceptions += more.exceptions
        self.queries += more.queries
        self.queries_ns += more.queries_ns

    def total(self, receivers_ns: int = 0) -> Overflow:
        return Overflow(self.sends, self.calls, receivers_ns, self.exceptions, self.queries, self.queries_ns)


class OverflowCounter:
    """Adds up spans as they end, in memory that grows with those kept and under way, and not with those past.

    What has ended in a span that was not kept is in the one above, once that span has ended.
    """

    def __init__(self) -> None:
        self._counted: defaultdict[int, _Counted] = defaultdict(_Counted)
        self._receivers_ns: dict[int, int] = {}  # by scope, as is the next
        self._covered_until: dict[int, int] = {}
        self._calls_of: dict[int, list[tuple[int, int]]] = {}
        self._raised: dict[int, str] = {}
        self._passed_on: dict[int, set[str]] = {}
        self._lock = threading.RLock()  # the garbage collector may come, and with it somebody who sends

    def raised(self, number: int, name: str) -> None:
        """An exception of the type so named has left a span, which is about to be added."""
        with self._lock:
            self._raised[number] = name

    def passes_on(self, above: int, name: str) -> None:
        """An exception of the type so named has left a span that was kept, for the one above."""
        with self._lock:
            self._passed_on.setdefault(above, set()).add(name)

    def passed_on(self) -> set[tuple[int, str]]:
        """The spans that were not added, by their numbers, with what others have passed on to them."""
        with self._lock:
            return {(above, name) for above, names in list(self._passed_on.items()) for name in list(names)}

    def add_call(self, number: int, send: int, start: int, end: int) -> None:
        """Add a receiver call that has ended."""
        with self._lock:
            counted = self._add(number, send, send)
            counted.calls += 1
            self._calls_of.setdefault(send, []).append((start, end))

    def add_send(self, number: int, parent: int, above: int, scopes: Iterable[int]) -> None:
        """Add a send that has ended in its parent, in the span ``above``.

        The time of its calls is added to the scopes in between.
        """
        with self._lock:
            counted = self._add(number, parent, above)
            counted.sends += 1
            calls = self._calls_of.pop(number, ())
            for scope in scopes:
                covered, until = self._receivers_ns.get(scope, 0), self._covered_until.get(scope, 0)
                for start, end in sorted(calls):
                    covered += max(0, end - max(start, until))
                    until = max(until, end)
                self._receivers_ns[scope], self._covered_until[scope] = covered, until

    def add_query(self, parent: int, duration: int) -> None:
        """Add a query that has been executed in a span or a scope."""
        with self._lock:
            counted = self._counted[parent]
            counted.queries += 1
            counted.queries_ns += duration

    def _add(self, number: int, parent: int, above: int) -> _Counted:
        """Add what is in a span that has ended to what is in its parent, which it gives."""
        counted = self._counted[parent]
        if number in self._counted:
            counted.add(self._counted.pop(number))
        # Where a span inside has passed it on, it has been counted there.
        passed_on = self._passed_on.pop(number, ())
        name = self._raised.pop(number, None)
        if name is not None:
            counted.exceptions += name not in passed_on
            self._passed_on.setdefault(above, set()).add(name)
        return counted

    def so_far(self, scope: int, is_in_it: Callable[[int], bool] = lambda number: True) -> Overflow:
        """What has been added up in a scope: in the scopes and spans, by their numbers, that are in it."""
        total = _Counted()
        with self._lock:
            for number, counted in list(self._counted.items()):
                if is_in_it(number):
                    total.add(counted)
            return total.total(self._receivers_ns.get(scope, 0))
