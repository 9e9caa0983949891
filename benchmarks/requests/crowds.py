"""What it costs where there is a hundred times as much of something else than spans."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from types import ModuleType
from typing import Any

from benchmarks.effort import Effort
from benchmarks.figures import Table, digits, ratio
from benchmarks.remote import Remote, answer

TIMES = 100
"""So many times as much is much."""
LITTLE = {
    "after_an_import": (10, "a recording of nothing, after an import, where so many modules have signals"),
    "hop": (20, "a send in a thread that `sync_to_async` goes to, beside so many tasks that wait"),
    "inside_another": (200, "a recording inside another that has so many exceptions"),
    "not_imported": (5, "a recording of nothing, with so many apps whose handlers nobody imports"),
    "connected_anew": (
        40,
        "the findings, with a receiver that was connected so many times",
    ),
    "listed": (40, "the table of what is connected, of the same"),
}
IMPORTS = "from django.db.models.signals import post_save, pre_save\n"
CONNECTS = f"""\
{IMPORTS}from django.dispatch import receiver

@receiver(post_save)
def hears(**named):
    pass
"""
LONG_AGO = 1_600_000_000
"""In seconds since 1970: files that have just changed are read again."""


def run(effort: Effort) -> Table:
    """Measure each with little and with much."""
    rows = []
    for name, (little, title) in LITTLE.items():
        much = little * effort.of(TIMES, quick=2)
        with TemporaryDirectory() as folder:
            found = {size: _measured(name, size, folder, effort) for size in (little, much)}
        rows.append(
            [
                title,
                f"{little:,}",
                digits(found[little]),
                f"{much:,}",
                digits(found[much]),
                ratio(found[much], found[little]),
            ]
        )
    return Table(
        "Crowds",
        ["", "few", "takes, ms", f"{TIMES} times as many", "takes, ms", "of that with few"],
        rows,
        "By the clock, the best of several. What Django takes by itself is in it.",
    )


def _measured(name: str, size: int, folder: str, effort: Effort) -> float:
    with Remote(__spec__.name, folder) as remote:
        found: float = remote.ask(name, size, effort.of(10, quick=2))
        return found


def _best(work: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(1 + times):
        start = perf_counter_ns()
        work()
        took.append(perf_counter_ns() - start)
    return min(took) / 1e6


def _make_apps(folder: Path, count: int, source: str) -> list[str]:
    sys.path.insert(0, str(folder))
    names = [f"app_{count}_{number}" for number in range(count)]
    for name in names:
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
        (folder / name / "signals.py").write_text(source)
        for path in (folder / name / "signals.py", folder / name):
            os.utime(path, (LONG_AGO, LONG_AGO))
    return names


def main(folder: Path) -> None:
    """Measure one thing when told to."""
    from importlib import import_module

    import django
    from asgiref.sync import sync_to_async
    from django.conf import settings

    settings.configure(SIGNAL_PANEL={"MAX_SPANS": 200_000}, LOGGING_CONFIG=None)
    django.setup()
    from django.apps import AppConfig, apps
    from django.dispatch import Signal

    import signal_panel
    from signal_panel import tables
    from signal_panel.findings import find_all

    told = Signal()
    owner = ModuleType("benchmarked")
    owner.told = told  # type: ignore[attr-defined]
    sys.modules[owner.__name__] = owner

    def nothing() -> None:
        with signal_panel.record():
            pass

    def after_an_import(size: int, times: int) -> float:
        for name in _make_apps(folder, size, IMPORTS):
            import_module(f"{name}.signals")
        nothing()
        imported = iter(range(1 + times))

        def imports_first() -> None:
            sys.modules[f"imported_{next(imported)}"] = ModuleType("imported")
            nothing()

        return _best(imports_first, times)

    def hop(size: int, times: int) -> float:
        async def work() -> float:
            waiting = [asyncio.create_task(asyncio.sleep(1_000)) for _ in range(size)]
            took = []
            for _ in range(20 * times):
                start = perf_counter_ns()
                await sync_to_async(told.send)(None)
                took.append(perf_counter_ns() - start)
            for task in waiting:
                task.cancel()
            return min(took) / 1e6

        with signal_panel.record():
            return asyncio.run(work())

    def inside_another(size: int, times: int) -> float:
        def fails(**named: Any) -> None:
            raise LookupError

        logging.disable()
        told.connect(fails)
        with signal_panel.record():
            for _ in range(size):
                told.send_robust(None)
            return _best(nothing, times)

    def not_imported(size: int, times: int) -> float:
        for name in _make_apps(folder, size, CONNECTS):
            config = AppConfig(name, import_module(name))
            config.apps, config.models = apps, {}
            apps.app_configs[name] = config
        nothing()
        return _best(nothing, times)

    def connected_anew(size: int, times: int) -> float:
        recording = recording_of_receivers_connected_anew(size)
        return _best(lambda: find_all(signal_panel.Recording(recording.columns)), times)

    def listed(size: int, times: int) -> float:
        recording = recording_of_receivers_connected_anew(size)
        return _best(lambda: tables.connected(recording), times)

    def recording_of_receivers_connected_anew(size: int) -> signal_panel.Recording:
        def hears(**named: Any) -> None:
            pass

        for number in range(size - 1):
            told.connect(hears, weak=False, dispatch_uid=number)
        with signal_panel.record() as recording:
            told.connect(hears, weak=False, dispatch_uid=size)
            told.send(None)
        return recording

    questions = {
        f.__name__: f for f in (after_an_import, hop, inside_another, not_imported, connected_anew, listed)
    }
    answer(lambda question, *rest: questions[question](*rest))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
