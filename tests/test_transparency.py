"""What the application must not notice of being recorded, where Django's own tests do not look."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.dispatch import Signal

import signal_panel


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """So that objects die by their last reference or not at all."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
def test_variables_of_a_coroutine_that_awaits_a_send_die_when_they_would() -> None:
    # Looking for the site read f_locals of each awaiting coroutine. Before Python 3.13 this makes a
    # dictionary that stays on the frame, and with it all that the variables held at that moment.
    class Payload:
        pass

    signal = Signal()

    async def view() -> bool:
        payload = Payload()
        dead = weakref.ref(payload)
        await sync_to_async(signal.send)(sender=None)
        del payload
        return dead() is None

    with signal_panel.record() as recording:
        assert asyncio.run(view())
    assert recording.sends[0].site.function.endswith("view")
