"""Records where the recording copies can't stand: on a ``send`` that somebody else has patched.

Also on a Django whose dispatcher they were not compared with. What was found is called as it is, and each
receiver it asks for goes to it in a wrapper. This costs some three times as much, and adds frames.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from django.db.models.signals import post_init

from signal_panel.collector import IDLE, Collector, current
from signal_panel.kinds import IGNORED
from signal_panel.recording import METHODS
from signal_panel.speedups import Place
from signal_panel.tracer.stepping import stepped


class _Dispatch:
    """One send under way, until it has asked for its receivers."""

    def __init__(self, signal: Any, collector: Collector, span: int) -> None:
        self.signal = signal
        self.collector = collector
        self.span = span
        self.next_call = count(span + 1).__next__
        self.receivers: list[_TimedReceiver] = []

    def raised(self) -> None:
        """The send itself has raised: note the receivers that it did not come to after the first."""
        waiting = [timed for timed in self.receivers if not timed._was_called]
        if len(waiting) < len(self.receivers):
            self.collector.did_not_run(
                self.span,
                [timed._receiver for timed in waiting if not timed._is_async],
                [timed._receiver for timed in waiting if timed._is_async],
            )


_dispatch: ContextVar[_Dispatch | None] = ContextVar("signal_panel_dispatch", default=None)


class _TimedReceiver:
    """Stands for a receiver while it is called; in everything else it is like the receiver."""

    def __init__(self, receiver: Any, dispatch: _Dispatch, is_async: bool) -> None:
        self._receiver = receiver
        self._dispatch = dispatch
        self._is_async = is_async
        self._was_called = False

    def __call__(self, *args: Any, **named: Any) -> Any:
        self._was_called = True
        dispatch = self._dispatch
        collector, send = dispatch.collector, dispatch.span
        if self._is_async:
            answer = self._receiver(*args, **named)
            return stepped(answer, self._receiver, collector, send, dispatch.next_call())
        call = dispatch.next_call()
        outside = current.get()
        current.set(Place.here(collector, call))
        start = collector.clock()
        try:
            response = self._receiver(*args, **named)
        except BaseException as exception:
            collector.end_call(call, send, self._receiver, False, start, exception)
            raise
        else:
            collector.end_call(call, send, self._receiver, False, start)
            return response
        finally:
            current.set(outside)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._receiver, name)


@contextmanager
def _recorded(signal: Any, sender: Any, named: dict[str, Any], method: int, frame: Any) -> Iterator[None]:
    place = current.get()
    collector, parent = place.collector, place.number
    kind = collector.kind_of(signal, sender, method, frame)
    if kind == IGNORED:
        collector, parent = IDLE.collector, 0
    span = next(collector.numbers)
    if "instance" in named and signal is not post_init:
        collector.sent_for(named["instance"], named.get("action"), span, kind)
    outer = _dispatch.get()
    dispatch = _Dispatch(signal, collector, span)
    _dispatch.set(dispatch)
    start = collector.clock()
    try:
        yield
    except BaseException as exception:
        collector.end_send(span, parent, kind, start, exception)
        dispatch.raised()
        raise
    else:
        collector.end_send(span, parent, kind, start)
    finally:
        _dispatch.set(outer)
        dispatch.receivers.clear()  # each refers to the dispatch: only the garbage collector would free them


def wrapped(name: str, found: Callable[..., Any]) -> Callable[..., Any]:
    """A recording wrapper around a way to send."""
    method = METHODS.index(name)

    def send(self: Any, sender: Any, **named: Any) -> Any:
        with _recorded(self, sender, named, method, sys._getframe().f_back):
            return _with_receivers_themselves(found(self, sender, **named))

    async def asend(self: Any, sender: Any, **named: Any) -> Any:
        with _recorded(self, sender, named, method, sys._getframe().f_back):
            return _with_receivers_themselves(await found(self, sender, **named))

    wrapper = asend if name.startswith("a") else send
    wrapper.__qualname__ = getattr(found, "__qualname__", wrapper.__qualname__)
    return wrapper


def wrapped_live_receivers(found: Callable[..., Any]) -> Callable[..., Any]:
    """A wrapper around ``_live_receivers`` that gives a send under way its receivers timed."""

    def _live_receivers(self: Any, sender: Any) -> Any:
        answer = found(self, sender)
        dispatch = _dispatch.get()
        if dispatch is None or dispatch.signal is not self:
            return answer
        _dispatch.set(None)  # has_listeners() asks too, from inside a receiver
        try:
            sync_receivers, async_receivers = answer
        except (TypeError, ValueError):
            return answer
        timed = (
            [_TimedReceiver(receiver, dispatch, False) for receiver in sync_receivers],
            [_TimedReceiver(receiver, dispatch, True) for receiver in async_receivers],
        )
        dispatch.receivers = [*timed[0], *timed[1]]
        return timed

    return _live_receivers


def _with_receivers_themselves(responses: Any) -> Any:
    if type(responses) is not list:
        return responses
    return [
        (pair[0]._receiver, *pair[1:])
        if type(pair) is tuple and pair and type(pair[0]) is _TimedReceiver
        else pair
        for pair in responses
    ]
