"""Django's test runner, keeping each test's outcomes, and recording each test where that is asked for."""

from __future__ import annotations

import functools
import json
import os
import re
import unittest
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.dispatch import Signal
from django.test import SimpleTestCase
from django.test.runner import DiscoverRunner

tests: dict[str, list[list[str]]] = {}
sends: Counter[str] = Counter()
is_recording = False


def keep(test: Any, outcome: str, error: Any = None, note: str = "") -> None:
    if error is not None:
        note = f"{error[0].__module__}.{error[0].__qualname__}: {error[1]}"
    # Where objects are in memory differs from run to run.
    tests.setdefault(test.id(), []).append([outcome, re.sub(r"\b0x[0-9a-f]+", "0x…", note)])


class Outcomes(unittest.TextTestResult):
    """Keeps what became of each test, and of each subtest that did not pass."""

    def addSuccess(self, test: Any) -> None:
        keep(test, "success")
        super().addSuccess(test)

    def addError(self, test: Any, err: Any) -> None:
        keep(test, "error", err)
        super().addError(test, err)

    def addFailure(self, test: Any, err: Any) -> None:
        keep(test, "failure", err)
        super().addFailure(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        keep(test, "skipped", note=reason)
        super().addSkip(test, reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        keep(test, "expected failure", err)
        super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test: Any) -> None:
        keep(test, "unexpected success")
        super().addUnexpectedSuccess(test)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            keep(subtest, "failure" if issubclass(err[0], test.failureException) else "error", err)
        super().addSubTest(test, subtest, err)


class Runner(DiscoverRunner):
    """Writes the outcomes to the file that ``JUDGE_OUTCOMES`` names."""

    def get_resultclass(self) -> Any:
        return Outcomes

    def run_suite(self, suite: Any, **kwargs: Any) -> Any:
        if os.environ["JUDGE_PATCHES"] == "1":
            patch_as_other_tools_do()
        if os.environ["JUDGE_RECORDS"] == "1":
            record_tests()
        result = super().run_suite(suite, **kwargs)
        Path(os.environ["JUDGE_OUTCOMES"]).write_text(json.dumps({"tests": tests, "sends": sends}, indent=1))
        return result


def patch_as_other_tools_do() -> None:
    """Wrap the ways to send, so that recording has to wrap these wrappers instead of standing in."""
    for name in ("send", "send_robust"):
        setattr(Signal, name, passing_on(getattr(Signal, name)))
    for name in ("asend", "asend_robust"):
        setattr(Signal, name, passing_on_async(getattr(Signal, name)))


def passing_on(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def send(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return send


def passing_on_async(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def asend(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    return asend


def record_tests() -> None:
    """Have each test and each fixture of a class or module run inside an open recording."""
    # Django's __call__ has more of the test in it than unittest's: what comes before setUp().
    for cls in (unittest.TestCase, SimpleTestCase):
        setattr(cls, "__call__", recorded(cls.__call__))  # noqa: B010
    for name in ("_handleModuleFixture", "_handleClassSetUp", "_tearDownPreviousClass"):
        setattr(unittest.TestSuite, name, recorded(getattr(unittest.TestSuite, name)))


def recorded(method: Callable[..., Any]) -> Callable[..., Any]:
    """Run a method of a test or a suite in a recording, once where it calls another of them."""
    import signal_panel

    @functools.wraps(method)
    def in_a_recording(self: Any, *args: Any) -> Any:
        global is_recording
        if is_recording:
            return method(self, *args)
        is_recording = True
        try:
            with signal_panel.record() as recording:
                return method(self, *args)
        finally:
            is_recording = False
            sends[type(self).__module__.partition(".")[0]] += len(recording.sends)

    return in_a_recording
