"""The tables in words: what the templates of the panel's other tabs need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from django.utils.formats import time_format
from django.utils.timezone import localtime

from signal_panel import findings, tables
from signal_panel.recording import Recording
from signal_panel.summary import totals
from signal_panel.tables import ConnectedRow, Rest
from signal_panel.templating import render, thousands
from signal_panel.translation import gettext as _
from signal_panel.translation import ngettext

ROWS = 500
"""How many rows a table shows; the others are added up in one."""

CONNECTED_ROWS = 2_000
"""The same of the connections, of which none should be missing in a project of any usual size."""

LETTERS_ACROSS = 4_000_000
"""Of how much JSON requests are added up, which is some 300,000 spans: more would keep people waiting."""

Stats = dict[str, Any]


class Stored(NamedTuple):
    """A request in the toolbar's store, with the panel's stats of it."""

    id: str
    stats: Stats

    @property
    def recording(self) -> Recording:
        """What was recorded of it."""
        return Recording.from_json(self.stats["recording"])

    @property
    def label(self) -> str:
        """The request's method, path and time of day."""
        at = localtime(datetime.fromtimestamp(self.stats["started_at"], timezone.utc))
        return f"{self.stats['request']} · {time_format(at, 'H:i:s')}"


class Asked(NamedTuple):
    """What a table is wanted of: a request, and for ``across`` the others, one of which may be chosen."""

    request: Stored
    others: Callable[[], Iterable[Stored]]
    chosen: Stored | None


def tabs(table_url: str) -> list[dict[str, str]]:
    """The tables' names, labels and addresses; ``table_url`` is what they have in common."""
    labels = _labels()
    return [{"name": name, "label": labels[name], "url": sheet_url(name, table_url)} for name in _TABS]


def sheet_url(name: str, table_url: str) -> str:
    """Where the table so named is; ``table_url`` is what the addresses have in common."""
    return f"{table_url}&table={name}"


def html(name: str, asked: Asked, table_url: str, alone: bool) -> str:
    """The table so named: part of a page, or the whole of one where it stands ``alone``."""
    context = {
        "name": name,
        "label": _labels()[name],
        "about": asked.request.label,
        "tabs": tabs(table_url),
        "alone": alone,
        "address": table_url.partition("?")[0],
        "rest_label": _rest_label,
        **_SHEETS[name](asked),
    }
    return render(f"sheets/{name}.html", context)


def _labels() -> dict[str, str]:
    return {
        "receivers": _("Receivers"),
        "signals": _("Signals"),
        "sends": _("Sends"),
        "connected": _("Connected"),
        "across": _("Across requests"),
        "findings": _("Findings"),
        "spans": _("Spans"),
    }


def _rest_label(rest: Rest) -> str:
    if rest.name == "hidden":
        text = ngettext("%(count)s more row", "%(count)s more rows", rest.rows)
        return text % {"count": thousands(rest.rows)}
    return {
        "sends": _("Sending itself, between receivers"),
        "outside": _("Outside of all signals"),
        "dropped": _("Past SIGNAL_PANEL['MAX_SPANS'], not kept"),
    }[rest.name]


def _receivers(asked: Asked) -> dict[str, Any]:
    recording = asked.request.recording
    return {
        "table": tables.bounded(tables.receivers(recording), ROWS),
        "duration_ns": totals(recording).duration_ns,
    }


def _signals(asked: Asked) -> dict[str, Any]:
    both = tables.signals(asked.request.recording)
    return {"by_signal": tables.bounded(both.by_signal, ROWS), "by_site": tables.bounded(both.by_site, ROWS)}


def _sends(asked: Asked) -> dict[str, Any]:
    return {"table": tables.sends(asked.request.recording, ROWS)}


def _connected(asked: Asked) -> dict[str, Any]:
    table = tables.connected(asked.request.recording)
    return {"table": tables.bounded(table, CONNECTED_ROWS), "remarks": _remarks}


def _remarks(row: ConnectedRow) -> list[str]:
    """Why it was not called, and what else is not as one would expect."""
    remarks = []
    if row.reason:
        remarks.append(_reasons()[row.reason])
    if row.times > 1:
        text = ngettext("connected %(count)s time", "connected %(count)s times", row.times)
        remarks.append(text % {"count": thousands(row.times)})
    if row.state == "dying":
        remarks.append(_("alive only while DEBUG is on: it is connected weakly, and nobody holds it"))
    elif row.state == "gone":
        remarks.append(_("disconnected since"))
    elif row.state == "dead" and not row.reason:
        remarks.append(_("dead since: it was connected weakly, and nobody held it"))
    elif row.state == "stale" and not row.reason:
        remarks.append(_("hidden since by the signal's cache"))
    return remarks


def _reasons() -> dict[str, str]:
    return {
        "not-sent": _("signal not sent"),
        "other-senders": _("sent by other senders only"),
        "other-object": _("perhaps sent by other senders only"),
        "earlier-raised": _("an earlier receiver raised"),
        "dead": _("dead: it was connected weakly, and nobody held it"),
        "stale": _("hidden by the signal's cache, which does not know of it"),
        "later": _("connected after the signal was sent"),
        "dropped": _("no call among the spans that were kept"),
        "unknown": _("not called, nothing recorded says why"),
        "no-receiver": _("no receiver"),
    }


def _across(asked: Asked) -> dict[str, Any]:
    this = asked.request
    others = sorted(asked.others(), key=lambda other: -other.stats["started_at"])
    recordings = {this.id: this.recording}
    room = LETTERS_ACROSS - len(this.stats["recording"])
    for other in others:
        room -= len(other.stats["recording"])
        if room < 0:
            break
        recordings[other.id] = other.recording
    context: dict[str, Any] = {"others": others, "request_id": this.id, "chosen": None}
    chosen = _chosen(asked, others)
    if chosen is not None:
        recording = recordings.get(chosen.id) or chosen.recording
        context["chosen"] = chosen.id
        context["compared"] = tables.bounded(tables.compared(recordings[this.id], recording), ROWS)
    whole = tables.across(recordings.values())
    return {
        **context,
        "changes": _changes(),
        "added_up": _added_up(whole.requests, len(others) + 1),
        "receivers": tables.bounded(whole.receivers, ROWS),
        "signals": tables.bounded(whole.signals, ROWS),
    }


def _chosen(asked: Asked, others: Sequence[Stored]) -> Stored | None:
    """The other request that was asked for; else the last like this one before it, else the last."""
    if asked.chosen is not None:
        return asked.chosen
    this = asked.request.stats
    before = [other for other in others if other.stats["started_at"] < this["started_at"]]
    like_it = [other for other in before if other.stats["request"] == this["request"]]
    return next(iter((*like_it, *before, *others)), None)


def _changes() -> dict[str, str]:
    return {
        "new": _("new"),
        "gone": _("gone"),
        "slower": _("slower"),
        "faster": _("faster"),
        "same": _("about the same"),
    }


def _added_up(requests: int, stored: int) -> str:
    if requests < stored:
        text = _("Added up: the last %(count)s of %(all)s stored requests. More would take too long.")
        return text % {"count": thousands(requests), "all": thousands(stored)}
    text = ngettext(
        "Added up: the one request that is stored.", "Added up: all %(count)s stored requests.", requests
    )
    return text % {"count": thousands(requests)}


def _findings(asked: Asked) -> dict[str, Any]:
    return {"findings": findings.rows(asked.request.recording)}


def _spans(asked: Asked) -> dict[str, Any]:
    recording = asked.request.recording
    return {"rows": tables.spans(recording, ROWS), "total": len(recording.columns.kind)}


_TABS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "receivers": _receivers,
    "signals": _signals,
    "sends": _sends,
    "connected": _connected,
    "across": _across,
}
# What stands in the panel itself, but for large recordings.
_SHEETS = {**_TABS, "findings": _findings, "spans": _spans}

NAMES = tuple(_SHEETS)
"""By which the tables are asked for."""
