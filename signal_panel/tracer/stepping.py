"""Async receivers, driven step by step so that each runs with its own span current.

Receivers of one send take turns, and on Django 6.1 they share one context. So a context variable set when a
receiver starts and reset when it ends would be seen by its siblings; set before each step and put back after
it, it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from signal_panel import speedups
from signal_panel.collector import IDLE, Collector, current
from signal_panel.speedups import Place


def stepped(answer: Any, receiver: Any, collector: Collector, send: int, call: int) -> Any:
    """What an async receiver answered, recorded from its first step to its last where it is a coroutine.

    Anything else is for Django to await or to refuse. ``send`` and ``call`` are the numbers they have.
    """
    if collector is IDLE.collector and current.get() is IDLE:
        return answer  # there is nothing to record, and nothing to leave out
    if issubclass(type(answer), Coroutine):
        return SteppedCall(answer, receiver, collector, send, call)
    collector.end_call(call, send, receiver, True, collector.clock())
    return answer


class SteppedCall(Coroutine[Any, Any, Any]):
    """The coroutine of one async receiver, recorded as a receiver call.

    A coroutine itself, so that a task takes it as it is: a task that is cancelled before its first step then
    ends the receiver's coroutine too.
    """

    __slots__ = (
        "_busy",
        "_call",
        "_collector",
        "_coroutine",
        "_inside",
        "_is_under_way",
        "_receiver",
        "_send",
        "_start",
    )

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], receiver: Any, collector: Collector, send: int, call: int
    ) -> None:
        self._coroutine = coroutine
        self._receiver = receiver
        self._collector = collector
        self._send = send
        self._call = call
        self._is_under_way = False
        self._busy = 0

    def __await__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self._step(self._coroutine.send, None)

    def send(self, value: Any) -> Any:
        """Go on, as a coroutine does."""
        return self._step(self._coroutine.send, value)

    def throw(self, *exception: Any) -> Any:
        """Go on with an exception, as a coroutine does."""
        if self._is_under_way:
            return self._step(self._coroutine.throw, *exception)
        return self._coroutine.throw(*exception)  # before its first step nothing of the receiver runs

    def close(self) -> None:
        """End early, as a coroutine does."""
        if self._is_under_way:
            super().close()
        else:
            self._coroutine.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._coroutine, name)

    def _step(self, step: Callable[..., Any], *values: Any) -> Any:
        clock = self._collector.clock
        resumed = now = clock()
        if not self._is_under_way:
            self._is_under_way = True
            self._inside = Place(self._collector, self._call)
            self._start = resumed
        outside = current.get()
        current.set(self._inside)
        try:
            try:
                return step(*values)
            finally:
                now = clock()
                self._busy += now - resumed
                # What the receiver made current itself, by opening a scope, stays its own.
                self._inside = current.get()
                current.set(outside)
        except StopIteration:
            self._end(now)
            raise
        except BaseException as exception:
            self._end(now, exception)
            raise

    def _end(self, now: int, exception: BaseException | None = None) -> None:
        self._collector.end_call(
            self._call, self._send, self._receiver, True, self._start, exception, now, self._busy
        )
        self._is_under_way = False


if speedups.IS_COMPILED:
    SteppedCall = speedups.SteppedCall  # type: ignore[misc, assignment]
    Coroutine.register(SteppedCall)
