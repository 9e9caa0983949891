"""The page that opens downloaded recordings: who is served it, and that it works under strict policies."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db(transaction=True)


def get(**query: str) -> Any:
    return Client(raise_request_exception=False).get(reverse("djdt:signal_timeline_open"), query)


def test_it_has_no_inline_style_or_script_and_loads_nothing_from_elsewhere() -> None:
    html = get().content.decode()
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=", html)
    assert set(re.findall(r'(?:src|href)="(/?[^"/]*)', html)) == {"/static"}


def test_it_is_not_served_where_the_toolbar_does_not_show() -> None:
    assert get().status_code == 200
    assert get(**{"without-toolbar": ""}).status_code == 404


def test_login_is_not_asked_for(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert get().status_code == 200


def test_it_cannot_be_posted_to() -> None:
    assert Client().post(reverse("djdt:signal_timeline_open")).status_code == 405
