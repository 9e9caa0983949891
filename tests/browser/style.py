"""What the style sheet asks of a browser."""

from __future__ import annotations

import re

from tests.browser.conftest import ROOT

STYLE_SHEET = ROOT / "static" / "signal_panel" / "css" / "panel.css"

# Which of [[property, value], …] a browser would leave out.
UNKNOWN = "declarations => declarations.filter((declaration) => !CSS.supports(...declaration))"


def declarations() -> list[list[str]]:
    """Each property and value that is anywhere in it, but for properties of our own."""
    text = re.sub(r"/\*.*?\*/", "", STYLE_SHEET.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = {
        tuple(part.strip() for part in declaration.split(":", 1))
        for block in re.findall(r"{([^{}]*)}", text)
        for declaration in block.split(";")
        if declaration.strip() and not declaration.strip().startswith("--")
    }
    return sorted(map(list, found))
