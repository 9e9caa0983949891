"""The scope of a request's recording: from ``request_started`` to ``request_finished``, sync and async.

``request_started`` is sent before any middleware runs, when nobody can know yet whether the toolbar will
show. So every request that it might show for is recorded from the start. The panel claims the recording when
the toolbar's own middleware runs; one that nobody has claimed when the view is about to run is thrown away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.handlers import exception as handling
from django.core.handlers.base import BaseHandler
from django.core.signals import request_finished, request_started
from django.dispatch import Signal
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse

from signal_panel import speedups
from signal_panel.failures import kept_to_ourselves
from signal_panel.naming import view_name
from signal_panel.recording import Recording
from signal_panel.tracer import Counts, Tally, close_scope, open_scope

_current: ContextVar[RequestScope | None] = ContextVar("signal_panel_request", default=None)


class RequestScope:
    """One request while it is recorded."""

    def __init__(self) -> None:
        self._failure = ""
        self._outer = _current.get()
        self._when_finished: Callable[[], None] | None = None
        self.is_being_handled = False
        self._scope = open_scope()
        _current.set(self)
        self.mark("middleware")

    @property
    def recording(self) -> Recording:
        """What has been recorded so far, or in all once the request has finished."""
        return self._scope.recording

    def counts(self) -> Counts:
        """What has been recorded so far, counted: in a tenth of the time that the recording takes."""
        return self._scope.counts()

    @property
    def failure(self) -> str:
        """The type of a failure of ours during the request, or empty."""
        return self._failure or self._scope.failure

    def failed(self, failure: str) -> None:
        """Note the type of a failure of ours."""
        self._failure = failure

    @property
    def late(self) -> Tally:
        """Counts the spans that end after the request, in tasks and threads that outlive it."""
        return self._scope.late

    @property
    def is_claimed(self) -> bool:
        """Whether somebody wants the recording."""
        return self._when_finished is not None

    def claim(self, when_finished: Callable[[], None]) -> None:
        """Keep the recording, and say when it is whole: ``request_finished`` has been sent."""
        self._when_finished = when_finished

    def mark(self, phase: str, label: str = "") -> None:
        """The request's next phase starts now."""
        if not self._scope.closed:
            self._scope.mark(phase, label)

    def pause(self) -> None:
        """What follows is not the request's: the toolbar sends signals and queries of its own."""
        self._scope.pause()

    def resume(self) -> None:
        """What follows is the request's again."""
        self._scope.resume()

    def enter_toolbar(self) -> None:
        """The toolbar's own work begins."""
        self.mark("toolbar")
        self.pause()

    def leave_toolbar(self) -> None:
        """The toolbar's own work is done."""
        self.resume()
        self.mark("response")

    def end(self) -> None:
        """Stop recording, and tell who claimed it. A failure of that is only noted."""
        if _current.get() is self:
            _current.set(self._outer)
        if self._scope.closed:
            return
        when_finished, self._when_finished = self._when_finished, None
        with kept_to_ourselves(self.failed):
            close_scope(self._scope, keep=when_finished is not None)
        if when_finished is not None:
            with kept_to_ourselves(self.failed):
                _outside_event_loop(when_finished)

    def __del__(self) -> None:
        # A request whose request_finished is never sent must not leave Signal patched.
        if hasattr(self, "_scope"):
            with kept_to_ourselves():
                close_scope(self._scope, keep=False)


def _enter() -> RequestScope | None:
    scope = _current.get()
    if scope is not None:
        scope.is_being_handled = True
    return scope


def _leave(scope: RequestScope | None, response: Any) -> None:
    if scope is not None:
        with kept_to_ourselves(scope.failed):
            scope.is_being_handled = False
            if not scope.is_claimed:
                scope.end()
            elif getattr(response, "streaming", False):
                scope.mark("streaming")


def current_request() -> RequestScope | None:
    """The request that this context is in, where it is recorded."""
    return _current.get()


def _unconverted(get_response: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """It, with what Django has wrapped to answer where that raises; None where it is not Django that has.

    Django wraps each middleware so. C does the same for the next one without a frame, so that ours adds none
    to a request: of one the toolbar makes a line at each query, which was 0.8 % of the instructions of saving
    1,000 books.
    """
    # functools.wraps copies names and more, but not the code.
    code = getattr(get_response, "__code__", None)
    if code is None or code not in handling.convert_exception_to_response.__code__.co_consts:
        return None
    return get_response, get_response.__wrapped__  # type: ignore[attr-defined]


def _converted(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    response: HttpResponseBase = handling.response_for_exception(request, exception)
    return response


class SignalPanelMiddleware:
    """Records the signals of each request that the toolbar shows for. List it first in ``MIDDLEWARE``."""

    sync_capable = True
    async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        self.unconverted: tuple[Callable[..., Any], Callable[..., Any]] | None = None
        """``get_response``, and what C calls in its place; it may raise."""
        if self.is_async:
            markcoroutinefunction(self)
        else:
            with kept_to_ourselves():
                self.unconverted = _unconverted(get_response)
        _watch_requests()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.__acall__(request)
        scope = _enter()
        response = None
        try:
            response = self.get_response(request)
            return response
        finally:
            _leave(scope, response)

    # Without a frame: of each frame the toolbar makes a line at each query, whoever's it is. C calls what is
    # ``unconverted``: it can catch what that raises without a frame in the traceback.
    if speedups.IS_COMPILED:
        __call__ = speedups.calling_between(_enter, _leave, _converted)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        scope = _enter()
        response: HttpResponseBase | None = None
        try:
            response = await self.get_response(request)  # type: ignore[misc]
            return response
        finally:
            _leave(scope, response)

    def process_view(self, request: HttpRequest, view: Any, *_: object) -> None:
        """The view is about to run: mark it, or throw away what nobody wants."""
        scope = _current.get()
        with _harmless(scope):
            if scope is not None and scope.is_claimed:
                scope.mark("view", view_name(view))
            elif scope is not None:
                scope.end()

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """The view has raised."""
        _mark("response")

    def process_template_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """A ``TemplateResponse`` is about to be rendered."""
        _mark("rendering")
        if isinstance(response, SimpleTemplateResponse):
            response.add_post_render_callback(_rendered)
        return response


def _harmless(scope: RequestScope | None) -> kept_to_ourselves:
    """For a block whose failure is only noted in the request."""
    return kept_to_ourselves(None if scope is None else scope.failed)


def _outside_event_loop(function: Callable[[], None]) -> None:
    """Call a function that may use the database, which Django refuses in a thread that runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        function()
    else:
        with ThreadPoolExecutor(1) as executor:
            executor.submit(function).result()


def _mark(phase: str) -> None:
    scope = _current.get()
    with _harmless(scope):
        if scope is not None:
            scope.mark(phase)


def _rendered(response: object) -> None:
    _mark("response")


def _begin_request() -> None:
    stale = _current.get()
    with _harmless(stale):
        # What is left of a request that never finished ends here; one being handled has this one inside it.
        if stale is not None and not stale.is_being_handled:
            stale.end()
    with kept_to_ourselves():
        # The toolbar's own callbacks refuse where DEBUG is off; a project's may not.
        if settings.DEBUG or "SHOW_TOOLBAR_CALLBACK" in getattr(settings, "DEBUG_TOOLBAR_CONFIG", {}):
            RequestScope()


def _end_request() -> None:
    scope = _current.get()
    with _harmless(scope):
        if scope is not None:
            scope.end()


def _watch_requests() -> None:
    """Have recordings begin before ``request_started`` is sent and end after ``request_finished`` is.

    Called whenever a handler loads its middleware. The two signals get ``send`` and ``asend`` of their own: a
    receiver would run among others, and be seen.
    """
    if "send" in vars(request_started):
        return

    def send_started(sender: Any, **named: Any) -> Any:
        _begin_request()
        return Signal.send(request_started, sender, **named)

    async def asend_started(sender: Any, **named: Any) -> Any:
        _begin_request()
        return await Signal.asend(request_started, sender, **named)

    def send_finished(sender: Any, **named: Any) -> Any:
        try:
            return Signal.send(request_finished, sender, **named)
        finally:
            _end_request()

    async def asend_finished(sender: Any, **named: Any) -> Any:
        try:
            return await Signal.asend(request_finished, sender, **named)
        finally:
            _end_request()

    vars(request_started).update(send=send_started, asend=asend_started)
    vars(request_finished).update(send=send_finished, asend=asend_finished)
    BaseHandler.check_response = _marking_the_views_end(  # type: ignore[method-assign]
        BaseHandler.check_response
    )


def _marking_the_views_end(check_response: Callable[..., None]) -> Callable[..., None]:
    # Django's only call between the view's return and what comes after. Wrapping the view itself would put a
    # frame of ours into the project's tracebacks.
    @wraps(check_response)
    def marking(self: Any, response: Any, callback: Any, name: str | None = None) -> None:
        if name is None:
            _mark("response")
        return check_response(self, response, callback, name)

    return marking
