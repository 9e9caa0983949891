"""The part ``memory`` of a run: bytes a span while recording, and what the garbage collector has to do."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Sequence
from contextlib import nullcontext
from time import perf_counter_ns
from typing import Any

from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, digits
from benchmarks.peers import Entry
from benchmarks.remote import Remote, answer

TARGET_BYTES = 64
RECEIVERS = 4


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Record a million spans, once for tracemalloc and once for the garbage collector."""
    spans = effort.of(1_000_000, quick=50_000)
    with Remote(__spec__.name) as remote:
        bytes_a_span = remote.ask("traced", spans)
    pauses = {}
    for recorded in (False, True):
        with Remote(__spec__.name) as remote:
            pauses[recorded] = remote.ask("collections", spans, recorded)
    bare, ours = pauses[False], pauses[True]
    rows = [
        [name, digits(bare[key] / unit), digits(ours[key] / unit)]
        for name, key, unit in (
            ("collections of the youngest generation", "youngest", 1),
            ("collections of older generations", "older", 1),
            ("all pauses, ms", "total_ns", 1e6),
            ("longest pause, ms", "longest_ns", 1e6),
            ("objects that the collector has to look at, more than before", "objects", 1),
        )
    ]
    return Result(
        [
            Figure(f"memory a span, after {spans:,}", bytes_a_span, TARGET_BYTES, "bytes"),
            Figure(
                "pauses of the garbage collector that recording adds, older generations",
                max(0, ours["older"] - bare["older"]),
                0,
                "collections",
            ),
        ],
        [
            Table(
                f"The garbage collector, while {spans:,} spans are sent and received",
                ["", "bare Django", "recorded"],
                rows,
                "Recording keeps numbers in one buffer, which the collector does not look at.",
            )
        ],
    )


def _traced(spans: int) -> float:
    send, recording = _set_up(True)
    send(100)
    gc.collect()
    with recording:
        send(100)  # what the first sends of a recording cost is no span's
        tracemalloc.start()
        send(spans)
        gc.collect()
        current, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return current / spans


def _collections(spans: int, recorded: bool) -> dict[str, int]:
    send, recording = _set_up(recorded)
    found = {"youngest": 0, "older": 0, "total_ns": 0, "longest_ns": 0, "objects": 0}
    began = 0

    def look(phase: str, info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = perf_counter_ns()
            return
        pause = perf_counter_ns() - began
        found["older" if info["generation"] else "youngest"] += 1
        found["total_ns"] += pause
        found["longest_ns"] = max(found["longest_ns"], pause)

    with recording:
        send(100)
        gc.collect()
        before = len(gc.get_objects())
        gc.callbacks.append(look)
        send(spans)
        gc.callbacks.remove(look)
        found["objects"] = len(gc.get_objects()) - before
    return found


def _set_up(recorded: bool) -> tuple[Any, Any]:
    from django.conf import settings

    settings.configure(SIGNAL_PANEL={"MAX_SPANS": 2_000_000})
    import django

    django.setup()
    from django.dispatch import Signal

    import signal_panel

    signal = Signal()
    receivers = [lambda **named: None for _ in range(RECEIVERS)]
    for receiver in receivers:
        signal.connect(receiver)

    def send(spans: int, kept: Any = receivers) -> None:
        for _ in range(spans // (1 + RECEIVERS)):
            signal.send(sender=None)

    return send, signal_panel.record() if recorded else nullcontext()


if __name__ == "__main__":
    answer(lambda question, *rest: {"traced": _traced, "collections": _collections}[question](*rest))
