"""Async receivers, driven step by step so that each runs with its own span current.

Receivers of one send take turns, and on Django 6.1 they share one context. So a context variable set when a
receiver starts and reset when it ends would be seen by its siblings; set before each step and put back after
it, it is not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any

from signal_panel.collector import Collector, current


class SteppedCall:
    """The awaitable of one async receiver, recorded as a receiver call from its first step to its last."""

    __slots__ = ("_awaitable", "_collector", "_receiver", "_send")

    def __init__(self, awaitable: Awaitable[Any], receiver: Any, collector: Collector, send: int) -> None:
        self._awaitable = awaitable
        self._receiver = receiver
        self._collector = collector
        self._send = send

    def __await__(self) -> Generator[Any, Any, Any]:
        collector = self._collector
        clock = collector.clock
        call = collector.next_number()
        inside = (collector, call)
        sent: Any = None
        thrown: BaseException | None = None
        busy = 0
        start = clock()
        try:
            steps = self._awaitable.__await__()
            while True:
                outside = current.get()
                current.set(inside)
                resumed = clock()
                try:
                    if thrown is not None:
                        waiting_for = steps.throw(thrown)
                    elif sent is not None:
                        waiting_for = steps.send(sent)
                    else:
                        waiting_for = next(steps)
                except StopIteration as stop:
                    response = stop.value
                    break
                finally:
                    busy += clock() - resumed
                    # What the receiver made current itself, by opening a scope, stays its own.
                    inside = current.get()
                    current.set(outside)
                    sent = thrown = None
                try:
                    sent = yield waiting_for
                except BaseException as exception:
                    thrown = exception
        except BaseException as exception:
            collector.note(collector.busy, call, busy)
            collector.end_call(call, self._send, self._receiver, True, start, exception)
            raise
        collector.note(collector.busy, call, busy)
        collector.end_call(call, self._send, self._receiver, True, start)
        return response
