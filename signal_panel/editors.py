"""The editors known by name: the URLs that open a file in them, and how to tell which one somebody uses."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import PurePath

EDITORS = {
    "vscode": "vscode://file/{path}:{line}",
    "cursor": "cursor://file/{path}:{line}",
    "pycharm": "pycharm://open?file={path}&line={line}",
    "zed": "zed://file/{path}:{line}",
    "sublime": "subl://open?url=file://{path}&line={line}",
    "emacs": "emacs://open?url=file://{path}&line={line}",
    "vim": "mvim://open?url=file://{path}&line={line}",
}
COPY = "copy"
"""In an editor's place: open nothing, copy the place."""

# Those that register their scheme when they are installed. The others take URLs only with the help of a
# program that the user has added, and nothing tells whether it is there.
_COMMANDS = {
    "code": "vscode",
    "cursor": "cursor",
    "zed": "zed",
    "charm": "pycharm",
    "pycharm": "pycharm",
    "mvim": "vim",
}
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_PATTERN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^\s{}\x00-\x1f\x7f]|\{path\}|\{line\})+", re.IGNORECASE
)
# What a browser would run or show rather than hand over.
_UNSAFE_SCHEMES = {"javascript", "data", "vbscript", "blob"}


def is_pattern(text: str) -> bool:
    """Whether the text is a URL with ``{path}`` in it that a page may safely link to."""
    match = _PATTERN.fullmatch(text)
    return match is not None and "{path}" in text and match["scheme"].lower() not in _UNSAFE_SCHEMES


def is_absolute(path: str) -> bool:
    """Whether the path is whole, on this system or on Windows."""
    return path.startswith(("/", "\\\\")) or has_drive(path)


def has_drive(path: str) -> bool:
    """Whether the path begins with the letter of a drive, as on Windows."""
    return _DRIVE.match(path) is not None


def in_use(environment: Mapping[str, str] = os.environ) -> str | None:
    """The editor in whose terminal the server runs, else the one that its user has named.

    None where neither can be told, or the editor is not known to take URLs.
    """
    terminal = environment.get("TERM_PROGRAM")
    if terminal == "vscode":  # Cursor is made from VS Code, and says so too.
        return "cursor" if "CURSOR_TRACE_ID" in environment else "vscode"
    if terminal == "zed":
        return "zed"
    if "PYCHARM_HOSTED" in environment:
        return "pycharm"
    named = environment.get("VISUAL") or environment.get("EDITOR") or ""
    return _COMMANDS.get(_command(named))


def _command(line: str) -> str:
    try:
        words = shlex.split(line, posix=os.name == "posix")
    except ValueError:  # A quote that nothing ends.
        return ""
    return PurePath(words[0].strip('"')).stem if words else ""
