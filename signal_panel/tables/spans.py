"""The spans one by one, as the timeline has them."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from signal_panel.recording import ReceiverCall, Recording, Send


class SpanRow(NamedTuple):
    """A span; ``method`` and ``sender`` are None of receiver calls."""

    depth: int
    name: str
    sender: str | None
    method: str | None
    is_async: bool
    path: str | None
    line: int | None
    start_ns: int
    duration_ns: int
    self_ns: int
    exception: str | None


def spans(recording: Recording, limit: int) -> list[SpanRow]:
    """The first spans, by start."""
    columns = recording.columns
    return [
        _row(columns.depth(index), Send(columns, index) if kind >= 0 else ReceiverCall(columns, index))
        for index, kind in enumerate(islice(columns.kind, limit))
    ]


def _row(depth: int, span: Send | ReceiverCall) -> SpanRow:
    times = span.start_ns, span.duration_ns, span.self_ns
    if isinstance(span, ReceiverCall):
        definition = span.path, span.line
        return SpanRow(depth, span.receiver, None, None, span.is_async, *definition, *times, span.exception)
    path, line, _function = span.site or (None, None, None)
    return SpanRow(depth, span.signal, span.sender, span.method, False, path, line, *times, span.exception)
