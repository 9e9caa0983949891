"""Threads that work at once, as far as Python lets them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import signal_panel


def at_once(work: Callable[[], None], threads: int = 4) -> None:
    """Have threads do it within the recording that is open here, taking turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        started = [threading.Thread(target=signal_panel.carry(work)) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
