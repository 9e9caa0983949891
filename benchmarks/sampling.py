"""Which lines the time goes to, by looking at them now and then: nothing is slowed down by being counted."""

from __future__ import annotations

import linecache
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from benchmarks.figures import Table
from benchmarks.remote import ROOT

INTERVAL = 0.001  # of processor time, so that a busy machine changes nothing


def sample(run: Callable[[], object]) -> list[tuple[str, int, int]]:
    """Path, line and how often that line was found to be the one that runs, the most frequent first."""
    seen: Counter[tuple[str, int]] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        if frame is not None:
            seen[frame.f_code.co_filename, frame.f_lineno or 0] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    try:
        run()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return [(path, line, count) for (path, line), count in seen.most_common()]


def profile_table(title: str, seen: list[tuple[str, int, int]], rows: int = 12) -> Table:
    """The lines that take most."""
    return profiles_table(title, {"share": seen}, rows)


def profiles_table(title: str, seen: Mapping[str, list[tuple[str, int, int]]], rows: int = 12) -> Table:
    """The lines that take most of the first, and what they take of the others."""
    shares: dict[str, Counter[tuple[str, int]]] = {
        name: Counter({(path, line): count for path, line, count in lines}) for name, lines in seen.items()
    }
    first = next(iter(shares.values()))
    shown = [
        [
            f"`{short(path)}:{line}`",
            f"`{_code(path, line)}`",
            *(f"{100 * of[path, line] / (of.total() or 1):.0f} %" for of in shares.values()),
        ]
        for (path, line), _ in first.most_common(rows)
    ]
    samples = " and ".join(f"{of.total():,}" for of in shares.values())
    return Table(title, ["line", "code", *seen], shown, f"{samples} samples of processor time.")


def short(path: str) -> str:
    """The path from where it is imported, or from the project on: the rest is of this machine alone."""
    folders = sorted({str(ROOT), *sys.path}, key=len, reverse=True)
    inside = (path[len(folder) + 1 :] for folder in folders if folder and path.startswith(f"{folder}/"))
    return next(inside, "/".join(Path(path).parts[-2:]))


def _code(path: str, line: int) -> str:
    return linecache.getline(path, line).strip().replace("|", "\\|").replace("`", "'")
