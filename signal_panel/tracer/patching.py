"""Puts the recording ways to send onto ``Signal`` while anything is being recorded, and takes them off."""

from __future__ import annotations

import threading
from typing import Any

from django.dispatch import Signal

from signal_panel.recording import METHODS
from signal_panel.tracer import loops

_lock = threading.RLock()  # a scope may be closed by the garbage collector, in the middle of opening one
_open_scopes = 0
_found: dict[str, Any] = {}


def install() -> None:
    """Patch ``Signal`` for one more open scope."""
    global _open_scopes
    with _lock:
        _open_scopes += 1
        if _open_scopes == 1:
            for name in METHODS:
                ours = getattr(loops, name)
                if Signal.__dict__[name] is not ours:
                    _found[name] = Signal.__dict__[name]
                    setattr(Signal, name, ours)


def uninstall() -> None:
    """One open scope less; after the last, ``Signal`` has what stood there before.

    A method that somebody else has wrapped meanwhile is left alone: ours stays in the chain and records
    nothing where no scope is open.
    """
    global _open_scopes
    with _lock:
        _open_scopes -= 1
        if _open_scopes == 0:
            for name in METHODS:
                if Signal.__dict__[name] is getattr(loops, name):
                    setattr(Signal, name, _found[name])
