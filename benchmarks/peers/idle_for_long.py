"""This panel, installed and used a thousand times before, with nothing open: a server in the evening."""

from contextlib import nullcontext as recording

from django.db import connection
from django.dispatch import Signal

import signal_panel

__all__ = ["recording", "set_up"]

TIMES = 1000


def set_up() -> None:
    """Record so often, and use what was patched in between, as requests and what comes after them do."""
    signal = Signal()
    for _ in range(TIMES):
        with signal_panel.record():
            _use(signal)
        _use(signal)


def _use(signal: Signal) -> None:
    signal.send(None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
