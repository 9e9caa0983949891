"""A request in laps, each so short that the machine has it for itself some time or other.

Others on a machine may slow it down to half its speed, but for some hundredths of a second now and then. No
import and few orders are over by then, so that the least that whole requests take tells of others. The least
that each of their laps takes does not.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from statistics import fmean
from time import perf_counter_ns
from typing import NamedTuple, ParamSpec

P = ParamSpec("P")


class Laps(NamedTuple):
    """What each lap took in nanoseconds, and what collecting garbage took besides."""

    times: list[int]
    collecting: int


class Request(NamedTuple):
    """A request until its response is there, and what the server does after that."""

    there: Laps
    after: Laps


class Stopwatch:
    """Tells of one lap after the other. It stands still while garbage is collected.

    A collection comes in the middle of another lap each time, and of the least of each it would be none.
    """

    def __init__(self, clock: Callable[[], int] = perf_counter_ns) -> None:
        self._clock = clock
        self._ends: list[int] = []
        self._collecting = self._since = 0

    def start(self) -> None:
        """Begin the first lap."""
        self._collecting = 0
        self._ends = [self._clock()]

    def lap(self, *_: object) -> None:
        """End a lap, and begin the next."""
        self._ends.append(self._clock() - self._collecting)

    def stop(self) -> Laps:
        """End a lap, and tell of all since the start, which this is now."""
        self.lap()
        times = [end - start for start, end in zip(self._ends, self._ends[1:], strict=False)]
        laps = Laps(times, self._collecting)
        self.start()
        return laps

    def at(self, function: Callable[P, None]) -> Callable[P, None]:
        """The function, with a lap that ends before it and another after it."""

        @wraps(function)
        def marked(*arguments: P.args, **named: P.kwargs) -> None:
            self.lap()
            function(*arguments, **named)
            self.lap()

        return marked

    def collects(self, phase: str, _: object) -> None:
        """Stand still, or go on: one of ``gc.callbacks``."""
        if phase == "start":
            self._since = self._clock()
        else:
            self._collecting += self._clock() - self._since


def without_garbage(number: int) -> list[list[None]]:
    """Collect garbage before a request of that number, and hand back objects to be kept while it lasts.

    The next collection waits for so many less, another number each time. Were it the same, what is half a
    collection more would always be one, or none.
    """
    gc.collect()
    return [[] for _ in range(int(gc.get_threshold()[0] * (number * 0.618 % 1)))]


def least(requests: Sequence[Request]) -> tuple[float, float]:
    """What they take at the least, in milliseconds: until the response is there, and in all.

    The sum of what each lap takes at the least, and the mean of what collecting garbage takes. Only those
    count that have as many laps as most have.
    """
    usual, _ = Counter(map(_shape, requests)).most_common(1)[0]
    alike = [request for request in requests if _shape(request) == usual]
    there = _least(request.there for request in alike)
    return there / 1e6, (there + _least(request.after for request in alike)) / 1e6


def _shape(request: Request) -> tuple[int, int]:
    return len(request.there.times), len(request.after.times)


def _least(laps: Iterable[Laps]) -> float:
    times, collecting = zip(*laps, strict=True)
    return sum(map(min, zip(*times, strict=True))) + fmean(collecting)
