"""``signal_panel.record()``: what it sees of every way to send and every kind of receiver."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import gc
import itertools
import logging
import operator
import pickle
import queue
import sys
import threading
import types
import warnings
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.contrib.auth.signals import user_logged_out
from django.core.handlers import asgi
from django.db import transaction
from django.db.models.signals import ModelSignal, post_save
from django.dispatch import Signal, receiver
from django.test import override_settings

import signal_panel
from signal_panel import Recording
from signal_panel.collector import Collector, current
from signal_panel.recording import METHODS
from signal_panel.summary import Totals, totals
from signal_panel.tracer import patching
from tests.clock import FakeClock
from tests.lines import line_of
from tests.shop.models import Author, Book, Order
from tests.shop.signals import order_placed

module_signal = Signal()


class Shelf:
    opened = Signal()


def call(method: str, signal: Signal, sender: Any = None, **named: Any) -> Any:
    """Send by any of the four methods, from sync code."""
    result = getattr(signal, method)(sender=sender, **named)
    return async_to_sync(_await)(result) if method.startswith("a") else result


async def _await(awaitable: Any) -> Any:
    return await awaitable


def tree(recording: Recording) -> list[Any]:
    """The recording as nested (signal, [(receiver, [...])]) with the last parts of the names."""

    def of_sends(sends: Any) -> list[Any]:
        return [
            (send.signal.split(".")[-1], [(c.receiver.split(".")[-1], of_sends(c.sends)) for c in send.calls])
            for send in sends
        ]

    return of_sends(send for send in recording.sends if send.parent is None)


@pytest.fixture(params=["Django's own", "patched by another"])
def dispatcher(request: pytest.FixtureRequest) -> Iterator[None]:
    """Signal as Django made it, and as another tool leaves it."""
    with pytest.MonkeyPatch.context() as other:
        if request.param == "patched by another":
            foreign_patches(other)
        yield


def foreign_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrap Signal's ways to send, as a tracer of somebody else's would."""

    def wrap(found: Any) -> Any:
        if iscoroutinefunction(found):

            async def asend(self: Any, *args: Any, **kwargs: Any) -> Any:
                return await found(self, *args, **kwargs)

            return functools.wraps(found)(asend)
        return functools.wraps(found)(lambda self, *args, **kwargs: found(self, *args, **kwargs))

    for name in METHODS:
        monkeypatch.setattr(Signal, name, wrap(Signal.__dict__[name]))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("dispatcher")
class TestEveryWayToSend:
    def test_a_send_and_its_sync_and_async_receivers_are_recorded(self, method: str) -> None:
        signal = Signal()

        @receiver(signal)
        def sync_one(**kwargs: Any) -> str:
            return "sync"

        @receiver(signal)
        async def async_one(**kwargs: Any) -> str:
            await asyncio.sleep(0)
            return "async"

        with signal_panel.record() as recording:
            responses = call(method, signal, sender=Author)

        assert responses == [(sync_one, "sync"), (async_one, "async")]
        (send,) = recording.sends
        assert send.method == method
        assert send.sender == "tests.shop.models.Author"
        assert sorted((c.receiver.split(".")[-1], c.is_async) for c in send.calls) == [
            ("async_one", True),
            ("sync_one", False),
        ]
        assert all(c.send == send for c in send.calls)

    def test_a_send_that_nobody_hears_is_recorded(self, method: str) -> None:
        with signal_panel.record() as recording:
            assert call(method, module_signal) == []
        (send,) = recording.sends
        assert send.calls == []
        assert send.signal == "tests.test_record.module_signal"
        assert send.sender == "None"

    def test_a_cached_send_that_nobody_hears_is_recorded(self, method: str) -> None:
        signal = Signal(use_caching=True)

        @receiver(signal, sender=Author)
        def only_authors(**kwargs: Any) -> None:
            pass

        with signal_panel.record() as recording:
            call(method, signal, sender=Book)
            call(method, signal, sender=Book)
            call(method, signal, sender=Author)
        assert [len(send.calls) for send in recording.sends] == [0, 0, 1]

    def test_nested_sends_have_the_receiver_call_that_made_them_as_parent(self, method: str) -> None:
        outer, middle, inner = Signal(), Signal(), Signal()

        @receiver(outer)
        def calls_middle(**kwargs: Any) -> None:
            call(method, middle)

        @receiver(middle)
        def calls_inner(**kwargs: Any) -> None:
            call(method, inner)

        with signal_panel.record() as recording:
            call(method, outer)
            call(method, inner)

        first, second, third, fourth = recording.sends
        assert [s.depth for s in recording.sends] == [0, 1, 2, 0]
        assert first.parent is None
        assert second.parent == first.calls[0]
        assert third.parent == second.calls[0]
        assert fourth.parent is None
        assert list(second.parent.sends) == [second]

    def test_a_receiver_that_raises_has_the_exception_s_type(
        self, method: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        signal = Signal()
        ran = []

        @receiver(signal)
        def raises(**kwargs: Any) -> None:
            raise LookupError("secret")

        @receiver(signal)
        def comes_after(**kwargs: Any) -> None:
            ran.append(True)

        with signal_panel.record() as recording:
            if method.endswith("robust"):
                (first, error), (second, answer) = call(method, signal)
                assert (first, second, answer) == (raises, comes_after, None)
                assert isinstance(error, LookupError)
            else:
                with pytest.raises(LookupError):
                    call(method, signal)

        (send,) = recording.sends
        robust = method.endswith("robust")
        assert send.exception == (None if robust else "LookupError")
        assert [c.exception for c in send.calls] == ["LookupError", None][: 2 if robust else 1]
        assert bool(ran) is robust
        assert "secret" not in recording.to_json()
        logged = [r.getMessage() for r in caplog.records if r.name == "django.dispatch"]
        assert len(logged) == robust
        if robust:
            assert logged[0].startswith("Error calling TestEveryWayToSend")

    def test_an_async_receiver_that_raises_has_the_exception_s_type(self, method: str) -> None:
        signal = Signal()

        @receiver(signal)
        async def raises(**kwargs: Any) -> None:
            await asyncio.sleep(0)
            raise LookupError

        with signal_panel.record() as recording:
            if method.endswith("robust"):
                ((_, error),) = call(method, signal)
                assert isinstance(error, LookupError)
            else:
                with pytest.raises(LookupError):
                    call(method, signal)
        assert recording.calls[0].exception == "LookupError"

    def test_signal_has_django_s_own_methods_before_and_after(self, method: str) -> None:
        before = Signal.__dict__[method]
        with signal_panel.record():
            assert Signal.__dict__[method] is not before
            with signal_panel.record():
                pass
            assert Signal.__dict__[method] is not before
        assert Signal.__dict__[method] is before

    def test_what_another_thread_sends_is_not_in_it(self, method: str) -> None:
        with signal_panel.record() as recording:
            thread = threading.Thread(target=call, args=(method, module_signal))
            thread.start()
            thread.join()
        assert recording.sends == []


class TestReceivers:
    """Names and places of every kind of callable."""

    def named(self, connected: Callable[..., Any]) -> Any:
        signal = Signal()
        signal.connect(connected, weak=False)
        with signal_panel.record() as recording:
            signal.send(sender=None)
        (found,) = recording.calls
        return found

    def test_a_function(self) -> None:
        found = self.named(plain)
        assert found.receiver == "tests.test_record.plain"
        assert (found.path, found.line) == (__file__, line_of("def plain(", __file__))

    def test_a_decorated_function_is_named_past_its_decorators(self) -> None:
        found = self.named(decorated)
        assert found.receiver == "tests.test_record.decorated"
        assert found.line == line_of("def decorated(", __file__)

    def test_a_lambda(self) -> None:
        found = self.named(lambda **kwargs: None)
        assert found.receiver.endswith("test_a_lambda.<locals>.<lambda>")
        assert found.line == line_of("self.named(lambda **kwargs: None)", type(self).test_a_lambda)

    def test_a_bound_method(self) -> None:
        found = self.named(Till().ring)
        assert found.receiver == "tests.test_record.Till.ring"
        assert found.line == line_of("def ring(", __file__)

    def test_a_class_method(self) -> None:
        assert self.named(Till.open).receiver == "tests.test_record.Till.open"

    def test_a_static_method(self) -> None:
        assert self.named(Till.lock).receiver == "tests.test_record.Till.lock"

    def test_an_instance_with_call(self) -> None:
        found = self.named(Till())
        assert found.receiver == "tests.test_record.Till.__call__"
        assert found.line == line_of("def __call__(", Till)

    def test_a_partial(self) -> None:
        found = self.named(functools.partial(plain, extra=1))
        assert found.receiver == "tests.test_record.plain"
        assert found.line == line_of("def plain(", __file__)

    def test_a_class(self) -> None:
        found = self.named(Receipt)
        assert found.receiver == "tests.test_record.Receipt"
        assert found.line == line_of("def __init__(", Receipt)

    def test_an_object_that_can_be_asked_nothing(self) -> None:
        signal = Signal()
        signal.receivers = [*_entries_for(Hostile())]  # connecting asks for attributes, sending doesn't
        with signal_panel.record() as recording:
            signal.send(sender=None)
        assert recording.calls[0].receiver == "tests.test_record.Hostile.__call__"

    def test_a_function_of_the_c_library(self) -> None:
        found = self.named(dict)
        assert (found.receiver, found.path, found.line) == ("dict", None, None)

    def test_two_functions_made_by_one_decorator_are_told_apart(self) -> None:
        assert self.named(decorated).receiver != self.named(also_decorated).receiver


def plain(**kwargs: Any) -> None:
    pass


def passes_on(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(**kwargs: Any) -> Any:
        return function(**kwargs)

    return inner


@passes_on
@passes_on
def decorated(**kwargs: Any) -> None:
    pass


@passes_on
def also_decorated(**kwargs: Any) -> None:
    pass


class Till:
    def ring(self, **kwargs: Any) -> None:
        pass

    @classmethod
    def open(cls, **kwargs: Any) -> None:
        pass

    @staticmethod
    def lock(**kwargs: Any) -> None:
        pass

    def __call__(self, **kwargs: Any) -> None:
        pass


class Receipt:
    def __init__(self, **kwargs: Any) -> None:
        pass


class Hostile:
    """Runs as a receiver, and fails at everything else that it is asked for."""

    def __call__(self, **kwargs: Any) -> None:
        pass

    def __repr__(self) -> str:
        raise AssertionError("repr() of the user's object")

    def __bool__(self) -> bool:
        raise AssertionError("bool() of the user's object")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("== on the user's object")

    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} of the user's object")


def _entries_for(hostile: Hostile) -> Any:
    """What ``Signal.receivers`` has once the object is connected, on any version of Django."""
    signal = Signal()
    signal.connect(plain)
    for (_, sender_key), _, *others in signal.receivers:
        yield ((id(hostile), sender_key), hostile, *others)


class TestSenders:
    def sender(self, sender: Any) -> str:
        with signal_panel.record() as recording:
            module_signal.send(sender=sender)
        return recording.sends[0].sender

    def test_a_class_is_named(self) -> None:
        assert self.sender(Author) == "tests.shop.models.Author"

    def test_an_instance_is_its_class_and_parentheses(self) -> None:
        assert self.sender(Author(name="secret")) == "tests.shop.models.Author()"

    def test_a_function_is_named(self) -> None:
        assert self.sender(plain) == "tests.test_record.plain"

    def test_a_string_is_not_told(self) -> None:
        assert self.sender("secret") == "str()"

    def test_a_hostile_unhashable_object_is_named_by_its_class(self) -> None:
        assert self.sender(Hostile()) == "tests.test_record.Hostile()"

    def test_instances_of_one_class_and_the_class_are_told_apart(self) -> None:
        with signal_panel.record() as recording:
            for sender in (Till, Till(), Receipt, Till):
                module_signal.send(sender=sender)
        assert [s.sender.removeprefix("tests.test_record.") for s in recording.sends] == [
            "Till", "Till()", "Receipt", "Till",
        ]  # fmt: skip


class TestSignals:
    def test_one_imported_elsewhere_has_the_name_of_its_home(self) -> None:
        with signal_panel.record() as recording:
            post_save.send(sender=Author)
            user_logged_out.send(sender=Author, request=None, user=None)
            order_placed.send_robust(sender=Order, order=None)
        assert [send.signal for send in recording.sends if send.parent is None] == [
            "django.db.models.signals.post_save",
            "django.contrib.auth.signals.user_logged_out",
            "tests.shop.signals.order_placed",
        ]

    def test_one_that_is_a_class_s_attribute(self) -> None:
        with signal_panel.record() as recording:
            Shelf.opened.send(sender=None)
        assert recording.sends[0].signal == "tests.test_record.Shelf.opened"

    def test_one_without_a_name_is_named_by_where_it_is_sent(self) -> None:
        local = ModelSignal()
        with signal_panel.record() as recording:
            local.send(sender=None)
        name = recording.sends[0].signal
        assert name.startswith("tests.test_record.")
        assert name.endswith("test_one_without_a_name_is_named_by_where_it_is_sent:ModelSignal")

    def test_signals_that_come_and_go_at_one_address_keep_their_own_receivers(self) -> None:
        with signal_panel.record() as recording:
            for number in range(50):
                passing: Signal = Signal() if number % 2 else ModelSignal()
                passing.send(sender=None)
                del passing
        names = [send.signal.rsplit(":", 1)[1] for send in recording.sends]
        assert names == ["ModelSignal", "Signal"] * 25


@pytest.mark.django_db
class TestSites:
    def test_the_line_that_called_save(self) -> None:
        with signal_panel.record() as recording:
            Author(name="A").save()  # the line in question
        function = type(self).test_the_line_that_called_save
        assert {send.site for send in recording.sends} == {
            signal_panel.Site(__file__, line_of("# the line in question", function), _qualified(function))
        }

    def test_two_sends_on_different_lines_have_different_sites(self) -> None:
        with signal_panel.record() as recording:
            for _ in range(2):
                module_signal.send(sender=None)  # the first of two
                module_signal.send(sender=None)  # the second of two
        one, other = (
            line_of(
                f"# the {which} of two", type(self).test_two_sends_on_different_lines_have_different_sites
            )
            for which in ("first", "second")
        )
        assert [s.site.line for s in recording.sends if s.site] == [one, other, one, other]

    def test_so_have_two_lines_that_take_turns_by_way_of_the_same_code_of_django_s(self) -> None:
        with signal_panel.record() as recording:
            for _ in range(3):
                Author(name="A")  # the first way
                Author.from_db("default", ["id", "name"], [1, "A"])  # the longer way
                Author(name="A")  # the last way
        function = type(self).test_so_have_two_lines_that_take_turns_by_way_of_the_same_code_of_django_s
        lines = [line_of(f"# the {which} way", function) for which in ("first", "longer", "last")]
        inits = [s.site.line for s in recording.sends if s.site and s.signal.endswith(".pre_init")]
        assert inits == lines * 3

    def test_so_have_two_functions_that_are_alike(self) -> None:
        def one() -> None:
            Author(name="A")

        def other() -> None:
            Author(name="A")

        with signal_panel.record() as recording:
            for _ in range(3):
                one()
                other()
        inits = [s.site.function for s in recording.sends if s.site and s.signal.endswith(".pre_init")]
        assert [name.rsplit(".", 1)[-1] for name in inits] == ["one", "other"] * 3

    def test_a_send_by_a_template_has_the_line_that_rendered_it(self) -> None:
        from django.template import engines

        Author.objects.create(name="A")
        template = engines["django"].from_string("{% for author in authors %}{{ author.name }}{% endfor %}")
        with signal_panel.record() as recording:
            template.render({"authors": Author.objects.all()})  # renders
        (line,) = {send.site.line for send in recording.sends if send.site}
        function = type(self).test_a_send_by_a_template_has_the_line_that_rendered_it
        assert line == line_of("# renders", function)

    def test_there_is_none_where_only_the_standard_library_called(self) -> None:
        async def main() -> Recording:
            with signal_panel.record() as recording:
                await asyncio.create_task(module_signal.asend(sender=None))
            return recording

        recording = asyncio.run(main())
        assert recording.sends[0].site is None


@pytest.mark.django_db(transaction=True)
class TestSitesAcrossThreads:
    async def _record(self, coroutine: Any) -> set[int]:
        with signal_panel.record() as recording:
            await coroutine
        return {send.site.line for send in recording.sends if send.site}

    def test_the_line_that_awaited_asave(self) -> None:
        async def saves() -> None:
            await Author(name="A").asave()  # awaits

        assert asyncio.run(self._record(saves())) == {
            line_of("# awaits", type(self).test_the_line_that_awaited_asave)
        }

    def test_the_line_where_the_thread_starts_before_the_coroutine_is_suspended(self) -> None:
        # Which of the two happens first is a race, so it takes many.
        async def hops() -> None:
            for _ in range(300):
                await sync_to_async(module_signal.send)(sender=None)  # hops

        async def main() -> Recording:
            with signal_panel.record() as recording:
                await hops()
            return recording

        function = type(self).test_the_line_where_the_thread_starts_before_the_coroutine_is_suspended
        lines = [send.site.line if send.site else None for send in asyncio.run(main()).sends]
        assert lines == [line_of("# hops", function)] * 300

    def test_the_line_where_the_thread_has_sent_before_the_coroutine_is_suspended(self) -> None:
        has_sent = threading.Event()
        work = contextlib.ExitStack()  # nobody's frame: all that the thread stands on is the standard library
        work.callback(has_sent.set)
        work.callback(operator.methodcaller("send", sender=None), module_signal)

        class Eager(ThreadPoolExecutor):
            def submit(self, *args: Any, **kwargs: Any) -> Any:
                future = super().submit(*args, **kwargs)
                assert has_sent.wait(10)
                return future

        async def main() -> Recording:
            with signal_panel.record() as recording, Eager(1) as executor:
                await sync_to_async(work.close, thread_sensitive=False, executor=executor)()  # is running
            return recording

        (send,) = asyncio.run(main()).sends
        assert send.site is not None
        function = type(self).test_the_line_where_the_thread_has_sent_before_the_coroutine_is_suspended
        assert send.site.line == line_of("# is running", function)

    @pytest.mark.parametrize("kind", ["coroutine", "generator", "async generator"])
    def test_the_line_while_what_another_task_awaits_runs(self, kind: str) -> None:
        # One that runs must not be asked what it awaits: Python 3.12 crashes where it stands at a call that
        # was of another kind at first, the fifth time that it is not.
        may_send, has_sent = queue.SimpleQueue[None](), queue.SimpleQueue[None]()
        calls = [(operator.neg, 1)] * 20 + [(bool, 1)] * 4 + [(has_sent.get, True)]
        work = contextlib.ExitStack()  # nobody's frame, as the rest of what the thread stands on
        work.callback(has_sent.put, None)
        work.callback(operator.methodcaller("send", sender=None), module_signal)
        work.callback(may_send.get)

        @types.coroutine
        def generator() -> Any:
            yield
            for call, value in calls:
                call(value)

        async def coroutine() -> None:
            await asyncio.sleep(0)
            for call, value in calls:
                call(value)

        async def async_generator() -> Any:
            await asyncio.sleep(0)
            for call, value in calls:
                call(value)
            yield

        kinds = {
            "coroutine": coroutine,
            "generator": generator,
            "async generator": lambda: anext(async_generator()),
        }

        async def hops() -> None:
            await sync_to_async(work.close, thread_sensitive=False, executor=executor)()  # hops meanwhile

        async def main() -> Recording:
            with signal_panel.record() as recording:
                awaited = kinds[kind]()
                tasks = [asyncio.create_task(each) for each in (_await(awaited), hops())]
                await asyncio.sleep(0)  # both are suspended
                may_send.put(None)
                with pytest.raises(StopIteration):
                    awaited.send(None)
                await asyncio.wait(tasks)
            return recording

        with ThreadPoolExecutor(1) as executor:
            (send,) = asyncio.run(main()).sends
        assert send.site is not None
        function = type(self).test_the_line_while_what_another_task_awaits_runs
        assert send.site.line == line_of("# hops meanwhile", function)

    def test_there_is_none_where_who_waited_for_the_thread_was_cancelled(self) -> None:
        has_begun, may_go_on = threading.Event(), threading.Event()
        work = contextlib.ExitStack()  # nobody's frame: all that the thread stands on is the standard library
        work.callback(operator.methodcaller("send", sender=None), module_signal)
        work.callback(may_go_on.wait)
        work.callback(has_begun.set)

        async def main() -> Recording:
            with signal_panel.record() as recording, ThreadPoolExecutor(1) as executor:
                hop = sync_to_async(work.close, thread_sensitive=False, executor=executor)
                task = asyncio.create_task(hop())
                await asyncio.to_thread(has_begun.wait)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                may_go_on.set()
            return recording

        (send,) = asyncio.run(main()).sends
        assert send.site is None

    def test_there_is_none_where_a_server_waits_for_the_thread_whoever_started_the_server(self) -> None:
        # The test client's caller awaits the handler; a server's has nothing to do with the request.
        is_suspended = threading.Event()
        work = contextlib.ExitStack()
        work.callback(operator.methodcaller("send", sender=None), module_signal)
        work.callback(is_suspended.wait, 10)
        handlers: dict[str, Any] = {"work": sync_to_async(work.close)}
        exec(compile("async def answer(): await work()", asgi.__file__, "exec"), handlers)

        async def starts() -> Recording:
            with signal_panel.record() as recording:
                asyncio.get_running_loop().call_soon(is_suspended.set)
                await handlers["answer"]()
            return recording

        (send,) = asyncio.run(starts()).sends
        assert send.site is None

    def test_there_is_none_where_nobodys_task_waits_for_the_thread_beside_tasks_of_the_users(self) -> None:
        async def main() -> Recording:
            may_end = asyncio.Event()

            async def beside() -> None:
                await may_end.wait()

            with signal_panel.record() as recording:
                others = [asyncio.create_task(beside()) for _ in range(20)]
                await asyncio.create_task(sync_to_async(module_signal.send)(sender=None))
                may_end.set()
                await asyncio.gather(*others)
            return recording

        (send,) = asyncio.run(main()).sends
        assert send.site is None

    def test_the_line_of_an_async_for_over_a_queryset(self) -> None:
        Author.objects.create(name="A")

        async def iterates() -> None:
            async for _ in Author.objects.all():  # iterates
                pass

        assert asyncio.run(self._record(iterates())) == {
            line_of("# iterates", type(self).test_the_line_of_an_async_for_over_a_queryset)
        }

    def test_the_line_in_an_async_receiver(self) -> None:
        signal = Signal()

        @receiver(signal)
        async def saves(**kwargs: Any) -> None:
            await Author(name="A").asave()  # receiver awaits

        async def main() -> Recording:
            with signal_panel.record() as recording:
                await signal.asend(sender=None)
            return recording

        _, *of_the_receiver = asyncio.run(main()).sends
        expected = line_of("# receiver awaits", type(self).test_the_line_in_an_async_receiver)
        assert {send.site.line for send in of_the_receiver if send.site} == {expected}


def _qualified(function: Callable[..., Any]) -> str:
    return getattr(function.__code__, "co_qualname", function.__name__)


class TestTime:
    def test_durations_self_times_and_starts(self) -> None:
        clock = FakeClock()
        outer, inner = Signal(), Signal()

        @receiver(outer)
        def works(**kwargs: Any) -> None:
            clock.pass_(10)
            inner.send(sender=None)
            clock.pass_(5)

        @receiver(inner)
        def waits(**kwargs: Any) -> None:
            clock.pass_(100)

        with signal_panel.record(clock=clock, wall_clock=lambda: 1.5) as recording:
            clock.pass_(7)
            outer.send(sender=None)
            clock.pass_(3)

        first, second = recording.sends
        assert recording.started_at == 1.5
        assert recording.duration_ns == 125
        assert (first.start_ns, first.duration_ns, first.self_ns) == (7, 115, 0)
        assert (first.calls[0].duration_ns, first.calls[0].self_ns) == (115, 15)
        assert (second.start_ns, second.duration_ns) == (17, 100)

    def test_an_async_receiver_s_busy_time_is_told_from_its_waiting(self) -> None:
        clock = FakeClock()
        signal = Signal()

        @receiver(signal)
        async def works_and_waits(**kwargs: Any) -> None:
            clock.pass_(10)
            await asyncio.sleep(0)
            clock.pass_(20)

        @receiver(signal)
        async def works_meanwhile(**kwargs: Any) -> None:
            clock.pass_(300)

        async def main() -> Recording:
            with signal_panel.record(clock=clock) as recording:
                await signal.asend(sender=None)
            return recording

        recording = asyncio.run(main())
        one, other = recording.calls
        assert (one.duration_ns, one.busy_ns) == (330, 30)
        assert (other.duration_ns, other.busy_ns) == (300, 300)
        assert Recording.from_json(recording.to_json()) == recording

    @pytest.mark.parametrize(("method", "kind"), [("send", "async"), ("asend", "sync")])
    def test_the_way_to_another_thread_and_back_is_told_from_what_runs_there(
        self, method: str, kind: str
    ) -> None:
        signal = Signal()
        time = FakeClock()

        def ticking() -> int:
            time.pass_(10)
            return time()

        def works(**kwargs: Any) -> None:
            time.pass_(1_000_000)

        async def aworks(**kwargs: Any) -> None:
            works()

        signal.connect(works if kind == "sync" else aworks)
        with signal_panel.record(clock=ticking) as recording:
            call(method, signal)
        (send,) = recording.sends
        assert send.calls[0].duration_ns > 1_000_000
        assert 0 < send.hop_ns < 1_000
        assert Recording.from_json(recording.to_json()) == recording

    def test_what_receivers_that_take_turns_do_is_in_the_order_in_which_it_began(self) -> None:
        signal = Signal()
        ticking = itertools.count()

        @receiver(signal)
        async def sends(**kwargs: Any) -> None:
            module_signal.send(sender=None)

        @receiver(signal)
        async def comes_after(**kwargs: Any) -> None:
            """Begins when the one before has sent."""

        with signal_panel.record(clock=lambda: next(ticking)) as recording:
            asyncio.run(_await(signal.asend(sender=None)))
        starts = [*recording.columns.start]
        assert starts == sorted(starts)

    def test_a_send_to_receivers_of_its_own_kind_has_no_hop(self) -> None:
        with signal_panel.record() as recording:
            module_signal.send(sender=None)
        assert recording.sends[0].hop_ns == 0


class TestNesting:
    def test_a_recording_inside_another_sees_its_own_part_and_the_outer_one_all(self) -> None:
        with signal_panel.record() as outer:
            module_signal.send(sender=Author)
            with signal_panel.record() as inner:
                module_signal.send(sender=Book)
            module_signal.send(sender=Order)
        assert [s.sender.split(".")[-1] for s in inner.sends] == ["Book"]
        assert [s.sender.split(".")[-1] for s in outer.sends] == ["Author", "Book", "Order"]

    def test_each_tells_what_was_sent_again_in_it(self) -> None:
        author = Author()

        def sends() -> None:
            for _ in range(2):
                module_signal.send(sender=None, instance=author)

        with signal_panel.record() as outer:
            sends()
            with signal_panel.record() as inner:
                sends()
        once, again = inner.sends
        assert (once.repeats, again.repeats) == (None, once)
        first, *others = outer.sends
        assert [send.repeats for send in others] == [first] * 3

    def test_one_opened_by_a_receiver_is_inside_its_call_for_the_outer_one(self) -> None:
        signal = Signal()
        inner: list[Recording] = []

        @receiver(signal)
        def records(**kwargs: Any) -> None:
            with signal_panel.record() as recording:
                module_signal.send(sender=None)
            inner.append(recording)

        with signal_panel.record() as outer:
            signal.send(sender=None)
        assert outer.sends[1].parent == outer.sends[0].calls[0]
        assert inner[0].sends[0].parent is None

    def test_one_opened_in_an_async_receiver_lasts_over_its_steps(self) -> None:
        signal = Signal()
        inner: list[Recording] = []

        @receiver(signal)
        async def records(**kwargs: Any) -> None:
            with signal_panel.record() as recording:
                await asyncio.sleep(0)
                module_signal.send(sender=Book)
            module_signal.send(sender=Author)
            inner.append(recording)

        with signal_panel.record():
            signal.send(sender=None)
        assert [s.sender.split(".")[-1] for s in inner[0].sends] == ["Book"]

    def test_what_was_sent_so_far_can_be_read_inside_the_block(self) -> None:
        with signal_panel.record() as recording:
            module_signal.send(sender=None)
            assert len(recording.sends) == 1
            module_signal.send(sender=None)
            assert len(recording.sends) == 2

    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
    )
    def test_a_copy_has_what_was_sent_so_far(self, copied: Callable[[Recording], Recording]) -> None:
        with signal_panel.record() as recording:
            module_signal.send(sender=None)
            so_far = copied(recording)
            module_signal.send(sender=None)
        assert [len(each.sends) for each in (so_far, recording, copied(recording))] == [1, 2, 2]
        assert copied(recording) == recording

    def test_an_exception_through_the_block_leaves_a_recording(self) -> None:
        def fails() -> None:
            module_signal.send(sender=None)
            raise KeyError

        with pytest.raises(KeyError), signal_panel.record() as recording:
            fails()
        assert len(recording.sends) == 1


class TestAsync:
    def test_async_receivers_that_take_turns_each_have_their_own_sends(self) -> None:
        signal = Signal()

        def make(sender: type) -> Any:
            async def sends(**kwargs: Any) -> None:
                for _ in range(3):
                    await asyncio.sleep(0)
                    await module_signal.asend(sender=sender)
                    # Django 6.1's shared context allows but one thread-sensitive hop at a time.
                    await sync_to_async(module_signal.send, thread_sensitive=False)(sender=sender)

            return sends

        receivers = [make(sender) for sender in (Author, Book, Order)]
        for one in receivers:
            signal.connect(one)

        async def main() -> Recording:
            with signal_panel.record() as recording:
                await signal.asend(sender=None)
                await module_signal.asend(sender=None)
            return recording

        recording = asyncio.run(main())
        root, *_, last = recording.sends
        assert last.parent is None
        inside = [{s.sender.split(".")[-1] for s in c.sends} for c in root.calls]
        assert inside == [{"Author"}, {"Book"}, {"Order"}]
        assert [len(c.sends) for c in root.calls] == [6, 6, 6]

    def test_tasks_of_one_block_are_all_in_it_and_those_of_others_are_not(self) -> None:
        async def one(sender: type) -> Recording:
            with signal_panel.record() as recording:

                async def child() -> None:
                    for _ in range(5):
                        await asyncio.sleep(0)
                        await module_signal.asend(sender=sender)

                await asyncio.gather(child(), child())
            return recording

        async def main() -> list[Recording]:
            return await asyncio.gather(*(one(sender) for sender in (Author, Book, Order)))

        for recording, name in zip(asyncio.run(main()), ("Author", "Book", "Order"), strict=True):
            assert [s.sender.split(".")[-1] for s in recording.sends] == [name] * 10

    def test_a_task_that_outlives_its_receiver_has_it_as_parent(self) -> None:
        signal = Signal()
        tasks = []

        @receiver(signal)
        async def starts(**kwargs: Any) -> None:
            async def later() -> None:
                await asyncio.sleep(0.001)
                module_signal.send(sender=None)

            tasks.append(asyncio.create_task(later()))

        async def main() -> Recording:
            with signal_panel.record() as recording:
                await signal.asend(sender=None)
                await tasks[0]
            return recording

        recording = asyncio.run(main())
        assert recording.sends[1].parent == recording.sends[0].calls[0]

    def test_a_task_that_outlives_the_block_is_not_written_to_it(self) -> None:
        async def main() -> Recording:
            with signal_panel.record() as recording:
                module_signal.send(sender=Author)

                async def later() -> None:
                    await asyncio.sleep(0.001)
                    module_signal.send(sender=Book)

                task = asyncio.create_task(later())
            await task
            return recording

        assert [s.sender.split(".")[-1] for s in asyncio.run(main()).sends] == ["Author"]

    def test_an_async_receiver_is_cancelled_as_without_us(self) -> None:
        signal = Signal()
        seen = []

        @receiver(signal)
        async def waits(**kwargs: Any) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        async def main() -> Recording:
            with signal_panel.record() as recording:
                task = asyncio.create_task(signal.asend(sender=None))
                await asyncio.sleep(0.001)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            return recording

        recording = asyncio.run(main())
        assert seen == ["cancelled"]
        assert recording.calls[0].exception == "asyncio.exceptions.CancelledError"


class TestCarry:
    def test_a_thread_handed_a_carried_function_is_part_of_the_recording(self) -> None:
        signal = Signal()

        @receiver(signal)
        def starts_a_thread(**kwargs: Any) -> None:
            work = functools.partial(module_signal.send, sender=None)
            thread = threading.Thread(target=signal_panel.carry(work))
            thread.start()
            thread.join()

        with signal_panel.record() as recording:
            signal.send(sender=None)
        assert recording.sends[1].parent == recording.sends[0].calls[0]

    def test_an_executor_s_thread_has_its_own_context_back_afterwards(self) -> None:
        with ThreadPoolExecutor(1) as executor, signal_panel.record() as recording:
            executor.submit(signal_panel.carry(module_signal.send), sender=Author).result()
            executor.submit(module_signal.send, sender=Book).result()
        assert [s.sender for s in recording.sends] == ["tests.shop.models.Author"]

    def test_it_passes_on_arguments_answers_and_exceptions(self) -> None:
        with signal_panel.record():
            carried = signal_panel.carry(divmod)
        assert carried(7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            carried(7, 0)

    def test_a_coroutine_function_is_carried_until_its_coroutine_is_done(self) -> None:
        async def work(sender: type) -> str:
            await asyncio.sleep(0)
            await module_signal.asend(sender=sender)
            return "done"

        async def elsewhere() -> None:
            assert await carried(Author) == "done"
            await module_signal.asend(sender=Book)

        with ThreadPoolExecutor(1) as executor, signal_panel.record() as recording:
            carried = signal_panel.carry(work)
            executor.submit(asyncio.run, elsewhere()).result()
        assert [s.sender for s in recording.sends] == ["tests.shop.models.Author"]

    def test_one_that_is_thrown_away_elsewhere_leaves_what_is_recorded_there(self) -> None:
        async def work() -> None:
            await asyncio.sleep(0)

        with signal_panel.record():
            coroutine = signal_panel.carry(work)()
        copy_context().run(coroutine.send, None)
        with signal_panel.record() as recording:
            coroutine.close()
            module_signal.send(sender=Author)
        assert [s.sender for s in recording.sends] == ["tests.shop.models.Author"]

    def test_what_is_carried_from_where_nothing_is_recorded_is_part_of_what_is_recorded_later(self) -> None:
        carried = signal_panel.carry(lambda: module_signal.send(sender=Author))
        with signal_panel.record() as recording:
            carried()
            module_signal.send(sender=Book)
        assert [s.sender.rpartition(".")[2] for s in recording.sends] == ["Author", "Book"]

    def test_a_generator_function_is_refused(self) -> None:
        def generator() -> Iterator[int]:
            yield 1

        async def async_generator() -> AsyncIterator[int]:
            yield 1

        for function in (generator, async_generator):
            with pytest.raises(TypeError, match="does its work when it is called"):
                signal_panel.carry(function)


class TestFailuresOfOurs:
    """Whatever fails in recording a send, the send goes on as without us."""

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize(
        "function",
        [
            "signal_panel.kinds.Kinds.send",
            "signal_panel.kinds.Kinds.receiver",
            "signal_panel.kinds.find_callers",
            "signal_panel.naming.sender_name",
            "signal_panel.naming.receiver_definition",
            "signal_panel.collector.Collector._raised",
        ],
    )
    @pytest.mark.usefixtures("dispatcher")
    def test_a_function_that_fails_changes_no_send(
        self, method: str, function: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        signal = Signal()

        def sync_one(**kwargs: Any) -> int:
            return 1

        async def async_one(**kwargs: Any) -> int:
            return 2

        def raises(**kwargs: Any) -> None:
            raise LookupError

        def fails(*args: object, **kwargs: object) -> None:
            raise RuntimeError("ours")

        for one in (sync_one, async_one):
            signal.connect(one)
        with signal_panel.record() as recording:
            monkeypatch.setattr(function, fails)
            assert call(method, signal) == [(sync_one, 1), (async_one, 2)]
            signal.connect(raises)
            if method.endswith("robust"):
                assert isinstance(call(method, signal)[1][1], LookupError)
            else:
                with pytest.raises(LookupError):
                    call(method, signal)
            monkeypatch.undo()
        assert len([r for r in caplog.records if r.name == "signal_panel"]) == 1
        assert recording.to_json()

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(
        "broken",
        [("instances", "instance_sends"), ("_next_block",), ("connected",), ("queries",)],
        ids=lambda names: names[0],
    )
    def test_nor_does_it_change_what_is_recorded_beside_sends(
        self, broken: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        signal, author = Signal(), Author()

        def hears(**kwargs: Any) -> int:
            return 1

        with signal_panel.record() as recording:
            for name in broken:
                monkeypatch.setattr(current.get().collector, name, None)
            with transaction.atomic():
                signal.connect(hears)
                assert signal.send(sender=None, instance=author) == [(hears, 1)]
                assert signal.disconnect(hears)
            monkeypatch.undo()
        assert len([r for r in caplog.records if r.name == "signal_panel"]) == 1
        assert [len(send.calls) for send in recording.sends if send.sender == "None"] == [1]

    @pytest.mark.parametrize(
        ("noted", "arguments"),
        [
            (Collector.end, (0, 0, 0, 0, 0, (), None)),
            (Collector.end_calls, (0, 0, None, None)),
            (Collector.end_send, (None, 0, 0, 0)),
            (Collector.end_call, (None, 0, None, False, 0)),
            (Collector.did_not_run, (None, ())),
            (Collector.has_connected, (None, None, None, None, None)),
            (Collector.has_disconnected, (None, None)),
        ],
    )
    def test_each_failure_is_noted_where_it_happens(self, noted: Any, arguments: tuple[Any, ...]) -> None:
        collector = Collector(lambda: 0)
        collector.make_room(0, 10)
        noted(collector, *arguments)
        assert collector.failure == "TypeError"

    def test_a_send_that_cannot_be_kept_is_sent(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        with signal_panel.record() as recording:
            for broken in ("keep_none", "log"):
                monkeypatch.setattr(current.get().collector, broken, None)
            assert module_signal.send(sender=None) == []
            assert asyncio.run(module_signal.asend(sender=None)) == []
            monkeypatch.undo()
        assert len([r for r in caplog.records if r.name == "signal_panel"]) == 1
        assert not recording.sends


class TestNothingIsChanged:
    @pytest.mark.parametrize("version", [django.VERSION, (99, 0, 0)], ids=["known", "unknown"])
    @pytest.mark.parametrize(
        ("method", "fails"),
        [("send", False), ("send", True), ("send_robust", False)],  # what send_robust catches it logs
    )
    def test_a_receiver_can_be_collected_right_after_the_send(
        self, version: tuple[int, ...], method: str, fails: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signal = Signal()

        def receives(**kwargs: Any) -> None:
            if fails:
                raise LookupError

        signal.connect(receives)
        reference = weakref.ref(receives)
        monkeypatch.setattr(patching.django, "VERSION", version)
        gc.collect()
        gc.disable()
        try:
            with signal_panel.record() as recording:
                with contextlib.suppress(LookupError):
                    getattr(signal, method)(sender=None)
                del receives
                assert reference() is None
                assert getattr(signal, method)(sender=None) == []
        finally:
            gc.enable()
        assert [len(s.calls) for s in recording.sends] == [1, 0]

    def test_a_sender_and_a_signal_can_be_collected_right_after_the_send(self) -> None:
        signal, sender = Signal(), Till()
        references = [weakref.ref(signal), weakref.ref(sender)]
        gc.disable()
        try:
            with signal_panel.record():
                signal.send(sender=sender)
                del signal, sender
                assert [reference() for reference in references] == [None, None]
        finally:
            gc.enable()

    def test_a_receiver_connected_while_recorded_can_be_disconnected_after(self) -> None:
        signal = Signal()
        with signal_panel.record():
            signal.connect(plain)
        assert signal.disconnect(plain)

    def test_named_arguments_of_any_name_go_through(self) -> None:
        got: dict[str, Any] = {}

        def receives(signal: Any, sender: Any, **named: Any) -> None:
            got.update(named)

        odd = {name: name for name in ("collector", "span", "named", "clock", "kind", "receiver", "method")}
        module_signal.connect(receives)
        try:
            with signal_panel.record():
                module_signal.send(sender=None, **odd)
        finally:
            module_signal.disconnect(receives)
        assert got == odd

    def test_the_traceback_has_as_many_frames_as_without_us(self) -> None:
        def depth() -> int:
            try:
                module_signal.send(sender=None)
            except LookupError as error:
                frames, traceback = 0, error.__traceback__
                while traceback:
                    frames, traceback = frames + 1, traceback.tb_next
                return frames
            raise AssertionError("nothing was raised")

        def raises(**kwargs: Any) -> None:
            raise LookupError

        module_signal.connect(raises)
        try:
            without = depth()
            with signal_panel.record():
                assert depth() == without
        finally:
            module_signal.disconnect(raises)

    def test_send_robust_fails_on_a_failing_partial_just_as_django_does(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def raises(**kwargs: Any) -> None:
            raise LookupError

        failing = functools.partial(raises)
        signal = Signal()
        signal.connect(failing, weak=False)
        with pytest.raises(AttributeError) as plain_error:
            signal.send_robust(sender=None)
        with signal_panel.record(), pytest.raises(AttributeError) as recorded_error:
            signal.send_robust(sender=None)
        assert str(recorded_error.value) == str(plain_error.value)

    def test_an_unhashable_sender_fails_only_where_django_s_cache_needs_a_hash(self) -> None:
        with signal_panel.record() as recording, pytest.raises(TypeError, match="unhashable"):
            post_save.send(sender=Hostile())
        assert recording.sends[0].exception == "TypeError"

    def test_a_warning_has_the_line_it_has_without_us(self, recwarn: pytest.WarningsRecorder) -> None:
        def override() -> None:
            with override_settings(DATABASES={"default": {}}):  # overrides
                pass

        warnings.simplefilter("always")
        override()
        with signal_panel.record():
            override()
        places = {(warning.filename, warning.lineno) for warning in recwarn}
        function = type(self).test_a_warning_has_the_line_it_has_without_us
        assert places == {(__file__, line_of("# overrides", function))}
        assert len(recwarn) == 2


class TestBounds:
    @override_settings(SIGNAL_PANEL={"MAX_SPANS": 10})
    def test_past_the_cap_spans_are_counted_but_not_kept(self) -> None:
        with signal_panel.record() as recording:
            for _ in range(25):
                module_signal.send(sender=None)
        assert len(recording.sends) == 10
        assert recording.dropped == 15

    @override_settings(SIGNAL_PANEL={"MAX_SPANS": 10})
    def test_an_inner_recording_has_room_of_its_own(self) -> None:
        with signal_panel.record() as outer:
            for _ in range(12):
                module_signal.send(sender=None)
            with signal_panel.record() as inner:
                module_signal.send(sender=Author)
            module_signal.send(sender=Book)
        assert len(inner.sends) == 1
        assert len(outer.sends) == 10
        assert outer.dropped == 4

    def test_totals_are_exact_beyond_the_cap(self) -> None:
        def totals_with(cap: int) -> Totals:
            clock = FakeClock()
            outer, inner = Signal(), Signal()

            def sends(**kwargs: Any) -> None:
                clock.pass_(5)
                inner.send_robust(sender=None)
                if clock.now % 2:
                    inner.send(sender=None)

            def works(**kwargs: Any) -> None:
                clock.pass_(3)
                if clock.now % 5 == 0:
                    raise LookupError

            outer.connect(sends)
            outer.connect(works)
            inner.connect(works)
            capped = override_settings(SIGNAL_PANEL={"MAX_SPANS": cap})
            with capped, signal_panel.record(clock=clock) as recording:
                for _ in range(40):
                    clock.pass_(1)
                    outer.send_robust(sender=None)
            assert len(recording.columns.kind) <= cap
            return totals(recording)

        whole = totals_with(100_000)
        assert whole.exceptions > 10
        for cap in (1, 2, 3, 10, 57, 100, 101):
            assert totals_with(cap) == whole

    @override_settings(SIGNAL_PANEL={"IGNORE": ["*.order_placed", "tests.shop.models.Author"]})
    def test_what_is_to_be_ignored_is_left_out_with_all_inside_it(self) -> None:
        with signal_panel.record() as recording:
            order_placed.send_robust(sender=None, order=None)
            module_signal.send(sender=Author)
            module_signal.send(sender=Book)
        assert tree(recording) == [("module_signal", [])]
        assert recording.dropped == 0


def test_failures_logged_by_send_robust_have_the_receiver_in_their_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    signal = Signal()

    @receiver(signal)
    def fails(**kwargs: Any) -> None:
        raise LookupError("why")

    with signal_panel.record(), caplog.at_level(logging.ERROR, "django.dispatch"):
        signal.send_robust(sender=None)
    (record,) = caplog.records
    assert record.exc_info is not None
    frames = []
    traceback = record.exc_info[2]
    while traceback:
        frames.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert frames == ["send_robust", "fails"]


def test_a_failure_that_send_robust_logs_is_being_handled_meanwhile() -> None:
    signal = Signal()
    handled: list[tuple[BaseException | None, ...]] = []

    @receiver(signal)
    def fails(**kwargs: Any) -> None:
        raise LookupError("why")

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = sys.exc_info()[1]
            handled.append((error, error and error.__context__))

    def generator() -> Iterator[BaseException | None]:
        try:
            raise KeyError
        except KeyError:
            signal.send_robust(sender=None)
            yield sys.exc_info()[1]

    dispatching = logging.getLogger("django.dispatch")
    dispatching.addHandler(handler := Handler())
    try:
        for context in (contextlib.nullcontext(), signal_panel.record()):
            with context:
                ((_, answer),) = signal.send_robust(sender=None)
                assert handled.pop() == (answer, None)
                assert sys.exc_info()[1] is None
                (outside,) = generator()
                ((error, around),) = handled
                assert isinstance(error, LookupError)
                assert around is outside
                handled.clear()
    finally:
        dispatching.removeHandler(handler)
