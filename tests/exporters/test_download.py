"""Downloads: each format of a stored request, under a name that is safe in a header."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest
from debug_toolbar.store import get_store
from django.test import Client, override_settings
from django.urls import reverse

from signal_panel import Recording
from signal_panel.exporters import FORMATS
from tests.payloads import PAYLOADS
from tests.stores import newest_stats, stored_requests

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(settings: Any) -> Client:
    get_store().clear()
    client = Client(raise_request_exception=False)
    client.get("/order/")
    return client


def get(client: Client, **query: str) -> Any:
    return client.get(reverse("djdt:signal_timeline_download"), query)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("chrome", "trace.json"), ("speedscope", "speedscope.json"), ("json", "signals.json")],
)
def test_each_format_is_a_file(client: Client, name: str, suffix: str) -> None:
    request_id = stored_requests()[-1]
    response = get(client, request_id=request_id, format=name)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    filename = f"signals-{UUID(request_id).hex[:8]}.{suffix}"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{filename}"'
    assert json.loads(response.content)


def test_our_own_holds_the_recording(client: Client) -> None:
    response = get(client, request_id=stored_requests()[-1], format="json")
    stored = Recording.from_json(newest_stats()["recording"])
    assert Recording.from_json(response.content.decode()) == stored


def test_the_panel_links_to_them(client: Client) -> None:
    query = {"request_id": stored_requests()[-1], "panel_id": "SignalTimelinePanel"}
    html = client.get(reverse("djdt:render_panel"), query).json()["content"]
    links = re.findall(r'<a href="([^"]+)" download>([^<]+)</a>', html)
    assert [title for _, title in links] == [form.title for form in FORMATS.values()]
    for url, _ in links:
        assert client.get(url.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("name", ["", "csv", "__class__", *PAYLOADS[:20]])
def test_a_format_that_is_not_there_is_not_found(client: Client, name: str) -> None:
    with override_settings(DEBUG=False):
        assert get(client, request_id=stored_requests()[-1], format=name).status_code == 404


@pytest.mark.parametrize("request_id", ["", "nonsense", "0", "a" * 32, 'x"\r\nSet-Cookie: stolen=1'])
def test_an_id_of_no_request_is_not_found(client: Client, request_id: str) -> None:
    with override_settings(DEBUG=False):
        response = get(client, request_id=request_id, format="json")
    assert response.status_code == 404
    assert not response.cookies


def test_an_id_written_otherwise_makes_the_same_name(client: Client) -> None:
    request_id = UUID(stored_requests()[-1])
    names = {
        get(client, request_id=written, format="json").headers["Content-Disposition"]
        for written in (request_id.hex, str(request_id).upper(), f"{{{request_id}}}", request_id.urn)
    }
    assert len(names) == 1


def test_nothing_is_served_where_the_toolbar_does_not_show(client: Client) -> None:
    known = {"request_id": stored_requests()[-1], "format": "json"}
    assert get(client, **known, **{"without-toolbar": ""}).status_code == 404


def test_login_is_not_asked_for(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert get(client, request_id=stored_requests()[-1], format="json").status_code == 200


def test_it_cannot_be_posted_to(client: Client) -> None:
    assert client.post(reverse("djdt:signal_timeline_download")).status_code == 405
