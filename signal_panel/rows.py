"""The rows of a collector's log: one for a send with all calls of its receivers, integers.

A row has the send's number, its parent's, its kind, its start, and when the first call began. Two a call
follow: first when each has ended, which is when the next began and, of the last, when the send has ended;
then the receivers' kinds. A row without calls has its end where the first call's start would be. So has that
of a call by itself, which is among the rows of ``ALONE``.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from struct import Struct, calcsize
from threading import RLock
from typing import NamedTuple

from signal_panel import speedups
from signal_panel.intervals import covered
from signal_panel.speedups import INTEGER

HEAD = 5
ALONE = -1
NOWHERE = -1
"""In place of a place in the columns."""
STEP = (1 << 17) + 1
"""Sends have multiples of this for numbers, and their calls the numbers that follow.

So many receivers no signal has: to connect them takes Django six minutes. Integers below ``1 << 30`` are
added and compared faster, which are those of the first 8,191 sends: a send to five receivers takes 0.08 µs
less than with ``(1 << 29) + 1``. An odd one, so that a dictionary has them side by side: it takes the lower
bits for where to look first. With ``1 << 29`` freezing 1,000,000 spans took a fifth to a half longer.
"""
MOST_SPANS = 1 << 44
"""No recording has room for more, so that all numbers fit into eight bytes."""
PACKED_AFTER = 1 << 40 if speedups.IS_COMPILED else 1024
"""How many sends, or calls, are kept before they are packed: more than most requests have.

In C each row is packed as it comes.
"""

AT_ONCE = 2_048
"""So many rows are taken apart at once, field after field.

Of all rows of a million spans each field would be fetched from memory: 0.1 µs a span in place of 0.05. Of a
few at once, those of a signal with thousands of receivers took eight times as long.
"""

_BYTES = calcsize(INTEGER)
_lock = RLock()  # between what is packed and what is not yet


class Rows:
    """The rows of sends with the same number of calls.

    They are packed now and then, many at once: to pack each took a fifth of what recording a send takes. In
    integer objects a row takes up to four times the memory.
    """

    __slots__ = ("_fresh", "_is_packing", "keep", "packed")

    def __init__(self) -> None:
        self._fresh: list[int] = []
        self._is_packing = False
        self.packed = bytearray()
        """What C adds to. The garbage collector has nothing to look at in it."""
        self.keep: Callable[[Sequence[int]], None] = (
            partial(speedups.append, self.packed) if speedups.IS_COMPILED else self._fresh.extend
        )
        """Add a row. No other thread can split it."""

    def pack(self) -> None:
        """Pack what has been kept since the last time."""
        with _lock:
            if self._is_packing:  # a finalizer or a signal handler sends in the middle of it
                return
            self._is_packing = True
            try:
                fresh = self._fresh[:]  # other threads may add to it
                self.packed += _pack(fresh)
                del self._fresh[: len(fresh)]
            finally:
                self._is_packing = False

    def __len__(self) -> int:
        """How many integers they are."""
        with _lock:
            return len(self.packed) // _BYTES + len(self._fresh)

    def integers(self, since: int) -> array[int]:
        """All integers of the rows since there were so many."""
        with _lock:
            found = array("q")
            # A copy of all that is copied again would be as much memory that nobody has touched yet.
            found.frombytes(self.packed[since * _BYTES :] if since else self.packed)
            if self._fresh:
                found.frombytes(_pack(self._fresh[max(0, since - len(self.packed) // _BYTES) :]))
            return found


def _pack(integers: list[int]) -> bytes:
    return Struct(f"{len(integers)}{INTEGER}").pack(*integers)


class Log(dict[int, Rows]):
    """Rows by how many calls they have: those of one length are taken apart by slices, ten times as fast."""

    def __init__(self) -> None:
        self.pack_at = PACKED_AFTER * STEP
        """The number of the send with which they are packed."""
        self.pack_at_calls = PACKED_AFTER
        """How many calls may be kept before that."""

    def __missing__(self, calls: int) -> Rows:
        return self.setdefault(calls, Rows())

    def pack(self, number: int, calls: int) -> None:
        """Pack the rows with the send of this number, when so many calls have been kept."""
        for rows in list(self.values()):
            rows.pack()
        self.pack_at = max(self.pack_at, number + PACKED_AFTER * STEP)
        self.pack_at_calls = max(self.pack_at_calls, calls + PACKED_AFTER)

    def lengths(self) -> dict[int, int]:
        """How many integers of each there are now, for ``spans_since``."""
        return {calls: len(rows) for calls, rows in list(self.items())}


class Index(dict[int, int]):
    """Where spans are in their columns, by their numbers; of a row it holds the send and finds the calls."""

    def __init__(self, sends: array[int] | tuple[()] = ()) -> None:
        self._sends = sends

    def __missing__(self, number: int) -> int:
        call = number % STEP
        send = number - call
        place = self.get(send, NOWHERE) + call
        is_there = 0 <= place < len(self._sends) and self._sends[place] == send
        self[number] = place = place if is_there else NOWHERE
        return place


class Spans(NamedTuple):
    """Columns of spans, those of a row side by side, and where each is.

    ``sends`` are the rows' numbers: a span's send, but of a call by itself its own.
    """

    sends: array[int]
    parents: array[int]
    kinds: array[int]
    starts: array[int]
    ends: array[int]
    by_number: Index


def spans_since(lengths: Mapping[int, int], log: Log) -> Spans:
    """The spans that were logged since it had these lengths."""
    logged = [(max(key, 0), rows.integers(lengths.get(key, 0))) for key, rows in list(log.items())]
    total = sum(len(words) // _width(calls) * (1 + calls) for calls, words in logged)
    sends, parents, kinds, starts, ends = (array("q", [0]) * total for _ in range(5))
    by_number = Index(sends)
    here = 0
    for calls, words in logged:
        width = _width(calls)
        by_number.update(zip(words[::width], count(here, 1 + calls), strict=False))
        for start in range(0, len(words), width * AT_ONCE):
            rows = words[start : start + width * AT_ONCE]
            _fill(sends, here, rows, width, [0] * (1 + calls))
            _fill(parents, here, rows, width, [1] + [0] * calls)
            _fill(kinds, here, rows, width, [2, *range(HEAD + calls, width)])
            _fill(starts, here, rows, width, range(3, 4 + calls))
            _fill(ends, here, rows, width, [4 + calls, *range(HEAD, HEAD + calls)])
            here += len(rows) // width * (1 + calls)
    return Spans(sends, parents, kinds, starts, ends, by_number)


def _width(calls: int) -> int:
    return HEAD + 2 * calls


def _fill(column: array[int], here: int, rows: array[int], width: int, fields: Sequence[int]) -> None:
    """Put in these fields of the first row, then those of the second, and so on."""
    end = here + len(rows) // width * len(fields)
    for place, field in enumerate(fields):
        column[here + place : end : len(fields)] = rows[field::width]


class Counts(NamedTuple):
    """How many sends and calls, and the nanoseconds in which at least one call ran."""

    sends: int
    calls: int
    receivers_ns: int


def counts(log: Log) -> Counts:
    """What has been logged, without taking the spans apart: in a twentieth of the time."""
    sends = calls = 0
    starts, ends = array("q"), array("q")
    for number, rows in list(log.items()):
        words = rows.integers(0)
        width = _width(max(number, 0))
        if number == ALONE:
            calls += len(words) // width
            starts += words[3::width]
            ends += words[4::width]
        else:
            sends += len(words) // width
            calls += len(words) // width * number
        if number > 0:
            # Of a send's calls each begins where the one before has ended.
            starts += words[4::width]
            ends += words[HEAD + number - 1 :: width]
    return Counts(sends, calls, covered(starts, ends))
