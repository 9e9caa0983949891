"""The source of a receiver, as its file is now, and whether that is still what ran."""

from __future__ import annotations

import ast
import os
import time
import tokenize
from contextlib import suppress
from dataclasses import dataclass
from stat import S_ISREG

from django.utils.html import escape
from django.utils.safestring import mark_safe

from signal_panel import templating
from signal_panel.recording import Recording

LOADED = time.time()
"""When this process began to load modules, as near as can be told."""

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class NoSource(Exception):
    """There is no source to show: no such file, not a file of Python, or nothing in it that fits."""


@dataclass(frozen=True)
class Source:
    """The lines of a function, from its first decorator to its end, safe to be put into HTML.

    ``first`` is the number of the first one. ``has_changed`` tells that the file was written since this
    process loaded it or since the recording: what ran may have been other lines.
    """

    first: int
    lines: list[str]
    has_changed: bool


def html(recording: Recording, receiver: int) -> str:
    """The source of one of a recording's receivers, by its index, as a part of a page.

    Where there is none the page says so. No file is read but one that the recording names.
    """
    columns = recording.columns
    kind = columns.receivers[receiver]
    name = columns.strings[kind.receiver]
    path = columns.text(kind.path)
    source = None
    if path is not None:
        with suppress(NoSource):
            source = read(path, kind.line, name, recording.started_at)
    return templating.render("source.html", {"name": name, "source": source})


def read(path: str, line: int, name: str, recorded_at: float) -> Source:
    """The source of the function ``name``, whose ``def`` or ``lambda`` stands on the line.

    In a file that was written since ``recorded_at``, in seconds since 1970, it is looked for by its name
    first. Raises ``NoSource``.
    """
    try:
        status = os.stat(path)
        if not S_ISREG(status.st_mode):  # A device or a pipe might never end.
            raise NoSource
        with tokenize.open(path) as file:
            text = file.read()
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NoSource from error
    has_changed = status.st_mtime > min(recorded_at, LOADED)
    first, last = _find(tree, line, name.rpartition(".")[2], has_changed)
    return Source(first, _highlighted(text.split("\n")[first - 1 : last]), has_changed)


def _find(tree: ast.Module, line: int, name: str, has_changed: bool) -> tuple[int, int]:
    """The first and the last line of the function."""
    nodes = list(ast.walk(tree))
    definitions = [node for node in nodes if isinstance(node, _Definition)]
    there = [node for node in definitions if node.lineno == line]
    called_so = sorted(
        (node for node in definitions if node.name == name), key=lambda node: abs(node.lineno - line)
    )
    node = next(iter((*called_so, *there) if has_changed else (*there, *called_so)), None)
    if node is not None:
        return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]), _end(node)
    if any(isinstance(node, ast.Lambda) and node.lineno == line for node in nodes):
        around = [node for node in nodes if isinstance(node, ast.stmt) and node.lineno <= line <= _end(node)]
        inmost = min(around, key=lambda node: _end(node) - node.lineno)
        return inmost.lineno, _end(inmost)
    raise NoSource


def _end(node: ast.stmt) -> int:
    assert node.end_lineno is not None  # Only nodes that were not parsed have none.
    return node.end_lineno


def _highlighted(lines: list[str]) -> list[str]:
    """The lines with classes for a style sheet, where Pygments is installed."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return [escape(line) for line in lines]
    # The formatter writes a line for each one that it gets, and escapes them. The toolbar has the styles.
    highlighted = highlight("\n".join(lines), PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return [mark_safe(line) for line in highlighted.split("\n")[: len(lines)]]
