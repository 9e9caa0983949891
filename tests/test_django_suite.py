"""The judge of ``make test-django``: what it calls a difference."""

from __future__ import annotations

from typing import Any

from tests.django_suite.comparison import Comparison, compare

PASSED = [["success", ""]]
FAILED = [["failure", "builtins.AssertionError: 1 != 2"]]


def compared(plain: dict[str, Any], recorded: dict[str, Any]) -> Comparison:
    return compare("Django", ["signals"], {"tests": plain}, {"tests": recorded, "sends": {"signals": 7}})


def test_the_same_outcomes_are_no_difference() -> None:
    found = compared({"signals.tests.T.a": PASSED}, {"signals.tests.T.a": PASSED})
    assert (found.compared, found.differences, found.sends_recorded) == (1, {}, 7)


def test_another_outcome_is_a_difference() -> None:
    found = compared({"signals.tests.T.a": PASSED}, {"signals.tests.T.a": FAILED})
    assert found.differences == {"signals.tests.T.a": {"plain": PASSED, "recorded": FAILED}}
    assert "signals.tests.T.a" in found.table()


def test_failing_for_another_reason_is_a_difference() -> None:
    other = [["failure", "builtins.AssertionError: 1 != 3"]]
    assert compared({"signals.tests.T.a": FAILED}, {"signals.tests.T.a": other}).differences


def test_failing_in_both_for_the_same_reason_is_counted_apart() -> None:
    found = compared({"signals.tests.T.a": FAILED}, {"signals.tests.T.a": FAILED})
    assert (found.differences, found.failed_in_both["signals"]) == ({}, 1)


def test_a_test_that_ran_in_one_run_only_is_a_difference() -> None:
    assert compared({"signals.tests.T.a": PASSED}, {}).differences
    assert compared({}, {"signals.tests.T.a": PASSED}).differences


def test_the_fixture_of_a_class_belongs_to_its_suite() -> None:
    found = compared({}, {"setUpClass (signals.tests.T)": FAILED})
    assert found.tests["signals"] == 1


def test_a_difference_that_shows_again_stays_and_another_is_told_apart() -> None:
    a, b = "signals.tests.T.a", "signals.tests.T.b"
    found = compared({a: PASSED, b: PASSED}, {a: FAILED, b: FAILED})
    found.look_again(compared({a: PASSED, b: PASSED}, {a: FAILED, b: PASSED}))
    assert list(found.differences) == [a]
    assert f"differed once, and not when run again: {b}" in found.table()
