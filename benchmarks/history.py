"""The figures of each full run, a line for each part: kept with the project, to see whether they hold."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import groupby
from statistics import median
from typing import NamedTuple

import django

from benchmarks import machine
from benchmarks.figures import Figure, Result, Table, digits, spread
from benchmarks.remote import ROOT
from signal_panel import speedups

FILE = ROOT / "benchmarks" / "history.jsonl"
SHOWN = 5
ONE_OCCASION = timedelta(hours=12)


class Past(NamedTuple):
    """What a run of a part has found, and of what."""

    time: str
    """To the minute, in UTC."""
    machine: str
    python: str
    django: str
    commit: str
    with_c: bool
    """Whether the panel had its C: else it is another thing that is measured."""
    part: str
    figures: Sequence[Figure]

    @property
    def at(self) -> datetime:
        """When it was."""
        return datetime.fromisoformat(self.time)

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
        with_c=speedups.IS_COMPILED,
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


def tables(titles: Mapping[str, str]) -> list[Table]:
    """The last runs of each part on each Python, side by side, in the order of ``titles``."""
    return [
        _side_by_side(_title(titles, group), occasions[-SHOWN:])
        for group, occasions in _occasions(titles).items()
        if len(occasions) > 1
    ]


def alone(titles: Mapping[str, str]) -> str:
    """What was measured on one occasion only, with C and without, a sentence each."""
    said = []
    for with_c in (True, False):
        found = [
            _title(titles, group)
            for group, occasions in _occasions(titles).items()
            if len(occasions) == 1 and occasions[0][-1].with_c is with_c
        ]
        if found:
            how = "with C" if with_c else "without C"
            said.append(f"Measured {how} on one day and one machine so far: {'; '.join(found)}.")
    return " ".join(said)


def steadiness(titles: Mapping[str, str]) -> Table:
    """Whether ratios hold: of each part on each Python, on machines where it has run on several days."""
    rows = []
    for group, occasions in _occasions(titles).items():
        by_machine = sorted((runs[-1] for runs in occasions), key=lambda run: run.machine)
        for where, on_it in groupby(by_machine, key=lambda run: run.machine):
            days = list(on_it)[-SHOWN:]
            if held := _held(days):
                title = f"{_title(titles, group)}, {where.partition(',')[0]}"
                rows.append([title, str(len(days)), *held])
    return Table(
        "Do the ratios hold from day to day?",
        [
            "",
            "days",
            "targets with the same outcome in every run",
            "median of largest ÷ smallest",
            "largest of them",
        ],
        rows,
        "Largest ÷ smallest is told of ratios that were more than nothing in every run.",
    )


def _title(titles: Mapping[str, str], group: tuple[str, str]) -> str:
    part, python = group
    return f"{titles[part]}, Python {python}"


def _occasions(titles: Mapping[str, str]) -> dict[tuple[str, str], list[list[Past]]]:
    """By part, in the order of ``titles``, and Python: the runs of each occasion, by time.

    Only runs of what the last one has measured, with C or without. Those of one day on one machine are one
    occasion, and so are those within ``ONE_OCCASION``. The last of them stands for it.
    """
    runs = _by_time()
    of_last = {run.group: run.with_c for run in runs}
    found: dict[tuple[str, str], list[list[Past]]] = {}
    for run in runs:
        if run.with_c is not of_last[run.group]:
            continue
        occasions = found.setdefault(run.group, [])
        same = next((each for each in reversed(occasions) if each[-1].machine == run.machine), [])
        if same and (run.at.date() == same[-1].at.date() or run.at - same[-1].at < ONE_OCCASION):
            occasions.remove(same)
            occasions.append([*same, run])
        else:
            occasions.append([run])
    order = list(titles)
    return dict(sorted(found.items(), key=lambda item: (order.index(item[0][0]), item[0])))


def _held(runs: Sequence[Past]) -> list[str]:
    """Of the last run's ratios, how many are on one side of their target in all runs, and their spread."""
    found = [_of_each(runs, figure) for figure in runs[-1].figures if figure.unit == "×"]
    ratios = [each for each in found if len(each) > 1]
    if not ratios:
        return []
    same = sum(len({one.is_met for one in each}) == 1 for each in ratios)
    spreads = [_spread([one.value for one in each]) for each in ratios]
    told = [spread for spread in spreads if spread is not None]
    shown = [f"{digits(of(told))} ×" for of in (median, max)] if told else ["–", "–"]
    return [f"{same} of {len(ratios)}", *shown]


def elsewhere(kinds: Mapping[tuple[str, str], bool]) -> list[Past]:
    """The last run of each part on each Python on each machine but this one.

    With C or without, as ``kinds`` says of here; where there is none such, the last of the other kind.
    """
    here = machine.hardware()
    runs = [run for run in _by_time() if run.group in kinds and run.machine != here]
    runs.sort(key=lambda run: run.with_c is kinds[run.group])
    return list({(run.group, run.machine): run for run in runs}.values())


def _by_time() -> list[Past]:
    return sorted(kept(), key=lambda run: run.time)


def _of_each(runs: Sequence[Past], figure: Figure) -> list[Figure]:
    """The figure of the same name in each run that has it."""
    return [one for run in runs for one in run.figures if one.name == figure.name]


def _spread(values: Sequence[float]) -> float | None:
    """How many times the smallest the largest is, where that tells anything."""
    return spread(values) if len(values) > 1 and min(values) > 0 else None


def _side_by_side(title: str, occasions: Sequence[Sequence[Past]]) -> Table:
    runs = [of_occasion[-1] for of_occasion in occasions]
    rows = []
    for figure in runs[-1].figures:
        found = [next((one for one in run.figures if one.name == figure.name), None) for run in runs]
        there = [one for one in found if one]
        apart = _spread([one.value for one in there])
        rows.append(
            [
                figure.name,
                *(f"{digits(one.value)} {one.unit}" if one else "–" for one in found),
                f"{digits(apart)} ×" if apart else "–",
                f"{sum(one.is_met for one in there)} of {len(there)}",
            ]
        )
    machines = {run.machine for run in runs}
    head = ["figure", *(run.title(with_machine=len(machines) > 1) for run in runs)]
    return Table(
        title,
        [*head, "largest ÷ smallest", "target met"],
        rows,
        f"{_what_of(runs)}{_missed_before(occasions)}",
    )


def _what_of(runs: Sequence[Past]) -> str:
    """How different the runs are."""
    days = {run.at.date() for run in runs}
    machines = list(dict.fromkeys(run.machine for run in runs))
    versions = dict.fromkeys(f"Python {run.python}, Django {run.django}" for run in runs)
    counts = ((len(runs), "run"), (len(days), "day"), (len(machines), "machine"))
    run, day, kind = (f"{count} {word}{'s' * (count > 1)}" for count, word in counts)
    return f"{run} on {day} and {kind}: {'; '.join(machines)}. {'; '.join(versions)}."


def _missed_before(occasions: Sequence[Sequence[Past]]) -> str:
    """What was missed by runs that others of the same occasion came after."""
    missed = [
        f"{figure.name}, {digits(figure.value)} {figure.unit} ({run.title(with_machine=False)})"
        for runs in occasions
        for run in runs[:-1]
        for figure in run.figures
        if not figure.is_met
    ]
    if not missed:
        return ""
    return f" Missed by runs that another of the same occasion came after: {'; '.join(missed)}."
