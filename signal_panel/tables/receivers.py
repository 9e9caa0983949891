"""The receivers that ran, and what each took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from signal_panel.recording import Columns, Recording
from signal_panel.tables.grouping import Figures, Rest, Table, add_up, alike, beyond, numbered


class ReceiverRow(NamedTuple):
    """A receiver; ``covered_ns`` is the time in which at least one call of it ran.

    ``signals`` are the names of those that called it, ``kinds`` what the columns know it by.
    """

    receiver: str
    path: str | None
    line: int
    is_async: bool
    signals: Sequence[str]
    kinds: Sequence[int]
    figures: Figures
    covered_ns: int


def receivers(recording: Recording) -> Table[ReceiverRow]:
    """A row for each receiver that was called, the one that took longest first."""
    columns = recording.columns
    row_of = numbered(columns.receivers)
    places = alike(row_of)
    # The last group is of all sends; and so -1 is its number, too.
    group_of = [row_of[-1 - kind] if kind < 0 else -1 for kind in columns.kind]
    *figures, sends = add_up(columns, group_of, len(places) + 1)
    covered = _covered(columns, group_of, len(places) + 1)
    signals = _signals(columns, group_of)
    rows = []
    for number, same in enumerate(places):
        if not figures[number].calls:  # connected, and not called
            continue
        kind = columns.receivers[same[0]]
        rows.append(
            ReceiverRow(
                receiver=columns.strings[kind.receiver],
                path=columns.text(kind.path),
                line=kind.line,
                is_async=bool(kind.is_async),
                signals=signals[number],
                kinds=[-1 - place for place in same],
                figures=figures[number],
                covered_ns=covered[number],
            )
        )
    rows.sort(key=lambda row: -row.figures.total_ns)
    between = [Rest("sends", sends)] if sends != Figures() else []
    return Table(rows, [*between, *beyond(columns)])


def _covered(columns: Columns, group_of: Sequence[int], groups: int) -> list[int]:
    # A receiver may call itself, or wait several times at once.
    covered, reached = [0] * groups, [0] * groups
    for start, time, group in zip(columns.start, columns.time, group_of, strict=True):
        end = start + time
        if end > reached[group]:
            covered[group] += end - max(start, reached[group])
            reached[group] = end
    return covered


def _signals(columns: Columns, group_of: Sequence[int]) -> dict[int, list[str]]:
    kinds = columns.kind
    called_by = {
        (group, kinds[parent])
        for group, kind, parent in zip(group_of, kinds, columns.parent, strict=True)
        if kind < 0
    }
    names: dict[int, set[str]] = {}
    for group, send in called_by:
        names.setdefault(group, set()).add(columns.strings[columns.sends[send].signal])
    return {group: sorted(signals) for group, signals in names.items()}
