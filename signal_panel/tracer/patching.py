"""Puts the recording ways to send onto ``Signal`` while anything is being recorded, and takes them off."""

from __future__ import annotations

import threading
from typing import Any

import django
from django.dispatch import Signal, dispatcher

from signal_panel import frames
from signal_panel.recording import METHODS
from signal_panel.tracer import loops
from signal_panel.tracer.wrapping import wrapped, wrapped_live_receivers

COMPARED_WITH = (5, 2), (6, 1)
"""The first and the last Django whose dispatcher the recording copies were compared with."""


class _Patch:
    """One attribute of ``Signal``: what stands there, and what stood there before."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: Any = None
        self.ours: Any = None
        self.is_in_chain = False

    def put_on(self) -> None:
        """Have ``Signal`` record, once: neither over our own nor over what has ours inside."""
        standing = Signal.__dict__[self.name]
        if standing is self.ours:
            return
        if self.is_in_chain and not _is_djangos_own(standing):
            return
        self.found = standing
        self.ours = self._recording(standing)
        self.is_in_chain = True
        setattr(Signal, self.name, self.ours)

    def take_off(self) -> None:
        """Put back what was found, unless somebody has wrapped ours meanwhile."""
        standing = Signal.__dict__[self.name]
        if standing is self.ours:
            setattr(Signal, self.name, self.found)
            self.ours = None
            self.is_in_chain = False
        else:
            frames.pass_through(standing)

    def _recording(self, found: Any) -> Any:
        if self.name == "_live_receivers":
            return wrapped_live_receivers(found)
        if _is_djangos_own(found) and COMPARED_WITH[0] <= django.VERSION[:2] <= COMPARED_WITH[1]:
            return getattr(loops, self.name)
        return wrapped(self.name, found)


_lock = threading.RLock()  # a scope may be closed by the garbage collector, in the middle of opening one
_open_scopes = 0
# The wrappers around sends depend on the one around _live_receivers; it does nothing for the copies.
_patches = [_Patch(name) for name in METHODS]
_live_receivers = _Patch("_live_receivers")


def install() -> None:
    """Patch ``Signal`` for one more open scope."""
    global _open_scopes
    with _lock:
        _open_scopes += 1
        if _open_scopes == 1:
            for patch in _patches:
                patch.put_on()
            if any(patch.ours is not getattr(loops, patch.name) for patch in _patches):
                _live_receivers.put_on()


def uninstall() -> None:
    """One open scope less; after the last, ``Signal`` has what stood there before.

    A method that somebody else has wrapped meanwhile is left alone: ours stays in the chain and records
    nothing where no scope is open.
    """
    global _open_scopes
    with _lock:
        _open_scopes -= 1
        if _open_scopes == 0:
            for patch in [*_patches, _live_receivers]:
                if patch.ours is not None:
                    patch.take_off()


def _is_djangos_own(function: Any) -> bool:
    # functools.wraps copies names and more, but not the code.
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == dispatcher.__file__
