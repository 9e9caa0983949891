"""Where the browser's time goes: by what each thread does, and by the panel's functions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from benchmarks.figures import Table, digits

CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "cc", "viz"]
MAIN = "CrRendererMain"
STAGES = {
    "RunTask": "the rest of the page's thread",
    **dict.fromkeys(
        [
            "BlinkScheduler_PerformMicrotaskCheckpoint",
            "EventDispatch",
            "EvaluateScript",
            "FireAnimationFrame",
            "FunctionCall",
            "TimerFire",
            "v8.evaluateModule",
        ],
        "scripts",
    ),
    "v8.compileModule": "compiling scripts",
    "MinorGC": "collecting garbage",
    "MajorGC": "collecting garbage",
    "ParseHTML": "reading HTML and styles",
    "ParseAuthorStyleSheet": "reading HTML and styles",
    "UpdateLayoutTree": "styles and layout",
    "Layout": "styles and layout",
    "PrePaint": "painting",
    "Paint": "painting",
    "Layerize": "painting",
    "LayerTreeHost::DoUpdateLayers": "canvases: from calls to pixels",
    "ProxyMain::BeginMainFrame::commit": "waiting for the compositor's thread",
}
"""What the page's own thread does, by the browser's name of it: the innermost counts."""
BESIDE = {
    "RasterTask": "beside it: all else, to pixels",
    "DirectRenderer::DrawFrame": "beside it: putting the window together",
}
"""What other threads do meanwhile."""
ORDER = list(dict.fromkeys([*STAGES.values(), *BESIDE.values()]))
INTERVAL = 200  # microseconds between two looks at what runs

Act = Callable[[], int]
"""Does something, and answers how many times."""


class Profile(NamedTuple):
    """Where the time goes, in milliseconds of each time that it was done."""

    stages: dict[str, float]
    functions: dict[tuple[str, str], float]
    """By name, and file and line."""


def stages_of(page: Any, act: Act) -> dict[str, float]:
    """What the browser does meanwhile."""
    browser = page.context.browser
    browser.start_tracing(page=page, categories=CATEGORIES)
    times = act()
    found = by_stage(json.loads(browser.stop_tracing())["traceEvents"])
    return {stage: took / times for stage, took in found.items()}


def functions_of(page: Any, act: Act) -> dict[tuple[str, str], float]:
    """Which functions run meanwhile."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": INTERVAL})
    session.send("Profiler.start")
    times = act()
    found = by_function(session.send("Profiler.stop")["profile"])
    session.detach()
    return {function: took / times for function, took in found.items()}


def by_stage(events: Sequence[dict[str, Any]]) -> Counter[str]:
    """Milliseconds of each stage, of a trace in Chromium's format: its times are in microseconds."""
    threads = {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in events
        if event.get("name") == "thread_name"
    }
    whole = [event for event in events if event.get("ph") == "X"]
    took: Counter[str] = Counter()
    for event in whole:
        if stage := BESIDE.get(event["name"]):
            took[stage] += event.get("dur", 0) / 1000
    main = (event for event in whole if threads.get((event["pid"], event["tid"])) == MAIN)
    took.update(_innermost(event for event in main if event["name"] in STAGES))
    return took


def _innermost(events: Iterable[dict[str, Any]]) -> Counter[str]:
    """Milliseconds of each stage, each without what is inside it."""
    took: Counter[str] = Counter()
    around: list[tuple[float, str]] = []  # the end and the stage of each that is not over
    for event in sorted(events, key=lambda event: (event["ts"], -event.get("dur", 0))):
        start, duration, stage = event["ts"], event.get("dur", 0), STAGES[event["name"]]
        while around and around[-1][0] <= start:
            around.pop()
        if around:
            took[around[-1][1]] -= duration / 1000
        took[stage] += duration / 1000
        around.append((start + duration, stage))
    return took


def by_function(profile: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Milliseconds of each function itself, of a profile as V8 makes it."""
    frames = {node["id"]: node["callFrame"] for node in profile["nodes"]}
    took: Counter[tuple[str, str]] = Counter()
    for node, passed in zip(profile["samples"], profile["timeDeltas"], strict=True):
        frame = frames[node]
        if not frame["functionName"].startswith("("):  # "(idle)", "(program)": no function
            file = frame["url"].rpartition("/")[2].partition("?")[0]
            place = f"{file}:{frame['lineNumber'] + 1}" if file else "the browser"
            took[frame["functionName"] or "(no name)", place] += passed / 1000
    return took


def tables(profiles: dict[str, Profile], rows: int = 14) -> list[Table]:
    """The profiles side by side: stages, and the functions that take most of any."""
    names = [*profiles]
    stages = [
        [stage, *(digits(of.stages.get(stage, 0)) for of in profiles.values())]
        for stage in ORDER
        if any(of.stages.get(stage) for of in profiles.values())
    ]
    shares: Counter[tuple[str, str]] = Counter()
    for of in profiles.values():
        total = sum(of.functions.values()) or 1
        for function, took in of.functions.items():
            shares[function] = max(shares[function], took / total)
    functions = [
        [f"`{name}`", place, *(digits(of.functions.get((name, place), 0)) for of in profiles.values())]
        for (name, place), _ in shares.most_common(rows)
    ]
    return [
        Table(
            "Where the browser's time goes, ms",
            ["", *names],
            stages,
            "Looked at once more, with the browser noting all that it does, so that all takes longer than "
            "above. What is beside the page's thread takes turns with it where processors are few.",
        ),
        Table(
            "Where the scripts' time goes, ms",
            ["function", "line", *names],
            functions,
            f"What runs is looked at every {INTERVAL} µs. A function of the browser's own stands for itself.",
        ),
    ]
