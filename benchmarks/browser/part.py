"""The part ``browser`` of a run: the real panel, and other ways to draw the same spans."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.bookshop import seeded
from benchmarks.browser.chromium import chromium, fresh_page, memory, visitor
from benchmarks.browser.profiling import Profile, functions_of, stages_of, tables
from benchmarks.browser.server import served
from benchmarks.effort import Effort
from benchmarks.figures import Figure, Result, Table, digits, percentile
from benchmarks.peers import Entry

HERE = Path(__file__).parent
FLAME_CHART = HERE.parent / "node_modules" / "flame-chart-js" / "dist" / "index.min.js"
SCRIPTS = [HERE / "timing.js", *([FLAME_CHART] if FLAME_CHART.exists() else [])]

OURS = "this panel"
PEERS = {
    "nothing": "nothing drawn",
    "svg": "SVG, a `rect` each",
    "dom": "DOM, a `div` each",
    "flame": "flame-chart-js",
}
SIZES = [1_000, 10_000, 100_000, 1_000_000]
MOST = {"svg": 100_000, "dom": 100_000, "flame": 1_000_000}
"""The most spans that each is tried with: more takes them minutes, or all memory."""
STEPS = 60
WALK_MS = 10_000
WORDS = "check_place"

OPENED_MS = {100_000: 500, 1_000_000: 1200}
MEDIAN_MS = {100_000: 8, 1_000_000: 10}
P95_MS = {100_000: 17}
SEARCH_MS = 100


class Seen(NamedTuple):
    """What one way of drawing takes with one number of spans."""

    opened_ms: float
    steps_ms: list[float]
    """Of all walks."""
    walks: int
    memory_mb: float
    opened_with_rows_ms: float = 0.0
    searched_ms: float = 0.0
    searched_with_rows_ms: float = 0.0
    html_ms: float = 0.0
    """Of what opening takes: until the panel's HTML is there, which the server makes."""
    spans_ms: float = 0.0
    """Of what opening takes: until the spans are there."""


def run(effort: Effort, available: Sequence[Entry]) -> Result:
    """Measure the panel and its peers with each number of spans."""
    sizes = [size for size in SIZES if not effort.is_quick or size <= 10_000]
    seen: dict[tuple[str, int], Seen] = {}
    profiles: dict[str, Profile] = {}
    with seeded() as folder, served(folder) as address, chromium() as browser:
        version = browser.version
        for size in sizes:
            request = _request_id(f"{address}spans/{size}/")
            times = effort.of(8 if size <= 100_000 else 5, quick=1)
            for way in (OURS, *PEERS):
                if size > MOST.get(way, size) or (way == "flame" and not FLAME_CHART.exists()):
                    continue
                print(f"{way}, {size:,} spans", flush=True)
                try:
                    seen[way, size] = _seen(browser, f"{address}quiet/", way, request, times)
                except Exception as failure:  # a tab that crashed, or took too long
                    if way == OURS:
                        raise
                    print(f"gave up: {str(failure).splitlines()[0]}", flush=True)
            if size in OPENED_MS:
                profiles |= _profiles(browser, f"{address}quiet/", request, size)
    return Result(
        _figures(seen, sizes),
        [_table(seen, sizes, version)],
        [_opening(seen, sizes), *(tables(profiles) if profiles else ())],
    )


def _request_id(address: str) -> str:
    with urllib.request.urlopen(address) as response:
        found = re.search(r'data-request-id="(\w+)"', response.read().decode())
    assert found is not None
    return found[1]


def _profiles(browser: Any, address: str, request: str, size: int) -> dict[str, Profile]:
    """Where the time of what has a target goes."""
    acts = {
        "opening": lambda page: bool(page.evaluate("id => timing.openOurs(id)", request)),
        "a step": lambda page: len(page.evaluate("ms => timing.walk(ms)", WALK_MS)),
        "a search": lambda page: bool(page.evaluate("words => timing.search(words)", WORDS)),
    }
    found = []
    with visitor(browser) as context:
        with fresh_page(context, address, *SCRIPTS) as page:
            acts["opening"](page)  # with the panel's scripts in the browser's cache from now on
        for look in (stages_of, functions_of):
            with fresh_page(context, address, *SCRIPTS) as page:
                looked = {}
                for name, act in acts.items():
                    looked[name] = look(page, partial(act, page))
                    page.evaluate("() => timing.settled()")
                found.append(looked)
    stages, functions = found
    return {f"{name}, {size:,} spans": Profile(stages[name], functions[name]) for name in acts}


def _seen(browser: Any, address: str, way: str, request: str, times: int) -> Seen:
    opened, walks, searched, taken = [], [], [], []
    with visitor(browser) as context:
        for _ in range(times):
            with fresh_page(context, address, *SCRIPTS) as page:
                before = memory(page)
                if way == OURS:
                    opened.append(page.evaluate("id => timing.openOurs(id)", request))
                    page.evaluate("() => timing.settled()")
                else:
                    opened.append(
                        {"took": page.evaluate("([way, id]) => timing.openPeer(way, id)", [way, request])}
                    )
                taken.append(memory(page) - before)
                walks.append(page.evaluate("ms => timing.walk(ms)", WALK_MS / times))
                if way == OURS:
                    found = page.evaluate("words => timing.search(words)", WORDS)
                    assert found["matches"] > 0
                    assert f"{found['matches']:,}" in found["listed"]
                    searched.append(found)
    took = itemgetter("took")
    best = min(opened, key=took)
    search = min(searched, key=took, default={"took": 0.0})
    return Seen(
        best["took"],
        [step for walk in walks for step in walk],
        len(walks),
        min(taken),
        best.get("withRows", 0.0),
        search["took"],
        search.get("withRows", 0.0),
        best.get("html", 0.0),
        best.get("spans", 0.0),
    )


def _figures(seen: dict[tuple[str, int], Seen], sizes: Sequence[int]) -> list[Figure]:
    figures = []
    for size in sizes:
        ours = seen[OURS, size]
        measured = (
            (f"click to painted, {size:,} spans", ours.opened_ms, OPENED_MS.get(size)),
            (f"median step, {size:,} spans", median(ours.steps_ms), MEDIAN_MS.get(size)),
            (f"p95 of steps, {size:,} spans", percentile(ours.steps_ms, 95), P95_MS.get(size)),
            (f"search, {size:,} spans", ours.searched_ms, SEARCH_MS if size == 1_000_000 else None),
        )
        figures += [Figure(name, value, target, "ms") for name, value, target in measured if target]
    return figures


def _opening(seen: dict[tuple[str, int], Seen], sizes: Sequence[int]) -> Table:
    rows = []
    for size in sizes:
        ours = seen[OURS, size]
        scripts = ours.opened_ms - ours.html_ms - ours.spans_ms
        rows.append([f"{size:,}", *map(digits, (ours.opened_ms, ours.html_ms, ours.spans_ms, scripts))])
    return Table(
        "From click to painted: where the time goes, ms",
        ["spans", "all", "the server's HTML of the panel", "the server's spans", "scripts"],
        rows,
    )


def _table(seen: dict[tuple[str, int], Seen], sizes: Sequence[int], version: str) -> Table:
    rows = []
    for size in sizes:
        for way in (OURS, *PEERS):
            found = seen.get((way, size))
            if found is None:
                rows.append([f"{size:,}", PEERS[way], *["not tried, or gave up"] * 3, *[""] * 4])
                continue
            made, all_steps = len(found.steps_ms), STEPS * found.walks
            steps = "" if made == all_steps else f" ({made} of {all_steps} steps)"
            only_ours = found.searched_ms, found.opened_with_rows_ms, found.searched_with_rows_ms
            rows.append(
                [
                    f"{size:,}",
                    PEERS.get(way, way),
                    digits(found.opened_ms),
                    digits(median(found.steps_ms)) + steps,
                    digits(percentile(found.steps_ms, 95)),
                    digits(found.memory_mb),
                    *(digits(ms) if ms else "" for ms in only_ours),
                ]
            )
    return Table(
        "The same spans, drawn by others",
        [
            "spans",
            "",
            "click to painted, ms",
            "median step, ms",
            "p95, ms",
            "memory, MB",
            "search, ms",
            "click, with the table's rows, ms",
            "search, with the table's rows, ms",
        ],
        rows,
        f"Headless Chromium {version} without a graphics card, 1280 × 900. A step of zooming or panning is "
        "made at the beginning of a frame, and is over at the beginning of the second one after it: what it "
        "draws, at once as SVG and DOM or in the next frame as the other two, is painted then. Meanwhile a "
        "spot changes in each frame, so that none waits for a screen. “Nothing drawn” changes nothing in its "
        f"steps: two empty frames. Median and p95 are of all steps of several walks, {STEPS} each unless "
        "broken off; of several clicks, searches and figures of memory the least counts, with the panel's "
        "scripts in the browser's cache. A search is over when its matches are counted and painted on the "
        "timeline. The table's rows, a hundred whatever the number of spans, come in the frame after, as "
        "they do when the panel is opened. Steps begin when the findings are there, too, which the server "
        "looks for meanwhile. The others draw bars alone: no overview, no ruler, no table of spans, and but "
        "for flame-chart-js no labels. All fetch and decode the same recording.",
    )
