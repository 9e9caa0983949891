"""Recording copies of Django's four ways to send, for the Django versions they were compared with.

Each does what the method of the same name in ``django.dispatch.dispatcher`` does, in the same order, and
writes spans on the way. A copy costs a third of what wrapping every receiver does, adds no frame between the
sender and the receivers (tracebacks, ``stacklevel``), and hands back the receivers themselves. Where nothing
is being recorded in the calling context the collector is one that keeps nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.dispatch import dispatcher

from signal_panel.collector import (
    ASEND,
    ASEND_ROBUST,
    IDLE,
    SEND,
    SEND_ROBUST,
    Collector,
    current,
)
from signal_panel.kinds import IGNORED
from signal_panel.tracer.stepping import SteppedCall

NO_RECEIVERS = dispatcher.NO_RECEIVERS
# Django 6.1 runs a send's async receivers in a task group, after the sync ones; before, all overlap.
_SYNC_FIRST = hasattr(dispatcher, "_run_parallel")
_run_together: Any = getattr(dispatcher, "_run_parallel", asyncio.gather)

Responses = list[tuple[Any, Any]]
_caller = sys._getframe


class _Dispatch:
    """One send's receivers, for those that do not run in the frame of the send itself."""

    def __init__(
        self, signal: Any, sender: Any, named: dict[str, Any], collector: Collector, span: int
    ) -> None:
        self.signal = signal
        self.sender = sender
        self.named = named
        self.collector = collector
        self.span = span

    def start(self, receiver: Any) -> SteppedCall:
        """The awaitable of an async receiver."""
        collector = self.collector
        return SteppedCall(
            receiver(signal=self.signal, sender=self.sender, **self.named),
            collector,
            self.span,
            collector.kinds.receiver(receiver, True),
        )

    async def start_robust(self, receiver: Any) -> Any:
        """What an async receiver answers, or the exception it raises."""
        try:
            return await self.start(receiver)
        except Exception as err:
            self.signal._log_robust_failure(receiver, err)
            return err

    def call(self, receiver: Any) -> Any:
        """What a sync receiver answers."""
        collector = self.collector
        call = collector.next_number()
        outside = current.get()
        current.set((collector, call))
        start = collector.clock()
        try:
            return receiver(signal=self.signal, sender=self.sender, **self.named)
        except BaseException as exception:
            collector.raised(call, exception)
            raise
        finally:
            kind = collector.kinds.receiver(receiver)
            collector.write(call, self.span, kind, start, collector.clock())
            current.set(outside)

    def call_all(self, receivers: list[Any]) -> Responses:
        """The pairs of sync receivers and their answers."""
        return [(receiver, self.call(receiver)) for receiver in receivers]

    def call_all_robust(self, receivers: list[Any]) -> Responses:
        """The pairs of sync receivers and their answers or exceptions."""
        responses = []
        for receiver in receivers:
            try:
                response = self.call(receiver)
            except Exception as err:
                self.signal._log_robust_failure(receiver, err)
                responses.append((receiver, err))
            else:
                responses.append((receiver, response))
        return responses


async def _pair(receivers: list[Any], awaitables: Iterable[Awaitable[Any]]) -> Responses:
    """The pairs of async receivers and their answers, all awaited together."""
    answers = await _run_together(*awaitables)
    return list(zip(receivers, answers, strict=True))


async def _sync_and_async(
    call_all: Callable[[list[Any]], Responses],
    sync_receivers: list[Any],
    async_receivers: list[Any],
    start: Callable[[Any], Awaitable[Any]],
) -> Responses:
    async def sync_send() -> Responses:
        return await sync_to_async(call_all)(sync_receivers) if sync_receivers else []

    if _SYNC_FIRST:
        responses = await sync_send()
        async_responses = await _run_together(*map(start, async_receivers))
    else:
        responses, async_responses = await asyncio.gather(
            sync_send(), asyncio.gather(*map(start, async_receivers))
        )
    responses.extend(zip(async_receivers, async_responses, strict=True))
    return responses


def send(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.send``."""
    outside = current.get()
    collector, parent = outside
    kind = collector.kinds.send(self, sender, SEND, _caller(1))
    if kind == IGNORED:
        collector, parent = IDLE
    clock, kinds, next_number = collector.clock, collector.kinds, collector.next_number
    span = next_number()
    start = clock()
    try:
        if not self.receivers or self.sender_receivers_cache.get(sender) is NO_RECEIVERS:
            return []
        responses: Responses = []
        sync_receivers, async_receivers = self._live_receivers(sender)
        for receiver in sync_receivers:
            call = next_number()
            current.set((collector, call))
            call_start = clock()
            try:
                response = receiver(signal=self, sender=sender, **named)
            except BaseException as exception:
                collector.raised(call, exception)
                raise
            finally:
                collector.write(call, span, kinds.receiver(receiver), call_start, clock())
            responses.append((receiver, response))
        current.set(outside)
        if async_receivers:
            begin = _Dispatch(self, sender, named, collector, span).start
            responses.extend(async_to_sync(_pair)(async_receivers, map(begin, async_receivers)))
        return responses
    except BaseException as exception:
        collector.raised(span, exception)
        raise
    finally:
        current.set(outside)
        collector.write(span, parent, kind, start, clock())


def send_robust(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.send_robust``."""
    outside = current.get()
    collector, parent = outside
    kind = collector.kinds.send(self, sender, SEND_ROBUST, _caller(1))
    if kind == IGNORED:
        collector, parent = IDLE
    clock, kinds, next_number = collector.clock, collector.kinds, collector.next_number
    span = next_number()
    start = clock()
    try:
        if not self.receivers or self.sender_receivers_cache.get(sender) is NO_RECEIVERS:
            return []
        responses: Responses = []
        sync_receivers, async_receivers = self._live_receivers(sender)
        for receiver in sync_receivers:
            call = next_number()
            current.set((collector, call))
            call_start = clock()
            try:
                response = receiver(signal=self, sender=sender, **named)
            except Exception as err:
                collector.write(call, span, kinds.receiver(receiver), call_start, clock())
                collector.raised(call, err)
                self._log_robust_failure(receiver, err)
                responses.append((receiver, err))
            except BaseException as exception:
                collector.write(call, span, kinds.receiver(receiver), call_start, clock())
                collector.raised(call, exception)
                raise
            else:
                collector.write(call, span, kinds.receiver(receiver), call_start, clock())
                responses.append((receiver, response))
        current.set(outside)
        if async_receivers:
            begin = _Dispatch(self, sender, named, collector, span).start_robust
            responses.extend(async_to_sync(_pair)(async_receivers, map(begin, async_receivers)))
        return responses
    except BaseException as exception:
        collector.raised(span, exception)
        raise
    finally:
        current.set(outside)
        collector.write(span, parent, kind, start, clock())


async def asend(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.asend``."""
    collector, parent = current.get()
    kind = collector.kinds.send(self, sender, ASEND, _caller(1))
    if kind == IGNORED:
        collector, parent = IDLE
    span = collector.next_number()
    start = collector.clock()
    try:
        if not self.receivers or self.sender_receivers_cache.get(sender) is NO_RECEIVERS:
            return []
        sync_receivers, async_receivers = self._live_receivers(sender)
        dispatch = _Dispatch(self, sender, named, collector, span)
        return await _sync_and_async(dispatch.call_all, sync_receivers, async_receivers, dispatch.start)
    except BaseException as exception:
        collector.raised(span, exception)
        raise
    finally:
        collector.write(span, parent, kind, start, collector.clock())


async def asend_robust(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.asend_robust``."""
    collector, parent = current.get()
    kind = collector.kinds.send(self, sender, ASEND_ROBUST, _caller(1))
    if kind == IGNORED:
        collector, parent = IDLE
    span = collector.next_number()
    start = collector.clock()
    try:
        if not self.receivers or self.sender_receivers_cache.get(sender) is NO_RECEIVERS:
            return []
        sync_receivers, async_receivers = self._live_receivers(sender)
        dispatch = _Dispatch(self, sender, named, collector, span)
        return await _sync_and_async(
            dispatch.call_all_robust, sync_receivers, async_receivers, dispatch.start_robust
        )
    except BaseException as exception:
        collector.raised(span, exception)
        raise
    finally:
        collector.write(span, parent, kind, start, collector.clock())
