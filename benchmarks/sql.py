"""The part ``sql`` of a run: what charging a query to the span it ran in adds to the query."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, digits
from benchmarks.peers import BARE, CONTROL, OURS, OURS_WITHOUT_C, SENTRY, Entry
from benchmarks.recording.part import added, measured, profile
from benchmarks.sampling import profile_table

TARGET_US = 1.5
PEERS = [BARE, CONTROL, SENTRY, OURS, OURS_WITHOUT_C]


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Measure a query of one parameter on SQLite in memory, of which there is no faster."""
    peers = [peer for peer in PEERS if peer in available]
    times = measured(peers, ["query"], effort)["query"]
    sampled = profile(OURS, "query", effort.of(300_000, quick=30_000))
    others = [peer for peer in peers if peer is not BARE]
    return Result(
        [Figure("added to a query", added(times, OURS) / 1e3, TARGET_US, "µs")],
        [
            Table(
                "Added to a query, µs",
                ["µs", "bare Django takes", *(f"{peer.title} adds" for peer in others)],
                [
                    [
                        "`SELECT %s` on SQLite in memory",
                        digits(times[BARE] / 1e3),
                        *(digits(added(times, peer) / 1e3) for peer in others),
                    ]
                ],
            )
        ],
        [profile_table("Queries, recorded: where the time goes", sampled)],
    )
