"""The bookshop, in a process of its own, answering requests when told to.

The requests come in as a server would hand them over. Of each it is told when the response is there, which is
what a browser waits for, and when ``request_finished`` is over: the panel does its most after the response.
A lap ends at each statement of the database, and before and after each panel of the toolbar tells its stats.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from functools import wraps
from time import process_time_ns
from typing import Any, NamedTuple
from unittest.mock import patch

import django
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from django.urls import reverse

from benchmarks.remote import answer
from benchmarks.requests.laps import Request, Stopwatch, least, without_garbage
from benchmarks.sampling import sample

PANEL = "SignalTimelinePanel"


class Answer(NamedTuple):
    """What became of a request."""

    status: str
    took: Request


class Browser(RequestFactory):
    """Asks the bookshop as a server would.

    Django's test client does not: it connects receivers to signals for each request.
    """

    def __init__(self, stopwatch: Stopwatch) -> None:
        token = "a" * 32
        super().__init__(SERVER_NAME="localhost", HTTP_COOKIE=f"csrftoken={token}", HTTP_X_CSRFTOKEN=token)
        self._answer = WSGIHandler()
        self._stopwatch = stopwatch

    def request(self, **environ: Any) -> Answer:
        """Ask, and read the response to its end, which is closed then as a server does."""
        environ = self._base_environ(**environ)
        statuses: list[str] = []
        self._stopwatch.start()
        response = self._answer(environ, lambda status, headers, *_: statuses.append(status))
        with closing(response):
            for _ in response:
                pass
            there = self._stopwatch.stop()
        return Answer(statuses[0], Request(there, self._stopwatch.stop()))


def main() -> None:
    """Be the bookshop."""
    django.setup()
    # Only now: it needs the settings.
    from debug_toolbar.store import get_store, serialize

    from shop.models import Book

    stopwatch = Stopwatch()
    gc.callbacks.append(stopwatch.collects)
    _end_laps(stopwatch)
    browser = Browser(stopwatch)
    store = get_store()
    books = list(Book.objects.filter(author__name="Jules Verne").values_list("pk", flat=True)[:3])
    order = {"email": "reader@example.com", "books": books}
    scenes: dict[str, Callable[[], Answer]] = {
        "browse": lambda: browser.get("/books/"),
        "order": lambda: browser.post("/checkout/", order),
        "import": lambda: browser.post("/import/"),
        "stock-take": lambda: browser.get("/stock-take/"),
    }

    took: dict[str, list[Request]] = defaultdict(list)

    def request(scene: str) -> None:
        """Ask for a scene."""
        measure(scene, scenes[scene])

    def measure(what: str, ask: Callable[[], Answer]) -> None:
        kept = without_garbage(len(took[what]))
        took[what].append(ask().took)
        del kept

    def least_of(what: str) -> tuple[float, float]:
        """The least that was measured so far, until the response is there and in all."""
        return least(took[what])

    def stats(scene: str) -> dict[str, int]:
        """What making and storing stats takes in a request and after it, and their size in the store."""
        from signal_panel.middleware import RequestScope
        from signal_panel.panel import SignalTimelinePanel

        times = []

        def timed(function: Callable[..., None]) -> Callable[..., None]:
            @wraps(function)
            def measured(*arguments: Any) -> None:
                start = process_time_ns()
                function(*arguments)
                times.append(process_time_ns() - start)

            return measured

        in_it = patch.object(SignalTimelinePanel, "generate_stats", timed(SignalTimelinePanel.generate_stats))
        after_it = patch.object(RequestScope, "end", timed(RequestScope.end))
        with in_it, after_it:
            scenes[scene]()
        stored = store.panel(list(store.request_ids())[-1], PANEL)
        return {
            "ns": sum(times),
            "bytes": len(serialize(stored)),
            "sends": stored["sends"],
            "calls": stored["calls"],
        }

    def fill_history() -> int:
        """Have 25 requests of 100,000 spans in the store: how many there are."""
        for _ in range(25):
            scenes["stock-take"]()
        return len(list(store.request_ids()))

    def history(view: str) -> None:
        """Open History, or refresh it."""
        query = {"request_id": list(store.request_ids())[-1], "panel_id": "HistoryPanel"}
        measure(view, lambda: browser.get(reverse(f"djdt:{view}"), query))

    def profile(scene: str) -> Any:
        return sample(scenes[scene])

    questions = {f.__name__: f for f in (request, stats, fill_history, history, least_of, profile)}
    for warm_up in scenes.values():
        assert warm_up().status.startswith("200")
    answer(lambda question, *rest: questions[question](*rest))


def _end_laps(stopwatch: Stopwatch) -> None:
    """Have a lap end wherever much of a request has passed that is the same without the panel."""
    from debug_toolbar.toolbar import DebugToolbar
    from django.db.backends.sqlite3.base import DatabaseWrapper

    connect = DatabaseWrapper.get_new_connection

    def connected(self: DatabaseWrapper, parameters: dict[str, Any]) -> Any:
        connection = connect(self, parameters)
        # SQLite calls it: the toolbar tells of each frame at each query, and a wrapper would be one.
        connection.set_trace_callback(stopwatch.lap)
        return connection

    DatabaseWrapper.get_new_connection = connected
    for panel in DebugToolbar.get_panel_classes():
        panel.generate_stats = stopwatch.at(panel.generate_stats)


if __name__ == "__main__":
    main()
