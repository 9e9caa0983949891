"""Read-only views on one entry of a recording's columns, made when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence

from signal_panel.recording.columns import (
    IN_TRANSACTION,
    METHODS,
    NOTHING,
    ON_COMMIT,
    STATES,
    Columns,
    ConnectionKind,
    ReceiverKind,
    SendKind,
    Site,
    Statement,
)


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
    def receiver_index(self) -> int:
        """The receiver's place among all receivers of its recording, or -1."""
        return self._kind.receiver

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
