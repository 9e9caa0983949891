"""An app with a panel and a middleware that do nothing: what is added by whatever is installed.

With as many static files as the panel has, which the settings see to: the toolbar's own panels tell of each
app, middleware, panel and static file at each request.
"""

from __future__ import annotations

from collections.abc import Callable

from debug_toolbar.panels import Panel
from django.http import HttpRequest, HttpResponse


class EmptyPanel(Panel):
    """A panel with nothing to show."""

    is_async = True
    title = nav_title = "Empty"
    content = ""


class EmptyMiddleware:
    """A middleware that only calls the next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, *_: object) -> None:
        """Do nothing, as the panel's does something."""
