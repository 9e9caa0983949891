"""A recording as files that other programs open, and ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from signal_panel.exporters.chrome_trace import export as chrome_trace
from signal_panel.exporters.speedscope import export as speedscope
from signal_panel.recording import Recording


@dataclass(frozen=True)
class Format:
    """One kind of file: what it is called, how its name ends, and what makes its text of a recording."""

    title: str
    suffix: str
    export: Callable[[Recording], str]


FORMATS = {
    "chrome": Format("Chrome trace", ".trace.json", chrome_trace),
    "speedscope": Format("speedscope", ".speedscope.json", speedscope),
    "json": Format("JSON", ".signals.json", Recording.to_json),
}
