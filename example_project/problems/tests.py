"""Each problem does what its page says, and so does its twin. What the panel says is tested in a browser."""

# ruff: noqa: PT009 - run by unittest, which explains a failed assertEqual but not a bare assert

import io
from collections import Counter
from contextlib import nullcontext

from django.core.management import call_command
from django.test import TestCase
from django.urls import reverse

import signal_panel
from problems import cases
from problems.catalogue import PROBLEMS
from problems.models import Copy, Job, Letter


class ProblemsTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        call_command("seed", stdout=io.StringIO())

    def visit(self, rule, twin=False):
        with quietly(self, rule, twin):
            response = self.client.get(reverse(f"problems:{rule}{'.twin' * twin}"))
        self.assertEqual(response.status_code, 200)
        return response

    def record(self, rule, twin=False):
        with signal_panel.record() as recording:
            self.visit(rule, twin)
        return recording

    def calls(self, rule, twin=False):
        """The calls of the receivers of the problem, or of its twin."""
        return [call for call in self.record(rule, twin).calls if is_ours(call)]

    def counts(self, rule, twin=False):
        """How often each of these receivers ran."""
        return Counter(call.receiver.rpartition(".")[2] for call in self.calls(rule, twin))

    def saves(self, rule, twin=False):
        """How often ``post_save`` was sent for each model."""
        senders = [
            send.sender for send in self.record(rule, twin).sends if send.signal.endswith(".post_save")
        ]
        return Counter(sender.rpartition(".")[2] for sender in senders)


def quietly(case, rule, twin):
    """What send_robust() swallows it logs."""
    if rule == "swallowed-exception" and not twin:
        return case.assertLogs("django.dispatch", "ERROR")
    return nullcontext()


def is_ours(call):
    return call.receiver.startswith("problems.")


class PageTests(ProblemsTestCase):
    def test_the_index_lists_all_cases(self):
        page = self.client.get(reverse("problems:index"))
        for problem in PROBLEMS:
            self.assertContains(page, problem.title)
        self.assertEqual({problem.module for problem in PROBLEMS}, set(cases.__all__))

    def test_a_problem_shows_the_line_that_the_panel_names_and_its_twin_has_none(self):
        for problem in PROBLEMS:
            with self.subTest(problem.rule):
                self.assertContains(self.visit(problem.rule), "<mark>", count=1)
                self.assertNotContains(self.visit(problem.rule, twin=True), "<mark>")

    def test_the_problems_leave_the_other_pages_alone(self):
        for problem in PROBLEMS:
            self.visit(problem.rule)
            self.visit(problem.rule, twin=True)
        with signal_panel.record() as recording:
            self.client.get(reverse("shop:browse"))
            self.client.post(reverse("shop:staff_picks"))
            self.client.get(reverse("shop:offers"))
        self.assertEqual([call.receiver for call in recording.calls if is_ours(call)], [])


class CaseTests(ProblemsTestCase):
    def test_connected_twice(self):
        self.assertEqual(self.counts("connected-twice"), {"write_receipt": 2})
        self.assertEqual(self.counts("connected-twice", twin=True), {"write_thanks": 1})

    def test_sent_twice(self):
        self.assertEqual(self.saves("sent-twice"), {"Card": 3})
        self.assertEqual(self.saves("sent-twice", twin=True), {"Card": 2})

    def test_repeated_send(self):
        self.assertEqual(self.saves("repeated-send"), {"Copy": 200})
        self.assertEqual(self.saves("repeated-send", twin=True), {})
        self.assertEqual(Copy.objects.exclude(label="").count(), 400)

    def test_queries_in_receiver(self):
        with self.assertNumQueries(41):
            self.visit("queries-in-receiver")
        with self.assertNumQueries(1):
            self.visit("queries-in-receiver", twin=True)

    def test_slow_receiver(self):
        self.assertEqual(self.counts("slow-receiver"), {"write_invoice": 1})
        self.assertEqual(self.counts("slow-receiver", twin=True), {"order_invoice": 1})
        self.assertEqual(Job.objects.get().task, "Invoice for Michel Strogoff")

    def test_cascade(self):
        self.assertEqual(self.counts("cascade"), {"count_words": 2})
        self.assertEqual(self.counts("cascade", twin=True), {"count_words_before": 1})

    def test_swallowed_exception(self):
        (failed,) = self.calls("swallowed-exception")
        self.assertEqual(failed.exception, "KeyError")
        (fine,) = self.calls("swallowed-exception", twin=True)
        self.assertIsNone(fine.exception)
        self.assertEqual(Job.objects.get().task, "Ask Phileas Fogg for an address")

    def test_skipped_receivers(self):
        self.assertEqual(self.counts("skipped-receivers"), {"thank_finder": 1})
        self.assertEqual(
            self.counts("skipped-receivers", twin=True),
            {"thank_finder_if_known": 1, "tell_owner": 1, "put_on_shelf": 1},
        )

    def test_thread_hop(self):
        hopping = self.calls("thread-hop")
        staying = self.calls("thread-hop", twin=True)
        self.assertEqual([call.is_async for call in hopping], [False] * 40)
        self.assertEqual([call.is_async for call in staying], [True] * 40)

    def test_slow_in_transaction(self):
        (mailing,) = self.calls("slow-in-transaction")
        self.assertGreaterEqual(mailing.duration_ns, 150_000_000)
        with self.captureOnCommitCallbacks() as callbacks:
            self.assertEqual(self.counts("slow-in-transaction", twin=True), {"confirm_loan_in_the_end": 1})
        self.assertEqual(len(callbacks), 1)

    def test_init_receiver(self):
        self.assertEqual(self.counts("init-receiver"), {"add_fingerprint": 386})
        self.assertEqual(self.counts("init-receiver", twin=True), {})

    def test_dead_receiver(self):
        # That it lives is DEBUG's doing: this process was started with it.
        self.assertEqual(self.counts("dead-receiver"), {"order_more": 1})
        self.assertEqual(self.counts("dead-receiver", twin=True), {"order_some": 1})

    def test_connected_in_request(self):
        before = len(cases.connected_in_request.title_reserved.receivers)
        self.visit("connected-in-request")
        self.visit("connected-in-request")
        self.assertEqual(len(cases.connected_in_request.title_reserved.receivers), before + 2)
        self.visit("connected-in-request", twin=True)
        self.assertEqual(len(cases.connected_in_request.title_kept.receivers), 1)

    def test_unheard_send(self):
        self.assertEqual(len(self.record("unheard-send").sends), 60_002)
        self.assertEqual(len(self.record("unheard-send", twin=True).sends), 3)

    def test_handlers_not_imported(self):
        self.visit("handlers-not-imported")
        self.assertEqual(Letter.objects.count(), 0)
        self.visit("handlers-not-imported", twin=True)
        self.assertEqual(Letter.objects.count(), 1)
