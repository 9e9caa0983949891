"""A recording: the columns it is kept in, read-only views on them, and its JSON both ways.

A *span* is a send or a receiver call. A recording keeps its spans in columns, one entry a span, ordered
by start; a parent always stands before its children. ``Send`` and ``ReceiverCall`` are views on one
entry, made when somebody asks.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from operator import sub
from typing import Any, NamedTuple

from signal_panel.overflow import Overflow

FORMAT_VERSION = 1
METHODS = ("send", "send_robust", "asend", "asend_robust")
NOTHING = -1
"""In a table or column: no such string, no parent."""


class Site(NamedTuple):
    """A line of the user's code."""

    path: str
    line: int
    function: str


class Phase(NamedTuple):
    """A part of a request: middleware, view, rendering, response, toolbar or streaming.

    In ``toolbar`` the Debug Toolbar gathers and renders its panels; what it sends is not recorded. ``label``
    is the view's dotted name, else empty. Times are nanoseconds from the recording's start.
    """

    name: str
    label: str
    start_ns: int
    duration_ns: int


class SendKind(NamedTuple):
    """What sends from one place have in common; all but ``method`` and ``line`` index the strings."""

    signal: int
    sender: int
    method: int
    path: int
    line: int
    function: int


class ReceiverKind(NamedTuple):
    """A receiver; ``receiver`` and ``path`` index the strings."""

    receiver: int
    path: int
    line: int
    is_async: int


@dataclass
class Columns:
    """What a recording is made of. The JSON has the same parts; docs/how-it-works.md describes it.

    ``kind`` is an index into ``sends`` where it is zero or more, else ``-1 - kind`` is one into
    ``receivers``. ``parent`` is the parent's index or -1. ``exceptions``, ``busy`` and ``hops`` are of those
    spans that have any: the exception's type as an index into the strings, an async receiver's busy time, and
    the time that a send spent changing threads. All times are nanoseconds, from the recording's start.
    """

    epoch: float
    duration: int
    strings: list[str] = field(default_factory=list)
    sends: list[SendKind] = field(default_factory=list)
    receivers: list[ReceiverKind] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    start: array[int] = field(default_factory=lambda: array("q"))
    time: array[int] = field(default_factory=lambda: array("q"))
    parent: array[int] = field(default_factory=lambda: array("q"))
    kind: array[int] = field(default_factory=lambda: array("q"))
    exceptions: dict[int, int] = field(default_factory=dict)
    busy: dict[int, int] = field(default_factory=dict)
    hops: dict[int, int] = field(default_factory=dict)
    overflow: Overflow = field(default_factory=Overflow)

    @cached_property
    def children(self) -> dict[int, list[int]]:
        """The spans inside each span that has any; under -1 those inside none."""
        children: dict[int, list[int]] = {}
        for span, parent in enumerate(self.parent):
            children.setdefault(parent, []).append(span)
        return children

    def text(self, index: int) -> str | None:
        """The string at ``index``, or None where there is none."""
        return None if index == NOTHING else self.strings[index]

    def self_time(self, span: int) -> int:
        """The span's time less the time that the spans inside it cover together."""
        began = self.start[span]
        covered, reached, end = 0, began, began + self.time[span]
        for child in self.children.get(span, ()):
            child_start = max(self.start[child], reached)
            child_end = min(self.start[child] + self.time[child], end)
            if child_end > child_start:
                covered += child_end - child_start
                reached = child_end
        return self.time[span] - covered

    def depth(self, span: int) -> int:
        """How many spans the span is inside of."""
        depth = 0
        while (span := self.parent[span]) != NOTHING:
            depth += 1
        return depth


class _Span:
    """One entry of the columns."""

    __slots__ = ("_columns", "_span")

    def __init__(self, columns: Columns, span: int) -> None:
        self._columns = columns
        self._span = span

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Span)
            and self._span == other._span
            and (self._columns is other._columns or self._columns == other._columns)
        )

    def __hash__(self) -> int:
        return hash(self._span)

    @property
    def index(self) -> int:
        """The span's place among all spans of its recording, by start."""
        return self._span

    @property
    def start_ns(self) -> int:
        """Nanoseconds from the recording's start."""
        return self._columns.start[self._span]

    @property
    def duration_ns(self) -> int:
        """Nanoseconds from start to end, whatever ran in between."""
        return self._columns.time[self._span]

    @property
    def self_ns(self) -> int:
        """The duration less the time that the spans inside cover together, in nanoseconds."""
        return self._columns.self_time(self._span)

    @property
    def exception(self) -> str | None:
        """Dotted name of the type of the exception that left the span, or None."""
        return self._columns.text(self._columns.exceptions.get(self._span, NOTHING))

    @property
    def _children(self) -> list[int]:
        return self._columns.children.get(self._span, [])

    @property
    def _parent(self) -> int:
        return self._columns.parent[self._span]


class Send(_Span):
    """One call of ``send``, ``send_robust``, ``asend`` or ``asend_robust``."""

    __slots__ = ()

    @property
    def _kind(self) -> SendKind:
        return self._columns.sends[self._columns.kind[self._span]]

    @property
    def signal(self) -> str:
        """Dotted name of the signal; one without a name is named by where it is sent."""
        return self._columns.strings[self._kind.signal]

    @property
    def sender(self) -> str:
        """Dotted name of the sender: a class's own; an instance's is its class's followed by ``()``."""
        return self._columns.strings[self._kind.sender]

    @property
    def method(self) -> str:
        """``send``, ``send_robust``, ``asend`` or ``asend_robust``."""
        return METHODS[self._kind.method]

    @property
    def site(self) -> Site | None:
        """The line of the user's code that caused the send, or None where there is none."""
        kind = self._kind
        if kind.path == NOTHING:
            return None
        strings = self._columns.strings
        return Site(strings[kind.path], kind.line, strings[kind.function])

    @property
    def hop_ns(self) -> int:
        """Nanoseconds spent on the way to another thread and back.

        Zero unless receivers were of the other kind: sync ones of ``asend``, async ones of ``send``.
        """
        return self._columns.hops.get(self._span, 0)

    @property
    def depth(self) -> int:
        """How many receiver calls the send is inside of."""
        return self._columns.depth(self._span) // 2

    @property
    def parent(self) -> ReceiverCall | None:
        """The receiver call that made the send, or None."""
        return None if self._parent == NOTHING else ReceiverCall(self._columns, self._parent)

    @property
    def calls(self) -> Sequence[ReceiverCall]:
        """The receivers that ran, in the order they ran."""
        return [ReceiverCall(self._columns, span) for span in self._children]

    def __repr__(self) -> str:
        return f"<Send {self.signal} from {self.sender}, {len(self._children)} calls>"


class ReceiverCall(_Span):
    """One receiver run by one send."""

    __slots__ = ()

    @property
    def _kind(self) -> ReceiverKind:
        return self._columns.receivers[-1 - self._columns.kind[self._span]]

    @property
    def receiver(self) -> str:
        """Dotted name of the receiver, past decorators and wrappers."""
        return self._columns.strings[self._kind.receiver]

    @property
    def path(self) -> str | None:
        """The file that defines the receiver, or None for one not written in Python."""
        return self._columns.text(self._kind.path)

    @property
    def line(self) -> int | None:
        """The line that defines the receiver, or None for one not written in Python."""
        return None if self._kind.path == NOTHING else self._kind.line

    @property
    def is_async(self) -> bool:
        """Whether Django ran the receiver as a coroutine."""
        return bool(self._kind.is_async)

    @property
    def busy_ns(self) -> int:
        """Nanoseconds in which the receiver ran. The rest of an async one's duration it waited."""
        return self._columns.busy.get(self._span, self.duration_ns)

    @property
    def send(self) -> Send:
        """The send that ran the receiver."""
        return Send(self._columns, self._parent)

    @property
    def sends(self) -> Sequence[Send]:
        """The sends that the receiver made, by start."""
        return [Send(self._columns, span) for span in self._children]

    def __repr__(self) -> str:
        return f"<ReceiverCall {self.receiver}>"


class Recording:
    """All that was recorded in one scope: a request, or a ``with signal_panel.record()`` block.

    Read while its scope is still open, it shows the spans that have ended so far.
    """

    def __init__(self, columns: Columns | Callable[[], Columns]) -> None:
        self._source = columns

    @property
    def columns(self) -> Columns:
        """The recording as columns, the form that everything else is read from."""
        return self._source() if callable(self._source) else self._source

    def freeze(self) -> None:
        """Keep what there is now. Called when the scope closes."""
        self._source = self.columns

    @property
    def sends(self) -> Sequence[Send]:
        """All sends at any depth, by start."""
        columns = self.columns
        return [Send(columns, span) for span, kind in enumerate(columns.kind) if kind >= 0]

    @property
    def calls(self) -> Sequence[ReceiverCall]:
        """All receiver calls at any depth, by start."""
        columns = self.columns
        return [ReceiverCall(columns, span) for span, kind in enumerate(columns.kind) if kind < 0]

    @property
    def phases(self) -> Sequence[Phase]:
        """The parts of the request; none where the recording is not of a request."""
        return list(self.columns.phases)

    @property
    def started_at(self) -> float:
        """When the recording started, in seconds since 1970."""
        return self.columns.epoch

    @property
    def duration_ns(self) -> int:
        """Nanoseconds from the recording's start to its end."""
        return self.columns.duration

    @property
    def dropped(self) -> int:
        """How many spans were counted but not kept, past ``SIGNAL_PANEL["MAX_SPANS"]``."""
        return self.columns.overflow.spans

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recording) and self.columns == other.columns

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Recording of {len(self.columns.kind)} spans>"

    def to_json(self) -> str:
        """The recording as JSON, which ``from_json`` reads back to an equal one."""
        columns = self.columns
        start = columns.start
        return json.dumps(
            {
                "version": FORMAT_VERSION,
                "epoch": columns.epoch,
                "duration": columns.duration,
                "strings": columns.strings,
                "sends": columns.sends,
                "receivers": columns.receivers,
                "phases": columns.phases,
                "start": [*start[:1], *map(sub, start[1:], start)],
                "time": columns.time.tolist(),
                "parent": [
                    0 if parent == NOTHING else span - parent for span, parent in enumerate(columns.parent)
                ],
                "kind": columns.kind.tolist(),
                "exceptions": list(columns.exceptions.items()),
                "busy": list(columns.busy.items()),
                "hops": list(columns.hops.items()),
                "overflow": columns.overflow,
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Recording:
        """The recording that ``to_json`` wrote.

        Raises ``ValueError`` where the text is not JSON, not a recording, or one of another version.
        """
        data = json.loads(text)
        if not isinstance(data, dict) or "version" not in data:
            raise ValueError("This JSON is not a recording: it has no 'version'.")
        if data["version"] != FORMAT_VERSION:
            raise ValueError(
                f"This recording has format version {data['version']!r}; "
                f"this signal_panel reads version {FORMAT_VERSION}."
            )
        try:
            return cls(_columns_from(data))
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"This JSON is not a whole recording: {error!r}.") from error


def _columns_from(data: dict[str, Any]) -> Columns:
    columns = Columns(
        epoch=data["epoch"],
        duration=data["duration"],
        strings=data["strings"],
        sends=[SendKind(*kind) for kind in data["sends"]],
        receivers=[ReceiverKind(*kind) for kind in data["receivers"]],
        phases=[Phase(*phase) for phase in data["phases"]],
        start=array("q", accumulate(data["start"])),
        time=array("q", data["time"]),
        parent=array("q", (span - back if back else NOTHING for span, back in enumerate(data["parent"]))),
        kind=array("q", data["kind"]),
        exceptions=dict(data["exceptions"]),
        busy=dict(data["busy"]),
        hops=dict(data["hops"]),
        overflow=Overflow(*data["overflow"]),
    )
    if not len(columns.start) == len(columns.time) == len(columns.parent) == len(columns.kind):
        raise ValueError("This recording's columns differ in length.")
    return columns
