"""One peer's process: ``python -m benchmarks.recording.worker <peer>``."""

from __future__ import annotations

import gc
import sys
from functools import cache
from time import perf_counter_ns
from typing import Any

import django
from django.conf import settings

from benchmarks import peers
from benchmarks.remote import answer
from benchmarks.sampling import sample
from benchmarks.turns import Block, yardstick

WARM_UP = 5


def main() -> None:
    """Set up Django and the peer, and measure what is asked for."""
    name = sys.argv[1]
    installed = ["debug_toolbar", "signal_panel"] if name in ("ours", "idle", "idle_for_long") else []
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", *installed],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        STATIC_URL="static/",
        SIGNAL_PANEL={"MAX_SPANS": 1_000_000},  # for the profiles: a block has a thousandth
        USE_TZ=True,
    )
    django.setup()
    # Only now: they are models.
    from django.db import connection

    from benchmarks.recording.cases import CASES, Case, Item

    with connection.schema_editor() as editor:
        editor.create_model(Item)
    peer = peers.load(name)
    peer.set_up()

    @cache
    def case_of(key: str) -> Case:
        return CASES[key]()

    def measure(key: str, blocks: int) -> list[Block]:
        case = case_of(key)
        return [_block(peer, case) for _ in range(blocks)]

    def profile(key: str, times: int) -> Any:
        case = case_of(key)
        with peer.recording():
            return sample(lambda: case.run(times))

    gc.collect()
    gc.freeze()
    answer(lambda question, *rest: {"measure": measure, "profile": profile}[question](*rest))


def _block(peer: peers.Peer, case: Any) -> Block:
    before = yardstick()
    with peer.recording():
        case.run(WARM_UP)
        start = perf_counter_ns()
        case.run(case.times)
        took = perf_counter_ns() - start
    return Block(took / case.times, max(before, yardstick()))


if __name__ == "__main__":
    main()
