"""Several requests added up, and one against another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from signal_panel.recording import Recording
from signal_panel.tables.grouping import Figures, Rest, Table, add
from signal_panel.tables.receivers import ReceiverRow, receivers
from signal_panel.tables.signals import signals

NOISE_SHARE, NOISE_NS = 0.2, 100_000
"""A receiver took another time where it differs by more than this: less is what the same request takes
from one time to the next, the machine's other work, caches and garbage collection being what they are."""

Key = tuple[str, str | None, bool]


class ReceiverAcross(NamedTuple):
    """A receiver in so many requests."""

    receiver: str
    path: str | None
    line: int
    is_async: bool
    requests: int
    figures: Figures


class SignalAcross(NamedTuple):
    """A signal in so many requests; ``unheard`` sends ran no receiver."""

    signal: str
    requests: int
    unheard: int
    unheard_ns: int
    figures: Figures


class Across(NamedTuple):
    """Both tables, of ``requests``."""

    requests: int
    receivers: Table[ReceiverAcross]
    signals: Table[SignalAcross]


class Compared(NamedTuple):
    """A receiver in two requests: ``then`` in the other, ``now`` in this one.

    ``change`` is ``new``, ``gone``, ``slower``, ``faster`` or ``same``. It is known by its name and file: its
    line may have moved in between. ``kinds`` are this request's.
    """

    receiver: str
    path: str | None
    line: int
    is_async: bool
    change: str
    then: Figures
    figures: Figures
    kinds: tuple[int, ...]

    @property
    def difference_ns(self) -> int:
        """How much longer it took in all."""
        return self.figures.total_ns - self.then.total_ns


def across(recordings: Iterable[Recording]) -> Across:
    """The receivers and signals of all of them, those that took longest first."""
    requests = 0
    of_receivers: dict[Key, ReceiverAcross] = {}
    of_signals: dict[str, SignalAcross] = {}
    rest_of_receivers: list[Rest] = []
    rest_of_signals: list[Rest] = []
    for recording in recordings:
        requests += 1
        table = receivers(recording)
        for key, row in _by_key(table).items():
            so_far = of_receivers.get(key, row._replace(requests=0, figures=Figures()))
            of_receivers[key] = row._replace(
                requests=so_far.requests + 1, figures=so_far.figures + row.figures
            )
        rest_of_receivers += table.rest
        by_signal = signals(recording).by_signal
        for signal in by_signal.rows:
            before = of_signals.get(signal.signal, SignalAcross(signal.signal, 0, 0, 0, Figures()))
            of_signals[signal.signal] = SignalAcross(
                signal.signal,
                before.requests + 1,
                before.unheard + signal.unheard,
                before.unheard_ns + signal.unheard_ns,
                before.figures + signal.figures,
            )
        rest_of_signals += by_signal.rest
    return Across(
        requests,
        Table(sorted(of_receivers.values(), key=_longest), _together(rest_of_receivers)),
        Table(sorted(of_signals.values(), key=_longest), _together(rest_of_signals)),
    )


def compared(now: Recording, then: Recording) -> Table[Compared]:
    """The receivers of both; what differs most comes first."""
    table_now = receivers(now)
    rows_now, rows_then = _by_key(table_now), _by_key(receivers(then))
    kinds: dict[Key, tuple[int, ...]] = {}
    for row in table_now.rows:
        key = row.receiver, row.path, row.is_async
        kinds[key] = (*kinds.get(key, ()), *row.kinds)
    rows = []
    for key in {**rows_now, **rows_then}:
        here, there = rows_now.get(key), rows_then.get(key)
        one = here or rows_then[key]
        rows.append(
            Compared(
                one.receiver,
                one.path,
                one.line,
                one.is_async,
                _change(here, there),
                there.figures if there else Figures(),
                here.figures if here else Figures(),
                kinds.get(key, ()),
            )
        )
    rows.sort(key=lambda row: -abs(row.difference_ns))
    return Table(rows, table_now.rest)


def _by_key(table: Table[ReceiverRow]) -> dict[Key, ReceiverAcross]:
    rows: dict[Key, ReceiverAcross] = {}
    for row in table.rows:
        key = row.receiver, row.path, row.is_async
        before = rows[key].figures if key in rows else Figures()
        rows[key] = ReceiverAcross(row.receiver, row.path, row.line, row.is_async, 1, before + row.figures)
    return rows


def _change(now: ReceiverAcross | None, then: ReceiverAcross | None) -> str:
    if now is None or then is None:
        return "gone" if now is None else "new"
    before, after = then.figures.total_ns, now.figures.total_ns
    if abs(after - before) <= max(NOISE_NS, NOISE_SHARE * max(before, after)):
        return "same"
    return "slower" if after > before else "faster"


def _longest(row: ReceiverAcross | SignalAcross) -> int:
    return -row.figures.total_ns


def _together(rest: list[Rest]) -> list[Rest]:
    by_name: dict[str, list[Figures]] = {}
    for one in rest:
        by_name.setdefault(one.name, []).append(one.figures)
    return [Rest(name, add(figures)) for name, figures in by_name.items()]
