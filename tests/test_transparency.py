"""What the application must not notice of being recorded, where Django's own tests do not look."""

from __future__ import annotations

import asyncio
import cProfile
import gc
import os
import pstats
import subprocess
import sys
import traceback
import types
import warnings
import weakref
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from functools import partial, wraps
from inspect import isawaitable
from pathlib import Path
from typing import Any

import django
import pytest
from asgiref.sync import markcoroutinefunction, sync_to_async
from django.db import connection, transaction
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse

import signal_panel
from signal_panel import Recording, speedups
from signal_panel.collector import current
from signal_panel.middleware import SignalPanelMiddleware
from signal_panel.recording import METHODS
from signal_panel.tracer.stepping import SteppedCall


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """So that objects die by their last reference or not at all."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
def test_variables_of_a_coroutine_that_awaits_a_send_die_when_they_would() -> None:
    # Looking for the site read f_locals of each awaiting coroutine. Before Python 3.13 this makes a
    # dictionary that stays on the frame, and with it all that the variables held at that moment.
    class Payload:
        pass

    signal = Signal()

    async def view() -> bool:
        payload = Payload()
        dead = weakref.ref(payload)
        await sync_to_async(signal.send)(sender=None)
        del payload
        return dead() is None

    with signal_panel.record() as recording:
        assert asyncio.run(view())
    assert recording.sends[0].site.function.endswith("view")


def plain_and_recorded(drive: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[Any, Any, Recording]:
    """What a coroutine returns or raises, and the warnings it leaves, without a recording and inside one."""

    def outcome() -> Any:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                answer = asyncio.run(drive())
            except Exception as error:
                answer = (type(error), str(error))
            gc.collect()
        return answer, [str(warning.message) for warning in caught]

    plain = outcome()
    with signal_panel.record() as recording:
        recorded = outcome()
    return plain, recorded, recording


def test_receivers_cancelled_before_their_first_step() -> None:
    # The recorded coroutine was left alone by a task that never got to its first step, and Python warned
    # that it was never awaited.
    signal = Signal()

    async def receiver(**kwargs: object) -> None:
        heard.append(kwargs)

    heard: list[Any] = []
    signal.connect(receiver)

    async def cancelled() -> tuple[str, int]:
        heard.clear()
        send = asyncio.create_task(signal.asend(sender=None))
        await asyncio.sleep(0)
        send.cancel()
        try:
            await send
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            return "cancelled", len(heard)
        return "sent", len(heard)

    plain, recorded, _ = plain_and_recorded(cancelled)
    before = 0 if django.VERSION < (6, 1) else 1  # a task group has taken the first step by then
    assert recorded == plain == (("cancelled", before), [])


@pytest.mark.parametrize("method", ["asend", "asend_robust"])
def test_an_async_receiver_that_returns_nothing_to_await(method: str) -> None:
    # Django refuses what it can't await with a TypeError. Ours was an AttributeError.
    signal = Signal()

    @markcoroutinefunction
    def receiver(**kwargs: object) -> None:
        pass

    signal.connect(receiver)

    async def send() -> Any:
        return [(found, repr(answer)) for found, answer in await getattr(signal, method)(sender=None)]

    ((plain, _), (recorded, _), recording) = plain_and_recorded(send)
    assert recorded == plain
    assert "TypeError" in str(plain)
    assert [(call.receiver.split(".")[-1], call.is_async) for call in recording.calls] == [("receiver", True)]


def test_an_async_receiver_that_returns_a_future() -> None:
    signal = Signal()

    @markcoroutinefunction
    def receiver(**kwargs: object) -> Any:
        future = asyncio.get_running_loop().create_future()
        future.set_result("answer")
        return future

    signal.connect(receiver)

    async def send() -> Any:
        return await signal.asend(sender=None)

    plain, recorded, _ = plain_and_recorded(send)
    assert recorded == plain == ([(receiver, "answer")], [])


def stepped(receiver: Any) -> SteppedCall:
    """The coroutine that a task gets of an async receiver."""
    place = current.get()
    return SteppedCall(receiver(), receiver, place.collector, place.number, next(place.collector.numbers))


def test_an_exception_thrown_into_an_async_receiver_that_has_not_begun_comes_out_of_it() -> None:
    async def receiver(**kwargs: object) -> None:
        raise AssertionError("it has begun")

    with signal_panel.record() as recording, pytest.raises(asyncio.CancelledError):
        stepped(receiver).throw(asyncio.CancelledError())
    assert not recording.calls


def test_an_async_receiver_can_be_driven_by_hand_and_closed(recwarn: pytest.WarningsRecorder) -> None:
    async def receiver(**kwargs: object) -> None:
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    closed: list[bool] = []
    with signal_panel.record() as recording:
        never_begun, begun = (stepped(receiver) for _ in range(2))
        never_begun.close()
        del never_begun
        gc.collect()
        assert not closed
        assert not recwarn.list  # that it was never awaited
        begun.send(None)
        begun.send(None)
        begun.close()
        begun.close()
        assert closed == [True]
    assert [call.exception for call in recording.calls] == ["GeneratorExit"]


@types.coroutine
def pass_on(value: object) -> Iterator[object]:
    """What has been sent to who drives the coroutine that awaits it."""
    return (yield value)


async def answers_with(answer: object) -> object:
    return answer


async def takes_what_is_sent() -> list[object]:
    return [await pass_on("first"), await pass_on("second")]


async def goes_on_after_an_exception() -> object:
    try:
        await pass_on("first")
    except LookupError as error:
        return await pass_on(("caught", repr(error)))


async def ends_by_an_exception() -> None:
    try:
        await pass_on("first")
    except LookupError as error:
        raise ValueError from error


async def answers_an_exception() -> object:
    try:
        await pass_on("first")
    except LookupError:
        return ("ended", "early")


async def does_not_end() -> None:
    with suppress(GeneratorExit):
        await pass_on("first")
    await pass_on("second")


async def ends_itself() -> None:
    with suppress(GeneratorExit):
        await pass_on("first")


Step = Callable[[Any], Any]
ERROR = LookupError("thrown")


@pytest.mark.parametrize(
    ("receiver", "steps"),
    [
        (partial(answers_with, None), [lambda it: it.send(None), lambda it: it.send(None)]),
        (partial(answers_with, (1, 2)), [lambda it: it.send(None)]),
        (partial(answers_with, ERROR), [lambda it: it.send(None)]),
        (partial(answers_with, ()), [lambda it: next(it.__await__())]),
        (partial(answers_with, None), [lambda it: next(it.__await__())]),
        (partial(answers_with, 1), [lambda it: it.send(7)]),
        (takes_what_is_sent, [lambda it: it.send(None), lambda it: it.send(1), lambda it: it.send((2, 3))]),
        (takes_what_is_sent, [lambda it: next(it.__await__()), lambda it: it.throw(ERROR)]),
        (takes_what_is_sent, [lambda it: it.throw(ERROR), lambda it: it.send(None)]),
        (takes_what_is_sent, [lambda it: it.send(None), lambda it: it.throw()]),
        (takes_what_is_sent, [lambda it: it.close(), lambda it: it.close(), lambda it: it.send(None)]),
        (takes_what_is_sent, [lambda it: it.send(None), lambda it: it.close(), lambda it: it.close()]),
        (
            goes_on_after_an_exception,
            [lambda it: it.send(None), lambda it: it.throw(ERROR), lambda it: it.send(())],
        ),
        (ends_by_an_exception, [lambda it: it.send(None), lambda it: it.throw(ERROR)]),
        (answers_an_exception, [lambda it: it.send(None), lambda it: it.throw(ERROR)]),
        (does_not_end, [lambda it: it.send(None), lambda it: it.close(), lambda it: it.send(None)]),
        (ends_itself, [lambda it: it.send(None), lambda it: it.close(), lambda it: it.close()]),
        (ends_by_an_exception, [lambda it: it.send(None), lambda it: it.throw(GeneratorExit)]),
        (takes_what_is_sent, [lambda it: it.__qualname__, lambda it: it.cr_code, lambda it: it.missing]),
        (takes_what_is_sent, [lambda it: asyncio.iscoroutine(it), lambda it: isawaitable(it)]),
    ],
)
def test_an_async_receiver_s_stand_in_can_be_driven_as_its_coroutine(
    receiver: Any, steps: list[Step], recwarn: pytest.WarningsRecorder
) -> None:
    def outcomes(coroutine: Any) -> Iterator[object]:
        for step in steps:
            try:
                yield step(coroutine)
            except BaseException as exception:
                yield repr(exception), repr(getattr(exception, "value", None)), repr(exception.__cause__)

    plain = list(outcomes(receiver()))
    with signal_panel.record():
        outside = current.get()
        recorded = list(outcomes(stepped(receiver)))
        assert current.get() is outside
    assert recorded == plain
    gc.collect()
    assert len(recwarn.list) in (0, 2)  # that it was never awaited, of both


@pytest.mark.parametrize("method", METHODS)
def test_an_async_receiver_in_c_has_as_many_frames_above_it_as_without_us(method: str) -> None:
    signal = Signal()
    depths: list[int] = []

    async def receiver(**kwargs: object) -> None:
        for _ in range(2):
            depths.append(len(traceback.extract_stack()))
            await asyncio.sleep(0)

    def send() -> None:
        answer = getattr(signal, method)(sender=None)
        if method.startswith("a"):
            asyncio.run(answer)

    signal.connect(receiver)
    send()
    with signal_panel.record():
        send()
    plain, recorded = depths[:2], depths[2:]
    assert recorded == [depth + (0 if speedups.IS_COMPILED else 2) for depth in plain]


def test_an_async_receiver_sees_what_it_has_made_current_itself() -> None:
    signal = Signal()

    async def opens(**kwargs: object) -> int:
        with signal_panel.record() as recording:
            inside = current.get()
            for _ in range(3):
                await asyncio.sleep(0)
                assert current.get() is inside
                await signal.asend("inner")
        return len(recording.sends)

    async def waits(**kwargs: object) -> None:
        for _ in range(9):
            await asyncio.sleep(0)

    signal.connect(opens, sender="outer")
    signal.connect(waits, sender="outer")
    with signal_panel.record():
        answers = asyncio.run(signal.asend("outer"))
    assert answers == [(opens, 3), (waits, None)]


def test_the_task_of_an_async_receiver_is_named_by_the_receiver() -> None:
    signal = Signal()

    async def receiver(**kwargs: object) -> Any:
        coroutine: Any = asyncio.current_task().get_coro()
        return coroutine.__qualname__

    async def alone() -> Any:
        (_, answer), *_ = await signal.asend(sender=None)
        return answer

    signal.connect(receiver)
    plain, recorded, _ = plain_and_recorded(alone)
    assert recorded == plain


@pytest.mark.parametrize("patched", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_a_way_to_send_has_its_name(method: str, patched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # "asend() missing 1 required positional argument", where Django's says "Signal.asend() missing ...".
    def error() -> str:
        with pytest.raises(TypeError) as caught:
            getattr(Signal(), method)()
        return str(caught.value)

    found = getattr(Signal, method)
    with monkeypatch.context() as patch:
        if patched:
            patch.setattr(Signal, method, wraps(found)(lambda *args, **named: found(*args, **named)))
        plain = error()
        with signal_panel.record():
            assert error() == plain
            assert getattr(Signal, method).__qualname__ == f"Signal.{method}"


WEB_PROCESS = """
from django.conf import settings
from django.dispatch import Signal

before = dict(vars(Signal))
settings.DEBUG_TOOLBAR_CONFIG["TOOLBAR_STORE_CLASS"] = "debug_toolbar.store.MemoryStore"

from django.core.{interface} import get_{interface}_application

def is_untouched():
    return vars(Signal).keys() == before.keys() and all(vars(Signal)[name] is before[name] for name in before)

application = get_{interface}_application()
assert is_untouched()

from debug_toolbar.store import get_store
from django.test import Client

assert Client().get("/plain/").status_code == 200
assert len([*get_store().request_ids()]) == 1
assert is_untouched()
"""


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_web_process_in_which_nothing_is_being_recorded_has_django_s_own_methods(interface: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WEB_PROCESS.format(interface=interface)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


class TestAProfiler:
    """One that is told of a return and not of the call takes it for that of somebody else."""

    @staticmethod
    def use() -> None:
        async def hears_later(**named: Any) -> None: ...

        signal, later = Signal(), Signal()
        signal.connect(receiver := lambda **named: None)
        later.connect(hears_later)
        signal.send(receiver)
        signal.send_robust(None)
        # With a sync receiver it would go to a thread, and from Python 3.12 on cProfile mixes threads up.
        asyncio.run(later.asend(None))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        middleware = SignalPanelMiddleware(lambda request: HttpResponse())
        middleware.__call__(HttpRequest())  # as Django does not: it calls the middleware itself
        middleware(HttpRequest())

    @pytest.mark.django_db
    def test_is_told_of_each_call_that_it_is_told_the_end_of(self) -> None:
        told: Counter[str] = Counter()
        self.use()
        with signal_panel.record():
            sys.setprofile(lambda frame, event, arg: told.update([event]))
            self.use()
            sys.setprofile(None)
        told["c_call"] -= 1  # that of the last line: it has no end
        assert told["call"] == told["return"]
        assert told["c_call"] == told["c_return"] + told["c_exception"]

    @pytest.mark.django_db
    def test_has_all_functions_that_it_has_without_us(self) -> None:
        def profiled() -> set[str]:
            profile = cProfile.Profile()
            profile.runcall(lambda: self.use())
            functions = pstats.Stats(profile).stats  # type: ignore[attr-defined]
            return {name for path, _, name in functions if path == __file__}

        self.use()
        plain = profiled()
        with signal_panel.record():
            assert profiled() == plain == {"<lambda>", "use", "hears_later"}
