"""The figures of each full run, a line for each part: kept with the project, to see whether they hold."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import groupby
from statistics import median
from typing import NamedTuple

import django

from benchmarks import machine
from benchmarks.figures import Figure, Result, Table, digits, spread
from benchmarks.remote import ROOT

FILE = ROOT / "benchmarks" / "history.jsonl"
SHOWN = 5


class Past(NamedTuple):
    """What a run of a part has found, and of what."""

    time: str
    """To the minute, in UTC."""
    machine: str
    python: str
    django: str
    commit: str
    part: str
    figures: Sequence[Figure]

    @property
    def occasion(self) -> tuple[str, str]:
        """The day and the machine, of which the last run counts."""
        return self.time.partition(" ")[0], self.machine

    @property
    def group(self) -> tuple[str, str]:
        """What runs must share to be compared: the part, and the Python but for its last number."""
        return self.part, self.python.rpartition(".")[0]

    def title(self, with_machine: bool) -> str:
        """When it was, of which commit, and if need be on what processor."""
        processor = self.machine.partition(",")[0] if with_machine else ""
        return ", ".join(filter(None, (self.time, self.commit, processor)))


def add(part: str, result: Result) -> None:
    """Write what a part has found to the file's end."""
    past = Past(
        time=f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M}",
        machine=machine.hardware(),
        python=platform.python_version(),
        django=django.get_version(),
        commit=machine.commit(),
        part=part,
        figures=[figure._replace(value=float(f"{figure.value:.6g}")) for figure in result.figures],
    )
    with FILE.open("a", encoding="utf-8") as file:
        file.write(json.dumps(past._asdict(), ensure_ascii=False) + "\n")


def kept() -> list[Past]:
    """All that is in the file."""
    if not FILE.exists():
        return []
    lines = map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
    return [Past(**{**line, "figures": [Figure(*one) for one in line["figures"]]}) for line in lines]


def tables(titles: dict[str, str]) -> list[Table]:
    """The last runs of each part on each Python, side by side, in the order of ``titles``."""
    return [
        _side_by_side(f"{titles[part]}, Python {python}", list(group)[-SHOWN:])
        for (part, python), group in groupby(_last_of_each_occasion(titles), key=lambda run: run.group)
    ]


def steadiness(titles: dict[str, str]) -> Table:
    """Whether ratios hold: of each part on each Python, on machines where it has run on several days."""
    runs = sorted(
        _last_of_each_occasion(titles), key=lambda run: (list(titles).index(run.part), run.group, run.machine)
    )
    rows = []
    for ((part, python), where), group in groupby(runs, key=lambda run: (run.group, run.machine)):
        days = list(group)[-SHOWN:]
        if held := _held(days):
            title = f"{titles[part]}, Python {python}, {where.partition(',')[0]}"
            rows.append([title, str(len(days)), *held])
    return Table(
        "Do the ratios hold from day to day?",
        ["", "days", "met in all runs, or in none", "largest of smallest, middle one", "at most"],
        rows,
    )


def _last_of_each_occasion(titles: dict[str, str]) -> list[Past]:
    """By part, in the order of ``titles``, then by Python, then by time."""
    latest = {(run.group, run.occasion): run for run in _by_time()}
    order = list(titles)
    return sorted(latest.values(), key=lambda run: (order.index(run.part), run.group, run.time))


def _held(runs: Sequence[Past]) -> list[str]:
    """Of the last run's ratios, how many are on one side of their target in all runs, and their spread."""
    found = [_of_each(runs, figure) for figure in runs[-1].figures if figure.unit == "×"]
    ratios = [each for each in found if len(each) > 1 and min(one.value for one in each) > 0]
    if not ratios:
        return []
    same = sum(len({one.is_met for one in each}) == 1 for each in ratios)
    spreads = [spread([one.value for one in each]) for each in ratios]
    return [f"{same} of {len(ratios)}", *(f"{digits(of(spreads))} ×" for of in (median, max))]


def elsewhere() -> list[Past]:
    """The last run of each part on each Python on each machine but this one."""
    here = machine.hardware()
    latest = {(run.group, run.machine): run for run in _by_time() if run.machine != here}
    return list(latest.values())


def _by_time() -> list[Past]:
    return sorted(kept(), key=lambda run: run.time)


def _of_each(runs: Sequence[Past], figure: Figure) -> list[Figure]:
    """The figure of the same name in each run that has it."""
    return [one for run in runs for one in run.figures if one.name == figure.name]


def _side_by_side(title: str, runs: Sequence[Past]) -> Table:
    rows = []
    for figure in runs[-1].figures:
        found = [next((one for one in run.figures if one.name == figure.name), None) for run in runs]
        there = [one for one in found if one]
        values = [one.value for one in there]
        rows.append(
            [
                figure.name,
                *(f"{digits(one.value)} {one.unit}" if one else "–" for one in found),
                f"{digits(spread(values))} ×" if len(values) > 1 and min(values) > 0 else "–",
                f"{sum(one.is_met for one in there)} of {len(there)}",
            ]
        )
    machines = {run.machine for run in runs}
    head = ["figure", *(run.title(with_machine=len(machines) > 1) for run in runs)]
    return Table(title, [*head, "largest of smallest", "target met"], rows, _what_of(runs))


def _what_of(runs: Sequence[Past]) -> str:
    """How different the runs are."""
    days = {run.occasion[0] for run in runs}
    machines = list(dict.fromkeys(run.machine for run in runs))
    versions = dict.fromkeys(f"Python {run.python}, Django {run.django}" for run in runs)
    counts = ((len(runs), "run"), (len(days), "day"), (len(machines), "machine"))
    run, day, kind = (f"{count} {word}{'s' * (count > 1)}" for count, word in counts)
    return f"{run} on {day} and {kind}: {'; '.join(machines)}. {'; '.join(versions)}."
