"""Django alone."""

from contextlib import nullcontext as recording

__all__ = ["recording", "set_up"]


def set_up() -> None:
    """Nothing is to be done."""
