"""A Django's source and a Python to run its tests with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".django"
INSIDE = Path(__file__).parent / "inside"
# Each Django on a Python that it supports and that the others do not use.
PYTHONS = {"5.2": "3.11", "6.0": "3.12", "6.1": "3.13"}
# Of what Django's tests can use, what these suites need to skip no test that sends a signal.
REQUIREMENTS = ("asgiref", "sqlparse", "jinja2", "argon2-cffi", "bcrypt", "tzdata")


class Environment:
    """One Django, by the version's first two numbers, in a folder of its own."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._folder = CACHE / version
        self._python = self._folder / "venv" / "bin" / "python"

    @property
    def _source(self) -> Path:
        return next(self._folder.glob("django-*/"))

    @property
    def title(self) -> str:
        """The versions as readers know them."""
        return f"{self._source.name.replace('django-', 'Django ')}, Python {PYTHONS[self._version]}"

    def set_up(self) -> None:
        """Download and install what is not there yet, and compile what is in C for this Python."""
        pip = (self._python, "-m", "pip", "--quiet", "--disable-pip-version-check")
        if not (self._folder / "installed").exists():
            self._download(pip)
        _check(*pip, "install", "--no-deps", "--editable", ROOT)

    def _download(self, pip: Iterable[str | Path]) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        print(f"Setting up Django {self._version}", flush=True)
        _check(find_python(PYTHONS[self._version]), "-m", "venv", self._python.parents[1])
        _check(*pip, "install", *REQUIREMENTS)
        download = ("download", "--no-deps", "--no-binary=:all:", f"--dest={self._folder}")
        _check(*pip, *download, f"Django~={self._version}.0")
        with tarfile.open(next(self._folder.glob("*.tar.gz"))) as archive:
            archive.extractall(self._folder, filter="data")
        (self._folder / "installed").touch()

    def run(self, way: str, suites: Iterable[str], *, patched: bool) -> dict[str, Any]:
        """What the tests found, ``plain`` or ``recorded``, as ``inside/judge_runner.py`` wrote it."""
        outcomes = self._folder / f"{way}.json"
        outcomes.unlink(missing_ok=True)
        began = time.monotonic()
        # The status tells of failures, which the comparison looks at; no outcomes tell of a crash.
        command = (self._python, "runtests.py", "--settings=judge_settings", "--parallel=1", "--noinput")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (self._source, INSIDE, ROOT))),
            "JUDGE_OUTCOMES": str(outcomes),
            "JUDGE_RECORDS": str(int(way == "recorded")),
            "JUDGE_PATCHES": str(int(patched)),
        }
        with open(self._folder / f"{way}.log", "w") as log:
            subprocess.run(
                (*command, *suites),
                cwd=self._source / "tests",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if not outcomes.exists():
            sys.exit(f"Django's tests did not reach their end: see {log.name}")
        found: dict[str, Any] = json.loads(outcomes.read_text())
        print(f"  {way}: {len(found['tests'])} tests in {time.monotonic() - began:.0f} s", flush=True)
        return found


def find_python(version: str) -> str:
    """A command for this Python: one on the PATH, or one that pyenv has and does not show there."""
    for command in _candidates(version):
        wanted = f"import sys; sys.exit(sys.version_info[:2] != tuple(map(int, '{version}'.split('.'))))"
        if not subprocess.run((command, "-c", wanted), capture_output=True, check=False).returncode:
            return command
    sys.exit(f"Python {version} is needed and not found: neither on the PATH nor with pyenv.")


def _candidates(version: str) -> Iterator[str]:
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    if shutil.which("pyenv"):
        root = subprocess.run(("pyenv", "root"), capture_output=True, text=True, check=True).stdout.strip()
        yield from map(str, sorted(Path(root).glob(f"versions/{version}.*/bin/python")))


def _check(*command: str | Path) -> None:
    subprocess.run(command, check=True)
