"""Keeps each context at its own place: while receivers run, across threads and tasks, and by hand."""

from __future__ import annotations

from asyncio import _get_running_loop as running_loop
from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import isasyncgenfunction, isgeneratorfunction
from threading import get_ident
from typing import Any, ParamSpec, TypeVar, cast

from asgiref.sync import AsyncToSync, iscoroutinefunction

from signal_panel.collector import IDLE, Collector, current
from signal_panel.kinds import IGNORED
from signal_panel.speedups import Place

P = ParamSpec("P")
R = TypeVar("R")


class _PlaceOfEachCall:
    """Where an event loop runs: each number set makes a place of its own, which tasks begun there keep."""

    __slots__ = ("collector", "parent")

    def __init__(self, collector: Collector, parent: int) -> None:
        self.collector = collector
        self.parent = parent

    @property
    def number(self) -> int:
        return self.parent

    @number.setter
    def number(self, number: int) -> None:
        current.set(Place(self.collector, number))


def enter(outside: Place, kind: int) -> Any:
    """The place whose number a send of this kind changes as it goes from receiver to receiver.

    Not the one outside: that is another thread's, or a running loop's, or the send is ignored.
    """
    if kind == IGNORED:
        if outside.collector is not IDLE.collector:
            current.set(IDLE)
        return Place(IDLE.collector, 0)
    if running_loop() is not None:
        return _PlaceOfEachCall(outside.collector, outside.number)
    place = Place(outside.collector, outside.number, get_ident())
    current.set(place)
    return place


class _At:
    """Is at a place for as long as the block lasts."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        self._outside = current.get()
        current.set(self._place)

    def __exit__(self, *raised: object) -> None:
        # A coroutine that is thrown away may end in a context of somebody else's.
        if current.get() is self._place:
            current.set(self._outside)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function part of what is being recorded here and now, whichever thread runs it.

    A new thread or an executor starts without a context, so that what it sends is not recorded. Hand it
    ``carry(work)`` instead of ``work``. Where nothing is recorded, that is ``work`` itself.

    Raises:
        TypeError: a call of the function only makes a generator, which runs wherever that is asked.
    """
    if isgeneratorfunction(function) or isasyncgenfunction(function):
        raise TypeError("carry() takes a function that does its work when it is called, not a generator's.")
    inside = current.get()
    if inside is IDLE:
        return function
    collector, number = inside.collector, inside.number

    @wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        with _At(Place.here(collector, number)):
            return function(*args, **kwargs)

    @wraps(function)
    async def carried_async(*args: P.args, **kwargs: P.kwargs) -> Any:
        with _At(Place.here(collector, number)):
            return await cast(Awaitable[Any], function(*args, **kwargs))

    return cast(Callable[P, R], carried_async) if iscoroutinefunction(function) else carried


def _async_to_sync(found: Callable[..., Any]) -> Callable[..., Any]:
    """A wrapper that has what an event loop runs for a thread keep the place from which it was called.

    The loop is in another thread, and what it starts there may go on when the call is over.
    """

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        __traceback_hide__ = True  # as Django's debug page hides the method itself
        outside = current.get()
        kept = outside if outside is IDLE else Place(outside.collector, outside.number)
        with _At(kept):
            return found(self, *args, **kwargs)

    return __call__


RECORDING = ((AsyncToSync, "__call__", _async_to_sync),)
"""As in ``database``."""
