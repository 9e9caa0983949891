"""Scopes that end, pause or are closed in another order than most."""

from __future__ import annotations

import contextvars
import sys
import types
import unittest
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.dispatch import Signal, receiver
from django.test import TestCase, override_settings

import signal_panel
from signal_panel import Recording
from signal_panel.collector import current
from signal_panel.rows import HEAD, Counts
from signal_panel.summary import Totals, totals
from signal_panel.tracer import close_scope, database, open_scope, patching
from tests.clock import FakeClock

told = Signal()


def hears(**named: object) -> None:
    """Hear it."""


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def senders(recording: Recording) -> list[str]:
    return [send.sender for send in recording.sends]


def test_one_that_has_ended_stops_and_starts_nothing() -> None:
    ended = open_scope()
    close_scope(ended)
    with signal_panel.record() as recording:
        ended.pause()
        told.send(sender=Signal)
        ended.resume()
        told.send(sender=Recording)
    assert senders(recording) == ["django.dispatch.dispatcher.Signal", "signal_panel.recording.Recording"]
    assert senders(ended.recording) == []


def test_what_is_sent_beside_one_that_is_inside_another_is_not_in_it() -> None:
    @receiver(told)
    def hears(sender: type, **_: object) -> None:
        if sender is Totals:
            raise LookupError

    with signal_panel.record() as outer:
        beside = contextvars.copy_context()
        with signal_panel.record() as inner:
            for sender in (Signal, Recording, Signal):
                told.send(sender=sender)
            beside.run(told.send_robust, sender=Totals)
            told.send(sender=Recording)
    told.disconnect(hears)
    names = ["dispatch.dispatcher.Signal", "recording.Recording", "dispatch.dispatcher.Signal"]
    ends_with = [*names, "summary.Totals", "recording.Recording"]
    assert [sender.partition(".")[2] for sender in senders(outer)] == ends_with
    assert [sender.partition(".")[2] for sender in senders(inner)] == [*names, "recording.Recording"]
    assert [len(send.calls) for send in inner.sends] == [1, 1, 1, 1]
    assert [totals(recording).exceptions for recording in (outer, inner)] == [1, 0]


def test_what_is_sent_after_its_end_is_counted_as_late_and_kept_nowhere() -> None:
    scope = open_scope()
    outliving = contextvars.copy_context()
    told.send(sender=Signal)
    close_scope(scope)
    with signal_panel.record() as another:
        outliving.run(Signal.send, told, sender=Signal)
    assert scope.late.count == 1
    assert (len(scope.recording.sends), len(another.sends)) == (1, 0)


def test_what_is_raised_after_its_end_is_no_exception_of_its() -> None:
    def fails(**named: object) -> None:
        raise LookupError

    signal = Signal()
    signal.connect(fails)
    scope = open_scope()
    outliving = contextvars.copy_context()
    close_scope(scope)
    with signal_panel.record(), pytest.raises(LookupError):
        outliving.run(Signal.send, signal, sender=Signal)
    assert scope.late.count == 2
    assert totals(scope.recording).exceptions == 0


def test_one_that_ends_in_another_thread_makes_that_no_part_of_what_is_around_it() -> None:
    def elsewhere() -> None:
        close_scope(inner)
        told.send(sender=Signal)

    with signal_panel.record() as outer:
        inner = contextvars.copy_context().run(open_scope)
        thread = Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert senders(outer) == []


def test_one_that_cannot_be_opened_leaves_nothing_patched() -> None:
    def breaks() -> int:
        raise OSError("no clock")

    before = vars(Signal)["send"]
    with pytest.raises(OSError, match="no clock"):
        open_scope(breaks)
    assert vars(Signal)["send"] is before


def test_one_that_cannot_patch_all_leaves_nothing_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise OSError("no room")

    monkeypatch.setattr(patching.PATCHES[-1], "put_on", breaks)
    before = vars(Signal)["send"]
    with pytest.raises(OSError, match="no room"):
        open_scope()
    assert vars(Signal)["send"] is before
    monkeypatch.undo()
    with signal_panel.record() as recording:
        told.send(sender=Signal)
    assert vars(Signal)["send"] is before
    assert len(recording.sends) == 1


def test_a_carried_function_looks_like_itself() -> None:
    with signal_panel.record():
        assert signal_panel.carry(senders).__name__ == "senders"


def test_a_phase_that_is_marked_again_goes_on() -> None:
    clock = FakeClock()
    scope = open_scope(clock)
    scope.mark("middleware")
    clock.pass_(10)
    for label in ("shop.views.order", ""):
        scope.mark("view", label)
        clock.pass_(20)
    close_scope(scope)
    assert [tuple(phase) for phase in scope.recording.phases] == [
        ("middleware", "", 0, 10),
        ("view", "shop.views.order", 10, 40),
    ]


def test_one_that_ends_before_one_inside_it_leaves_that_current() -> None:
    def in_a_context_of_its_own() -> None:
        outer, inner = open_scope(), open_scope()
        place = current.get()
        close_scope(outer)
        assert current.get() == place
        close_scope(inner)

    contextvars.copy_context().run(in_a_context_of_its_own)


@pytest.mark.django_db(transaction=True)
def test_one_that_outlives_the_transaction_it_was_opened_in_goes_on() -> None:
    with signal_panel.record() as outer:
        with transaction.atomic():
            inner = open_scope()
        told.send(sender=Signal)
        close_scope(inner)
    assert len(inner.recording.sends) == len(outer.sends) == 1


@override_settings(SIGNAL_PANEL={"IGNORE": ["shop_that_opens_late.*"]})
def test_signals_of_modules_imported_just_before_are_known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with signal_panel.record():
        """Learn the names that there are."""
    module = types.ModuleType("shop_that_opens_late")
    module.opened = opened = Signal()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop_that_opens_late", module)
    with signal_panel.record() as recording:
        opened.send(sender=None)
    assert not recording.sends


@pytest.mark.django_db(transaction=True)
def test_nothing_is_kept_of_a_transaction_that_outlives_it() -> None:
    scope = open_scope()
    with transaction.atomic():
        """Enter it, and leave it again."""
    assert not database._entered
    block = transaction.atomic()
    block.__enter__()  # as an ExitStack does, which looks for its end when that comes
    close_scope(scope)
    block.__exit__(None, None, None)
    assert not database._entered


@pytest.mark.django_db(transaction=True)
def test_one_inside_another_has_no_queries_of_what_runs_beside_it() -> None:
    with signal_panel.record() as outer:
        beside = contextvars.copy_context()
        with signal_panel.record() as inner:
            execute("SELECT 1")
            beside.run(execute, "SELECT 2")
    assert [query.sql for query in inner.queries] == ["SELECT 1"]
    assert [query.sql for query in outer.queries] == ["SELECT 1", "SELECT 2"]


@pytest.mark.django_db(transaction=True)
@override_settings(SIGNAL_PANEL={"MAX_SPANS": 2})
def test_one_keeps_no_more_queries_than_its_own_cap_whatever_those_inside_it_keep() -> None:
    clock = FakeClock()

    def passing(execute: Any, *query: Any) -> Any:
        clock.pass_(10)
        return execute(*query)

    with connection.execute_wrapper(passing), signal_panel.record(clock=clock) as outer:
        for _ in range(2):
            with signal_panel.record() as inner:
                execute("SELECT 1")
                execute("SELECT 2")
            assert len(inner.queries) == 2
    assert len(outer.queries) == 2
    assert (totals(outer).queries, totals(outer).queries_ns) == (4, 40)


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 2})
def test_one_counts_what_those_inside_it_keep_beyond_its_own_cap() -> None:
    signal = Signal()
    signal.connect(hears)
    with signal_panel.record() as outer:
        for _ in range(3):
            with signal_panel.record() as inner:
                signal.send(sender=None)
            assert inner.dropped == 0
    assert len(outer.sends) == len(outer.calls) == 1
    assert (totals(outer).sends, totals(outer).calls) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_queries_are_in_the_order_in_which_they_began() -> None:
    def asking_more(run: Any, sql: str, *others: Any) -> Any:
        if sql == "SELECT 1":
            execute("SELECT 2")
        return run(sql, *others)

    with connection.execute_wrapper(asking_more), signal_panel.record() as recording:
        execute("SELECT 1")
    assert [query.sql for query in recording.queries] == ["SELECT 1", "SELECT 2"]


@pytest.mark.django_db(transaction=True)
def test_while_a_receiver_runs_its_queries_are_there_in_no_span_yet() -> None:
    seen: list[Any] = []

    def hears(**named: object) -> None:
        execute("SELECT 1")
        seen.extend((query.sql, query.span) for query in Recording(recording.columns).queries)

    signal = Signal()
    signal.connect(hears)
    with signal_panel.record() as recording:
        signal.send(sender=None)
    assert seen == [("SELECT 1", None)]
    assert [query.span for query in recording.queries] == [recording.calls[0]]


def test_while_a_receiver_runs_what_it_has_sent_is_not_there_yet_nor_told_to_be_dropped() -> None:
    seen: list[tuple[int, int]] = []

    def hears(**named: object) -> None:
        told.send(sender=None)
        so_far = Recording(recording.columns)
        seen.append((totals(so_far).sends, so_far.dropped))

    signal = Signal()
    signal.connect(hears)
    with signal_panel.record() as recording:
        signal.send(sender=None)
    assert seen == [(0, 0)]
    assert (totals(recording).sends, recording.dropped) == (2, 0)


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 10})
def test_one_that_is_full_keeps_no_more_for_those_inside_it_that_have_ended() -> None:
    def hears(**named: Any) -> None:
        """Have a call recorded with each send."""

    signal = Signal()
    signal.connect(hears)
    with signal_panel.record() as recording:
        for _ in range(100):
            with signal_panel.record():
                """Have room of its own, while it is open."""
            signal.send(sender=None)
        assert sum(map(len, current.get().collector.log.values())) <= 10 * 8 * (HEAD + 2)
    assert totals(recording).sends == 100


@pytest.mark.django_db
def test_what_is_done_beside_one_inside_another_is_the_other_s_alone() -> None:
    def done(sender: type) -> None:
        told.send(sender=sender)
        execute(f"SELECT '{sender.__name__}'")

    with signal_panel.record() as outer:
        beside = contextvars.copy_context()
        with signal_panel.record() as inner:
            done(Signal)
            beside.run(done, Recording)
            done(FakeClock)
    assert senders(inner) == ["django.dispatch.dispatcher.Signal", "tests.clock.FakeClock"]
    assert [query.sql for query in inner.queries] == ["SELECT 'Signal'", "SELECT 'FakeClock'"]
    assert len(outer.sends) == len(outer.queries) == 3


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 2})
def test_one_inside_a_full_one_counts_what_is_its_own() -> None:
    with signal_panel.record() as outer:
        for _ in range(10):
            told.send(sender=None)
        with signal_panel.record() as inner:
            for _ in range(5):
                told.send(sender=None)
    assert (totals(inner).sends, inner.dropped) == (5, 3)
    assert (totals(outer).sends, outer.dropped) == (15, 13)


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 2})
def test_one_inside_another_counts_what_a_third_keeps_in_a_span_it_has_no_room_for() -> None:
    def opens_another(**named: Any) -> None:
        with signal_panel.record():
            told.send(sender=None)

    signal = Signal()
    signal.connect(opens_another)
    with signal_panel.record() as outer, signal_panel.record() as inner:
        for _ in range(5):
            told.send(sender=None)
        signal.send(sender=None)
    for recording in (outer, inner):
        assert (totals(recording).sends, totals(recording).calls, recording.dropped) == (7, 1, 6)


@pytest.mark.parametrize("cap", [1, 2, 3, 4])
def test_an_exception_that_passes_through_spans_with_and_without_room_is_one(cap: int, settings: Any) -> None:
    def fails(**named: Any) -> None:
        raise LookupError

    signal = Signal()
    signal.connect(fails)
    settings.SIGNAL_PANEL = {"MAX_SPANS": cap}
    with signal_panel.record() as recording:
        for _ in range(2):
            with pytest.raises(LookupError):
                signal.send(sender=None)
    assert recording.dropped == 4 - cap
    assert totals(recording).exceptions == 2


@pytest.mark.parametrize("cap", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("before", [0, 1, 3, 20])
def test_so_is_one_that_leaves_a_span_without_room_for_one_with(cap: int, before: int, settings: Any) -> None:
    inner, fails = Signal(), Signal()

    def sends(**named: Any) -> None:
        for _ in range(before):
            inner.send(sender=None)
        fails.send(sender=None)

    def raises(**named: Any) -> None:
        raise LookupError

    outer = Signal()
    for signal, hearing in ((outer, sends), (inner, hears), (fails, raises)):
        signal.connect(hearing)
    settings.SIGNAL_PANEL = {"MAX_SPANS": cap}
    with signal_panel.record() as recording:
        for _ in range(3):
            with pytest.raises(LookupError):
                outer.send(sender=None)
    assert totals(recording).exceptions == 3


@pytest.mark.parametrize("cap", [1, 2, 3, 100])
def test_one_inside_a_span_without_room_is_counted_outside(cap: int, settings: Any) -> None:
    clock = FakeClock()

    def takes_time(**named: Any) -> None:
        clock.pass_(10)
        told.send(sender=None)

    def raises(**named: Any) -> None:
        raise LookupError

    def records(**named: Any) -> None:
        with signal_panel.record(), suppress(ValueError):
            inner.send(sender=None)
            fails.send(sender=None)

    outer, inner, fails = Signal(), Signal(), Signal()
    for signal, hearing in ((outer, records), (inner, takes_time), (fails, raises)):
        signal.connect(hearing)
    settings.SIGNAL_PANEL = {"MAX_SPANS": cap}
    with signal_panel.record(clock=clock) as recording:
        for _ in range(4):
            with pytest.raises(LookupError):
                outer.send(sender=None)
    counted = totals(recording)
    assert (counted.sends, counted.calls, counted.exceptions) == (16, 12, 4)
    assert counted.receivers_ns == 40


@pytest.mark.django_db
@override_settings(SIGNAL_PANEL={"MAX_SPANS": 10})
def test_transactions_past_the_cap_are_forgotten() -> None:
    with signal_panel.record():
        for _ in range(100):
            with transaction.atomic():
                told.send(sender=None)
        assert len(current.get().collector.blocks) <= 2 + 10


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 100})
def test_one_that_ends_takes_nothing_from_another_beside_it() -> None:
    with signal_panel.record() as outer:
        for _ in range(95):
            told.send(sender=None)
        beside = contextvars.copy_context()
        first = beside.run(open_scope)
        second = open_scope()
        beside.run(close_scope, first)
        for _ in range(20):
            told.send(sender=None)
        close_scope(second)
        told.send(sender=None)
    assert len(second.recording.sends) == 20
    assert (len(outer.sends), outer.dropped) == (100, 16)


@pytest.mark.django_db
@pytest.mark.parametrize("kept", [5, 1_000])
def test_what_is_beside_one_inside_another_is_not_counted_in_it(kept: int) -> None:
    def fails(**named: object) -> None:
        execute("SELECT 1")
        raise LookupError

    def sends(**named: object) -> None:
        told.send_robust(sender=None)
        with transaction.atomic():
            told.send_robust(sender=None)

    outer_signal = Signal()
    outer_signal.connect(sends)
    told.connect(fails)
    try:
        with override_settings(SIGNAL_PANEL={"MAX_SPANS": kept}), signal_panel.record() as outer:
            beside = contextvars.copy_context()
            with signal_panel.record() as inner:
                for _ in range(10):
                    outer_signal.send(sender=None)
                    beside.run(sends)
    finally:
        told.disconnect(fails)
    counted = [totals(recording) for recording in (outer, inner)]
    for name, expected in (
        ("sends", [50, 30]),
        ("calls", [50, 30]),
        ("exceptions", [40, 20]),
        ("queries", [80, 40]),
    ):
        assert [getattr(each, name) for each in counted] == expected, name


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 10})
def test_one_that_ends_after_what_it_was_inside_of_lets_nothing_in() -> None:
    outer = open_scope()
    inside = contextvars.copy_context()
    inner = inside.run(open_scope)
    close_scope(outer)
    inside.run(close_scope, inner)
    assert not outer.collector.limit


@pytest.mark.django_db
def test_queries_of_what_is_past_the_cap_of_one_inside_another_are_its_own() -> None:
    def queries(**named: Any) -> None:
        execute("SELECT 1")

    signal = Signal()
    signal.connect(queries)
    full = override_settings(SIGNAL_PANEL={"MAX_SPANS": 1})
    with signal_panel.record(), full, signal_panel.record() as inner:
        signal.send(sender=None)
    assert [query.span for query in inner.queries] == [None]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_in_a_receiver_is_not_around_what_it_sends_before_and_after() -> None:
    def sends(**named: Any) -> None:
        told.send(sender=Signal)
        with transaction.atomic():
            told.send(sender=Recording)
        told.send(sender=FakeClock)

    signal = Signal()
    signal.connect(sends)
    scope = open_scope()
    signal.send(sender=None)
    close_scope(scope)
    inside = {send.sender.rpartition(".")[2]: send.in_transaction for send in scope.recording.sends}
    assert inside == {"None": False, "Signal": False, "Recording": True, "FakeClock": False}
    assert scope.failure == ""


@pytest.mark.django_db
def test_the_transaction_around_a_test_is_none_of_the_code_s_under_test() -> None:
    seen = []

    class Shop(TestCase):
        def runTest(self) -> None:
            told.send(sender=Shop)
            with transaction.atomic():
                told.send(sender=Shop)

    with signal_panel.record() as recording:
        result = unittest.TestResult()
        unittest.TestSuite([Shop()]).run(result)
    assert result.wasSuccessful(), result.errors
    seen = [send.in_transaction for send in recording.sends if send.sender.endswith("Shop")]
    assert seen == [False, True]


class TestCounts:
    """What a scope counts while it is open is what its recording adds up to in the end."""

    @pytest.fixture(params=[100, 3, 1], ids="at most {} spans kept".format)
    def cap(self, request: pytest.FixtureRequest) -> Iterator[None]:
        with override_settings(SIGNAL_PANEL={"MAX_SPANS": request.param}):
            yield

    @staticmethod
    def send(clock: FakeClock) -> None:
        inner, outer = Signal(), Signal()

        @receiver(inner)
        def works(**_: Any) -> None:
            clock.pass_(5)

        @receiver(inner)
        async def waits(**_: Any) -> None:
            clock.pass_(7)

        @receiver(outer)
        def sends(**_: Any) -> None:
            clock.pass_(3)
            inner.send(None)

        @receiver(outer)
        def raises(**_: Any) -> None:
            clock.pass_(2)
            raise LookupError

        @receiver(outer)
        @receiver(two := Signal())
        def lasts(**_: Any) -> None:
            clock.pass_(11)

        two.connect(works)
        Signal().send(None)
        for send in (two.send, two.send, outer.send_robust, inner.send, async_to_sync(inner.asend)):
            send(None)
            clock.pass_(1_000)  # in no receiver
        outer.disconnect(raises)
        outer.send(None)

    def counted(self) -> tuple[Counts, Totals]:
        clock = FakeClock()
        scope = open_scope(clock)
        try:
            self.send(clock)
            return scope.counts(), totals(scope.recording)
        finally:
            close_scope(scope)

    def test_of_an_outermost_one(self, cap: None) -> None:
        found, added_up = self.counted()
        assert found == (added_up.sends, added_up.calls, added_up.receivers_ns) == (9, 17, 110)

    def test_of_one_inside_another(self) -> None:
        with signal_panel.record():
            self.send(FakeClock())
            found, added_up = self.counted()
        assert found == (added_up.sends, added_up.calls, added_up.receivers_ns)
        assert found.sends == 9
