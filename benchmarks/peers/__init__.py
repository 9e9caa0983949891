"""Tools that record what signals cost, each a module with the same two functions.

``set_up()`` is called once, after ``django.setup()``. ``recording()`` is a context manager: inside it, the
tool records. Each runs in a process of its own, since some never leave.
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol


class Peer(Protocol):
    """What a module in this folder is."""

    def set_up(self) -> None:
        """Make the tool ready in this process."""

    def recording(self) -> AbstractContextManager[Any]:
        """Record in a block."""


class Entry(NamedTuple):
    """A tool in a run."""

    module: str
    title: str
    requires: str = ""
    """The package that it comes from."""
    without_c: bool = False
    """Whether to leave alone what of the panel was compiled."""


BARE = Entry("bare", "bare Django")
CONTROL = Entry("bare", "bare Django again")
FLOOR = Entry("floor", "the floor")
CPROFILE = Entry("c_profile", "cProfile")
PYINSTRUMENT = Entry("pyinstrument_", "pyinstrument", "pyinstrument")
SENTRY = Entry("sentry", "Sentry", "sentry-sdk")
KALEIDOSCOPE = Entry("kaleidoscope_", "Kaleidoscope", "django-kaleidoscope")
OURS = Entry("ours", "this panel")
OURS_WITHOUT_C = Entry("ours", "this panel without C", without_c=True)
IDLE = Entry("idle", "this panel, idle")
IDLE_FOR_LONG = Entry("idle_for_long", "this panel, idle after 1,000 recordings")


def load(module: str) -> Peer:
    """The tool's module."""
    return importlib.import_module(f"{__name__}.{module}")  # type: ignore[return-value]
