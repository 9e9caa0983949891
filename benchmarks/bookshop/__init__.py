"""The example project, with the panel, an empty one or none, and a page of as many spans as asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.remote import ROOT

EXAMPLE = ROOT / "example_project"
SPANS_OF_A_SHELF = 1000

PANELS = "ours", "ours_without_c", "empty", "none", "none_again"
"""Which panel a bookshop has beside the toolbar's own."""
OURS, OURS_WITHOUT_C, EMPTY, BARE, BARE_AGAIN = PANELS


def environment(folder: Path, panel: str = OURS) -> dict[str, str]:
    """What a process needs to know to be the bookshop with this panel, with its database in the folder."""
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.bookshop.settings",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, EXAMPLE))),
        "BOOKSHOP_DB": str(_database(folder, panel)),
        "BOOKSHOP_PANEL": panel,
        "SIGNAL_PANEL_PURE_PYTHON": "1" if panel == OURS_WITHOUT_C else "",
    }


def _database(folder: Path, panel: str) -> Path:
    return folder / f"{panel}.sqlite3"


@contextmanager
def seeded() -> Iterator[Path]:
    """A folder with a database for the bookshop with each panel, equal and full of books."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for command in (("migrate", "--verbosity=0"), ("seed",)):
            subprocess.run(
                [sys.executable, "-m", "django", *command],
                env={**os.environ, **environment(folder)},
                check=True,
                stdout=subprocess.DEVNULL,
            )
        for panel in PANELS[1:]:
            shutil.copy(_database(folder, OURS), _database(folder, panel))
        yield folder
