"""The source of a receiver: the right lines, of no file but receivers' own, and a word where it changed."""

from __future__ import annotations

import html
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from debug_toolbar.store import get_store
from django.test import Client, override_settings
from django.urls import reverse

from signal_panel import Recording, sources
from signal_panel.recording import NOTHING, Columns, ReceiverKind
from tests.payloads import PAYLOADS
from tests.stores import newest_stats, stored_requests

PROGRAM = '''\
import functools


def first(**named):
    """Two
    lines."""
    return named["signal"] < 3


@functools.cache
@functools.wraps(first)
async def second(
    **named,
):

    return None


class Audit:
    def __call__(self, **named):
        return self


third, fourth = (
    lambda **named: 3,
    lambda **named: 4,
)
fifth = lambda **named: 5
'''
LONG_AGO = 1_000_000_000
"""When the files of these tests were written, in seconds since 1970."""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "receivers.py"
    path.write_text(PROGRAM)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def lines_of(source: sources.Source) -> str:
    """The numbers of the lines, and their text as a reader sees it."""
    text = [html.unescape(re.sub("<[^>]*>", "", line)) for line in source.lines]
    assert text == PROGRAM.split("\n")[source.first - 1 : source.first - 1 + len(text)]
    return f"{source.first}-{source.first + len(text) - 1}"


class TestItsLines:
    @pytest.mark.parametrize(
        ("name", "line", "lines"),
        [
            ("shop.first", 4, "4-7"),
            ("shop.second", 12, "10-16"),
            ("shop.Audit", 20, "20-21"),
            ("shop.<lambda>", 25, "24-27"),
            ("shop.<lambda>", 28, "28-28"),
        ],
    )
    def test_they_go_from_the_first_decorator_to_the_end(
        self, program: Path, name: str, line: int, lines: str
    ) -> None:
        source = sources.read(str(program), line, name, time.time())
        assert lines_of(source) == lines
        assert not source.has_changed

    def test_without_pygments_they_are_plain_text(
        self, program: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pygments", None)
        source = sources.read(str(program), 4, "shop.first", time.time())
        assert lines_of(source) == "4-7"
        assert source.lines[-1] == "    return named[&quot;signal&quot;] &lt; 3"

    def test_with_it_they_have_classes_and_no_styles(self, program: Path) -> None:
        source = sources.read(str(program), 4, "shop.first", time.time())
        assert '<span class="k">def</span>' in source.lines[0]
        assert not any("style=" in line for line in source.lines)

    @pytest.mark.parametrize("payload", PAYLOADS)
    @pytest.mark.parametrize("with_pygments", [True, False])
    def test_what_is_in_them_is_text(
        self, tmp_path: Path, payload: str, with_pygments: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not with_pygments:
            monkeypatch.setitem(sys.modules, "pygments", None)
        program = tmp_path / "receivers.py"
        text = "".join(letter for letter in payload if letter.isprintable())
        program.write_text(f"def receiver(**named):\n    # {text}\n    pass\n")
        source = sources.read(str(program), 1, "receiver", time.time())
        assert html.unescape(re.sub("</?span[^>]*>", "", source.lines[1])) == f"    # {text}"
        assert set(re.findall(r"<(\w+)", source.lines[1])) <= {"span"}


class TestAFileThatWasWrittenSince:
    def test_it_says_so_and_finds_the_function_where_it_is_now(self, program: Path) -> None:
        program.write_text(f"# New.\n# New.\n{PROGRAM}")
        source = sources.read(str(program), 4, "shop.first", time.time() - 60)
        assert source.has_changed
        assert source.first == 6

    def test_written_between_its_loading_and_the_recording_it_has_changed_too(
        self, program: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sources, "LOADED", LONG_AGO - 1)
        assert sources.read(str(program), 4, "shop.first", LONG_AGO + 1).has_changed

    def test_of_two_functions_of_one_name_it_is_the_nearer_one(self, program: Path) -> None:
        program.write_text("def first(**named):\n    pass\n\n\n\n\ndef first(**named):\n    pass\n")
        assert sources.read(str(program), 2, "shop.first", LONG_AGO).first == 1
        assert sources.read(str(program), 6, "shop.first", LONG_AGO).first == 7

    def test_a_lambda_that_is_gone_is_not_taken_for_another(self, program: Path) -> None:
        with pytest.raises(sources.NoSource):
            sources.read(str(program), 5, "shop.<lambda>", LONG_AGO)

    def test_a_function_that_is_gone_is_not_taken_for_another(self, program: Path) -> None:
        program.write_text("import functools\n\n\n\n\n\ndef other(**named):\n    pass\n")
        with pytest.raises(sources.NoSource):
            sources.read(str(program), 4, "shop.first", LONG_AGO)


class TestNoSource:
    @pytest.mark.parametrize("payload", ["", "nowhere.py", "\0", "\ud800", "<string>", "/dev/zero", "/"])
    def test_where_there_is_no_file(self, payload: str) -> None:
        with pytest.raises(sources.NoSource):
            sources.read(payload, 1, "first", 0)

    @pytest.mark.parametrize(
        "content",
        [
            b"first: no Python",
            b"\xff\xfe\x00",
            b"# coding: nonsense\ndef first(): pass",
            b"\0",
            b"(" * 100_000,
            b"",
        ],
    )
    def test_where_it_is_not_python(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "receivers.py"
        path.write_bytes(content)
        with pytest.raises(sources.NoSource):
            sources.read(str(path), 1, "first", 0)

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "receivers.py")
        with pytest.raises(sources.NoSource):
            sources.read(str(tmp_path / "receivers.py"), 1, "first", 0)

    def test_the_page_says_so(self) -> None:
        columns = Columns(epoch=0, duration=0, strings=["gone", "/nowhere.py"])
        columns.receivers = [ReceiverKind(0, 1, 3, 0), ReceiverKind(0, NOTHING, 0, 0)]
        for receiver in (0, 1):
            assert "There is no source to show" in sources.html(Recording(columns), receiver)


@pytest.mark.django_db(transaction=True)
class TestItsView:
    @pytest.fixture
    def client(self, settings: Any) -> Client:
        get_store().clear()
        client = Client(raise_request_exception=False)
        client.get("/order/")
        return client

    def receivers(self) -> dict[str, int]:
        columns = Recording.from_json(newest_stats()["recording"]).columns
        return {
            columns.strings[kind.receiver].rpartition(".")[2]: index
            for index, kind in enumerate(columns.receivers)
        }

    def get(self, client: Client, **query: str) -> Any:
        return client.get(reverse("djdt:signal_timeline_source"), query)

    def test_it_serves_a_receiver_s_lines(self, client: Client) -> None:
        receiver = self.receivers()["announce_order"]
        response = self.get(client, request_id=stored_requests()[-1], receiver=str(receiver))
        text = html.unescape(re.sub("<[^>]*>", "", response.content.decode()))
        assert "def announce_order(" in text
        assert text.count("def ") == 1
        assert response.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        "receiver", ["", "-1", "100000", "1e0", "0x1", "9" * 5_000, "/etc/passwd", "0 ", "\0"]
    )
    def test_a_receiver_that_the_recording_does_not_have_is_not_found(
        self, client: Client, receiver: str
    ) -> None:
        with override_settings(DEBUG=False):
            response = self.get(client, request_id=stored_requests()[-1], receiver=receiver)
        assert response.status_code == 404

    def test_no_path_is_taken_from_the_address(self, client: Client) -> None:
        known = {"request_id": stored_requests()[-1], "receiver": "0"}
        answer = self.get(client, **known).content
        asked = {"path": __file__, "line": "1", "file": __file__, "kind": "1", "name": "lines_of"}
        assert self.get(client, **known, **asked).content == answer

    @pytest.mark.parametrize("request_id", ["", "nonsense", "../../etc/passwd", "a" * 32])
    def test_an_id_of_no_request_is_not_found(self, client: Client, request_id: str) -> None:
        with override_settings(DEBUG=False):
            response = self.get(client, request_id=request_id, receiver="0")
        assert response.status_code == 404

    def test_nothing_is_served_where_the_toolbar_does_not_show(self, client: Client) -> None:
        known = {"request_id": stored_requests()[-1], "receiver": "0"}
        assert self.get(client, **known).status_code == 200
        assert self.get(client, **known, **{"without-toolbar": ""}).status_code == 404

    def test_login_is_not_asked_for(self, client: Client, settings: Any) -> None:
        settings.MIDDLEWARE = [
            *settings.MIDDLEWARE,
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ]
        assert self.get(client, request_id=stored_requests()[-1], receiver="0").status_code == 200

    def test_it_cannot_be_posted_to(self, client: Client) -> None:
        assert client.post(reverse("djdt:signal_timeline_source")).status_code == 405
