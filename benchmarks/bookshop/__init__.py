"""The example project, with the panel, an empty one or none, and a page of as many spans as asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.remote import ROOT

EXAMPLE = ROOT / "example_project"
SPANS_OF_A_SHELF = 1000

PANELS = "ours", "empty", "none"
"""Which panel a bookshop has beside the toolbar's own."""


def environment(folder: Path, panel: str = "ours") -> dict[str, str]:
    """What a process needs to know to be the bookshop with this panel, with its database in the folder."""
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.bookshop.settings",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, EXAMPLE))),
        "BOOKSHOP_DB": str(folder / f"{panel}.sqlite3"),
        "BOOKSHOP_PANEL": panel,
    }


@contextmanager
def seeded() -> Iterator[Path]:
    """A folder with a database for the bookshop with each panel, equal and full of books."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for panel in PANELS:
            for command in (("migrate", "--verbosity=0"), ("seed",)):
                subprocess.run(
                    [sys.executable, "-m", "django", *command],
                    env={**os.environ, **environment(folder, panel)},
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
        yield folder
