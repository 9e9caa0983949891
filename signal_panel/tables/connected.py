"""What was connected to the signals, whether it was called, and if not, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from signal_panel.recording import (
    NOTHING,
    STATES,
    UNKNOWN,
    Columns,
    ConnectionKind,
    Recording,
    Site,
)
from signal_panel.tables.grouping import (
    Figures,
    Range,
    Rest,
    Table,
    add_up,
    alike,
    beyond,
    numbered,
    ranges,
)


class ConnectedRow(NamedTuple):
    """A receiver connected to a signal; or a signal without any, where ``state`` is ``none``.

    ``receiver`` is None where it is not known, or where there is none. ``state`` is that of the connection,
    or ``gone`` for receivers that were called and have been disconnected since. ``sent`` counts the sends
    that it listens to, ``times`` how often the same receiver is connected for the same sends.

    ``reason`` says why it was not called: ``not-sent``, ``other-senders``, ``earlier-raised``, ``dead``,
    ``stale``, ``later`` for one connected after the last send, ``dropped`` where calls may be among the spans
    that were not kept, ``other-object`` where the sender may be another than the one it listens to, or
    ``unknown``; ``no-receiver`` of a signal without any. It is empty where it was.

    The calls are the spans of ``kinds`` in ``ranges``.
    """

    signal: str
    receiver: str | None
    path: str | None
    line: int
    is_async: bool
    sender: str | None
    uid: str | None
    is_weak: bool
    state: str
    times: int
    site: Site | None
    sent: int
    reason: str
    kinds: Sequence[int]
    ranges: Sequence[Range]
    figures: Figures


def connected(recording: Recording) -> Table[ConnectedRow]:
    """A row for each connection and for each signal without one; those of signals that were sent first."""
    columns = recording.columns
    process = _Process(columns)
    figures = add_up(columns, process.group_of, len(process.connections) + 1)
    sends = figures.pop()
    where = ranges(process.numbers, process.group_of, len(process.connections) + 1)
    rows = [
        process.row(place, of_one, spans)
        for place, (of_one, spans) in enumerate(zip(figures, where, strict=False))
    ]
    heard = {kind.signal for kind, _ in process.connections}
    rows += [process.signal_row(signal) for signal in {*columns.signals, *process.sent} - heard]
    sent = {columns.strings[signal] for signal in process.sent}
    rows.sort(key=lambda row: (row.signal not in sent, row.signal))
    between = [Rest("sends", sends)] if sends != Figures() else []
    return Table(rows, [*between, *beyond(columns)])


class _Process:
    """The connections that were found, and those that the calls show to have been there before."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.receiver_of = numbered(columns.receivers)
        self.places = alike(self.receiver_of)
        self.connections: list[tuple[ConnectionKind, str]] = []
        self.same: dict[tuple[int, int], list[int]] = {}
        for kind in columns.connections:
            self._add(kind, STATES[kind.state])
        self.sent: dict[int, Counter[int]] = {}  # how often each sender has sent each signal
        for sent, times in Counter(kind for kind in columns.kind if kind >= 0).items():
            send = columns.sends[sent]
            self.sent.setdefault(send.signal, Counter())[send.sender] += times
        self.numbers = [self.receiver_of[-1 - kind] if kind < 0 else NOTHING for kind in columns.kind]
        self.group_of = self._assign()
        self.called: dict[int, set[int]] = {}
        for group, called in set(zip(self.group_of, columns.kind, strict=True)):
            self.called.setdefault(group, set()).add(called)
        self.listening: dict[tuple[int, int], Counter[int]] = {}
        self.skipped = self._skipped()

    def _add(self, kind: ConnectionKind, state: str) -> int:
        place = len(self.connections)
        self.connections.append((kind, state))
        if kind.receiver != NOTHING:
            self.same.setdefault((kind.signal, self.receiver_of[kind.receiver]), []).append(place)
        return place

    def _assign(self) -> list[int]:
        """The connection of each call. Sends are in the last group, which -1 is the number of, too."""
        columns = self.columns
        candidates: dict[tuple[int, int, int], list[int]] = {}
        before: Counter[tuple[int, int]] = Counter()
        group_of = []
        for kind, parent, receiver in zip(columns.kind, columns.parent, self.numbers, strict=True):
            if kind >= 0:
                group_of.append(NOTHING)
                continue
            send = columns.sends[columns.kind[parent]]
            key = send.signal, send.sender, receiver
            found = candidates.get(key)
            if found is None:
                found = candidates[key] = self._connections_for(*key)
            # Connected more than once, it is called once for each. Of those there may be fewer by now.
            turn = before[parent, receiver]
            before[parent, receiver] += 1
            if turn == len(found):
                found.append(self._add_gone(send.signal, receiver))
            group_of.append(found[turn])
        return group_of

    def _connections_for(self, signal: int, sender: int, receiver: int) -> list[int]:
        same = self.same.get((signal, receiver), ())
        return [place for place in same if self._hears(self.connections[place][0], sender)]

    def _add_gone(self, signal: int, receiver: int) -> int:
        some, nothing = self.places[receiver][0], (NOTHING, NOTHING)
        return self._add(ConnectionKind(signal, some, *nothing, 0, 0, NOTHING, 0, NOTHING), "gone")

    def _hears(self, kind: ConnectionKind, sender: int) -> bool:
        return kind.sender in (NOTHING, sender) or self.columns.strings[kind.sender] == UNKNOWN

    def _skipped(self) -> set[tuple[int, int, int]]:
        columns = self.columns
        found = set()
        for span, receivers in columns.skipped.items():
            send = columns.sends[columns.kind[span]]
            found |= {(send.signal, send.sender, self.receiver_of[receiver]) for receiver in receivers}
        return found

    def row(self, place: int, figures: Figures, spans: Sequence[Range]) -> ConnectedRow:
        columns = self.columns
        kind, state = self.connections[place]
        receiver = None if kind.receiver == NOTHING else columns.receivers[kind.receiver]
        sent = self.sent.get(kind.signal, Counter())
        senders = [sender for sender in sent if self._hears(kind, sender)]
        return ConnectedRow(
            signal=columns.strings[kind.signal],
            receiver=None if receiver is None else columns.strings[receiver.receiver],
            path=None if receiver is None else columns.text(receiver.path),
            line=0 if receiver is None else receiver.line,
            is_async=receiver is not None and bool(receiver.is_async),
            sender=columns.text(kind.sender),
            uid=columns.text(kind.uid),
            is_weak=bool(kind.is_weak),
            state=state,
            times=self._times(place),
            site=columns.site(kind.path, kind.line, kind.function),
            sent=sum(sent[sender] for sender in senders),
            reason="" if figures.calls else self._reason(kind, state, senders),
            kinds=sorted(self.called.get(place, ()), reverse=True),
            ranges=spans,
            figures=figures,
        )

    def _times(self, place: int) -> int:
        this, state = self.connections[place]
        if this.receiver == NOTHING or state == "dead":
            return 1
        key = this.signal, self.receiver_of[this.receiver]
        if key not in self.listening:
            listening = (self.connections[other] for other in self.same[key])
            self.listening[key] = Counter(kind.sender for kind, state in listening if state != "dead")
        by_sender = self.listening[key]
        if this.sender == NOTHING:
            return by_sender.total()
        return by_sender[NOTHING] + by_sender[this.sender]

    def _reason(self, kind: ConnectionKind, state: str, senders: Sequence[int]) -> str:
        if state == "dead":
            return "dead"
        if not senders:
            if self.columns.overflow.sends:
                return "dropped"
            return "other-senders" if kind.signal in self.sent else "not-sent"
        if kind.receiver != NOTHING:
            receiver = self.receiver_of[kind.receiver]
            if any((kind.signal, sender, receiver) in self.skipped for sender in senders):
                return "earlier-raised"
        if state == "stale":
            return "stale"
        if kind.path != NOTHING:
            return "later"
        if self.columns.overflow.calls:
            return "dropped"
        is_an_object = (self.columns.text(kind.sender) or "").endswith((UNKNOWN, "()"))
        return "other-object" if is_an_object else "unknown"

    def signal_row(self, signal: int) -> ConnectedRow:
        return ConnectedRow(
            signal=self.columns.strings[signal],
            receiver=None,
            path=None,
            line=0,
            is_async=False,
            sender=None,
            uid=None,
            is_weak=False,
            state="none",
            times=0,
            site=None,
            sent=sum(self.sent.get(signal, Counter()).values()),
            reason="no-receiver",
            kinds=[],
            ranges=[],
            figures=Figures(),
        )
