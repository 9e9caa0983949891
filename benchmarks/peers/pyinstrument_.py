"""The profiler that looks at the stack every millisecond."""

from pyinstrument import Profiler as recording

__all__ = ["recording", "set_up"]


def set_up() -> None:
    """Nothing is to be done."""
