"""The part ``requests`` of a run: the toolbar with the panel, an empty one or none, taking turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import combinations_with_replacement
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

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
    "order": Scene("order", 50, True),
    "import": Scene("import, 1,000 saves", 12, True),
    "stock-take": Scene("stock-take, 100,000 spans", 3),
}
HISTORY_VIEWS = {"render_panel": "opened", "history_refresh": "refreshed"}
PROCESSES = 16
PROCESSES_WITH_HISTORY = 3
ADDED_PERCENT = 3
STATS_MS = 150
STATS_MB = 1.3
HISTORY = 1.5


class Least(NamedTuple):
    """The least that a request of one process takes, in milliseconds by the clock."""

    there: float
    """Until the response is there: what a browser waits for."""
    over: float
    """In all, with what the server does when the response has gone out."""


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
        what: Literal["there", "over"] = "there",
    ) -> Added:
        """The middle of what each process took more than the one with none that took turns with it."""
        pairs = zip(found[panel], found[BARE], strict=True)
        ms = middle([getattr(one, what) - getattr(bare, what) for one, bare in pairs])
        return cls(ms, 100 * ms / usual(found[BARE]).there)

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
                stats[name] += [shops[OURS].ask("stats", name) for _ in range(4)]
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
    found: Mapping[str, list[Least]], shops: Mapping[str, Remote], turns: int, question: str, what: str
) -> None:
    """Have all answer in turns, each time from the next one on.

    None of several answers twice in a row, which is quicker: an order took 0.8 ms less so.
    """
    order = deque(shops.values())
    for _ in range(turns):
        for shop in order:
            shop.ask(question, what)
        order.rotate(-1)
    for panel, shop in shops.items():
        found[panel].append(Least(*shop.ask("least_of", what)))


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


def usual(processes: Sequence[Least]) -> Least:
    """The middle of what processes took."""
    return Least(middle([one.there for one in processes]), middle([one.over for one in processes]))


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
            usual(histories["render_panel"][OURS]).over / usual(histories["render_panel"][BARE]).over,
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
                digits(usual(of[BARE]).there),
                digits(usual(of[OURS]).there),
                *(str(Added.by(panel, of)) for panel in (OURS, OURS_WITHOUT_C, EMPTY, BARE_AGAIN)),
                str(Added.by(OURS, of, "over")),
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
            "added until the response is there",
            "without C",
            "by an empty panel",
            "by none, again",
            "added in all",
            "stats",
            "stats, kB",
        ],
        rows,
        f"Each in {PROCESSES} processes, one after the other; the toolbar has all its other panels in each. "
        "All by the clock, “toolbar alone” and “with the panel” until the response is there: read to its "
        "last byte, for which a browser waits. “In all” is until `request_finished` is over, too: the stats "
        "are stored whole once, after the response. What a request takes is the sum of what each of its "
        "laps takes at the least in one process, and of what collecting garbage takes on average. A lap "
        "goes from one statement of the database, or one panel of the toolbar that tells its stats, to the "
        "next: others on the machine slow down every request, and not the same laps of all. To end a lap "
        "takes some 2 µs, whatever panel there is. “Added” is by how much a process took longer than that "
        "of the toolbar alone which took turns with it, the middle of all of them (the median of the means "
        "of any two, after Hodges and Lehmann). Percentages are of the toolbar alone. For some 30 ms an "
        "order waits for a receiver that plays a mail server. “An empty panel” does nothing, and comes with "
        "a middleware that does nothing and with as many static files: the toolbar's other panels tell of "
        "these, whatever panel it is. “None, again” is the toolbar alone in other processes: how far two "
        "equal things are apart in this run. “Stats” is generating and storing them, in the request and "
        "after it, in processor time; it is part of what is added.",
    )


def _history(histories: Found) -> Table:
    rows = [
        [
            HISTORY_VIEWS[view],
            digits(usual(of[BARE]).over),
            digits(usual(of[OURS]).over),
            ratio(usual(of[OURS]).over, usual(of[BARE]).over),
        ]
        for view, of in histories.items()
    ]
    return Table(
        "History with 25 requests of 100,000 spans, ms",
        ["", "toolbar alone", "with the panel", "ratio"],
        rows,
        "To refresh, the toolbar reads what each panel has stored with each request, though it shows none of "
        "it: with the panel that is as much more to read. That has no target.",
    )
