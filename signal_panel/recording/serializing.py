"""The columns of a recording as JSON, both ways. docs/how-it-works.md describes the format."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable
from itertools import accumulate, chain, compress, count
from operator import ne, sub
from typing import Any

from signal_panel.batches import batches
from signal_panel.overflow import Overflow
from signal_panel.recording.columns import (
    NOTHING,
    Columns,
    ConnectionKind,
    HandlersKind,
    Phase,
    ReceiverKind,
    SendKind,
    Statement,
)

FORMAT_VERSION = 1


def to_json(columns: Columns) -> str:
    """The text that ``from_json`` reads back to equal columns."""
    shapes, shape = _shapes(columns.parent, columns.kind)
    text = _encode(
        {
            "version": FORMAT_VERSION,
            "epoch": columns.epoch,
            "duration": columns.duration,
            "strings": columns.strings,
            "sends": columns.sends,
            "receivers": columns.receivers,
            "phases": columns.phases,
            "shapes": shapes,
            "exceptions": list(columns.exceptions.items()),
            "busy": list(columns.busy.items()),
            "hops": list(columns.hops.items()),
            "within": _changes(columns.within),
            "again": list(columns.again.items()),
            "skipped": list(columns.skipped.items()),
            "statements": columns.statements,
            "signals": columns.signals,
            "connections": columns.connections,
            "unimported": columns.unimported,
            "overflow": columns.overflow,
        }
    )
    queries = (
        _differences(columns.query_start),
        columns.query_time,
        columns.query_span,
        columns.query_statement,
        _backwards(columns.query_repeats),
    )
    # Of a large recording nearly all is here, which json would take twice as long for.
    long = {
        "start": _numbers(_differences(columns.start)),
        "time": _numbers(columns.time),
        "shape": _numbers(shape),
        "queries": f"[{','.join(map(_numbers, queries))}]",
    }
    return "".join([text[:-1], *(f',"{name}":{column}' for name, column in long.items()), "}"])


def from_json(text: str) -> Columns:
    """The columns that ``to_json`` wrote.

    Raises ``ValueError`` where the text is not JSON, not a recording, or one of another version.
    """
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError("This JSON is not a recording: it nests too deeply.") from error
    if not isinstance(data, dict) or "version" not in data:
        raise ValueError("This JSON is not a recording: it has no 'version'.")
    if data["version"] != FORMAT_VERSION:
        raise ValueError(
            f"This recording has format version {data['version']!r}; "
            f"this signal_panel reads version {FORMAT_VERSION}."
        )
    try:
        return _columns_from(data)
    except (KeyError, IndexError, TypeError, OverflowError) as error:
        raise ValueError(f"This JSON is not a whole recording: {error!r}.") from error


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _numbers(column: Iterable[int]) -> str:
    # repr(column).replace(" ", "") would take half as long again.
    texts = (",".join(["%d"] * len(part)) % tuple(part) for part in batches(column))
    return f"[{','.join(texts)}]"


def _differences(column: array[int]) -> Iterable[int]:
    return map(sub, column, chain([0], column))


def _backwards(column: array[int]) -> list[int]:
    return [0 if other == NOTHING else place - other for place, other in enumerate(column)]


def _forwards(column: list[int]) -> array[int]:
    return array("q", (place - back if back else NOTHING for place, back in enumerate(column)))


def _shapes(parents: array[int], kinds: array[int]) -> tuple[list[tuple[int, int]], list[int]]:
    """The distinct pairs of a kind and where the parent is, and for each span which of them it has.

    The parent is so many levels above the span before; where it is not above that, as with async receivers
    that run side by side, it is so many spans back, below zero. So there are few pairs, and a span takes two
    characters in place of five.
    """
    shapes = _Numbers()
    column = [*map(shapes.__getitem__, zip(kinds, _ways_up(parents.tolist()), strict=True))]
    return list(shapes), column


def _ways_up(parents: list[int]) -> list[int]:
    ways = []
    for span, parent in enumerate(parents):
        above, levels = span - 1, 0
        while above > parent:
            above = parents[above]
            levels += 1
        ways.append(levels if above == parent else parent - span)
    return ways


class _Numbers(dict[tuple[int, int], int]):
    """Numbers for what is asked for, by when it first was."""

    def __missing__(self, key: tuple[int, int]) -> int:
        self[key] = number = len(self)
        return number


def _of_shapes(shapes: list[tuple[int, int]], column: list[int]) -> tuple[array[int], array[int]]:
    """The parents and the kinds."""
    parents: list[int] = []
    for span, number in enumerate(column):
        _, levels = shapes[number]
        parent = span - 1 if levels >= 0 else span + levels
        while levels > 0 and parent != NOTHING:
            parent = parents[parent]
            levels -= 1
        parents.append(parent)
    return array("q", parents), array("q", [shapes[number][0] for number in column])


def _changes(flags: array[int]) -> list[tuple[int, int]]:
    # Most spans have the flags of the one before.
    now = flags.tobytes()
    return [(span, flags[span]) for span in compress(count(), map(ne, now, b"\0" + now))]


def _flags(changes: list[tuple[int, int]], spans: int) -> array[int]:
    flags = array("b")
    before = 0
    for span, now in [*changes, (spans, 0)]:
        flags.extend([before] * (span - len(flags)))
        before = now
    return flags


def _columns_from(data: dict[str, Any]) -> Columns:
    parent, kind = _of_shapes(data["shapes"], data["shape"])
    query_start, query_time, query_span, query_statement, query_repeats = data["queries"]
    columns = Columns(
        epoch=data["epoch"],
        duration=data["duration"],
        strings=data["strings"],
        sends=[SendKind(*kind) for kind in data["sends"]],
        receivers=[ReceiverKind(*kind) for kind in data["receivers"]],
        phases=[Phase(*phase) for phase in data["phases"]],
        start=array("q", accumulate(data["start"])),
        time=array("q", data["time"]),
        parent=parent,
        kind=kind,
        exceptions=dict(data["exceptions"]),
        busy=dict(data["busy"]),
        hops=dict(data["hops"]),
        within=_flags(data["within"], len(data["start"])),
        again=dict(data["again"]),
        skipped=dict(data["skipped"]),
        statements=[Statement(*statement) for statement in data["statements"]],
        query_start=array("q", accumulate(query_start)),
        query_time=array("q", query_time),
        query_span=array("q", query_span),
        query_statement=array("q", query_statement),
        query_repeats=_forwards(query_repeats),
        signals=data["signals"],
        connections=[ConnectionKind(*kind) for kind in data["connections"]],
        unimported=[
            HandlersKind(app, module, path, line, tuple((signal, sender) for signal, sender in hears))
            for app, module, path, line, hears in data["unimported"]
        ],
        overflow=Overflow(*data["overflow"]),
    )
    of_spans = (columns.start, columns.time, columns.parent, columns.kind, columns.within)
    of_queries = (columns.query_start, columns.query_time, columns.query_span, columns.query_statement)
    if len(set(map(len, of_spans))) > 1 or len({*map(len, of_queries), len(columns.query_repeats)}) > 1:
        raise ValueError("This recording's columns differ in length.")
    return columns
