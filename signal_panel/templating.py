"""The package's own Jinja2 environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.templatetags.static import static
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from signal_panel import assets, places
from signal_panel.translation import gettext, ngettext

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"

_BETWEEN_WORDS = re.compile(r"(?<=[_.])(?=[^_.])|(?<=[a-z])(?=[A-Z])")


def render(template: str, context: Mapping[str, Any]) -> SafeString:
    """Render a template from ``templates/signal_panel/``, escaped."""
    html = _environment().get_template(f"signal_panel/{template}").render(context)
    # A name may have half a surrogate pair, which no response could be encoded with.
    return SafeString(html.encode(errors="backslashreplace").decode())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(assets.TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        _=gettext,
        ngettext=ngettext,
        get_language=get_language,
        static=static,
        editor=places.editor,
        editor_url=places.editor_url,
    )
    environment.filters.update(
        ms=duration,
        thousands=thousands,
        short_name=short_name,
        breakable=breakable,
        short_path=places.short,
    )
    return environment


def duration(milliseconds: float) -> str:
    """A duration to three digits: ``48.2 ms``, ``12.3 µs``, ``1.24 s``; from a minute on ``1 min 30 s``."""
    if milliseconds >= 59_950:
        return _in_minutes(int(milliseconds / 1e3 + 0.5))
    for unit, factor in (("s", 1e-3), ("ms", 1), ("µs", 1e3)):
        value = milliseconds * factor
        if value >= 0.9995:
            digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:.{digits}f}{NARROW_SPACE}{unit}"
    return f"{milliseconds * 1e6:.0f}{NARROW_SPACE}ns"


def _in_minutes(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    text = f"{minutes}{NARROW_SPACE}min"
    return f"{text}\N{NO-BREAK SPACE}{rest}{NARROW_SPACE}s" if rest else text


def thousands(number: int) -> str:
    """A whole number with its thousands apart: ``12,345``."""
    return f"{number:,}"


def short_name(name: str) -> str:
    """The end of a dotted name that tells what it is, with its class: ``index_order``, ``Shelf.on_save``."""
    parts = name.split(".")
    is_in_class = len(parts) > 1 and parts[-2][:1].isupper()
    return ".".join(parts[-2:]) if is_in_class else parts[-1]


def breakable(name: str) -> SafeString:
    """A name that breaks between its words where it is too long for a line."""
    return SafeString("<wbr>".join(map(escape, _BETWEEN_WORDS.split(name))))
