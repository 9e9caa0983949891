"""docs/performance.md: what the runs have found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks import history
from benchmarks.figures import Figure, Table
from benchmarks.remote import ROOT
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
HEAD = ["figure", "measured", "target", ""]


def write() -> Path:
    """Write the page from the last run of each part."""
    runs = {part: kept(part) for part in PARTS}
    sections = [
        "# What the panel costs",
        in_five_lines(runs),
        "All of this is measured by `make bench`, which writes this page. `make bench PART=recording` "
        "measures a part, `make bench PYTHON=python3.13` takes another Python. Most targets are ratios of "
        "what was measured in one run. Each is listed, met or not. Each part says how loaded the machine "
        "was: from one process for each of its processors on, times by the clock, which are those of the "
        "browser, say more of the load than of the panel. Ratios, too, differ from one make of processor to "
        "the next: [the last runs](performance.md#the-last-runs), side by side, show by how much.",
        _missed(runs),
        *(
            f"## {title}\n\n" + "\n".join(map(of_part, runs[part]))
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
        "The last full run of each part on each day on each machine, the newest last, at most "
        f"{history.SHOWN}: by time, in UTC, commit, and machine if there are several; one with a + had "
        "changes that were not committed. Where commits differ, so may what was measured. "
        "`benchmarks/history.jsonl` has all runs."
    )
    tables = [history.steadiness(PARTS), *history.tables(PARTS)]
    return "\n\n".join(["## The last runs", said, *(table.markdown() for table in tables if table.rows)])


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


def _missed(runs: dict[str, list[Run]]) -> str:
    measured = {(part, run.python): run.result.figures for part in runs for run in runs[part]}
    count = sum(map(len, measured.values()))
    rows = [_in_part(group, one) for group, figures in measured.items() for one in figures if not one.is_met]
    if not rows:
        said = ["## Targets", f"All {count} are met."]
    else:
        table = Table(f"{count - len(rows)} of {count} are met, these are not", HEAD, rows)
        said = ["## Targets that are missed", table.markdown()]
    met = {(group, one.name) for group, figures in measured.items() for one in figures if one.is_met}
    others = [
        [*_in_part(past.group, one), past.title(with_machine=True)]
        for past in history.elsewhere()
        for one in past.figures
        if (past.group, one.name) in met and not one.is_met
    ]
    if others:
        title = "Of what is met, this was missed in the last run on another machine"
        note = "Where the commit is another than above, so may be what was measured: the rows name it."
        said.append(Table(title, [*HEAD, "run"], others, note).markdown())
    return "\n\n".join(said)


def _in_part(group: tuple[str, str], figure: Figure) -> list[str]:
    """A figure's row in a table of several parts."""
    part, python = group
    return [f"{PARTS[part]}, Python {python}: {figure.name}", *figure.row[1:]]
