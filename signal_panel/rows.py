"""The rows of a collector's log: one for a send with all calls of its receivers, packed integers.

A row has the send's number, its parent's, its kind, its start, and when the first call began. Two a call
follow: first when each has ended, which is when the next began and, of the last, when the send has ended;
then the receivers' kinds. A row without calls has its end where the first call's start would be. So has that
of a call by itself, which is among the rows of ``ALONE``.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

from signal_panel.intervals import covered

HEAD = 5
ALONE = -1
STEP = 1 << 32
"""Sends have multiples of this for numbers, and their calls the numbers that follow."""


class Rows:
    """The rows of sends with so many calls."""

    __slots__ = ("_packed", "keep", "pack")

    def __init__(self, calls: int) -> None:
        # In one bytearray: no other thread can split a row, and the garbage collector has nothing to look at.
        # An array's extend() takes five times as long.
        self._packed = bytearray()
        self.keep = self._packed.extend
        self.pack = Struct(f"{HEAD + 2 * max(calls, 0)}q").pack

    def __len__(self) -> int:
        """How many bytes they are."""
        return len(self._packed)

    def integers(self, since: int) -> list[int]:
        """All integers of the rows since there were so many bytes."""
        return memoryview(self._packed[since:]).cast("q").tolist()


class Log(dict[int, Rows]):
    """Rows by how many calls they have: those of one length are taken apart by slices, ten times as fast."""

    def __missing__(self, calls: int) -> Rows:
        return self.setdefault(calls, Rows(calls))

    def lengths(self) -> dict[int, int]:
        """How many bytes of each there are now, for ``spans_since``."""
        return {calls: len(rows) for calls, rows in list(self.items())}


class Spans(NamedTuple):
    """Columns of spans, in no order."""

    numbers: list[int]
    parents: list[int]
    kinds: list[int]
    starts: list[int]
    ends: list[int]


def spans_since(lengths: Mapping[int, int], log: Log) -> Spans:
    """The spans that were logged since it had these lengths."""
    spans = Spans([], [], [], [], [])
    numbers, parents, kinds, starts, ends = spans
    for calls, rows in list(log.items()):
        words = rows.integers(lengths.get(calls, 0))
        width = HEAD + 2 * max(calls, 0)
        sends, begun = words[::width], words[4::width]
        numbers += sends
        parents += words[1::width]
        kinds += words[2::width]
        starts += words[3::width]
        ends += words[4 + max(calls, 0) :: width]
        for call in range(calls):
            offset = 1 + call
            numbers += [send + offset for send in sends]
            parents += sends
            kinds += words[HEAD + calls + call :: width]
            starts += begun
            begun = words[HEAD + call :: width]
            ends += begun
    return spans


class Counts(NamedTuple):
    """How many sends and calls, and the nanoseconds in which at least one call ran."""

    sends: int
    calls: int
    receivers_ns: int


def counts(log: Log) -> Counts:
    """What has been logged, without taking the spans apart: in a tenth of the time."""
    sends = calls = 0
    ran: list[tuple[int, int]] = []
    for number, rows in list(log.items()):
        words = rows.integers(0)
        width = HEAD + 2 * max(number, 0)
        if number == ALONE:
            calls += len(words) // width
            ran += zip(words[3::width], words[4::width], strict=True)
        else:
            sends += len(words) // width
            calls += len(words) // width * number
        if number > 0:
            # Of a send's calls each begins where the one before has ended.
            ran += zip(words[4::width], words[HEAD + number - 1 :: width], strict=True)
    return Counts(sends, calls, covered(sorted(ran)))
