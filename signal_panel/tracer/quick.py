"""``Signal.send`` and ``Signal.send_robust`` by way of C, which does what those of ``loops`` do."""

from __future__ import annotations

from asyncio import _get_running_loop as running_loop
from decimal import Decimal
from typing import Any

from django.db.models.signals import post_init

from signal_panel import speedups
from signal_panel.collector import IDLE, current
from signal_panel.frames import CLIMBED_PAST
from signal_panel.speedups.pure import PLAIN, is_plain_time
from signal_panel.tracer.dispatching import Dispatch, Responses
from signal_panel.tracer.loops import NO_RECEIVERS
from signal_panel.tracer.stepping import stepped


def _call(receiver: Any, signal: Any, sender: Any, named: dict[str, Any]) -> Any:
    """Call a receiver where ``named`` may have a second signal, for which Python has an error."""
    return receiver(signal=signal, sender=sender, **named)


if speedups.IS_COMPILED:
    speedups.set_up(
        current=current,
        idle=IDLE,
        dispatch=Dispatch,
        call=_call,
        no_receivers=NO_RECEIVERS,
        post_init=post_init,
        climbed_past=CLIMBED_PAST,
        running_loop=running_loop,
        plain=PLAIN,
        decimal=Decimal,
        is_plain_time=is_plain_time,
        stepped=stepped,
    )
    _send, _send_robust = speedups.send, speedups.send_robust


def send(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.send``. Receivers find this frame above them, as they find Django's."""
    return _send(self, sender, named, self.receivers, self.sender_receivers_cache)


def send_robust(self: Any, sender: Any, **named: Any) -> Responses:
    """As ``Signal.send_robust``, in the same way."""
    return _send_robust(self, sender, named, self.receivers, self.sender_receivers_cache)


send.__qualname__, send_robust.__qualname__ = "Signal.send", "Signal.send_robust"
