"""Records which receivers are connected and disconnected while anything is being recorded, and from where."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.dispatch import Signal

from signal_panel.collector import current


def _connect(found: Callable[..., Any]) -> Callable[..., Any]:
    def connect(
        self: Any, receiver: Any, sender: Any = None, weak: bool = True, dispatch_uid: Any = None
    ) -> Any:
        before = list(self.receivers)
        answer = found(self, receiver, sender, weak, dispatch_uid)
        collector = current.get().collector
        if not collector.closed:
            collector.has_connected(self, receiver, sender, before, sys._getframe().f_back)
        return answer

    return connect


def _disconnect(found: Callable[..., Any]) -> Callable[..., Any]:
    def disconnect(self: Any, receiver: Any = None, sender: Any = None, dispatch_uid: Any = None) -> Any:
        before = list(self.receivers)
        disconnected = found(self, receiver, sender, dispatch_uid)
        collector = current.get().collector
        if disconnected and not collector.closed:
            collector.has_disconnected(before, self.receivers)
        return disconnected

    return disconnect


RECORDING = ((Signal, "connect", _connect), (Signal, "disconnect", _disconnect))
"""As in ``database``."""
