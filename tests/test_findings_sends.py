"""Findings about sends: too many, again, inside themselves, unheard. Each on both sides of its border."""

from __future__ import annotations

from array import array
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import m2m_changed, post_delete, post_init, post_save, pre_save
from django.dispatch import Signal

import signal_panel
from signal_panel import Recording
from tests.clock import FakeClock
from tests.findings import MS, advice, found, listening, queries_take, rules, takes
from tests.lines import line_of
from tests.shop.models import Author, Book, Order

stocked = Signal()
sold = Signal()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def save_each(books: list[Book]) -> None:
    for book in books:
        book.save()


def send_each(number: int, signal: Signal = stocked) -> None:
    for _ in range(number):
        signal.send("shelf")


def take(recording: Recording, nanoseconds: list[int]) -> None:
    """Make the recording's spans take so long: nothing can take time in a send that nobody hears."""
    recording.columns.time = array("q", nanoseconds)


class Draft(Author):
    class Meta:
        proxy = True
        app_label = "shop"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it as any model does, by a line of its own."""
        super().save(*args, **kwargs)


def books(number: int) -> list[Book]:
    return [Book(title=str(n)) for n in range(number)]


class TestRepeatedSend:
    @pytest.mark.django_db
    def test_saves_one_by_one_are_one_finding(self, clock: FakeClock) -> None:
        unsaved = books(10)
        with queries_take(clock, MS), signal_panel.record(clock=clock) as recording:
            save_each(unsaved)
        (finding,) = found(recording, "repeated-send")
        assert (finding.path, finding.line) == (__file__, line_of("book.save()", save_each))
        assert finding.claim == "One line saved Book 10 times, one by one, which took 10.0\u202fms."
        assert finding.spans == tuple(range(20)), "pre_save and post_save of each"
        assert finding.cost_ns == 9 * MS, "one statement for all is one statement"
        assert advice(recording) == ["Save with bulk_create or bulk_update."]

    @pytest.mark.django_db
    def test_deletes_one_by_one_are_one_finding(self, clock: FakeClock) -> None:
        Book.objects.bulk_create(books(10))
        stored = list(Book.objects.all())
        with queries_take(clock, MS), signal_panel.record(clock=clock) as recording:
            for book in stored:
                book.delete()
        (finding,) = found(recording, "repeated-send")
        assert finding.claim.startswith("One line deleted Book 10 times, one by one, which took ")
        assert advice(recording) == ["Delete all with the delete() of their queryset."]

    @pytest.mark.django_db
    def test_nine_saves_are_none(self, clock: FakeClock) -> None:
        unsaved = books(9)
        with queries_take(clock, MS), signal_panel.record(clock=clock) as recording:
            save_each(unsaved)
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_the_bulk_operation_is_none(self, clock: FakeClock) -> None:
        unsaved = books(10)
        with queries_take(clock, MS), signal_panel.record(clock=clock) as recording:
            Book.objects.bulk_create(unsaved)
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_saves_count_whatever_their_time(self) -> None:
        unsaved = books(10)
        with signal_panel.record(clock=FakeClock()) as recording:
            save_each(unsaved)
        assert rules(recording) == ["repeated-send"]

    @pytest.mark.django_db
    def test_through_a_model_s_own_save_no_one_line_is_told_to_be_the_loop(self) -> None:
        def counts_again(**_: Any) -> None:
            Author.objects.count()

        with (
            listening(post_save, counts_again, sender=Draft),
            signal_panel.record(clock=FakeClock()) as recording,
        ):
            for draft in [Draft(name=str(n)) for n in range(10)]:
                draft.save()
        (finding,) = found(recording, "repeated-send")
        assert finding.claim.startswith("Draft: saved 10 times, one by one, which took ")
        assert (finding.path, finding.line) == (__file__, line_of("super().save", Draft.save))

    @pytest.mark.django_db
    @pytest.mark.parametrize("is_in_a_receiver", [True, False])
    def test_from_a_package_s_line_the_way_leads_to_the_receiver_around_it(
        self, is_in_a_receiver: bool
    ) -> None:
        def saves(**_: Any) -> None:
            save_each(unsaved)

        def is_called_last(**_: Any) -> None:
            pass

        unsaved = books(10)
        with (
            listening(stocked, saves, is_called_last),
            signal_panel.record(clock=FakeClock()) as recording,
        ):
            stocked.send("shelf") if is_in_a_receiver else save_each(unsaved)
        columns = recording.columns
        package = "/env/lib/python3.13/site-packages/rest_framework/serializers.py"
        columns.strings.append(package)
        columns.sends[:] = [
            kind._replace(path=len(columns.strings) - 1) if "models" in columns.strings[kind.signal] else kind
            for kind in columns.sends
        ]
        (finding,) = found(recording, "repeated-send")
        assert finding.claim.startswith("Book: saved 10 times, one by one, which took ")
        assert finding.path == (__file__ if is_in_a_receiver else package)
        assert (finding.line == line_of("def saves", saves)) == is_in_a_receiver

    @pytest.mark.django_db
    def test_it_is_found_after_a_loop_that_costs_little(self) -> None:
        unsaved = books(10)
        with signal_panel.record(clock=FakeClock()) as recording:
            send_each(10)
            save_each(unsaved)
        (finding,) = found(recording, "repeated-send")
        assert finding.claim.startswith("One line saved Book 10 times")

    def test_of_one_line_s_senders_those_it_sent_for_often_count(self, clock: FakeClock) -> None:
        with listening(stocked, takes(clock, 2 * MS)), signal_panel.record(clock=clock) as recording:
            for sender in [Author, *10 * [Book]]:
                stocked.send(sender)
        (finding,) = found(recording, "repeated-send")
        assert finding.spans == tuple(send.index for send in recording.sends[1:])

    def test_sends_of_one_s_own_that_cost_little_are_none(self, clock: FakeClock) -> None:
        with listening(stocked, takes(clock, MS)):
            with signal_panel.record(clock=clock) as little:
                send_each(10)
            with signal_panel.record(clock=clock) as enough:
                send_each(11)
        assert rules(little) == []
        (finding,) = found(enough, "repeated-send")
        assert finding.claim == "One line sent stocked 11 times, which took 11.0\u202fms."
        assert finding.cost_ns == 10 * MS
        assert (finding.path, finding.line) == (__file__, line_of('signal.send("shelf")', send_each))

    @pytest.mark.django_db
    def test_the_queries_of_the_receivers_are_told(self, clock: FakeClock) -> None:
        def counts(**_: Any) -> None:
            Book.objects.count()

        with (
            listening(stocked, counts),
            queries_take(clock, MS),
            signal_panel.record(clock=clock) as recording,
        ):
            send_each(12)
        (finding,) = found(recording, "repeated-send")
        assert finding.claim == (
            "One line sent stocked 12 times, which took 12.0\u202fms, with 12 queries in its receivers."
        )
        assert rules(recording) == ["repeated-send"], "one query in each call is no finding of its own"

    def test_what_each_round_sets_off_once_is_no_loop_of_its_own(self, clock: FakeClock) -> None:
        inner = Signal()

        def passes_on(**_: Any) -> None:
            inner.send("shelf")

        with (
            listening(stocked, passes_on),
            listening(inner, takes(clock, MS)),
            signal_panel.record(clock=clock) as recording,
        ):
            send_each(12)
        (finding,) = found(recording, "repeated-send")
        assert finding.line == line_of('signal.send("shelf")', send_each)

    def test_of_loops_in_loops_the_inner_one_is_told(self, clock: FakeClock) -> None:
        inner = Signal()

        def sends_many(**_: Any) -> None:
            for _each in range(10):
                inner.send("shelf")

        with (
            listening(stocked, sends_many),
            listening(inner, takes(clock, MS)),
            signal_panel.record(clock=clock) as recording,
        ):
            send_each(12)
        (finding,) = found(recording, "repeated-send")
        assert finding.line == line_of("inner.send(", sends_many)
        assert finding.cost_ns == 119 * MS

    def test_a_loop_whose_time_is_a_slow_receiver_s_is_left_to_that(self, clock: FakeClock) -> None:
        with listening(stocked, takes(clock, 50 * MS)), signal_panel.record(clock=clock) as recording:
            send_each(10)
        assert rules(recording) == ["slow-receiver"]

    def test_a_loop_less_than_half_of_whose_time_is_a_slow_receiver_s_is_told_too(
        self, clock: FakeClock
    ) -> None:
        def waits(sender: int, **_: Any) -> None:
            clock.pass_(sender * MS)

        with listening(stocked, waits), signal_panel.record(clock=clock) as recording:
            for sender in (60, *10 * [7]):
                stocked.send(sender)
        assert sorted(rules(recording)) == ["repeated-send", "slow-receiver"]

    def test_a_send_that_no_line_of_the_user_s_made_is_none(self, clock: FakeClock) -> None:
        with listening(stocked, takes(clock, MS)), signal_panel.record(clock=clock) as recording:
            send_each(10)
        recording.columns.sends[0] = recording.columns.sends[0]._replace(path=-1, function=-1)
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_a_queryset_deleted_at_once_costs_only_its_sends(self, clock: FakeClock) -> None:
        Book.objects.bulk_create(books(10))
        with (
            listening(post_delete, takes(clock, 2 * MS), sender=Book),
            queries_take(clock, 100 * MS),
            signal_panel.record(clock=clock) as recording,
        ):
            Book.objects.all().delete()
        (finding,) = found(recording, "repeated-send")
        assert finding.claim == ("Book: 10 deleted at once, and the receivers called for each: 20.0\u202fms.")
        assert finding.cost_ns == 18 * MS
        assert advice(recording) == ["Do what the receivers do once for all, where you delete."]

    @pytest.mark.django_db
    def test_changes_of_a_many_to_many_field_send_twice_each(self, clock: FakeClock) -> None:
        order = Order.objects.create()
        Book.objects.bulk_create(books(10))
        with (
            listening(m2m_changed, takes(clock, MS)),
            signal_panel.record(clock=clock) as recording,
        ):
            for book in Book.objects.all()[:9]:
                order.books.add(book)
            order.books.clear()
        assert rules(recording) == []
        with (
            listening(m2m_changed, takes(clock, MS)),
            signal_panel.record(clock=clock) as recording,
        ):
            for book in Book.objects.all()[:10]:
                order.books.add(book)
        (finding,) = found(recording, "repeated-send")
        assert finding.claim.startswith("One line changed Order_books 10 times, one by one")
        assert finding.cost_ns == 18 * MS
        assert advice(recording) == ["Change all at once, with add(*all) or set(all)."]

    @pytest.mark.django_db
    def test_rows_made_by_a_query_are_no_loop(self, clock: FakeClock) -> None:
        Book.objects.bulk_create(books(30))
        with (
            listening(post_init, takes(clock, MS // 10), sender=Book),
            signal_panel.record(clock=clock) as recording,
        ):
            assert len(Book.objects.all()) == 30
        assert rules(recording) == []

    def test_the_thresholds_are_settings(self, clock: FakeClock, settings: Any) -> None:
        settings.SIGNAL_PANEL = {"FINDINGS": {"REPEATED_SENDS": 3, "REPEATED_SENDS_MS": 2}}
        with listening(stocked, takes(clock, MS)), signal_panel.record(clock=clock) as recording:
            send_each(3)
        assert rules(recording) == ["repeated-send"]


class TestSentTwice:
    @staticmethod
    def update(author: Author) -> None:
        author.save()

    @pytest.mark.django_db
    def test_one_instance_saved_again_by_one_line(self, clock: FakeClock) -> None:
        author = Author.objects.create(name="Ursula")
        with (
            listening(post_save, takes(clock, MS), sender=Author),
            queries_take(clock, MS),
            signal_panel.record(clock=clock) as recording,
        ):
            self.update(author)
            self.update(author)
            self.update(author)
        (finding,) = found(recording, "sent-twice")
        assert (finding.path, finding.line) == (__file__, line_of("author.save()", self.update))
        assert finding.claim == "One line saved the same Author 3 times; all but the first took 4.00\u202fms."
        assert finding.cost_ns == 4 * MS, "two statements and two receivers"
        assert [recording.sends[0].index, recording.sends[-1].index] == [finding.spans[0], finding.spans[-1]]
        assert len(finding.spans) == 6, "each save sends twice"
        assert rules(recording) == ["sent-twice"]

    @pytest.mark.django_db
    def test_two_instances_are_none(self) -> None:
        authors = [Author.objects.create(name=name) for name in ("Ursula", "Vonda")]
        with signal_panel.record() as recording:
            for author in authors:
                self.update(author)
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_two_lines_are_none(self) -> None:
        author = Author.objects.create(name="Ursula")
        with signal_panel.record() as recording:
            author.save()
            author.save()
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_a_save_tried_again_is_none(self) -> None:
        author = Author.objects.create(name="Ursula")
        tries: list[int] = []

        def refuses_once(**_: Any) -> None:
            tries.append(1)
            if len(tries) == 1:
                raise LookupError

        with listening(pre_save, refuses_once, sender=Author), signal_panel.record() as recording:
            for _ in range(2):
                try:
                    self.update(author)
                except LookupError:
                    continue
        assert len(recording.sends) == 3
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_a_model_s_own_save_is_the_line_of_all_its_saves(self) -> None:
        with signal_panel.record() as recording:
            draft = Draft.objects.create(name="Ursula")
            draft.save()
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_a_save_in_a_receiver_that_ran_again_is_none(self) -> None:
        author = Author.objects.create(name="Ursula")

        def touches(**_: Any) -> None:
            author.save()

        with listening(stocked, touches), signal_panel.record() as recording:
            stocked.send("shelf")
            stocked.send("another shelf")
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_a_view_and_a_receiver_that_save_by_one_line_are_one(self) -> None:
        author = Author.objects.create(name="Ursula")

        def also_updates(**_: Any) -> None:
            self.update(author)

        with listening(stocked, also_updates), signal_panel.record() as recording:
            self.update(author)
            stocked.send("shelf")
        assert rules(recording) == ["sent-twice"]

    @pytest.mark.django_db
    def test_two_receivers_that_save_by_one_line_are_one(self) -> None:
        def stamps(**_: Any) -> None:
            save_each([book])

        def also_stamps(**_: Any) -> None:
            save_each([book])

        book = Book.objects.create(title="Tehanu")
        with listening(stocked, stamps, also_stamps), signal_panel.record() as recording:
            stocked.send("shelf")
        assert rules(recording) == ["sent-twice"]

    @pytest.mark.django_db
    def test_a_save_inside_the_save_is_a_cascade(self) -> None:
        def updates_again(instance: Author, **_: Any) -> None:
            if instance.name == "Ursula":
                instance.name = "Vonda"
                self.update(instance)

        author = Author.objects.create(name="Ursula")
        with listening(post_save, updates_again, sender=Author), signal_panel.record() as recording:
            self.update(author)
        assert len(recording.sends) == 4
        assert rules(recording) == ["cascade"]

    @pytest.mark.django_db
    def test_where_pre_save_is_ignored_post_save_is_all_there_is(self, settings: Any) -> None:
        settings.SIGNAL_PANEL = {"IGNORE": ["*.pre_save"]}
        author = Author.objects.create(name="Ursula")
        with signal_panel.record(clock=FakeClock()) as recording:
            self.update(author)
            self.update(author)
        (finding,) = found(recording, "sent-twice")
        assert (finding.spans, finding.cost_ns) == ((0, 1), 0)

    @pytest.mark.django_db
    def test_what_is_sent_between_the_two_signals_of_a_save_parts_them_not(self, clock: FakeClock) -> None:
        def sends(run: Any, *args: Any) -> Any:
            stocked.send("shelf")
            clock.pass_(MS)
            return run(*args)

        author = Author.objects.create(name="Ursula")
        with connection.execute_wrapper(sends), signal_panel.record(clock=clock) as recording:
            self.update(author)
            self.update(author)
        (finding,) = found(recording, "sent-twice")
        assert (finding.spans, finding.cost_ns) == ((0, 2, 3, 5), MS)

    def test_signals_of_one_s_own_may_differ_in_all_else(self) -> None:
        order = Order()
        with signal_panel.record() as recording:
            for step in range(5):
                stocked.send("shelf", instance=order, step=step)
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_many_to_many_rows_added_one_by_one_are_none(self) -> None:
        order = Order.objects.create()
        Book.objects.bulk_create(books(2))
        with signal_panel.record() as recording:
            for book in Book.objects.all():
                order.books.add(book)
        assert rules(recording) == []


class TestCascade:
    def stamp(self, instance: Author, **_: Any) -> None:
        if not instance.name.endswith("!"):
            instance.name += "!"
            instance.save()

    @pytest.mark.django_db
    def test_a_receiver_that_saves_what_was_saved(self, clock: FakeClock) -> None:
        with (
            listening(post_save, self.stamp, sender=Author),
            queries_take(clock, MS),
            signal_panel.record(clock=clock) as recording,
        ):
            Author.objects.create(name="Ursula")
        (finding,) = found(recording, "cascade")
        assert (finding.path, finding.line) == (__file__, line_of("def stamp", self.stamp))
        assert finding.claim == (
            "TestCascade.stamp causes post_save, which it listens to: 1 of its 2 calls ran inside another."
        )
        outer, inner = recording.calls
        assert finding.spans == (outer.index, outer.index + 1, outer.index + 2, inner.index)
        assert finding.cost_ns == MS, "the statement of the second save"
        assert rules(recording) == ["cascade"]

    @pytest.mark.django_db
    def test_one_that_saves_what_is_to_be_saved(self, clock: FakeClock) -> None:
        author = Author.objects.create(name="Ursula")
        with (
            listening(pre_save, self.stamp, sender=Author),
            queries_take(clock, MS),
            signal_panel.record(clock=clock) as recording,
        ):
            author.save()
        (finding,) = found(recording, "cascade")
        outer, inner = recording.calls
        after = next(send for send in recording.sends if send.signal.endswith("post_save"))
        assert finding.spans == (outer.index, outer.index + 1, inner.index, after.index)
        assert finding.cost_ns == MS, "the statement of the save inside"

    @pytest.mark.django_db
    def test_a_save_inside_that_was_not_finished_ends_with_its_first_signal(self, clock: FakeClock) -> None:
        def stamps(instance: Author, **_: Any) -> None:
            if not instance.name.endswith("!"):
                instance.name += "!"
                for _ in range(2):
                    with suppress(LookupError):
                        instance.save()

        def forbids_once(instance: Author, **_: Any) -> None:
            if instance.name.endswith("!") and not forbidden:
                forbidden.append(instance)
                raise LookupError

        forbidden: list[Author] = []
        author = Author.objects.create(name="Ursula")
        with (
            listening(pre_save, stamps, forbids_once, sender=Author),
            queries_take(clock, MS),
            signal_panel.record(clock=clock) as recording,
        ):
            author.save()
        (finding,) = found(recording, "cascade")
        assert "2 of its 3 calls ran inside another" in finding.claim
        assert finding.cost_ns == MS, "the statement of the save that was made"

    @pytest.mark.django_db
    def test_one_that_updates_is_none(self, clock: FakeClock) -> None:
        def updates(instance: Author, **_: Any) -> None:
            Author.objects.filter(pk=instance.pk).update(name="Ursula!")

        with listening(post_save, updates, sender=Author), signal_panel.record(clock=clock) as recording:
            Author.objects.create(name="Ursula")
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_one_that_causes_the_same_signal_for_another_receiver_is_none(self) -> None:
        def saves_author(**_: Any) -> None:
            Author.objects.create(name="Ursula")

        def hears_of_authors(**_: Any) -> None:
            pass

        with (
            listening(post_save, saves_author, sender=Book),
            listening(post_save, hears_of_authors, sender=Author),
            signal_panel.record() as recording,
        ):
            Book.objects.create(title="Tehanu")
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_one_that_saves_something_else_and_leaves_that_alone_is_none(self) -> None:
        def audits(sender: Any, **_: Any) -> None:
            if sender is not Author:
                Author.objects.create(name="audited")

        with listening(post_save, audits), signal_panel.record() as recording:
            Book.objects.create(title="Tehanu")
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_one_that_saves_what_it_has_saved_before_is_found_past_what_is_in_between(self) -> None:
        def goes_to_and_fro(sender: Any, **_: Any) -> None:
            if len(saved) < 3:
                saved.append(sender)
                Book.objects.create(title="Tehanu") if sender is Author else Author.objects.create()

        saved: list[Any] = []
        with listening(post_save, goes_to_and_fro), signal_panel.record() as recording:
            Book.objects.create(title="Tehanu")
        (finding,) = found(recording, "cascade")
        assert "2 of its 4 calls ran inside another" in finding.claim

    @pytest.mark.django_db
    def test_one_receiver_of_two_signals_is_none_where_one_causes_the_other(self) -> None:
        def hears_both(signal: Signal, **_: Any) -> None:
            if signal is stocked:
                Author.objects.create(name="Ursula")

        with (
            listening(stocked, hears_both),
            listening(post_save, hears_both, sender=Author),
            signal_panel.record() as recording,
        ):
            stocked.send("shelf")
        assert rules(recording) == []

    def test_two_receivers_that_cause_each_other_are_one_finding(self) -> None:
        answered = Signal()

        def asks(depth: int, **_: Any) -> None:
            if depth:
                answered.send("shelf", depth=depth - 1)

        def answers(depth: int, **_: Any) -> None:
            if depth:
                stocked.send("shelf", depth=depth - 1)

        with (
            listening(stocked, asks),
            listening(answered, answers),
            signal_panel.record() as recording,
        ):
            stocked.send("shelf", depth=6)
        (finding,) = found(recording, "cascade")
        assert finding.line == line_of("def asks", __file__)
        assert "3 of its 4 calls ran inside another, up to 3 deep" in finding.claim
        assert rules(recording) == ["cascade"]

    @pytest.mark.django_db
    def test_it_is_told_and_not_the_loop_whose_time_it_takes(self, clock: FakeClock) -> None:
        def stamps(instance: Author, **_: Any) -> None:
            if instance.name.endswith("!"):
                clock.pass_(5 * MS)
            else:
                instance.name += "!"
                instance.save()

        authors = [Author(name=str(number)) for number in range(10)]
        with (
            listening(post_save, stamps, sender=Author),
            queries_take(clock, MS),
            signal_panel.record(clock=clock) as recording,
        ):
            for author in authors:
                author.save()
        assert rules(recording) == ["cascade"]

    def test_of_several_receivers_those_that_go_deep_enough_are_told(self, settings: Any) -> None:
        def walks(depth: int, **_: Any) -> None:
            if depth:
                stocked.send("shelf", depth=depth - 1)

        def runs(depth: int, **_: Any) -> None:
            if depth:
                sold.send("shelf", depth=depth - 1)

        settings.SIGNAL_PANEL = {"FINDINGS": {"CASCADE_DEPTH": 2}}
        with listening(stocked, walks), listening(sold, runs), signal_panel.record() as recording:
            stocked.send("shelf", depth=1)
            sold.send("shelf", depth=2)
        (finding,) = found(recording, "cascade")
        assert finding.claim == (
            "runs causes sold, which it listens to: 2 of its 3 calls ran inside another, up to 2 deep."
        )

    def test_how_deep_is_a_setting(self, settings: Any) -> None:
        def walks(depth: int, **_: Any) -> None:
            if depth:
                stocked.send("shelf", depth=depth - 1)

        with listening(stocked, walks), signal_panel.record() as recording:
            stocked.send("shelf", depth=3)
        settings.SIGNAL_PANEL = {"FINDINGS": {"CASCADE_DEPTH": 4}}
        assert rules(recording) == []
        settings.SIGNAL_PANEL = {"FINDINGS": {"CASCADE_DEPTH": 3}}
        assert rules(recording) == ["cascade"]


class TestUnheardSend:
    @pytest.fixture
    def unheard(self) -> Recording:
        with signal_panel.record() as recording:
            send_each(5)
        return recording

    def test_sends_that_no_receiver_heard_and_that_took_long(self, unheard: Recording) -> None:
        take(unheard, 5 * [MS // 4])
        (finding,) = found(unheard, "unheard-send")
        assert finding.claim == "stocked was sent 5 times and no receiver ran, which took 1.25\u202fms."
        assert (finding.path, finding.line) == (__file__, line_of('signal.send("shelf")', send_each))
        assert (finding.spans, finding.cost_ns) == ((0, 1, 2, 3, 4), MS)

    def test_sends_that_took_less_are_none(self, unheard: Recording) -> None:
        take(unheard, 4 * [MS // 4 - 1] + [50 * MS])
        assert rules(unheard) == []

    def test_they_are_found_after_others_that_took_less(self) -> None:
        with signal_panel.record() as recording:
            Signal().send("shelf")
            send_each(5)
        take(recording, 6 * [MS])
        assert rules(recording) == ["unheard-send"]

    def test_it_is_told_and_not_the_loop(self) -> None:
        with signal_panel.record() as recording:
            send_each(12)
        take(recording, 12 * [MS])
        assert rules(recording) == ["unheard-send"]

    def test_sends_of_which_one_was_heard_are_none(self, clock: FakeClock) -> None:
        with (
            listening(stocked, takes(clock, MS), sender="shelf"),
            signal_panel.record(clock=clock) as recording,
        ):
            for sender in ("shelf", "desk", "floor"):
                stocked.send(sender)
        take(recording, 4 * [MS])
        assert rules(recording) == []

    def test_django_s_own_signals_are_none(self) -> None:
        with signal_panel.record() as recording:
            [Book() for _ in range(3)]
        take(recording, 6 * [MS])
        assert rules(recording) == []

    def test_a_send_at_the_cap_may_have_had_receivers(self, unheard: Recording) -> None:
        take(unheard, 5 * [MS // 4])
        unheard.columns.start = array("q", range(0, 5 * MS, MS))
        unheard.columns.overflow = unheard.columns.overflow._replace(calls=1)
        assert rules(unheard) == []

    def test_sends_before_the_last_one_at_the_cap_had_all_their_receivers(self) -> None:
        with signal_panel.record() as recording:
            send_each(5)
            Signal().send("shelf")
        take(recording, 6 * [MS // 4])
        recording.columns.start = array("q", range(0, 6 * MS, MS))
        recording.columns.overflow = recording.columns.overflow._replace(calls=1)
        assert rules(recording) == ["unheard-send"]
