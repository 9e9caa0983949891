"""Opening and closing what is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from signal_panel import conf
from signal_panel.recording import Recording
from signal_panel.scope import Scope
from signal_panel.tracer import patching


def open_scope(
    clock: Callable[[], int] = time.perf_counter_ns,
    wall_clock: Callable[[], float] = time.time,
) -> Scope:
    """Record what this context sends from now on, until ``close_scope``."""
    patching.install()
    try:
        return Scope(
            max_spans=conf.get("MAX_SPANS"),
            ignore=conf.get("IGNORE"),
            clock=clock,
            wall_clock=wall_clock,
        )
    except BaseException:
        patching.uninstall()
        raise


def close_scope(scope: Scope, *, keep: bool = True) -> None:
    """End a scope, and with ``keep`` its recording stays. Does nothing where it has ended already.

    Whatever fails of it, nothing stays patched or current.
    """
    if scope.closed:
        return
    scope.closed = True
    with ExitStack() as stack:
        stack.callback(scope.close)
        stack.callback(scope.leave)
        stack.callback(patching.uninstall)
        if keep:
            scope.recording.freeze()


@contextmanager
def record(
    *,
    clock: Callable[[], int] = time.perf_counter_ns,
    wall_clock: Callable[[], float] = time.time,
) -> Iterator[Recording]:
    """Record the signals sent in a ``with`` block, in sync and async code alike.

    What the block starts is part of it: async tasks, and threads entered by ``sync_to_async``. A block inside
    another sees its own part, the outer one sees all. ``clock`` gives nanoseconds, ``wall_clock`` seconds
    since 1970; tests hand in their own.
    """
    scope = open_scope(clock, wall_clock)
    try:
        yield scope.recording
    finally:
        close_scope(scope)
