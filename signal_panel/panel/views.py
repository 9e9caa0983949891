"""What the panel's addresses answer, from nothing but the toolbar's store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from debug_toolbar.decorators import render_with_toolbar_language, require_show_toolbar
from debug_toolbar.store import get_store
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from signal_panel import findings, page, sheets, sources, viewer
from signal_panel.exporters import FORMATS
from signal_panel.failures import kept_to_ourselves
from signal_panel.panel.stored import plain_id, stats_of
from signal_panel.recording import Recording

View = Callable[[HttpRequest], HttpResponse]


def address(view: str, request_id: str) -> str:
    """Where one of the views answers for a request."""
    return f"{reverse(f'djdt:{view}')}?request_id={request_id}"


def open_address() -> str:
    """Where the page is that opens a downloaded recording."""
    return reverse("djdt:signal_timeline_open")


def downloads(request_id: str) -> list[dict[str, str]]:
    """The titles and addresses of the files that a request can be had as."""
    url = address("signal_timeline_download", request_id)
    return [{"title": form.title, "url": f"{url}&format={name}"} for name, form in FORMATS.items()]


def _stored(request_id: str) -> sheets.Stored:
    """A request in the store that has a recording; its id as the store knows it."""
    try:
        request_id = plain_id(request_id)
    except ValueError:
        raise Http404("This is not the id of a request.") from None
    found = stats_of(request_id)
    if "recording" not in found:
        raise Http404("No signals of this request are stored.")
    return sheets.Stored(request_id, found)


def _others_stored(request_id: str) -> Iterator[sheets.Stored]:
    """All other requests in the store that have a recording."""
    for other in list(get_store().request_ids()):
        with suppress(Http404):
            stored = _stored(str(other))
            if stored.id != request_id:
                yield stored


def _served(view: View) -> View:
    """Served to whom the toolbar is shown, in its language, whether logged in or not; to be read only."""
    guarded: View = login_not_required(require_show_toolbar(render_with_toolbar_language(require_safe(view))))
    return guarded


@_served
def spans(request: HttpRequest) -> HttpResponse:
    """The recording of one stored request, as JSON."""
    stored = _stored(request.GET.get("request_id", ""))
    return HttpResponse(
        stored.stats["recording"],
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


@_served
def table(request: HttpRequest) -> HttpResponse:
    """One table of one stored request: a part of a page for scripts, else a page."""
    name = request.GET.get("table", "")
    if name not in sheets.NAMES:
        raise Http404("There is no such table.")
    stored = _stored(request.GET.get("request_id", ""))
    other = request.GET.get("with")
    asked = sheets.Asked(stored, lambda: _others_stored(stored.id), None if other is None else _stored(other))
    failures: list[str] = []
    html = ""
    with kept_to_ourselves(failures.append):
        html = sheets.html(
            name,
            asked,
            table_url=address("signal_timeline_table", stored.id),
            # Whoever opens an address asks for HTML; fetch() takes anything.
            alone="text/html" in request.headers.get("Accept", ""),
        )
    for failure in failures:
        html = format_html('<section class="djsp-sheet"><p>{}</p></section>', page.failure_text(failure))
    return HttpResponse(html, headers={"Cache-Control": "no-store", "Vary": "Accept"})


@_served
def source(request: HttpRequest) -> HttpResponse:
    """The source of one receiver of one stored request, by its index among the recording's."""
    _, stats = _stored(request.GET.get("request_id", ""))
    recording = Recording.from_json(stats["recording"])
    index = request.GET.get("receiver", "")
    if not (index.isdecimal() and len(index) < 10 and int(index) < len(recording.columns.receivers)):
        raise Http404("This request has no such receiver.")
    return HttpResponse(sources.html(recording, int(index)), headers={"Cache-Control": "no-store"})


@_served
def download(request: HttpRequest) -> HttpResponse:
    """The recording of one stored request as a file, in one of the formats."""
    form = FORMATS.get(request.GET.get("format", ""))
    if form is None:
        raise Http404("There is no such format.")
    request_id, stats = _stored(request.GET.get("request_id", ""))
    # Nothing but hexadecimal digits and a suffix of ours: no name that a header would have to quote.
    name = f"signals-{request_id[:8]}{form.suffix}"
    return HttpResponse(
        form.export(Recording.from_json(stats["recording"])),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@_served
def open_recording(request: HttpRequest) -> HttpResponse:
    """The page that opens a downloaded recording."""
    return HttpResponse(viewer.html(), headers={"Cache-Control": "no-store"})


@_served
def finding(request: HttpRequest) -> HttpResponse:
    """The docs page on a rule of the findings."""
    text = findings.docs_of(request.GET.get("rule", ""))
    if text is None:
        raise Http404("There is no such rule.")
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def urls() -> list[URLPattern]:
    """The addresses."""
    return [
        path("signal_timeline/spans/", spans, name="signal_timeline_spans"),
        path("signal_timeline/table/", table, name="signal_timeline_table"),
        path("signal_timeline/source/", source, name="signal_timeline_source"),
        path("signal_timeline/download/", download, name="signal_timeline_download"),
        path("signal_timeline/open/", open_recording, name="signal_timeline_open"),
        path("signal_timeline/finding/", finding, name="signal_timeline_finding"),
    ]
