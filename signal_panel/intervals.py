"""Times from here to there."""

from __future__ import annotations

from collections.abc import Iterable
from operator import sub


def covered(starts: Iterable[int], ends: Iterable[int]) -> int:
    """How much of the time at least one interval covers, of which these are all starts and all ends.

    Which end belongs to which start makes no difference: none is under way where as many have ended as have
    begun, until the next one begins.
    """
    starts, ends = sorted(starts), sorted(ends)
    if not starts:
        return 0
    gaps: int = sum(gap for gap in map(sub, starts[1:], ends) if gap > 0)
    return ends[-1] - starts[0] - gaps
