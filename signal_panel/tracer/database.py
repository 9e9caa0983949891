"""Records queries, and which sends happen inside a transaction or because one was committed.

Stands on three methods of Django's database layer while anything is being recorded. Queries are taken where
Django runs its ``execute_wrapper``s, in the class, so that it holds for all connections: those of other
threads, which nobody else can reach, and those opened later.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.transaction import Atomic

from signal_panel import speedups
from signal_panel.collector import current
from signal_panel.recording import IN_TRANSACTION, ON_COMMIT
from signal_panel.speedups import Place

# The blocks of ``atomic`` under way: one object may be entered again inside itself, and by several threads.
_entered: dict[tuple[int, int], list[tuple[Place, Place]]] = {}


def forget() -> None:
    """Forget the transactions under way: nothing is being recorded any more."""
    _entered.clear()


def _enter(flag: int) -> tuple[Place, Place]:
    """Make a block current, and give it with what was so before."""
    outside = current.get()
    collector = outside.collector
    inside = (
        outside if collector.closed else Place.here(collector, collector.open_block(flag, outside.number))
    )
    current.set(inside)
    return inside, outside


def _leave(inside: Place, outside: Place) -> None:
    if current.get() is inside:
        current.set(outside)


def _execute_with_wrappers(found: Callable[..., Any]) -> Callable[..., Any]:
    # What is in C has no frame, which is one less for the toolbar to look at, at each query.
    if speedups.IS_COMPILED:
        return speedups.executing(found)

    def _execute_with_wrappers(self: Any, sql: Any, params: Any, many: bool, executor: Any) -> Any:
        place = current.get()
        collector, span = place.collector, place.number
        if collector.closed:
            return found(self, sql, params, many, executor)
        start = collector.clock()
        try:
            return found(self, sql, params, many, executor)
        finally:
            collector.executed(self.db.alias, sql, params, many, span, start)

    return _execute_with_wrappers


def _atomic_enter(found: Callable[..., Any]) -> Callable[..., Any]:
    def __enter__(self: Any) -> Any:
        entered = found(self)
        if not self._from_testcase:  # else it is around the test, and not in the code under test
            block = _enter(IN_TRANSACTION)
            _entered.setdefault((id(self), get_ident()), []).append(block)
        return entered

    return __enter__


def _atomic_exit(found: Callable[..., Any]) -> Callable[..., Any]:
    def __exit__(self: Any, exc_type: Any, exc_value: Any, traceback: Any) -> Any:
        try:
            return found(self, exc_type, exc_value, traceback)
        finally:
            blocks = _entered.get((id(self), get_ident()))
            if blocks:
                _leave(*blocks.pop())
                if not blocks:
                    _entered.pop((id(self), get_ident()), None)

    return __exit__


def _run_and_clear_commit_hooks(found: Callable[..., Any]) -> Callable[..., Any]:
    def run_and_clear_commit_hooks(self: Any) -> Any:
        block = _enter(ON_COMMIT)
        try:
            return found(self)
        finally:
            _leave(*block)

    return run_and_clear_commit_hooks


RECORDING = (
    (CursorWrapper, "_execute_with_wrappers", _execute_with_wrappers),
    (Atomic, "__enter__", _atomic_enter),
    (Atomic, "__exit__", _atomic_exit),
    (BaseDatabaseWrapper, "run_and_clear_commit_hooks", _run_and_clear_commit_hooks),
)
"""The methods that record while anything does: whose, which, and the wrapper for what stands there."""
