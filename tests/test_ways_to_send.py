"""What all four ways to send have to do alike, with the recording copies in place and around another tool."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from itertools import count, pairwise
from typing import Any

import django
import pytest
from asgiref.sync import sync_to_async
from django.db.models.signals import post_init
from django.dispatch import Signal
from django.test import override_settings

import signal_panel
from signal_panel import Recording, Send
from signal_panel.collector import current
from signal_panel.recording import METHODS
from signal_panel.rows import HEAD
from signal_panel.tracer import close_scope, open_scope
from tests.shop.models import Author, Book
from tests.test_record import call, dispatcher
from tests.threads import without_a_frame

__all__ = ["dispatcher"]

pytestmark = [pytest.mark.usefixtures("dispatcher"), pytest.mark.parametrize("method", METHODS)]


class Stop(BaseException):
    """What send_robust() does not catch."""


def first(**named: object) -> None:
    """Hear it, and answer nothing."""


def second(**named: object) -> None:
    raise Stop


def fails(**named: object) -> None:
    raise LookupError


def third(**named: object) -> None:
    """Never get to hear it."""


async def fourth(**named: object) -> None:
    """Hear it where receivers overlap."""


async def fifth(**named: object) -> None:
    raise LookupError("unheard of")


def names_of(receivers: Any) -> str:
    return " ".join(receiver.__name__ for receiver in receivers)


def names(receivers: Any) -> list[str]:
    return [receiver.receiver.rpartition(".")[2] for receiver in receivers]


def only_send(recording: Recording) -> Send:
    (send,) = recording.sends
    return send


@pytest.mark.parametrize("receivers", [[first, third], [first, third, fails]], ids=names_of)
def test_its_calls_are_one_after_the_other_inside_it(method: str, receivers: list[Any]) -> None:
    signal = Signal()
    for receiver in receivers:
        signal.connect(receiver)
    ticking = count()
    with signal_panel.record(clock=lambda: next(ticking)) as recording, suppress(LookupError):
        call(method, signal)
    send = only_send(recording)
    times = [(each.start_ns, each.start_ns + each.duration_ns) for each in send.calls]
    assert all(start < end for start, end in times)
    assert all(end <= following for (_, end), (following, _) in pairwise(times))
    assert send.start_ns < times[0][0]
    assert times[-1][1] <= send.start_ns + send.duration_ns
    assert len(times) == len(receivers)


def overlap(method: str) -> bool:
    """Before Django 6.1 the async receivers of asend() run at the same time as the sync ones."""
    return method.startswith("a") and django.VERSION < (6, 1)


def tells_who_was_skipped(method: str) -> bool:
    return method != "asend_robust" or Signal.asend_robust.__module__ != "django.dispatch.dispatcher"


def test_receivers_after_one_that_raises_are_told_not_to_have_run(method: str) -> None:
    signal = Signal()
    for receiver in (first, second, third, fourth):
        signal.connect(receiver)
    with signal_panel.record() as recording, pytest.raises(Stop):
        call(method, signal)
    send = only_send(recording)
    ran = {name: call.is_async for name, call in zip(names(send.calls), send.calls, strict=True)}
    assert ran == {"first": False, "second": False, **({"fourth": True} if overlap(method) else {})}
    if tells_who_was_skipped(method):
        skipped = {name: one.is_async for name, one in zip(names(send.skipped), send.skipped, strict=True)}
        assert skipped == {"third": False, **({} if overlap(method) else {"fourth": True})}


def test_so_they_are_where_the_one_that_raises_has_asked_who_is_listening(method: str) -> None:
    def asks(**named: object) -> None:
        assert signal.has_listeners(None)
        raise Stop

    signal = Signal()
    for receiver in (asks, third):
        signal.connect(receiver)
    with signal_panel.record() as recording, pytest.raises(Stop):
        call(method, signal)
    if tells_who_was_skipped(method):
        assert names(only_send(recording).skipped) == ["third"]


def test_where_an_async_receiver_raises_none_is_told_not_to_have_run(method: str) -> None:
    signal = Signal()
    for receiver in (first, fifth):
        signal.connect(receiver)
    scope = open_scope()
    with suppress(LookupError):
        call(method, signal)
    close_scope(scope)
    send = only_send(scope.recording)
    assert "fifth" in names(send.calls)
    if not overlap(method):
        assert send.skipped == []
    assert scope.failure == ""


def sends_here(signal: Signal, method: str) -> Any:
    return getattr(signal, method)(sender=None)


async def awaits_here(signal: Signal, method: str) -> Any:
    return await getattr(signal, method)(sender=None)


def test_its_site_is_the_innermost_line_of_the_user_s(method: str) -> None:
    with signal_panel.record() as recording:
        if method.startswith("a"):
            asyncio.run(awaits_here(Signal(), method))
        else:
            sends_here(Signal(), method)
    site = only_send(recording).site
    assert site is not None
    assert (site.path, site.function) == (__file__, "awaits_here" if method.startswith("a") else "sends_here")


def test_each_line_that_makes_it_is_a_site_of_its_own(method: str) -> None:
    signal = Signal()

    async def main() -> None:
        await getattr(signal, method)(sender=None)
        await getattr(signal, method)(sender=None)

    with signal_panel.record() as recording:
        if method.startswith("a"):
            asyncio.run(main())
        else:
            getattr(signal, method)(sender=None)
            getattr(signal, method)(sender=None)
    one, other = (send.site for send in recording.sends)
    assert one is not None
    assert other is not None
    assert other.line == one.line + 1


def test_what_a_receiver_sends_after_another_has_failed_is_inside_its_call(method: str) -> None:
    outer, inner = Signal(), Signal()

    def sends(**named: object) -> None:
        inner.send(sender=None)

    for receiver in (fails, first, sends):
        outer.connect(receiver)
    with signal_panel.record() as recording, suppress(LookupError):
        call(method, outer)
    parents = [send.parent.receiver for send in recording.sends if send.parent]
    assert parents == ([f"{__name__}.{sends.__qualname__}"] if method.endswith("robust") else [])


def test_without_its_argument_it_is_refused_by_the_same_name(method: str) -> None:
    async def main() -> None:
        answer = getattr(Signal(), method)()
        if method.startswith("a"):
            await answer

    with pytest.raises(TypeError) as plain:
        asyncio.run(main())
    with signal_panel.record(), pytest.raises(TypeError) as recorded:
        asyncio.run(main())
    assert str(recorded.value) == str(plain.value)


def test_in_a_running_loop_it_is_refused_or_waited_for_as_without_us(method: str) -> None:
    signal = Signal()
    signal.connect(fourth)

    async def main() -> None:
        with signal_panel.record() as recording:
            if method.startswith("a"):
                await getattr(signal, method)(sender=None)
            else:
                with pytest.raises(RuntimeError, match="You cannot use AsyncToSync in the same thread"):
                    getattr(signal, method)(sender=None)
        assert only_send(recording).hop_ns == 0 or not method.startswith("a")

    asyncio.run(main())


def test_a_second_send_for_one_instance_repeats_the_first(method: str) -> None:
    signal, one, two = Signal(), Author(), Author()
    with signal_panel.record() as recording:
        for instance in (one, two, one):
            call(method, signal, instance=instance)
    sends = recording.sends
    assert [send.repeats for send in sends] == [None, None, sends[0]]


def test_instances_are_loaded_as_often_as_they_are(method: str) -> None:
    if method.startswith("a"):
        pytest.skip("Django sends it by send() only, and nobody awaits it")
    author = Author()
    with signal_panel.record() as recording:
        for _ in range(2):
            call(method, post_init, instance=author)
    assert [send.repeats for send in recording.sends] == [None, None]


@override_settings(SIGNAL_PANEL={"IGNORE": ["tests.shop.models.Author"]})
def test_what_is_to_be_ignored_is_left_out_with_all_inside_it(method: str) -> None:
    outer, inner = Signal(), Signal()

    def sends(**named: object) -> None:
        inner.send(sender=Book)

    async def asends(**named: object) -> None:
        await inner.asend(sender=Book)

    outer.connect(sends)
    outer.connect(asends)
    with signal_panel.record() as recording:
        call(method, outer, sender=Author)
        call(method, outer, sender=Book)
    assert [send.sender for send in recording.sends] == ["tests.shop.models.Book"] * 3
    assert recording.dropped == 0


@override_settings(SIGNAL_PANEL={"IGNORE": ["tests.shop.models.Author"], "MAX_SPANS": 4})
def test_what_is_to_be_ignored_takes_no_room(method: str) -> None:
    signal = Signal()
    signal.connect(first)
    with signal_panel.record() as recording:
        for _ in range(10):
            call(method, signal, sender=Author)
        for _ in range(2):
            call(method, signal, sender=Book)
        kept = sum(map(len, current.get().collector.log.values()))
    assert len(recording.sends) == len(recording.calls) == 2
    assert recording.dropped == 0
    assert kept <= 4 * 8 * HEAD


@pytest.mark.parametrize(
    "receivers",
    [[], [first], [first, third], [fourth], [first, fourth], [first, third, fourth]],
    ids=names_of,
)
def test_one_that_is_made_again_is_heard_and_recorded_again(method: str, receivers: list[Any]) -> None:
    signal = Signal()
    for receiver in receivers:
        signal.connect(receiver)
    with signal_panel.record() as recording:
        for _ in range(3):
            assert {receiver for receiver, _ in call(method, signal)} == {*receivers}
    assert [sorted(names(send.calls)) for send in recording.sends] == [
        sorted(names_of(receivers).split())
    ] * 3


def test_the_failure_of_an_async_receiver_is_logged_as_without_us(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    signal = Signal()
    signal.connect(fifth)
    with signal_panel.record(), suppress(LookupError):
        call(method, signal)
    logged = [record.getMessage() for record in caplog.records if record.name == "django.dispatch"]
    robust = "Error calling fifth in Signal.send_robust() (unheard of)"  # Django's words in both
    assert logged == ([robust] if method.endswith("robust") else [])


@override_settings(SIGNAL_PANEL={"IGNORE": ["tests.shop.models.Author"]})
def test_what_comes_after_an_ignored_one_that_raised_is_recorded(method: str) -> None:
    raising, next_one = Signal(), Signal()
    raising.connect(second)
    with signal_panel.record() as recording:
        with pytest.raises(Stop):
            call(method, raising, sender=Author)
        call(method, next_one, sender=Book)
    assert only_send(recording).sender == "tests.shop.models.Book"


def test_one_that_we_fail_to_name_is_sent_and_the_failure_noted(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> None:
        raise LookupError

    signal = Signal()
    signal.connect(first)
    scope = open_scope()
    monkeypatch.setattr("signal_panel.kinds.Kinds.send", fails)
    responses = call(method, signal)
    close_scope(scope)
    assert responses == [(first, None)]
    assert scope.recording.sends == []
    assert scope.failure == "LookupError"


def test_a_sender_that_cannot_be_hashed_is_none_of_ours(method: str) -> None:
    with signal_panel.record() as recording:
        assert call(method, Signal(), sender=[]) == []
    assert only_send(recording).sender == "list()"


def test_nobody_s_line_has_to_send_it(method: str) -> None:
    heard = []

    def hears(**named: object) -> None:
        heard.append(method)

    signal = Signal()
    with signal_panel.record() as recording:
        if method.startswith("a"):
            without_a_frame(partial(next, getattr(signal, method)(None).__await__(), None))
        else:
            without_a_frame(partial(signal.connect, hears))
            without_a_frame(partial(getattr(signal, method), None))
            assert heard == [method]
    assert only_send(recording).site is None


def test_what_is_sent_next_is_not_inside_it(method: str) -> None:
    one, next_one = Signal(), Signal()
    for receiver in (first, fourth):
        one.connect(receiver)

    async def main() -> None:
        for signal in (one, next_one):
            sending = getattr(signal, method)
            await (sending if method.startswith("a") else sync_to_async(sending))(sender=None)

    with signal_panel.record() as recording:
        asyncio.run(main())
        call(method, one)
        call(method, next_one)
    assert [send.parent for send in recording.sends] == [None] * 4


def test_after_a_send_to_nobody_a_project_s_own_ways_to_send_get_the_receivers_themselves(
    method: str,
) -> None:
    signal = Signal()
    with signal_panel.record():
        call(method, signal)
        signal.connect(first)
        assert signal._live_receivers(None)[0] == [first]
        signal.disconnect(first)
