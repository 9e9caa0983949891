"""A project made by ``startproject`` and the README alone, and the servers it runs under."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.packaging.conftest import ROOT, Environment


def make_project(environment: Environment, folder: Path) -> Path:
    """Start a project and paste the README's lines at the end of the files that they are for."""
    environment.run("django-admin", "startproject", "site_of_a_user", folder, cwd=folder)
    for name in ("settings.py", "urls.py"):
        with (folder / "site_of_a_user" / name).open("a") as file:
            file.write(readme_lines_for(name))
    environment.run("python", "manage.py", "migrate", "--verbosity", "0", cwd=folder)
    return folder


def readme_lines_for(name: str) -> str:
    readme = (ROOT / "README.md").read_text()
    [lines] = re.findall(rf"```python\n# {name}\n(.*?)```", readme, re.DOTALL)
    return str(lines)


SERVERS = {
    "runserver": ("python", "manage.py", "runserver", "--noreload", "{address}"),
    "gunicorn": ("gunicorn", "--threads", "4", "--bind", "{address}", "site_of_a_user.wsgi"),
    "uvicorn": ("uvicorn", "--host", "{host}", "--port", "{port}", "site_of_a_user.asgi:application"),
}


@contextmanager
def served(environment: Environment, project: Path, server: str) -> Iterator[str]:
    """The address of the project while it runs under a server."""
    host, port = "127.0.0.1", free_port()
    address = f"{host}:{port}"
    name, *arguments = SERVERS[server]
    log = project / f"{server}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                environment.command(name),
                *(part.format(address=address, host=host, port=port) for part in arguments),
            ],
            cwd=project,
            env=environment.variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(host, port, process, log)
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(host: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{process.args} did not come up:\n{log.read_text()}")
