"""Where a file and line open: the URL by which the user's editor takes them."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from signal_panel import conf
from signal_panel.editors import COPY, EDITORS, has_drive, in_use, is_absolute

# With these, what is left of a path is as JavaScript's encodeURIComponent leaves it.
_SAFE = "/:!*'()"
_UP_TO_PACKAGES = re.compile(r"\A.*[\\/](?:site|dist)-packages[\\/]", re.S)


class Editor(NamedTuple):
    """The user's editor: the pattern of its URLs, and what folders here are called where it runs.

    ``{path}`` in the pattern stands for a path that begins with a slash, ``C:/`` as ``/C:/``; behind ``=`` it
    stands for the path as it is. Of the folders, longest first, the first that a path is in counts.
    """

    pattern: str
    folders: list[tuple[str, str]]


def editor() -> Editor | None:
    """The user's editor, or None where places can only be copied."""
    name = conf.get("EDITOR") or in_use()
    if name is None or name == COPY:
        return None
    folders = [
        (_slashes(here).rstrip("/"), _slashes(there).rstrip("/"))
        for here, there in conf.get("EDITOR_PATHS").items()
    ]
    return Editor(
        pattern=re.sub(r"(?<!/)/\{path\}", "{path}", EDITORS.get(name, name)),
        folders=sorted(folders, key=lambda folder: len(folder[0]), reverse=True),
    )


def editor_url(path: str, line: int) -> str | None:
    """The URL that opens the place in the user's editor, or None where it can only be copied."""
    known = editor()
    if known is None or not is_absolute(path):
        return None
    try:
        plain = quote(_mapped(_slashes(path), known.folders), safe=_SAFE)
    except UnicodeEncodeError:  # Half a surrogate pair, which no URL can hold.
        return None
    rooted = plain if plain.startswith("/") else f"/{plain}"
    url = known.pattern.replace("={path}", f"={plain}").replace("{path}", rooted)
    return url.replace("{line}", str(line))


def short(path: str) -> str:
    """The end of a path, for which a table has room: two parts; in an installed package, all inside it."""
    inside = _UP_TO_PACKAGES.sub("", path)
    parts = inside.replace("\\", "/").split("/")
    return "/".join(parts[-2:] if inside == path else parts)


def _mapped(path: str, folders: list[tuple[str, str]]) -> str:
    for here, there in folders:
        if path.startswith(f"{here}/"):
            return there + path[len(here) :]
    return path


def _slashes(path: str) -> str:
    # Elsewhere than on Windows a backslash is a letter like any other.
    return path.replace("\\", "/") if has_drive(path) or path.startswith("\\\\") else path
