"""docs/performance.md: what the runs have found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import history, without_c
from benchmarks.figures import Figure, Table, digits
from benchmarks.history import Past
from benchmarks.machine import WITH_C, WITHOUT_C
from benchmarks.remote import ROOT
from benchmarks.requests.part import ADDED_PERCENT, in_all
from benchmarks.runs import Run, kept
from benchmarks.summary import in_five_lines

PAGE = ROOT / "docs" / "performance.md"
TRIED = ROOT / "benchmarks" / "tried.md"
PARTS = {
    "recording": "Recording",
    "sql": "Queries",
    "memory": "Memory",
    "requests": "Whole requests",
    "browser": "In the browser",
}
WORDS = {
    "recording": [
        "“Bare Django” is Django without the panel and without any other tool. “The floor” is the least that "
        "wrappers in Python can do: they read the clock twice and append to a list for each send and each "
        "receiver, and know neither lines nor nesting. “Idle” is this panel, installed and used before, "
        "while nothing is recorded. Sentry wraps no async receiver, and Kaleidoscope no receiver at all. For "
        "`asend` the panel has no target."
    ]
}
"""What somebody has to know to read the part's tables."""
HEAD = ["figure", "measured", "target", ""]

Group = tuple[str, str]
"""A part and a Python."""


def write() -> Path:
    """Write the page from the last run of each part."""
    runs = {part: kept(part) for part in PARTS}
    sections = [
        "# What the panel costs",
        in_five_lines(runs),
        "All of this is measured by `make bench`, which writes this page, and for another Python by "
        '`make bench PART="recording sql memory" PYTHON=python3.13`. Most targets are ratios of '
        "what was measured in one run. Each is listed, met or not. Each part says how loaded the machine "
        "was. If the load is as high as the number of processors, clock times, which are those of the "
        "browser, tell more about the load than about the panel. Ratios, too, differ from one make of "
        "processor to the next.",
        *_targets_of_all(runs),
        *(
            "\n\n".join([f"## {title}", *WORDS.get(part, ()), "\n".join(map(of_part, runs[part]))])
            for part, title in PARTS.items()
            if runs[part]
        ),
        _last_runs(),
        "## What was tried\n\n" + TRIED.read_text().strip(),
    ]
    PAGE.write_text("\n\n".join(section.strip() for section in sections) + "\n")
    return PAGE


def _last_runs() -> str:
    said = (
        "The last full run of each part on each occasion on each machine, the newest last, at most "
        f"{history.SHOWN}: by time, in UTC, commit, and machine if there are several; one with a + had "
        "changes that were not committed. An occasion is a day, or runs less than 12 hours apart. All are of "
        "the panel with its C, or without, as the last one is. Where commits differ, so may what was "
        "measured. `benchmarks/history.jsonl` has all runs."
    )
    tables = [history.steadiness(PARTS), *history.tables(PARTS)]
    told = [history.alone(PARTS), *(table.markdown() for table in tables if table.rows)]
    return "\n\n".join(["## The last runs", said, *filter(None, told)])


def of_part(run: Run) -> str:
    """A part's targets and tables."""
    before, after = run.load
    missed = any(not figure.is_met for figure in run.result.figures)
    tables = [*run.result.tables, *(run.result.profiles if missed else ())]
    return "\n".join(
        [
            f"### {PARTS[run.part]}, Python {run.python}\n",
            f"{run.where} Load of the machine, this run included: {before:.1f} before, {after:.1f} after.\n",
            _targets(run.result.figures).markdown(),
            *(table.markdown() for table in tables),
        ]
    )


def _targets(figures: Sequence[Figure]) -> Table:
    return Table("Targets", HEAD, [figure.row for figure in figures])


def _targets_of_all(runs: dict[str, list[Run]]) -> list[str]:
    """How many targets are met and which are not: in this run, without C, and on other machines."""
    every = [run for part in runs for run in runs[part]]
    figures = [(run.group, figure) for run in every for figure in run.result.figures]
    missed = [one for one in figures if not one[1].is_met]
    kinds = _kinds(every)
    if missed:
        title = f"{len(figures) - len(missed)} of {len(figures)} are met by the panel {kinds}, these are not"
        said = ["## Targets that are missed", _of_parts(title, missed).markdown()]
    else:
        said = ["## Targets", f"All {len(figures)} are met by the panel {kinds}."]
    return [*said, *_in_all(runs["requests"]), *_without_c(every), *_elsewhere(every)]


def _kinds(runs: Iterable[Run | Past]) -> str:
    return " or ".join(sorted({WITH_C if run.with_c else WITHOUT_C for run in runs}))


def _of_parts(title: str, figures: Sequence[tuple[Group, Figure]], note: str = "") -> Table:
    return Table(title, HEAD, [_in_part(*one) for one in figures], note)


def _in_all(runs: Sequence[Run]) -> list[str]:
    """What the targets of whole requests leave out."""
    if not runs:
        return []
    percents = " and ".join(f"{digits(added.percent)} %" for added in in_all(runs[0].result.tables[0]))
    said = (
        f"The {ADDED_PERCENT} % of an order and an import are of what they take with the toolbar alone, in "
        "which an order also waits for a mail server, and are held against what is added until the response "
        f"is there. In all, with what the server does after it, the panel adds {percents}."
    )
    before = [one for past in history.kept() for one in past.figures if one.name.endswith(", in all")]
    if before:
        times = sum(not one.is_met for one in before)
        said += f" In earlier runs that had the same target, which was missed {times} of {len(before)} times."
    return [said]


def _without_c(every: Sequence[Run]) -> list[str]:
    figures = [(run.group, one) for run in every if run.with_c for one in without_c.figures(run)]
    if not figures:
        return []
    missed = [one for one in figures if not one[1].is_met]
    title = f"Without C {len(figures) - len(missed)} of {len(figures)} are met, these are not"
    note = (
        "Where nothing of the panel could be compiled. From the tables below, so with as many digits as they "
        "show. The other targets were measured with C only."
    )
    if not missed:
        return [f"Without C all {len(figures)} are met that were measured so."]
    return [_of_parts(title, missed, note).markdown()]


def _elsewhere(every: Sequence[Run]) -> list[str]:
    """What is met here, and was missed on other machines."""
    kinds = {run.group: run.with_c for run in every}
    met = {(run.group, one.name) for run in every for one in run.result.figures if one.is_met}
    found = history.elsewhere(kinds)
    rows = [
        [*_in_part(past.group, one), past.title(with_machine=True)]
        for past in found
        if past.with_c is kinds[past.group]
        for one in past.figures
        if (past.group, one.name) in met and not one.is_met
    ]
    said = []
    if rows:
        title = "Of what is met, this was missed in the last run on another machine"
        note = "Where the commit is another than above, so may be what was measured: the rows name it."
        said.append(Table(title, [*HEAD, "run"], rows, note).markdown())
    others = [past for past in found if past.with_c is not kinds[past.group]]
    for where in dict.fromkeys(past.machine for past in others):
        on_it = [past for past in others if past.machine == where]
        figures = [one for past in on_it for one in past.figures]
        missed = sum(not one.is_met for one in figures)
        said.append(
            f"On another machine ({where}) the panel was only measured {_kinds(on_it)} so far: the last runs "
            f"there missed {missed} of {len(figures)} targets."
        )
    return said


def _in_part(group: Group, figure: Figure) -> list[str]:
    """A figure's row in a table of several parts."""
    part, python = group
    return [f"{PARTS[part]}, Python {python}: {figure.name}", *figure.row[1:]]
