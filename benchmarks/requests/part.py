"""The part ``requests`` of a run: the toolbar with the panel, an empty one or none, taking turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.bookshop import environment, seeded
from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, digits, ratio
from benchmarks.peers import Entry
from benchmarks.remote import Remote
from benchmarks.requests import growth
from benchmarks.sampling import profile_table


class Scene(NamedTuple):
    """A request of the bookshop."""

    title: str
    turns: int
    """How often it is asked for in each process."""
    added_percent: float | None = None
    """The most that the panel may add."""


SCENES = {
    "browse": Scene("browse", 40),
    "order": Scene("order", 60, 3),
    "import": Scene("import, 1,000 saves", 10, 3),
    "stock-take": Scene("stock-take, 100,000 spans", 5),
}
HISTORY_VIEWS = {"render_panel": "opened", "history_refresh": "refreshed"}
PROCESSES = 5
STATS_MS = 150
STATS_MB = 1.3
HISTORY = 1.5


class Measured(NamedTuple):
    """What one of two has measured, in milliseconds: by the clock, and of the processor's time."""

    clock: list[float]
    busy: list[float]


class Pair(NamedTuple):
    """What one with a panel, ours or an empty one, and one without it have measured in turns.

    What a panel adds is told in the processor's time. It waits for nothing, so that on a machine that does
    nothing else this is what the clock says too; on a busy one the clock mostly tells of others.
    """

    panel: Measured
    bare: Measured

    @property
    def added(self) -> float:
        """The best of one over the best of the other, in milliseconds."""
        return min(self.panel.busy) - min(self.bare.busy)

    @property
    def added_percent(self) -> float:
        """The same, of what the request takes by the clock."""
        return 100 * self.added / min(self.bare.clock)

    @property
    def median_added(self) -> float:
        """The middle one of the differences between neighbours, in milliseconds."""
        return median([a - b for a, b in zip(self.panel.busy, self.bare.busy, strict=True)])

    @property
    def ratio(self) -> float:
        """How many times the best of one the best of the other is."""
        return min(self.panel.busy) / min(self.bare.busy)


class Pairs(NamedTuple):
    """The same requests, measured to two ends."""

    there: Pair
    """Until the response is there: what a browser waits for."""
    over: Pair
    """In all, with what the server does when the response has gone out."""

    @classmethod
    def none_yet(cls) -> Pairs:
        """For ``take_turns`` to add to."""
        return cls(*(Pair(Measured([], []), Measured([], [])) for _ in cls._fields))

    def take_turns(self, panel: Ask, bare: Ask, turns: int) -> None:
        """Have both measure in turns, either one first every other time."""
        for turn in range(turns):
            both = [([pair.panel for pair in self], panel), ([pair.bare for pair in self], bare)]
            for to_both_ends, measure in reversed(both) if turn % 2 else both:
                for measured, (clock, busy) in zip(to_both_ends, measure(), strict=True):
                    measured.clock.append(clock / 1e6)
                    measured.busy.append(busy / 1e6)


Ask = Callable[[], Sequence[tuple[int, int]]]
"""What a request takes to each of the two ends: by the clock, and of the processor's time, in nanoseconds."""


class Found(NamedTuple):
    """What all processes have measured so far."""

    requests: dict[str, Pairs]
    empty: dict[str, Pairs]
    """The same requests with an empty panel: what is added by any."""
    stats: dict[str, list[dict[str, int]]]
    histories: dict[str, Pairs]


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Measure requests, stats, History and growth."""
    found = Found(
        {name: Pairs.none_yet() for name in SCENES},
        {name: Pairs.none_yet() for name in SCENES},
        {name: [] for name in SCENES},
        {view: Pairs.none_yet() for view in HISTORY_VIEWS},
    )
    with seeded() as folder:
        for _ in range(effort.of(PROCESSES, quick=1)):
            with _bookshop(folder, "none") as bare:
                with _bookshop(folder, "empty") as empty:
                    _measure_empty(empty, bare, effort, found)
                with _bookshop(folder, "ours") as ours:
                    _measure(ours, bare, effort, found)
        with _bookshop(folder, "ours") as ours:
            profiles = [
                profile_table(
                    f"A request: {SCENES[name].title}, where the time goes", ours.ask("profile", name)
                )
                for name in ("import", "stock-take")
            ]
    stats = {name: min(measured, key=lambda one: one["ns"]) for name, measured in found.stats.items()}
    grown, growth_tables = growth.run(effort)
    return Result(
        [*_figures(found.requests, stats, found.histories), *grown],
        [_requests(found, stats), _history(found.histories), *growth_tables],
        profiles,
    )


def _measure(ours: Remote, bare: Remote, effort: Effort, found: Found) -> None:
    """Measure in two processes, of which one has the panel."""

    def take_turns(pairs: Pairs, turns: int, *question: Any) -> None:
        pairs.take_turns(partial(ours.ask, *question), partial(bare.ask, *question), turns)

    for name, scene in SCENES.items():
        take_turns(found.requests[name], effort.of(scene.turns, quick=2), "request", name)
        found.stats[name] += [ours.ask("stats", name) for _ in range(effort.of(5, quick=2))]
    assert ours.ask("fill_history") == bare.ask("fill_history") == 25
    for view, pairs in found.histories.items():
        take_turns(pairs, effort.of(10, quick=3), "history", view)


def _measure_empty(empty: Remote, bare: Remote, effort: Effort, found: Found) -> None:
    for name, scene in SCENES.items():
        asks = [partial(process.ask, "request", name) for process in (empty, bare)]
        found.empty[name].take_turns(*asks, effort.of(scene.turns, quick=2))


def _bookshop(folder: Path, panel: str) -> Remote:
    return Remote("benchmarks.requests.worker", **environment(folder, panel))


def _figures(
    pairs: dict[str, Pairs], stats: dict[str, dict[str, int]], histories: dict[str, Pairs]
) -> list[Figure]:
    large = stats["stock-take"]
    return [
        *(
            Figure(
                f"added to a request: {scene.title}, until the response is there",
                pairs[name].there.added_percent,
                scene.added_percent,
                "%",
            )
            for name, scene in SCENES.items()
            if scene.added_percent is not None
        ),
        Figure("stats of 100,000 spans generated and stored", large["ns"] / 1e6, STATS_MS, "ms"),
        Figure("size of the stats of 100,000 spans", large["bytes"] / 1e6, STATS_MB, "MB"),
        Figure(
            "History with 25 requests of 100,000 spans, of that without",
            histories["render_panel"].over.ratio,
            HISTORY,
            "×",
        ),
    ]


def _requests(found: Found, stats: dict[str, dict[str, int]]) -> Table:
    rows = []
    for name, (there, over) in found.requests.items():
        stored = stats[name]
        added = found.empty[name].there, there, over
        rows.append(
            [
                SCENES[name].title,
                f"{stored['sends']:,} + {stored['calls']:,}",
                digits(min(there.bare.clock)),
                digits(min(there.panel.clock)),
                *(f"{digits(pair.added)} ({digits(pair.added_percent)} %)" for pair in added),
                digits(over.median_added),
                digits(stored["ns"] / 1e6),
                digits(stored["bytes"] / 1e3),
            ]
        )
    return Table(
        "Whole requests of the bookshop, ms",
        [
            "",
            "sends + calls",
            "toolbar alone",
            "with the panel",
            "an empty panel adds until the response is there",
            "added until the response is there",
            "added in all",
            "in all, median of pairs",
            "stats",
            "stats, kB",
        ],
        rows,
        f"Each in {PROCESSES} processes, one after the other; the toolbar has all its other panels in each. "
        "“Toolbar alone” and “with the panel” are by the clock, until the response is there: read to its "
        "last byte, for which a browser waits. “In all” is until `request_finished` is over, too: the stats "
        "are stored whole once, after the response. “Added” is the best of one over the best of the other, "
        "in processor time, which on an idle machine is what the clock says. “An empty panel” does nothing, "
        "and comes with a middleware that does nothing and with as many static files: the toolbar's other "
        "panels tell of these, whatever panel it is. “Stats” is generating and storing them, in the request "
        "and after it; it is part of what is added.",
    )


def _history(histories: dict[str, Pairs]) -> Table:
    rows = [
        [
            HISTORY_VIEWS[view],
            digits(min(pair.bare.busy)),
            digits(min(pair.panel.busy)),
            ratio(min(pair.panel.busy), min(pair.bare.busy)),
        ]
        for view, (_, pair) in histories.items()
    ]
    return Table(
        "History with 25 requests of 100,000 spans, ms of the server's processor time",
        ["", "toolbar alone", "with the panel", "ratio"],
        rows,
    )
