"""What the panel's page says: from the stats stored for a request to the template's context, in words."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signal_panel import findings
from signal_panel.failures import kept_to_ourselves
from signal_panel.messages import messages
from signal_panel.recording import ReceiverCall, Recording, Send
from signal_panel.sheets import tabs
from signal_panel.templating import duration, thousands

TABLE_ROWS = 500
"""How many spans the server renders as a table; in the browser one can page through all of them."""

Stats = dict[str, Any]


def context(stats: Stats, spans_url: str, table_url: str, late: int = 0) -> dict[str, Any]:
    """All that ``panel.html`` needs.

    ``spans_url`` answers with the recording's JSON, ``table_url`` with a table once it is named; ``late``
    spans have ended after the request.
    """
    frame = {"css_url": static("signal_panel/css/panel.css"), "subtitle": subtitle(stats)}
    if "recording" not in stats:
        return {**frame, "spans_url": None, "problem": _problem(stats)}
    recording = Recording.from_json(stats["recording"])
    found, failures = _findings(recording)
    return {
        **frame,
        "spans_url": spans_url,
        "problem": None,
        "notes": [*_notes(stats, late), *map(failure_text, failures)],
        "head": _head(stats),
        "findings": found,
        "empty": not stats["sends"],
        "rows": _rows(recording),
        "total": stats["sends"] + stats["calls"] - stats["dropped"],
        "tabs": tabs(table_url),
        "messages": messages(),
    }


def subtitle(stats: Stats) -> str:
    """The totals in short, for the side bar."""
    if "recording" not in stats:
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


def _findings(recording: Recording) -> tuple[list[dict[str, Any]], list[str]]:
    """What the rules have found; where one of them failed nothing, and the failure's type."""
    failures: list[str] = []
    with kept_to_ourselves(failures.append):
        return findings.rows(recording), failures
    return [], failures


def _problem(stats: Stats) -> dict[str, str]:
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


def _rows(recording: Recording) -> list[dict[str, Any]]:
    columns = recording.columns
    return [
        {
            "index": index,
            "depth": columns.depth(index),
            **(_send_row(Send(columns, index)) if kind >= 0 else _call_row(ReceiverCall(columns, index))),
        }
        for index, kind in enumerate(islice(columns.kind, TABLE_ROWS))
    ]


def _send_row(send: Send) -> dict[str, Any]:
    path, line, function = send.site or (None, None, None)
    return {
        **_times(send),
        "is_send": True,
        "name": send.signal,
        "sender": send.sender,
        "method": send.method,
        "is_async": False,
        "path": path,
        "line": line,
        "function": function,
    }


def _call_row(call: ReceiverCall) -> dict[str, Any]:
    return {
        **_times(call),
        "is_send": False,
        "name": call.receiver,
        "sender": None,
        "method": None,
        "is_async": call.is_async,
        "path": call.path,
        "line": call.line,
        "function": None,
    }


def _times(span: Send | ReceiverCall) -> dict[str, Any]:
    return {
        "start": span.start_ns / 1e6,
        "time": span.duration_ns / 1e6,
        "self_time": span.self_ns / 1e6,
        "exception": span.exception,
    }
