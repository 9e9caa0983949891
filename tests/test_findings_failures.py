"""Findings about receivers that raise. Each on both sides of its border."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.dispatch import Signal

import signal_panel
from signal_panel.recording import Recording
from tests.clock import FakeClock
from tests.findings import MS, found, listening, rules
from tests.lines import line_of

stocked = Signal()
pre_stocked = Signal()
inner = Signal()


def ignores(**_: Any) -> None:
    pass


def also_ignores(**_: Any) -> None:
    pass


def fails(**_: Any) -> None:
    raise LookupError


class TestSwallowedException:
    def test_one_that_send_robust_took(self) -> None:
        clock = FakeClock()

        def sometimes_fails(sender: int, **_: Any) -> None:
            clock.pass_(MS)
            if sender % 2:
                raise LookupError

        with listening(stocked, ignores, sometimes_fails), signal_panel.record(clock=clock) as recording:
            for sender in range(4):
                stocked.send_robust(sender)
        (finding,) = found(recording, "swallowed-exception")
        claim = "sometimes_fails raised LookupError in 2 of 4 calls, which send_robust hid."
        assert finding.claim == claim
        assert (finding.path, finding.line) == (__file__, line_of("def sometimes_fails", __file__))
        assert (finding.spans, finding.cost_ns) == ((5, 11), 2 * MS)
        assert rules(recording) == ["swallowed-exception"]

    def test_one_that_asend_robust_took(self) -> None:
        async def fails_too(**_: Any) -> None:
            raise LookupError

        with listening(stocked, fails_too), signal_panel.record() as recording:
            asyncio.run(stocked.asend_robust("shelf"))
        assert [finding.line for finding in found(recording, "swallowed-exception")] == [
            line_of("def fails_too", __file__)
        ]

    def test_one_that_send_passed_on_is_none(self) -> None:
        with listening(stocked, fails), signal_panel.record() as recording, pytest.raises(LookupError):
            stocked.send("shelf")
        assert rules(recording) == []

    def test_without_exceptions_there_is_none(self) -> None:
        with listening(stocked, ignores), signal_panel.record() as recording:
            stocked.send_robust("shelf")
        assert rules(recording) == []

    def test_what_send_robust_does_not_catch_is_none(self) -> None:
        def interrupts(**_: Any) -> None:
            raise KeyboardInterrupt

        with (
            listening(stocked, interrupts),
            signal_panel.record() as recording,
            pytest.raises(KeyboardInterrupt),
        ):
            stocked.send_robust("shelf")
        assert rules(recording) == []

    def test_it_is_told_where_it_was_raised_and_once(self) -> None:
        def passes_on(**_: Any) -> None:
            inner.send("shelf")

        def also_passes_on(**_: Any) -> None:
            clock.pass_(MS)
            inner.send("shelf")

        clock = FakeClock()
        with (
            listening(stocked, passes_on, also_passes_on),
            listening(inner, fails, ignores),
            signal_panel.record(clock=clock) as recording,
        ):
            stocked.send_robust("shelf")
        assert recording.sends[1].skipped
        (finding,) = found(recording, "swallowed-exception")
        assert finding.claim == "fails raised LookupError in 2 of 2 calls, which send_robust hid."
        assert finding.line == line_of("def fails(", __file__)
        assert finding.spans == tuple(call.index for call in recording.calls)
        assert finding.cost_ns == MS, "all that the call did which was caught came to nothing"
        assert rules(recording) == ["swallowed-exception"]


class TestSkippedReceivers:
    @staticmethod
    def send(signal: Signal) -> Recording:
        with signal_panel.record() as recording:
            for _ in range(2):
                with pytest.raises((LookupError, KeyboardInterrupt)):
                    signal.send("shelf")
        return recording

    def test_those_after_one_that_raised(self) -> None:
        with listening(stocked, fails, ignores, also_ignores):
            recording = self.send(stocked)
        (finding,) = found(recording, "skipped-receivers")
        assert finding.claim == (
            "fails raised LookupError in 2 of 2 calls by stocked, and ignores and also_ignores did not run."
        )
        assert (finding.path, finding.line) == (__file__, line_of("def fails(", __file__))
        assert (finding.spans, finding.cost_ns) == ((0, 1, 2, 3), 0)
        assert rules(recording) == ["skipped-receivers"]

    def test_where_the_last_one_raised_nobody_was_skipped(self) -> None:
        with listening(stocked, ignores, fails):
            assert rules(self.send(stocked)) == []

    def test_before_something_happens_an_exception_may_forbid_it(self) -> None:
        with listening(pre_stocked, fails, ignores):
            recording = self.send(pre_stocked)
        assert recording.sends[0].skipped
        assert rules(recording) == []

    def test_the_end_of_the_process_is_nobody_s_failure(self) -> None:
        def interrupts(**_: Any) -> None:
            raise KeyboardInterrupt

        with listening(stocked, interrupts, ignores):
            recording = self.send(stocked)
        assert recording.sends[0].skipped
        assert rules(recording) == []
