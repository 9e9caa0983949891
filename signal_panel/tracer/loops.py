"""Recording copies of Django's four ways to send, for the Django versions they were compared with.

Each does what the method of the same name in ``django.dispatch.dispatcher`` does, in the same order, and
writes spans on the way. A copy costs a third of what wrapping every receiver does, adds no frame between the
sender and the receivers (tracebacks, ``stacklevel``), and hands back the receivers themselves. Where nothing
is being recorded in the calling context the collector is one that keeps nothing.

``send`` writes a send's row itself where nothing is out of the ordinary. The end of a call is the start of
the next: looking at the clock once in between, and not twice, takes a fifth off what recording a call takes.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import _get_running_loop as running_loop
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import get_ident
from types import FrameType
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.db.models.signals import post_init
from django.dispatch import dispatcher

from signal_panel.collector import ASEND, ASEND_ROBUST, IDLE, SEND, SEND_ROBUST, Collector, current
from signal_panel.kinds import IGNORED
from signal_panel.rows import HEAD
from signal_panel.speedups import Place
from signal_panel.tracer.contexts import enter
from signal_panel.tracer.stepping import stepped

NO_RECEIVERS = dispatcher.NO_RECEIVERS
# Django 6.1 runs a send's async receivers in a task group, after the sync ones; before, all overlap.
_SYNC_FIRST = hasattr(dispatcher, "_run_parallel")
_run_together: Any = getattr(dispatcher, "_run_parallel", asyncio.gather)

Responses = list[tuple[Any, Any]]
_frame = sys._getframe
make_current = current.set
current_place = current.get  # found once, it takes 0.06 µs less of each send
_NONE: list[Any] = []


class Dispatch:
    """One send's receivers, for those that do not run in the frame of the send itself."""

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
        self.waiting: list[Any] = []
        """The async receivers that do not run if a sync one raises."""

    def start(self, receiver: Any) -> Any:
        """The awaitable of an async receiver."""
        answer = receiver(signal=self.signal, sender=self.sender, **self.named)
        return stepped(answer, receiver, self.collector, self.span, self.next_call())

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
        outside = current_place()
        make_current(Place.here(collector, call))
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
            make_current(outside)

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


async def _sync_and_async(
    dispatch: Dispatch,
    call_all: Callable[[list[Any]], Responses],
    start: Callable[[Any], Awaitable[Any]],
) -> Responses:
    sync_receivers, async_receivers = dispatch.signal._live_receivers(dispatch.sender)
    if _SYNC_FIRST:
        dispatch.waiting = async_receivers
        responses = await dispatch.run_sync(call_all, sync_receivers)
        async_responses = await _run_together(*map(start, async_receivers))
    else:
        responses, async_responses = await asyncio.gather(
            dispatch.run_sync(call_all, sync_receivers), asyncio.gather(*map(start, async_receivers))
        )
    responses.extend(zip(async_receivers, async_responses, strict=True))
    return responses


def send(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.send``."""
    outside = place = current_place()
    if place is IDLE:  # to go on, and keep nothing, made a send to one receiver take 1.8 times as long
        if not self.receivers or self.sender_receivers_cache.get(sender) is NO_RECEIVERS:
            return []
        sync_receivers, async_receivers = self._live_receivers(sender)
        responses = []
        for receiver in sync_receivers:
            response = receiver(signal=self, sender=sender, **named)
            responses.append((receiver, response))
        if async_receivers:
            dispatch = Dispatch(self, sender, named, IDLE.collector, 0)
            responses.extend(dispatch.run_async(dispatch.start, async_receivers))
        return responses
    collector = place.collector
    thread = place.thread
    frame: FrameType | None
    try:
        frame = _frame(1)
        kind = collector.known_send((id(self), id(sender), id(frame.f_code), frame.f_lasti))
    except ValueError:  # the caller has none, as an extension's
        frame = kind = None
    if kind is None:
        try:
            kind = collector.kinds.send(self, sender, SEND, frame)
        except Exception as failure:
            kind = collector.failed(failure)
        if kind == IGNORED:
            thread = 0
    if thread != get_ident() or running_loop() is not None:
        place = enter(outside, kind)
        collector = place.collector
    parent = place.number
    clock = collector.clock
    span = next(collector.numbers)
    if "instance" in named and self is not post_init:
        collector.sent_for(named["instance"], named.get("action"), span, kind)
    begun = None
    row = sync_receivers = async_receivers = _NONE
    start = clock()
    try:
        if not self.receivers or self.sender_receivers_cache.get(sender) is NO_RECEIVERS:
            begun = clock()
            responses = []
        else:
            sync_receivers, async_receivers = self._live_receivers(sender)
            begun = clock()
            if len(sync_receivers) == 1 and not async_receivers:
                # Most sends that anybody hears: without lists, and the loop, it takes 0.25 µs less of 1.2.
                place.number = span + 1
                receiver = sync_receivers[0]
                response = receiver(signal=self, sender=sender, **named)
                end = clock()
                place.number = parent
                if place is outside and span < collector.quick_limit:
                    try:
                        known = collector.known_receivers[id(receiver)]
                        collector.keep_one((span, parent, kind, start, begun, end, known))
                        return [(receiver, response)]
                    except Exception:  # a receiver that is not known yet
                        pass
                row = [span, parent, kind, start, begun, end]
                responses = [(receiver, response)]
            else:
                row = [span, parent, kind, start, begun]
                responses = []
                call = span
                for receiver in sync_receivers:
                    call += 1
                    place.number = call
                    response = receiver(signal=self, sender=sender, **named)
                    row.append(clock())
                    responses.append((receiver, response))
            place.number = parent
            if async_receivers:
                dispatch = Dispatch(self, sender, named, collector, span, len(sync_receivers))
                responses.extend(dispatch.run_async(dispatch.start, async_receivers))
    except BaseException as exception:
        place.number = parent
        if place is not outside:
            make_current(outside)
        ends = row[HEAD:]
        collector.end(span, parent, kind, start, begun, ends, sync_receivers, 0, async_receivers, exception)
        raise
    if place is not outside:
        make_current(outside)
    calls = len(sync_receivers)
    if span < collector.quick_limit and not async_receivers:
        try:
            if not calls:
                collector.keep_none((span, parent, kind, start, begun))
            else:
                known_receivers = collector.known_receivers
                for receiver in sync_receivers:  # with map in place of the loop, five take 0.2 µs longer
                    row.append(known_receivers[id(receiver)])
                if calls > 1:
                    collector.calls += calls
                    if collector.calls > collector.quick_room:
                        collector.count_calls(0)
                collector.log[calls].keep(row)
            return responses
        except Exception:  # a receiver that is not known yet
            pass
    ends = row[HEAD : HEAD + calls]
    collector.end(span, parent, kind, start, begun, ends, sync_receivers, 0, async_receivers)
    return responses


def send_robust(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.send_robust``."""
    outside = place = current_place()
    collector = place.collector
    frame: FrameType | None
    try:
        frame = _frame(1)
        kind = collector.known_send((id(self) + SEND_ROBUST, id(sender), id(frame.f_code), frame.f_lasti))
    except ValueError:  # the caller has none, as an extension's
        frame = kind = None
    if kind is None:
        try:
            kind = collector.kinds.send(self, sender, SEND_ROBUST, frame)
        except Exception as failure:
            kind = collector.failed(failure)
    if kind == IGNORED or place.thread != get_ident() or running_loop() is not None:
        place = enter(outside, kind)
        collector = place.collector
    parent = place.number
    clock = collector.clock
    span = next(collector.numbers)
    if "instance" in named and self is not post_init:
        collector.sent_for(named["instance"], named.get("action"), span, kind)
    begun = None
    ends: list[int] = []
    sync_receivers: list[Any] = _NONE
    async_receivers: list[Any] = _NONE
    first = 0  # of the receivers since the last that raised: what Django does about that is nobody's call
    responses: Responses = []
    start = clock()
    try:
        if not self.receivers or self.sender_receivers_cache.get(sender) is NO_RECEIVERS:
            begun = clock()
        else:
            sync_receivers, async_receivers = self._live_receivers(sender)
            begun = clock()
            call = span
            for receiver in sync_receivers:
                call += 1
                place.number = call
                try:
                    response = receiver(signal=self, sender=sender, **named)
                except Exception as err:
                    collector.end_calls(span, begun, ends, sync_receivers[first:], first, err)
                    begun = None
                    self._log_robust_failure(receiver, err)
                    responses.append((receiver, err))
                    first, ends, begun = len(responses), [], clock()
                else:
                    ends.append(clock())
                    responses.append((receiver, response))
            place.number = parent
            if async_receivers:
                dispatch = Dispatch(self, sender, named, collector, span, len(sync_receivers))
                responses.extend(dispatch.run_async(dispatch.start_robust, async_receivers))
    except BaseException as exception:
        place.number = parent
        if place is not outside:
            make_current(outside)
        collector.end(
            span, parent, kind, start, begun, ends, sync_receivers, first, async_receivers, exception
        )
        raise
    if place is not outside:
        make_current(outside)
    collector.end(span, parent, kind, start, begun, ends, sync_receivers, first, async_receivers)
    return responses


async def asend(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.asend``."""
    place = current_place()
    collector, parent = place.collector, place.number
    kind = collector.kind_of(self, sender, ASEND, _frame().f_back)
    if kind == IGNORED:
        collector, parent = IDLE.collector, 0
    span = next(collector.numbers)
    if "instance" in named:
        collector.sent_for(named["instance"], named.get("action"), span, kind)
    start = collector.clock()
    try:
        responses: Responses = []
        if self.receivers and self.sender_receivers_cache.get(sender) is not NO_RECEIVERS:
            dispatch = Dispatch(self, sender, named, collector, span)
            responses = await _sync_and_async(dispatch, dispatch.call_all, dispatch.start)
    except BaseException as exception:
        collector.end_send(span, parent, kind, start, exception)
        raise
    collector.end_send(span, parent, kind, start)
    return responses


async def asend_robust(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.asend_robust``."""
    place = current_place()
    collector, parent = place.collector, place.number
    kind = collector.kind_of(self, sender, ASEND_ROBUST, _frame().f_back)
    if kind == IGNORED:
        collector, parent = IDLE.collector, 0
    span = next(collector.numbers)
    if "instance" in named:
        collector.sent_for(named["instance"], named.get("action"), span, kind)
    start = collector.clock()
    try:
        responses: Responses = []
        if self.receivers and self.sender_receivers_cache.get(sender) is not NO_RECEIVERS:
            dispatch = Dispatch(self, sender, named, collector, span)
            responses = await _sync_and_async(dispatch, dispatch.call_all_robust, dispatch.start_robust)
    except BaseException as exception:
        collector.end_send(span, parent, kind, start, exception)
        raise
    collector.end_send(span, parent, kind, start)
    return responses


# Errors about arguments, and warnings about what was never awaited, name the method by this.
for _method in (send, send_robust, asend, asend_robust):
    _method.__qualname__ = f"Signal.{_method.__name__}"
