"""However much a request sends, what is kept of it stays within the cap, and its totals are exact.

``python -m tests.ten_million`` does it with the ten million spans that no test has time for.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from django.dispatch import Signal
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse

import signal_panel
from signal_panel.collector import current
from signal_panel.recording import METHODS
from signal_panel.summary import totals
from tests.clock import FakeClock
from tests.stores import newest_stats, stored_requests
from tests.test_record import call
from tests.urls import urlpatterns as shop

CAP = 1_000
SMALL_CAP = 200
SENDS = 20_000


def turn_page(**named: object) -> None:
    """Hear a signal."""


def refuse(**named: object) -> None:
    """Fail to hear a signal."""
    raise ValueError


def same(count: int) -> None:
    """Send one signal to one receiver, again and again."""
    signal = Signal()
    signal.connect(turn_page)
    for _ in range(count):
        signal.send(sender=None)


def failing(count: int) -> None:
    """Send one signal to a receiver that raises."""
    signal = Signal()
    signal.connect(refuse)
    for _ in range(count):
        with suppress(ValueError):
            signal.send(sender=None)


def nested(count: int) -> None:
    """Send inside a receiver, so that the outer send is under way all the time."""

    def outer(**named: object) -> None:
        same(count // 2)
        failing(count // 2)

    signal = Signal()
    signal.connect(outer)
    signal.send(sender=None)


def distinct(count: int) -> None:
    """Send signals that live for one send, from senders and to receivers that do, too."""
    for number in range(count):

        def receiver(**named: object) -> None:
            """Hear it once."""

        signal = Signal()
        receiver.__qualname__ = f"receiver_{number}"
        signal.connect(receiver)
        signal.send(sender=type(f"Sender{number}", (), {}))


def distinct_and_alive(count: int) -> None:
    """Send from senders that stay alive."""
    signal = Signal()
    senders = [type(f"Sender{number}", (), {}) for number in range(count)]
    for sender in senders:
        signal.send(sender=sender)


def of_instances(count: int) -> None:
    """Send for an instance that dies soon, or that many others were sent for."""
    signal = Signal()
    signal.connect(turn_page)
    lasting = [Signal() for _ in range(10)]
    for number in range(count):
        signal.send(sender=None, instance=Signal() if number % 2 else lasting[number % 10])


def memory_of_ours(send: Callable[[int], None], count: int, cap: int = SMALL_CAP) -> int:
    """The bytes held by what our modules allocated, while the recording is still open."""
    with override_settings(SIGNAL_PANEL={"MAX_SPANS": cap}):
        tracemalloc.start()
        try:
            with signal_panel.record():
                send(count)
                gc.collect()
                snapshot = tracemalloc.take_snapshot()
        finally:
            tracemalloc.stop()
    ours = snapshot.filter_traces([tracemalloc.Filter(True, "*/signal_panel/*")])
    return sum(statistic.size for statistic in ours.statistics("filename"))


@pytest.mark.parametrize("send", [same, failing, nested, distinct, distinct_and_alive, of_instances])
def test_ten_times_the_sends_take_no_more_memory(send: Callable[[int], None]) -> None:
    memory_of_ours(send, SMALL_CAP)  # what is only made once, by the process
    past_the_cap = memory_of_ours(send, 5 * SMALL_CAP)
    assert memory_of_ours(send, 50 * SMALL_CAP) < 1.2 * past_the_cap


@pytest.mark.parametrize("send", [same, of_instances])
def test_a_span_that_is_kept_takes_no_more_than_64_bytes(send: Callable[[int], None]) -> None:
    memory_of_ours(send, SMALL_CAP)
    few, many = (memory_of_ours(send, sends, cap=100_000) for sends in (10_000, 40_000))
    assert many - few < 2 * 30_000 * 64


def test_kinds_that_nobody_has_seen_before_are_counted_and_ignored_past_the_cap_too() -> None:
    class Ignored:
        """Sends what is to be left out."""

    with (
        override_settings(SIGNAL_PANEL={"MAX_SPANS": 100, "IGNORE": ["*Ignored"]}),
        signal_panel.record() as recording,
    ):
        distinct(1_000)
        for _ in range(10):
            Signal().send(sender=Ignored)
    assert len(recording.sends) + len(recording.calls) == 100
    assert recording.dropped == 1_900
    assert [send.sender.rsplit(".", 1)[-1] for send in recording.sends] == [
        f"Sender{number}" for number in range(50)
    ]
    assert [call.receiver for call in recording.calls] == [
        f"{__name__}.receiver_{number}" for number in range(50)
    ]


def test_a_recording_inside_one_that_is_full_has_its_own_kinds() -> None:
    with override_settings(SIGNAL_PANEL={"MAX_SPANS": 10}), signal_panel.record() as outer:
        distinct(100)
        with signal_panel.record() as inner:
            distinct(3)
        distinct(100)
    assert [send.sender.rsplit(".", 1)[-1] for send in inner.sends] == ["Sender0", "Sender1", "Sender2"]
    assert [call.receiver for call in inner.calls] == [f"{__name__}.receiver_{i}" for i in range(3)]
    assert outer.dropped == 2 * 203 - 10


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 2})
def test_async_receivers_past_the_cap_are_counted_too() -> None:
    signal = Signal()
    clock = FakeClock()

    async def hears(**named: object) -> None:
        clock.pass_(10)

    async def fails(**named: object) -> None:
        clock.pass_(10)
        raise ValueError

    signal.connect(hears)
    signal.connect(fails)
    with signal_panel.record(clock=clock) as recording:
        for _ in range(3):
            signal.send_robust(sender=None)
            asyncio.run(signal.asend_robust(sender=None))
    counted = totals(recording)
    assert (counted.sends, counted.calls, counted.exceptions) == (6, 12, 6)
    assert counted.receivers_ns == 120


@pytest.mark.django_db(transaction=True)
@override_settings(SIGNAL_PANEL={"MAX_SPANS": 2})
def test_past_the_cap_what_is_sent_in_a_transaction_has_its_time_counted_once() -> None:
    clock = FakeClock()
    outer, inner = Signal(), Signal()

    def hears(**named: object) -> None:
        clock.pass_(10)

    def sends(**named: object) -> None:
        with transaction.atomic():
            inner.send(sender=None)

    inner.connect(hears)
    outer.connect(sends)
    with signal_panel.record(clock=clock) as recording, transaction.atomic(), transaction.atomic():
        for _ in range(3):
            outer.send(sender=None)
    assert totals(recording).receivers_ns == 30


@pytest.mark.parametrize("method", METHODS)
@override_settings(SIGNAL_PANEL={"MAX_SPANS": 100})
def test_sends_to_many_receivers_fill_the_log_before_there_are_many_sends(method: str) -> None:
    signal = Signal()
    receivers = [functools.partial(lambda **named: None) for _ in range(30)]
    for receiver in receivers:
        signal.connect(receiver)
    with signal_panel.record() as recording:
        for _ in range(50):
            call(method, signal)
        signal.send_robust(sender=None)
        collector = current.get().collector
        assert sum(map(len, collector.log.values())) < 100 * (5 + 2 * 2)
    assert len(recording.sends) + len(recording.calls) == 100
    assert (totals(recording).sends, totals(recording).calls) == (51, 51 * 30)


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 100})
def test_sends_have_as_much_room_in_an_event_loop_as_outside() -> None:
    one, two = Signal(), Signal()
    one.connect(turn_page)
    two.connect(turn_page)
    two.connect(turn_page, dispatch_uid="again")

    def send() -> int:
        for signal in [one] * 60 + [two] * 60:
            signal.send(sender=None)
        return sum(map(len, current.get().collector.log.values()))

    async def in_loop() -> int:
        return send()

    with signal_panel.record():
        outside = send()
    with signal_panel.record():
        assert asyncio.run(in_loop()) == outside


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 2})
def test_exceptions_past_the_cap_count_in_the_recording_that_they_were_raised_in() -> None:
    signal = Signal()

    def fails(**named: object) -> None:
        raise LookupError

    signal.connect(fails)
    with signal_panel.record() as outer:
        signal.send_robust(sender=None)
        with signal_panel.record() as inner:
            signal.send_robust(sender=None)
            with pytest.raises(LookupError):
                signal.send(sender=None)
    assert totals(inner).exceptions == 2
    assert totals(outer).exceptions == 3


def views_of(send: Callable[[int], None]) -> Callable[[Any], HttpResponse]:
    """A view that sends."""

    def view(request: Any) -> HttpResponse:
        send(SENDS)
        return HttpResponse("<!doctype html><html><head></head><body>Sent</body></html>")

    return view


SCENES = (same, failing, nested, distinct)
urlpatterns = [*(path(f"{send.__name__}/", views_of(send)) for send in SCENES), *shop]


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("send", SCENES)
@override_settings(SIGNAL_PANEL={"MAX_SPANS": CAP})
def test_the_page_has_the_first_spans_and_exact_totals(send: Callable[[int], None]) -> None:
    client = Client()
    client.get("/plain/")
    around = newest_stats()
    assert client.get(f"/{send.__name__}/").status_code == 200
    stats = newest_stats()
    extra = send is nested
    sends, calls = SENDS + extra + around["sends"], SENDS + extra + around["calls"]
    assert (stats["sends"], stats["calls"]) == (sends, calls)
    assert stats["exceptions"] == {failing: SENDS, nested: SENDS // 2}.get(send, 0)
    assert stats["dropped"] == sends + calls - CAP
    query = {"request_id": stored_requests()[-1], "panel_id": "SignalTimelinePanel"}
    html = client.get(reverse("djdt:render_panel"), query).json()["content"]
    assert f"Showing the first 1,000 of {sends + calls:,} spans" in html
    assert html.count('<tr class="djsp-row') == 100
    spans = client.get(reverse("djdt:signal_timeline_spans"), query).json()
    assert len(spans["start"]) == CAP
