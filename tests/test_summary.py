"""Totals."""

from __future__ import annotations

from typing import Any

import pytest
from django.dispatch import Signal, receiver

import signal_panel
from signal_panel.recording import Columns, Phase, Recording
from signal_panel.summary import Totals, totals
from tests.clock import FakeClock
from tests.test_recording import overlapping


def test_an_empty_recording_adds_up_to_nothing() -> None:
    with signal_panel.record(clock=FakeClock()) as recording:
        pass
    assert totals(recording) == Totals(0, 0, 0, 0, 0, 0, 0)


def test_time_in_receivers_counts_nested_ones_once() -> None:
    clock = FakeClock()
    outer, inner = Signal(), Signal()

    @receiver(outer)
    def sends(**kwargs: Any) -> None:
        clock.pass_(10)
        inner.send(sender=None)

    @receiver(inner)
    def works(**kwargs: Any) -> None:
        clock.pass_(5)

    with signal_panel.record(clock=clock) as recording:
        outer.send(sender=None)
        clock.pass_(100)
        inner.send(sender=None)
    assert totals(recording) == Totals(
        sends=3, calls=3, receivers_ns=20, duration_ns=120, exceptions=0, queries=0, queries_ns=0
    )


def test_time_in_overlapping_async_receivers_counts_once() -> None:
    assert totals(overlapping()).receivers_ns == 80


def test_the_toolbar_s_own_work_is_not_part_of_the_request_s_duration() -> None:
    phases = [Phase("view", "a.view", 0, 100), Phase("toolbar", "", 100, 40), Phase("response", "", 140, 10)]
    assert totals(Recording(Columns(epoch=0.0, duration=150, phases=phases))).duration_ns == 110


def test_an_exception_that_leaves_several_spans_counts_once() -> None:
    outer, inner = Signal(), Signal()

    @receiver(outer)
    def passes_on(**kwargs: Any) -> None:
        inner.send(sender=None)

    @receiver(inner)
    def raises(**kwargs: Any) -> None:
        raise LookupError

    with signal_panel.record() as recording, pytest.raises(LookupError):
        outer.send(sender=None)
    assert totals(recording).exceptions == 1
    assert sum(bool(span.exception) for span in [*recording.sends, *recording.calls]) == 4


def test_two_exceptions_of_one_type_in_one_send_count_twice() -> None:
    signal = Signal()

    def raises(**kwargs: Any) -> None:
        raise LookupError

    signal.connect(raises, dispatch_uid="one")
    signal.connect(raises, dispatch_uid="two")
    with signal_panel.record() as recording:
        signal.send_robust(sender=None)
    assert totals(recording).exceptions == 2
