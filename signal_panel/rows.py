"""The rows of a collector's log: one for a send with all calls of its receivers, packed integers.

A row begins with ``HEAD`` of them: how many calls it has, the send's number, its parent's, its kind, its
start, and when the first call began. Two a call follow: first when each has ended, which is when the next
began and, of the last, when the send has ended; then the receivers' kinds. A row without calls has its end
where the first call's start would be. So has that of a call by itself, whose count is ``ALONE``.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

HEAD = 6
HEAD_BYTES = 8 * HEAD
ALONE = -1
STEP = 1 << 32
"""Sends have multiples of this for numbers, and their calls the numbers that follow."""


class _Packers(dict[int, Callable[..., bytes]]):
    def __missing__(self, calls: int) -> Callable[..., bytes]:
        self[calls] = Struct(f"{HEAD + 2 * calls}q").pack
        return self[calls]


packers = _Packers()
"""What packs a row, by how many calls it has."""


class Spans(NamedTuple):
    """Columns of spans, in no order."""

    numbers: list[int]
    parents: list[int]
    kinds: list[int]
    starts: list[int]
    ends: list[int]


def unpack(log: bytes | bytearray) -> Spans:
    """The spans of packed rows."""
    words = memoryview(log).cast("q").tolist()
    rows_by_calls: dict[int, list[int]] = {}
    row = 0
    while row < len(words):
        calls = words[row]
        if calls in rows_by_calls:
            rows_by_calls[calls].append(row)
        else:
            rows_by_calls[calls] = [row]
        row += HEAD + 2 * calls if calls > 0 else HEAD
    spans = Spans([], [], [], [], [])
    numbers, parents, kinds, starts, ends = spans
    # Column by column takes a third of what row by row does.
    for calls, rows in rows_by_calls.items():
        sends = [words[row + 1] for row in rows]
        begun = [words[row + 5] for row in rows]
        numbers += sends
        parents += [words[row + 2] for row in rows]
        kinds += [words[row + 3] for row in rows]
        starts += [words[row + 4] for row in rows]
        ends += [words[row + 5 + calls] for row in rows] if calls > 0 else begun
        for call in range(calls):
            numbers += [send + 1 + call for send in sends]
            parents += sends
            kinds += [words[row + HEAD + calls + call] for row in rows]
            starts += begun
            begun = [words[row + HEAD + call] for row in rows]
            ends += begun
    return spans
