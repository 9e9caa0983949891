"""A recording as slices on tracks, each slice lying wholly on the one below it.

Other programs know stacks: what begins later on a track ends sooner, or begins after the end. Async receivers
overlap, so those that do get tracks of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush, merge
from operator import itemgetter
from typing import NamedTuple

from signal_panel.recording import (
    METHODS,
    NOTHING,
    Columns,
    Phase,
    ReceiverKind,
    Recording,
    SendKind,
    Statement,
)

SQL_SHOWN = 100
"""How many characters of its text a query is named by."""


@dataclass(frozen=True)
class Kind:
    """What slices have in common: a phase, a kind of send, a receiver or an SQL text.

    ``path`` and ``line`` are where it was sent from or is defined; ``details`` has the rest, by what it is.
    """

    category: str
    name: str
    path: str | None = None
    line: int | None = None
    details: dict[str, str] = field(default_factory=dict)


class Slice(NamedTuple):
    """A bar: its kind, the span that it shows (-1: none), its times, and where it lies.

    Times are nanoseconds from the recording's start. Tracks count from zero; so does the depth, which says
    how many slices of its track it lies on.
    """

    kind: Kind
    span: int
    start: int
    end: int
    track: int
    depth: int


def track_name(track: int, columns: Columns) -> str:
    """What a track is called, counted from zero: only requests have phases."""
    if track:
        return f"at the same time ({track + 1})"
    return "request" if columns.phases else "recording"


def slices(recording: Recording) -> Iterator[Slice]:
    """All phases, spans and queries, by start; each after those that it lies on."""
    tracks = _Tracks()
    phase: Slice | None = None
    spans: dict[int, Slice] = {}
    for start, _, end, kind, span, parent in _by_start(recording.columns):
        made = tracks.place(kind, span, start, end, phase if parent == NOTHING else spans.get(parent))
        if kind.category == "phase":
            phase = made
        elif span != NOTHING:
            spans[span] = made
        yield made


# Start, rank, end, kind, span, and the span that caused it.
_Bar = tuple[int, int, int, Kind, int, int]


def _by_start(columns: Columns) -> Iterator[_Bar]:
    """What there is, by start; of those that start at once, causes first."""
    sends = [_send(kind, columns) for kind in columns.sends]
    receivers = [_receiver(kind, columns) for kind in columns.receivers]
    statements = [_statement(kind, columns) for kind in columns.statements]
    phases = (
        (phase.start_ns, 0, phase.start_ns + phase.duration_ns, _phase(phase), NOTHING, NOTHING)
        for phase in columns.phases
    )
    spans = (
        (start, 1, start + time, sends[kind] if kind >= 0 else receivers[-1 - kind], span, parent)
        for span, (start, time, parent, kind) in enumerate(
            zip(columns.start, columns.time, columns.parent, columns.kind, strict=True)
        )
    )
    queries = (
        (start, 2, start + time, statements[statement], NOTHING, span)
        for start, time, span, statement in zip(
            columns.query_start,
            columns.query_time,
            columns.query_span,
            columns.query_statement,
            strict=True,
        )
    )
    return merge(phases, spans, queries, key=itemgetter(0, 1))


def _phase(phase: Phase) -> Kind:
    return Kind("phase", f"{phase.name} {phase.label}".rstrip())


def _send(kind: SendKind, columns: Columns) -> Kind:
    signal, sender = columns.strings[kind.signal], columns.strings[kind.sender]
    through = columns.through(kind)
    by_package = {"through": f"{through.path}:{through.line}"} if through else {}
    return Kind(
        "send",
        f"{signal.rpartition('.')[2]} {sender.rpartition('.')[2]}",
        columns.text(kind.path),
        kind.line,
        {"signal": signal, "sender": sender, "method": METHODS[kind.method], **by_package},
    )


def _receiver(kind: ReceiverKind, columns: Columns) -> Kind:
    path = columns.text(kind.path)
    name = columns.strings[kind.receiver]
    return Kind("receiver", name, path, kind.line, {"kind": "async"} if kind.is_async else {})


def _statement(kind: Statement, columns: Columns) -> Kind:
    sql = columns.strings[kind.sql]
    words = " ".join(sql.split())
    name = words if len(words) <= SQL_SHOWN else f"{words[: SQL_SHOWN - 1]}…"
    return Kind("query", name, details={"sql": sql, "database": columns.strings[kind.alias]})


class _Tracks:
    """Finds room for slices that come by start."""

    def __init__(self) -> None:
        self._stacks: list[list[Slice]] = []
        self._free: list[int] = []
        self._taken: list[tuple[int, int]] = []

    def place(self, kind: Kind, span: int, start: int, end: int, on: Slice | None) -> Slice:
        """Lay a slice on the one that caused it or, where that has no room, on the first free track."""
        if on is not None and end <= on.end:
            stack = self._stacks[on.track]
            while stack and stack[-1] is not on and stack[-1].end <= start:
                stack.pop()
            if stack and stack[-1] is on:
                made = Slice(kind, span, start, end, on.track, on.depth + 1)
                stack.append(made)
                return made
        made = Slice(kind, span, start, end, self._free_track(start), depth=0)
        self._stacks[made.track] = [made]
        heappush(self._taken, (end, made.track))
        return made

    def _free_track(self, start: int) -> int:
        while self._taken and self._taken[0][0] <= start:
            heappush(self._free, heappop(self._taken)[1])
        if self._free:
            return heappop(self._free)
        self._stacks.append([])
        return len(self._stacks) - 1
