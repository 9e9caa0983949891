"""What is in C does what Python does, keeps nothing, and fails as Python would."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
import weakref
from array import array
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.dispatch import Signal
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as some

import signal_panel
from signal_panel import speedups
from signal_panel.collector import IDLE, Collector, current
from signal_panel.queries import Queries
from signal_panel.recording import METHODS
from signal_panel.recording.serializing import _Numbers
from signal_panel.rows import Rows
from signal_panel.speedups import IdentityCache, Place, pure
from tests.clock import FakeClock
from tests.compiling import PURE, can_be_compiled
from tests.test_record import call
from tests.threads import at_once

ROOT = Path(__file__).parents[1]

only_compiled = pytest.mark.skipif(not speedups.IS_COMPILED, reason="Nothing is compiled here.")


def python(*arguments: str, **environment: str) -> str:
    """What another process prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_compiled_where_that_can_be_done() -> None:
    assert (can_be_compiled() and not os.environ.get(PURE)) == speedups.IS_COMPILED


def test_what_is_recorded_is_the_same_with_c_and_without() -> None:
    with_c, pure = (python("-m", "tests.both_ways", **{PURE: value}).splitlines() for value in ("", "1"))
    assert len(pure) == len(with_c) > 600
    assert [line for line, (one, other) in enumerate(zip(with_c, pure, strict=True)) if one != other] == []


class TestWhereItCanNotBeLoaded:
    """Python does the same there."""

    RECORD = """
import django
from django.conf import settings
settings.configure()
django.setup()
from django.dispatch import Signal
import signal_panel
from signal_panel import speedups
with signal_panel.record() as recording:
    Signal().send(None)
print(speedups.IS_COMPILED, len(recording.sends))
"""

    def test_because_there_is_none(self) -> None:
        hide = "import sys; sys.modules['signal_panel.speedups.compiled'] = None"
        assert python("-c", hide + self.RECORD) == "False 1\n"

    @pytest.mark.parametrize("has", ["Place", "send", "SteppedCall"])
    def test_because_it_was_compiled_of_other_files(self, has: str) -> None:
        load = f"""
import sys
from types import SimpleNamespace
sys.modules["signal_panel.speedups.compiled"] = SimpleNamespace({has}=1)
"""
        assert python("-c", load + self.RECORD) == "False 1\n"

    def test_because_it_is_not_wanted(self) -> None:
        assert python("-c", self.RECORD, **{PURE: "1"}) == "False 1\n"

    @only_compiled
    def test_because_the_interpreter_is_not_the_main_one(self) -> None:
        # Not all of Django can be imported there by every Python.
        from signal_panel.speedups import compiled

        load = f"""
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location({compiled.__name__!r}, {compiled.__file__!r})
try:
    spec.loader.exec_module(module_from_spec(spec))
except ImportError as failure:
    print(failure, flush=True)
"""
        script = f"""
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
interpreters.run_string(interpreters.create(), {load!r})
"""
        assert "interpreter" in python("-c", script)


class Loud:
    """Asks to be left alone."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError

    def __hash__(self) -> int:
        raise AssertionError

    def __bool__(self) -> bool:
        raise AssertionError


class TestArguments:
    """Receivers get what Django would give them."""

    @pytest.mark.parametrize("count", [0, 1, 14, 15, 16, 100])
    def test_however_many_there_are(self, count: int) -> None:
        signal, named = Signal(), {f"named_{number}": Loud() for number in range(count)}
        got: list[dict[str, Any]] = []

        def hears(**named: Any) -> None:
            got.append(named)

        class Listener:
            def hears(self, **named: Any) -> None:
                got.append(named)

        listener = Listener()
        signal.connect(hears)
        signal.connect(listener.hears)
        with signal_panel.record():
            signal.send(list, **named)
        for each in got:
            assert list(each) == ["signal", "sender", *named]
            assert all(each[name] is value for name, value in named.items())
            assert each["signal"] is signal
            assert each["sender"] is list
        assert got[0] is not got[1]

    def test_of_which_none_may_be_a_second_signal(self) -> None:
        signal = Signal()

        def hears(**named: Any) -> None:
            raise AssertionError

        signal.connect(hears)
        with pytest.raises(TypeError) as plain:
            signal.send(None, signal=1)
        with signal_panel.record() as recording, pytest.raises(TypeError) as recorded:
            signal.send(None, signal=1)
        assert str(recorded.value) == str(plain.value)
        assert [call.exception for send in recording.sends for call in send.calls] == ["TypeError"]

    def test_that_a_receiver_may_change(self) -> None:
        signal, got = Signal(), []

        def takes(**named: Any) -> None:
            got.append(sorted(named))
            named.clear()

        def takes_too(**named: Any) -> None:
            takes(**named)

        signal.connect(takes)
        signal.connect(takes_too)
        with signal_panel.record():
            signal.send(None, a=1)
        assert got == [["a", "sender", "signal"]] * 2


def test_a_signal_whose_receivers_change_while_they_are_called_is_sent_as_without_us() -> None:
    live: list[Callable[..., object]] = []

    class Changing(Signal):
        def _live_receivers(self, sender: object) -> tuple[list[Callable[..., object]], list[object]]:
            return live, []

    def hears(**named: Any) -> str:
        del live[1:]
        return "heard"

    signal = Changing()
    signal.connect(hears)
    for recorded in (False, True):
        live[:] = [hears] * 50
        with signal_panel.record() if recorded else nullcontext():
            assert signal.send(None) == [(hears, "heard")]


@pytest.mark.parametrize("receivers", [1, 2, 15, 16, 17, 33, 200])
def test_each_call_of_many_receivers_has_its_own_time(receivers: int) -> None:
    clock, signal = FakeClock(), Signal()
    kept: list[Callable[..., None]] = []
    for number in range(receivers):

        def hears(number: int = number, **named: Any) -> None:
            clock.pass_(number)

        signal.connect(hears)
        kept.append(hears)
    with signal_panel.record(clock=clock) as recording:
        for _ in range(3):
            signal.send(None)
    for send in recording.sends:
        assert [call.duration_ns for call in send.calls] == list(range(receivers))


@pytest.fixture
def nothing_logged() -> Iterator[None]:
    """So that no log record refers to what has failed."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("nothing_logged")
def test_nothing_that_was_sent_is_kept() -> None:
    class Sent:
        pass

    def hears(**named: Any) -> Sent:
        answers.append(weakref.ref(answer := Sent()))
        return answer

    def raises(**named: Any) -> None:
        raise LookupError

    def ends(**named: Any) -> None:
        raise KeyboardInterrupt

    answers: list[weakref.ref[Sent]] = []
    signals = [Signal() for _ in range(5)]
    for signal, receivers in zip(
        signals,
        [(), (hears,), (hears, hears_too := lambda **_: hears()), (hears, raises), (ends,)],
        strict=True,
    ):
        for receiver in receivers:
            signal.connect(receiver)
    sent = Sent()

    async def hears_later(**named: Any) -> Sent:
        await asyncio.sleep(0)
        return hears()

    async def raises_later(**named: Any) -> None:
        await asyncio.sleep(0)
        raise LookupError

    asynchronous = Signal()
    for receiver in (hears_later, raises_later):
        asynchronous.connect(receiver)

    async def asend_all() -> None:
        for sender in (None, Sent, sent):
            with suppress(LookupError):
                await asynchronous.asend(sender, instance=sent)
            await asynchronous.asend_robust(sender, instance=sent)

    def send_all() -> None:
        for signal in signals:
            for sender in (None, Sent, sent):
                for send in (signal.send, signal.send_robust):
                    with suppress(LookupError, KeyboardInterrupt):
                        send(sender, instance=sent, **{f"named_{number}": sent for number in range(20)})
        asyncio.run(asend_all())

    things = [
        sent,
        Sent,
        hears,
        hears_too,
        raises,
        ends,
        hears_later,
        raises_later,
        *signals,
        asynchronous,
    ]
    with signal_panel.record():
        send_all()  # which learns the kinds
        gc.collect()
        before = list(map(sys.getrefcount, things))
        for _ in range(50):
            send_all()
        gc.collect()
        after = list(map(sys.getrefcount, things))
        assert not any(answer() for answer in answers)
    # Python may hold one once more or less; what was not given back would be there 50 times.
    assert [abs(now - then) < 50 for now, then in zip(after, before, strict=True)] == [True] * len(things)


def test_the_collector_goes_with_its_recording() -> None:
    signal = Signal()
    signal.connect(hears := lambda **_: signal_panel)
    with signal_panel.record():
        collector = weakref.ref(current.get().collector)
        signal.send(None, instance=hears)
    assert collector() is None


def test_a_receiver_that_gets_the_place_of_a_dead_one_is_not_taken_for_it() -> None:
    signal, names = Signal(), []
    with signal_panel.record() as recording:
        for number in range(200):

            def hears(**named: Any) -> None:
                pass

            hears.__qualname__ = f"hears_{number}"
            names.append(hears.__qualname__)
            signal.connect(hears)
            signal.send(None)
            del hears
    called = [call.receiver.rpartition(".")[2] for send in recording.sends for call in send.calls]
    assert called == names


def test_a_sender_that_gets_the_place_of_an_ignored_one_is_recorded() -> None:
    signal, names = Signal(), ["dull", "dull", "bright"] * 100  # as some Pythons have two places take turns
    places: dict[str, set[int]] = {"dull": set(), "bright": set()}
    with override_settings(SIGNAL_PANEL={"IGNORE": ["*.dull"]}), signal_panel.record() as recording:
        for name in names:

            def sender() -> None:
                pass

            sender.__qualname__ = name
            places[name].add(id(sender))
            for _ in range(3):  # what was found once is found faster
                signal.send(sender)
            del sender
    assert places["dull"] & places["bright"]
    assert [send.sender.rpartition(".")[2] for send in recording.sends] == ["bright"] * 300


def test_threads_that_send_at_once_are_all_recorded() -> None:
    signal = Signal()
    signal.connect(hears := lambda **_: None)
    signal.connect(hears_too := lambda **_: hears)

    def send() -> None:
        for _ in range(500):
            signal.send(None)

    with signal_panel.record() as recording:
        at_once(send)
    assert [len(send.calls) for send in recording.sends] == [2] * 2_000
    assert hears_too


@only_compiled
class TestWhateverIsThere:
    """It may not be what is expected: that is a failure of ours, and nothing worse."""

    ATTRIBUTES = (
        "clock",
        "numbers",
        "kinds",
        "known",
        "known_receivers",
        "ignored",
        "log",
        "instances",
        "busy",
    )

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("name", ATTRIBUTES)
    @pytest.mark.parametrize("value", [None, 7, {}, [], "missing"], ids=repr)
    def test_in_a_collector(
        self, name: str, value: object, method: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signal = Signal()

        def hears(**named: Any) -> int:
            return 1

        async def hears_later(**named: Any) -> int:
            await asyncio.sleep(0)
            return 1

        def send() -> object:
            return call(method, signal, instance=signal)

        receiver = hears_later if method.startswith("a") else hears
        signal.connect(receiver)
        with signal_panel.record():
            collector = current.get().collector
            if value == "missing":
                monkeypatch.delattr(collector, name)
            else:
                monkeypatch.setattr(collector, name, value)
            for _ in range(3):
                if name in ("clock", "numbers"):  # without which Python can't record, either
                    with suppress(TypeError, AttributeError):
                        send()
                else:
                    assert send() == [(receiver, 1)]
            monkeypatch.undo()
            assert send() == [(receiver, 1)]

    def test_in_a_place(self) -> None:
        outside = current.get()
        signal = Signal()
        with signal_panel.record():
            inside = current.get()
            for odd in (Place("no collector", 1), None, "no place"):  # type: ignore[arg-type]
                current.set(odd)  # type: ignore[arg-type]
                with pytest.raises(TypeError, match="place"):
                    signal.send(None)
            current.set(inside)
        assert current.get() is outside

    def test_in_the_arguments(self) -> None:
        ways: list[Any] = [speedups.send, speedups.send_robust]
        for send in ways:
            for arguments in [
                (),
                (1,),
                (Signal(), None),
                (Signal(), None, None, [], {}),
                (Signal(), None, {}, []),
            ]:
                with pytest.raises(TypeError):
                    send(*arguments)
            with pytest.raises(AttributeError):
                send(Signal(), None, {}, [1], None)
        for bad in [(), (1,), (None, "one"), (None, 1, 2, 3), (None, 1, -1)]:
            with pytest.raises((TypeError, OverflowError)):
                Place(*bad)
        with pytest.raises(TypeError):
            Place.here(None)  # type: ignore[call-arg, arg-type]
        for bad in [
            (),
            (1,),
            (1, 2, {}, 4),
            (1, 2, 3, 4, 5),
            (1, 2, {}, 4, 5),
            (1, 2, {}, IDLE.collector, "one"),
        ]:
            for make in (speedups.AsyncSend, speedups.SteppedCall):
                with pytest.raises(TypeError):
                    make(*bad)
        for bad in [(), (1,), (1, 2, 3, 4), (1, 2, {}, "one"), (1, 2, {}, 4, 5)]:
            with pytest.raises(TypeError):
                speedups.AsyncSend.begin(*bad)
        for bad in [(), (bytearray(),), (bytearray(), [None]), (bytearray(), None), (b"", [1])]:
            with pytest.raises(TypeError):
                speedups.append(*bad)

    def test_in_a_list_that_changes_while_it_is_added(self) -> None:
        class One:
            def __index__(self) -> int:
                integers.clear()
                return 1

        integers: list[Any] = [One() for _ in range(40)]
        packed = bytearray()
        speedups.append(packed, integers)
        assert len(packed) == 40 * 8

    @pytest.mark.parametrize("receivers", [1, 10])
    def test_in_a_log_that_is_replaced(self, receivers: int) -> None:
        class Forgetful(dict[int, Any]):
            def __missing__(self, calls: int) -> Any:
                return Rows()

        signal = Signal()
        hear = [lambda **_: None for _ in range(receivers)]
        for receiver in hear:
            signal.connect(receiver)
        with signal_panel.record() as recording:
            collector = current.get().collector
            kept = collector.log
            for log in (Forgetful(), Forgetful(), kept):
                collector.log = log  # type: ignore[assignment]
                signal.send(None)
        assert [len(send.calls) for send in recording.sends] == [receivers]

    @pytest.mark.django_db
    def test_in_queries_that_are_replaced_while_one_is_kept(self) -> None:
        with signal_panel.record() as recording:
            collector = current.get().collector
            clock = collector.clock

            def replaces() -> int:
                collector.queries = Queries()
                collector.queries.make_room(10)
                return clock()

            collector.clock = replaces
            with connection.cursor() as cursor:
                for _ in range(3):
                    cursor._execute_with_wrappers("SELECT 1", None, False, lambda *_: None)
            collector.clock = clock
        assert len(recording.queries) == 1

    def test_in_the_log_of_queries(self) -> None:
        queries = Queries()
        queries.make_room(10)
        for bad in [
            (),
            ("default", "SELECT 1", (), False, None, 0, 0),
            ("default", "SELECT 1", [{}], 1, 2, 3),
        ]:
            with pytest.raises(TypeError):
                queries.add(*bad)
        assert queries.add("default", "SELECT 1", [{}], False, 0, 0, 0)
        assert len(list(queries.since(0))) == 1
        with pytest.raises(AttributeError):
            queries.log = None  # type: ignore[assignment]

    def test_in_what_the_kinds_give(self, monkeypatch: pytest.MonkeyPatch) -> None:
        signal = Signal()
        with signal_panel.record() as recording:
            monkeypatch.setattr(Queries, "statement_of", lambda *_: None)
            current.get().collector.executed("default", "SELECT 1", None, False, 0, 0)
            monkeypatch.setattr(type(current.get().collector.kinds), "send", lambda *_: "no number")
            assert signal.send(None) == []
            monkeypatch.undo()
            signal.connect(hears := lambda **_: 1)
            current.get().collector.known_receivers[id(hears)] = "no number"  # type: ignore[assignment]
            assert signal.send(None) == [(hears, 1)]
            del current.get().collector.known_receivers[id(hears)]
        assert not recording.queries

    def test_where_many_kinds_are_known(self) -> None:
        signals = [Signal() for _ in range(3_000)]
        with signal_panel.record() as recording:
            for _ in range(2):
                for signal in signals:
                    signal.send(None)
        assert len(recording.sends) == 6_000
        cache = IdentityCache()
        cache.clear()
        assert gc.is_tracked(Collector(lambda: 0))


@some.composite
def columns_of_a_log(draw: some.DrawFn) -> tuple[array[int], array[int], array[int], dict[int, int]]:
    """Sends and parents by number, starts, and the rows: with equal starts, and parents in any order."""
    numbers = draw(some.lists(some.integers(1, 30), unique=True, max_size=20))
    rows = {number: row for row, number in enumerate(numbers)}
    outside = {0: len(numbers), -1: -1}
    parents = [draw(some.sampled_from([*outside, *numbers])) for _ in numbers]
    starts = [draw(some.integers(0, 9)) for _ in numbers]
    return array("q", numbers), array("q", parents), array("q", starts), rows | outside


@only_compiled
class TestColumnsOfSpans:
    """They are the same with C and without."""

    @given(columns_of_a_log())
    def test_places(self, log: tuple[array[int], array[int], array[int], dict[int, int]]) -> None:
        assert speedups.place_spans(*log) == pure.place_spans(*log)

    @given(some.lists(some.integers(-100, 100), max_size=20), some.data())
    def test_taken(self, integers: list[int], data: some.DataObject) -> None:
        chosen = some.sampled_from(range(len(integers))) if integers else some.nothing()
        rows = array("q", data.draw(some.lists(chosen)))
        column, ends = array("q", integers), array("q", integers[::-1])
        new_with_c: Any = _Numbers()
        new_without: Any = _Numbers()
        with_c = speedups.take_spans(rows, column, ends, column, -50, new_with_c)
        assert with_c == pure.take_spans(rows, column, ends, column, -50, new_without)
        assert [*new_with_c.items()] == [*new_without.items()]

    def test_numbers_that_can_not_be_found(self) -> None:
        one = array("q", [1])
        for numbers, error in [
            ({}, KeyError),
            (None, TypeError),
            ({1: "one"}, TypeError),
            ({1: 1 << 64}, OverflowError),
        ]:
            with pytest.raises(error):
                speedups.place_spans(one, one, one, numbers)  # type: ignore[arg-type]
            with pytest.raises(error):
                speedups.take_spans(array("q", [0]), one, one, one, 0, numbers)  # type: ignore[arg-type]

    def test_columns_that_are_none(self) -> None:
        one, two = array("q", [1]), array("q", [1, 2])
        for columns in [(one, one, two), (two, one, one), (one, two, one)]:
            with pytest.raises(ValueError, match="differ in length"):
                speedups.place_spans(*columns, {1: 0})
            with pytest.raises(ValueError, match="differ in length"):
                speedups.take_spans(array("q", [0]), *columns, 0, {1: 0})
        for row in (-1, 1):
            with pytest.raises(IndexError):
                speedups.take_spans(array("q", [row]), one, one, one, 0, {1: 0})
        for bad in [(), (one,), ([1], [1], [1], {1: 0}), (one, one, one, {1: 0}, 1)]:
            with pytest.raises(TypeError):
                speedups.place_spans(*bad)
        for bad in [(), (one,), (one, one, one, one, None, {}), ([0], [1], [1], [1], 0, {1: 0})]:
            with pytest.raises(TypeError):
                speedups.take_spans(*bad)
