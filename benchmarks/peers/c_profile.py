"""Python's own profiler, which times every function."""

from cProfile import Profile as recording

__all__ = ["recording", "set_up"]


def set_up() -> None:
    """Nothing is to be done."""
