"""Fault injection: every function of ours that runs in a request, made to raise in turn."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest
from debug_toolbar.store import MemoryStore, get_store
from django.dispatch import Signal
from django.test import Client
from django.urls import reverse

from signal_panel import (
    batches,
    collector,
    conf,
    connected,
    frames,
    freezing,
    handlers,
    identity,
    instances,
    intervals,
    kinds,
    listing,
    middleware,
    naming,
    overflow,
    page,
    panel,
    queries,
    recording,
    rows,
    scope,
    sheets,
    summary,
    templating,
    unchanged,
)
from signal_panel.middleware import current_request
from signal_panel.panel import stored
from signal_panel.recording import columns, serializing, views
from signal_panel.speedups import pure
from signal_panel.tracer import connecting, contexts, database, patching, scopes
from tests.stores import stored_requests

pytestmark = pytest.mark.django_db(transaction=True)

MODULES = (
    batches, collector, columns, conf, connected, connecting, contexts, database, frames, freezing,
    handlers, identity, instances, intervals, kinds, listing, middleware, naming, overflow, page, panel,
    patching, pure, queries, recording, rows, scope, scopes, serializing, stored, summary, templating,
    unchanged, views,
)  # fmt: skip

# What runs when somebody looks.
SHOWING = (
    columns, page, recording, serializing, sheets, summary, templating, views,
    *(module for name, module in sys.modules.items()
      if name.startswith(("signal_panel.tables.", "signal_panel.findings."))),
)  # fmt: skip

# What is called by Django, the toolbar or a send itself. These are made of guards around the others.
BOUNDARY = {
    "collector.Collector.kind_of", "collector.Collector.end", "collector.Collector.end_calls",
    "collector.Collector.end_send", "collector.Collector.end_call", "collector.Collector.failed",
    "collector.Collector.note", "middleware.SignalPanelMiddleware.process_exception",
    "middleware.SignalPanelMiddleware.process_template_response",
    "middleware.SignalPanelMiddleware.process_view", "middleware._begin_request",
    "middleware._end_request", "middleware._enter", "middleware._harmless", "middleware._leave",
    "middleware._mark", "middleware._rendered", "middleware._marking_the_views_end",
    "middleware._watch_requests", "scope.Scope.leave", "collector.Collector.did_not_run",
    "collector.Collector.executed", "collector.Collector.has_connected",
    "collector.Collector.has_disconnected", "collector.Collector.open_block",
    "collector.Collector.sent_for", "collector._Idle.end", "collector._Idle.end_calls",
    "collector._Idle.end_call", "collector._Idle.end_send", "collector._Idle.sent_for",
    "collector._Idle.kind_of", "identity.IdentityMap._forget", "middleware.RequestScope.failed",
    "middleware.RequestScope.end", "panel.SignalTimelinePanel._failed",
    "panel.SignalTimelinePanel._harmless", "panel.SignalTimelinePanel.disable_instrumentation",
    "panel.SignalTimelinePanel.enable_instrumentation",
    "panel.SignalTimelinePanel.generate_server_timing", "panel.SignalTimelinePanel.generate_stats",
    "panel.SignalTimelinePanel.get_headers", "panel.SignalTimelinePanel.get_urls",
    "panel.SignalTimelinePanel._store_failure", "panel.SignalTimelinePanel.process_request",
    "tracer.scopes.close_scope", "tracer.contexts.enter", "tracer.patching.uninstall",
    "tracer.patching._Patch.take_off", "page.failure_text",
}  # fmt: skip


def functions(modules: Iterable[ModuleType]) -> Iterator[str]:
    """Dotted names, within the package, of its functions and methods; of properties their getters'."""
    for module in modules:
        short = module.__name__.removeprefix("signal_panel.")
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(thing):
                yield f"{short}.{name}"
            elif inspect.isclass(thing):
                for attribute, member in vars(thing).items():
                    is_ours = inspect.isfunction(member) and member.__module__ == module.__name__
                    if is_ours and not attribute.startswith("__"):
                        yield f"{short}.{name}.{attribute}"


def inject(fault: pytest.MonkeyPatch, name: str, fails: Any) -> None:
    """Put a failing function in place of ours, under whatever name a module has imported it."""
    path = name.split(".")
    owner: Any = sys.modules["signal_panel"]
    for part in path[:-1]:
        # A package may have a function by the name of its module.
        owner = sys.modules.get(f"{owner.__name__}.{part}") or getattr(owner, part)
    ours = vars(owner)[path[-1]]
    modules = [m for n, m in list(sys.modules.items()) if n.split(".")[0] == "signal_panel"]
    for one in [owner, *modules]:
        for attribute, value in list(vars(one).items()):
            if value is ours:
                fault.setattr(one, attribute, fails)


def what_the_client_gets(response: Any) -> tuple[Any, ...]:
    """The response without what the toolbar adds to it."""
    body = b"".join(response)
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in ("Server-Timing", "djdt-request-id", "Content-Length")
    }
    return response.status_code, headers, body.split(b'<div id="djDebugRoot"')[0]


@pytest.fixture
def client(settings: Any) -> Client:
    settings.DEBUG_TOOLBAR_CONFIG = {
        **settings.DEBUG_TOOLBAR_CONFIG,
        "TOOLBAR_STORE_CLASS": "debug_toolbar.store.MemoryStore",
    }
    get_store().clear()
    return Client(raise_request_exception=False)


PATHS = ("/order/", "/template/", "/streaming/", "/failing/")


@pytest.fixture(scope="module")
def unharmed() -> dict[str, Any]:
    """What the client gets of each path where nothing of ours fails, kept over the tests."""
    return {}


@pytest.mark.parametrize("name", sorted({*functions(MODULES)} - BOUNDARY))
def test_a_function_of_ours_that_fails_changes_no_response(
    name: str,
    client: Client,
    unharmed: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for path in PATHS:
        if path not in unharmed:
            unharmed[path] = what_the_client_gets(client.get(path))
    calls = []

    def fails(*args: object, **kwargs: object) -> None:
        calls.append(name)
        raise RuntimeError("ours")

    # A new process, as far as the names of signals go.
    monkeypatch.setattr(naming._signal_names, "_modules_seen", 0)
    monkeypatch.setattr(rows, "PACKED_AFTER", 2)  # else no rows of so few are packed
    with pytest.MonkeyPatch.context() as fault, caplog.at_level(logging.ERROR, "signal_panel"):
        inject(fault, name, fails)
        for path in PATHS:
            assert what_the_client_gets(client.get(path)) == unharmed[path]
            assert current_request() is None
    assert Signal.send.__module__ == "django.dispatch.dispatcher"

    failures = [record for record in caplog.records if record.name == "signal_panel"]
    assert bool(failures) == bool(calls)
    # The panel of such a request can still be asked for.
    for request_id in stored_requests():
        query = {"request_id": request_id, "panel_id": "SignalTimelinePanel"}
        assert client.get(reverse("djdt:render_panel"), query).status_code == 200


class FullStore(MemoryStore):
    """A store that takes nothing of ours."""

    @classmethod
    def save_panel(cls, request_id: str, panel_id: str, data: Any = None) -> None:
        if panel_id == "SignalTimelinePanel":
            raise OSError("no space left")
        super().save_panel(request_id, panel_id, data)


def test_a_store_that_can_keep_nothing_changes_no_response(
    client: Client, unharmed: dict[str, Any], settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for path in PATHS:
        unharmed[path] = what_the_client_gets(client.get(path))
    config = {**settings.DEBUG_TOOLBAR_CONFIG, "TOOLBAR_STORE_CLASS": f"{__name__}.FullStore"}
    settings.DEBUG_TOOLBAR_CONFIG = config
    for path in PATHS:
        caplog.clear()
        assert what_the_client_gets(client.get(path)) == unharmed[path]
        assert "no space left" in caplog.text
    query = {"request_id": stored_requests()[-1], "panel_id": "SignalTimelinePanel"}
    assert client.get(reverse("djdt:render_panel"), query).status_code == 200


def what_is_shown(client: Client) -> Iterator[str]:
    """The panel and each of its tables, for the last request."""
    request_id = stored_requests()[-1]
    query = {"request_id": request_id, "panel_id": "SignalTimelinePanel"}
    yield client.get(reverse("djdt:render_panel"), query).json()["content"]
    for table in sheets.NAMES:
        for accept in ("*/*", "text/html"):
            query = {"request_id": request_id, "table": table}
            answer = client.get(reverse("djdt:signal_timeline_table"), query, headers={"Accept": accept})
            assert answer.status_code == 200
            yield answer.content.decode()


@pytest.mark.parametrize("name", sorted({*functions(SHOWING)} - BOUNDARY))
def test_a_function_of_ours_that_fails_is_told_where_its_work_would_be(
    name: str, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/order/", "/order/"):
        client.get(path)
    calls = []

    def fails(*args: object, **kwargs: object) -> None:
        calls.append(name)
        raise RuntimeError("ours")

    with pytest.MonkeyPatch.context() as fault, caplog.at_level(logging.ERROR, "signal_panel"):
        inject(fault, name, fails)
        shown = list(what_is_shown(client))
    failures = [record for record in caplog.records if record.name == "signal_panel"]
    assert bool(failures) == bool(calls)
    told = ["The panel failed with RuntimeError." in html for html in shown]
    assert any(told) == bool(calls)
    assert len(failures) >= sum(told)
