"""What the toolbar's store has."""

from __future__ import annotations

from typing import Any

from debug_toolbar.store import get_store


def stored_requests() -> list[str]:
    """The ids of the requests in the store, the newest last."""
    store = get_store()
    ids = [str(request_id) for request_id in store.request_ids()]
    return ids[::-1] if store.__name__ == "DatabaseStore" else ids


def newest_stats() -> dict[str, Any]:
    """The panel's stats of the newest request."""
    return get_store().panel(stored_requests()[-1], "SignalTimelinePanel")
