"""What is connected in the process and what was never imported, in the form that recordings keep it in.

Nearly all receivers are connected when a process starts. To number their names and lines takes 0.8 ms, which
is more than all else in the stats of a small request; so it is done again only where something has changed.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import ref

from signal_panel import connected, handlers, naming
from signal_panel.connected import Connected
from signal_panel.kinds import Kinds, Strings
from signal_panel.recording import NOTHING, STATES, ConnectionKind, Handlers, HandlersKind, ReceiverKind


class Listing(NamedTuple):
    """What there is, by numbers that index ``strings`` and ``receivers``.

    ``connections`` are without sites, each with its place among what was looked at.
    """

    strings: Strings
    receivers: list[ReceiverKind]
    signals: list[int]
    connections: list[tuple[int, ConnectionKind]]
    unimported: list[HandlersKind]


class Look(NamedTuple):
    """A listing, with the receivers that live and the signals' own keys, in the order of looking."""

    listing: Listing
    receivers: list[Any]
    keys: list[object]


class _Made(NamedTuple):
    patterns: tuple[str, ...]
    of: tuple[object, ...]
    references: list[ref[Any] | None]
    listing: Listing


class Listings:
    """The last listing, with what it was made of."""

    def __init__(self) -> None:
        self._last: _Made | None = None

    def now(self, patterns: tuple[str, ...]) -> Look:
        """What is connected now, without the signals that match a pattern."""
        rows = connected.snapshot()
        names = [name for _, name in naming.named_signals()]
        unimported = handlers.handlers_not_imported()
        # An id is good only while its object lives, here a reference. Of receivers nothing else is held.
        of = (names, unimported, [_mark(row) for row in rows])
        last = self._last
        if last is None or last.patterns != patterns or last.of != of:
            listing = _listing(patterns, rows, names, unimported)
            last = self._last = _Made(patterns, of, [row.reference for row in rows], listing)
        return Look(last.listing, [row.receiver for row in rows], [row.key for row in rows])


listings = Listings()
"""Those of the process."""


def _mark(row: Connected) -> tuple[object, ...]:
    """What a row is known by: strings, flags, and the ``id`` of its reference."""
    # What has no reference is like nothing else.
    who = object() if row.reference is None else id(row.reference)
    return row.name, who, row.is_async, row.sender, row.uid, row.is_weak, row.state


def _listing(
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
