"""Taking turns: each competitor measures a little, again and again, and its best counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

Key = TypeVar("Key")


def best_of_turns(competitors: Mapping[Key, Callable[[], float]], turns: int) -> dict[Key, float]:
    """The least that each has measured.

    What slows the machine down for a while slows all of them; every other turn goes backwards, so that
    nobody always comes after the same one.
    """
    best = dict.fromkeys(competitors, float("inf"))
    for turn in range(turns):
        order = list(competitors.items())
        for key, measure in reversed(order) if turn % 2 else order:
            best[key] = min(best[key], measure())
    return best
