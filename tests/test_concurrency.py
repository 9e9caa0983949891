"""Hundreds of requests at once, each with a known tree of sends of its own: nothing is mixed up."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from debug_toolbar.panels.history import HistoryPanel
from debug_toolbar.store import get_store
from debug_toolbar.toolbar import DebugToolbar
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.dispatch import Signal, receiver
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path

import signal_panel
from signal_panel import Recording, naming
from signal_panel.middleware import current_request
from signal_panel.panel import SignalTimelinePanel
from signal_panel.panel.stored import stats_of
from signal_panel.recording import METHODS

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS = 200


# Each request's tree


class Node(NamedTuple):
    """A send: to which receivers, by which method, and what these send in turn."""

    audience: str
    method: str
    way: str
    children: list[Any]


def tree_of(number: int) -> list[Node]:
    """What request ``number`` sends: some seven sends, the same in every run."""
    chance = random.Random(number)

    def nodes(depth: int) -> list[Node]:
        return [
            Node(
                chance.choice(("sync", "async", "both")),
                chance.choice(METHODS),
                chance.choice(("in turn", "gather", "group", "hop")),
                nodes(depth - 1) if depth else [],
            )
            for _ in range(chance.randint(1, 2))
        ]

    return nodes(2)


senders = [type(f"Request{number}", (), {"__module__": __name__}) for number in range(2 * REQUESTS)]
told_sync, told_async, told_both = Signal(), Signal(), Signal()
signals = {"sync": told_sync, "async": told_async, "both": told_both}
receivers = {
    "sync": [("in_thread", False)],
    "async": [("interleaved", True), ("also_interleaved", True)],
    "both": [("in_thread", False), ("interleaved", True)],
}


def share_of(name: str, node: Node) -> list[Node]:
    """Those children that a receiver sends: each its own."""
    names = [receiver_name for receiver_name, _ in receivers[node.audience]]
    return node.children[names.index(name) :: len(names)]


@receiver([signals["sync"], signals["both"]])
def in_thread(sender: Any, node: Node, **kwargs: Any) -> None:
    time.sleep(0.0005)
    send_all(sender, share_of("in_thread", node))


@receiver([signals["async"], signals["both"]])
async def interleaved(sender: Any, node: Node, **kwargs: Any) -> None:
    await asyncio.sleep(0.0005)
    await asend_all(sender, share_of("interleaved", node), node.way)


@receiver(signals["async"])
async def also_interleaved(sender: Any, node: Node, **kwargs: Any) -> None:
    await asyncio.sleep(0)
    await asend_all(sender, share_of("also_interleaved", node), node.way)


def send_all(sender: Any, nodes: list[Node]) -> None:
    for node in nodes:
        send = getattr(signals[node.audience], node.method)
        (async_to_sync(send) if node.method.startswith("a") else send)(sender, node=node)


async def asend_all(sender: Any, nodes: list[Node], way: str) -> None:
    async def asend(node: Node) -> None:
        send = getattr(signals[node.audience], node.method)
        await (send if node.method.startswith("a") else sync_to_async(send))(sender, node=node)

    if way == "gather":
        await asyncio.gather(*map(asend, nodes))
    elif way == "group" and sys.version_info >= (3, 11):
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(asend(node))
    elif way == "hop":
        await sync_to_async(send_all)(sender, nodes)
    else:
        for node in nodes:
            await asend(node)


def expected(number: int) -> Any:
    def of(nodes: list[Node]) -> Any:
        return sorted(
            (
                f"{__name__}.Request{number}",
                node.method,
                sorted(
                    (f"{__name__}.{name}", is_async, of(share_of(name, node)))
                    for name, is_async in receivers[node.audience]
                ),
            )
            for node in nodes
        )

    return of(tree_of(number))


def recorded(recording: Recording) -> Any:
    def of(sends: Any) -> Any:
        return sorted(
            (
                send.sender,
                send.method,
                sorted((call.receiver, call.is_async, of(call.sends)) for call in send.calls),
            )
            for send in sends
        )

    return of(send for send in recording.sends if send.parent is None and is_ours(send))


def is_ours(send: Any) -> bool:
    return bool(send.signal.startswith("tests."))


# The views


class Gate:
    """Lets nobody through before all are there, so that all are under way at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.opens_at = 0
        self.arrived = 0
        self.open = threading.Event()

    def expect(self, visitors: int) -> None:
        self.opens_at, self.arrived = visitors, 0
        self.open.clear()

    def arrive(self) -> None:
        with self.lock:
            self.arrived += 1
            if self.arrived == self.opens_at:
                self.open.set()

    def wait(self) -> None:
        self.arrive()
        assert self.open.wait(60)

    async def await_(self) -> None:
        self.arrive()
        while not self.open.is_set():
            await asyncio.sleep(0.005)


gate = Gate()


def sync_view(request: HttpRequest, number: int) -> HttpResponse:
    gate.wait()
    send_all(senders[number], tree_of(number))
    return HttpResponse("<body></body>")


async def async_view(request: HttpRequest, number: int) -> HttpResponse:
    await gate.await_()
    await asend_all(senders[number], tree_of(number), ("in turn", "gather", "group", "hop")[number // 2 % 4])
    return HttpResponse("<body></body>")


left_behind: list[Any] = []
may_go_on = threading.Event()


async def leaving_view(request: HttpRequest, number: int) -> HttpResponse:
    """Leaves behind a task and a thread, which go on sending once they may."""

    async def outlives() -> None:
        while not may_go_on.is_set():
            await asyncio.sleep(0.005)
        await asend_all(senders[number], tree_of(number), "gather")

    def outlives_too() -> None:
        may_go_on.wait(60)
        send_all(senders[number], tree_of(number))

    left_behind.append(asyncio.ensure_future(outlives()))
    left_behind.append(asyncio.ensure_future(asyncio.to_thread(signal_panel.carry(outlives_too))))
    await asend_all(senders[number], tree_of(number), "in turn")
    return HttpResponse("<body></body>")


urlpatterns = [
    path("sync/<int:number>/", sync_view),
    path("async/<int:number>/", async_view),
    path("leaving/<int:number>/", leaving_view),
    path("__debug__/", include("debug_toolbar.urls")),
]


# Asking for them


@pytest.fixture(autouse=True)
def _toolbar(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The other panels take most of the time, and nothing of them is looked at.
    monkeypatch.setattr(DebugToolbar, "_panel_classes", [HistoryPanel, SignalTimelinePanel])
    config = {
        **settings.DEBUG_TOOLBAR_CONFIG,
        "TOOLBAR_STORE_CLASS": "debug_toolbar.store.MemoryStore",
        "RESULTS_CACHE_SIZE": 10 * REQUESTS,
    }
    with override_settings(DEBUG_TOOLBAR_CONFIG=config, ROOT_URLCONF=__name__, DEBUG=True):
        get_store().clear()
        yield
        get_store().clear()


def ids_by_wsgi(paths: list[str]) -> list[str]:
    """Ask a threaded server for all paths at once; the ids that the toolbar gave the requests."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
    server.request_queue_size = len(paths)
    server.socket.listen(len(paths))
    server.set_app(WSGIHandler())
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(path: str) -> str:
        with urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=120) as response:
            assert response.status == 200
            return str(response.headers["djdt-request-id"])

    try:
        with ThreadPoolExecutor(len(paths)) as clients:
            return list(clients.map(ask, paths))
    finally:
        server.shutdown()
        server.server_close()


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


async def ids_by_asgi(paths: list[str], handler: Any = None) -> list[str]:
    """The same by one event loop."""
    handler = handler or ASGIHandler()

    async def ask(path: str) -> str:
        requests = iter([{"type": "http.request", "body": b""}])
        closed = asyncio.Event()
        answers: list[Any] = []

        async def receive() -> Any:
            try:
                return next(requests)
            except StopIteration:
                await closed.wait()
                return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answers.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "headers": [],
            "query_string": b"",
            "client": ["127.0.0.1", 1],
        }
        await handler(scope, receive, send)
        assert answers[0]["status"] == 200
        return dict(answers[0]["headers"])[b"djdt-request-id"].decode()

    return await asyncio.gather(*map(ask, paths))


def finished_recording(request_id: str) -> Recording:
    """A request's recording, once ``request_finished`` has been added: clients do not wait for that."""
    for _ in range(1000):
        recording = Recording.from_json(stats_of(request_id)["recording"])
        if recording.sends[-1].signal.endswith("request_finished"):
            break
        time.sleep(0.01)
    return recording


def mixed_spans(recording: Recording, number: int) -> int:
    """How many spans are another request's."""
    own = f"{__name__}.Request{number}"
    return sum(is_ours(send) and send.sender != own for send in recording.sends) + sum(
        call.receiver.startswith(__name__) and call.send.sender != own for call in recording.calls
    )


def assert_each_has_its_own(ids: list[str]) -> None:
    recordings = [finished_recording(request_id) for request_id in ids]
    assert sum(mixed_spans(recording, number) for number, recording in enumerate(recordings)) == 0
    for number, recording in enumerate(recordings):
        assert recorded(recording) == expected(number)
        others = [send.signal for send in recording.sends if not is_ours(send)]
        assert others == ["django.core.signals.request_started", "django.core.signals.request_finished"]
    assert Signal.send.__module__ == "django.dispatch.dispatcher"
    assert current_request() is None


PATHS = [f"/{('sync', 'async')[number % 2]}/{number}/" for number in range(REQUESTS)]


def test_under_wsgi_threads() -> None:
    gate.expect(REQUESTS)
    assert_each_has_its_own(ids_by_wsgi(PATHS))


def test_under_asgi() -> None:
    gate.expect(REQUESTS)
    assert_each_has_its_own(asyncio.run(ids_by_asgi(PATHS)))


def test_requests_inside_one_recording_are_each_their_own_and_all_in_it() -> None:
    gate.expect(40)
    with signal_panel.record() as around:
        ids = asyncio.run(ids_by_asgi(PATHS[:40]))
    assert_each_has_its_own(ids)
    assert recorded(around) == sorted(send for number in range(40) for send in expected(number))


def test_what_outlives_its_request_is_written_to_no_recording() -> None:
    left_behind.clear()
    may_go_on.clear()

    async def meanwhile() -> list[str]:
        handler = ASGIHandler()
        first = await ids_by_asgi([f"/leaving/{number}/" for number in range(20)], handler)
        gate.expect(20)
        may_go_on.set()
        second = await ids_by_asgi([f"/sync/{number}/" for number in range(20, 40)], handler)
        await asyncio.gather(*left_behind)
        return first + second

    assert_each_has_its_own(asyncio.run(meanwhile()))
    assert len(left_behind) == 40


def test_requests_that_come_while_the_names_of_signals_are_looked_up_wait_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whoever came second found the work taken, went on without names, and ignored nothing.
    names = naming._SignalNames()
    looking = threading.Event()
    look = names._look_through_modules

    def slowly(modules: int) -> None:
        looking.set()
        time.sleep(0.05)
        look(modules)

    monkeypatch.setattr(names, "_look_through_modules", slowly)
    first = threading.Thread(target=names.refresh)
    first.start()
    assert looking.wait(10)
    names.refresh()
    assert names.known(told_sync) == f"{__name__}.told_sync"
    first.join()
