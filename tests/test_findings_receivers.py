"""Findings about receivers: time, queries, transactions, threads. Each on both sides of its border."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import connection, transaction
from django.db.models.signals import post_init, post_save
from django.dispatch import Signal

import signal_panel
from signal_panel import Recording
from tests.clock import FakeClock
from tests.findings import MS, advice, found, listening, queries_take, rules, takes
from tests.lines import line_of
from tests.shop.models import Author, Book

stocked = Signal()
inner = Signal()

BOTH = ["queries-in-receiver", "slow-receiver"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def query(number: int = 1, sql: str = "SELECT * FROM shop_book WHERE id = %s") -> None:
    with connection.cursor() as cursor:
        for each in range(number):
            cursor.execute(sql, [each])


def sent_to(receiver: Callable[..., Any], clock: FakeClock, query_ns: int) -> Recording:
    """A send to one receiver, each of whose queries takes so long."""
    with (
        listening(stocked, receiver),
        queries_take(clock, query_ns),
        signal_panel.record(clock=clock) as recording,
    ):
        stocked.send("shelf")
    return recording


class TestSlowReceiver:
    def test_one_that_takes_long_itself(self, clock: FakeClock) -> None:
        def mails(**_: Any) -> None:
            clock.pass_(50 * MS)

        with listening(stocked, mails), signal_panel.record(clock=clock) as recording:
            stocked.send("shelf")
        (finding,) = found(recording, "slow-receiver")
        assert finding.claim == "mails took 50.0\u202fms itself, not counting what it sent."
        assert (finding.path, finding.line) == (__file__, line_of("def mails", __file__))
        assert (finding.spans, finding.cost_ns) == ((1,), 50 * MS)
        assert rules(recording) == ["slow-receiver"]

    def test_one_a_little_quicker_is_none(self, clock: FakeClock) -> None:
        with listening(stocked, takes(clock, 50 * MS - 1)), signal_panel.record(clock=clock) as recording:
            stocked.send("shelf")
        assert rules(recording) == []

    @pytest.mark.django_db
    @pytest.mark.parametrize(("each", "found"), [(10 * MS - 1, []), (10 * MS, ["slow-receiver"])])
    def test_with_queries_it_may_take_longer(self, clock: FakeClock, each: int, found: list[str]) -> None:
        def reports(**_: Any) -> None:
            for number in range(10):
                query(sql=f"SELECT {number}, %s")

        recording = sent_to(reports, clock, query_ns=each)
        assert rules(recording) == found

    def test_only_the_calls_that_were_slow_are_counted(self, clock: FakeClock) -> None:
        def waits(sender: int, **_: Any) -> None:
            clock.pass_(sender * MS)

        with listening(stocked, waits), signal_panel.record(clock=clock) as recording:
            for sender in (60, 5, 70):
                stocked.send(sender)
        (finding,) = found(recording, "slow-receiver")
        assert finding.claim == "waits took 130\u202fms itself in 2 calls, not counting what it sent."
        assert (finding.spans, finding.cost_ns) == ((1, 5), 130 * MS)

    def test_one_that_sets_off_a_slow_one_is_not_slow_itself(self, clock: FakeClock) -> None:
        def passes_on(**_: Any) -> None:
            clock.pass_(MS)
            inner.send("shelf")

        with (
            listening(stocked, passes_on),
            listening(inner, takes(clock, 50 * MS)),
            signal_panel.record(clock=clock) as recording,
        ):
            stocked.send("shelf")
        (finding,) = found(recording, "slow-receiver")
        assert finding.spans == (3,)

    @pytest.mark.django_db
    def test_after_the_response_nobody_waits(self, clock: FakeClock) -> None:
        with (
            listening(request_finished, takes(clock, 50 * MS)),
            signal_panel.record(clock=clock) as recording,
        ):
            request_finished.send("handler")
        assert rules(recording) == []

    def test_of_async_ones_at_a_time_the_last_to_end_is_waited_for(self, clock: FakeClock) -> None:
        first_may_end = asyncio.Event()

        async def first(**_: Any) -> None:
            await first_may_end.wait()

        async def last(**_: Any) -> None:
            await asyncio.sleep(0)
            clock.pass_(50 * MS)
            first_may_end.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            clock.pass_(MS)

        with listening(stocked, first, last), signal_panel.record(clock=clock) as recording:
            asyncio.run(stocked.asend("shelf"))
        assert [call.duration_ns // MS for call in recording.calls] == [50, 51]
        (finding,) = found(recording, "slow-receiver")
        assert finding.claim.startswith("last took 51.0\u202fms itself")

    def test_an_async_one_that_does_nothing_but_wait_is_waited_for(self, clock: FakeClock) -> None:
        async def waits_for_the_bank(**_: Any) -> None:
            asked.set()
            await answered.wait()

        async def view() -> None:
            sending = asyncio.create_task(stocked.asend("shelf"))
            await asked.wait()
            clock.pass_(50 * MS)
            answered.set()
            await sending

        asked, answered = asyncio.Event(), asyncio.Event()
        with listening(stocked, waits_for_the_bank), signal_panel.record(clock=clock) as recording:
            asyncio.run(view())
        assert recording.calls[0].busy_ns == 0
        (finding,) = found(recording, "slow-receiver")
        assert finding.claim.startswith("waits_for_the_bank took 50.0\u202fms itself")

    def test_calls_that_overlap_take_no_longer_than_they_do_together(self, clock: FakeClock) -> None:
        async def waits(**_: Any) -> None:
            began.append(1)
            while len(began) < 10:
                await asyncio.sleep(0)
            if clock.now < 60 * MS:
                clock.pass_(60 * MS)

        async def send_at_once() -> None:
            await asyncio.gather(*(stocked.asend("shelf") for _ in range(10)))

        began: list[int] = []
        with listening(stocked, waits), signal_panel.record(clock=clock) as recording:
            asyncio.run(send_at_once())
        (finding,) = found(recording, "slow-receiver")
        assert "waits took 60.0\u202fms itself" in finding.claim
        assert finding.cost_ns == 60 * MS

    def test_a_package_s_receiver_is_told_at_the_line_that_sends(self, clock: FakeClock) -> None:
        with listening(stocked, takes(clock, 50 * MS)), signal_panel.record(clock=clock) as recording:
            stocked.send("shelf")
        columns = recording.columns
        package = "/env/lib/python3.13/site-packages/audit/receivers.py"
        columns.strings.append(package)
        called = -1 - columns.kind[1]
        columns.receivers[called] = columns.receivers[called]._replace(path=len(columns.strings) - 1)
        (finding,) = found(recording, "slow-receiver")
        assert finding.path == __file__
        assert finding.line == recording.sends[0].site.line  # type: ignore[union-attr]
        columns.sends[0] = columns.sends[0]._replace(path=-1, function=-1)
        (finding,) = found(recording, "slow-receiver")
        assert finding.path == package, "where no line of the user's sends"


@pytest.mark.django_db
class TestSlowInTransaction:
    def test_one_that_keeps_a_transaction_waiting(self, clock: FakeClock) -> None:
        def calls_the_bank(**_: Any) -> None:
            query()
            clock.pass_(10 * MS)

        with (
            listening(stocked, calls_the_bank),
            queries_take(clock, 50 * MS),
            signal_panel.record(clock=clock) as recording,
            transaction.atomic(),
        ):
            stocked.send("shelf")
        (finding,) = found(recording, "slow-in-transaction")
        claim = "calls_the_bank kept a transaction open for 10.0\u202fms, not counting its queries."
        assert finding.claim == claim
        assert (finding.path, finding.spans, finding.cost_ns) == (__file__, (1,), 10 * MS)

    def test_its_queries_are_what_the_transaction_is_for(self, clock: FakeClock) -> None:
        with (
            listening(stocked, lambda **_: (query(), clock.pass_(10 * MS - 1))),
            queries_take(clock, 5 * MS),
            signal_panel.record(clock=clock) as recording,
            transaction.atomic(),
        ):
            stocked.send("shelf")
        assert rules(recording) == []

    def test_it_is_told_and_not_the_slow_receiver(self, clock: FakeClock) -> None:
        with (
            listening(stocked, takes(clock, 90 * MS)),
            signal_panel.record(clock=clock) as recording,
            transaction.atomic(),
        ):
            stocked.send("shelf")
            stocked.send("shelf")
        assert rules(recording) == ["slow-in-transaction"]
        (finding,) = found(recording, "slow-in-transaction")
        assert "kept a transaction open for 180\u202fms in 2 calls" in finding.claim

    @pytest.mark.django_db(transaction=True)
    def test_outside_of_transactions_and_on_commit_it_is_none(self, clock: FakeClock) -> None:
        with listening(stocked, takes(clock, 15 * MS)), signal_panel.record(clock=clock) as recording:
            stocked.send("shelf")
            with transaction.atomic():
                transaction.on_commit(lambda: stocked.send("shelf"))
        assert [send.on_commit for send in recording.sends] == [False, True]
        assert rules(recording) == []


@pytest.mark.django_db
class TestQueriesInReceiver:
    def test_one_statement_again_and_again(self, clock: FakeClock) -> None:
        def looks_up(**_: Any) -> None:
            query(5)

        recording = sent_to(looks_up, clock, query_ns=MS)
        (finding,) = found(recording, "queries-in-receiver")
        assert finding.claim == (
            "looks_up executed SELECT … FROM shop_book 5 times; "
            "all but the first took 4.00\u202fms in the database."
        )
        assert finding.path == __file__
        assert (finding.spans, finding.cost_ns) == ((1,), 4 * MS)
        assert rules(recording) == ["queries-in-receiver"]

    @pytest.mark.parametrize(("apart", "counted"), [(200_000, 200_000), (MS, 250_000)])
    def test_what_it_takes_to_build_a_query_is_part_of_the_cost(
        self, clock: FakeClock, apart: int, counted: int
    ) -> None:
        def looks_up(**_: Any) -> None:
            for _ in range(5):
                clock.pass_(apart)
                query()

        (finding,) = found(sent_to(looks_up, clock, query_ns=MS), "queries-in-receiver")
        assert finding.cost_ns == 4 * (MS + counted)
        assert finding.claim.endswith("all but the first took 4.00\u202fms in the database.")

    def test_four_times_are_none(self) -> None:
        with listening(stocked, lambda **_: query(4)), signal_panel.record() as recording:
            stocked.send("shelf")
        assert rules(recording) == []

    def test_a_statement_written_again_and_again_in_one_call(self) -> None:
        audits = "INSERT INTO shop_author (name) VALUES (%s)"

        def looks_up_and_writes(**_: Any) -> None:
            query()
            query(5, sql=audits)

        with listening(stocked, looks_up_and_writes), signal_panel.record() as recording:
            stocked.send("shelf")
        (finding,) = found(recording, "queries-in-receiver")
        claim = "looks_up_and_writes executed INSERT … INTO shop_author 5 times; all but the first took "
        assert finding.claim.startswith(claim)

    @pytest.mark.parametrize(("apart", "found"), [(0, ["queries-in-receiver"]), (50 * MS, BOTH)])
    def test_the_receiver_is_slow_too_by_what_it_does_apart_from_its_queries(
        self, clock: FakeClock, apart: int, found: list[str]
    ) -> None:
        def reports(**_: Any) -> None:
            clock.pass_(apart)
            query(5)
            clock.pass_(59 * MS)  # of which 2 ms a query are the ORM's
            query(5)

        recording = sent_to(reports, clock, query_ns=MS)
        assert sorted(rules(recording)) == found

    @pytest.mark.parametrize(("apart", "found"), [(49 * MS, ["queries-in-receiver"]), (50 * MS, BOTH)])
    def test_queries_that_follow_each_other_at_once_leave_no_time_to_the_orm(
        self, clock: FakeClock, apart: int, found: list[str]
    ) -> None:
        def reports(**_: Any) -> None:
            clock.pass_(apart)
            query(20)

        recording = sent_to(reports, clock, query_ns=MS)
        assert sorted(rules(recording)) == found

    def test_five_statements_are_none(self) -> None:
        def asks(**_: Any) -> None:
            for table in ("book", "author", "order", "order_books"):
                query(sql=f"SELECT * FROM shop_{table} WHERE id = %s")
            query(sql="UPDATE shop_author SET name = %s")

        with listening(stocked, asks), signal_panel.record() as recording:
            stocked.send("shelf")
        assert rules(recording) == []

    def test_the_same_in_calls_that_different_lines_cause_is_none(self) -> None:
        with listening(stocked, lambda **_: query()), signal_panel.record() as recording:
            stocked.send("shelf")
            stocked.send("shelf")
            stocked.send("shelf")
            stocked.send("shelf")
            stocked.send("shelf")
        assert rules(recording) == []

    @pytest.mark.parametrize(
        "sql", ["BEGIN", "SAVEPOINT one", "RELEASE SAVEPOINT one", "COMMIT", "<psycopg.sql.SQL>"]
    )
    def test_what_begins_and_ends_transactions_or_has_no_text_is_none(self, sql: str) -> None:
        with listening(stocked, lambda **_: query(5)), signal_panel.record() as recording:
            stocked.send("shelf")
        (statement,) = recording.columns.statements
        recording.columns.strings[statement.sql] = sql
        assert rules(recording) == []

    def test_one_query_for_each_save_through_a_package_s_line_is_none(self) -> None:
        with listening(stocked, lambda **_: query()), signal_panel.record() as recording:
            for _ in range(5):
                stocked.send("shelf")
        columns = recording.columns
        columns.strings.append("/env/lib/python3.13/site-packages/model_utils/tracker.py")
        columns.sends[0] = columns.sends[0]._replace(path=len(columns.strings) - 1)
        assert rules(recording) == []

    def test_one_written_row_for_each_send_is_none(self) -> None:
        audits = "INSERT INTO shop_author (name) VALUES (%s)"
        with listening(stocked, lambda **_: query(sql=audits)), signal_panel.record() as recording:
            for _ in range(9):
                stocked.send("shelf")
        assert rules(recording) == []

    def test_two_statements_in_one_loop_are_one_finding(self, clock: FakeClock) -> None:
        def looks_up(**_: Any) -> None:
            for _each in range(6):
                query()
                query(sql="SELECT * FROM shop_author WHERE id = %s")

        recording = sent_to(looks_up, clock, query_ns=MS)
        (finding,) = found(recording, "queries-in-receiver")
        assert finding.claim == (
            "looks_up executed 2 statements up to 6 times each (SELECT … FROM shop_book); "
            "all but the first of each took 10.0\u202fms in the database."
        )
        assert rules(recording) == ["queries-in-receiver"]

    def test_saves_in_a_loop_are_a_loop_of_saves(self, clock: FakeClock) -> None:
        def stores(**_: Any) -> None:
            for title in "abcdefghij":
                Book.objects.create(title=title)

        recording = sent_to(stores, clock, query_ns=MS)
        assert rules(recording) == ["repeated-send"]

    def test_the_receiver_is_not_slow_too_where_its_queries_are(self, clock: FakeClock) -> None:
        recording = sent_to(lambda **_: query(10), clock, query_ns=10 * MS)
        assert rules(recording) == ["queries-in-receiver"]

    def test_one_query_for_each_of_many_sends_that_no_line_of_the_user_s_made(self) -> None:
        def audits(**_: Any) -> None:
            query()

        with listening(stocked, audits), signal_panel.record() as recording:
            for _ in range(5):
                stocked.send("shelf")
        assert [finding.spans for finding in found(recording, "queries-in-receiver")] == [(1, 3, 5, 7, 9)]


class TestInitReceiver:
    def test_one_that_takes_time_for_each_row(self, clock: FakeClock) -> None:
        def parses(**_: Any) -> None:
            clock.pass_(MS // 4)

        with listening(post_init, parses, sender=Book), signal_panel.record(clock=clock) as recording:
            for _ in range(21):
                Book()
        (finding,) = found(recording, "init-receiver")
        assert finding.claim == "parses ran for each of 21 instances: 5.25\u202fms in all."
        assert finding.path == __file__
        assert (len(finding.spans), finding.cost_ns) == (21, 21 * MS // 4)
        assert rules(recording) == ["init-receiver"]

    def test_it_is_found_after_others_of_few_rows_and_of_little_time(self, clock: FakeClock) -> None:
        with (
            listening(post_init, takes(clock, 50 * MS // 20), sender=Author),
            listening(post_init, takes(clock, 1), takes(clock, MS), sender=Book),
            signal_panel.record(clock=clock) as recording,
        ):
            Author()
            for _ in range(21):
                Book()
        assert [finding.cost_ns for finding in found(recording, "init-receiver")] == [21 * MS]

    @pytest.mark.parametrize(("rows", "each"), [(19, MS), (20, MS // 4), (21, MS // 4 - 1)])
    def test_fewer_rows_or_less_time_are_none(self, clock: FakeClock, rows: int, each: int) -> None:
        with (
            listening(post_init, takes(clock, each), sender=Book),
            signal_panel.record(clock=clock) as recording,
        ):
            for _ in range(rows):
                Book()
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_one_that_makes_a_query_for_each_row(self) -> None:
        def counts(**_: Any) -> None:
            query()

        with listening(post_init, counts, sender=Book), signal_panel.record(clock=FakeClock()) as recording:
            for _ in range(20):
                Book()
        assert rules(recording) == ["init-receiver"]
        (finding,) = found(recording, "init-receiver")
        assert finding.claim.startswith("counts ran for each of 20 instances, with 20 queries: ")

    @pytest.mark.django_db
    @pytest.mark.parametrize(("queries", "found"), [(4, []), (5, ["init-receiver"])])
    def test_one_that_makes_a_query_for_some_rows(self, queries: int, found: list[str]) -> None:
        def counts(instance: Book, **_: Any) -> None:
            if int(instance.title) < queries:
                query()

        with listening(post_init, counts, sender=Book), signal_panel.record(clock=FakeClock()) as recording:
            for number in range(20):
                Book(title=str(number))
        assert rules(recording) == found

    @pytest.mark.django_db
    def test_other_signals_of_models_are_none(self, clock: FakeClock) -> None:
        with (
            listening(post_save, takes(clock, MS // 4), sender=Author),
            signal_panel.record(clock=clock) as recording,
        ):
            for _ in range(20):
                Author.objects.create(name="Ursula")
        assert rules(recording) == ["repeated-send"]


class TestThreadHop:
    @staticmethod
    def hops(method: str, nanoseconds: int, apart: int = MS, times: int = 3) -> Recording:
        """Sends that begin so far apart and do nothing but change threads."""

        def sync_one(**_: Any) -> None:
            pass

        async def async_one(**_: Any) -> None:
            pass

        async def view() -> None:
            for _ in range(times):
                await stocked.asend("shelf")

        with listening(stocked, sync_one, async_one), signal_panel.record(clock=FakeClock()) as recording:
            if method == "asend":
                asyncio.run(view())
            else:
                for _ in range(times):
                    stocked.send("shelf")
        assert [send.hop_ns for send in recording.sends] == times * [0], "by a clock that stands still"
        columns = recording.columns
        for number, send in enumerate(recording.sends):
            columns.hops[send.index] = columns.time[send.index] = nanoseconds
            for span in (send, *send.calls):
                columns.start[span.index] = number * apart
        return recording

    def test_a_sync_receiver_of_asend(self) -> None:
        recording = self.hops("asend", MS)
        (finding,) = found(recording, "thread-hop")
        assert finding.claim == "asend of stocked took 3.00\u202fms to get sync_one to a thread 3 times."
        assert (finding.path, finding.line) == (__file__, line_of("def sync_one", self.hops))
        assert (finding.spans, finding.cost_ns) == ((0, 3, 6), 2 * MS)
        assert advice(recording) == ["Make a receiver that does not block async, or send once for all."]

    def test_an_async_receiver_of_send(self) -> None:
        recording = self.hops("send", MS)
        (finding,) = found(recording, "thread-hop")
        assert finding.claim == "send of stocked took 3.00\u202fms to get async_one to a loop 3 times."
        assert advice(recording) == ["Make the receiver sync, or send once for all."]

    def test_it_is_told_and_not_the_loop(self) -> None:
        assert rules(self.hops("asend", 2 * MS, apart=3 * MS, times=10)) == ["thread-hop"]

    def test_it_is_found_after_sends_that_changed_threads_at_no_cost(self) -> None:
        async def heard(**_: Any) -> None:
            pass

        with listening(inner, heard), listening(stocked, heard), signal_panel.record() as recording:
            inner.send("shelf")
            for _ in range(3):
                stocked.send("shelf")
        columns = recording.columns
        for number, send in enumerate(recording.sends):
            columns.start[send.index] = number * 2 * MS
            columns.hops[send.index] = columns.time[send.index] = MS
        assert [finding.spans for finding in found(recording, "thread-hop")] == [(2, 4, 6)]

    @pytest.mark.parametrize("method", ["send", "asend"])
    def test_a_little_less_is_none(self, method: str) -> None:
        assert rules(self.hops(method, MS - 1)) == []

    def test_sends_that_wait_for_one_thread_at_once_wait_no_longer_than_one(self) -> None:
        assert rules(self.hops("asend", 100 * MS, apart=MS // 4)) == []

    def test_django_s_own_send_is_none(self) -> None:
        recording = self.hops("asend", MS)
        recording.columns.sends[0] = recording.columns.sends[0]._replace(path=-1, function=-1)
        assert rules(recording) == []
