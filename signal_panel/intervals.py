"""Times from here to there."""

from __future__ import annotations

from collections.abc import Iterable


def covered(intervals: Iterable[tuple[int, int]], reached: int = 0) -> int:
    """How much of the time after ``reached`` at least one of these covers; they come by their start."""
    time = 0
    for start, end in intervals:
        if end > reached:
            time += end - max(start, reached)
            reached = end
    return time
