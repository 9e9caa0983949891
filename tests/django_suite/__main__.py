"""``python -m tests.django_suite``: run Django's tests plain and recorded, and tell the differences."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date

from tests.django_suite.comparison import Comparison, compare
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

    comparisons = []
    for version in options.django:
        environment = Environment(version)
        environment.set_up()
        title = environment.title + (", patched" if options.patched else "")
        print(f"\n{title}", flush=True)
        plain = environment.run("plain", options.suites, patched=options.patched)
        recorded = environment.run("recorded", options.suites, patched=options.patched)
        comparison = compare(title, options.suites, plain, recorded)
        comparisons.append(comparison)
        print(comparison.table(), flush=True)

    result = CACHE / "result.json"
    result.write_text(
        json.dumps({"date": str(date.today()), "versions": [c.as_dict() for c in comparisons]}, indent=1)
    )
    return summary(comparisons)


def summary(comparisons: list[Comparison]) -> int:
    """Print the last lines; 1 where there was any difference."""
    compared = sum(c.compared for c in comparisons)
    differences = [difference for c in comparisons for difference in c.differences]
    print(f"\nCompared {compared} tests, {len(differences)} differences")
    return int(bool(differences) or not compared)


sys.exit(main())
