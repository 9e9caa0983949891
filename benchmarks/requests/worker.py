"""The bookshop, in a process of its own, answering requests when told to.

The requests come in as a server would hand them over, and end with ``request_finished``: what the panel does
after the response has gone out is part of the time too.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns, process_time_ns
from typing import Any, NamedTuple

import django
from django.test import Client
from django.urls import reverse

from benchmarks.remote import answer
from benchmarks.sampling import sample

PANEL = "SignalTimelinePanel"


class Took(NamedTuple):
    """Nanoseconds by the clock, and of the processor's time."""

    clock: int
    busy: int


def main() -> None:
    """Be the bookshop."""
    django.setup()
    # Only now: it needs the settings.
    from debug_toolbar.store import get_store, serialize

    from shop.models import Book

    client = Client(SERVER_NAME="localhost")
    store = get_store()
    books = list(Book.objects.filter(author__name="Jules Verne").values_list("pk", flat=True)[:3])
    order = {"email": "reader@example.com", "books": books}
    scenes: dict[str, Callable[[], Any]] = {
        "browse": lambda: client.get("/books/"),
        "order": lambda: client.post("/checkout/", order),
        "import": lambda: client.post("/import/"),
        "stock-take": lambda: client.get("/stock-take/"),
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
        return _timed(lambda: client.get(reverse(f"djdt:{view}"), query))

    def profile(scene: str) -> Any:
        return sample(scenes[scene])

    questions = {f.__name__: f for f in (request, stats, fill_history, history, profile)}
    for warm_up in scenes.values():
        assert warm_up().status_code == 200
    answer(lambda question, *rest: questions[question](*rest))


def _timed(act: Callable[[], Any]) -> Took:
    start, busy = perf_counter_ns(), process_time_ns()
    act()
    return Took(perf_counter_ns() - start, process_time_ns() - busy)


if __name__ == "__main__":
    main()
