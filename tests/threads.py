"""Threads that work at once, as far as Python lets them."""

from __future__ import annotations

import _thread
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

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


def without_a_frame(call: Callable[[], object]) -> None:
    """Have a thread call it in this context with no frame of Python's above, as an extension may."""
    done = _thread.allocate_lock()
    done.acquire()
    traced = partial(sys.settrace, threading.gettrace())  # as threading does, for coverage
    calls = map(partial.__call__, [traced, partial(call), partial(done.release)])
    _thread.start_new_thread(copy_context().run, (deque, calls, 0))
    assert done.acquire(timeout=10), "It raised."
