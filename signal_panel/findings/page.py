"""Findings as the panel shows them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from signal_panel.findings.finding import Finding
from signal_panel.recording import Recording


def rows_of(recording: Recording, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """One dictionary a finding; ``cost`` is in milliseconds, and None where no time is lost.

    ``spans`` are indices and ranges of them, and of these only the spans of ``kinds`` are meant.
    """
    if not findings:
        return []
    advice = _advice()
    kind_of = recording.columns.kind
    of_kind: dict[int, list[int]] = {}
    for span, kind in enumerate(kind_of):
        of_kind.setdefault(kind, []).append(span)
    rows = []
    for finding in findings:
        kinds = sorted({kind_of[span] for span in finding.spans}, reverse=True)
        rows.append(
            {
                "rule": finding.rule,
                "claim": finding.claim,
                "advice": advice[finding.rule],
                "path": finding.path,
                "line": finding.line,
                "cost": finding.cost_ns / 1e6 or None,
                "kinds": " ".join(map(str, kinds)),
                "spans": _ranges(finding.spans, sorted(span for kind in kinds for span in of_kind[kind])),
            }
        )
    return rows


def _ranges(spans: Sequence[int], among: list[int]) -> str:
    """The spans, those that follow each other among others like them as a range: ``3-120 125``."""
    runs: list[list[int]] = []
    follows = None
    for span in spans:
        place = bisect_left(among, span)
        if place == follows:
            runs[-1][1] = span
        else:
            runs.append([span, span])
        follows = place + 1
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _advice() -> dict[str, str]:
    """What to do instead, by rule."""
    return {
        "cascade": _("Write what the receiver changes with update(), or before the save in pre_save."),
        "connected-in-request": _("Connect it once, where its module is imported, or disconnect it again."),
        "connected-twice": _("Connect it in one place, under one name, or with a dispatch_uid."),
        "dead-receiver": _("Define the receiver in a module, or connect it with weak=False."),
        "handlers-not-imported": _("Import the module in the ready() of the app's AppConfig."),
        "init-receiver": _("Do the work where it is needed, for instance in a cached property of the model."),
        "queries-in-receiver": _("Fetch all rows with one query before the loop."),
        "repeated-send": _("Handle all at once: bulk_create, bulk_update, or one send with a list."),
        "sent-twice": _("Save once, after the last change."),
        "skipped-receivers": _("Catch the exception in the receiver, or send with send_robust."),
        "slow-in-transaction": _("Do it when the transaction is over: transaction.on_commit."),
        "slow-receiver": _("Hand the work to a task queue, from transaction.on_commit."),
        "swallowed-exception": _("Mend the receiver; the log has the traceback."),
        "thread-hop": _("Send with asend to async receivers and with send to sync ones."),
        "unheard-send": _("Leave the send out, send once for all, or ask has_listeners() before the loop."),
    }
