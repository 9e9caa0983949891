"""Recordings made of nothing but columns: random, and of any shape that a recording may have."""

from __future__ import annotations

from array import array
from typing import Any

from hypothesis import strategies as st

from signal_panel import Recording
from signal_panel.overflow import Overflow
from signal_panel.recording import NOTHING, Columns, ConnectionKind, ReceiverKind, SendKind, Statement

STRINGS = ["a.signal", "b.signal", "a.Sender", "b.Sender", "/a.py", "/b.py", "a.one", "b.two", "ValueError"]
SIGNALS, SENDERS, PATHS, RECEIVERS, EXCEPTION = (0, 1), (2, 3), (4, 5, NOTHING), (6, 7), 8
SQL, ALIAS = 9, 10


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Up to thirty spans, in each other, beside and across each other; with what belongs to them."""
    sends = [
        SendKind(
            *(signal, sender, method),
            *(path, 7, NOTHING if path == NOTHING else 0),
            *(through, 8, NOTHING if through == NOTHING else 0),
        )
        for signal, sender, method, path, through in draw(
            st.lists(
                st.tuples(*map(st.sampled_from, (SIGNALS, SENDERS, (0, 1), PATHS, PATHS))),
                min_size=1,
                max_size=5,
            )
        )
    ]
    receivers = [
        ReceiverKind(receiver, path, 9, is_async)
        for receiver, path, is_async in draw(
            st.lists(st.tuples(*map(st.sampled_from, (RECEIVERS, PATHS, (0, 1)))), min_size=1, max_size=4)
        )
    ]
    columns = Columns(epoch=0, duration=1_000, strings=[*STRINGS, "SELECT %s", "default"])
    columns.sends, columns.receivers = sends, receivers
    start = 0
    number = st.integers(0, 20)
    for span in range(draw(st.integers(0, 30))):
        start += draw(number)
        # Sends stand in calls or alone, calls in sends.
        parent = draw(st.integers(NOTHING, span - 1))
        if parent == NOTHING or columns.kind[parent] < 0:
            kind = draw(st.integers(0, len(sends) - 1))
        else:
            kind = -draw(st.integers(1, len(receivers)))
        columns.start.append(start)
        columns.time.append(draw(st.integers(0, 100)))
        columns.parent.append(parent)
        columns.kind.append(kind)
        columns.within.append(draw(st.integers(0, 3)))
        if draw(st.booleans()):
            columns.exceptions[span] = EXCEPTION
    _add_queries(draw, columns)
    _add_connections(draw, columns)
    if draw(st.booleans()):
        columns.overflow = Overflow(*(draw(number) for _ in Overflow._fields))
    return Recording(columns)


def _add_queries(draw: st.DrawFn, columns: Columns) -> None:
    columns.statements = [Statement(SQL, ALIAS)]
    spans = draw(st.lists(st.integers(NOTHING, len(columns.kind) - 1), max_size=10))
    for place, span in enumerate(spans):
        columns.query_start.append(place)
        columns.query_time.append(draw(st.integers(0, 9)))
        columns.query_span.append(span)
        columns.query_statement.append(0)
        columns.query_repeats.append(NOTHING)


def _add_connections(draw: st.DrawFn, columns: Columns) -> None:
    receiver = st.integers(NOTHING, len(columns.receivers) - 1)
    state = st.integers(0, 3)
    choices: Any = st.tuples(st.sampled_from(SIGNALS), receiver, st.sampled_from((*SENDERS, NOTHING)), state)
    for signal, of, sender, is_now in draw(st.lists(choices, max_size=6)):
        columns.connections.append(
            ConnectionKind(signal, of, sender, NOTHING, is_now, 1, NOTHING, 0, NOTHING)
        )
    columns.signals = draw(st.lists(st.sampled_from(SIGNALS), unique=True))
    sends = [span for span, kind in enumerate(columns.kind) if kind >= 0]
    for span in draw(st.lists(st.sampled_from(sends), unique=True, max_size=3)) if sends else ():
        columns.skipped[span] = draw(
            st.lists(st.integers(0, len(columns.receivers) - 1), min_size=1, max_size=3)
        )


def large(spans: int, distinct: int) -> Recording:
    """That many spans, of so many kinds of send and of receiver."""
    strings = [f"app.module.name_{number}" for number in range(distinct)] + ["/app/module.py", "function"]
    sends = [SendKind(n, n, 0, distinct, n, distinct + 1) for n in range(distinct)]
    receivers = [ReceiverKind(n, distinct, n, 0) for n in range(distinct)]
    columns = Columns(epoch=0, duration=spans * 10, strings=strings, sends=sends, receivers=receivers)
    columns.start = array("q", range(0, spans * 10, 10))
    columns.time = array("q", [8 if span % 2 else 18 for span in range(spans)])
    columns.parent = array("q", [span - 1 if span % 2 else NOTHING for span in range(spans)])
    columns.kind = array(
        "q", [-1 - span // 2 % distinct if span % 2 else span // 2 % distinct for span in range(spans)]
    )
    columns.within = array("b", bytes(spans))
    return Recording(columns)
