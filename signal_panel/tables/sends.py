"""The tree of sends and receiver calls, what repeats folded into one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from signal_panel.recording import METHODS, NOTHING, Columns, Recording, Site
from signal_panel.tables.grouping import (
    Figures,
    Range,
    Table,
    add_up,
    beyond,
    hiding,
    numbered,
    ranges,
)


class NodeRow(NamedTuple):
    """All sends from one line or all calls of one receiver that stand under the same row.

    The row's spans are those of ``kinds`` in ``ranges``, which have their first and last. ``method`` and
    ``sender`` are None of receivers, ``function`` is of the site, ``through`` the package's line in between.
    """

    depth: int
    name: str
    sender: str | None
    method: str | None
    is_async: bool
    path: str | None
    line: int
    function: str | None
    through: Site | None
    kinds: Sequence[int]
    ranges: Sequence[Range]
    figures: Figures


def sends(recording: Recording, limit: int) -> Table[NodeRow]:
    """The tree as rows, each before those under it, by start.

    Where there are more than ``limit`` rows, those that took least are left out, with all under them.
    """
    columns = recording.columns
    tree = _Tree(columns)
    figures = add_up(columns, tree.node_of, len(tree.parents))
    shown = _chosen(tree.parents, [of_one.total_ns for of_one in figures], limit)
    rows = [_row(columns, tree, node, figures[node]) for node in _in_order(tree.parents) if node in shown]
    hidden = [of_one for node, of_one in enumerate(figures) if node not in shown]
    return Table(rows, [*hiding(hidden), *beyond(columns)])


class _Tree:
    """Which node each span belongs to: the same as those of its kind under its parent's node."""

    def __init__(self, columns: Columns) -> None:
        sends, receivers = numbered(columns.sends), numbered(columns.receivers)
        first = max(sends, default=-1) + 1
        # A kind's number; those of receivers, being negative, are found from the end.
        number_of = [*sends, *(first + receiver for receiver in reversed(receivers))]
        self.node_of: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self.numbers: list[int] = []
        known: dict[tuple[int, int], int] = {}
        of_spans = [number_of[kind] for kind in columns.kind]
        for number, parent in zip(of_spans, columns.parent, strict=True):
            above = NOTHING if parent == NOTHING else self.node_of[parent]
            node = known.get((above, number))
            if node is None:
                node = known[above, number] = len(self.parents)
                self.parents.append(above)
                self.depths.append(0 if above == NOTHING else self.depths[above] + 1)
                self.numbers.append(number)
            self.node_of.append(node)
        self.ranges = ranges(of_spans, self.node_of, len(self.parents))
        self.kinds: list[list[int]] = [[] for _ in self.parents]
        for node, kind in dict.fromkeys(zip(self.node_of, columns.kind, strict=True)):
            self.kinds[node].append(kind)


def _chosen(parents: Sequence[int], times: Sequence[int], limit: int) -> set[int]:
    if len(parents) <= limit:
        return set(range(len(parents)))
    chosen: set[int] = set()
    for node in sorted(range(len(parents)), key=lambda node: -times[node]):  # pragma: no branch - it is met
        missing = []
        while node != NOTHING and node not in chosen:
            missing.append(node)
            node = parents[node]
        if len(chosen) + len(missing) <= limit:
            chosen.update(missing)
        if len(chosen) == limit:
            break
    return chosen


def _in_order(parents: Sequence[int]) -> list[int]:
    under: dict[int, list[int]] = {}
    for node, parent in enumerate(parents):
        under.setdefault(parent, []).append(node)
    ordered: list[int] = []
    waiting = under.get(NOTHING, [])[::-1]
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        waiting.extend(reversed(under.get(node, ())))
    return ordered


def _row(columns: Columns, tree: _Tree, node: int, figures: Figures) -> NodeRow:
    kinds = tree.kinds[node]
    common: dict[str, Any] = {
        "kinds": kinds,
        "ranges": tree.ranges[node],
        "depth": tree.depths[node],
        "figures": figures,
    }
    if kinds[0] < 0:
        receiver = columns.receivers[-1 - kinds[0]]
        return NodeRow(
            name=columns.strings[receiver.receiver],
            sender=None,
            method=None,
            is_async=bool(receiver.is_async),
            path=columns.text(receiver.path),
            line=receiver.line,
            function=None,
            through=None,
            **common,
        )
    send = columns.sends[kinds[0]]
    return NodeRow(
        name=columns.strings[send.signal],
        sender=columns.strings[send.sender],
        method=METHODS[send.method],
        is_async=False,
        path=columns.text(send.path),
        line=send.line,
        function=columns.text(send.function),
        through=columns.through(send),
        **common,
    )
