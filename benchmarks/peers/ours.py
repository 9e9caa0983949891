"""This panel, recording."""

from signal_panel import record as recording

__all__ = ["recording", "set_up"]


def set_up() -> None:
    """Nothing is to be done."""
