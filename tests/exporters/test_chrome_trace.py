"""Chrome's trace; that Perfetto and chrome://tracing read it, tests/browser/test_exports.py holds."""

from __future__ import annotations

import json
from typing import Any

from signal_panel import Recording
from signal_panel.exporters.chrome_trace import export
from tests.exporters.recordings import request


def events(recording: Recording | None = None, **wanted: Any) -> list[dict[str, Any]]:
    made = json.loads(export(recording or request()))["traceEvents"]
    return [event for event in made if wanted.items() <= event.items()]


def test_times_are_microseconds_down_to_the_nanosecond() -> None:
    [send] = events(cat="send")
    assert (send["ts"], send["dur"]) == (20.0, 30.001)


def test_a_send_tells_where_it_was_sent_and_how() -> None:
    [send] = events(cat="send")
    assert send["args"] == {
        "signal": "django.db.models.signals.post_save",
        "sender": "shop.models.Order",
        "method": "send",
        "sent from": "/shop/views.py:92",
        "in transaction": True,
    }


def test_a_send_tells_through_whose_line_it_was_sent() -> None:
    recording = request()
    columns = recording.columns
    columns.sends = [columns.sends[0]._replace(through_path=5, through_line=7, through_function=3)]
    [send] = events(recording, cat="send")
    assert send["args"]["through"] == "/shop/receivers.py:7"


def test_a_receiver_tells_where_it_is_defined_and_what_it_raised() -> None:
    index, mail = events(cat="receiver")
    assert index["args"] == {
        "defined at": "/shop/receivers.py:41",
        "exception": "builtins.ValueError",
        "in transaction": True,
    }
    assert mail["args"] == {"kind": "async", "in transaction": True, "on commit": True}


def test_a_query_tells_its_whole_text() -> None:
    assert [query["args"] for query in events(cat="query")] == 3 * [
        {"sql": "SELECT *\n  FROM shop_order WHERE id = %s", "database": "default"}
    ]


def test_tracks_are_named_and_ordered() -> None:
    assert [event["args"]["name"] for event in events(name="thread_name")] == [
        "request",
        "at the same time (2)",
    ]
    assert [event["args"]["sort_index"] for event in events(name="thread_sort_index")] == [1, 2]
