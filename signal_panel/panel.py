"""The toolbar's panel: what it stores of a request, and what it shows of what was stored."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from typing import Any
from uuid import UUID

from debug_toolbar.decorators import render_with_toolbar_language, require_show_toolbar
from debug_toolbar.panels import Panel
from debug_toolbar.store import get_store
from django.contrib.auth.decorators import login_not_required
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from signal_panel import middleware, templating
from signal_panel.recording import ReceiverCall, Recording, Send
from signal_panel.summary import totals
from signal_panel.tracer import close_scope, open_scope

logger = logging.getLogger("signal_panel")

TABLE_ROWS = 500
"""How many spans the server renders as a table; in the browser one can page through all of them."""


class SignalTimelinePanel(Panel):
    """Which signals the request sent, who received them, and how long that took."""

    is_async = True
    title = gettext_lazy("Signal timeline")
    nav_title = gettext_lazy("Signal timeline")
    nav_icon = "signal_panel/img/signal-timeline.svg"  # type: ignore[assignment]

    _recording: Recording | None = None
    _window: Any = None
    _failure: str = ""

    # While the request runs

    def enable_instrumentation(self) -> None:
        """Claim the request's recording; without the middleware, record the toolbar's own window."""
        with self._harmless():
            request = middleware.current_request()
            if request is not None and not request.is_claimed:
                request.claim(self._add_what_came_late)
                self._recording = request.recording
            else:
                self._window = open_scope()
                self._recording = self._window.recording

    def disable_instrumentation(self) -> None:
        """Close the toolbar's own window, where that was recorded."""
        with self._harmless():
            if self._window is not None:
                close_scope(self._window)

    def generate_stats(self, request: HttpRequest, response: HttpResponse) -> None:
        """Store what has been recorded so far."""
        with self._harmless():
            self._store()
        if self._failure:
            self.record_stats({"failure": self._failure})

    def generate_server_timing(self, request: HttpRequest, response: HttpResponse) -> None:
        """Send the totals to the browser's own developer tools."""
        stats = self.get_stats()
        if "sends" in stats:
            title = f"Signals: {stats['sends']} sends, {stats['calls']} receiver calls"
            self.record_server_timing("receivers", title, stats["receivers_ns"] / 1e6)

    def _store(self) -> None:
        if self._recording is not None:
            self.record_stats(
                {
                    **asdict(totals(self._recording)),
                    "whole_request": self._window is None,
                    "recording": self._recording.to_json(),
                }
            )

    def _add_what_came_late(self, recording: Recording) -> None:
        """Store the recording again, whole: called once ``request_finished`` has been sent.

        A request that the store has evicted meanwhile would come back by being written to.
        """
        with _database_connections_left_as_found():
            if self.toolbar.store.exists(self.toolbar.request_id):
                self._store()

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            logger.exception("The signal timeline panel failed.")
            self._failure = type(error).__name__

    # When somebody looks

    @property
    def nav_subtitle(self) -> str:
        """The totals, for the side bar."""
        stats = self.get_stats()
        if "sends" not in stats:
            return _("not recorded")
        return ", ".join((_sends(stats), _calls(stats), templating.duration(_receivers_ms(stats))))

    @property
    def content(self) -> str:
        """The panel's HTML, from nothing but the stored stats."""
        stats = self.get_stats()
        return templating.render("panel.html", {**self._frame(stats), **_contents(stats)})

    @property
    def scripts(self) -> list[str]:
        """The panel's ES module."""
        return [static("signal_panel/js/panel.js")]

    @classmethod
    def get_urls(cls) -> list[URLPattern]:
        """Where the browser fetches a request's spans."""
        return [path("signal_timeline/spans/", spans, name="signal_timeline_spans")]

    def _frame(self, stats: dict[str, Any]) -> dict[str, Any]:
        url = None
        if "recording" in stats:
            url = f"{reverse('djdt:signal_timeline_spans')}?request_id={self.toolbar.request_id}"
        return {
            "panel_id": self.panel_id,
            "css_url": static("signal_panel/css/panel.css"),
            "spans_url": url,
            "subtitle": self.nav_subtitle,
            "messages": {},
        }


def _contents(stats: dict[str, Any]) -> dict[str, Any]:
    if "recording" not in stats:
        return {"problem": _problem(stats)}
    recording = Recording.from_json(stats["recording"])
    return {
        "problem": None,
        "notes": _notes(stats),
        "head": _head(stats),
        "empty": not stats["sends"],
        "rows": _rows(recording),
        "total": stats["sends"] + stats["calls"],
    }


def _problem(stats: dict[str, Any]) -> dict[str, str]:
    if "failure" in stats:
        text = _(
            "The panel failed with %(error)s. The request was not affected; "
            "the server's log has the traceback."
        ) % {"error": stats["failure"]}
    else:
        text = _("The panel was switched off, or the request's data is no longer stored.")
    return {"title": _("This request's signals were not recorded"), "text": text}


def _notes(stats: dict[str, Any]) -> list[str]:
    notes = []
    if not stats["whole_request"]:
        notes.append(
            _(
                "Only what ran inside the toolbar's own middleware was recorded. To see the whole request, "
                "put signal_panel.middleware.SignalPanelMiddleware first in MIDDLEWARE."
            )
        )
    if stats.get("failure"):
        notes.append(_problem(stats)["text"])
    return notes


def _sends(stats: dict[str, Any]) -> str:
    count = stats["sends"]
    text = ngettext("%(count)s send", "%(count)s sends", count)
    return text % {"count": templating.thousands(count)}


def _calls(stats: dict[str, Any]) -> str:
    count = stats["calls"]
    text = ngettext("%(count)s call", "%(count)s calls", count)
    return text % {"count": templating.thousands(count)}


def _receivers_ms(stats: dict[str, Any]) -> float:
    return float(stats["receivers_ns"]) / 1e6


def _head(stats: dict[str, Any]) -> list[str]:
    calls, duration_ms = stats["calls"], stats["duration_ns"] / 1e6
    head = [
        _sends(stats),
        ngettext("%(count)s receiver call", "%(count)s receiver calls", calls)
        % {"count": templating.thousands(calls)},
        _("%(time)s in receivers, %(share)d %% of %(whole)s")
        % {
            "time": templating.duration(_receivers_ms(stats)),
            "share": round(100 * _receivers_ms(stats) / duration_ms) if duration_ms else 0,
            "whole": templating.duration(duration_ms),
        },
    ]
    if stats["exceptions"]:
        text = ngettext("%(count)d exception", "%(count)d exceptions", stats["exceptions"])
        head.append(text % {"count": stats["exceptions"]})
    return head


def _rows(recording: Recording) -> list[dict[str, Any]]:
    columns = recording.columns
    rows = []
    for index, kind in enumerate(islice(columns.kind, TABLE_ROWS)):
        if kind >= 0:
            rows.append(_send_row(Send(columns, index)))
        else:
            rows.append(_call_row(ReceiverCall(columns, index)))
        rows[-1].update(index=index, depth=columns.depth(index))
    return rows


def _send_row(send: Send) -> dict[str, Any]:
    path, line, function = send.site or (None, None, None)
    return {
        **_span_row(send),
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
        **_span_row(call),
        "is_send": False,
        "name": call.receiver,
        "sender": None,
        "method": None,
        "is_async": call.is_async,
        "path": call.path,
        "line": call.line,
        "function": None,
    }


def _span_row(span: Send | ReceiverCall) -> dict[str, Any]:
    return {
        "start": span.start_ns / 1e6,
        "time": span.duration_ns / 1e6,
        "self_time": span.self_ns / 1e6,
        "exception": span.exception,
    }


@contextmanager
def _database_connections_left_as_found() -> Iterator[None]:
    """Close the database connections that the block opens: ``request_finished`` has closed the request's."""
    before = {c.alias for c in connections.all(initialized_only=True) if c.connection is not None}
    try:
        yield
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.alias not in before:
                connection.close()


@login_not_required
@require_show_toolbar
@render_with_toolbar_language
def spans(request: HttpRequest) -> HttpResponse:
    """The recording of one stored request, as JSON."""
    try:
        request_id = UUID(request.GET.get("request_id", "")).hex
    except ValueError:
        raise Http404("This is not the id of a request.") from None
    stats = get_store().panel(request_id, SignalTimelinePanel.panel_id)
    if "recording" not in stats:
        raise Http404("No signals of this request are stored.")
    return HttpResponse(
        stats["recording"],
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
