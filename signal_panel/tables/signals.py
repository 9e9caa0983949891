"""The signals that were sent: by signal, and by signal, sender and site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from signal_panel.recording import Columns, Recording, Site
from signal_panel.tables.grouping import Figures, Table, add, add_up, alike, beyond, numbered


class SiteRow(NamedTuple):
    """The sends of one signal by one sender from one line; with the receivers they ran.

    ``through`` is a package's line in between. ``unheard`` counts those that ran no receiver, which together
    took ``unheard_ns``.
    """

    signal: str
    sender: str
    site: Site | None
    through: Site | None
    kinds: Sequence[int]
    figures: Figures
    unheard: int
    unheard_ns: int


class SignalRow(NamedTuple):
    """All sends of one signal; ``senders`` and ``sites`` count different ones."""

    signal: str
    senders: int
    sites: int
    kinds: Sequence[int]
    figures: Figures
    unheard: int
    unheard_ns: int


class Signals(NamedTuple):
    """Both tables."""

    by_signal: Table[SignalRow]
    by_site: Table[SiteRow]


def signals(recording: Recording) -> Signals:
    """The signals that were sent, and where from; what took longest comes first."""
    columns = recording.columns
    by_site = _by_site(columns)
    sites_of: dict[str, list[SiteRow]] = {}
    for row in by_site.rows:
        sites_of.setdefault(row.signal, []).append(row)
    by_signal = [
        SignalRow(
            signal=signal,
            senders=len({row.sender for row in rows}),
            sites=len({row.site for row in rows}),
            kinds=[kind for row in rows for kind in row.kinds],
            figures=add(row.figures for row in rows),
            unheard=sum(row.unheard for row in rows),
            unheard_ns=sum(row.unheard_ns for row in rows),
        )
        for signal, rows in sites_of.items()
    ]
    by_signal.sort(key=lambda row: -row.figures.total_ns)
    return Signals(Table(by_signal, by_site.rest), by_site)


def _by_site(columns: Columns) -> Table[SiteRow]:
    row_of = numbered(kind._replace(method=0) for kind in columns.sends)
    places = alike(row_of)
    group_of: list[int] = []
    for kind, parent in zip(columns.kind, columns.parent, strict=True):
        group_of.append(row_of[kind] if kind >= 0 else group_of[parent])
    figures = add_up(columns, group_of, len(places))
    unheard, unheard_ns = [0] * len(places), [0] * len(places)
    for span in unheard_sends(columns):
        unheard[group_of[span]] += 1
        unheard_ns[group_of[span]] += columns.time[span]
    rows = []
    for number, same in enumerate(places):
        sent = columns.sends[same[0]]
        rows.append(
            SiteRow(
                signal=columns.strings[sent.signal],
                sender=columns.strings[sent.sender],
                site=columns.site(sent.path, sent.line, sent.function),
                through=columns.through(sent),
                kinds=same,
                figures=figures[number],
                unheard=unheard[number],
                unheard_ns=unheard_ns[number],
            )
        )
    rows.sort(key=lambda row: -row.figures.total_ns)
    return Table(rows, beyond(columns))


def unheard_sends(columns: Columns) -> list[int]:
    """The sends that ran no receiver."""
    heard = set(columns.parent)
    # Where calls are past the cap, they may be of any send that was under way when it was reached.
    certain_until = columns.start[-1] if columns.overflow.calls and columns.start else None
    return [
        span
        for span, kind in enumerate(columns.kind)
        if kind >= 0
        and span not in heard
        and (certain_until is None or columns.start[span] + columns.time[span] < certain_until)
    ]
