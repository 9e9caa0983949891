"""The documented API as a type checker sees it: `make types` reads this, nothing runs it."""

from collections.abc import Sequence

from typing_extensions import assert_type

import signal_panel
from signal_panel import (
    Connection,
    Handlers,
    Phase,
    Query,
    Receiver,
    ReceiverCall,
    Recording,
    Send,
    Site,
)

with signal_panel.record() as recording:
    pass

assert_type(recording, Recording)
assert_type(recording.sends, Sequence[Send])
assert_type(recording.calls, Sequence[ReceiverCall])
assert_type(recording.phases, Sequence[Phase])
assert_type(recording.queries, Sequence[Query])
assert_type(recording.signals, Sequence[str])
assert_type(recording.connections, Sequence[Connection])
assert_type(recording.unimported, Sequence[Handlers])
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
assert_type(send.through, Site | None)
assert_type(send.start_ns, int)
assert_type(send.duration_ns, int)
assert_type(send.self_ns, int)
assert_type(send.hop_ns, int)
assert_type(send.exception, str | None)
assert_type(send.depth, int)
assert_type(send.parent, ReceiverCall | None)
assert_type(send.calls, Sequence[ReceiverCall])
assert_type(send.skipped, Sequence[Receiver])
assert_type(send.repeats, Send | None)
assert_type(send.queries, Sequence[Query])
assert_type(send.in_transaction, bool)
assert_type(send.on_commit, bool)

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

query = recording.queries[0]
assert_type(query.sql, str)
assert_type(query.alias, str)
assert_type(query.start_ns, int)
assert_type(query.duration_ns, int)
assert_type(query.span, Send | ReceiverCall | None)
assert_type(query.repeats, Query | None)

connection = recording.connections[0]
assert_type(connection.signal, str)
assert_type(connection.receiver, str | None)
assert_type(connection.sender, str | None)
assert_type(connection.state, str)
assert_type(connection.site, Site | None)
assert_type(connection.calls, Sequence[ReceiverCall])


def count(order: str, copies: int = 1) -> bool:
    return bool(order) and copies > 0


assert_type(signal_panel.carry(count)("order", copies=2), bool)


async def look_up(order: str) -> int:
    return len(order)


async def look_up_later() -> None:
    assert_type(await signal_panel.carry(look_up)("order"), int)
