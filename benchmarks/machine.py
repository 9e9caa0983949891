"""Where a run took place: what its figures hold for."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.peers import Entry
from benchmarks.remote import ROOT
from signal_panel import speedups

PACKAGES = ["django", "django-debug-toolbar", "django-signal-panel"]
WITH_C, WITHOUT_C = "with its C", "without its C"
MEASURED = ["signal_panel", "static", "templates"]


def available(peers: Sequence[Entry]) -> list[Entry]:
    """Those that are installed, or need not be."""
    return [peer for peer in peers if not peer.requires or _version(peer.requires)]


def described(peers: Sequence[Entry]) -> str:
    """The date, the machine and the versions, in a sentence."""
    found = [
        f"{package} {_version(package)}" for package in (*(p.requires for p in peers), *PACKAGES) if package
    ]
    ours = WITH_C if speedups.IS_COMPILED else WITHOUT_C
    return f"{date.today()}, {hardware()}, Python {platform.python_version()}, {', '.join(found)}, {ours}."


def hardware() -> str:
    """The machine, without a name."""
    return f"{_processor()}, {os.cpu_count()} processors, {platform.system()}"


def commit() -> str:
    """The commit of what is measured, with a ``+`` where it has been changed since; empty without git."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return f"{head}+" if _git("status", "--porcelain", "--", *MEASURED) else head
    except (OSError, subprocess.CalledProcessError):
        return ""


def load() -> float:
    """How many processes have wanted a processor, on average, over the last minute."""
    return os.getloadavg()[0]


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
