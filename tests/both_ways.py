"""``python -m tests.both_ways``: records much of all kinds, by a clock that receivers move, and prints it.

What is recorded must not depend on whether C did it: ``test_speedups`` runs it both ways.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import django
from asgiref.sync import markcoroutinefunction
from django.core.management import call_command
from django.db import connection, transaction
from django.dispatch import Signal
from django.utils.safestring import SafeString

from tests.clock import FakeClock

silent, one_hears, two_hear, many_hear, methods_hear, async_too, fails, ends_it = (Signal() for _ in range(8))
outer, inner, cached = Signal(), Signal(), Signal(use_caching=True)
take_turns, fails_later, ends_later, is_never_there, answers_by_a_future = (Signal() for _ in range(5))
CLOCK = FakeClock()
KEPT: list[Any] = []
MANY = 40


class Listener:
    """Hears by methods, which are other objects at each send."""

    def hears(self, **named: Any) -> str:
        CLOCK.pass_(7)
        return "bound"

    @classmethod
    def hears_too(cls, **named: Any) -> str:
        return "of the class"


class SenderOfItsOwn:
    """An instance that sends stands for its class."""


def connect_all() -> None:
    def hears(**named: Any) -> int:
        CLOCK.pass_(1)
        return 1

    def hears_too(**named: Any) -> int:
        CLOCK.pass_(20)
        return 2

    async def hears_later(**named: Any) -> int:
        CLOCK.pass_(300)
        return 3

    def raises(**named: Any) -> None:
        CLOCK.pass_(4_000)
        raise LookupError

    def exits(**named: Any) -> None:
        raise SystemExit

    def sends(**named: Any) -> None:
        inner.send(None)
        CLOCK.pass_(50_000)
        silent.send(None)

    async def waits(**named: Any) -> int:
        for _ in range(3):
            CLOCK.pass_(600_000)
            await asyncio.sleep(0)
            inner.send(None)
        return 4

    async def opens_another(**named: Any) -> str:
        from signal_panel import record

        with record(wall_clock=lambda: 0.0) as recording:
            await asyncio.sleep(0)
            one_hears.send(None)
            await silent.asend(None)
        return recording.to_json()

    async def raises_later(**named: Any) -> None:
        await asyncio.sleep(0)
        raise LookupError

    async def exits_later(**named: Any) -> None:
        await asyncio.sleep(0)
        raise SystemExit

    async def never(**named: Any) -> None:
        await asyncio.Event().wait()

    @markcoroutinefunction
    def gives_a_future(**named: Any) -> Any:
        future = asyncio.get_running_loop().create_future()
        future.set_result(5)
        return future

    listener = Listener()
    waits_too = partial(waits, number=1)
    KEPT.extend([waits, opens_another, raises_later, exits_later, never, waits_too, gives_a_future])
    several = [partial(hears_too, number=number) for number in range(MANY)]
    KEPT.extend([hears, hears_too, hears_later, raises, exits, sends, listener, *several])
    for signal in (one_hears, inner, cached):
        signal.connect(hears)
    for signal, receivers in {
        two_hear: (hears, hears_too),
        many_hear: several,
        methods_hear: (listener.hears, Listener.hears_too),
        async_too: (hears, hears_later),
        fails: (hears, raises, hears_too),
        ends_it: (hears, exits, hears_too),
        outer: (sends, hears),
        take_turns: (waits, opens_another, waits_too),
        fails_later: (waits, raises_later),
        ends_later: (exits_later,),
        is_never_there: (never, waits),
        answers_by_a_future: (gives_a_future, waits),
    }.items():
        for receiver in receivers:
            signal.connect(receiver, weak=receiver not in several)


PACKAGE = """
def sends(signal):
    return signal.send(None), signal.send_robust(None)

async def sends_later(signal):
    return await signal.asend(None)
"""


def sends() -> Iterator[Callable[[], object]]:
    """One after the other, what is recorded."""
    from tests.shop.models import Author

    installed: dict[str, Any] = {}
    exec(compile(PACKAGE, "/lib/site-packages/installed.py", "exec"), installed)
    for signal in (silent, one_hears, two_hear, many_hear, methods_hear, async_too, outer, cached):
        for sender in (None, Listener, connect_all, SenderOfItsOwn(), "text"):
            yield partial(signal.send, sender)
            yield partial(signal.send_robust, sender)
    yield partial(one_hears.send, None, **{f"named_{number}": number for number in range(MANY)})
    yield partial(one_hears.send, None, signal=None)
    yield partial(one_hears.send, None, instance=KEPT[0], action="post_add")
    yield partial(one_hears.send, None, instance=KEPT[0], action="post_add")
    yield partial(one_hears.send, None, instance=7)
    yield partial(cached.send, [])  # which can't be in the cache
    for signal in (fails, ends_it):
        yield partial(signal.send, None)
        yield partial(signal.send_robust, None)
        yield lambda signal=signal: signal.send(None)
    for signal in (take_turns, fails_later, ends_later, answers_by_a_future):
        yield partial(run_loop, signal)
        yield partial(signal.send, None)
        yield partial(signal.send_robust, None)
    yield lambda: asyncio.run(cancelled())
    for _ in range(2):
        yield lambda: asyncio.run(inner.asend(None, instance=KEPT[0]))
    yield lambda: asyncio.run(inner.asend(None, signal=None))
    for signal in (silent, two_hear, async_too, outer):
        yield partial(run_loop, signal)
        yield partial(in_loop, signal)
        yield partial(in_thread, signal)
    yield partial(Author.objects.create, name="Ursula")
    yield partial(Author, name="Octavia")
    for _ in range(2):
        yield from (partial(installed["sends"], signal) for signal in (two_hear, outer))
        yield partial(asyncio.run, installed["sends_later"](two_hear))
    yield save_twice
    yield queries
    yield partial(call_command, "check", verbosity=0)


def run_loop(signal: Signal) -> None:
    async def twice() -> None:
        with suppress(LookupError):
            await signal.asend(None)
        await signal.asend_robust(None)

    asyncio.run(twice())


async def cancelled() -> None:
    for steps in range(4):
        send = asyncio.create_task(is_never_there.asend(None))
        for _ in range(steps):
            await asyncio.sleep(0)
        send.cancel()
        with suppress(asyncio.CancelledError):
            await send


def in_loop(signal: Signal) -> None:
    async def send() -> None:
        if signal is not async_too:
            signal.send(None)
            signal.send(Listener)

    asyncio.run(send())


def in_thread(signal: Signal) -> None:
    from signal_panel.tracer.contexts import carry

    def send() -> None:
        signal.send(None)

    thread = threading.Thread(target=carry(send))
    thread.start()
    thread.join()


def save_twice() -> None:
    from tests.shop.models import Author

    with transaction.atomic():
        author = Author(name="Stanisław")
        author.save()
        author.save()


def queries() -> None:
    zone = timezone(timedelta(hours=2))
    parameters: list[Any] = [None, True, 1, 1.5, "text", b"bytes", Decimal(1), date(2026, 1, 1), timedelta(1)]
    parameters += [UUID(int=1).hex, datetime(2026, 1, 1, tzinfo=zone).isoformat(), time(1).isoformat()]
    with connection.cursor() as cursor:
        for parameter in parameters:
            for _ in range(2):
                with suppress(Exception):
                    cursor.execute("SELECT %s", [parameter])
        for given in ({"a": 1}, {"a": 1}, {"a": 2}):
            cursor.execute("SELECT %(a)s", given)
        for sql in ("SELECT 1", SafeString("SELECT 1"), "SELECT 2"):
            cursor.execute(sql)
            cursor.execute(sql, ())
        cursor.execute("CREATE TABLE two_ways (x)")
        cursor.executemany("INSERT INTO two_ways VALUES (%s)", [(1,), (2,)])


def main() -> None:
    """Record them, each by itself, then all at once, with and without enough room."""
    from django.test.utils import override_settings

    from signal_panel import record

    connect_all()
    gc.collect()
    gc.disable()  # when it runs, and so which receivers have died, is nobody's doing
    for caps in ({}, {"MAX_SPANS": 30}, {"IGNORE": ["tests.both_ways.outer", "*.Listener"]}):
        with override_settings(SIGNAL_PANEL=caps):
            with record(clock=CLOCK, wall_clock=lambda: 0.0) as all_of_them:
                for send in sends():
                    answer: object
                    with record(wall_clock=lambda: 0.0) as one:
                        try:
                            answer = send()
                        except BaseException as exception:
                            answer = type(exception), str(exception)
                    print(repr(answer)[:60].partition(" at 0x")[0])
                    print(one.to_json())
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE two_ways")
        print(all_of_them.to_json())


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    sys.modules["tests.both_ways"] = sys.modules["__main__"]
    main()
