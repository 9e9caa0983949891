"""The part ``requests`` of a run: the toolbar with the panel, an empty one or none, taking turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, Literal, NamedTuple

from benchmarks.bookshop import BARE, BARE_AGAIN, EMPTY, OURS, OURS_WITHOUT_C, PANELS, environment, seeded
from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, digits, ratio
from benchmarks.peers import Entry
from benchmarks.remote import Remote
from benchmarks.requests import crowds, growth
from benchmarks.sampling import profile_table


class Scene(NamedTuple):
    """A request of the bookshop."""

    title: str
    turns: int
    """How often it is asked for in each process."""
    has_target: bool = False
    """Whether the panel may add no more than ``ADDED_PERCENT``."""


SCENES = {
    "browse": Scene("browse", 20),
    "order": Scene("order", 30, True),
    "import": Scene("import, 1,000 saves", 6, True),
    "stock-take": Scene("stock-take, 100,000 spans", 3),
}
HISTORY_VIEWS = {"render_panel": "opened", "history_refresh": "refreshed"}
PROCESSES = 36
PROCESSES_WITH_HISTORY = 3
ADDED_PERCENT = 3
STATS_MS = 150
STATS_MB = 1.3
HISTORY = 1.5


@dataclass
class Least:
    """The least that a request of one process has taken, in milliseconds.

    What a panel adds is told in the processor's time. It waits for nothing, so that on a machine that does
    nothing else this is what the clock says too; on a busy one the clock mostly tells of others.
    """

    clock: float = inf
    """By the clock, until the response is there: what a browser waits for."""
    there: float = inf
    """The same, of the processor's time."""
    over: float = inf
    """The processor's time in all, with what the server does when the response has gone out."""

    def take(self, there: tuple[int, int], over: tuple[int, int]) -> None:
        """Another request: the clock's and the processor's nanoseconds to each of the two ends."""
        self.clock = min(self.clock, there[0] / 1e6)
        self.there = min(self.there, there[1] / 1e6)
        self.over = min(self.over, over[1] / 1e6)


Found = dict[str, dict[str, list[Least]]]
"""By what was asked for, and by the panel: of each process, in the order of those that took turns."""


class Added(NamedTuple):
    """What a panel adds to a request with none, in milliseconds, and of what that takes by the clock."""

    ms: float
    percent: float

    @classmethod
    def by(
        cls,
        panel: str,
        found: Mapping[str, Sequence[Least]],
        what: Literal["clock", "there", "over"] = "there",
    ) -> Added:
        """The middle of what each process took more than the one with none that took turns with it."""
        pairs = zip(found[panel], found[BARE], strict=True)
        ms = middle([getattr(one, what) - getattr(bare, what) for one, bare in pairs])
        return cls(ms, 100 * ms / _best(found[BARE]).clock)

    @classmethod
    def shown(cls, cell: str) -> Added:
        """From a table's cell."""
        ms, percent, _ = cell.replace("(", "").split()
        return cls(float(ms), float(percent))

    def __str__(self) -> str:
        return f"{digits(self.ms)} ({digits(self.percent)} %)"


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Measure requests, stats, History, growth and crowds."""
    with seeded() as folder:
        requests, stats = _measure_requests(folder, effort)
        histories = _measure_histories(folder, effort)
        with _bookshops(folder, [OURS]) as shops:
            profiles = [
                profile_table(
                    f"A request: {SCENES[name].title}, where the time goes", shops[OURS].ask("profile", name)
                )
                for name in ("import", "stock-take")
            ]
    grown, growth_tables = growth.run(effort)
    return Result(
        [*_figures(requests, stats, histories), *grown],
        [_requests(requests, stats), _history(histories), *growth_tables, crowds.run(effort)],
        profiles,
    )


def _measure_requests(folder: Path, effort: Effort) -> tuple[Found, dict[str, dict[str, int]]]:
    """What requests take, and the stats of each that took the least to make and store."""
    found: Found = {name: {panel: [] for panel in PANELS} for name in SCENES}
    stats: dict[str, list[dict[str, int]]] = {name: [] for name in SCENES}
    for _ in range(effort.of(PROCESSES, quick=1)):
        with _bookshops(folder, PANELS) as shops:
            for name, scene in SCENES.items():
                _take_turns(found[name], shops, effort.of(scene.turns, quick=2), "request", name)
                stats[name] += [shops[OURS].ask("stats", name) for _ in range(2)]
    return found, {name: min(taken, key=lambda one: one["ns"]) for name, taken in stats.items()}


def _measure_histories(folder: Path, effort: Effort) -> Found:
    found: Found = {view: {panel: [] for panel in (OURS, BARE)} for view in HISTORY_VIEWS}
    for _ in range(effort.of(PROCESSES_WITH_HISTORY, quick=1)):
        with _bookshops(folder, [OURS, BARE]) as shops:
            assert [shop.ask("fill_history") for shop in shops.values()] == [25, 25]
            for view, of in found.items():
                _take_turns(of, shops, effort.of(15, quick=3), "history", view)
    return found


def _take_turns(
    found: Mapping[str, list[Least]], shops: Mapping[str, Remote], turns: int, *question: Any
) -> None:
    """Have all answer in turns, each time from the next one on.

    None of several answers twice in a row, which is quicker: an order took 0.8 ms less so.
    """
    order = deque(shops.items())
    for panel in shops:
        found[panel].append(Least())
    for _ in range(turns):
        for panel, shop in order:
            found[panel][-1].take(*shop.ask(*question))
        order.rotate(-1)


@contextmanager
def _bookshops(folder: Path, panels: Iterable[str]) -> Iterator[dict[str, Remote]]:
    """Bookshops with these panels, each in a process of its own."""
    with ExitStack() as stack:
        yield {
            panel: stack.enter_context(Remote("benchmarks.requests.worker", **environment(folder, panel)))
            for panel in panels
        }


def middle(values: Sequence[float]) -> float:
    """The median of the means of any two, after Hodges and Lehmann.

    A quarter of the values may be far off, and it tells as much as the median of half as many again.
    """
    return median((one + other) / 2 for one, other in combinations_with_replacement(values, 2))


def _best(processes: Sequence[Least]) -> Least:
    return Least(
        min(one.clock for one in processes),
        min(one.there for one in processes),
        min(one.over for one in processes),
    )


def until_there(scene: Scene, added: float, again: float = 0) -> Figure:
    """The percents that a panel adds to a scene, beside the target, and that none adds, measured again."""
    name = f"added to a request: {scene.title}, until the response is there"
    return Figure(name, added, ADDED_PERCENT, "%", noise=abs(again))


def in_all(table: Table) -> list[Added]:
    """What the panel adds in all to scenes with a target, from the table of whole requests."""
    cells = zip(SCENES.values(), table.column("added in all"), strict=True)
    return [Added.shown(cell) for scene, cell in cells if scene.has_target]


def _figures(requests: Found, stats: dict[str, dict[str, int]], histories: Found) -> list[Figure]:
    large = stats["stock-take"]
    return [
        *(
            until_there(scene, *(Added.by(panel, requests[name]).percent for panel in (OURS, BARE_AGAIN)))
            for name, scene in SCENES.items()
            if scene.has_target
        ),
        Figure("stats of 100,000 spans generated and stored", large["ns"] / 1e6, STATS_MS, "ms"),
        Figure("size of the stats of 100,000 spans", large["bytes"] / 1e6, STATS_MB, "MB"),
        Figure(
            "History with 25 requests of 100,000 spans, of that without",
            _best(histories["render_panel"][OURS]).over / _best(histories["render_panel"][BARE]).over,
            HISTORY,
            "×",
        ),
    ]


def _requests(found: Found, stats: dict[str, dict[str, int]]) -> Table:
    rows = []
    for name, of in found.items():
        stored = stats[name]
        rows.append(
            [
                SCENES[name].title,
                f"{stored['sends']:,} + {stored['calls']:,}",
                digits(_best(of[BARE]).clock),
                digits(_best(of[BARE]).there),
                digits(_best(of[OURS]).clock),
                *(str(Added.by(panel, of)) for panel in (OURS, OURS_WITHOUT_C, EMPTY, BARE_AGAIN)),
                str(Added.by(OURS, of, "clock")),
                str(Added.by(OURS, of, "over")),
                digits(stored["ns"] / 1e6),
                digits(stored["bytes"] / 1e3),
            ]
        )
    order = found["order"]
    added, alone = Added.by(OURS, order).ms, _best(order[BARE])
    return Table(
        "Whole requests of the bookshop, ms",
        [
            "",
            "sends + calls",
            "toolbar alone",
            "toolbar alone, processor time",
            "with the panel",
            "added until the response is there",
            "without C",
            "by an empty panel",
            "by none, again",
            "added by the clock",
            "added in all",
            "stats",
            "stats, kB",
        ],
        rows,
        f"Each in {PROCESSES} processes, one after the other; the toolbar has all its other panels in each. "
        "“Toolbar alone” and “with the panel” are by the clock, until the response is there: read to its "
        "last byte, for which a browser waits. “In all” is until `request_finished` is over, too: the stats "
        "are stored whole once, after the response. “Added” is by how much the best request of a process "
        "took longer than the best of the toolbar alone that took turns with it, the middle of all of them "
        "(the median of the means of any two, after Hodges and Lehmann), in processor time, which on an "
        "idle machine is what the clock says. “By the clock” is the same as the clock said it. Percentages "
        f"are of the toolbar alone by the clock. {digits(alone.clock - alone.there)} ms of that an order "
        "keeps no processor busy, most of them in a receiver that plays a mail server: of its processor "
        f"time the {digits(added)} ms are {digits(100 * added / alone.there)} %. “An empty panel” does "
        "nothing, and comes with a middleware that does nothing and with as many static files: the toolbar's "
        "other panels tell of these, whatever panel it is. “None, again” is the toolbar alone in other "
        "processes: how far two equal things are apart in this run. “Stats” is generating and storing them, "
        "in the request and after it; it is part of what is added.",
    )


def _history(histories: Found) -> Table:
    rows = [
        [
            HISTORY_VIEWS[view],
            digits(_best(of[BARE]).over),
            digits(_best(of[OURS]).over),
            ratio(_best(of[OURS]).over, _best(of[BARE]).over),
        ]
        for view, of in histories.items()
    ]
    return Table(
        "History with 25 requests of 100,000 spans, ms of the server's processor time",
        ["", "toolbar alone", "with the panel", "ratio"],
        rows,
        "To refresh, the toolbar reads what each panel has stored with each request, though it shows none of "
        "it: with the panel that is as much more to read. That has no target.",
    )
