"""The panel in the toolbar: what it stores, and every way the toolbar has of showing it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from debug_toolbar.store import get_store
from debug_toolbar.toolbar import DebugToolbar
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import connections
from django.dispatch import Signal
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

import signal_panel
from signal_panel import Recording, panel
from signal_panel.panel import stored
from signal_panel.translation import CONTEXT
from tests.shop import views
from tests.stores import newest_stats, stored_requests

pytestmark = pytest.mark.django_db(transaction=True)

STORES = ("MemoryStore", "DatabaseStore", "CacheStore")
WITHOUT_OUR_MIDDLEWARE = [
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
]


@pytest.fixture
def toolbar(settings: Any) -> Any:
    """Sets keys of DEBUG_TOOLBAR_CONFIG for the test."""

    def configure(**config: Any) -> None:
        settings.DEBUG_TOOLBAR_CONFIG = {**settings.DEBUG_TOOLBAR_CONFIG, **config}
        get_store().clear()

    configure(TOOLBAR_STORE_CLASS="debug_toolbar.store.MemoryStore")
    return configure


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, toolbar: Any) -> str:
    toolbar(TOOLBAR_STORE_CLASS=f"debug_toolbar.store.{request.param}")
    return str(request.param)


@pytest.fixture
def client(toolbar: Any) -> Client:
    return Client(raise_request_exception=False)


def render_panel(client: Client, request_id: str) -> Any:
    return client.get(
        reverse("djdt:render_panel"), {"request_id": request_id, "panel_id": "SignalTimelinePanel"}
    ).json()


def spans_of(client: Client, html: str) -> Recording:
    """The recording that the browser would fetch, by the URL in the panel's own HTML."""
    (url,) = re.findall(r'data-djsp-url="([^"]+)"', html)
    response = client.get(url.replace("&amp;", "&"))
    assert response.headers["Content-Type"] == "application/json"
    return Recording.from_json(response.content.decode())


def signals(recording: Recording) -> list[str]:
    return [send.signal.rsplit(".", 1)[1] for send in recording.sends]


class TestEveryStore:
    def test_the_panel_and_its_spans_are_served_from_it(self, store: str, client: Client) -> None:
        client.get("/order/")
        (request_id,) = stored_requests()
        answer = render_panel(client, request_id)
        assert answer["scripts"] == ["/static/signal_panel/js/panel.js"]
        assert "announce_order" in answer["content"]
        found = spans_of(client, answer["content"])
        assert signals(found)[0] == "request_started"
        assert signals(found)[-1] == "request_finished"

    def test_what_comes_after_the_response_is_added(self, store: str, client: Client) -> None:
        response = client.get("/streaming/")
        before = newest_stats()
        list(response)
        after = newest_stats()
        assert (before["sends"], after["sends"]) == (1, 5)
        assert before["recording"] != after["recording"]

    def test_nothing_is_added_to_a_request_that_is_stored_no_more(self, store: str, client: Client) -> None:
        response = client.get("/streaming/")
        get_store().clear()
        list(response)
        assert stored_requests() == []

    def test_history_lists_json_responses_and_shows_their_signals(self, store: str, client: Client) -> None:
        client.get("/plain/")
        answer = client.get("/order-json/", headers={"X-Requested-With": "XMLHttpRequest"})
        request_id = answer.headers["djdt-request-id"]
        sidebar = client.get(
            reverse("djdt:history_sidebar"), {"request_id": request_id, "exclude_history": "true"}
        ).json()
        assert "11 sends, 6 calls" in sidebar["SignalTimelinePanel"]["button"]
        html = render_panel(client, request_id)["content"]
        assert signals(spans_of(client, html))[-1] == "request_finished"


def elsewhere(function: Any, *arguments: Any) -> Any:
    """What a function answers in a thread of its own, which has no request under way."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(function, *arguments).result()


class TestARequestThatHasNotFinished:
    """Its response is there, and ``request_finished`` has not been sent."""

    @pytest.fixture
    def response(self, toolbar: Any) -> Iterator[Any]:
        # The test client would finish it.
        response = WSGIHandler()(RequestFactory().get("/order/").environ, lambda status, headers: None)
        yield response
        response.close()

    def test_its_totals_are_those_of_its_recording(self, response: Any) -> None:
        before = newest_stats()
        assert "recording" not in before
        stored.stats_of(*stored_requests())
        after = newest_stats()
        assert before.items() <= after.items()
        assert before["sends"] == len(Recording.from_json(after["recording"]).sends) > 0

    def test_whoever_looks_sees_what_there_is(self, store: str, response: Any, client: Client) -> None:
        html = elsewhere(render_panel, client, *stored_requests())["content"]
        before = signals(elsewhere(spans_of, client, html))
        response.close()
        assert signals(spans_of(client, html)) == [*before, "request_finished"]

    def test_whoever_asks_for_its_spans_first_gets_them_too(self, response: Any, client: Client) -> None:
        query = {"request_id": stored_requests()[0]}
        found = elsewhere(client.get, reverse("djdt:signal_timeline_spans"), query)
        assert signals(Recording.from_json(found.content.decode()))[0] == "request_started"

    def test_another_process_says_that_it_has_not(self, response: Any, client: Client) -> None:
        stored.unfinished.clear()
        answer = elsewhere(render_panel, client, *stored_requests())
        assert "This request has not finished yet." in answer["content"]
        assert "10 sends, 5 calls" in answer["content"]

    def test_the_next_request_in_its_thread_stores_it(self, response: Any, client: Client) -> None:
        (request_id,) = stored_requests()
        client.get("/plain/")
        assert "recording" in get_store().panel(request_id, stored.PANEL_ID)

    def test_one_that_finishes_while_somebody_looks_is_stored_whole(self, response: Any) -> None:
        (panel_of_it,) = stored.unfinished.values()
        response.close()
        panel_of_it.store_so_far()  # as of one who had found it just before
        assert signals(Recording.from_json(newest_stats()["recording"]))[-1] == "request_finished"

    def test_one_that_the_store_has_no_more_is_not_stored_again(self, response: Any) -> None:
        (panel_of_it,) = stored.unfinished.values()
        get_store().clear()
        panel_of_it.store_so_far()
        assert stored_requests() == []

    def test_nothing_is_kept_of_it_once_it_has(self, response: Any) -> None:
        assert [*stored.unfinished] == stored_requests()
        response.close()
        assert not stored.unfinished


def test_a_request_inside_another_recording_counts_its_own_sends(client: Client) -> None:
    with signal_panel.record():
        Signal().send(None)
        response = WSGIHandler()(RequestFactory().get("/order/").environ, lambda status, headers: None)
        before = newest_stats()
        response.close()
    assert "recording" not in before
    assert newest_stats()["sends"] == before["sends"] + 1


class TestDatabaseStore:
    def test_its_own_signals_are_left_out(self, toolbar: Any, client: Client) -> None:
        toolbar(TOOLBAR_STORE_CLASS="debug_toolbar.store.DatabaseStore")
        client.get("/plain/")
        found = Recording.from_json(newest_stats()["recording"])
        assert signals(found) == ["request_started", "request_finished"]

    def test_a_connection_opened_to_add_what_came_late_is_closed_again(
        self, toolbar: Any, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = []
        connection = connections["default"]
        with panel._database_connections_left_as_found():
            assert connection.connection is not None
        assert connection.connection is not None  # was open before

        monkeypatch.setattr(connection, "connection", None)
        monkeypatch.setattr(connection, "close", lambda: closed.append(True))
        with panel._database_connections_left_as_found():
            pass
        assert closed == [True]


class TestRenderPanels:
    def test_the_panel_is_in_the_page_itself(self, toolbar: Any, client: Client) -> None:
        toolbar(RENDER_PANELS=True)
        html = client.get("/order/").content.decode()
        assert "announce_order" in html
        assert 'src="/static/signal_panel/js/panel.js"' in html
        assert signals(spans_of(client, html))[-1] == "request_finished"


class TestSideBar:
    def test_it_has_the_totals(self, client: Client) -> None:
        html = client.get("/order/").content.decode()
        assert re.search(r"<small>10 sends, 4 calls, [\d.]+\N{NARROW NO-BREAK SPACE}(µs|ms)</small>", html)

    def test_server_timing_has_them_too(self, client: Client) -> None:
        header = client.get("/order/").headers["Server-Timing"]
        assert re.search(
            r'SignalTimelinePanel_receivers;dur=[\d.]+;desc="Signals: sends 10, receiver calls 4"', header
        )


class TestContent:
    def content(self, client: Client, path: str = "/order/") -> str:
        client.get(path)
        return str(render_panel(client, stored_requests()[-1])["content"])

    def address(self, html: str, table: str) -> str:
        """Where the HTML links to for what it has not."""
        (url,) = re.findall(rf'<a href="([^"]+&amp;table={table})"', html)
        return str(url.replace("&amp;", "&"))

    def test_the_head_has_the_totals(self, client: Client) -> None:
        html = self.content(client)
        assert "<li>11 sends</li>" in html
        assert "<li>6 receiver calls</li>" in html
        assert "<li>1 exception</li>" in html
        assert re.search(r"<li>[\d.]+.(µs|ms) in receivers, \d+ % of [\d.]+.m?s</li>", html)

    def test_the_totals_say_that_the_toolbar_s_own_work_is_left_out(self, client: Client) -> None:
        assert re.search(
            r'<ul class="djsp-head" title="The toolbar.*own work is left out', self.content(client)
        )

    def test_the_head_has_the_queries(self, client: Client) -> None:
        assert re.search(r"<li>2 queries in [\d.]+.(µs|ms)</li>", self.content(client))
        assert not re.search(r"<li>\d+ quer", self.content(client, "/many/"))

    def test_findings_come_before_the_tabs(self, client: Client) -> None:
        html = self.content(client)
        found = html.index('data-djsp-rule="swallowed-exception"')
        assert found < html.index("djsp-tabs")
        assert "refuse" in html[found:].partition("</li>")[0]

    def test_findings_that_fail_are_told_and_the_rest_is_shown(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*args: object) -> None:
            raise RuntimeError("ours")

        monkeypatch.setattr("signal_panel.findings.rows", fails)
        html = self.content(client)
        assert "<li>The panel failed with RuntimeError." in html
        assert "announce_order" in html

    def test_the_table_has_every_span_of_a_small_request(self, client: Client) -> None:
        html = self.content(client)
        assert html.count('<tr class="djsp-row') == 17
        assert "First" not in html

    def test_the_table_of_a_large_request_has_the_first_spans_and_a_page_has_more(
        self, client: Client
    ) -> None:
        html = self.content(client, "/many/")
        assert html.count('<tr class="djsp-row') == 100
        assert "First 100 of 2,005 spans" in html
        more = client.get(self.address(html, "spans")).content.decode()
        assert more.count('<tr class="djsp-row') == 500
        assert "First 500 of 2,005 spans" in more

    def test_what_takes_long_is_left_to_addresses_of_their_own(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("signal_panel.page.AT_ONCE", 0)
        monkeypatch.setattr("signal_panel.page.Recording", None)  # it is not even read
        html = self.content(client)
        assert "<li>11 sends</li>" in html
        assert 'data-djsp-rule="' not in html
        assert '<tr class="djsp-row' not in html
        assert "First 17 of 17 spans" in html
        assert (
            'data-djsp-rule="swallowed-exception"'
            in client.get(self.address(html, "findings")).content.decode()
        )
        assert client.get(self.address(html, "spans")).content.decode().count('<tr class="djsp-row') == 17

    def test_it_has_no_inline_style_or_script(self, client: Client) -> None:
        html = self.content(client)
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", html)

    def test_markup_in_names_is_text(self, client: Client) -> None:
        html = self.content(client, "/markup/")
        assert "<script>" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html

    def test_it_can_be_translated(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trans_real, "_translations", {})
        german = trans_real.translation("de")._catalog
        german[f"{CONTEXT}\x04%(count)s send", 1] = "%(count)s Sendungen"
        german[f"{CONTEXT}\x04Signal or receiver"] = "Signal oder Empfänger"
        with override_settings(LANGUAGE_CODE="de"), translation.override("de"):
            html = self.content(client)
        assert "11 Sendungen" in html
        assert "Signal oder Empfänger" in html

    def test_where_max_spans_cut_it_says_so(self, client: Client) -> None:
        with override_settings(SIGNAL_PANEL={"MAX_SPANS": 5}):
            html = self.content(client)
        assert "Showing the first 5 of 17 spans" in html

    def test_where_no_signal_was_sent_it_says_so(self, client: Client) -> None:
        with override_settings(SIGNAL_PANEL={"IGNORE": ["*"]}):
            html = self.content(client)
        assert "No signals were recorded during this request." in html
        assert "SIGNAL_PANEL[&#39;IGNORE&#39;]" in html


class TestWithoutTheMiddleware:
    @override_settings(MIDDLEWARE=WITHOUT_OUR_MIDDLEWARE)
    def test_the_toolbar_s_own_window_is_recorded_and_the_panel_says_what_it_misses(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from django.core.signals import request_finished, request_started

        # The handler of another test may have loaded the middleware into this process before.
        for signal in (request_started, request_finished):
            for name in ("send", "asend"):
                monkeypatch.delitem(vars(signal), name, raising=False)
        client.get("/order/")
        stats = newest_stats()
        found = signals(Recording.from_json(stats["recording"]))
        assert "order_placed" in found
        assert "request_started" not in found
        html = render_panel(client, stored_requests()[-1])["content"]
        assert "Only what ran inside the toolbar" in html
        assert "signal_panel.middleware.SignalPanelMiddleware first in MIDDLEWARE" in html


class TestSubclass:
    def test_it_shows_what_the_panel_does(self, client: Client, settings: Any) -> None:
        settings.DEBUG_TOOLBAR_PANELS = ["tests.test_panel.OurTimelinePanel"]
        client.get("/order/")
        html = render_panel(client, stored_requests()[-1])["content"]
        assert signals(spans_of(client, html))[-1] == "request_finished"


class OurTimelinePanel(panel.SignalTimelinePanel):
    """As a project may have one, with a title of its own."""

    title = "Our signals"


class TestLateSpansKept:
    def test_only_those_of_the_last_requests_are(self, client: Client) -> None:
        with pytest.MonkeyPatch.context() as fewer:
            fewer.setattr(panel, "_LATE_SPANS_KEPT", 2)
            for _ in range(4):
                client.get("/plain/")
        assert list(panel._late_spans) == stored_requests()[-2:]


class TestSwitchedOff:
    def test_the_side_bar_s_checkbox_stops_the_recording(self, client: Client) -> None:
        client.cookies["djdtSignalTimelinePanel"] = "off"
        client.get("/order/")
        assert newest_stats() == {}

    def test_the_panel_of_such_a_request_says_why_it_is_empty(self, client: Client) -> None:
        client.cookies["djdtSignalTimelinePanel"] = "off"
        client.get("/order/")
        html = render_panel(client, stored_requests()[-1])["content"]
        assert "The signals of this request were not recorded." in html
        assert "switched off" in html


class TestSpansView:
    def url(self, **query: str) -> str:
        return reverse("djdt:signal_timeline_spans", query=query or None)

    @pytest.mark.parametrize("request_id", ["", "nonsense", "../../etc/passwd", "0", "a" * 32])
    def test_an_id_of_no_request_is_not_found(self, store: str, client: Client, request_id: str) -> None:
        with override_settings(DEBUG=False):
            response = client.get(self.url(request_id=request_id))
        assert response.status_code == 404

    def test_nothing_is_served_where_the_toolbar_does_not_show(self, client: Client) -> None:
        client.get("/plain/")
        request_id = stored_requests()[-1]
        assert client.get(self.url(request_id=request_id)).status_code == 200
        assert client.get(self.url(request_id=request_id) + "&without-toolbar").status_code == 404

    def test_login_is_not_asked_for(self, client: Client, settings: Any) -> None:
        settings.MIDDLEWARE = [
            *settings.MIDDLEWARE,
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ]
        client.get("/plain/")
        assert client.get(self.url(request_id=stored_requests()[-1])).status_code == 200

    def test_what_it_serves_is_not_cached(self, client: Client) -> None:
        client.get("/plain/")
        response = client.get(self.url(request_id=stored_requests()[-1]))
        assert response.headers["Cache-Control"] == "no-store"


class TestFailures:
    @pytest.fixture(autouse=True)
    def _failing(self, monkeypatch: pytest.MonkeyPatch, toolbar: Any) -> None:
        def fails(*args: object, **kwargs: object) -> None:
            raise RuntimeError("ours")

        monkeypatch.setattr(panel, "totals", fails)

    def test_a_failure_of_ours_is_logged_and_shown_and_the_page_is_served(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        response: HttpResponse = client.get("/order/")
        assert response.status_code == 200
        assert "Ordered" in response.content.decode()
        assert "The signal panel failed." in caplog.text
        html = render_panel(client, stored_requests()[-1])["content"]
        assert "The panel failed with RuntimeError." in html


class TestFailuresWhileShowing:
    @pytest.mark.parametrize(
        "function", ["panel.templating.render", "panel.page.context", "panel.views.reverse"]
    )
    def test_the_panel_says_that_it_failed_and_the_toolbar_goes_on(
        self, function: str, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.get("/order/")
        request_id = stored_requests()[-1]

        def fails(*args: object, **kwargs: object) -> None:
            raise RuntimeError("ours")

        with monkeypatch.context() as fault:
            url = reverse("djdt:render_panel")
            fault.setattr(f"signal_panel.{function}", fails)
            answer = client.get(url, {"request_id": request_id, "panel_id": "SignalTimelinePanel"}).json()
        assert answer["content"].startswith("<p>The panel failed with RuntimeError.")

    def test_without_its_script_s_address_the_table_is_shown(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.get("/order/")

        def fails(path: str) -> None:
            raise ValueError("Missing staticfiles manifest entry")

        with monkeypatch.context() as fault:
            fault.setattr("signal_panel.panel.static", fails)
            answer = render_panel(client, stored_requests()[-1])
        assert answer["scripts"] == []
        assert "announce_order" in answer["content"]


class TestSpansThatComeTooLate:
    def test_they_are_counted_and_told_and_belong_to_no_recording(self, client: Client) -> None:
        async def request() -> None:
            await AsyncClient().get("/outlived/")
            before = newest_stats()
            may_go_on, task = views.outliving.pop()
            may_go_on.set()
            await task
            assert newest_stats() == before

        asyncio.run(request())
        html = render_panel(client, stored_requests()[-1])["content"]
        assert "2 spans ended after the request, in tasks or threads that outlived it." in html

    def test_they_are_told_by_whichever_id_the_store_has(self, store: str, client: Client) -> None:
        outliving = []

        def keep(**kwargs: object) -> None:
            outliving.append(signal_panel.carry(Signal().send))

        request_started.connect(keep)
        try:
            client.get("/plain/")
        finally:
            request_started.disconnect(keep)
        outliving[0](None)
        html = render_panel(client, stored_requests()[-1])["content"]
        assert "1 span ended after the request, in a task or thread that outlived it." in html


def test_an_async_request_has_its_panel(toolbar: Any, client: Client) -> None:
    asyncio.run(AsyncClient().get("/async-order/"))
    html = render_panel(client, stored_requests()[-1])["content"]
    assert "announce_order" in html


def test_stats_are_plain_values_and_one_string(toolbar: Any, client: Client) -> None:
    client.get("/order/")
    stats = newest_stats()
    assert {type(value) for value in stats.values()} <= {int, float, bool, str}
    assert json.loads(stats["recording"])["version"] == 1


def test_the_profiling_panel_shows_a_request_once(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG_TOOLBAR_PANELS = [
        "debug_toolbar.panels.profiling.ProfilingPanel",
        "signal_panel.panel.SignalTimelinePanel",
    ]
    monkeypatch.setattr(DebugToolbar, "_panel_classes", None)
    client.cookies["djdtProfilingPanel"] = "on"
    client.get("/order/")
    (request_id,) = stored_requests()
    functions = get_store().panel(request_id, "ProfilingPanel")["func_list"]
    passing_on = re.compile("debug_toolbar/panels/.*process_request")
    assert [one["count"] for one in functions if passing_on.search(one["func_std_string"])] == [1]
