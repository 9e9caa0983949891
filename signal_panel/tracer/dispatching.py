"""A send under way whose receivers do not run in its frame: async ones, and all those of an async send."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar

from asgiref.sync import async_to_sync, sync_to_async
from django.db.models.signals import post_init
from django.dispatch import dispatcher

from signal_panel import speedups
from signal_panel.collector import IDLE, Collector, current
from signal_panel.kinds import IGNORED
from signal_panel.speedups import Place
from signal_panel.tracer.stepping import stepped

# Django 6.1 runs a send's async receivers in a task group, after the sync ones; before, all overlap.
_SYNC_FIRST = hasattr(dispatcher, "_run_parallel")
_run_together: Any = getattr(dispatcher, "_run_parallel", asyncio.gather)

Responses = list[tuple[Any, Any]]
S = TypeVar("S", bound="AsyncSend")


class AsyncSend:
    """The base of ``Dispatch``: what is on the way of every async send and async receiver."""

    parent = kind = begun = 0

    def __init__(
        self,
        signal: Any,
        sender: Any,
        named: dict[str, Any],
        collector: Collector,
        span: int,
        calls: int = 0,
    ) -> None:
        self.signal = signal
        self.sender = sender
        self.named = named
        self.collector = collector
        self.span = span
        self.next_call = count(span + calls + 1).__next__

    @classmethod
    def begin(cls: type[S], signal: Any, sender: Any, named: dict[str, Any], method: int) -> S:
        """A send that begins now. To be called by the method that the user has called."""
        place = current.get()
        collector, parent = place.collector, place.number
        kind = collector.kind_of(signal, sender, method, sys._getframe(1).f_back)
        if kind == IGNORED:
            collector, parent = IDLE.collector, 0
        self = cls(signal, sender, named, collector, next(collector.numbers))
        self.parent, self.kind = parent, kind
        if "instance" in named and signal is not post_init:
            collector.sent_for(named["instance"], named.get("action"), self.span, kind)
        self.begun = collector.clock()
        return self

    def start(self, receiver: Any) -> Any:
        """The awaitable of an async receiver."""
        answer = receiver(signal=self.signal, sender=self.sender, **self.named)
        return stepped(answer, receiver, self.collector, self.span, self.next_call())

    def end(self, exception: BaseException | None = None) -> None:
        """The send has ended just now."""
        self.collector.end_send(self.span, self.parent, self.kind, self.begun, exception)


if speedups.IS_COMPILED:
    AsyncSend = speedups.AsyncSend  # type: ignore[misc, assignment]


class Dispatch(AsyncSend):
    """A send with what runs its receivers, in the event loop or in a thread."""

    waiting: Iterable[Any] = ()
    """The async receivers that do not run if a sync one raises."""

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
        call = self.next_call()
        outside = current.get()
        current.set(Place.here(collector, call))
        start = collector.clock()
        try:
            response = receiver(signal=self.signal, sender=self.sender, **self.named)
        except BaseException as exception:
            collector.end_call(call, self.span, receiver, False, start, exception)
            raise
        else:
            collector.end_call(call, self.span, receiver, False, start)
            return response
        finally:
            current.set(outside)

    def call_all(self, receivers: list[Any]) -> Responses:
        """The pairs of sync receivers and their answers."""
        responses: Responses = []
        for receiver in receivers:
            try:
                response = self.call(receiver)
            except BaseException:
                self.collector.did_not_run(self.span, receivers[len(responses) + 1 :], self.waiting)
                raise
            responses.append((receiver, response))
        return responses

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

    def run_async(
        self, start: Callable[[Any], Awaitable[Any]], receivers: list[Any]
    ) -> Iterable[tuple[Any, Any]]:
        """The pairs of async receivers and their answers, for a send that is not async itself."""
        hop = _Hop(self.collector)

        async def together() -> Iterable[tuple[Any, Any]]:
            with hop.over_there():
                answers = await _run_together(*map(start, receivers))
            return zip(receivers, answers, strict=True)

        with hop.there_and_back(self.span):
            return async_to_sync(together)()

    async def run_sync(self, call_all: Callable[[list[Any]], Responses], receivers: list[Any]) -> Responses:
        """The pairs of sync receivers and their answers, for a send that is async."""
        if not receivers:
            return []
        hop = _Hop(self.collector)

        def in_thread() -> Responses:
            with hop.over_there():
                return call_all(receivers)

        with hop.there_and_back(self.span):
            return await sync_to_async(in_thread)()

    async def call_together(
        self, call_all: Callable[[list[Any]], Responses], start: Callable[[Any], Awaitable[Any]]
    ) -> Responses:
        """The pairs of all live receivers and their answers, for a send that is async."""
        sync_receivers, async_receivers = self.signal._live_receivers(self.sender)
        if _SYNC_FIRST:
            self.waiting = async_receivers
            responses = await self.run_sync(call_all, sync_receivers)
            async_responses = await _run_together(*map(start, async_receivers))
        else:
            responses, async_responses = await asyncio.gather(
                self.run_sync(call_all, sync_receivers), asyncio.gather(*map(start, async_receivers))
            )
        responses.extend(zip(async_receivers, async_responses, strict=True))
        return responses


class _Hop:
    """The time it takes to get to another thread and back, without what is done there."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.there_ns = 0

    @contextmanager
    def there_and_back(self, span: int) -> Iterator[None]:
        clock = self.collector.clock
        left = clock()
        try:
            yield
        finally:
            self.collector.note(self.collector.hops, span, clock() - left - self.there_ns)

    @contextmanager
    def over_there(self) -> Iterator[None]:
        clock = self.collector.clock
        arrived = clock()
        try:
            yield
        finally:
            self.there_ns = clock() - arrived
