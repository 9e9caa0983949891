"""Kaleidoscope's panel of signals, which times sends, and no receiver."""

from __future__ import annotations

import types
from collections.abc import Iterator
from contextlib import contextmanager

from kaleidoscope.panels import signals


def set_up() -> None:
    """Patch ``Signal`` for good, as it does in a project."""
    signals.SignalsPanel.install(types.SimpleNamespace())


@contextmanager
def recording() -> Iterator[None]:
    """What its panel does around a request."""
    log = signals.SendLog(closed=False, count=0, groups={})
    signals._collecting.set(log)
    try:
        yield
    finally:
        log.closed = True
        signals._collecting.set(None)
