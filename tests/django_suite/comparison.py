"""What differs between two runs of the same tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

BAD = {"failure", "error", "unexpected success"}


@dataclass
class Comparison:
    """Two runs on one Django, test by test."""

    title: str
    tests: Counter[str] = field(default_factory=Counter)
    failed_in_both: Counter[str] = field(default_factory=Counter)
    sends: dict[str, int] = field(default_factory=dict)
    differences: dict[str, dict[str, Any]] = field(default_factory=dict)
    only_once: list[str] = field(default_factory=list)

    @property
    def compared(self) -> int:
        return self.tests.total()

    def look_again(self, again: Comparison) -> None:
        """Keep the differences that show in a second comparison too.

        Some of Django's tests go by the clock, and differ from themselves where the machine is busy.
        """
        self.only_once = [test for test in self.differences if test not in again.differences]
        for test in self.only_once:
            del self.differences[test]

    @property
    def sends_recorded(self) -> int:
        """How many sends the tests made inside their recordings, their classes' fixtures aside."""
        return sum(self.sends.get(suite, 0) for suite in self.tests)

    def table(self) -> str:
        """A line a suite, and each difference below."""
        differences = Counter(map(suite_of, self.differences))
        lines = [f"  {'suite':<20}{'tests':>7}{'differ':>8}{'fail in both':>14}{'sends recorded':>16}"]
        lines += [
            f"  {suite:<20}{tests:>7}{differences[suite]:>8}{self.failed_in_both[suite]:>14}"
            f"{self.sends.get(suite, 0):>16}"
            for suite, tests in self.tests.items()
        ]
        lines.append(
            f"  {'all':<20}{self.compared:>7}{len(self.differences):>8}{self.failed_in_both.total():>14}"
            f"{self.sends_recorded:>16}"
        )
        for test, found in self.differences.items():
            lines += ["", f"  {test}", *(f"    {way}: {outcomes}" for way, outcomes in found.items())]
        lines += [f"  differed once, and not when run again: {test}" for test in self.only_once]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The comparison as it is kept in ``result.json``."""
        differences = Counter(map(suite_of, self.differences))
        return {
            "title": self.title,
            "suites": {
                suite: {
                    "tests": tests,
                    "differences": differences[suite],
                    "failed_in_both": self.failed_in_both[suite],
                    "sends_recorded": self.sends.get(suite, 0),
                }
                for suite, tests in self.tests.items()
            },
            "differences": self.differences,
            "only_once": self.only_once,
        }


def compare(title: str, suites: Iterable[str], plain: dict[str, Any], recorded: dict[str, Any]) -> Comparison:
    """Compare what ``inside/judge_runner.py`` wrote in each run.

    Outcomes are the same where they have the same names, exception types and messages, in the same order.
    """
    comparison = Comparison(title, sends=recorded["sends"])
    comparison.tests.update(dict.fromkeys(suites, 0))
    before, after = plain["tests"], recorded["tests"]
    for test in {**before, **after}:
        comparison.tests[suite_of(test)] += 1
        if before.get(test) != after.get(test):
            comparison.differences[test] = {"plain": before.get(test), "recorded": after.get(test)}
        elif any(outcome in BAD for outcome, *_ in before[test]):
            comparison.failed_in_both[suite_of(test)] += 1
    return comparison


_FIXTURE = re.compile(r"(?:setUp|tearDown)(?:Class|Module) \((.+)\)")


def is_fixture(test: str) -> bool:
    """Whether the id is that of a class's or a module's fixture, which can't be run by itself."""
    return _FIXTURE.fullmatch(test) is not None


def suite_of(test: str) -> str:
    """The suite of a test's id; that of a class's fixture has the class in brackets."""
    in_brackets = _FIXTURE.fullmatch(test)
    return (in_brackets[1] if in_brackets else test).partition(".")[0]
