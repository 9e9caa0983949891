"""What is connected in the process and what was never imported, in the form that recordings keep it in.

Nearly all receivers are connected when a process starts. To number their names and lines takes 0.8 ms, which
is more than all else in the stats of a small request; so it is done again only where something has changed.
"""

from __future__ import annotations

from typing import NamedTuple

from signal_panel import connected, handlers, naming
from signal_panel.connected import Connected
from signal_panel.kinds import Kinds, Strings
from signal_panel.recording import NOTHING, STATES, ConnectionKind, Handlers, HandlersKind, ReceiverKind


class Listing(NamedTuple):
    """What there is, by numbers that index ``strings`` and ``receivers``.

    ``connections`` are without sites, each with the place of its row in the snapshot.
    """

    strings: Strings
    receivers: list[ReceiverKind]
    signals: list[int]
    connections: list[tuple[int, ConnectionKind]]
    unimported: list[HandlersKind]


class Listings:
    """The last listing, with what it was made of."""

    def __init__(self) -> None:
        self._last: tuple[object, list[object], Listing] | None = None

    def now(self, patterns: tuple[str, ...]) -> tuple[list[Connected], Listing]:
        """What is connected now, and the listing of it, without the signals that match a pattern."""
        rows = connected.snapshot()
        names = [name for _, name in naming.named_signals()]
        unimported = handlers.handlers_not_imported()
        made_of = (patterns, names, unimported, list(map(_mark, rows)))
        last = self._last
        if last is not None and last[0] == made_of:
            return rows, last[2]
        listing = _made(patterns, rows, names, unimported)
        # An id is good only while its object lives, here a reference. Of receivers nothing else is held.
        self._last = made_of, [row.reference for row in rows], listing
        return rows, listing


listings = Listings()
"""Those of the process."""


def _mark(row: Connected) -> tuple[object, ...]:
    """What a row is known by: strings, flags, and the ``id`` of its reference."""
    # What has no reference is like nothing else.
    who = object() if row.reference is None else id(row.reference)
    return row.name, who, row.is_async, row.sender, row.uid, row.is_weak, row.state


def _made(
    patterns: tuple[str, ...], rows: list[Connected], names: list[str], unimported: list[Handlers]
) -> Listing:
    kinds, strings = Kinds(patterns), Strings()
    ignored = {name for name in names if kinds.is_ignored(name)}
    receivers: list[ReceiverKind] = []
    connections = []
    for place, row in enumerate(rows):
        if row.name in ignored:
            continue
        number = NOTHING
        if row.receiver is not None:
            number = -1 - kinds.receiver(row.receiver, row.is_async)
            if number == len(receivers):
                receivers.append(kinds.receiver_kind(-1 - number, strings))
        kind = ConnectionKind(
            strings.number(row.name),
            number,
            strings.optional(row.sender),
            strings.optional(row.uid),
            STATES.index(row.state),
            int(row.is_weak),
            *strings.site(None),
        )
        connections.append((place, kind))
    return Listing(
        strings,
        receivers,
        [strings.number(name) for name in names if name not in ignored],
        connections,
        [
            HandlersKind(
                strings.number(found.app),
                strings.number(found.module),
                strings.number(found.path),
                found.line,
                tuple((strings.number(signal), strings.optional(sender)) for signal, sender in found.hears),
            )
            for found in unimported
        ],
    )
