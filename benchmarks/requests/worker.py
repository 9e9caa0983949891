"""The bookshop, in a process of its own, answering requests when told to.

The requests come in as a server would hand them over, and end with ``request_finished``: what the panel does
after the response has gone out is part of the time too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from time import perf_counter_ns, process_time_ns
from typing import Any, NamedTuple

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


class Browser(RequestFactory):
    """Asks the bookshop as a server would.

    Django's test client does not: it connects receivers to signals for each request.
    """

    def __init__(self) -> None:
        token = "a" * 32
        super().__init__(SERVER_NAME="localhost", HTTP_COOKIE=f"csrftoken={token}", HTTP_X_CSRFTOKEN=token)
        self._answer = WSGIHandler()

    def request(self, **environ: Any) -> str:
        """The status of the answer, which is read to its end."""
        statuses: list[str] = []
        answer = self._answer(
            self._base_environ(**environ), lambda status, headers, *_: statuses.append(status)
        )
        with closing(answer):
            for _ in answer:
                pass
        return statuses[0]


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
    scenes: dict[str, Callable[[], Any]] = {
        "browse": lambda: browser.get("/books/"),
        "order": lambda: browser.post("/checkout/", order),
        "import": lambda: browser.post("/import/"),
        "stock-take": lambda: browser.get("/stock-take/"),
    }

    def request(scene: str) -> Took:
        """What a request takes."""
        return _timed(scenes[scene])

    def stats(scene: str) -> dict[str, int]:
        """What generating and storing the stats takes, and their size as the toolbar stores them."""
        from signal_panel.panel import SignalTimelinePanel

        found = SignalTimelinePanel.generate_stats
        took = []

        def timed(self: Any, request: Any, response: Any) -> None:
            took.append(_timed(lambda: found(self, request, response)).busy)

        SignalTimelinePanel.generate_stats = timed
        try:
            scenes[scene]()
        finally:
            SignalTimelinePanel.generate_stats = found
        stored = store.panel(list(store.request_ids())[-1], PANEL)
        return {
            "ns": took[0],
            "bytes": len(serialize(stored)),
            "sends": stored["sends"],
            "calls": stored["calls"],
        }

    def fill_history() -> int:
        """Have 25 requests of 100,000 spans in the store: how many there are."""
        for _ in range(25):
            scenes["stock-take"]()
        return len(list(store.request_ids()))

    def history(view: str) -> Took:
        """What opening History takes, or refreshing it."""
        query = {"request_id": list(store.request_ids())[-1], "panel_id": "HistoryPanel"}
        return _timed(lambda: browser.get(reverse(f"djdt:{view}"), query))

    def profile(scene: str) -> Any:
        return sample(scenes[scene])

    questions = {f.__name__: f for f in (request, stats, fill_history, history, profile)}
    for warm_up in scenes.values():
        assert warm_up().startswith("200")
    answer(lambda question, *rest: questions[question](*rest))


def _timed(act: Callable[[], Any]) -> Took:
    start, busy = perf_counter_ns(), process_time_ns()
    act()
    return Took(perf_counter_ns() - start, process_time_ns() - busy)


if __name__ == "__main__":
    main()
