"""Which receiver call is above a send where its context was copied: for a task, a thread, an event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.dispatch import Signal
from django.views.debug import ExceptionReporter

import signal_panel
from signal_panel import Recording

PACKAGE = str(Path(signal_panel.__file__).parent)
told, asked = Signal(), Signal()


@pytest.fixture(params=["send", "send_robust"])
def method(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param
    for receiver in [entry[1]() for entry in told.receivers]:
        told.disconnect(receiver)


def parents(recording: Recording) -> list[str]:
    """The receivers in which ``asked`` was sent, in order."""
    return [
        send.parent.receiver.rsplit(".", 1)[1] if send.parent else "nobody"
        for send in recording.sends
        if send.signal.endswith(".asked")
    ]


def test_a_task_started_by_a_sync_receiver_keeps_it_as_parent(method: str) -> None:
    tasks = []

    async def later() -> None:
        asked.send(None)

    def first(**named: object) -> None:
        tasks.append(asyncio.create_task(later()))

    def second(**named: object) -> None:
        tasks.append(asyncio.create_task(later()))

    async def main() -> Recording:
        told.connect(first)
        told.connect(second)
        with signal_panel.record() as recording:
            getattr(told, method)(None)
            asked.send(None)
            await asyncio.gather(*tasks)
        return recording

    assert parents(asyncio.run(main())) == ["nobody", "first", "second"]


def test_so_does_one_started_in_a_loop_that_runs_inside_the_recording(method: str) -> None:
    tasks = []

    async def later() -> None:
        asked.send(None)

    def starts(**named: object) -> None:
        tasks.append(asyncio.create_task(later()))

    async def main() -> None:
        told.connect(starts)
        getattr(told, method)(None)
        await asyncio.gather(*tasks)

    with signal_panel.record() as recording:
        asyncio.run(main())
    assert parents(recording) == ["starts"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="each task has a context of its own")
def test_so_does_one_started_in_a_loop_that_has_the_context_of_a_send_before_it(method: str) -> None:
    tasks: list[asyncio.Task[None]] = []
    recordings = []
    context = copy_context()

    async def later() -> None:
        asked.send(None)

    def starts(**named: object) -> None:
        if named["loop"]:
            tasks.append(asyncio.create_task(later()))

    def before() -> Any:
        opened = signal_panel.record()
        recordings.append(opened.__enter__())
        told.connect(starts)
        getattr(told, method)(None, loop=False)
        getattr(told, method)(None, loop=False)
        return opened

    async def main() -> None:
        getattr(told, method)(None, loop=True)
        await asyncio.gather(*tasks)

    opened = context.run(before)
    with asyncio.Runner() as runner:
        runner.run(main(), context=context)
    context.run(opened.__exit__, None, None, None)
    assert parents(recordings[0]) == ["starts"]


def test_so_does_one_started_from_a_thread_of_the_loop_s(method: str) -> None:
    tasks = []
    may_go_on = asyncio.Event()

    async def later() -> None:
        await may_go_on.wait()
        asked.send(None)

    async def begin() -> None:
        tasks.append(asyncio.create_task(later()))

    def first(**named: object) -> None:
        async_to_sync(begin)()

    def second(**named: object) -> None:
        asked.send(None)

    async def main() -> Recording:
        told.connect(first)
        told.connect(second)
        with signal_panel.record() as recording:
            await sync_to_async(getattr(told, method))(None)
            may_go_on.set()
            await asyncio.gather(*tasks)
        return recording

    assert parents(asyncio.run(main())) == ["second", "first"]


def test_what_is_sent_after_a_receiver_has_raised_in_a_loop_is_not_in_it(method: str) -> None:
    def raises(**named: object) -> None:
        raise LookupError

    async def main() -> Recording:
        told.connect(raises)
        with signal_panel.record() as recording:
            with suppress(LookupError):
                getattr(told, method)(None)
            asked.send(None)
        return recording

    assert parents(asyncio.run(main())) == ["nobody"]


def test_what_runs_beside_a_receiver_s_own_thread_is_not_in_what_that_sends(method: str) -> None:
    is_inside, may_go_on = threading.Event(), threading.Event()

    def inside(**named: object) -> None:
        is_inside.set()
        may_go_on.wait(10)

    async def beside() -> None:
        await asyncio.to_thread(is_inside.wait, 10)
        asked.send(None)
        may_go_on.set()

    async def both() -> None:
        # The first comes back to the thread that waits for the loop; there it sends to a receiver of its own.
        await asyncio.gather(sync_to_async(nested.send)(None), beside())

    nested = Signal()
    nested.connect(inside)

    def outer(**named: object) -> None:
        async_to_sync(both)()

    told.connect(outer)
    with signal_panel.record() as recording:
        getattr(told, method)(None)
        asked.send(None)
    assert parents(recording) == ["outer", "nobody"]
    assert [call.receiver.rsplit(".", 1)[1] for call in recording.calls] == ["outer", "inside"]


def test_a_loop_run_by_a_receiver_is_in_it_with_its_threads(method: str) -> None:
    async def main() -> None:
        asked.send(None)
        await asyncio.to_thread(asked.send, None)

    def runs(**named: object) -> None:
        asyncio.run(main())

    told.connect(runs)
    with signal_panel.record() as recording:
        getattr(told, method)(None)
    assert parents(recording) == ["runs", "runs"]


def test_a_thread_in_a_copy_of_the_context_is_in_the_receiver_that_waits_for_it(method: str) -> None:
    def waits(**named: object) -> None:
        thread = threading.Thread(target=copy_context().run, args=(asked.send, None))
        thread.start()
        thread.join()

    told.connect(waits)
    with signal_panel.record() as recording:
        getattr(told, method)(None)
        asked.send(None)
    assert parents(recording) == ["waits", "nobody"]


def test_such_a_thread_leaves_the_place_of_the_one_it_was_copied_from_alone(method: str) -> None:
    in_thread = Signal()
    heard, may_go_on = threading.Event(), threading.Event()

    def hears(**named: object) -> None:
        heard.set()
        may_go_on.wait(10)

    def starts(**named: object) -> None:
        thread = threading.Thread(target=copy_context().run, args=(getattr(in_thread, method), None))
        thread.start()
        heard.wait(10)
        asked.send(None)
        may_go_on.set()
        thread.join()

    def main() -> None:
        with signal_panel.record() as recording:
            told.send(None)
        recordings.append(recording)

    recordings: list[Recording] = []
    in_thread.connect(hears)
    told.connect(starts)
    # One that has entered as many contexts as the one that it starts.
    thread = threading.Thread(target=copy_context().run, args=(main,))
    thread.start()
    thread.join()
    assert parents(recordings[0]) == ["starts"]


def test_a_recording_opened_in_an_event_loop_goes_on_outside(method: str) -> None:
    recordings = []

    async def opens() -> Any:
        recording = signal_panel.record()
        recordings.append(recording.__enter__())
        return recording

    recording = async_to_sync(opens)()
    told.connect(hears := lambda **named: asked.send(None))
    getattr(told, method)(None)
    recording.__exit__(None, None, None)
    assert parents(recordings[0]) == [hears.__qualname__.rsplit(".", 1)[1]]


def test_what_keeps_the_place_across_an_event_loop_is_not_on_django_s_page_of_an_exception() -> None:
    async def fails() -> None:
        raise LookupError

    with signal_panel.record(), pytest.raises(LookupError) as raised:
        async_to_sync(fails)()
    frames = ExceptionReporter(None, raised.type, raised.value, raised.tb).get_traceback_frames()
    assert [frame["function"] for frame in frames if frame["filename"].startswith(PACKAGE)] == []
