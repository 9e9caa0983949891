"""Recordings to export, made by hand or by signals sent in time that a test lets pass."""

from __future__ import annotations

import asyncio

from django.dispatch import Signal

from signal_panel import Recording, record
from signal_panel.recording import NOTHING, Columns, Phase, ReceiverKind, SendKind, Statement
from tests.clock import FakeClock

PLACED, PAID = Signal(), Signal()


def nested() -> Recording:
    """A send whose receiver sends again; nothing overlaps."""
    clock = FakeClock()

    def notify(**named: object) -> None:
        clock.pass_(300)

    def charge(**named: object) -> None:
        clock.pass_(1_000)
        PAID.send(str)
        clock.pass_(2_000)

    PLACED.connect(charge)
    PAID.connect(notify)
    try:
        with record(clock=clock) as recording:
            clock.pass_(500)
            PLACED.send(int)
            clock.pass_(700)
    finally:
        PLACED.disconnect(charge)
        PAID.disconnect(notify)
    return recording


def overlapping() -> Recording:
    """A send with three async receivers that run at the same time, each sending once."""

    async def work(wait: int) -> None:
        for _ in range(wait):
            await asyncio.sleep(0)
        await PAID.asend(str)

    async def one(**named: object) -> None:
        await work(1)

    async def two(**named: object) -> None:
        await work(2)

    async def three(**named: object) -> None:
        await work(3)

    for receiver in (one, two, three):
        PLACED.connect(receiver)
    try:
        with record() as recording:
            asyncio.run(PLACED.asend(int))
    finally:
        for receiver in (one, two, three):
            PLACED.disconnect(receiver)
    return recording


def request() -> Recording:
    """Phases, sends, a receiver that raises, one that outlives its send, and queries in spans and in none."""
    columns = Columns(epoch=1_700_000_000.0, duration=100_000)
    columns.strings = [
        "django.db.models.signals.post_save",
        "shop.models.Order",
        "/shop/views.py",
        "checkout",
        "shop.receivers.index",
        "/shop/receivers.py",
        "builtins.ValueError",
        "SELECT *\n  FROM shop_order WHERE id = %s",
        "default",
        "shop.receivers.mail",
    ]
    columns.sends = [SendKind(0, 1, 0, 2, 92, 3)]
    columns.receivers = [ReceiverKind(4, 5, 41, 0), ReceiverKind(9, NOTHING, 0, 1)]
    columns.phases = [
        Phase("middleware", "", 0, 10_000),
        Phase("view", "shop.views.checkout", 10_000, 80_000),
        Phase("response", "", 90_000, 10_000),
    ]
    for start, time, parent, kind, within in (
        (20_000, 30_001, NOTHING, 0, 1),
        (21_000, 9_000, 0, -1, 1),
        (25_000, 70_000, 0, -2, 3),
    ):
        columns.start.append(start)
        columns.time.append(time)
        columns.parent.append(parent)
        columns.kind.append(kind)
        columns.within.append(within)
    columns.exceptions = {1: 6}
    columns.statements = [Statement(7, 8)]
    for start, time, span in ((5_000, 1_500, NOTHING), (22_000, 3_000, 1), (60_000, 1_000, 2)):
        columns.query_start.append(start)
        columns.query_time.append(time)
        columns.query_span.append(span)
        columns.query_statement.append(0)
        columns.query_repeats.append(NOTHING)
    return Recording(columns)
