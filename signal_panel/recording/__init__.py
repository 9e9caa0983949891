"""A recording: all that was recorded in one scope, kept in columns, with views on them and its JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from signal_panel.recording import serializing
from signal_panel.recording.columns import (
    IN_TRANSACTION,
    METHODS,
    NO_REPEATS,
    NOTHING,
    ON_COMMIT,
    STATES,
    UNKNOWN,
    Columns,
    ConnectionKind,
    Handlers,
    HandlersKind,
    Phase,
    ReceiverKind,
    SendKind,
    Site,
    Statement,
)
from signal_panel.recording.views import Connection, Query, Receiver, ReceiverCall, Send

__all__ = [
    "IN_TRANSACTION",
    "METHODS",
    "NOTHING",
    "NO_REPEATS",
    "ON_COMMIT",
    "STATES",
    "UNKNOWN",
    "Columns",
    "Connection",
    "ConnectionKind",
    "Handlers",
    "HandlersKind",
    "Phase",
    "Query",
    "Receiver",
    "ReceiverCall",
    "ReceiverKind",
    "Recording",
    "Send",
    "SendKind",
    "Site",
    "Statement",
]


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
        return serializing.to_json(self.columns)

    @classmethod
    def from_json(cls, text: str) -> Recording:
        """The recording that ``to_json`` wrote.

        Raises ``ValueError`` where the text is not JSON, not a recording, or one of another version.
        """
        return cls(serializing.from_json(text))
