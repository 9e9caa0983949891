"""Chrome's Trace Event Format, as Perfetto and chrome://tracing read it."""

from __future__ import annotations

import json
from typing import Any

from signal_panel.exporters.slices import Kind, slices, track_name
from signal_panel.recording import IN_TRANSACTION, NOTHING, ON_COMMIT, Columns, Recording

PROCESS = 1
_PLACES = {"send": "sent from", "receiver": "defined at"}


def export(recording: Recording) -> str:
    """The recording as a trace: a complete event a slice, a thread a track; times in microseconds."""
    columns = recording.columns
    events = []
    # What slices of a kind have in common: to write it for each took three quarters of the time.
    texts: dict[tuple[int, int, int], tuple[Kind, str]] = {}
    tracks = 0
    for kind, span, start, end, track, _ in slices(recording):
        tracks = max(tracks, track + 1)
        flags = NOTHING if span == NOTHING else columns.within[span]
        key = id(kind), flags, columns.exceptions.get(span, NOTHING)
        if key not in texts:
            same = {"name": kind.name, "cat": kind.category, "args": _details(kind, span, columns)}
            texts[key] = kind, _encode(same)[1:]  # with the kind, which so keeps its id
        times = f'"ts":{start / 1000!r},"dur":{(end - start) / 1000!r}'
        events.append(f'{{"ph":"X","pid":{PROCESS},"tid":{track + 1},{times},{texts[key][1]}')
    other = {"recorder": "django-signal-panel", "started_at": recording.started_at}
    events[:0] = map(_encode, _names(tracks, columns))
    return f'{{"traceEvents":[{",".join(events)}],"displayTimeUnit":"ms","otherData":{_encode(other)}}}'


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _details(kind: Kind, span: int, columns: Columns) -> dict[str, Any]:
    details: dict[str, Any] = dict(kind.details)
    if kind.path is not None:
        details[_PLACES[kind.category]] = f"{kind.path}:{kind.line}"
    if span == NOTHING:
        return details
    if span in columns.exceptions:
        details["exception"] = columns.strings[columns.exceptions[span]]
    if columns.within[span] & IN_TRANSACTION:
        details["in transaction"] = True
    if columns.within[span] & ON_COMMIT:
        details["on commit"] = True
    return details


def _names(tracks: int, columns: Columns) -> list[dict[str, Any]]:
    def named(what: str, tid: int, **args: Any) -> dict[str, Any]:
        return {"ph": "M", "pid": PROCESS, "tid": tid, "name": what, "args": args}

    names = [named("process_name", 0, name="Django signals")]
    for track in range(tracks):
        tid = track + 1
        names += [
            named("thread_name", tid, name=track_name(track, columns)),
            named("thread_sort_index", tid, sort_index=tid),
        ]
    return names
