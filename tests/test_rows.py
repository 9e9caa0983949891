"""Rows are packed now and then, many at once: wherever that comes, the recording is the same."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.dispatch import Signal, receiver

import signal_panel
from signal_panel import Recording, rows
from tests.clock import FakeClock
from tests.threads import at_once

clock = FakeClock()
silent, one_hears, three_hear, also_async, fails, nests = (Signal() for _ in range(6))


@receiver([one_hears, three_hear, also_async])
def hears(**named: object) -> None:
    """Hear a signal."""
    clock.pass_(1)


@receiver([three_hear, fails])
def hears_too(**named: object) -> None:
    """Hear a signal."""
    clock.pass_(2)


@receiver(three_hear)
def hears_last(**named: object) -> None:
    """Hear a signal."""
    clock.pass_(4)


@receiver(also_async)
async def awaits(**named: object) -> None:
    """Hear a signal."""
    clock.pass_(8)


@receiver(fails)
def raises(**named: object) -> None:
    """Fail to hear a signal."""
    clock.pass_(16)
    raise LookupError


@receiver(nests)
def sends_in_turn(**named: object) -> None:
    """Send all others."""
    send_all()


def send_all() -> None:
    """Send every signal but the one that nests, in every way that makes rows of its own."""
    for signal in (silent, one_hears, three_hear, also_async):
        signal.send(None)
        signal.send_robust(None)
    fails.send_robust(None)
    with suppress(LookupError):
        fails.send(None)
    async_to_sync(also_async.asend)(None)


def recorded() -> list[dict[str, Any]]:
    """What is in a recording around all sends, and in one that begins and ends in the middle of them."""
    with signal_panel.record(clock=clock) as around:
        send_all()
        nests.send(None)
        with signal_panel.record() as inside:
            nests.send(None)
        send_all()
    return [told(around), told(inside)]


def told(recording: Recording) -> dict[str, Any]:
    """A recording's JSON without the time of day."""
    return {key: value for key, value in json.loads(recording.to_json()).items() if key != "epoch"}


@pytest.fixture(params=[1, 2, 3, 5, 8, 13, 21, 34])
def packed_early(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are packed after so many sends, or calls."""
    monkeypatch.setattr(rows, "PACKED_AFTER", request.param)


def test_what_is_packed_on_the_way_is_told_with_what_is_not(
    packed_early: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    packed = recorded()
    assert [record.message for record in caplog.records if record.name == "signal_panel"] == []
    monkeypatch.undo()
    assert packed == recorded()
    assert [len(one["start"]) for one in packed] == [120, 31]


@pytest.mark.parametrize("some", [1, 2, 3, 5])
def test_rows_taken_apart_some_at_once_are_the_same_as_all_at_once(
    some: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = recorded()
    monkeypatch.setattr(rows, "AT_ONCE", some)
    assert recorded() == whole


def test_no_row_is_lost_or_told_twice_where_threads_send_while_rows_are_packed(packed_early: None) -> None:
    def send() -> None:
        for _ in range(200):
            three_hear.send(None)
            one_hears.send(None)

    with signal_panel.record() as recording:
        at_once(send)
    sends = list(recording.sends)
    assert sorted(len(send.calls) for send in sends) == [1] * 800 + [3] * 800


@pytest.mark.parametrize(("signal", "sends"), [(silent, 105), (one_hears, 105), (three_hear, 35)])
def test_they_are_packed_once_for_so_many_sends_or_calls(
    signal: Signal, sends: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PACKED_AFTER", 10)
    pack, times = rows.Log.pack, []
    monkeypatch.setattr(rows.Log, "pack", lambda *args: times.append(pack(*args)))
    with signal_panel.record():
        for _ in range(sends):
            signal.send(None)
    assert len(times) in (8, 9, 10)


@pytest.mark.parametrize(("signal", "calls"), [(one_hears, 1), (three_hear, 3)])
def test_ten_thousand_sends_take_little_more_memory_than_their_integers_do_in_eight_bytes_each(
    signal: Signal, calls: int
) -> None:
    with signal_panel.record():
        signal.send(None)  # the first finds out who hears
        tracemalloc.start()
        try:
            for _ in range(10_000):
                signal.send(None)
            memory = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
    assert memory < 1.5 * 10_000 * (rows.HEAD + 2 * calls) * 8
