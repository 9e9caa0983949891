"""A recording: the columns it is kept in, read-only views on them, and its JSON both ways.

A *span* is a send or a receiver call. A recording keeps its spans in columns, one entry a span, ordered
by start; a parent always stands before its children. ``Send`` and ``ReceiverCall`` are views on one
entry, made when somebody asks.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain, compress, count
from operator import ne, sub
from typing import Any, NamedTuple

from signal_panel.batches import batches
from signal_panel.overflow import Overflow

FORMAT_VERSION = 1
METHODS = ("send", "send_robust", "asend", "asend_robust")
NOTHING = -1
"""In a table or column: no such string, no parent."""
IN_TRANSACTION, ON_COMMIT = 1, 2
"""The flags of a span: it began inside ``atomic``; it was caused by a hook of ``on_commit``."""
STATES = ("live", "dead", "dying", "stale")
NO_REPEATS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE SAVEPOINT", "<")
"""How statements begin that are not told to come again: those that begin and end transactions have to be the
same each time, and of one that is no text nothing but a ``<type>`` is known.
"""


class Site(NamedTuple):
    """A line of code."""

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


class Handlers(NamedTuple):
    """A module with receivers that nobody has imported: its app's label, its name, and its first receiver.

    ``hears`` are the signals it would connect receivers to, as its text calls them, and the senders or None.
    """

    app: str
    module: str
    path: str
    line: int
    hears: tuple[tuple[str, str | None], ...] = ()


class SendKind(NamedTuple):
    """What sends from one place have in common; all but ``method`` and the lines index the strings.

    The last three are of an installed package's line between the user's and the send.
    """

    signal: int
    sender: int
    method: int
    path: int
    line: int
    function: int
    through_path: int = NOTHING
    through_line: int = 0
    through_function: int = NOTHING


class ReceiverKind(NamedTuple):
    """A receiver; ``receiver`` and ``path`` index the strings."""

    receiver: int
    path: int
    line: int
    is_async: int


class Statement(NamedTuple):
    """An SQL text on one database; both index the strings."""

    sql: int
    alias: int


class ConnectionKind(NamedTuple):
    """A receiver connected to a signal; ``receiver`` indexes the receivers, ``state`` the states.

    ``signal``, ``sender``, ``uid``, ``path`` and ``function`` index the strings.
    """

    signal: int
    receiver: int
    sender: int
    uid: int
    state: int
    is_weak: int
    path: int
    line: int
    function: int


class HandlersKind(NamedTuple):
    """A handlers' module that was not imported; all but ``line`` index the strings."""

    app: int
    module: int
    path: int
    line: int
    hears: tuple[tuple[int, int], ...] = ()


@dataclass
class Columns:
    """What a recording is made of. The JSON has the same parts; docs/how-it-works.md describes it.

    ``kind`` is an index into ``sends`` where it is zero or more, else ``-1 - kind`` is one into
    ``receivers``. ``parent`` is the parent's index or -1. ``exceptions``, ``busy`` and ``hops`` are of those
    spans that have any: the exception's type as an index into the strings, an async receiver's busy time, and
    the time that a send spent changing threads. ``within`` has each span's flags. ``again`` leads from a send
    to the first one of its kind for the same instance, ``skipped`` to the receivers that did not run because
    one before them raised.

    Queries have columns of their own: ``query_span`` is the innermost span that one ran in or -1,
    ``query_statement`` an index into ``statements``, ``query_repeats`` the first query with the same text and
    parameters, or -1.

    ``signals``, ``connections`` and ``unimported`` are what was so in the process when the recording ended.
    All times are nanoseconds, from the recording's start.
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
    within: array[int] = field(default_factory=lambda: array("b"))
    again: dict[int, int] = field(default_factory=dict)
    skipped: dict[int, list[int]] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    query_start: array[int] = field(default_factory=lambda: array("q"))
    query_time: array[int] = field(default_factory=lambda: array("q"))
    query_span: array[int] = field(default_factory=lambda: array("q"))
    query_statement: array[int] = field(default_factory=lambda: array("q"))
    query_repeats: array[int] = field(default_factory=lambda: array("q"))
    signals: list[int] = field(default_factory=list)
    connections: list[ConnectionKind] = field(default_factory=list)
    unimported: list[HandlersKind] = field(default_factory=list)
    overflow: Overflow = field(default_factory=Overflow)

    @cached_property
    def children(self) -> dict[int, list[int]]:
        """The spans inside each span that has any; under -1 those inside none."""
        children: dict[int, list[int]] = {}
        for span, parent in enumerate(self.parent):
            children.setdefault(parent, []).append(span)
        return children

    @cached_property
    def queries(self) -> dict[int, list[int]]:
        """The queries whose innermost span each is; under -1 those in none."""
        queries: dict[int, list[int]] = {}
        for query, span in enumerate(self.query_span):
            queries.setdefault(span, []).append(query)
        return queries

    @cached_property
    def calls_of(self) -> dict[int, list[int]]:
        """The calls of each receiver, by its index."""
        calls: dict[int, list[int]] = {}
        for span, kind in enumerate(self.kind):
            if kind < 0:
                calls.setdefault(-1 - kind, []).append(span)
        return calls

    def site(self, path: int, line: int, function: int) -> Site | None:
        """The line of code that is kept so, or None."""
        return None if path == NOTHING else Site(self.strings[path], line, self.strings[function])

    def through(self, send: SendKind) -> Site | None:
        """The package's line that sends of this kind come from on behalf of their site, or None."""
        return self.site(send.through_path, send.through_line, send.through_function)

    def text(self, index: int) -> str | None:
        """The string at ``index``, or None where there is none."""
        return None if index == NOTHING else self.strings[index]

    @cached_property
    def self_times(self) -> list[int]:
        """Each span's time less the time that the spans inside it cover together."""
        starts, times = self.start.tolist(), self.time.tolist()
        own, reached = times[:], starts[:]
        for start, time, parent in zip(starts, times, self.parent, strict=True):
            if parent != NOTHING:  # siblings come by start, so one look at each will do
                end = min(start + time, starts[parent] + times[parent])
                start = max(start, reached[parent])
                if end > start:
                    own[parent] -= end - start
                    reached[parent] = end
        return own

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
        return self._columns.self_times[self._span]

    @property
    def exception(self) -> str | None:
        """Dotted name of the type of the exception that left the span, or None."""
        return self._columns.text(self._columns.exceptions.get(self._span, NOTHING))

    @property
    def in_transaction(self) -> bool:
        """Whether the span began inside ``transaction.atomic``."""
        return bool(self._columns.within[self._span] & IN_TRANSACTION)

    @property
    def on_commit(self) -> bool:
        """Whether a hook given to ``transaction.on_commit`` caused the span."""
        return bool(self._columns.within[self._span] & ON_COMMIT)

    @property
    def queries(self) -> Sequence[Query]:
        """The queries made in the span and in no span inside it, by start."""
        return [Query(self._columns, query) for query in self._columns.queries.get(self._span, ())]

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
        """The line of the user's code that caused the send, or None where there is none.

        Code that came with an installed package is not the user's own: its line stands here only where no
        line of the user's asked it to send.
        """
        kind = self._kind
        return self._columns.site(kind.path, kind.line, kind.function)

    @property
    def through(self) -> Site | None:
        """The line of an installed package that sent on behalf of ``site``, or None."""
        return self._columns.through(self._kind)

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

    @property
    def skipped(self) -> Sequence[Receiver]:
        """The receivers that did not run because one before them raised."""
        return [Receiver(self._columns, kind) for kind in self._columns.skipped.get(self._span, ())]

    @property
    def repeats(self) -> Send | None:
        """The first send like this one, from the same place, for the same ``instance``, or None.

        Like it are those with the same signal, sender and method; of ``m2m_changed`` with the same action.
        """
        first = self._columns.again.get(self._span)
        return None if first is None else Send(self._columns, first)

    def __repr__(self) -> str:
        return f"<Send {self.signal} from {self.sender}, {len(self._children)} calls>"


class Receiver:
    """A receiver, whether it ran or not."""

    __slots__ = ("_columns", "_receiver")

    def __init__(self, columns: Columns, receiver: int) -> None:
        self._columns = columns
        self._receiver = receiver

    @property
    def _definition(self) -> ReceiverKind:
        return self._columns.receivers[self._receiver]

    @property
    def receiver(self) -> str:
        """Dotted name of the receiver, past decorators and wrappers."""
        return self._columns.strings[self._definition.receiver]

    @property
    def path(self) -> str | None:
        """The file that defines the receiver, or None for one not written in Python."""
        return self._columns.text(self._definition.path)

    @property
    def line(self) -> int | None:
        """The line that defines the receiver, or None for one not written in Python."""
        return None if self._definition.path == NOTHING else self._definition.line

    @property
    def is_async(self) -> bool:
        """Whether Django runs the receiver as a coroutine."""
        return bool(self._definition.is_async)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Receiver) and (
            (self.receiver, self.path, self.line, self.is_async)
            == (other.receiver, other.path, other.line, other.is_async)
        )

    def __hash__(self) -> int:
        return hash(self.receiver)

    def __repr__(self) -> str:
        return f"<Receiver {self.receiver}>"


class ReceiverCall(_Span):
    """One receiver run by one send."""

    __slots__ = ()

    @property
    def _definition(self) -> Receiver:
        return Receiver(self._columns, -1 - self._columns.kind[self._span])

    @property
    def receiver(self) -> str:
        """Dotted name of the receiver, past decorators and wrappers."""
        return self._definition.receiver

    @property
    def path(self) -> str | None:
        """The file that defines the receiver, or None for one not written in Python."""
        return self._definition.path

    @property
    def line(self) -> int | None:
        """The line that defines the receiver, or None for one not written in Python."""
        return self._definition.line

    @property
    def is_async(self) -> bool:
        """Whether Django ran the receiver as a coroutine."""
        return self._definition.is_async

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


class Query:
    """One SQL statement that was executed."""

    __slots__ = ("_columns", "_query")

    def __init__(self, columns: Columns, query: int) -> None:
        self._columns = columns
        self._query = query

    @property
    def _statement(self) -> Statement:
        return self._columns.statements[self._columns.query_statement[self._query]]

    @property
    def index(self) -> int:
        """The query's place among all queries of its recording, by start."""
        return self._query

    @property
    def sql(self) -> str:
        """The text with its placeholders; what is filled in for them is never kept."""
        return self._columns.strings[self._statement.sql]

    @property
    def alias(self) -> str:
        """The database's alias in ``DATABASES``."""
        return self._columns.strings[self._statement.alias]

    @property
    def start_ns(self) -> int:
        """Nanoseconds from the recording's start."""
        return self._columns.query_start[self._query]

    @property
    def duration_ns(self) -> int:
        """Nanoseconds until the database had executed it; rows fetched later are not in it."""
        return self._columns.query_time[self._query]

    @property
    def span(self) -> Send | ReceiverCall | None:
        """The innermost send or receiver call that it ran in, or None."""
        columns, span = self._columns, self._columns.query_span[self._query]
        if span == NOTHING:
            return None
        return Send(columns, span) if columns.kind[span] >= 0 else ReceiverCall(columns, span)

    @property
    def repeats(self) -> Query | None:
        """The first query with the same text and the same parameters, or None."""
        first = self._columns.query_repeats[self._query]
        return None if first == NOTHING else Query(self._columns, first)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Query)
            and self._query == other._query
            and (self._columns is other._columns or self._columns == other._columns)
        )

    def __hash__(self) -> int:
        return hash(self._query)

    def __repr__(self) -> str:
        return f"<Query {self.sql[:60]}>"


class Connection:
    """A receiver connected to a signal when the recording ended, or in it and dead by then."""

    __slots__ = ("_columns", "_kind")

    def __init__(self, columns: Columns, kind: ConnectionKind) -> None:
        self._columns = columns
        self._kind = kind

    @property
    def signal(self) -> str:
        """Dotted name of the signal."""
        return self._columns.strings[self._kind.signal]

    @property
    def _receiver(self) -> Receiver | None:
        index = self._kind.receiver
        return None if index == NOTHING else Receiver(self._columns, index)

    @property
    def receiver(self) -> str | None:
        """Dotted name of the receiver; None where it had died before anybody could look."""
        return None if self._receiver is None else self._receiver.receiver

    @property
    def path(self) -> str | None:
        """The file that defines the receiver, where that is known."""
        return None if self._receiver is None else self._receiver.path

    @property
    def line(self) -> int | None:
        """The line that defines the receiver, where that is known."""
        return None if self._receiver is None else self._receiver.line

    @property
    def is_async(self) -> bool:
        """Whether Django runs the receiver as a coroutine."""
        return self._receiver is not None and self._receiver.is_async

    @property
    def sender(self) -> str | None:
        """Dotted name of the only sender it listens to, ``?`` where that can't be told, or None for any."""
        return self._columns.text(self._kind.sender)

    @property
    def uid(self) -> str | None:
        """Its ``dispatch_uid``, or None; of one that is no string the name of its type."""
        return self._columns.text(self._kind.uid)

    @property
    def is_weak(self) -> bool:
        """Whether the signal alone would not keep the receiver alive."""
        return bool(self._kind.is_weak)

    @property
    def state(self) -> str:
        """``live``, ``dead``, ``dying`` or ``stale``.

        One that is dying is kept by nothing but what Django remembers of it under ``DEBUG``; one that is
        stale is not called because the signal's cache of receivers does not have it.
        """
        return STATES[self._kind.state]

    @property
    def site(self) -> Site | None:
        """The line that connected it, where that was in the recording."""
        return self._columns.site(self._kind.path, self._kind.line, self._kind.function)

    @property
    def calls(self) -> Sequence[ReceiverCall]:
        """The receiver's calls by sends of this signal."""
        columns, signal = self._columns, self.signal
        calls = (ReceiverCall(columns, span) for span in columns.calls_of.get(self._kind.receiver, ()))
        return [call for call in calls if call.send.signal == signal]

    def __repr__(self) -> str:
        return f"<Connection of {self.receiver} to {self.signal}>"


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
    def queries(self) -> Sequence[Query]:
        """All SQL statements executed, by start."""
        columns = self.columns
        return [Query(columns, query) for query in range(len(columns.query_start))]

    @property
    def signals(self) -> Sequence[str]:
        """Dotted names of the signals found in the process when the recording ended."""
        columns = self.columns
        return [columns.strings[signal] for signal in columns.signals]

    @property
    def connections(self) -> Sequence[Connection]:
        """The receivers connected when the recording ended, and those that died after it connected them."""
        columns = self.columns
        return [Connection(columns, kind) for kind in columns.connections]

    @property
    def unimported(self) -> Sequence[Handlers]:
        """Modules of the user's apps that would connect receivers, had anybody imported them."""
        columns = self.columns
        strings = columns.strings
        return [
            Handlers(
                strings[kind.app],
                strings[kind.module],
                strings[kind.path],
                kind.line,
                tuple((strings[signal], columns.text(sender)) for signal, sender in kind.hears),
            )
            for kind in columns.unimported
        ]

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

    def __getstate__(self) -> dict[str, Columns]:
        # A copy of one that is still open has what has ended so far: Django copies what setUpTestData keeps.
        return {"_source": self.columns}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recording) and self.columns == other.columns

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Recording of {len(self.columns.kind)} spans>"

    def to_json(self) -> str:
        """The recording as JSON, which ``from_json`` reads back to an equal one."""
        columns = self.columns
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
