"""The part ``memory`` of a run: bytes a span while recording, and what the garbage collector has to do."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Sequence
from contextlib import nullcontext
from time import perf_counter_ns
from typing import Any, NamedTuple

from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, digits
from benchmarks.peers import Entry
from benchmarks.remote import Remote, answer

TARGET_BYTES = 64


class Case(NamedTuple):
    """A send that is made again and again."""

    title: str
    receivers: int
    instances: str = ""
    """What it is for: nothing, a ``new`` object each time, one of ``few``, or a new one that is ``kept``."""


CASES = {
    "many": Case("to 4 receivers", 4),
    "one": Case("to 1 receiver", 1),
    "none": Case("to nobody", 0),
    "new": Case("to 1 receiver, for a new instance each", 1, "new"),
    "few": Case("to 1 receiver, for one of 1,000 instances", 1, "few"),
    "kept": Case("to 1 receiver, for a new instance each, all of which stay", 1, "kept"),
}
WITH_TARGET = ("many", "one", "none", "new", "few")
LOOKED_AT = ("many", "new")


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Record a million spans of each, for tracemalloc, and of some again for the garbage collector."""
    spans = effort.of(1_000_000, quick=50_000)
    memory = {}
    for name in CASES:
        with Remote(__spec__.name) as remote:
            memory[name] = remote.ask("traced", name, spans)
    pauses = {}
    for name in LOOKED_AT:
        for recorded in (False, True):
            with Remote(__spec__.name) as remote:
                pauses[name, recorded] = remote.ask("collections", name, spans, recorded)
    added = max(pauses[name, True]["older"] - pauses[name, False]["older"] for name in LOOKED_AT)
    return Result(
        [
            *(
                Figure(
                    f"memory a span, after {spans:,}, sends {CASES[name].title}",
                    memory[name],
                    TARGET_BYTES,
                    "bytes",
                )
                for name in WITH_TARGET
            ),
            Figure(
                "pauses of the garbage collector that recording adds, older generations",
                max(0, added),
                0,
                "collections",
            ),
        ],
        [
            Table(
                f"Memory a span, of {spans:,}",
                ["sends", "bytes"],
                [[case.title, digits(memory[name])] for name, case in CASES.items()],
                "While the recording is open. Of an instance a weak reference is kept while it lives, to "
                "tell whether something was sent for it before. One takes 72 bytes: where each send is for "
                "another instance and all of these stay, as in the last row, that alone is more than the "
                "target has room for. It is held against the rows before.",
            ),
            Table(
                f"The garbage collector, while {spans:,} spans are sent and received",
                [
                    "",
                    *(
                        f"{CASES[name].title}: {who}"
                        for name in LOOKED_AT
                        for who in ("bare Django", "recorded")
                    ),
                ],
                [
                    [
                        title,
                        *(
                            digits(pauses[name, recorded][key] / unit)
                            for name in LOOKED_AT
                            for recorded in (False, True)
                        ),
                    ]
                    for title, key, unit in (
                        ("collections of the youngest generation", "youngest", 1),
                        ("collections of older generations", "older", 1),
                        ("all pauses, ms", "total_ns", 1e6),
                        ("longest pause, ms", "longest_ns", 1e6),
                        ("objects that the collector has to look at, more than before", "objects", 1),
                    )
                ],
            ),
        ],
    )


def _traced(name: str, spans: int) -> float:
    send, recording = _set_up(CASES[name], True)
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


def _collections(name: str, spans: int, recorded: bool) -> dict[str, int]:
    send, recording = _set_up(CASES[name], recorded)
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


class _Thing:
    """What a send may be for."""

    __slots__ = ("__weakref__",)


def _set_up(case: Case, recorded: bool) -> tuple[Any, Any]:
    from django.conf import settings

    settings.configure(SIGNAL_PANEL={"MAX_SPANS": 2_000_000})
    import django

    django.setup()
    from django.dispatch import Signal

    import signal_panel

    signal = Signal()
    receivers = [lambda **named: None for _ in range(case.receivers)]
    for receiver in receivers:
        signal.connect(receiver)
    # Made before anybody counts: the application's own memory is not ours.
    things = [_Thing() for _ in range({"few": 1_000, "kept": 1_000_000}.get(case.instances, 0))]

    def send(spans: int, kept: Any = receivers) -> None:
        for place in range(spans // (1 + case.receivers)):
            if not case.instances:
                signal.send(sender=None)
            elif case.instances == "new":
                signal.send(sender=None, instance=_Thing())
            else:
                signal.send(sender=None, instance=things[place % len(things)])

    return send, signal_panel.record() if recorded else nullcontext()


if __name__ == "__main__":
    answer(lambda question, *rest: {"traced": _traced, "collections": _collections}[question](*rest))
