"""The part ``recording`` of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, digits, median, ratio
from benchmarks.peers import (
    BARE,
    CONTROL,
    CPROFILE,
    FLOOR,
    IDLE,
    KALEIDOSCOPE,
    OURS,
    PYINSTRUMENT,
    SENTRY,
    Entry,
)
from benchmarks.remote import Remote
from benchmarks.sampling import profile_table
from benchmarks.turns import best_of_turns

PEERS = [BARE, CONTROL, FLOOR, CPROFILE, PYINSTRUMENT, SENTRY, KALEIDOSCOPE, OURS, IDLE]
CASES = {
    "0": "`send`, no receiver",
    "1": "`send`, 1 receiver",
    "5": "`send`, 5 receivers",
    "50": "`send`, 50 receivers",
    "nested": "three sends, each in a receiver of the one before",
    "async": "`asend`, 5 async receivers",
    "save": "`Model.save()`, a receiver of `post_save`",
    "init": "`Model()`, a receiver of `post_init`",
}
COUNTS = ("0", "1", "5", "50")
OF_THE_FLOOR = {"1": 0.8, "5": 0.6, "50": 0.6}

Times = Mapping[str, Mapping[Entry, float]]
"""Nanoseconds an operation, by case and peer."""


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Measure all peers in all cases."""
    with ExitStack() as stack:
        remotes = {peer: stack.enter_context(process(peer)) for peer in PEERS if peer in available}
        times = {case: measured(remotes, case, effort) for case in CASES}
        sampled = remotes[OURS].ask("profile", "1", effort.of(400_000, quick=40_000))
    return Result(
        _figures(times),
        [_added(times), _ratios(times)],
        [profile_table("Sends to 1 receiver, recorded: where the time goes", sampled)],
    )


def process(peer: Entry) -> Remote:
    """A peer's own process."""
    return Remote("benchmarks.recording.worker", peer.module)


def measured(remotes: Mapping[Entry, Remote], case: str, effort: Effort) -> dict[Entry, float]:
    """The best time of an operation of a case, by peer."""
    return best_of_turns(
        {peer: lambda remote=remote: remote.ask("measure", case, 8) for peer, remote in remotes.items()},
        turns=effort.of(12, quick=3),
    )


def added(times: Mapping[Entry, float], peer: Entry) -> float:
    """What a peer adds to bare Django, in nanoseconds."""
    return times[peer] - times[BARE]


def _figures(times: Times) -> list[Figure]:
    figures = [
        Figure(
            f"added to {CASES[case]}, of what the floor adds",
            added(times[case], OURS) / added(times[case], FLOOR),
            target,
            "×",
        )
        for case, target in OF_THE_FLOOR.items()
    ]
    if SENTRY in times["1"]:
        figures += [
            Figure(
                f"Sentry adds to {CASES[case]}, of what the panel does",
                added(times[case], SENTRY) / added(times[case], OURS),
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
                added(times[case], OURS) / added(times[case], peer),
                1,
                "×",
            )
            for case in cases
            if peer in times[case]
        ]
    idle, again = (median([of[peer] / of[BARE] for of in times.values()]) for peer in (IDLE, CONTROL))
    name = f"idle, of bare Django, median of all rows (bare Django again: {digits(again)} ×)"
    figures.append(Figure(name, idle, 1, "×"))
    return figures


def _added(times: Times) -> Table:
    peers = [peer for peer in PEERS[1:] if peer in times["1"]]
    rows = [
        [CASES[case], digits(of[BARE] / 1e3), *(digits(added(of, peer) / 1e3) for peer in peers)]
        for case, of in times.items()
    ]
    head = ["µs", "bare Django takes", *(f"{peer.title} adds" for peer in peers)]
    note = (
        "Each peer in a process of its own, taking turns, best of many blocks of a millisecond or less. "
        "“Bare Django again” is a second process of the same: how far two equal things are apart in this run."
    )
    return Table("Added to an operation, µs", head, rows, note)


def _ratios(times: Times) -> Table:
    peers = [peer for peer in (FLOOR, CPROFILE, PYINSTRUMENT, SENTRY, KALEIDOSCOPE) if peer in times["1"]]
    rows = []
    for case, of in times.items():
        ours = added(of, OURS)
        # Less than a fiftieth of the operation is within what two runs of the same differ by.
        theirs = [added(of, peer) if added(of, peer) > of[BARE] / 50 else 0 for peer in peers]
        idle, again = (ratio(of[peer], of[BARE]) for peer in (IDLE, CONTROL))
        rows.append([CASES[case], *(ratio(ours, their) for their in theirs), idle, again])
    head = ["", *(f"ours / {peer.title}" for peer in peers), "idle / bare", "bare / bare"]
    return Table("What the panel adds, of what others add", head, rows)
