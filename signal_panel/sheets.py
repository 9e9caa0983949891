"""The tables in words: what the templates of the panel's other tabs need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.templatetags.static import static
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from signal_panel import tables
from signal_panel.recording import Recording
from signal_panel.summary import totals
from signal_panel.tables import Rest
from signal_panel.templating import render, thousands

ROWS = 500
"""How many rows a table shows; the others are added up in one."""

NAMES = ("receivers", "signals", "sends")


def tabs(table_url: str) -> list[dict[str, str]]:
    """The tables' names, labels and addresses; ``table_url`` is what they have in common."""
    labels = _labels()
    return [{"name": name, "label": labels[name], "url": f"{table_url}&table={name}"} for name in NAMES]


def html(name: str, recording: Recording, table_url: str, alone: bool) -> str:
    """The table so named: part of a page, or the whole of one where it stands ``alone``."""
    context = {
        "name": name,
        "label": _labels()[name],
        "tabs": tabs(table_url),
        "alone": alone,
        "language": get_language(),
        "css_urls": [static("debug_toolbar/css/toolbar.css"), static("signal_panel/css/panel.css")],
        "rest_label": _rest_label,
        **_tables(name, recording),
    }
    return render(f"sheets/{name}.html", context)


def _labels() -> Mapping[str, str]:
    return {"receivers": _("Receivers"), "signals": _("Signals"), "sends": _("Sends")}


def _tables(name: str, recording: Recording) -> dict[str, Any]:
    if name == "receivers":
        return {
            "table": tables.bounded(tables.receivers(recording), ROWS),
            "duration_ns": totals(recording).duration_ns,
        }
    if name == "signals":
        both = tables.signals(recording)
        return {
            "by_signal": tables.bounded(both.by_signal, ROWS),
            "by_site": tables.bounded(both.by_site, ROWS),
        }
    return {"table": tables.sends(recording, ROWS)}


def _rest_label(rest: Rest) -> str:
    if rest.name == "hidden":
        text = ngettext("%(count)s more row", "%(count)s more rows", rest.rows)
        return text % {"count": thousands(rest.rows)}
    return {
        "sends": _("Sending itself, between receivers"),
        "outside": _("Outside of all signals"),
        "dropped": _("Past SIGNAL_PANEL['MAX_SPANS'], not kept"),
    }[rest.name]
