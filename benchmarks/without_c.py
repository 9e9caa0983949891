"""The targets where nothing of the panel is compiled, as far as that is measured."""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.peers import OURS_WITHOUT_C
from benchmarks.recording.part import beside_others, times_in
from benchmarks.requests.part import SCENES, Added, until_there
from benchmarks.runs import Run


def figures(run: Run) -> list[Figure]:
    """From a run's first table, so with as many digits as that shows."""
    tables = run.result.tables
    if run.part == "recording":
        return beside_others(times_in(tables[0]), OURS_WITHOUT_C)
    if run.part == "sql":
        (query,) = run.result.figures
        (added,) = tables[0].column(OURS_WITHOUT_C.title)
        return [query._replace(value=float(added))]
    if run.part == "requests":
        cells = zip(SCENES.values(), tables[0].column("without C"), strict=True)
        return [until_there(scene, Added.shown(cell).percent) for scene, cell in cells if scene.has_target]
    return []
