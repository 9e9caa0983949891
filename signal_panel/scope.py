"""The scopes that become recordings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from signal_panel import naming
from signal_panel.collector import IDLE, Collector, Tally, current
from signal_panel.freezing import Beginning, Freezing
from signal_panel.recording import Columns, Phase, Recording
from signal_panel.rows import Counts, counts
from signal_panel.speedups import Place
from signal_panel.summary import totals


class Scope:
    """One open recording: of a block, a request, or a window of the toolbar's.

    ``clock`` gives nanoseconds and ``wall_clock`` seconds since 1970. At most ``max_spans`` spans are kept.
    Sends whose signal or sender matches one of the patterns in ``ignore`` are left out, with all inside them;
    a scope inside another has the other's patterns.
    """

    def __init__(
        self,
        *,
        max_spans: int,
        ignore: Iterable[str] = (),
        clock: Callable[[], int] = time.perf_counter_ns,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._max_spans = max_spans
        naming.refresh_signal_names()
        self._outer = outer = current.get()
        self._is_outermost = outer.collector.closed
        self.collector = Collector(clock, ignore) if self._is_outermost else outer.collector
        self._number = next(self.collector.numbers)
        self.collector.scopes[self._number] = 0 if self._is_outermost else outer.number
        self.collector.make_room(self._number, max_spans)
        self._marks: list[tuple[int, str, str]] = []
        self._is_paused = False
        self._epoch = wall_clock()
        self._beginning = Beginning.here(self.collector, self._number)
        self.closed = False
        self.recording = Recording(self._columns)
        current.set(Place.here(self.collector, self._number))

    @property
    def failure(self) -> str:
        """The type of the first failure of ours in the outermost scope, or empty."""
        return self.collector.failure

    @property
    def late(self) -> Tally:
        """Counts the spans that end after the outermost scope, in tasks and threads that outlive it."""
        return self.collector.late

    def mark(self, phase: str, label: str = "") -> None:
        """A request's next phase starts now, the first one with the recording."""
        if not self._marks:
            self._marks.append((0, phase, label))
        elif self._marks[-1][1] != phase:
            self._marks.append((self._elapsed(), phase, label))

    def pause(self) -> None:
        """Record nothing of what this context does from now on."""
        if not self.closed:
            self._is_paused = True
            current.set(IDLE)

    def resume(self) -> None:
        """Record what this context does again."""
        if not self.closed:
            self._is_paused = False
            current.set(Place.here(self.collector, self._number))

    def leave(self) -> None:
        """Make current again in this context what was so before, where this scope still is."""
        place = current.get()
        number = place.number
        while number in place.collector.blocks:  # one that has not ended yet
            number = place.collector.scopes[number]
        is_in_it = place.collector is self.collector and number == self._number
        if is_in_it or (self._is_paused and place is IDLE):
            current.set(self._outer)

    def close(self) -> None:
        """Keep nothing from now on. The recording stays if it has been frozen."""
        if self._is_outermost:
            self.collector.close()
        else:
            self.collector.end_room(self._number)

    def counts(self) -> Counts:
        """What has ended in this scope so far, counted."""
        if not self._is_outermost:  # then not all that was logged is of this scope
            found = totals(Recording(self._columns()))
            return Counts(found.sends, found.calls, found.receivers_ns)
        kept, beyond = counts(self.collector.log), self.collector.overflow.so_far(self._number)
        return Counts(
            kept.sends + beyond.sends,
            kept.calls + beyond.calls,
            kept.receivers_ns + beyond.receivers_ns,
        )

    def _columns(self) -> Columns:
        """What has ended in this scope so far, as columns."""
        duration = self._elapsed()
        columns = Columns(self._epoch, duration, phases=self._phases(duration))
        Freezing(columns, self.collector, self._beginning, self._max_spans).fill()
        return columns

    def _elapsed(self) -> int:
        return self.collector.clock() - self._beginning.clock

    def _phases(self, duration: int) -> list[Phase]:
        stops = [*(start for start, _, _ in self._marks[1:]), duration]
        return [
            Phase(name, label, start, stop - start)
            for (start, name, label), stop in zip(self._marks, stops, strict=False)
        ]
