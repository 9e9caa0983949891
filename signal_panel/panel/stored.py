"""The panel's stats of a request, as the toolbar's store has them.

To make a recording's JSON takes as long as all else that the panel does in a request. Nobody can have opened
the panel before the response is there, so the store gets the recording after it, and until then the totals.
"""

from __future__ import annotations

from typing import Any, Protocol
from weakref import WeakValueDictionary

from debug_toolbar.store import get_store

PANEL_ID = "SignalTimelinePanel"
"""What the store knows the panel by: the name of its class."""


class Unfinished(Protocol):
    """The panel of a request that this process has not finished."""

    def store_so_far(self) -> None:
        """Store what has been recorded so far, where the whole is not stored yet."""


unfinished: WeakValueDictionary[str, Unfinished] = WeakValueDictionary()
"""By the ids of the requests of which the store has nothing but the totals."""


def stats_of(request_id: str) -> dict[str, Any]:
    """The stats of a request, with the recording so far where this process has not finished it."""
    found: dict[str, Any] = get_store().panel(request_id, PANEL_ID)
    if "recording" not in found and (panel := unfinished.get(request_id)) is not None:
        panel.store_so_far()
        found = get_store().panel(request_id, PANEL_ID)
    return found
