"""How often Django's methods are put on and taken off, and what they do where nothing is recorded."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextvars import Context
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.dispatch import Signal, receiver

import signal_panel
from signal_panel.collector import IDLE, current
from signal_panel.tracer import patching
from tests.conftest import standing

told = Signal()


def hears(**named: Any) -> list[str]:
    return sorted(named)


def refuses(**named: Any) -> None:
    raise LookupError


async def hears_async(**named: Any) -> str:
    return "async"


@pytest.fixture
def _two_times_at_most(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(patching, "TIMES", 2)
    for patch in (*patching._ways_to_send, *patching._others):
        monkeypatch.setattr(patch, "times", 0)
    yield
    monkeypatch.setattr(patching, "TIMES", sys.maxsize)
    with signal_panel.record():
        """What stands is taken off after this one."""


@pytest.mark.usefixtures("_two_times_at_most")
class TestWhatWasPutOnAndTakenOffOftenEnough:
    def test_stays(self) -> None:
        djangos = standing()
        with signal_panel.record():
            pass
        assert standing() == djangos
        with signal_panel.record():
            ours = standing()
        for _ in range(2):
            assert standing() == ours != djangos
            with signal_panel.record():
                assert standing() == ours

    def test_goes_on_recording_what_is_recorded_and_nothing_else(self) -> None:
        told.connect(hears)
        try:
            for _ in range(4):
                with signal_panel.record() as recording:
                    told.send(None)
                assert told.send(None) == [(hears, ["sender", "signal"])]
                assert [len(send.calls) for send in recording.sends] == [1]
        finally:
            told.disconnect(hears)

    def test_is_put_on_again_where_another_tool_has_put_back_django_s_own(self) -> None:
        djangos = vars(Signal)["send"]
        for _ in range(3):
            with signal_panel.record():
                pass
        Signal.send = djangos  # type: ignore[method-assign]
        with signal_panel.record() as recording:
            told.send(None)
        assert len(recording.sends) == 1

    def test_tells_the_user_s_line_where_another_tool_has_wrapped_it_meanwhile(self) -> None:
        for _ in range(3):
            with signal_panel.record():
                pass
        ours = vars(Signal)["send"]
        with pytest.MonkeyPatch.context() as other:
            with signal_panel.record():
                other.setattr(Signal, "send", lambda *args, **named: ours(*args, **named))
            with signal_panel.record() as recording:
                told.send(None)
        (send,) = recording.sends
        assert send.site is not None
        assert send.site.function.endswith("where_another_tool_has_wrapped_it_meanwhile")


@pytest.mark.skipif(sys.version_info < (3, 13), reason="Before 3.13 a class may change as often as it likes.")
def test_python_goes_on_remembering_what_it_has_looked_up_on_django_s_classes() -> None:
    script = """if True:
        from _testcapi import type_get_version
        from django.conf import settings

        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        settings.configure(DATABASES={"default": database})
        import django
        from django.db import connection, transaction
        from django.db.backends.utils import CursorWrapper
        from django.dispatch import Signal

        django.setup()
        import signal_panel

        def use():
            Signal().send(None)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1")

        for _ in range(1000):
            with signal_panel.record():
                use()
            use()
        used = Signal, CursorWrapper, type(connection._connections["default"]), transaction.Atomic
        print(*map(bool, map(type_get_version, used)))
    """
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == (["True"] * 4, "")


class TestASendWhereNothingIsRecordedWhileElsewhereSomethingIs:
    @pytest.fixture(autouse=True)
    def _elsewhere(self) -> Iterator[None]:
        with signal_panel.record() as recording:
            yield
        assert not recording.sends

    @pytest.fixture(params=[[], [hears], [hears, hears_async], [hears_async]], ids=len)
    def receivers(self, request: pytest.FixtureRequest) -> Iterator[list[Any]]:
        receivers: list[Any] = request.param
        for one in receivers:
            told.connect(one)
        yield receivers
        for one in receivers:
            told.disconnect(one)

    def test_gives_what_the_receivers_answer(self, receivers: list[Any]) -> None:
        answers = {hears: ["at", "sender", "signal"], hears_async: "async"}
        given = Context().run(told.send, None, at=1)
        assert given == [(one, answers[one]) for one in receivers]

    def test_awaits_what_async_receivers_answer_as_it_is(self) -> None:
        @receiver(told)
        async def runs_in(**_: Any) -> str:
            task = asyncio.current_task()
            assert task is not None
            return type(task.get_coro()).__name__

        async def runs() -> Any:
            ((_, answer),) = await told.asend(None)
            return answer

        try:
            assert Context().run(asyncio.run, runs()) == "coroutine"
        finally:
            told.disconnect(runs_in)

    def test_is_one_in_what_an_event_loop_runs_for_it_too(self) -> None:
        async def place() -> Any:
            return current.get()

        assert Context().run(async_to_sync(place)) is IDLE

    def test_asks_nobody_whom_the_signal_does_not_know(self) -> None:
        signal = Signal(use_caching=True)
        signal.connect(hears, sender=Signal)
        for _ in range(2):  # the second time from its cache
            assert Context().run(signal.send, Context) == []

    def test_raises_what_a_receiver_raises_from_where_it_was_sent(self) -> None:
        told.connect(refuses)
        try:
            with pytest.raises(LookupError) as raised:
                Context().run(told.send, None)
        finally:
            told.disconnect(refuses)
        functions = [entry.name for entry in raised.traceback]
        assert functions[-2:] == ["send", "refuses"]
