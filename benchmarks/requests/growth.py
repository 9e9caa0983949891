"""How time and memory grow with the spans of a recording, and with the receivers that are connected."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from time import process_time_ns
from typing import Any

from benchmarks.effort import Effort
from benchmarks.figures import Figure, Table, digits, spread
from benchmarks.remote import Remote, answer

Least = dict[str, float]

TARGET = 1.2
RECEIVERS = 4
SIZES = {0: 50, 1_000: 200, 10_000: 50, 100_000: 20, 1_000_000: 15}
"""How often each size is measured."""
CONNECTED = (0, 100, 1_000, 10_000)
ROUNDS = 5
"""In so many turns: others on the machine may slow it down for minutes."""


def run(effort: Effort) -> tuple[list[Figure], list[Table]]:
    """Measure recordings of each size."""
    sizes = [size for size in SIZES if not effort.is_quick or size <= 100_000]
    rounds = effort.of(ROUNDS, quick=1)
    found: dict[int, Least] = {}
    connected: dict[int, Least] = {}
    with Remote(__spec__.name) as remote:
        for _ in range(rounds):
            for size in sizes:
                _take(found, size, remote.ask("measure", size, effort.of(SIZES[size] // ROUNDS, quick=3)))
        sizes.remove(0)
        memory = {size: remote.ask("memory", size) / size for size in sizes}
    for _ in range(rounds):
        with Remote(__spec__.name) as remote:
            for count in CONNECTED:
                _take(connected, count, remote.ask("empty_with", count, effort.of(10, quick=3)))
    empty = found.pop(0)
    recording = {size: (of["recording"] - empty["recording"]) / size for size, of in found.items()}
    stats = {size: (of["stats"] - empty["stats"]) / size for size, of in found.items()}
    stored = {size: (of["bytes"] - empty["bytes"]) / size for size, of in found.items()}
    rows = [
        [
            f"{size:,}",
            digits(recording[size]),
            digits(stats[size]),
            digits(memory[size]),
            digits(stored[size]),
        ]
        for size in sizes
    ]
    growth = {
        "recording, time a span": recording,
        "recording, memory a span": memory,
        "stats as JSON, time a span": stats,
        "stats as JSON, bytes a span": stored,
    }
    table = Table(
        "Growth",
        [
            "spans",
            "recorded in, ns a span",
            "made JSON in, ns a span",
            "memory, bytes a span",
            "JSON, bytes a span",
        ],
        rows,
        f"A send to {RECEIVERS} receivers, again and again; times include what bare Django takes. "
        f"Left out of each row is what an empty recording takes: {digits(empty['stats'] / 1e6)} ms and "
        f"{empty['bytes']:,} bytes, most of it the table of all receivers that are connected. Of memory, "
        "what the first send of a recording takes is left out, too.",
    )
    figures = [
        Figure(
            f"{name}, largest of smallest at {sizes[0]:,} to {sizes[-1]:,}",
            spread(list(of.values())),
            TARGET,
            "×",
        )
        for name, of in growth.items()
    ]
    return figures, [table, _connected(connected)]


def _take(best: dict[int, Least], key: int, measured: Least) -> None:
    before = best.get(key, measured)
    best[key] = {name: min(before[name], value) for name, value in measured.items()}


def _connected(found: dict[int, Least]) -> Table:
    none = found[0]
    rows = [
        [
            f"{count:,}",
            digits((of["again"] - none["again"]) / 1e6),
            digits((of["first"] - none["first"]) / 1e6),
            digits((of["bytes"] - none["bytes"]) / 1e3),
        ]
        for count, of in found.items()
        if count
    ]
    return Table(
        "Connected receivers",
        ["receivers", "added to a recording, ms", "to the first since one was connected, ms", "JSON, kB"],
        rows,
        "What receivers add that are connected and not called, each by a name of its own: to a recording of "
        f"nothing, from its end until it is JSON, which takes {digits(none['again'] / 1e6)} ms with Django's "
        "own. In a request that is after the response.",
    )


def _sender() -> Callable[[int], None]:
    from django.dispatch import Signal

    signal = Signal()
    receivers = [lambda **named: None for _ in range(RECEIVERS)]
    for receiver in receivers:
        signal.connect(receiver)

    def send(spans: int, kept: Any = receivers) -> None:
        for _ in range(spans // (1 + RECEIVERS)):
            signal.send(sender=None)

    return send


def _receiver(number: int) -> Callable[..., None]:
    def receiver(**named: Any) -> None:
        pass

    receiver.__qualname__ = f"receiver_{number}"
    return receiver


def main() -> None:
    """Measure sizes when told to."""
    from django.conf import settings

    settings.configure(SIGNAL_PANEL={"MAX_SPANS": 2_000_000})
    import django

    django.setup()
    from django.db.models.signals import post_save
    from django.dispatch import Signal

    import signal_panel

    send = _sender()

    def measure(spans: int, times: int) -> dict[str, float]:
        best = {"recording": float("inf"), "stats": float("inf")}
        for _ in range(times):
            with signal_panel.record() as recording:
                start = process_time_ns()
                send(spans)
                best["recording"] = min(best["recording"], process_time_ns() - start)
                start = process_time_ns()
            json = recording.to_json()
            best["stats"] = min(best["stats"], process_time_ns() - start)
        return {**best, "bytes": len(json)}

    def memory(spans: int) -> int:
        gc.collect()
        with signal_panel.record():
            send(1 + RECEIVERS)  # what the first send of a recording costs is no span's
            tracemalloc.start()
            send(spans)
            current, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return current

    connected: list[Callable[..., None]] = []

    def empty_with(count: int, times: int) -> dict[str, float]:
        while len(connected) < count:
            connected.append(_receiver(len(connected)))
            post_save.connect(connected[-1], sender=Signal)
        took = []
        for _ in range(1 + times):
            with signal_panel.record() as recording:
                start = process_time_ns()
            json = recording.to_json()
            took.append(process_time_ns() - start)
        return {"first": took[0], "again": min(took[1:]), "bytes": len(json)}

    questions = {f.__name__: f for f in (measure, memory, empty_with)}
    answer(lambda question, *rest: questions[question](*rest))


if __name__ == "__main__":
    main()
