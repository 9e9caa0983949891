"""Findings as the panel shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.urls import reverse

from signal_panel import assets
from signal_panel.findings.advice import advice_by_rule, advice_on
from signal_panel.findings.facts import Facts
from signal_panel.findings.finding import Finding

_WORTH_TELLING = 100_000
"""Nanoseconds from which on a cost is shown: a receiver that raises at once is not told of for its time."""


def rows_of(facts: Facts, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """One dictionary a finding; ``cost`` is in milliseconds, and None where it is not the time that matters.

    ``spans`` are indices and ranges of them, and of these only the spans of ``kinds`` are meant.
    """
    if not findings:
        return []
    docs_url = reverse("djdt:signal_timeline_finding")
    kind_of = facts.columns.kind
    rows = []
    for finding in findings:
        kinds = sorted({kind_of[span] for span in finding.spans}, reverse=True)
        rows.append(
            {
                "rule": finding.rule,
                "claim": finding.claim,
                "advice": advice_on(finding.rule, finding.case),
                "url": f"{docs_url}?rule={finding.rule}",
                "path": finding.path,
                "line": finding.line,
                "cost": finding.cost_ns / 1e6 if finding.cost_ns >= _WORTH_TELLING else None,
                "kinds": " ".join(map(str, kinds)),
                "spans": _ranges(finding.spans, facts.spans_of(kinds)),
            }
        )
    return rows


def _ranges(spans: Sequence[int], among: list[int]) -> str:
    """The spans, those that follow each other among others like them as a range: ``3-120 125``."""
    next_of = dict(pairwise(among))
    runs: list[list[int]] = []
    for span in spans:
        if runs and next_of[runs[-1][1]] == span:
            runs[-1][1] = span
        else:
            runs.append([span, span])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def docs_of(rule: str) -> str | None:
    """The docs page of a rule as plain text, or None where there is no such rule.

    Of links the words are left: they lead to other files, and in plain text a browser follows none.
    """
    if rule not in advice_by_rule():
        return None
    text = (assets.DOCS / "findings" / f"{rule}.md").read_text(encoding="utf-8")
    return re.sub(r"\[([^]]+)\]\([^)]+\.md[^)]*\)", r"\1", text)
