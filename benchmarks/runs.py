"""The last run of each part on each Python, kept in files until the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Result
from benchmarks.machine import WITH_C
from benchmarks.remote import ROOT

FOLDER = ROOT / ".bench" / "results"


class Run(NamedTuple):
    """What a part has found, when and where."""

    part: str
    python: str
    where: str
    load: tuple[float, float]
    """The machine's load before and after, the run itself included."""
    result: Result

    def keep(self) -> None:
        """Write it to its file."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        content = {**self._asdict(), "result": self.result.as_json()}
        self._path.write_text(json.dumps(content, indent=1, ensure_ascii=False))

    @property
    def group(self) -> tuple[str, str]:
        """The part and the Python."""
        return self.part, self.python

    @property
    def with_c(self) -> bool:
        """Whether the panel had its C."""
        return self.where.endswith(f"{WITH_C}.")

    @property
    def _path(self) -> Path:
        return FOLDER / f"{self.part}-{self.python}.json"


def kept(part: str) -> list[Run]:
    """The runs of a part, by Python."""
    runs = []
    for path in sorted(FOLDER.glob(f"{part}-*.json")):
        found = json.loads(path.read_text())
        runs.append(
            Run(**{**found, "load": tuple(found["load"]), "result": Result.from_json(found["result"])})
        )
    return runs
