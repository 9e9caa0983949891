"""Named problems in a recording, each with its evidence and the line to go to.

Each rule is one small function; docs/findings/ has a page on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from signal_panel.findings.connections import (
    connected_in_request,
    connected_twice,
    dead_receiver,
    handlers_not_imported,
)
from signal_panel.findings.facts import Facts
from signal_panel.findings.failures import skipped_receivers, swallowed_exception
from signal_panel.findings.finding import Finding
from signal_panel.findings.page import docs_of, rows_of
from signal_panel.findings.receivers import (
    init_receiver,
    queries_in_receiver,
    slow_in_transaction,
    slow_receiver,
    thread_hop,
)
from signal_panel.findings.sends import cascade, repeated_send, sent_twice, unheard_send
from signal_panel.recording import Recording

__all__ = ["Finding", "docs_of", "find_all", "rows"]

# One problem gives one finding: where two rules could tell of it, the earlier one does.
_RULES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    handlers_not_imported,
    dead_receiver,
    connected_in_request,
    connected_twice,
    swallowed_exception,
    skipped_receivers,
    cascade,
    init_receiver,
    queries_in_receiver,
    slow_in_transaction,
    slow_receiver,
    thread_hop,
    unheard_send,
    repeated_send,
    sent_twice,
)


def find_all(recording: Recording) -> list[Finding]:
    """What there is to mend in a recording, by the time that is lost, most first.

    Only spans that were kept are looked at: of a recording that has more, figures are of its first ones. The
    thresholds are those of ``SIGNAL_PANEL["FINDINGS"]``.
    """
    return _apply_rules(Facts(recording))


def rows(recording: Recording) -> list[dict[str, Any]]:
    """The findings as plain values, which ``findings.html`` shows."""
    facts = Facts(recording)
    return rows_of(facts, _apply_rules(facts))


def _apply_rules(facts: Facts) -> list[Finding]:
    for rule in _RULES:
        for finding in rule(facts):
            facts.found[finding.rule].append(finding)
    found = [finding for findings in facts.found.values() for finding in findings]
    return sorted(found, key=attrgetter("cost_ns"), reverse=True)
