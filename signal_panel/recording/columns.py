"""The columns that a recording is kept in, and the rows of its tables.

A *span* is a send or a receiver call. There is one entry a span, ordered by start; a parent always stands
before its children.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from signal_panel.overflow import Overflow

METHODS = ("send", "send_robust", "asend", "asend_robust")
NOTHING = -1
"""In a table or column: no such string, no parent."""
UNKNOWN = "?"
"""In place of a sender's name: which one is listened to can't be told."""
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

    ``hears`` are the own names of the signals that its text would connect receivers to, each with that of
    the only sender to listen to: None for any, ``?`` where the text does not tell it.
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
