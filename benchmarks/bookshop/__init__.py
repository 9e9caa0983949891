"""The example project, with and without the panel, and with a page of as many spans as asked for."""

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


def environment(database: Path, *, panel: bool) -> dict[str, str]:
    """What a process needs to know to be the bookshop."""
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.bookshop.settings",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, EXAMPLE))),
        "BOOKSHOP_DB": str(database),
        "BOOKSHOP_PANEL": str(int(panel)),
    }


@contextmanager
def seeded() -> Iterator[Path]:
    """A folder with ``with.sqlite3`` and ``without.sqlite3``, equal and full of books."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for database in (folder / "with.sqlite3", folder / "without.sqlite3"):
            for command in (("migrate", "--verbosity=0"), ("seed",)):
                subprocess.run(
                    [sys.executable, "-m", "django", *command],
                    env={**os.environ, **environment(database, panel=True)},
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
        yield folder
