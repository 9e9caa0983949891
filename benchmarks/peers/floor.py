"""The least that wrappers can do: two clock reads and one append for each send and each receiver.

It tells neither sites nor nesting, survives no exception, and hands back wrappers in place of receivers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter_ns as clock
from typing import Any

from django.dispatch import Signal

_send, _send_robust, _asend = Signal.send, Signal.send_robust, Signal.asend
_live_receivers = Signal._live_receivers


def set_up() -> None:
    """Nothing is to be done."""


@contextmanager
def recording() -> Iterator[None]:
    """Have ``Signal`` time into a list."""
    log: list[tuple[int, int]] = []
    append = log.append

    def send(self: Any, sender: Any, **named: Any) -> Any:
        start = clock()
        responses = _send(self, sender, **named)
        append((start, clock()))
        return responses

    def send_robust(self: Any, sender: Any, **named: Any) -> Any:
        start = clock()
        responses = _send_robust(self, sender, **named)
        append((start, clock()))
        return responses

    async def asend(self: Any, sender: Any, **named: Any) -> Any:
        start = clock()
        responses = await _asend(self, sender, **named)
        append((start, clock()))
        return responses

    def timed(receiver: Any) -> Any:
        def call(**named: Any) -> Any:
            start = clock()
            response = receiver(**named)
            append((start, clock()))
            return response

        return call

    def timed_async(receiver: Any) -> Any:
        async def call(**named: Any) -> Any:
            start = clock()
            response = await receiver(**named)
            append((start, clock()))
            return response

        return call

    def live_receivers(self: Any, sender: Any) -> Any:
        sync_receivers, async_receivers = _live_receivers(self, sender)
        return [timed(r) for r in sync_receivers], [timed_async(r) for r in async_receivers]

    Signal.send, Signal.send_robust, Signal.asend = send, send_robust, asend
    Signal._live_receivers = live_receivers
    try:
        yield
    finally:
        Signal.send, Signal.send_robust, Signal.asend = _send, _send_robust, _asend
        Signal._live_receivers = _live_receivers
