"""Records which receivers are connected while anything is being recorded, and from where."""

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
        before = len(self.receivers)
        answer = found(self, receiver, sender, weak, dispatch_uid)
        collector, _ = current.get()
        if not collector.closed and len(self.receivers) > before:  # else it was connected already
            collector.has_connected(self, receiver, sender, self.receivers[-1], sys._getframe(1))
        return answer

    return connect


RECORDING = ((Signal, "connect", _connect),)
"""As in ``database``."""
