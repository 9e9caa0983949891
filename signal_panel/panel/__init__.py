"""The toolbar's panel: what it stores of a request, and what it shows of what was stored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from functools import partial
from threading import Lock
from typing import Any

from debug_toolbar.panels import Panel
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.templatetags.static import static
from django.urls import URLPattern
from django.utils.html import format_html

from signal_panel import middleware, page, templating
from signal_panel.failures import kept_to_ourselves
from signal_panel.panel import stored, views
from signal_panel.recording import Recording
from signal_panel.summary import totals
from signal_panel.tracer import Scope, Tally, close_scope, open_scope
from signal_panel.translation import gettext_lazy


class SignalTimelinePanel(Panel):
    """Which signals the request sent, who received them, and how long that took."""

    is_async = True
    panel_id = stored.PANEL_ID  # a subclass's, too
    title = gettext_lazy("Signal timeline")
    nav_title = gettext_lazy("Signal timeline")
    nav_icon = "signal_panel/img/signal-timeline.svg"  # type: ignore[assignment]

    _recording: Recording | None = None
    _request: middleware.RequestScope | None = None
    _window: Scope | None = None
    _failure: str = ""
    _label: str = ""
    _is_whole: bool = False

    # While the request runs

    def __init__(self, toolbar: Any, get_response: Any) -> None:
        """The toolbar is made: what it does until it has been is not the request's."""
        super().__init__(toolbar, get_response)
        self._storing = Lock()
        with self._harmless():
            request = middleware.current_request()
            if request is not None and not request.is_claimed:
                request.pause()

    @property
    def process_request(self) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
        """What the panel passes a request on to: it has nothing to do in between.

        With the toolbar's own function here, the Profiling panel shows all of a request twice and more: what
        that begins with is this function, too.
        """
        return self.get_response

    def enable_instrumentation(self) -> None:
        """Claim the request's recording; without the middleware, record the toolbar's own window."""
        with self._harmless():
            request = middleware.current_request()
            if request is not None and not request.is_claimed:
                request.resume()
                request.claim(partial(self._store_whole, request))
                self._request = request
                self._recording = request.recording
            else:
                self._window = open_scope()
                self._recording = self._window.recording

    def disable_instrumentation(self) -> None:
        """The toolbar's own work begins, of which nothing is recorded."""
        with self._harmless():
            if self._window is not None:
                close_scope(self._window)
            if self._request is not None:
                self._request.enter_toolbar()

    def get_headers(self, request: HttpRequest) -> dict[str, str]:
        """The Server-Timing header. The toolbar asks for headers last: its own work is done."""
        with self._harmless():
            if self._request is not None:
                self._request.leave_toolbar()
        headers: dict[str, str] = super().get_headers(request)
        return headers

    def generate_stats(self, request: HttpRequest, response: HttpResponse) -> None:
        """Store what has been recorded so far."""
        with self._harmless():
            self._label = f"{request.method} {request.path}"
            if self._request is None or response.streaming or self.toolbar.should_render_panels():
                self._store()
            else:
                stored.unfinished[self.toolbar.request_id] = self
                self.record_stats({**self._request.counts()._asdict(), "request": self._label})
        self._store_failure()

    def generate_server_timing(self, request: HttpRequest, response: HttpResponse) -> None:
        """Send the totals to the browser's own developer tools."""
        with self._harmless():
            stats = self.get_stats()
            if "sends" in stats:
                title = page.server_timing(stats)
                self.record_server_timing("receivers", title, stats["receivers_ns"] / 1e6)

    def store_so_far(self) -> None:
        """Store what has been recorded so far: somebody looks at a request that has not finished."""
        if self._is_stored():
            with self._harmless(), self._storing:
                if not self._is_whole:
                    self._store()
            self._store_failure()

    def _is_stored(self) -> bool:
        """Whether the store has the request still: one that it evicted would come back by being stored."""
        is_stored: bool = self.toolbar.store.exists(self.toolbar.request_id)
        return is_stored

    def _store(self) -> None:
        if self._recording is None:
            return
        so_far = Recording(self._recording.columns)
        stats = {
            **asdict(totals(so_far)),
            "dropped": so_far.dropped,
            "request": self._label,
            "started_at": so_far.started_at,
            "whole_request": self._window is None,
            "recording": so_far.to_json(),
        }
        failure = self._failure or (self._request.failure if self._request else "")
        self.record_stats({**stats, "failure": failure} if failure else stats)

    def _store_whole(self, request: middleware.RequestScope) -> None:
        """Store the whole recording: called once ``request_finished`` has been sent."""
        _remember_late_spans(self.toolbar.request_id, request.late)
        with _database_connections_left_as_found():
            if self._is_stored():
                with self._harmless(), self._storing:
                    self._is_whole = True
                    self._store()
                self._store_failure()
        stored.unfinished.pop(self.toolbar.request_id, None)

    def _store_failure(self) -> None:
        if self._failure:
            with self._harmless():
                self.record_stats({"failure": self._failure})

    def _failed(self, failure: str) -> None:
        self._failure = failure

    def _harmless(self) -> AbstractContextManager[None]:
        return kept_to_ourselves(self._failed)

    # When somebody looks

    @property
    def nav_subtitle(self) -> str:
        """The totals, for the side bar."""
        with self._harmless():
            return page.subtitle(self.get_stats())
        return self._failure

    @property
    def content(self) -> str:
        """The panel's HTML, from nothing but the stored stats."""
        with self._harmless():
            request_id = stored.plain_id(self.toolbar.request_id)
            late = _late_spans.get(request_id)
            stats = self.get_stats()
            context = page.context(
                stats if "recording" in stats else stored.stats_of(request_id),
                spans_url=views.address("signal_timeline_spans", request_id),
                table_url=views.address("signal_timeline_table", request_id),
                late=late.count if late else 0,
            )
            extra = {
                "downloads": views.downloads(request_id),
                "open_url": views.open_address(),
                "source_url": views.address("signal_timeline_source", request_id),
            }
            return templating.render("panel.html", {**context, **extra})
        return format_html("<p>{}</p>", page.failure_text(self._failure))

    @property
    def scripts(self) -> list[str]:
        """The panel's ES module."""
        with self._harmless():
            return [static("signal_panel/js/panel.js")]
        return []

    @classmethod
    def get_urls(cls) -> list[URLPattern]:
        """Where the browser fetches what belongs to a request."""
        return views.urls()


# Of the last requests that this process served: only it knows what came after the store's last write.
_late_spans: OrderedDict[str, Tally] = OrderedDict()
_LATE_SPANS_KEPT = 100


def _remember_late_spans(request_id: str, late: Tally) -> None:
    _late_spans[request_id] = late
    while len(_late_spans) > _LATE_SPANS_KEPT:
        _late_spans.popitem(last=False)


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
