"""The part ``recording`` of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, compared, digits, ratio
from benchmarks.peers import (
    BARE,
    CONTROL,
    CPROFILE,
    FLOOR,
    IDLE,
    IDLE_FOR_LONG,
    KALEIDOSCOPE,
    OURS,
    OURS_WITHOUT_C,
    PYINSTRUMENT,
    SENTRY,
    Entry,
)
from benchmarks.remote import Remote
from benchmarks.sampling import profile_table, profiles_table
from benchmarks.turns import Block, best_of_turns

PEERS = [
    BARE,
    CONTROL,
    FLOOR,
    CPROFILE,
    PYINSTRUMENT,
    SENTRY,
    KALEIDOSCOPE,
    OURS,
    OURS_WITHOUT_C,
    IDLE,
    IDLE_FOR_LONG,
]
NEAR_BARE = [IDLE, IDLE_FOR_LONG, CONTROL]
CASES = {
    "0": "`send`, no receiver",
    "1": "`send`, 1 receiver",
    "5": "`send`, 5 receivers",
    "50": "`send`, 50 receivers",
    "robust": "`send_robust`, 5 receivers",
    "nested": "three sends, each in a receiver of the one before",
    "async": "`asend`, 5 async receivers",
    "save": "`Model.save()`, a receiver of `post_save`",
    "init": "`Model()`, a receiver of `post_init`",
}
COUNTS = ("0", "1", "5", "50")
PROCESSES = 5
TURNS = 4
MOST_TURNS = 60
BLOCKS = 8
TAKES = "bare Django takes"
OF_THE_FLOOR = {"1": 0.8, "5": 0.6, "50": 0.6, "robust": 0.6}

Times = Mapping[str, Mapping[Entry, float]]
"""What an operation takes, by case and peer."""


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Measure all peers in all cases."""
    times = measured([peer for peer in PEERS if peer in available], CASES, effort)
    sampled = profile(OURS, "1", effort.of(400_000, quick=40_000))
    unrecorded = {peer.title: profile(peer, "1", effort.of(2_000_000, quick=40_000)) for peer in (IDLE, BARE)}
    return Result(
        [*beside_others(times, OURS), *_idle(times)],
        [added_table(times), _ratios(times)],
        [
            profile_table("Sends to 1 receiver, recorded: where the time goes", sampled),
            profiles_table("Sends to 1 receiver, not recorded: where the time goes", unrecorded),
        ],
    )


def measured(peers: Sequence[Entry], cases: Iterable[str], effort: Effort) -> Times:
    """The best time of an operation, of all turns in several processes of each peer.

    Two processes of the same differ by some hundredths for as long as they live: by where their memory lies.
    So those that are told to be alike have twice as many.
    """
    best = {case: dict.fromkeys(peers, float("inf")) for case in cases}
    processes = effort.of(PROCESSES, quick=1)
    alike = [peer for peer in peers if peer in (BARE, *NEAR_BARE)]
    for some in processes * [peers] + processes * [alike]:
        with ExitStack() as stack:
            remotes = {peer: stack.enter_context(_process(peer)) for peer in some}
            for case, of in best.items():
                asking = {peer: partial(_blocks, remote, case) for peer, remote in remotes.items()}
                found = best_of_turns(asking, effort.of(TURNS, quick=3), effort.of(MOST_TURNS, quick=3))
                of.update({peer: min(of[peer], time) for peer, time in found.items()})
    return best


def _blocks(remote: Remote, case: str) -> list[Block]:
    return [Block(*block) for block in remote.ask("measure", case, BLOCKS)]


def profile(peer: Entry, case: str, times: int) -> Any:
    """Where the time goes while a peer has a case so many times."""
    with _process(peer) as remote:
        return remote.ask("profile", case, times)


def _process(peer: Entry) -> Remote:
    environment = {"SIGNAL_PANEL_PURE_PYTHON": "1" if peer.without_c else ""}
    return Remote("benchmarks.recording.worker", peer.module, **environment)


def added(times: Mapping[Entry, float], peer: Entry) -> float:
    """What a peer adds to bare Django, in nanoseconds."""
    return times[peer] - times[BARE]


def least_told(times: Mapping[Entry, float]) -> float:
    """A fiftieth of the operation: so much two runs of the same differ by."""
    return times[BARE] / 50


def beside_others(times: Times, ours: Entry) -> list[Figure]:
    """What the panel adds, with its C or without, beside what others add."""
    figures = [
        Figure(
            f"added to {CASES[case]}, of what the floor adds",
            compared(added(times[case], ours), added(times[case], FLOOR)),
            target,
            "×",
        )
        for case, target in OF_THE_FLOOR.items()
    ]
    if SENTRY in times["1"]:
        figures += [
            Figure(
                f"Sentry adds to {CASES[case]}, of what the panel does",
                added(times[case], SENTRY) / max(added(times[case], ours), least_told(times[case])),
                30,
                "×",
                at_least=True,
            )
            for case in COUNTS[1:]
        ]
    for peer, cases in ((CPROFILE, COUNTS), (PYINSTRUMENT, COUNTS), (KALEIDOSCOPE, ("1",))):
        figures += [
            Figure(
                f"added to {CASES[case]}, of what {peer.title} adds",
                compared(added(times[case], ours), added(times[case], peer)),
                1,
                "×",
            )
            for case in cases
            if peer in times[case]
        ]
    return figures


def _idle(times: Times) -> list[Figure]:
    """Of two digits, as their target is: two runs of the same differ by more than the third."""
    return [
        Figure(f"{when}, of bare Django, median of all rows", round(_of_bare(times, peer), 2), 1, "×")
        for peer, when in ((IDLE, "idle"), (IDLE_FOR_LONG, "idle after 1,000 recordings"))
    ]


def _of_bare(times: Times, peer: Entry) -> float:
    return median([of[peer] / of[BARE] for of in times.values()])


def added_table(times: Times) -> Table:
    """What each peer adds, in microseconds."""
    peers = [peer for peer in PEERS[1:] if peer in times["1"]]
    rows = [
        [CASES[case], digits(of[BARE] / 1e3), *(digits(added(of, peer) / 1e3) for peer in peers)]
        for case, of in times.items()
    ]
    head = ["µs", TAKES, *(_adds(peer) for peer in peers)]
    note = (
        f"Each peer in {PROCESSES} processes of its own, one after the other, taking turns with the others, "
        f"and what should take as long as bare Django, and that itself, in {PROCESSES} more: best of many "
        "blocks of 5 to 300 operations, and of more blocks while others slow the machine down. “Bare Django "
        "again” is the same in other processes: how far two equal things are apart in this run."
    )
    return Table("Added to an operation, µs", head, rows, note)


def _adds(peer: Entry) -> str:
    return f"{peer.title} adds"


def times_in(table: Table) -> Times:
    """The times that the table of what is added was made of, as it shows them."""
    bare = [float(cell) for cell in table.column(TAKES)]
    columns = {peer: table.column(_adds(peer)) for peer in PEERS[1:] if _adds(peer) in table.head}
    return {
        case: {BARE: bare[row], **{peer: bare[row] + float(of[row]) for peer, of in columns.items()}}
        for row, case in enumerate(CASES)
    }


def _ratios(times: Times) -> Table:
    peers = [peer for peer in (FLOOR, CPROFILE, PYINSTRUMENT, SENTRY, KALEIDOSCOPE) if peer in times["1"]]
    rows = []
    for case, of in times.items():
        theirs = [added(of, peer) if added(of, peer) > least_told(of) else 0 for peer in peers]
        same = (ratio(of[peer], of[BARE]) for peer in NEAR_BARE)
        rows.append(
            [
                CASES[case],
                *(ratio(added(of, OURS), their) for their in theirs),
                ratio(added(of, OURS_WITHOUT_C), theirs[0]),
                *same,
            ]
        )
    medians = (f"{digits(_of_bare(times, peer))} ×" for peer in NEAR_BARE)
    rows.append(["median of the rows", *("" for _ in peers), "", *medians])
    head = [
        "",
        *(f"ours / {peer.title}" for peer in peers),
        f"ours without C / {FLOOR.title}",
        "idle / bare",
        "idle for long / bare",
        "bare / bare",
    ]
    note = (
        "For how many times as much Sentry adds, the panel counts as adding a fiftieth of the operation at "
        "least: two runs of the same may differ by as much. The medians of idle have a target of 1.00 ×, of "
        "two digits: they are held against it as they are shown."
    )
    if less := [CASES[case] for case, of in times.items() if added(of, OURS) < -least_told(of)]:
        note = (
            f"Less than nothing was added to {', '.join(less)}: there C calls the receivers, and the "
            f"bytecode of Django's own loop takes longer for that than recording does. {note}"
        )
    return Table("What the panel adds, of what others add", head, rows, note)
