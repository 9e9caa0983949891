"""Puts what records onto Django's classes while anything is being recorded, and takes it off."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import django
from django.dispatch import Signal

from signal_panel import frames, speedups
from signal_panel.recording import METHODS
from signal_panel.tracer import connecting, contexts, database, loops, quick
from signal_panel.tracer.wrapping import wrapped, wrapped_live_receivers

COMPARED_WITH = (5, 2), (6, 1)
"""The first and the last Django whose dispatcher the recording copies were compared with."""

TIMES = 250 if sys.version_info >= (3, 13) else sys.maxsize
"""How often a method is put on and taken off before it stays where it is.

Python 3.13 and newer let a class change a thousand times (python/cpython#114900). After that they no longer
remember what was looked up on it and on what inherits from it, for as long as the process lives: a query
takes 1.4 times as long, a send 1.2 times. A recording makes two changes, and others may want to make some.
Where nothing is recorded, a ``send`` of ours that stays was measured to take no longer than Django's.
"""


class _Patch:
    """One method of a class of Django's: what stands there, and what stood there before."""

    found: Any
    ours: Any = None
    """What we have put there, while it is there or inside what is."""
    times = 0
    """How often it has been put there."""

    def __init__(self, owner: type, name: str, recording: Callable[[Any], Any]) -> None:
        self.owner = owner
        self.name = name
        self._recording = recording

    def put_on(self) -> None:
        """Have the method record, once: neither over our own nor over what has ours inside."""
        standing = vars(self.owner).get(self.name)
        if standing is None or (self.ours is not None and not _is_djangos_own(standing)):
            return
        self.found = standing
        self.ours = self._recording(standing)
        self.times += 1
        setattr(self.owner, self.name, self.ours)

    def take_off(self) -> None:
        """Put back what was found, unless it has been so often, or somebody has wrapped ours meanwhile."""
        standing = vars(self.owner).get(self.name)
        if standing is not self.ours:
            frames.pass_through(standing)
        elif self.times < TIMES:
            setattr(self.owner, self.name, self.found)
            self.ours = None


COPIES = {name: getattr(loops, name) for name in METHODS}
if speedups.IS_COMPILED:
    COPIES |= {"send": quick.send, "send_robust": quick.send_robust}


def _way_to_send(name: str) -> _Patch:
    def recording(found: Any) -> Any:
        if _is_djangos_own(found) and COMPARED_WITH[0] <= django.VERSION[:2] <= COMPARED_WITH[1]:
            return COPIES[name]
        return wrapped(name, found)

    return _Patch(Signal, name, recording)


_lock = threading.RLock()  # a scope may be closed by the garbage collector, in the middle of opening one
_open_scopes = 0
# The wrappers around sends depend on the one around _live_receivers; it does nothing for the copies.
_ways_to_send = [_way_to_send(name) for name in METHODS]
_live_receivers = _Patch(Signal, "_live_receivers", wrapped_live_receivers)
_others = [_Patch(*place) for place in (*connecting.RECORDING, *contexts.RECORDING, *database.RECORDING)]
PATCHES = (*_ways_to_send, _live_receivers, *_others)
_DJANGOS_FILES = {sys.modules[patch.owner.__module__].__file__ for patch in (*_ways_to_send, *_others)}


def install() -> None:
    """Patch Django for one more open scope."""
    global _open_scopes
    with _lock:
        _open_scopes += 1
        try:
            if _open_scopes == 1:
                for patch in (*_ways_to_send, *_others):
                    patch.put_on()
                if any(patch.ours is not COPIES[patch.name] for patch in _ways_to_send):
                    _live_receivers.put_on()
        except BaseException:
            uninstall()
            raise


def uninstall() -> None:
    """One open scope less; after the last, Django has what stood there before.

    A method that somebody else has wrapped meanwhile is left alone, and so is one that was put on ``TIMES``
    times: ours stays in the chain and records nothing where no scope is open.
    """
    global _open_scopes
    with _lock:
        _open_scopes -= 1
        if _open_scopes == 0:
            for patch in PATCHES:
                if patch.ours is not None:
                    patch.take_off()
            database.forget()


def _is_djangos_own(function: Any) -> bool:
    # functools.wraps copies names and more, but not the code.
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename in _DJANGOS_FILES
