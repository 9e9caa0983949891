"""The documented API as a type checker sees it: `make types` reads this, nothing runs it."""

from collections.abc import Sequence

from typing_extensions import assert_type

import signal_panel
from signal_panel import Phase, ReceiverCall, Recording, Send, Site

with signal_panel.record() as recording:
    pass

assert_type(recording, Recording)
assert_type(recording.sends, Sequence[Send])
assert_type(recording.calls, Sequence[ReceiverCall])
assert_type(recording.phases, Sequence[Phase])
assert_type(recording.started_at, float)
assert_type(recording.duration_ns, int)
assert_type(recording.dropped, int)
assert_type(recording.to_json(), str)
assert_type(Recording.from_json(""), Recording)

send = recording.sends[0]
assert_type(send.signal, str)
assert_type(send.sender, str)
assert_type(send.method, str)
assert_type(send.site, Site | None)
assert_type(send.start_ns, int)
assert_type(send.duration_ns, int)
assert_type(send.self_ns, int)
assert_type(send.hop_ns, int)
assert_type(send.exception, str | None)
assert_type(send.depth, int)
assert_type(send.parent, ReceiverCall | None)
assert_type(send.calls, Sequence[ReceiverCall])

call = send.calls[0]
assert_type(call.receiver, str)
assert_type(call.path, str | None)
assert_type(call.line, int | None)
assert_type(call.is_async, bool)
assert_type(call.start_ns, int)
assert_type(call.duration_ns, int)
assert_type(call.self_ns, int)
assert_type(call.busy_ns, int)
assert_type(call.exception, str | None)
assert_type(call.send, Send)
assert_type(call.sends, Sequence[Send])


def count(order: str, copies: int = 1) -> bool:
    return bool(order) and copies > 0


assert_type(signal_panel.carry(count)("order", copies=2), bool)
