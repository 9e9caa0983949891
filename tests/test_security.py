"""Who is served the panel, what is never in it, and what hostile names and ids do: nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from debug_toolbar.middleware import show_toolbar_func_or_path
from debug_toolbar.store import get_store
from django.dispatch import Signal
from django.http import HttpResponse
from django.test import Client
from django.urls import path, reverse

from signal_panel import Recording, record
from tests.payloads import LONG, PAYLOADS
from tests.senders import all_named
from tests.stores import newest_stats, stored_requests
from tests.urls import urlpatterns as shop

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "<!doctype html><html><head><title>Shop</title></head><body>{}</body></html>"
SECRET = "hunter2"

STORES = ("MemoryStore", "DatabaseStore", "CacheStore")
SPANS, RENDER = "signal_timeline_spans", "render_panel"


class Secretive:
    """Tells its secret to whoever asks."""

    def __init__(self) -> None:
        self.password = SECRET

    def __repr__(self) -> str:
        return SECRET

    __str__ = __repr__


def secretive(request: Any) -> HttpResponse:
    """Sends secrets in every way there is, to receivers that raise and return them."""
    signal = Signal()

    def receiver(**named: object) -> str:
        if named.get("fails"):
            raise ValueError(SECRET, Secretive())
        return SECRET

    signal.connect(receiver)
    for sender in (SECRET, SECRET.encode(), Secretive(), frozenset([SECRET]), (SECRET,)):
        signal.send_robust(sender=sender, password=SECRET, secret=Secretive(), **{SECRET: 1})
        signal.send_robust(sender=str, fails=True, password=SECRET)
    return HttpResponse(PAGE.format("Sent"))


def hostile(request: Any) -> HttpResponse:
    """Sends what is named by the payloads."""
    with all_named(PAYLOADS) as senders:
        for sender in senders:
            sender.send()
    return HttpResponse(PAGE.format("Sent"))


urlpatterns = [path("secretive/", secretive), path("hostile/", hostile), *shop]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, settings: Any) -> str:
    settings.DEBUG_TOOLBAR_CONFIG = {
        **settings.DEBUG_TOOLBAR_CONFIG,
        "TOOLBAR_STORE_CLASS": f"debug_toolbar.store.{request.param}",
    }
    get_store().clear()
    return str(request.param)


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def ask(client: Client, view: str, request_id: Any, **extra: Any) -> Any:
    """What one of the two views that serve our data answers for the id of a request."""
    query = {"request_id": request_id, "panel_id": "SignalTimelinePanel"}
    return client.get(reverse(f"djdt:{view}"), query, **extra)


class TestWhoIsServed:
    @pytest.fixture
    def stored(self, store: str, client: Client) -> str:
        client.get("/order/")
        request_id = stored_requests()[-1]
        for view in (SPANS, RENDER):
            assert "announce_order" in ask(client, view, request_id).content.decode()
        return request_id

    @pytest.fixture
    def shown_by(self, settings: Any) -> Iterator[Callable[[str], None]]:
        """Sets the toolbar's callback, which the toolbar looks up once a process."""

        def show(callback: str) -> None:
            settings.DEBUG_TOOLBAR_CONFIG = {
                **settings.DEBUG_TOOLBAR_CONFIG,
                "SHOW_TOOLBAR_CALLBACK": callback,
            }
            show_toolbar_func_or_path.cache_clear()

        yield show
        show_toolbar_func_or_path.cache_clear()

    @pytest.mark.parametrize("view", [SPANS, RENDER])
    class TestNobody:
        def test_for_whom_the_callback_refuses(
            self, stored: str, client: Client, shown_by: Callable[[str], None], view: str
        ) -> None:
            shown_by("tests.test_security.refuses")
            self.is_refused(ask(client, view, stored))

        def test_where_debug_is_off(
            self, stored: str, client: Client, shown_by: Callable[[str], None], settings: Any, view: str
        ) -> None:
            shown_by("debug_toolbar.middleware.show_toolbar")
            settings.DEBUG = True
            assert ask(client, view, stored).status_code == 200
            settings.DEBUG = False
            self.is_refused(ask(client, view, stored))

        def test_at_another_address(
            self, stored: str, client: Client, shown_by: Callable[[str], None], settings: Any, view: str
        ) -> None:
            shown_by("debug_toolbar.middleware.show_toolbar")
            settings.DEBUG = True
            for address in ("10.0.0.1", "127.0.0.2", "::ffff:127.0.0.1", ""):
                self.is_refused(ask(client, view, stored, REMOTE_ADDR=address))
            settings.INTERNAL_IPS = []
            self.is_refused(ask(client, view, stored))

        def test_by_headers_that_anyone_can_send(
            self, stored: str, client: Client, shown_by: Callable[[str], None], settings: Any, view: str
        ) -> None:
            shown_by("debug_toolbar.middleware.show_toolbar")
            settings.DEBUG = True
            spoofed = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
            self.is_refused(ask(client, view, stored, REMOTE_ADDR="10.0.0.1", headers=spoofed))

        def test_at_another_host(self, stored: str, client: Client, settings: Any, view: str) -> None:
            settings.ALLOWED_HOSTS = ["shop.example"]
            settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.common.CommonMiddleware"]
            response = ask(Client(raise_request_exception=False), view, stored, HTTP_HOST="other.example")
            assert response.status_code == 400
            assert "announce_order" not in response.content.decode()

        def is_refused(self, response: Any) -> None:
            assert response.status_code == 404
            assert "announce_order" not in response.content.decode()

    def test_nothing_is_stored_of_a_request_for_which_the_callback_refuses(
        self, store: str, client: Client, shown_by: Callable[[str], None]
    ) -> None:
        shown_by("tests.test_security.refuses")
        client.get("/order/")
        assert stored_requests() == []

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_only_those_who_read(self, stored: str, client: Client, method: str) -> None:
        address = f"{reverse('djdt:signal_timeline_spans')}?request_id={stored}"
        before = newest_stats()
        response = getattr(client, method)(address)
        assert response.status_code == 405
        assert response.headers["Allow"] == "GET, HEAD"
        assert newest_stats() == before

    def test_head_has_the_headers_only(self, stored: str, client: Client) -> None:
        response = client.head(reverse("djdt:signal_timeline_spans"), {"request_id": stored})
        assert response.status_code == 200
        assert response.content == b""


def refuses(request: object) -> bool:
    """Show the toolbar to nobody."""
    return False


KNOWN = uuid4()
IDS = {
    "unknown": KNOWN.hex,
    "empty": "",
    "a space": " ",
    "nonsense": "nonsense",
    "a path": "../../../etc/passwd",
    "a null": "null",
    "a number": "0",
    "a negative number": "-1",
    "a NUL": "\0",
    "a NUL at the end": f"{KNOWN.hex}\0",
    "too short": KNOWN.hex[:-1],
    "too long": KNOWN.hex + "0",
    "very long": LONG * 10,
    "very long and hexadecimal": "0" * 1_000_000,
    "unicode digits": "\N{ARABIC-INDIC DIGIT ZERO}" * 32,
    "fullwidth digits": "\N{FULLWIDTH DIGIT ONE}" * 32,
    "superscript digits": "²" * 32,
    "underscores": "_".join("0" * 16),
    "a sign": "+" + "0" * 31,
    "a prefix": "0x" + "0" * 30,
    "braces": f"{{{KNOWN}}}",
    "a URN": KNOWN.urn,
    "upper case": KNOWN.hex.upper(),
    "SQL": "' OR 1=1 --",
    "markup": "<script>alert(1)</script>",
    "a header": "\r\nSet-Cookie: x=1",
    "a list": ["nonsense", KNOWN.hex],
    "a list of nothing": [],
    "JSON": json.dumps([KNOWN.hex]),
    "a surrogate": b"\xed\xa0\x80",
    "not UTF-8": b"\xff\xfe",
}


class TestIds:
    @pytest.mark.parametrize("debug", [True, False], ids=["DEBUG on", "DEBUG off"])
    def test_one_of_no_request_is_not_found(
        self, store: str, client: Client, debug: bool, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.DEBUG = debug
        client.get("/order/")
        caplog.clear()
        for name, request_id in IDS.items():
            response = ask(client, SPANS, request_id)
            text = response.content.decode()
            assert response.status_code == 404, name
            assert "Traceback" not in text, name
            assert "announce_order" not in text, name
        assert [record.getMessage() for record in caplog.records if record.exc_info] == []

    @pytest.mark.parametrize("debug", [True, False], ids=["DEBUG on", "DEBUG off"])
    def test_neither_is_one_that_the_store_has_let_go(
        self, store: str, client: Client, debug: bool, settings: Any
    ) -> None:
        settings.DEBUG = debug
        settings.DEBUG_TOOLBAR_CONFIG = {**settings.DEBUG_TOOLBAR_CONFIG, "RESULTS_CACHE_SIZE": 2}
        client.get("/order/")
        (first,) = stored_requests()
        assert ask(client, SPANS, first).status_code == 200
        for _ in range(3):
            client.get("/plain/")
        assert first not in stored_requests()
        assert ask(client, SPANS, first).status_code == 404
        assert "isn't available anymore" in ask(client, RENDER, first).json()["content"].replace(
            "&#x27;", "'"
        )

    def test_asking_for_one_leaves_nothing_in_the_store(self, store: str, client: Client) -> None:
        for request_id in IDS.values():
            ask(client, SPANS, request_id)
        assert stored_requests() == []

    def test_one_that_was_not_recorded_is_not_found(self, store: str, client: Client) -> None:
        client.cookies["djdtSignalTimelinePanel"] = "off"
        client.get("/order/")
        assert ask(client, SPANS, stored_requests()[-1]).status_code == 404

    def test_any_way_to_write_a_uuid_finds_it(self, store: str, client: Client) -> None:
        client.get("/order/")
        request_id = UUID(stored_requests()[-1])
        for written in (str(request_id), request_id.urn, request_id.hex.upper(), f"{{{request_id}}}"):
            assert ask(client, SPANS, written).status_code == 200


@pytest.mark.urls(__name__)
class TestSecrets:
    @pytest.mark.parametrize("render_panels", [False, True])
    def test_no_value_is_kept_or_shown(
        self, store: str, client: Client, settings: Any, render_panels: bool
    ) -> None:
        settings.DEBUG_TOOLBAR_CONFIG = {
            **settings.DEBUG_TOOLBAR_CONFIG,
            "RENDER_PANELS": render_panels,
        }
        response = client.get("/secretive/")
        assert SECRET not in response.content.decode()
        assert SECRET not in str(response.headers)
        request_id = stored_requests()[-1]
        stats = newest_stats()
        assert (stats["sends"], stats["exceptions"]) == (12, 5)
        assert "Secretive()" in stats["recording"]
        assert SECRET not in repr(stats)
        for view in (SPANS, RENDER):
            assert SECRET not in ask(client, view, request_id).content.decode()
        sidebar = client.get(reverse("djdt:history_sidebar"), {"request_id": request_id})
        assert SECRET not in sidebar.content.decode()

    def test_nor_by_a_recording(self) -> None:
        with record() as recording:
            secretive(None)
        assert SECRET not in recording.to_json()
        assert SECRET not in repr([*recording.sends, *recording.calls, recording])


@pytest.mark.urls(__name__)
class TestHostileNames:
    def test_a_recording_has_each_as_it_is(self) -> None:
        with all_named(PAYLOADS) as senders, record() as recording:
            for sender in senders:
                sender.send()
        for name, send, call in zip(PAYLOADS, recording.sends, recording.calls, strict=True):
            dotted = f"{name}.{name}"
            assert (send.signal, send.sender, send.exception) == (dotted,) * 3
            assert (call.receiver, call.exception, call.path) == (dotted, dotted, name)
            assert send.site is not None
            assert send.site.path == name
        assert Recording.from_json(recording.to_json()) == recording
        assert recording.to_json().isascii()

    def test_a_page_with_them_is_served_by_each_store_and_has_its_headers(
        self, store: str, client: Client
    ) -> None:
        plain = client.get("/plain/")
        response = client.get("/hostile/")
        assert response.status_code == 200
        assert set(response.headers) == set(plain.headers)
        assert response.cookies == {}
        assert newest_stats()["exceptions"] == len(PAYLOADS)
        assert "failure" not in newest_stats()
        request_id = stored_requests()[-1]
        strings = ask(client, SPANS, request_id).json()["strings"]
        assert {f"{name}.{name}" for name in PAYLOADS} <= set(strings)
        assert '<tr class="djsp-row' in ask(client, RENDER, request_id).json()["content"]
        query = {"request_id": request_id, "table": "spans"}
        html = client.get(reverse("djdt:signal_timeline_table"), query).content.decode()
        assert html.count('<tr class="djsp-row') == newest_stats()["sends"] + newest_stats()["calls"]

    def test_a_page_that_has_the_panel_in_itself_can_be_encoded(
        self, store: str, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("signal_panel.page.FIRST_ROWS", 500)
        settings.DEBUG_TOOLBAR_CONFIG = {**settings.DEBUG_TOOLBAR_CONFIG, "RENDER_PANELS": True}
        response = client.get("/hostile/")
        assert response.status_code == 200
        assert r"\ud800.\ud800" in response.content.decode()
