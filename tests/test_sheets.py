"""The tables as they are served: who gets them, in which form, and what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from debug_toolbar.store import get_store
from django.dispatch import Signal
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse

from signal_panel import Recording, sheets, tables
from tests.lines import line_of
from tests.payloads import PAYLOADS
from tests.senders import all_named
from tests.shop import views
from tests.shop.models import Book
from tests.stores import newest_stats, stored_requests
from tests.urls import urlpatterns as shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

STORES = ("MemoryStore", "DatabaseStore", "CacheStore")
TABLES = ("receivers", "signals", "sends", "connected", "across")
PARTS = ("findings", "spans")
"""What stands in the panel itself, unless the request is large."""
PAGE = "<!doctype html><html><head></head><body>Hello</body></html>"

mended = Signal()
"""Sent by the view that every request goes to, and heard by what a test connects."""


def mend(request: Any) -> HttpResponse:
    """Sends what the tests below listen to."""
    Book.objects.create(title="Mended")
    try:
        mended.send(sender=Book)
    except ValueError:
        return HttpResponse(PAGE, status=500)
    return HttpResponse(PAGE)


def hostile(request: Any) -> HttpResponse:
    """Sends what is named by the payloads, and is connected while it runs."""
    with all_named(PAYLOADS) as senders:
        for sender in senders:
            sender.send()
    return HttpResponse(PAGE)


class Forgotten:
    """Hears nothing, since nobody holds it."""

    def __call__(self, **named: object) -> None:
        """Never called."""


def forgetful(request: Any) -> HttpResponse:
    """Connects what dies at once."""
    mended.connect(Forgotten())
    mended.send(sender=Book)
    return HttpResponse(PAGE)


urlpatterns = [path("mend/", mend), path("forgetful/", forgetful), path("hostile/", hostile), *shop]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, settings: Any) -> str:
    settings.DEBUG_TOOLBAR_CONFIG = {
        **settings.DEBUG_TOOLBAR_CONFIG,
        "TOOLBAR_STORE_CLASS": f"debug_toolbar.store.{request.param}",
    }
    get_store().clear()
    return str(request.param)


@pytest.fixture
def client(settings: Any) -> Client:
    settings.DEBUG_TOOLBAR_CONFIG = {
        **settings.DEBUG_TOOLBAR_CONFIG,
        "TOOLBAR_STORE_CLASS": "debug_toolbar.store.MemoryStore",
    }
    get_store().clear()
    return Client(raise_request_exception=False)


@pytest.fixture
def connect() -> Iterator[Callable[..., None]]:
    """Connects a receiver to ``mended`` for the test."""
    before = mended.receivers[:]

    def connect(receiver: Any, **how: Any) -> None:
        mended.connect(receiver, **how)

    yield connect
    mended.receivers[:] = before
    mended.sender_receivers_cache.clear()


class Elements(HTMLParser):
    """The names of all elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


def ask(client: Client, table: str, request_id: str | None = None, **query: Any) -> Any:
    accept = query.pop("accept", "*/*")
    return client.get(
        reverse("djdt:signal_timeline_table"),
        {"request_id": request_id or stored_requests()[-1], "table": table, **query},
        headers={"Accept": accept},
    )


def rows(html: str) -> list[list[str]]:
    """The text of the cells of each row, its spaces made plain."""
    plain = re.sub(r"[\N{NARROW NO-BREAK SPACE}\s]+", " ", html)
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd]\b.*?</t[hd]>", row)]
        for row in re.findall(r"<tr\b.*?</tr>", plain)
    ]


def row_of(html: str, *names: str) -> list[str]:
    """The one row that begins with the names."""
    (found,) = (row for row in rows(html) if row[: len(names)] == list(names))
    return found


class TestView:
    @pytest.mark.parametrize("table", [*TABLES, *PARTS])
    def test_every_store_serves_every_table(self, store: str, client: Client, table: str) -> None:
        client.get("/order/")
        client.get("/order/")
        answer = ask(client, table)
        assert answer.status_code == 200
        html = answer.content.decode()
        assert html.startswith(f'<section class="djsp-sheet" data-djsp-sheet="{table}"')
        assert "announce_order" in html or table in ("signals", "findings")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"

    @pytest.mark.parametrize("table", [*TABLES, *PARTS])
    def test_whoever_opens_the_address_gets_a_page(self, client: Client, table: str) -> None:
        client.get("/order/")
        html = ask(client, table, accept="text/html,application/xhtml+xml").content.decode()
        assert html.strip().startswith("<!doctype html>")
        assert "/static/signal_panel/css/panel.css" in html
        for other in TABLES:
            assert f"table={other}" in html
        (about,) = re.findall(r'<p class="djsp-about">(GET /order/ · \d\d:\d\d:\d\d)</p>', html)
        (title,) = re.findall("<title>(.*)</title>", html)
        assert about in title
        assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=", html)

    @pytest.mark.parametrize("request_id", ["nonsense", "../../etc/passwd", "0", "a" * 32])
    @pytest.mark.parametrize("debug", [True, False])
    def test_what_is_not_stored_is_not_found(
        self, store: str, client: Client, request_id: str, debug: bool
    ) -> None:
        client.get("/plain/")
        with override_settings(DEBUG=debug):
            assert ask(client, "receivers", request_id).status_code == 404
            answer = ask(client, "across", **{"with": request_id})
        assert answer.status_code == 404
        assert "Traceback" not in answer.content.decode()

    @pytest.mark.parametrize("table", ["", "nonsense", "../panel", "__class__"])
    def test_a_table_that_there_is_not_is_not_found(self, client: Client, table: str) -> None:
        client.get("/plain/")
        assert ask(client, table).status_code == 404

    def test_nothing_is_served_where_the_toolbar_does_not_show(self, client: Client) -> None:
        client.get("/plain/")
        assert ask(client, "receivers", **{"without-toolbar": "1"}).status_code == 404

    def test_login_is_not_asked_for(self, client: Client, settings: Any) -> None:
        settings.MIDDLEWARE = [
            *settings.MIDDLEWARE,
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ]
        client.get("/plain/")
        assert ask(client, "receivers").status_code == 200

    def test_it_is_only_there_to_be_read(self, client: Client) -> None:
        client.get("/plain/")
        answer = client.post(reverse("djdt:signal_timeline_table"))
        assert answer.status_code == 405

    @pytest.mark.parametrize("table", [*TABLES, *PARTS])
    def test_markup_in_names_is_text(self, client: Client, table: str) -> None:
        client.get("/markup/")
        client.get("/markup/")
        html = ask(client, table).content.decode()
        assert "<script>" not in html
        assert "<b>" not in html

    @pytest.mark.parametrize("table", [*TABLES, *PARTS])
    def test_hostile_names_make_no_elements_and_no_attributes(self, client: Client, table: str) -> None:
        client.get("/hostile/")
        client.get("/hostile/")
        found = Elements()
        found.feed(ask(client, table).content.decode())
        assert found.names <= {
            *("section", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
            *("form", "input", "label", "select", "option", "p"),
            *("a", "li", "ol", "span", "button", "wbr"),
        }
        assert found.attributes <= {
            *("aria-label", "aria-sort", "class", "colspan", "scope", "title", "type"),
            *("action", "method", "name", "value", "selected"),
            *("data-djsp-do", "data-djsp-kinds", "data-djsp-label", "data-djsp-sheet"),
            *("data-djsp-rule", "data-djsp-spans", "data-djsp-value", "href", "rel", "target"),
        }

    def test_the_panel_links_to_each(self, client: Client) -> None:
        client.get("/order/")
        query = {"request_id": stored_requests()[-1], "panel_id": "SignalTimelinePanel"}
        html = client.get(reverse("djdt:render_panel"), query).json()["content"]
        addresses = re.findall(r'href="([^"]+&amp;table=[a-z]+)"', html)
        assert [address.rpartition("=")[2] for address in addresses] == list(TABLES)
        for address in addresses:
            assert client.get(address.replace("&amp;", "&")).status_code == 200


class TestFindings:
    def test_where_nothing_is_found_that_is_told(self, client: Client) -> None:
        client.get("/plain/")
        assert "Nothing was found" in ask(client, "findings").content.decode()

    @override_settings(SIGNAL_PANEL={"FINDINGS": {"SLOW_RECEIVER_MS": 1e-5, "SLOW_RECEIVER_SQL_MS": 1e-5}})
    def test_in_the_panel_one_is_shown_and_on_a_page_three(self, client: Client) -> None:
        client.get("/order/")
        part, page = (
            ask(client, "findings", accept=accept).content.decode() for accept in ("*/*", "text/html")
        )
        found = part.count('class="djsp-finding"')
        assert found > 4
        assert f"{found - 1} more findings" in part
        assert f"{found - 3} more findings" in page

    def test_only_where_there_is_a_timeline_they_are_shown_on_it(self, client: Client) -> None:
        client.get("/order/")
        assert "Show on the timeline" in ask(client, "findings").content.decode()
        assert "Show on the timeline" not in ask(client, "findings", accept="text/html").content.decode()


class TestReceivers:
    def test_each_has_its_figures(self, client: Client) -> None:
        client.get("/order/")
        html = ask(client, "receivers").content.decode()
        row = row_of(html, "reserve_book")
        assert row[1] == "1"
        assert row[7] == "1"  # query
        assert row[10] == "order_placed"
        assert row[11].startswith("shop/receivers.py:")
        assert row_of(html, "refuse")[9] == "1"  # exception
        assert row_of(html, "All")[1] == "6"

    def test_rows_tell_their_spans_by_kinds(self, client: Client) -> None:
        client.get("/order/")
        html = ask(client, "receivers").content.decode()
        assert len(re.findall(r'<tr class="djsp-row djsp-call" data-djsp-kinds="-\d+">', html)) == 6


class TestSignals:
    def test_each_has_its_figures(self, client: Client) -> None:
        client.get("/many/")
        html = ask(client, "signals").content.decode()
        by_signal, by_site = (row for row in rows(html) if row[0] == "page_turned")
        assert [by_signal[place] for place in (1, 4, 8, 9)] == ["1,000", "1,000", "1", "1"]
        assert by_site[1:4] == ["None", *by_site[2:3], "1,000"]
        assert by_site[2].startswith("shop/views.py:")

    def test_a_package_that_sent_for_the_line_stands_below_it(self, client: Client) -> None:
        client.get("/order-by-package/")
        (by_site,) = (
            row for row in rows(ask(client, "signals").content.decode()) if row[:2] == ["post_save", "Order"]
        )
        line, _, through = by_site[2].partition(" through ")
        assert line == f"shop/views.py:{line_of('Orders()', views.order_by_package)}"
        assert through.startswith("factory/django.py:")
        assert (
            row_of(ask(client, "sends").content.decode(), "post_save level 1", "send", "Order")[3]
            == by_site[2]
        )

    def test_sends_that_nobody_heard_are_told(self, client: Client, connect: Callable[..., None]) -> None:
        client.get("/mend/")
        html = ask(client, "signals").content.decode()
        by_signal, _ = (row for row in rows(html) if row[0] == "mended")
        assert by_signal[10] == "1"
        assert by_signal[11]


class TestSends:
    def test_what_repeats_is_one_row(self, client: Client) -> None:
        client.get("/many/")
        html = ask(client, "sends").content.decode()
        assert row_of(html, "page_turned \N{MULTIPLICATION SIGN}1,000 level 1")[1] == "send"
        assert row_of(html, "count_page \N{MULTIPLICATION SIGN}1,000 level 2")[1] == "receiver"
        folded = re.findall(r'data-djsp-kinds="(-?\d+)" data-djsp-spans="(\d+)-(\d+)"', html)
        (send, first, last), (call, first_call, last_call) = folded
        assert int(send) >= 0 > int(call)
        assert int(last) - int(first) == int(last_call) - int(first_call) == 1998

    def test_rows_past_the_bound_are_added_up(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        client.get("/order/")
        monkeypatch.setattr(sheets, "ROWS", 3)
        html = ask(client, "sends").content.decode()
        assert html.count('<tr class="djsp-row') == 3
        assert row_of(html, "14 more rows")[2] == "14"
        assert row_of(html, "All")[2] == "17"


class TestConnected:
    def remarks(self, client: Client, name: str) -> str:
        client.get("/mend/")
        html = ask(client, "connected").content.decode()
        (found,) = {row[6] for row in rows(html) if row[0] == "mended" and name in row[1]}
        return found

    def test_one_that_was_called_has_no_reason(self, client: Client, connect: Callable[..., None]) -> None:
        def hears(**named: object) -> None:
            pass

        connect(hears)
        assert self.remarks(client, "hears") == ""

    def test_one_that_listens_to_another_sender(self, client: Client, connect: Callable[..., None]) -> None:
        def hears(**named: object) -> None:
            pass

        connect(hears, sender=Client)
        assert self.remarks(client, "hears") == "sent by other senders only"

    def test_one_after_another_that_raised(self, client: Client, connect: Callable[..., None]) -> None:
        def refuses(**named: object) -> None:
            raise ValueError

        def hears(**named: object) -> None:
            pass

        connect(refuses)
        connect(hears)
        assert self.remarks(client, "hears") == "an earlier receiver raised"

    def test_one_that_nobody_held(self, client: Client) -> None:
        client.get("/forgetful/")
        html = ask(client, "connected").content.decode()
        died = row_of(html, "mended", "Forgotten.__call__")
        assert died[4] == "0"
        reason, _, place = died[6].partition("; ")
        assert reason == "dead: it was connected weakly, and nobody held it"
        assert place.startswith("connected at tests/test_sheets.py:")

    def test_one_that_is_connected_twice(self, client: Client, connect: Callable[..., None]) -> None:
        def hears(**named: object) -> None:
            pass

        connect(hears)
        connect(hears, dispatch_uid="again")
        assert self.remarks(client, "hears") == "connected 2 times"

    def test_a_dispatch_uid_says_where_it_may_break(
        self, client: Client, connect: Callable[..., None]
    ) -> None:
        def hears(**named: object) -> None:
            pass

        connect(hears, dispatch_uid="shop.hears_it")
        client.get("/order/")
        html = ask(client, "connected").content.decode()
        assert '<td class="djsp-uid">shop.<wbr>hears_<wbr>it</td>' in html

    @pytest.mark.parametrize(
        ("state", "remark"),
        [
            ("live", []),
            ("dying", ["alive only while DEBUG is on: it is connected weakly, and nobody holds it"]),
            ("gone", ["disconnected since"]),
            ("dead", ["dead since: it was connected weakly, and nobody held it"]),
            ("stale", ["hidden since by the signal's cache"]),
        ],
    )
    def test_one_that_was_called_and_is_not_what_it_was(
        self, state: str, remark: list[str], client: Client, connect: Callable[..., None]
    ) -> None:
        def hears(**named: object) -> None:
            pass

        connect(hears)
        client.get("/mend/")
        recording = Recording.from_json(newest_stats()["recording"])
        (row,) = [
            row for row in tables.connected(recording).rows
            if row.receiver and row.signal.endswith("mended") and "hears" in row.receiver
        ]  # fmt: skip
        assert list(map(str, sheets._remarks(row._replace(state=state)))) == remark

    def test_signals_that_were_not_sent(self, client: Client) -> None:
        client.get("/plain/")
        html = ask(client, "connected").content.decode()
        assert row_of(html, "page_turned", "count_page")[6] == "signal not sent"
        assert row_of(html, "page_streamed", "none")[6] == "no receiver"

    def test_signals_that_were_sent_and_have_no_receiver(self, client: Client) -> None:
        client.get("/mend/")
        html = ask(client, "connected").content.decode()
        assert row_of(html, "mended", "none")[3] == "1"


class TestAcross:
    def test_the_last_request_like_this_one_is_what_it_is_compared_with(self, client: Client) -> None:
        for address in ("/order/", "/mend/", "/order/"):
            client.get(address)
        html = ask(client, "across").content.decode()
        first, second, _ = stored_requests()
        assert re.findall(r'<option value="(\w+)"', html) == [second, first]
        assert re.findall(r'<option value="(\w+)" selected>GET /order/ · ', html) == [first]
        assert "Added up: all 3 stored requests." in html

    def test_another_can_be_chosen(self, client: Client) -> None:
        client.get("/plain/")
        client.get("/many/")
        client.get("/order/")
        plain, many, order = stored_requests()
        html = ask(client, "across", order, **{"with": plain}).content.decode()
        compared = {row[0]: row[1] for row in rows(html.partition("Added up")[0])}
        assert compared["announce_order"] == "new"
        assert "count_page" not in compared
        html = ask(client, "across", order, **{"with": many}).content.decode()
        compared = {row[0]: row[1] for row in rows(html.partition("Added up")[0])}
        assert compared["count_page"] == "gone"

    def test_receivers_are_added_up(self, client: Client) -> None:
        client.get("/many/")
        client.get("/many/")
        client.get("/plain/")
        html = ask(client, "across").content.decode().partition("Added up")[2]
        assert row_of(html, "count_page")[1:3] == ["2,000", "2"]
        assert row_of(html, "page_turned")[1:3] == ["2,000", "2"]

    def test_one_request_alone_is_compared_with_none(self, client: Client) -> None:
        client.get("/order/")
        html = ask(client, "across").content.decode()
        assert "No other request is stored" in html
        assert "Added up: the one request that is stored." in html

    def test_requests_that_are_too_large_are_left_out_and_told(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for address in ("/many/", "/order/", "/order/"):
            client.get(address)
        monkeypatch.setattr(sheets, "LETTERS_ACROSS", 30_000)
        html = ask(client, "across").content.decode()
        assert "Added up: the last 2 of 3 stored requests." in html
        assert "count_page" not in html

    def test_requests_without_a_recording_are_left_out(self, client: Client) -> None:
        client.cookies["djdtSignalTimelinePanel"] = "off"
        client.get("/order/")
        client.cookies["djdtSignalTimelinePanel"] = "on"
        client.get("/order/")
        assert "No other request is stored" in ask(client, "across").content.decode()
