"""``python -m tests.django_suite``: run Django's tests plain and recorded, and tell the differences."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date

from tests.django_suite.comparison import Comparison, compare, is_fixture, suite_of
from tests.django_suite.environments import CACHE, PYTHONS, Environment

SUITES = (
    "dispatch",
    "signals",
    "m2m_signals",
    "model_inheritance",
    "delete",
    "handlers",
    "middleware",
    "asgi",
    "async",
    "auth_tests",
    "test_client",
    "test_utils",
    "settings_tests",
    "servers",
    "requests_tests",
    "migrations",
    "contenttypes_tests",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.django_suite", description=__doc__)
    parser.add_argument("--django", nargs="+", choices=PYTHONS, default=list(PYTHONS), metavar="VERSION")
    parser.add_argument("--suites", nargs="+", default=SUITES, metavar="SUITE")
    parser.add_argument("--patched", action="store_true", help="as where another tool wraps sending")
    options = parser.parse_args()

    comparisons = [on_one(version, options.suites, options.patched) for version in options.django]
    result = CACHE / "result.json"
    result.write_text(
        json.dumps({"date": str(date.today()), "versions": [c.as_dict() for c in comparisons]}, indent=1)
    )
    return summary(comparisons)


def on_one(version: str, suites: Sequence[str], patched: bool) -> Comparison:
    """Compare the suites on one Django, and what differs once more by itself."""
    environment = Environment(version)
    environment.set_up()
    title = environment.title + (", patched" if patched else "")
    print(f"\n{title}", flush=True)

    def run_both(tests: Sequence[str]) -> Comparison:
        ways = [environment.run(way, tests, patched=patched) for way in ("plain", "recorded")]
        return compare(title, dict.fromkeys(map(suite_of, tests)), *ways)

    comparison = run_both(suites)
    if comparison.differences and not any(map(is_fixture, comparison.differences)):
        comparison.look_again(run_both(list(comparison.differences)))
    print(comparison.table(), flush=True)
    return comparison


def summary(comparisons: list[Comparison]) -> int:
    """Print the last lines; 1 where there was any difference."""
    compared = sum(c.compared for c in comparisons)
    differences = [difference for c in comparisons for difference in c.differences]
    print(f"\nCompared {compared} tests, {len(differences)} differences")
    return int(bool(differences) or not compared)


sys.exit(main())
