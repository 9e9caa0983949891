"""Sends in which everything that has a name is named by a string."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from django.dispatch import Signal


def named_class(name: str, *bases: type) -> type:
    """A class in a module, both so named."""
    cls = type("Named", bases, {})
    cls.__qualname__ = cls.__module__ = name
    return cls


def named_function(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, in a module and a file, all so named."""
    assert isinstance(function, FunctionType)
    names = {"co_filename": name, "co_name": name}
    if sys.version_info >= (3, 11):
        names["co_qualname"] = name
    made = FunctionType(
        function.__code__.replace(**names),  # type: ignore[arg-type]
        {**function.__globals__, "__name__": name, "__file__": name},
        closure=function.__closure__,
    )
    made.__qualname__ = made.__module__ = name
    return made


class Named:
    """Sends a signal in a module, from a sender, to a receiver that raises an exception, all so named."""

    def __init__(self, name: str) -> None:
        signal = Signal()
        sender, error = named_class(name), named_class(name, Exception)
        self.module = ModuleType("named")
        setattr(self.module, name, signal)

        def receiver(**named: object) -> None:
            raise error

        def send() -> None:
            with suppress(error):
                signal.send(sender=sender)

        self.receiver = named_function(name, receiver)
        signal.connect(self.receiver)
        self.send = untraced(named_function(name, send))


def untraced(function: Callable[[], None]) -> Callable[[], None]:
    """Calls a function unseen by coverage.py, which fails at code in a file that can have no such name."""

    def call() -> None:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            function()
        finally:
            sys.settrace(tracer)

    return call


@contextmanager
def all_named(names: Iterable[str]) -> Iterator[list[Named]]:
    """A ``Named`` for each name, in modules that can be found while the block runs."""
    found = {name: _named(name) for name in names}
    before = {name: sys.modules.get(name) for name in found}
    sys.modules.update({name: named.module for name, named in found.items()})
    try:
        yield list(found.values())
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


# The same ones each time: whether modules are looked through for signals again is told by their number.
_named = cache(Named)
