"""The bookshop behind a real server, for a browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bookshop import environment

PATIENCE = 60  # seconds


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a bookshop seeded in the folder, which remembers more requests than a run makes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    process = subprocess.Popen(
        [sys.executable, "-m", "django", "runserver", "--noreload", f"{host}:{port}"],
        env={
            **os.environ,
            **environment(folder),
            "BOOKSHOP_TOOLBAR": json.dumps({"RESULTS_CACHE_SIZE": 1000}),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://{host}:{port}/"
    try:
        _wait_for(f"{address}static/shop/shop.css", process)
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the bookshop did not start")
