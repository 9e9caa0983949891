"""What the tests of findings share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.dispatch import Signal

from signal_panel import Recording
from signal_panel.findings import Finding, find_all, rows
from tests.clock import FakeClock

MS = 1_000_000


def found(recording: Recording, rule: str) -> list[Finding]:
    """The findings by one rule, after a round through JSON: nothing else is known of a stored request."""
    return [each for each in find_all(Recording.from_json(recording.to_json())) if each.rule == rule]


def rules(recording: Recording) -> list[str]:
    """What was found, by the names of the rules."""
    return [each.rule for each in find_all(Recording.from_json(recording.to_json()))]


def advice(recording: Recording) -> list[str]:
    """What to do instead, of each finding."""
    return [row["advice"] for row in rows(Recording.from_json(recording.to_json()))]


@contextmanager
def listening(signal: Signal, *receivers: Callable[..., Any], sender: Any = None) -> Iterator[None]:
    """The receivers are connected within the block."""
    for receiver in receivers:
        signal.connect(receiver, sender=sender)
    try:
        yield
    finally:
        for receiver in receivers:
            signal.disconnect(receiver, sender=sender)


def takes(clock: FakeClock, nanoseconds: int) -> Callable[..., None]:
    """A receiver that takes so long."""

    def works(**_: Any) -> None:
        clock.pass_(nanoseconds)

    return works


@contextmanager
def queries_take(clock: FakeClock, nanoseconds: int) -> Iterator[None]:
    """Each query takes so long within the block."""

    def execute(run: Any, *args: Any) -> Any:
        clock.pass_(nanoseconds)
        return run(*args)

    with connection.execute_wrapper(execute):
        yield
