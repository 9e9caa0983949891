"""Taking turns: each competitor measures a little, again and again, and its best counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter_ns
from typing import NamedTuple, TypeVar

Key = TypeVar("Key")

ENOUGH = 8
"""So many blocks of each are measured while the machine is at its fastest."""
AT_ITS_FASTEST = 1.05
"""It is so while the yardstick takes at most so many times the least that it has taken."""


class Block(NamedTuple):
    """What was measured at once."""

    time: float
    yardstick: float
    """What ``yardstick`` found around it: how fast the machine was."""


def yardstick() -> int:
    """The nanoseconds that a piece of work takes now which is always the same."""
    start = perf_counter_ns()
    for _ in range(5_000):
        pass
    return perf_counter_ns() - start


def best_of_turns(
    competitors: Mapping[Key, Callable[[], Sequence[Block]]], turns: int, most: int
) -> dict[Key, float]:
    """The least that each has measured, after so many turns at least and ``most`` at most.

    Every other turn goes backwards, so that nobody always comes after the same one. Others on the machine may
    slow it down for seconds: it goes on until each has had a chance while it was at its fastest.
    """
    blocks: dict[Key, list[Block]] = {key: [] for key in competitors}
    for turn in range(most):
        order = list(competitors.items())
        for key, measure in reversed(order) if turn % 2 else order:
            blocks[key] += measure()
        if turn + 1 >= turns and _all_had_a_chance(list(blocks.values())):
            break
    return {key: min(block.time for block in measured) for key, measured in blocks.items()}


def _all_had_a_chance(blocks: Sequence[Sequence[Block]]) -> bool:
    fast = AT_ITS_FASTEST * min(block.yardstick for measured in blocks for block in measured)
    return all(sum(block.yardstick <= fast for block in measured) >= ENOUGH for measured in blocks)
