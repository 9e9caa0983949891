"""The bookshop, in a process of its own, answering requests when told to.

The requests come in as a server would hand them over. Of each it is told when the response is there, which is
what a browser waits for, and when ``request_finished`` is over: the panel does its most after the response.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import wraps
from time import perf_counter_ns, process_time_ns
from typing import Any, NamedTuple
from unittest.mock import patch

import django
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from django.urls import reverse

from benchmarks.remote import answer
from benchmarks.sampling import sample

PANEL = "SignalTimelinePanel"


class Took(NamedTuple):
    """Nanoseconds by the clock, and of the processor's time."""

    clock: int
    busy: int


class Answer(NamedTuple):
    """What became of a request."""

    status: str
    there: Took
    """Until the response was read to its end."""
    over: Took
    """The same, with what the server does afterwards."""


class Browser(RequestFactory):
    """Asks the bookshop as a server would.

    Django's test client does not: it connects receivers to signals for each request.
    """

    def __init__(self) -> None:
        token = "a" * 32
        super().__init__(SERVER_NAME="localhost", HTTP_COOKIE=f"csrftoken={token}", HTTP_X_CSRFTOKEN=token)
        self._answer = WSGIHandler()

    def request(self, **environ: Any) -> Answer:
        """Ask, and read the response to its end, which is closed then as a server does."""
        environ = self._base_environ(**environ)
        statuses: list[str] = []
        start = _now()
        response = self._answer(environ, lambda status, headers, *_: statuses.append(status))
        with closing(response):
            for _ in response:
                pass
            there = _since(start)
        return Answer(statuses[0], there, _since(start))


def main() -> None:
    """Be the bookshop."""
    django.setup()
    # Only now: it needs the settings.
    from debug_toolbar.store import get_store, serialize

    from shop.models import Book

    browser = Browser()
    store = get_store()
    books = list(Book.objects.filter(author__name="Jules Verne").values_list("pk", flat=True)[:3])
    order = {"email": "reader@example.com", "books": books}
    scenes: dict[str, Callable[[], Answer]] = {
        "browse": lambda: browser.get("/books/"),
        "order": lambda: browser.post("/checkout/", order),
        "import": lambda: browser.post("/import/"),
        "stock-take": lambda: browser.get("/stock-take/"),
    }

    def request(scene: str) -> list[Took]:
        """What a request takes, until the response is there and in all."""
        answer = scenes[scene]()
        return [answer.there, answer.over]

    def stats(scene: str) -> dict[str, int]:
        """What making and storing stats takes in a request and after it, and their size in the store."""
        from signal_panel.middleware import RequestScope
        from signal_panel.panel import SignalTimelinePanel

        took = []

        def timed(function: Callable[..., None]) -> Callable[..., None]:
            @wraps(function)
            def measured(*arguments: Any) -> None:
                start = _now()
                function(*arguments)
                took.append(_since(start).busy)

            return measured

        in_it = patch.object(SignalTimelinePanel, "generate_stats", timed(SignalTimelinePanel.generate_stats))
        after_it = patch.object(RequestScope, "end", timed(RequestScope.end))
        with in_it, after_it:
            scenes[scene]()
        stored = store.panel(list(store.request_ids())[-1], PANEL)
        return {
            "ns": sum(took),
            "bytes": len(serialize(stored)),
            "sends": stored["sends"],
            "calls": stored["calls"],
        }

    def fill_history() -> int:
        """Have 25 requests of 100,000 spans in the store: how many there are."""
        for _ in range(25):
            scenes["stock-take"]()
        return len(list(store.request_ids()))

    def history(view: str) -> list[Took]:
        """What opening History takes, or refreshing it, until the response is there and in all."""
        query = {"request_id": list(store.request_ids())[-1], "panel_id": "HistoryPanel"}
        answer = browser.get(reverse(f"djdt:{view}"), query)
        return [answer.there, answer.over]

    def profile(scene: str) -> Any:
        return sample(scenes[scene])

    questions = {f.__name__: f for f in (request, stats, fill_history, history, profile)}
    for warm_up in scenes.values():
        assert warm_up().status.startswith("200")
    answer(lambda question, *rest: questions[question](*rest))


def _now() -> Took:
    return Took(perf_counter_ns(), process_time_ns())


def _since(start: Took) -> Took:
    now = _now()
    return Took(now.clock - start.clock, now.busy - start.busy)


if __name__ == "__main__":
    main()
