"""The part ``requests`` of a run: the toolbar with and without the panel, taking turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.bookshop import environment, seeded
from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, digits, median, ratio
from benchmarks.peers import Entry
from benchmarks.remote import Remote
from benchmarks.requests import growth
from benchmarks.sampling import profile_table


class Scene(NamedTuple):
    """A request of the bookshop."""

    title: str
    turns: int
    added_percent: float | None = None
    """The most that the panel may add."""


SCENES = {
    "browse": Scene("browse", 40),
    "order": Scene("order", 40, 3),
    "import": Scene("import, 1,000 saves", 10, 3),
    "stock-take": Scene("stock-take, 100,000 spans", 10),
}
STATS_MS = 150
STATS_MB = 1.3
HISTORY = 1.5


class Measured(NamedTuple):
    """What one of two has measured, in milliseconds: by the clock, and of the processor's time."""

    clock: list[float]
    busy: list[float]


class Pair(NamedTuple):
    """What both have measured in turns.

    What the panel adds is told in the processor's time. It waits for nothing, so that on a machine that does
    nothing else this is what the clock says too; on a busy one the clock mostly tells of others.
    """

    ours: Measured
    bare: Measured

    @property
    def added(self) -> float:
        """The best of one over the best of the other, in milliseconds."""
        return min(self.ours.busy) - min(self.bare.busy)

    @property
    def added_percent(self) -> float:
        """The same, of what the request takes by the clock."""
        return 100 * self.added / min(self.bare.clock)

    @property
    def median_added(self) -> float:
        """The middle one of the differences between neighbours, in milliseconds."""
        return median([a - b for a, b in zip(self.ours.busy, self.bare.busy, strict=True)])

    @property
    def ratio(self) -> float:
        """How many times the best of one the best of the other is."""
        return min(self.ours.busy) / min(self.bare.busy)


def paired(ours: Callable[[], list[int]], bare: Callable[[], list[int]], turns: int) -> Pair:
    """Have both measure in turns, either one first every other time; they answer in nanoseconds."""
    pair = Pair(Measured([], []), Measured([], []))
    for turn in range(turns):
        both = [(pair.ours, ours), (pair.bare, bare)]
        for measured, measure in reversed(both) if turn % 2 else both:
            clock, busy = measure()
            measured.clock.append(clock / 1e6)
            measured.busy.append(busy / 1e6)
    return pair


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Measure requests, stats, History and growth."""
    with (
        seeded() as folder,
        _bookshop(folder / "with.sqlite3", panel=True) as ours,
        _bookshop(folder / "without.sqlite3", panel=False) as bare,
    ):
        pairs = {
            name: paired(
                lambda name=name: ours.ask("request", name),  # type: ignore[misc]
                lambda name=name: bare.ask("request", name),  # type: ignore[misc]
                effort.of(scene.turns, quick=2),
            )
            for name, scene in SCENES.items()
        }
        stats = {name: _best_stats(ours, name, effort.of(5, quick=2)) for name in SCENES}
        profiles = [
            profile_table(f"A request: {SCENES[name].title}, where the time goes", ours.ask("profile", name))
            for name in ("import", "stock-take")
        ]
        assert ours.ask("fill_history") == bare.ask("fill_history") == 25
        histories = {
            view: paired(
                lambda view=view: ours.ask("history", view),  # type: ignore[misc]
                lambda view=view: bare.ask("history", view),  # type: ignore[misc]
                effort.of(20, quick=3),
            )
            for view in ("render_panel", "history_refresh")
        }
    grown, growth_tables = growth.run(effort)
    return Result(
        [*_figures(pairs, stats, histories), *grown],
        [_requests(pairs, stats), _history(histories), *growth_tables],
        profiles,
    )


def _bookshop(database: object, *, panel: bool) -> Remote:
    return Remote("benchmarks.requests.worker", **environment(database, panel=panel))  # type: ignore[arg-type]


def _best_stats(remote: Remote, scene: str, times: int) -> dict[str, int]:
    found: list[dict[str, int]] = [remote.ask("stats", scene) for _ in range(times)]
    return min(found, key=lambda one: one["ns"])


def _figures(
    pairs: dict[str, Pair], stats: dict[str, dict[str, int]], histories: dict[str, Pair]
) -> list[Figure]:
    large = stats["stock-take"]
    return [
        *(
            Figure(f"added to a request: {scene.title}", pairs[name].added_percent, scene.added_percent, "%")
            for name, scene in SCENES.items()
            if scene.added_percent is not None
        ),
        Figure("stats of 100,000 spans generated and stored", large["ns"] / 1e6, STATS_MS, "ms"),
        Figure("size of the stats of 100,000 spans", large["bytes"] / 1e6, STATS_MB, "MB"),
        Figure(
            "History with 25 requests of 100,000 spans, of that without",
            histories["render_panel"].ratio,
            HISTORY,
            "×",
        ),
    ]


def _requests(pairs: dict[str, Pair], stats: dict[str, dict[str, int]]) -> Table:
    rows = []
    for name, pair in pairs.items():
        stored = stats[name]
        rows.append(
            [
                SCENES[name].title,
                f"{stored['sends']:,} + {stored['calls']:,}",
                digits(min(pair.bare.clock)),
                digits(min(pair.ours.clock)),
                f"{digits(pair.added)} ({digits(pair.added_percent)} %)",
                digits(pair.median_added),
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
            "added, best of best",
            "added, median of pairs",
            "stats",
            "stats, kB",
        ],
        rows,
        "The toolbar has all its other panels in both. “Added” is in processor time, which on an idle "
        "machine is what the clock says; the two columns before it are the clock's. “Stats” is generating "
        "and storing them once. It happens twice: while the toolbar looks at its panels, and after "
        "`request_finished`, when the response has long been sent, then with another look at what is "
        "connected. Both are in what is added.",
    )


def _history(histories: dict[str, Pair]) -> Table:
    titles = {"render_panel": "opened", "history_refresh": "refreshed"}
    rows = [
        [
            titles[view],
            digits(min(pair.bare.busy)),
            digits(min(pair.ours.busy)),
            ratio(min(pair.ours.busy), min(pair.bare.busy)),
        ]
        for view, pair in histories.items()
    ]
    return Table(
        "History with 25 requests of 100,000 spans, ms of the server's processor time",
        ["", "toolbar alone", "with the panel", "ratio"],
        rows,
    )
