"""What a request of ten million spans costs: ``python -m tests.ten_million``; another number can be given.

A process each for the request plain and recorded, as a user's server would answer it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

CALLS_OF_A_SEND = 4


def main() -> None:
    """Run both, and print the figures."""
    spans = sys.argv[1] if len(sys.argv) > 1 else "10000000"
    for recorded in ("", "recorded"):
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        subprocess.run(
            [sys.executable, "-m", __spec__.name, spans, "request", recorded], env=environment, check=True
        )


def request(spans: int, recorded: bool) -> None:
    """Answer the request and, where it is recorded, open its page."""
    import django
    from django.conf import settings

    if not recorded:
        settings.MIDDLEWARE = []
    settings.DEBUG_TOOLBAR_CONFIG = {
        **settings.DEBUG_TOOLBAR_CONFIG,
        "TOOLBAR_STORE_CLASS": "debug_toolbar.store.MemoryStore",
    }
    django.setup()
    from debug_toolbar.toolbar import DebugToolbar
    from django.dispatch import Signal
    from django.test import Client
    from django.urls import reverse

    from tests import urls
    from tests.shop import views
    from tests.stores import newest_stats, stored_requests

    DebugToolbar.get_urls()
    signal = Signal()
    receivers = [lambda **named: None for _ in range(CALLS_OF_A_SEND)]
    for receiver in receivers:
        signal.connect(receiver)

    def many(request):  # type: ignore[no-untyped-def]
        for _ in range(spans // (1 + CALLS_OF_A_SEND)):
            signal.send(sender=None)
        return views.plain(request)

    urls.urlpatterns.append(django.urls.path("ten-million/", many))
    client = Client()
    client.get("/plain/")
    before, start = memory(), time.perf_counter()
    assert client.get("/ten-million/").status_code == 200
    took = time.perf_counter() - start
    print(f"{'recorded' if recorded else 'plain':9}{took:8.1f} s{memory() - before:8.1f} MB more at most")
    if recorded:
        start = time.perf_counter()
        query = {"request_id": stored_requests()[-1], "panel_id": "SignalTimelinePanel"}
        html = client.get(reverse("djdt:render_panel"), query).json()["content"]
        json = client.get(reverse("djdt:signal_timeline_spans"), query).content
        took = time.perf_counter() - start
        print(f"opened   {took:8.1f} s{len(json) / 1e6:8.1f} MB of spans")
        stats = newest_stats()
        print(f"{stats['sends'] + stats['calls']:,} spans counted, {stats['dropped']:,} of them not kept")
        print(*(line.strip() for line in html.splitlines() if "Showing the first" in line))


def memory() -> float:
    """The most memory that the process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if "request" in sys.argv:
        request(int(sys.argv[1]), "recorded" in sys.argv)
    else:
        main()
