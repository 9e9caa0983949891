"""This panel, installed and used before, with nothing open."""

from contextlib import nullcontext as recording

from django.dispatch import Signal

import signal_panel

__all__ = ["recording", "set_up"]


def set_up() -> None:
    """Record something; afterwards Django has its own methods again."""
    before = dict(vars(Signal))
    with signal_panel.record():
        Signal().send(None)
    assert dict(vars(Signal)) == before
