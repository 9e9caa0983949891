"""The request's recording: from ``request_started`` to ``request_finished``, WSGI and ASGI."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from debug_toolbar.panels import Panel
from debug_toolbar.store import get_store
from debug_toolbar.toolbar import DebugToolbar
from django.conf import settings
from django.core.cache import close_caches
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception, request_finished, request_started
from django.dispatch import Signal
from django.http import Http404, HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.views.generic import CreateView

import signal_panel
from signal_panel import Recording, speedups
from signal_panel.middleware import SignalPanelMiddleware, current_request
from signal_panel.panel import SignalTimelinePanel
from tests.lines import line_of
from tests.shop import views
from tests.shop.models import Author
from tests.shop.signals import page_streamed
from tests.stores import newest_stats, stored_requests
from tests.urls import urlpatterns as shop

pytestmark = pytest.mark.django_db(transaction=True)

heard_by_middleware = Signal()


def noisy_middleware(get_response: Any) -> Any:
    """Sends before and after the view, as a project's own middleware may."""

    def middleware(request: HttpRequest) -> HttpResponse:
        heard_by_middleware.send(sender=HttpRequest)
        response = get_response(request)
        heard_by_middleware.send(sender=HttpResponse)
        return response

    return middleware


class NoisyPanel(Panel):
    """A panel of somebody else's, which sends while the toolbar gathers and renders."""

    is_async = True
    title = nav_title = content = "Noisy"

    def generate_stats(self, request: HttpRequest, response: HttpResponse) -> None:
        heard_by_middleware.send(sender=HttpRequest)


class PanelNoisyFromTheStart(NoisyPanel):
    """One that sends as soon as it is made, too."""

    def __init__(self, toolbar: Any, get_response: Any) -> None:
        super().__init__(toolbar, get_response)
        heard_by_middleware.send(sender=HttpRequest)


class WsgiAndAsgi:
    """The same request by either of Django's handlers."""

    def __init__(self, interface: str) -> None:
        self.interface = interface

    def get(self, path: str) -> Any:
        if self.interface == "wsgi":
            client = Client(raise_request_exception=False)
            response = client.get(path)
            if response.streaming:
                list(response)
            return response
        return asyncio.run(self._aget(path))

    async def _aget(self, path: str) -> Any:
        response = await AsyncClient(raise_request_exception=False).get(path)
        if response.streaming:
            async for _ in response:
                pass
        return response


@pytest.fixture(params=["wsgi", "asgi"])
def requests(request: pytest.FixtureRequest) -> WsgiAndAsgi:
    return WsgiAndAsgi(request.param)


@pytest.fixture(autouse=True)
def _memory_store(settings: Any) -> Iterator[None]:
    config = {**settings.DEBUG_TOOLBAR_CONFIG, "TOOLBAR_STORE_CLASS": "debug_toolbar.store.MemoryStore"}
    with override_settings(DEBUG_TOOLBAR_CONFIG=config):
        get_store().clear()
        yield


@pytest.fixture(autouse=True, scope="module")
def _requests_are_watched() -> None:
    """As they are once a handler has loaded its middleware."""
    SignalPanelMiddleware(lambda request: HttpResponse())


def recording() -> Recording:
    return Recording.from_json(newest_stats()["recording"])


def names(sends: Any) -> list[str]:
    return [send.signal.rsplit(".", 1)[1] for send in sends if send.parent is None]


def test_the_first_and_the_last_signal_of_a_request_are_in_it(requests: WsgiAndAsgi) -> None:
    requests.get("/plain/")
    sends = recording().sends
    assert names(sends) == ["request_started", "request_finished"]
    assert "django.db.reset_queries" in [call.receiver for call in sends[0].calls]
    assert "django.core.cache.close_caches" in [call.receiver for call in sends[1].calls]


def test_what_the_view_sends_is_in_it_at_its_line(requests: WsgiAndAsgi) -> None:
    requests.get("/order/")
    (saved,) = [
        send for send in recording().sends
        if send.signal.endswith("post_save") and send.sender.endswith("Order")
    ]  # fmt: skip
    assert saved.site is not None
    assert saved.site.path == views.__file__
    assert saved.site.line == line_of("Order.objects.create()", views.order)
    (placed,) = saved.calls[0].sends
    assert [call.exception for call in placed.calls] == [None, "ValueError"]


def test_what_an_async_view_sends_is_in_it_at_its_line(requests: WsgiAndAsgi) -> None:
    requests.get("/async-order/")
    (saved,) = [
        send for send in recording().sends
        if send.signal.endswith("post_save") and send.sender.endswith("Order")
    ]  # fmt: skip
    assert saved.site is not None
    assert saved.site.line == line_of("await Order", views.async_order)


@pytest.mark.parametrize("page", ["streaming", "async-streaming"])
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_what_a_streaming_response_sends_while_it_is_read_is_in_it(requests: WsgiAndAsgi, page: str) -> None:
    requests.get(f"/{page}/")
    found = recording()
    if (requests.interface, page) == ("wsgi", "async-streaming"):
        # Django reads an async iterator to its end before a WSGI server gets anything.
        assert names(found.sends).count("page_streamed") == 3
    else:
        assert names(found.sends) == ["request_started", *["page_streamed"] * 3, "request_finished"]
        assert found.phases[-1].name == "streaming"


@override_settings(
    MIDDLEWARE=[
        "signal_panel.middleware.SignalPanelMiddleware",
        "tests.test_middleware.noisy_middleware",
        "debug_toolbar.middleware.DebugToolbarMiddleware",
        "tests.test_middleware.noisy_middleware",
    ]
)
def test_what_every_middleware_sends_is_in_it_outside_the_toolbar_s_own_too(requests: WsgiAndAsgi) -> None:
    requests.get("/plain/")
    assert names(recording().sends) == [
        "request_started",
        *["heard_by_middleware"] * 4,
        "request_finished",
    ]


urlpatterns = [path("add/", CreateView.as_view(model=Author, fields=["name"], success_url="/")), *shop]


@override_settings(
    MIDDLEWARE=["tests.test_middleware.noisy_middleware", *settings.MIDDLEWARE], ROOT_URLCONF=__name__
)
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_what_a_view_of_django_s_sends_is_no_middleware_s_doing(interface: str) -> None:
    with signal_panel.record() as found:
        if interface == "wsgi":
            Client().post("/add/", {"name": "A"})
        else:
            async_to_sync(AsyncClient().post)("/add/", {"name": "A"})
    lines = {send.signal.rpartition(".")[2]: send.site for send in found.sends}
    assert lines["heard_by_middleware"] is not None
    assert (lines["post_init"], lines["post_save"]) == (None, None)


class TestPhases:
    def phases(self) -> list[tuple[str, str]]:
        found = recording()
        assert found.phases[0].start_ns == 0
        for one, following in zip(found.phases, found.phases[1:], strict=False):
            assert one.start_ns + one.duration_ns == following.start_ns
        last = found.phases[-1]
        assert last.start_ns + last.duration_ns == found.duration_ns
        *phases, toolbar, after = [(phase.name, phase.label) for phase in found.phases]
        assert (toolbar, after) == (("toolbar", ""), ("response", ""))
        return phases

    def test_a_plain_view(self, requests: WsgiAndAsgi) -> None:
        requests.get("/plain/")
        assert self.phases() == [("middleware", ""), ("view", "tests.shop.views.plain"), ("response", "")]

    def test_a_template_response(self, requests: WsgiAndAsgi) -> None:
        requests.get("/template/")
        assert self.phases() == [
            ("middleware", ""),
            ("view", "tests.shop.views.template"),
            ("response", ""),
            ("rendering", ""),
            ("response", ""),
        ]

    def test_a_view_that_raises(self, requests: WsgiAndAsgi) -> None:
        assert requests.get("/failing/").status_code == 500
        assert self.phases() == [("middleware", ""), ("view", "tests.shop.views.failing"), ("response", "")]
        assert "got_request_exception" in names(recording().sends)

    def test_a_page_that_no_url_leads_to(self, requests: WsgiAndAsgi) -> None:
        assert requests.get("/nowhere/").status_code == 404
        assert self.phases() == [("middleware", "")]

    def test_a_class_based_view_is_named_by_its_class(self, requests: WsgiAndAsgi) -> None:
        requests.get("/class-based/")
        assert ("view", "tests.shop.views.ClassBased") in self.phases()


class TestWhatIsNotRecorded:
    def test_a_request_for_which_the_toolbar_does_not_show(self, requests: WsgiAndAsgi) -> None:
        before = stored_requests()
        requests.get("/order/?without-toolbar")
        assert stored_requests() == before

    def test_it_is_given_up_before_the_view_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen = []
        monkeypatch.setattr(
            page_streamed,
            "send",
            lambda **kwargs: seen.append((current_request(), Signal.send.__module__)),
            raising=False,
        )
        Client(raise_request_exception=False).get("/failing/?without-toolbar")
        assert seen == [(None, "django.dispatch.dispatcher")]

    def test_the_toolbar_s_own_requests(self, requests: WsgiAndAsgi) -> None:
        requests.get("/plain/")
        before = stored_requests()
        requests.get(f"/__debug__/render_panel/?request_id={before[-1]}&panel_id=SignalTimelinePanel")
        assert stored_requests() == before

    def test_a_request_that_never_reaches_the_middleware(self) -> None:
        request_started.send(sender=None, environ={})
        assert current_request() is not None
        request_finished.send(sender=None)
        assert current_request() is None

    def test_one_that_is_never_finished_ends_with_the_next(self) -> None:
        request_started.send(sender=None, environ={})
        first = current_request()
        request_started.send(sender=None, environ={})
        assert current_request() is not first
        request_finished.send(sender=None)

    def test_one_whose_response_is_never_closed_ends_with_the_next(self) -> None:
        handler = WSGIHandler()
        environ = RequestFactory().get("/plain/").environ
        handler(environ, lambda *_: None)
        first = current_request()
        assert first is not None
        handler(environ, lambda *_: None).close()
        assert current_request() is None
        assert names(recording().sends) == ["request_started", "request_finished"]
        assert names(first.recording.sends) == ["request_started"]

    def test_one_that_no_view_answers_is_given_up_before_it_is_finished(self) -> None:
        seen = []

        def hears(**named: Any) -> None:
            seen.append((current_request(), Signal.send.__module__))

        request_finished.connect(hears)
        Client().get("/nowhere/?without-toolbar")
        request_finished.disconnect(hears)
        assert seen == [(None, "django.dispatch.dispatcher")]

    def test_one_that_is_never_finished_ends_with_its_context(self) -> None:
        async def unfinished() -> None:
            await request_started.asend(sender=None, scope={})
            assert Signal.asend.__module__ == "signal_panel.tracer.loops"

        asyncio.run(unfinished())
        gc.collect()
        assert Signal.send.__module__ == "django.dispatch.dispatcher"

    @override_settings(DEBUG=False, DEBUG_TOOLBAR_CONFIG={})
    def test_nothing_where_debug_is_off_and_no_callback_says_otherwise(self, requests: WsgiAndAsgi) -> None:
        request_started.send(sender=None, environ={})
        assert current_request() is None
        assert Signal.send.__module__ == "django.dispatch.dispatcher"

    def test_the_toolbar_s_own_signals(self, requests: WsgiAndAsgi, monkeypatch: pytest.MonkeyPatch) -> None:
        panels = [PanelNoisyFromTheStart, SignalTimelinePanel, NoisyPanel]
        monkeypatch.setattr(DebugToolbar, "_panel_classes", panels)
        heard: list[Any] = []
        heard_by_middleware.connect(hears := lambda **named: heard.append(named))
        requests.get("/template/")
        assert names(recording().sends) == ["request_started", "request_finished"]
        assert heard
        heard_by_middleware.disconnect(hears)


def test_a_recording_around_a_request_has_the_request_inside(requests: WsgiAndAsgi) -> None:
    with signal_panel.record() as around:
        page_streamed.send(sender=None, number=0)
        requests.get("/order/")
        page_streamed.send(sender=None, number=0)
    outside, inside = names(around.sends), names(recording().sends)
    assert outside == ["page_streamed", *inside, "page_streamed"]


def test_a_request_made_by_a_view_has_a_recording_of_its_own_and_is_in_the_view_s() -> None:
    Client().get("/asks-itself/")
    outer, inner = (
        Recording.from_json(get_store().panel(request_id, "SignalTimelinePanel")["recording"])
        for request_id in stored_requests()
    )
    assert [phase.label for phase in outer.phases if phase.label] == ["tests.shop.views.asks_itself"]
    assert [phase.label for phase in inner.phases if phase.label] == ["tests.shop.views.plain"]
    assert names(inner.sends) == ["request_started", "request_finished"]
    assert names(outer.sends) == ["request_started", *names(inner.sends), "request_finished"]


def test_the_middleware_stays_out_of_requests_that_nobody_started() -> None:
    response = HttpResponse()
    assert SignalPanelMiddleware(lambda request: response)(HttpRequest()) is response


def test_what_is_raised_further_in_goes_through_the_middleware_as_it_is() -> None:
    # Django makes responses of exceptions; what calls the middleware otherwise may not.
    raised = KeyboardInterrupt()

    def fails(request: HttpRequest) -> HttpResponse:
        raise raised

    async def afails(request: HttpRequest) -> HttpResponse:
        raise raised

    for handle in (SignalPanelMiddleware(fails), async_to_sync(SignalPanelMiddleware(afails))):
        with pytest.raises(KeyboardInterrupt) as caught:
            handle(HttpRequest())
        assert caught.value is raised


OURS = "signal_panel.middleware.SignalPanelMiddleware"


class Failing:
    """A middleware that raises, when something is there to be raised."""

    raises: Callable[[], BaseException] | None = None

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        if Failing.raises is not None:
            raise Failing.raises()
        return self.get_response(request)


class TestTheNextMiddlewareRaises:
    @pytest.fixture(params=[Http404, PermissionDenied, SuspiciousOperation, ValueError])
    def raised(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Exception]:
        monkeypatch.setattr(Failing, "raises", partial(request.param, "torn"))
        return request.param  # type: ignore[no-any-return]

    def answer(self, *middleware: str) -> Any:
        with override_settings(MIDDLEWARE=[*middleware, f"{__name__}.Failing"]):
            return Client(raise_request_exception=False).get("/plain/", headers={"Accept": "text/plain"})

    @pytest.mark.parametrize("debug", [True, False], ids=["DEBUG", "not DEBUG"])
    def test_it_is_answered_as_without_us(self, raised: type[Exception], debug: bool, settings: Any) -> None:
        settings.DEBUG = debug
        ours, without_us = self.answer(OURS), self.answer()
        assert (ours.status_code, ours.reason_phrase) == (without_us.status_code, without_us.reason_phrase)
        told, by_django = map(self.traceback_or_all, (ours, without_us))
        left_out = len(by_django) - len(told)
        assert told == by_django[left_out:]
        # In C, that is Django's own frame, of three lines.
        is_traceback = debug and raised in (SuspiciousOperation, ValueError)
        assert left_out == (3 if is_traceback and speedups.IS_COMPILED else 0)

    def traceback_or_all(self, answer: Any) -> list[bytes]:
        """The lines of Django's page for an exception, without those on the settings around."""
        before, header, after = answer.content.partition(b"Traceback (most recent call last):\n")
        return (after.partition(b"Request information")[0] if header else before).splitlines()  # type: ignore[no-any-return]

    def test_who_hears_of_it_finds_it_being_handled(self, raised: type[Exception]) -> None:
        handled: list[Any] = []

        def hears(**_: Any) -> None:
            handled.append(sys.exc_info()[0])

        got_request_exception.connect(hears)
        try:
            with signal_panel.record() as recording:
                self.answer(OURS)
        finally:
            got_request_exception.disconnect(hears)
        is_told = raised is ValueError
        assert handled == [raised] * is_told
        assert ("got_request_exception" in names(recording.sends)) == is_told
        assert sys.exc_info() == (None, None, None)

    def test_django_may_be_told_to_let_it_through(self, raised: type[Exception], settings: Any) -> None:
        settings.DEBUG_PROPAGATE_EXCEPTIONS = True
        for middleware in ((), (OURS,)):
            if raised is ValueError:
                with pytest.raises(ValueError, match="torn"):
                    self.answer(*middleware)
            else:
                assert self.answer(*middleware).status_code in (400, 403, 404)

    def test_what_handles_another_exception_meanwhile_does_not_keep_it(self, raised: type[Exception]) -> None:
        ask = SignalPanelMiddleware(convert_exception_to_response(Failing(None)))
        found: list[Any] = []

        def view() -> Iterator[None]:
            ask(RequestFactory().get("/plain/"))
            found.append(sys.exc_info()[1])
            yield
            found.append(sys.exc_info()[1])

        generator = view()
        outside = LookupError()
        try:
            raise outside
        except LookupError:
            next(generator)
        list(generator)
        assert found == [outside, None]

    def test_it_has_a_traceback_where_no_frame_was_left(self, caplog: pytest.LogCaptureFixture) -> None:
        ask = SignalPanelMiddleware(convert_exception_to_response(lambda: None))  # type: ignore[misc, arg-type]
        ask(RequestFactory().get("/plain/"))
        (logged,) = caplog.records
        assert logged.exc_info is not None
        assert logged.exc_info[2] is not None

    def test_what_is_no_exception_goes_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Failing, "raises", KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            self.answer(OURS)


def test_the_middleware_adds_no_frame_to_a_request_where_it_is_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    frames: list[int] = []

    def counts(self: Any, request: HttpRequest) -> HttpResponse:
        frames.append(len(traceback.extract_stack()))
        return HttpResponse()

    monkeypatch.setattr(Failing, "__call__", counts)
    for middleware in ([], [OURS]):
        with override_settings(MIDDLEWARE=[*middleware, f"{__name__}.Failing"]):
            Client().get("/plain/")
    without_us, ours = frames
    assert ours - without_us == (0 if speedups.IS_COMPILED else 2)


def test_the_middleware_asks_whom_it_is_told_to_ask_next() -> None:
    def answering(answer: str) -> Any:
        return convert_exception_to_response(lambda request: HttpResponse(answer))

    middleware = SignalPanelMiddleware(answering("first"))
    middleware.get_response = answering("second")
    assert middleware(request=HttpRequest()).content == b"second"  # type: ignore[union-attr]
    wrong: list[Any] = [((), {}), ((), {"asked": None}), ((None, None), {}), ((None,), {"request": None})]
    for arguments, named in wrong:
        with pytest.raises(TypeError):
            middleware(*arguments, **named)


def test_the_middleware_is_async_where_what_it_wraps_is() -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert iscoroutinefunction(SignalPanelMiddleware(answer))
    assert not iscoroutinefunction(SignalPanelMiddleware(lambda request: HttpResponse()))


@pytest.mark.parametrize(
    ("interface", "page", "way"), [("wsgi", "failing", "send"), ("asgi", "async-plain", "asend")]
)
def test_no_request_changes_between_sync_and_async_because_of_us(
    interface: str, page: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[str] = []

    def send(**named: Any) -> Any:
        frame = sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]
            files.append(frame.f_code.co_filename)
        return asyncio.sleep(0) if way == "asend" else None

    monkeypatch.setattr(page_streamed, way, send, raising=False)
    WsgiAndAsgi(interface).get(f"/{page}/")
    # In C it is in the way without a frame, of which the toolbar's SQL panel makes a line at each query.
    is_seen = any("signal_panel" in file for file in files)
    assert is_seen == (interface == "asgi" or not speedups.IS_COMPILED)
    assert not any("asgiref" in file for file in files)


@pytest.mark.parametrize("function", ["signal_panel.middleware.view_name", "signal_panel.kinds.Kinds.send"])
def test_a_failure_of_ours_during_a_request_is_stored_with_it(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> None:
        raise LookupError

    monkeypatch.setattr(function, fails)
    Client().get("/order/")
    assert newest_stats()["failure"] == "LookupError"


def test_a_view_that_returns_nothing_is_refused_as_without_us() -> None:
    with pytest.raises(ValueError, match="didn't return an HttpResponse object"):
        Client().get("/nothing/")
    assert BaseHandler.check_response.__name__ == "check_response"


def test_a_response_that_renders_itself_in_its_own_way_is_rendered(requests: WsgiAndAsgi) -> None:
    assert requests.get("/own-rendering/").content.startswith(b"<!doctype html>")
    assert "rendering" in [phase.name for phase in recording().phases]


def test_who_has_claimed_a_request_is_told_where_the_database_can_be_used() -> None:
    told = []

    def when_finished() -> None:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        told.append(threading.current_thread())

    request_started.send(sender=None, environ={})
    current_request().claim(when_finished)  # type: ignore[union-attr]
    request_finished.send(sender=None)
    assert told == [threading.current_thread()]  # whose connections Django has closed

    async def handle() -> list[Any]:
        await request_started.asend(sender=None, scope={})
        current_request().claim(when_finished)  # type: ignore[union-attr]
        return await request_finished.asend(sender=None)

    assert (close_caches, None) in asyncio.run(handle())
    assert len(told) == 2


def test_what_outlives_its_request_marks_no_phase() -> None:
    request_started.send(sender=None, environ={})
    request = current_request()
    assert request is not None
    request.claim(lambda: None)
    request_finished.send(sender=None)
    phases = request.recording.phases
    request.mark("rendering")
    assert request.recording.phases == phases


def test_what_is_interrupted_before_it_has_a_response_streams_none() -> None:
    def interrupted(request: HttpRequest) -> HttpResponse:
        raise KeyboardInterrupt

    request_started.send(sender=None, environ={})
    request = current_request()
    assert request is not None
    request.claim(lambda: None)
    with pytest.raises(KeyboardInterrupt):
        SignalPanelMiddleware(interrupted)(RequestFactory().get("/"))
    request_finished.send(sender=None)
    assert [phase.name for phase in request.recording.phases] == ["middleware"]


def test_a_client_that_leaves_early_leaves_nothing_patched() -> None:
    async def leaves() -> None:
        handler = ASGIHandler()
        messages = iter([{"type": "http.request", "body": b""}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            await asyncio.sleep(60)

        scope = {"type": "http", "method": "GET", "path": "/plain/", "headers": [], "query_string": b""}
        await handler(scope, receive, send)

    asyncio.run(leaves())
    gc.collect()
    assert Signal.send.__module__ == "django.dispatch.dispatcher"
