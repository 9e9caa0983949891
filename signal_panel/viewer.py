"""A page of its own that shows a downloaded recording, which the browser reads from a file."""

from __future__ import annotations

from django.templatetags.static import static
from django.utils.translation import get_language

from signal_panel.messages import messages
from signal_panel.templating import render


def html() -> str:
    """The page, with all that the timeline needs but the recording."""
    return render(
        "open.html",
        {
            "language": get_language(),
            "css_urls": [static("debug_toolbar/css/toolbar.css"), static("signal_panel/css/panel.css")],
            "script_url": static("signal_panel/js/open.js"),
            "messages": messages(),
            "rows": [],
            "total": 0,
        },
    )
