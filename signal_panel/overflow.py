"""What is known of the spans past a recording's cap: they are added up, and not kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable
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

    def __sub__(self, before: Overflow) -> Overflow:
        return Overflow(*(now - then for now, then in zip(self, before, strict=True)))

    @property
    def spans(self) -> int:
        """How many spans were not kept."""
        return self.sends + self.calls


class OverflowCounter:
    """Adds up spans as they end, in memory that grows with the sends under way and not with those past."""

    def __init__(self) -> None:
        self._sends = self._calls = self._exceptions = 0
        self._queries = self._queries_ns = 0
        self._receivers_ns: dict[int, int] = {}  # by scope, as is the next
        self._covered_until: dict[int, int] = {}
        self._calls_of: dict[int, list[tuple[int, int]]] = {}
        self._raised: dict[int, str] = {}
        self._passed_on: dict[int, set[str]] = {}
        self._lock = threading.Lock()

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
            return {(above, name) for above, names in self._passed_on.items() for name in names}

    def add_call(self, number: int, send: int, start: int, end: int) -> None:
        """Add a receiver call that has ended."""
        with self._lock:
            self._calls += 1
            self._calls_of.setdefault(send, []).append((start, end))
            self._add_exception(number, send)

    def add_send(self, number: int, above: int, scopes: Iterable[int]) -> None:
        """Add a send that has ended in the span ``above``; the time of its calls to the scopes in between."""
        with self._lock:
            self._sends += 1
            self._add_exception(number, above)
            calls = self._calls_of.pop(number, ())
            for scope in scopes:
                covered, until = self._receivers_ns.get(scope, 0), self._covered_until.get(scope, 0)
                for start, end in sorted(calls):
                    covered += max(0, end - max(start, until))
                    until = max(until, end)
                self._receivers_ns[scope], self._covered_until[scope] = covered, until

    def add_query(self, duration: int) -> None:
        """Add a query that has been executed."""
        with self._lock:
            self._queries += 1
            self._queries_ns += duration

    def _add_exception(self, number: int, above: int) -> None:
        # Where a span inside has passed it on, it has been counted there.
        passed_on = self._passed_on.pop(number, ())
        name = self._raised.pop(number, None)
        if name is not None:
            self._exceptions += name not in passed_on
            self._passed_on.setdefault(above, set()).add(name)

    def so_far(self, scope: int) -> Overflow:
        """What has been added up; the receivers' time is that in the scope."""
        with self._lock:
            return Overflow(
                self._sends,
                self._calls,
                self._receivers_ns.get(scope, 0),
                self._exceptions,
                self._queries,
                self._queries_ns,
            )
