"""What is sent, to whom. Django must have been set up, with the table of ``Item``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models.signals import post_init, post_save
from django.dispatch import Signal


class Case(NamedTuple):
    """One operation, to be done many times."""

    times: int
    """How often it is done in a block, so short that a busy machine may leave it alone."""
    run: Callable[[int], None]
    """Do it so many times."""


SPANS_OF_A_BLOCK = 300  # Sentry takes milliseconds for these, and keeps no more than a thousand


_kept: list[Any] = []  # signals hold their receivers weakly


class Item(models.Model):
    """Something to save."""

    name = models.CharField(max_length=20)

    class Meta:
        app_label = "benchmarks"

    def __str__(self) -> str:
        return self.name


class Watched(models.Model):
    """Something whose making is received."""

    name = models.CharField(max_length=20)

    class Meta:
        app_label = "benchmarks"

    def __str__(self) -> str:
        return self.name


def _receiver() -> Callable[..., None]:
    def receiver(sender: Any, **named: Any) -> None:
        pass

    return receiver


def _async_receiver() -> Callable[..., Any]:
    async def receiver(sender: Any, **named: Any) -> None:
        pass

    return receiver


def _signal_with(*receivers: Any) -> Signal:
    signal = Signal()
    for receiver in receivers:
        signal.connect(receiver)
    _kept.extend(receivers)
    return signal


def _sends(receivers: int) -> Case:
    signal = _signal_with(*(_receiver() for _ in range(receivers)))

    def run(times: int) -> None:
        for _ in range(times):
            signal.send(sender=None)

    return Case(SPANS_OF_A_BLOCK // (1 + receivers), run)


def _robust_sends(receivers: int) -> Case:
    signal = _signal_with(*(_receiver() for _ in range(receivers)))

    def run(times: int) -> None:
        for _ in range(times):
            signal.send_robust(sender=None)

    return Case(SPANS_OF_A_BLOCK // (1 + receivers), run)


def _nested() -> Case:
    innermost = _signal_with(_receiver())

    def middle_receiver(sender: Any, **named: Any) -> None:
        innermost.send(sender=None)

    middle = _signal_with(middle_receiver)

    def outer_receiver(sender: Any, **named: Any) -> None:
        middle.send(sender=None)

    outer = _signal_with(outer_receiver)

    def run(times: int) -> None:
        for _ in range(times):
            outer.send(sender=None)

    return Case(SPANS_OF_A_BLOCK // 6, run)


def _async_sends(receivers: int) -> Case:
    signal = _signal_with(*(_async_receiver() for _ in range(receivers)))

    async def send(times: int) -> None:
        for _ in range(times):
            await signal.asend(sender=None)

    loop = asyncio.new_event_loop()
    return Case(20, lambda times: loop.run_until_complete(send(times)))


def _saves() -> Case:
    item = Item.objects.create(name="first")
    receiver = _receiver()
    _kept.append(receiver)
    post_save.connect(receiver, sender=Item)

    def run(times: int) -> None:
        for _ in range(times):
            item.save()

    return Case(10, run)


def _inits() -> Case:
    receiver = _receiver()
    _kept.append(receiver)
    post_init.connect(receiver, sender=Watched)

    def run(times: int) -> None:
        for _ in range(times):
            Watched(id=1, name="made")

    return Case(SPANS_OF_A_BLOCK // 3, run)


def _queries() -> Case:
    def run(times: int) -> None:
        with connection.cursor() as cursor:
            for number in range(times):
                cursor.execute("SELECT %s", (number,))

    return Case(200, run)


CASES: dict[str, Callable[[], Case]] = {
    "0": lambda: _sends(0),
    "1": lambda: _sends(1),
    "5": lambda: _sends(5),
    "50": lambda: _sends(50),
    "robust": lambda: _robust_sends(5),
    "nested": _nested,
    "async": lambda: _async_sends(5),
    "save": _saves,
    "init": _inits,
    "query": _queries,
}
