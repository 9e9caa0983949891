"""The panel's stats of a request, as the toolbar's store has them.

To make a recording's JSON takes as long as all else that the panel does in a request. Nobody can have opened
the panel before the response is there, so the store gets the recording after it, and until then the totals.
"""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID
from weakref import WeakValueDictionary

from debug_toolbar.store import get_store

PANEL_ID = "SignalTimelinePanel"
"""What the store and the page know the panel by."""


class Unfinished(Protocol):
    """The panel of a request that this process has not finished."""

    def store_so_far(self) -> None:
        """Store what has been recorded so far, where the whole is not stored yet."""


unfinished: WeakValueDictionary[str, Unfinished] = WeakValueDictionary()
"""By the ids of the requests of which the store has nothing but the totals."""


def plain_id(request_id: object) -> str:
    """A request's id as the toolbar makes it; its ``DatabaseStore`` gives it with dashes.

    Raises:
        ValueError: it is the id of no request.
    """
    return UUID(str(request_id)).hex


def stats_of(request_id: str) -> dict[str, Any]:
    """The stats of a request, by its plain id, with the recording so far where it has not finished here."""
    found: dict[str, Any] = get_store().panel(request_id, PANEL_ID)
    if "recording" not in found and (panel := unfinished.get(request_id)) is not None:
        panel.store_so_far()
        found = get_store().panel(request_id, PANEL_ID)
    return found
