"""A page of its own that shows a downloaded recording, which the browser reads from a file."""

from __future__ import annotations

from signal_panel.messages import messages
from signal_panel.templating import render


def html() -> str:
    """The page, with all that the timeline needs but the recording."""
    return render("open.html", {"messages": messages(), "rows": [], "total": 0})
