"""What is connected in the process and what was never imported, in the form that recordings keep it in.

Nearly all receivers are connected when a process starts. To look at them and to number their names and lines
takes 12 µs each, and large projects have a thousand: so it is done again only where something has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from signal_panel import connected, handlers, naming
from signal_panel.connected import Connected
from signal_panel.kinds import Kinds, Strings
from signal_panel.recording import NOTHING, STATES, ConnectionKind, Handlers, HandlersKind, ReceiverKind
from signal_panel.unchanged import Shown


class Listing(NamedTuple):
    """What there is, by numbers that index ``strings`` and ``receivers``.

    ``connections`` are without sites, and ``places`` says which is under a signal's own key, by its ``id``.
    ``known`` finds a receiver by its key, as ``Kinds.known`` does.
    """

    strings: Strings
    receivers: list[ReceiverKind]
    known: Callable[[Any], int | None]
    signals: list[int]
    connections: list[ConnectionKind]
    places: dict[int, int]
    unimported: list[HandlersKind]


class _Made(NamedTuple):
    patterns: tuple[str, ...]
    shown: Shown | None
    unimported: list[Handlers]
    listing: Listing


class Listings:
    """The last listing, with what it was made of."""

    def __init__(self) -> None:
        self._last: _Made | None = None

    def now(self, patterns: tuple[str, ...]) -> Listing:
        """What is connected now, without the signals that match a pattern."""
        named = naming.named_signals()
        unimported = handlers.handlers_not_imported()
        last = self._last
        if (
            last is None
            or last.patterns != patterns
            or last.unimported != unimported
            or last.shown is None
            or not last.shown.is_so_still(named)
        ):
            rows = connected.snapshot(named)
            listing = _listing(patterns, rows, [name for _, name in named], unimported)
            last = self._last = _Made(patterns, Shown.of(named, rows), unimported, listing)
        return last.listing


listings = Listings()
"""Those of the process."""


def _listing(
    patterns: tuple[str, ...], rows: list[Connected], names: list[str], unimported: list[Handlers]
) -> Listing:
    kinds, strings = Kinds(patterns), Strings()
    ignored = {name for name in names if kinds.is_ignored(name)}
    receivers: list[ReceiverKind] = []
    connections: list[ConnectionKind] = []
    places = {}
    for row in rows:
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
        places[id(row.key)] = len(connections)
        connections.append(kind)
    return Listing(
        strings,
        receivers,
        kinds.known,
        [strings.number(name) for name in names if name not in ignored],
        connections,
        places,
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
