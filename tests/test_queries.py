"""Queries, each charged to the span it ran in, and what ran inside a transaction or because of one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from debug_toolbar.store import get_store
from debug_toolbar.toolbar import DebugToolbar
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.signals import post_save, pre_delete
from django.dispatch import Signal
from django.test import Client

import signal_panel
from signal_panel import Recording
from signal_panel.summary import totals
from tests.clock import FakeClock
from tests.shop.models import Order
from tests.stores import newest_stats, stored_requests

ordered = Signal()
pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def connected(receiver: Any, signal: Signal = ordered, **kwargs: Any) -> Iterator[None]:
    signal.connect(receiver, **kwargs)
    try:
        yield
    finally:
        signal.disconnect(receiver, **{k: v for k, v in kwargs.items() if k == "sender"})


def execute(sql: str, parameters: Any = None, using: Any = None) -> None:
    with (using or connection).cursor() as cursor:
        cursor.execute(sql, parameters)


def sql_of(recording: Recording) -> list[str]:
    return [query.sql for query in recording.queries]


class TestWhereAQueryRan:
    def test_it_is_charged_to_the_innermost_call(self) -> None:
        def outer(**_: Any) -> None:
            execute("SELECT 1")
            ordered.send("inner")

        def inner(**_: Any) -> None:
            execute("SELECT 2")

        both = connected(outer, sender="outer"), connected(inner, sender="inner")
        with both[0], both[1], signal_panel.record() as recording:
            execute("SELECT 0")
            ordered.send("outer")
        assert sql_of(recording) == ["SELECT 0", "SELECT 1", "SELECT 2"]
        assert [query.span for query in recording.queries] == [None, *recording.calls]
        assert [len(call.queries) for call in recording.calls] == [1, 1]
        assert {query.alias for query in recording.queries} == {"default"}
        assert totals(recording).queries == 3

    def test_its_time_is_that_of_the_execution(self) -> None:
        clock = FakeClock()

        def takes_time(run: Any, *args: Any) -> Any:
            clock.pass_(70)
            return run(*args)

        with connection.execute_wrapper(takes_time), signal_panel.record(clock=clock) as recording:
            clock.pass_(5)
            execute("SELECT 1")
        (query,) = recording.queries
        assert (query.start_ns, query.duration_ns) == (5, 70)
        assert totals(recording).queries_ns == 70

    def test_one_that_fails_is_one_too(self) -> None:
        with signal_panel.record() as recording, pytest.raises(OperationalError):
            execute("SELECT * FROM nothing")
        assert sql_of(recording) == ["SELECT * FROM nothing"]

    def test_executemany_is_one_query(self) -> None:
        with signal_panel.record() as recording, connection.cursor() as cursor:
            cursor.executemany("DELETE FROM shop_order WHERE id = %s", [[-1], [-2]])
        assert sql_of(recording) == ["DELETE FROM shop_order WHERE id = %s"]

    def test_a_connection_opened_later_and_in_another_thread_counts(self) -> None:
        def in_thread() -> None:
            ordered.send("thread")
            execute("SELECT 7", using=connections["default"])
            connections.close_all()

        with signal_panel.record() as recording:
            thread = threading.Thread(target=signal_panel.carry(in_thread))
            thread.start()
            thread.join()
        assert "SELECT 7" in sql_of(recording)

    def test_async_code_has_its_own_queries_in_its_own_spans(self) -> None:
        async def receiver(number: int, **_: Any) -> None:
            await sync_to_async(execute)(f"SELECT {number}")

        async def main() -> None:
            await asyncio.gather(*(ordered.asend(None, number=number) for number in range(4)))

        with connected(receiver), signal_panel.record() as recording:
            asyncio.run(main())
        assert len(recording.queries) == 4
        assert [len(call.queries) for call in recording.calls] == [1] * 4

    def test_what_is_not_recorded_counts_nowhere(self) -> None:
        with signal_panel.record() as recording:
            thread = threading.Thread(target=lambda: (execute("SELECT 1"), connections.close_all()))
            thread.start()
            thread.join()
        assert recording.queries == []

    def test_a_recording_inside_another_has_its_own_and_the_outer_one_all(self) -> None:
        with signal_panel.record() as outer:
            execute("SELECT 1")
            with signal_panel.record() as inner:
                execute("SELECT 2")
            execute("SELECT 3")
        assert sql_of(outer) == ["SELECT 1", "SELECT 2", "SELECT 3"]
        assert sql_of(inner) == ["SELECT 2"]

    def test_past_the_cap_they_are_counted(self, settings: Any) -> None:
        settings.SIGNAL_PANEL = {"MAX_SPANS": 2}
        clock = FakeClock()

        def takes_time(run: Any, *args: Any) -> Any:
            clock.pass_(10)
            return run(*args)

        with connection.execute_wrapper(takes_time), signal_panel.record(clock=clock) as recording:
            for _ in range(5):
                execute("SELECT 1")
        assert len(recording.queries) == 2
        assert (totals(recording).queries, totals(recording).queries_ns) == (5, 50)

    def test_of_a_span_past_the_cap_they_are_in_none(self, settings: Any) -> None:
        settings.SIGNAL_PANEL = {"MAX_SPANS": 3}

        def receiver(**_: Any) -> None:
            execute("SELECT 1")

        with connected(receiver), signal_panel.record() as recording:
            for _ in range(3):
                ordered.send(None)
        assert [query.span for query in recording.queries] == [recording.calls[0], None, None]
        assert totals(recording).calls == 3

    def test_past_the_cap_they_take_no_room_and_are_counted(self, settings: Any) -> None:
        settings.SIGNAL_PANEL = {"MAX_SPANS": 3}
        with signal_panel.record() as recording:
            for _ in range(10):
                execute("SELECT 1")
            collector = signal_panel.collector.current.get().collector
            assert len(list(collector.queries.since(0))) == 3
        assert len(recording.queries) == 3
        assert recording.columns.overflow.queries == 7


class TestRepeats:
    def test_the_same_text_with_the_same_parameters_repeats_the_first(self) -> None:
        with signal_panel.record() as recording:
            execute("SELECT %s", [1])
            execute("SELECT %s", [2])
            execute("SELECT %s", (1,))
            execute("SELECT 1")
            execute("SELECT 1")
        first = recording.queries[0]
        assert [query.repeats for query in recording.queries] == [
            None,
            None,
            first,
            None,
            recording.queries[3],
        ]

    def test_a_decimal_is_told_by_how_it_is_written(self) -> None:
        with signal_panel.record() as recording:
            for price in ("9.50", "9.50", "9.5", "sNaN", "sNaN"):
                execute("SELECT %s", [Decimal(price)])
        first, _, _, odd, _ = recording.queries
        assert [query.repeats for query in recording.queries] == [None, first, None, None, odd]

    def test_numbers_with_the_same_hash_are_told_apart(self) -> None:
        assert hash(-1) == hash(-2)
        with signal_panel.record() as recording:
            for number in (-1, -2, -1, -2):
                execute("SELECT %s", [number])
        first, second, *_ = recording.queries
        assert [query.repeats for query in recording.queries] == [None, None, first, second]

    def test_what_begins_and_ends_a_transaction_repeats_nothing(self) -> None:
        with signal_panel.record() as recording:
            for _ in range(2):
                with transaction.atomic():
                    execute("SELECT 1")
        repeats = {query.sql: query.repeats for query in recording.queries}
        assert repeats.pop("SELECT 1") is not None
        assert repeats == {"BEGIN": None}

    def test_parameters_are_told_apart_by_what_they_are(self) -> None:
        noon = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
        with signal_panel.record() as recording:
            for parameters in ([noon], [noon.replace(hour=13)], [noon]):
                execute("SELECT %s", parameters)
            for parameters in ({"a": 1}, {"a": 2}, {"a": 1}):
                execute("SELECT %(a)s", parameters)
        assert [bool(query.repeats) for query in recording.queries] == [False, False, True] * 2

    def test_parameters_of_the_users_own_are_asked_nothing(self) -> None:
        class Asked(Exception):
            pass

        class Number(int):
            def __hash__(self) -> int:
                raise Asked

        class Zone(tzinfo):
            def utcoffset(self, _: Any) -> timedelta:
                raise Asked

        class List(list[Any]):
            def __iter__(self) -> Any:
                raise Asked

        class Meta(type):
            def __hash__(cls) -> int:
                raise Asked

            def __eq__(cls, other: object) -> bool:
                raise Asked

        class OfItsOwnKind(metaclass=Meta):
            pass

        class ZoneOfItsOwnKind(tzinfo, metaclass=Meta):
            pass

        collector_sees = [
            [Number(1)],
            [datetime(2026, 1, 1, tzinfo=Zone())],
            [datetime(2026, 1, 1, tzinfo=ZoneOfItsOwnKind())],
            [OfItsOwnKind()],
            List([1]),
        ]
        with signal_panel.record() as recording:
            for parameters in collector_sees * 2:
                with connection.cursor() as cursor:
                    cursor._execute_with_wrappers("SELECT %s", parameters, False, lambda *_: None)
        assert [query.repeats for query in recording.queries] == [None] * 2 * len(collector_sees)

    def test_a_text_that_is_no_plain_string_is_told_by_its_type_or_as_one(self) -> None:
        class Text(str):
            def __str__(self) -> str:
                raise AssertionError

        class Composed:
            pass

        with signal_panel.record() as recording, connection.cursor() as cursor:
            for sql in (Text("SELECT 1"), Composed(), Composed(), b"SELECT 2"):
                cursor._execute_with_wrappers(sql, None, False, lambda *_: None)
        first, second, third, last = sql_of(recording)
        assert (first, last) == ("SELECT 1", "SELECT 2")
        assert second == third
        assert third.endswith("Composed>")
        assert [query.repeats for query in recording.queries] == [None] * 4, "they may differ"

    def test_no_parameter_is_kept(self) -> None:
        with signal_panel.record() as recording:
            execute("SELECT %s", ["secret"])
        assert "secret" not in recording.to_json()


class TestTransactions:
    def test_what_begins_in_an_atomic_block_is_in_a_transaction(self) -> None:
        def receiver(**_: Any) -> None:
            ordered.send("inside")

        with connected(receiver, sender="outside"), signal_panel.record() as recording:
            ordered.send("before")
            with transaction.atomic():
                ordered.send("outside")
                with transaction.atomic():
                    ordered.send("deep")
                ordered.send("after the savepoint")
            ordered.send("after")
        spans = [(send.sender, send.in_transaction) for send in recording.sends]
        assert [inside for _, inside in spans] == [False, True, True, True, True, False]
        assert [call.in_transaction for call in recording.calls] == [True]
        assert [send.parent for send in recording.sends] == [None, None, recording.calls[0], None, None, None]

    def test_a_block_that_raises_ends(self) -> None:
        with signal_panel.record() as recording:
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                raise ZeroDivisionError
            ordered.send(None)
        assert [send.in_transaction for send in recording.sends] == [False]

    def test_a_commit_that_fails_raises_what_it_raised(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with signal_panel.record() as recording:
            with pytest.raises(IntegrityError, match="theirs"), transaction.atomic():  # noqa: PT012
                monkeypatch.setattr(connection, "commit", _fails)
                ordered.send(None)
            ordered.send(None)
        assert [send.in_transaction for send in recording.sends] == [True, False]

    def test_a_decorated_function_that_calls_itself_is_in_one_until_the_end(self) -> None:
        @transaction.atomic
        def down(depth: int) -> None:
            ordered.send(None)
            if depth:
                down(depth - 1)
            ordered.send(None)

        with signal_panel.record() as recording:
            down(3)
            ordered.send(None)
        assert [send.in_transaction for send in recording.sends] == [True] * 8 + [False]

    def test_a_recording_in_a_block_in_a_receiver_is_in_the_transaction(self) -> None:
        def receiver(**_: Any) -> None:
            with transaction.atomic():
                ordered.send("first")
                with signal_panel.record():
                    ordered.send("in a recording of its own")

        with connected(receiver, sender="outside"), signal_panel.record() as recording:
            ordered.send("outside")
        assert [send.in_transaction for send in recording.sends] == [False, True, True]

    def test_a_block_entered_before_the_recording_is_none_of_its(self) -> None:
        with transaction.atomic(), signal_panel.record() as recording:
            ordered.send(None)
        assert [send.in_transaction for send in recording.sends] == [False]

    def test_a_recording_inside_a_block_of_another_is_in_a_transaction(self) -> None:
        with signal_panel.record(), transaction.atomic(), signal_panel.record() as inner:
            ordered.send(None)
        assert [send.in_transaction for send in inner.sends] == [True]

    def test_a_recording_that_ends_in_a_block_leaves_nothing_behind(self) -> None:
        with transaction.atomic():
            with signal_panel.record() as recording:
                block = transaction.atomic()
                block.__enter__()
            block.__exit__(None, None, None)
        assert recording.sends == []

    def test_signals_of_a_deletion_are_sent_inside_djangos_own_transaction(self) -> None:
        order = Order.objects.create()
        with signal_panel.record() as recording:
            Order.objects.filter(pk=order.pk).delete()
        deleted = [send for send in recording.sends if send.signal.endswith("pre_delete")]
        assert [send.in_transaction for send in deleted] in ([], [True])

    def test_hooks_run_on_commit_and_not_in_the_transaction(self) -> None:
        def receiver(**_: Any) -> None:
            ordered.send("caused")

        def hook() -> None:
            ordered.send("hook")
            with transaction.atomic():
                ordered.send("in its own transaction")

        with connected(receiver, sender="hook"), signal_panel.record() as recording:
            with transaction.atomic():
                transaction.on_commit(hook)
                ordered.send("before")
            ordered.send("after")
        assert [(send.in_transaction, send.on_commit) for send in recording.sends] == [
            (True, False),
            (False, True),
            (False, True),
            (True, True),
            (False, False),
        ]
        assert [call.on_commit for call in recording.calls] == [True]

    def test_a_query_in_a_transaction_is_charged_to_its_span(self) -> None:
        def receiver(**_: Any) -> None:
            with transaction.atomic():
                execute("SELECT 1")

        with connected(receiver), signal_panel.record() as recording:
            ordered.send(None)
        assert "SELECT 1" in [query.sql for query in recording.calls[0].queries]

    def test_a_recording_inside_a_receiver_is_in_no_transaction_that_is_over(self) -> None:
        inside = []

        def receiver(**_: Any) -> None:
            with transaction.atomic():
                pass
            with signal_panel.record() as recording:
                Signal().send(None)
            inside.append(recording)

        with connected(receiver), signal_panel.record():
            ordered.send(None)
        assert [(send.in_transaction, send.on_commit) for send in inside[0].sends] == [(False, False)]

    def test_past_the_cap_one_is_that_of_the_recording_inside_another(self, settings: Any) -> None:
        def receiver(queries: bool, **_: Any) -> None:
            if queries:
                with transaction.atomic():
                    execute("SELECT 1")

        settings.SIGNAL_PANEL = {"MAX_SPANS": 2}
        with connected(receiver), signal_panel.record(), signal_panel.record() as inside:
            for number in range(6):
                ordered.send(None, queries=number == 5)
        assert totals(inside).sends == 6
        assert [query.sql for query in inside.queries] == ["BEGIN", "SELECT 1"]

    def test_a_hook_that_raises_raises_as_without_us(self) -> None:
        def hook() -> None:
            raise ZeroDivisionError

        with signal_panel.record() as recording:
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                transaction.on_commit(hook)
            ordered.send(None)
        assert [send.on_commit for send in recording.sends] == [False]

    def test_past_the_cap_blocks_take_no_room(self, settings: Any) -> None:
        settings.SIGNAL_PANEL = {"MAX_SPANS": 3}
        with signal_panel.record() as recording:
            for _ in range(10):
                with transaction.atomic():
                    ordered.send(None)
            collector = signal_panel.collector.current.get().collector
            assert len(collector.blocks) <= collector.limit
        assert [send.in_transaction for send in recording.sends] == [True] * 3
        assert totals(recording).sends == 10


class TestAgain:
    def test_a_second_send_for_one_instance_from_one_line_repeats_the_first(self) -> None:
        one, two = Order(), Order()
        with signal_panel.record() as recording:
            for order in (one, two, one):
                ordered.send(Order, instance=order)
            ordered.send(Order, instance=one)
        first, other, again, elsewhere = recording.sends
        assert again.repeats == first
        assert (first.repeats, other.repeats, elsewhere.repeats) == (None, None, None)

    def test_one_saved_twice_from_one_line_is_told_by_both_signals(self) -> None:
        order = Order()
        with signal_panel.record() as recording:
            for _ in range(2):
                order.save()
        saved = [send for send in recording.sends if send.signal.endswith("post_save") and not send.parent]
        assert [send.repeats for send in saved] == [None, saved[0]]

    def test_an_instance_that_got_the_place_of_a_dead_one_in_memory_is_another(self) -> None:
        with signal_panel.record() as recording:
            for _ in range(20):
                ordered.send(Order, instance=Order())
        assert {send.repeats for send in recording.sends if send.signal.endswith("ordered")} == {None}

    def test_the_same_signal_for_another_action_is_another(self) -> None:
        order = Order()
        with signal_panel.record() as recording:
            for action in ("pre_add", "post_add", "pre_add"):
                ordered.send(Order, instance=order, action=action)
        assert [send.repeats for send in recording.sends] == [None, None, recording.sends[0]]

    def test_what_cannot_be_watched_is_not_compared(self) -> None:
        with signal_panel.record() as recording:
            for _ in range(2):
                ordered.send(Order, instance=7)
        assert [send.repeats for send in recording.sends] == [None, None]

    def test_async_sends_are_compared_too(self) -> None:
        order = Order()

        async def main() -> None:
            for _ in range(2):
                await ordered.asend(Order, instance=order)
                await ordered.asend_robust(Order, instance=order)

        with signal_panel.record() as recording:
            asyncio.run(main())
        assert [send.repeats for send in recording.sends] == [None, None, *recording.sends[:2]]


def _fails(*_: Any) -> None:
    raise IntegrityError("theirs")


OURS, SQL = "signal_panel.panel.SignalTimelinePanel", "debug_toolbar.panels.sql.SQLPanel"


@pytest.mark.parametrize("panels", [[SQL, OURS], [OURS, SQL], [OURS]])
def test_the_toolbars_own_sql_panel_counts_the_same_queries_wherever_it_stands(
    panels: list[str], client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG_TOOLBAR_PANELS = panels
    monkeypatch.setattr(DebugToolbar, "_panel_classes", None)
    client.get("/order/")
    recording = Recording.from_json(newest_stats()["recording"])
    assert any(query.sql.startswith('INSERT INTO "shop_order"') for query in recording.queries)
    assert any(query.span for query in recording.queries)
    if SQL in panels:
        theirs = get_store().panel(stored_requests()[-1], "SQLPanel")
        assert len(recording.queries) == len(theirs["queries"])


def test_the_cursor_is_djangos_own_when_nothing_is_recorded() -> None:
    assert CursorWrapper._execute_with_wrappers.__module__ == "django.db.backends.utils"
    assert transaction.Atomic.__enter__.__module__ == "django.db.transaction"
    assert post_save.connect.__func__.__module__ == pre_delete.connect.__func__.__module__
