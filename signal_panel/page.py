"""What the panel's page says: from the stats stored for a request to the template's context, in words."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static

from signal_panel import findings, tables
from signal_panel.failures import kept_to_ourselves
from signal_panel.messages import messages
from signal_panel.recording import Recording
from signal_panel.sheets import ROWS, sheet_url, tabs
from signal_panel.templating import duration, thousands
from signal_panel.translation import gettext as _
from signal_panel.translation import ngettext

FIRST_ROWS = 100
"""How many spans the panel has as a table until its script has run: of 500 rows the browser's layout takes
150 ms. A page of their own has more of them."""

AT_ONCE = 10_000
"""Up to so many spans and queries are read before the panel is there, which takes 15 ms. Of more it has the
totals, and the rest comes after the timeline has been painted."""

Stats = dict[str, Any]


def context(stats: Stats, spans_url: str, table_url: str, late: int = 0) -> dict[str, Any]:
    """All that ``panel.html`` needs.

    ``spans_url`` answers with the recording's JSON, ``table_url`` with a table once it is named; ``late``
    spans have ended after the request.
    """
    frame = {"css_url": static("signal_panel/css/panel.css"), "subtitle": subtitle(stats)}
    if "recording" not in stats:
        return {**frame, "spans_url": None, "problem": _problem(stats)}
    failures: list[str] = []
    total = stats["sends"] + stats["calls"] - stats["dropped"]
    is_small = total + stats["queries"] <= AT_ONCE
    recording = Recording.from_json(stats["recording"]) if is_small else None
    return {
        **frame,
        "spans_url": spans_url,
        "problem": None,
        "findings": recording and _findings(recording, failures),
        "findings_url": sheet_url("findings", table_url),
        "notes": [*_notes(stats, late), *map(failure_text, failures)],
        "head": _head(stats),
        "empty": not stats["sends"],
        "rows": tables.spans(recording, FIRST_ROWS) if recording else [],
        "total": total,
        "most": ROWS,
        "more_url": sheet_url("spans", table_url),
        "tabs": tabs(table_url),
        "messages": messages(),
    }


def subtitle(stats: Stats) -> str:
    """The totals in short, for the side bar."""
    if "sends" not in stats:
        return _("not recorded")
    calls = ngettext("%(count)s call", "%(count)s calls", stats["calls"])
    return ", ".join(
        (
            _sends(stats),
            calls % {"count": thousands(stats["calls"])},
            duration(stats["receivers_ns"] / 1e6),
        )
    )


def server_timing(stats: Stats) -> str:
    """The totals for the Server-Timing header, which takes plain ASCII and is not translated."""
    return f"Signals: sends {stats['sends']}, receiver calls {stats['calls']}"


def failure_text(failure: str) -> str:
    """What is said where a failure of ours, of the type so named, is all there is to show."""
    return _(
        "The panel failed with %(error)s. Your application did not notice; "
        "the server's log has the traceback."
    ) % {"error": failure}


def _findings(recording: Recording, failures: list[str]) -> list[dict[str, Any]]:
    """What the rules have found; where one of them failed nothing, and the failure's type is noted."""
    with kept_to_ourselves(failures.append):
        return findings.rows(recording)
    return []


def _problem(stats: Stats) -> dict[str, str]:
    if "failure" not in stats and "sends" in stats:
        return {
            "title": _("This request has not finished yet."),
            "text": _("Another process serves it: its timeline is here once it has finished."),
        }
    if "failure" in stats:
        text = failure_text(stats["failure"])
    else:
        text = _("The panel was switched off, or the request is no longer stored.")
    return {"title": _("The signals of this request were not recorded."), "text": text}


def _notes(stats: Stats, late: int) -> list[str]:
    notes = []
    if not stats["whole_request"]:
        notes.append(
            _(
                "Only what ran inside the toolbar's own middleware was recorded. To see the whole "
                "request, put signal_panel.middleware.SignalPanelMiddleware first in MIDDLEWARE."
            )
        )
    if stats["dropped"]:
        text = _("Showing the first %(kept)s of %(all)s spans: SIGNAL_PANEL['MAX_SPANS'] keeps no more.")
        spans = stats["sends"] + stats["calls"]
        notes.append(text % {"kept": thousands(spans - stats["dropped"]), "all": thousands(spans)})
    if late:
        text = ngettext(
            "%(count)s span ended after the request, in a task or thread that outlived it.",
            "%(count)s spans ended after the request, in tasks or threads that outlived it.",
            late,
        )
        notes.append(text % {"count": thousands(late)})
    if "failure" in stats:
        notes.append(failure_text(stats["failure"]))
    return notes


def _sends(stats: Stats) -> str:
    text = ngettext("%(count)s send", "%(count)s sends", stats["sends"])
    return text % {"count": thousands(stats["sends"])}


def _head(stats: Stats) -> list[str]:
    calls = ngettext("%(count)s receiver call", "%(count)s receiver calls", stats["calls"])
    whole = stats["duration_ns"] / 1e6
    in_receivers = stats["receivers_ns"] / 1e6
    head = [
        _sends(stats),
        calls % {"count": thousands(stats["calls"])},
        _("%(time)s in receivers, %(share)d %% of %(whole)s")
        % {
            "time": duration(in_receivers),
            "share": round(100 * in_receivers / whole) if whole else 0,
            "whole": duration(whole),
        },
    ]
    if stats["queries"]:
        text = ngettext("%(count)s query in %(time)s", "%(count)s queries in %(time)s", stats["queries"])
        time = duration(stats["queries_ns"] / 1e6)
        head.append(text % {"count": thousands(stats["queries"]), "time": time})
    if stats["exceptions"]:
        text = ngettext("%(count)s exception", "%(count)s exceptions", stats["exceptions"])
        head.append(text % {"count": thousands(stats["exceptions"])})
    return head
