"""The archives, and environments into which they are installed as a user would."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORMS = ["wheel", "sdist", "editable", "checkout"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.packaging)


@dataclass(frozen=True)
class Archives:
    wheel: Path
    sdist: Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment; ``checkout`` is on its path where the package is not installed in it."""

    path: Path
    checkout: Path | None = None

    def command(self, name: str) -> str:
        return str(self.path / ("Scripts" if os.name == "nt" else "bin") / name)

    @property
    def variables(self) -> dict[str, str]:
        # Nothing of this test run's own set-up may leak into the user's project.
        own = ("PYTHON", "DJANGO", "VIRTUAL_ENV", "COV", "PYTEST")
        variables = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        if self.checkout:
            variables["PYTHONPATH"] = str(self.checkout)
        return variables

    def run(self, name: str, *arguments: str | Path, cwd: Path) -> str:
        """What a command of the environment prints."""
        done = subprocess.run(
            [self.command(name), *map(str, arguments)],
            cwd=cwd,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.args} failed:\n{done.stdout}{done.stderr}"
        return done.stdout

    def install(self, *requirements: str | Path) -> None:
        self.run("python", "-m", "pip", "install", "--quiet", *requirements, cwd=self.path)


def build(folder: Path, *options: str, **environment: str) -> None:
    """Build archives into a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "build", *options, "--outdir", folder, ROOT],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """The sdist, and the wheel built from what is in it."""
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    [wheel] = folder.glob("*.whl")
    [sdist] = folder.glob("*.tar.gz")
    return Archives(wheel, sdist)


@pytest.fixture(scope="session")
def environment(archives: Archives, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Environment]:
    """An environment for each form the package comes in, made when it is first asked for."""
    made: dict[str, Environment] = {}

    def environment_for(form: str) -> Environment:
        if form not in made:
            made[form] = make(form)
        return made[form]

    def make(form: str) -> Environment:
        path = tmp_path_factory.mktemp(form) / "venv"
        venv.create(path, with_pip=True)
        environment = Environment(path, checkout=ROOT if form == "checkout" else None)
        match form:
            case "wheel":
                environment.install(archives.wheel)
            case "sdist":
                environment.install(archives.sdist)
            case "editable":
                environment.install("--editable", ROOT)
            case "checkout":
                environment.install("Django>=5.2", "django-debug-toolbar>=7.1", "Jinja2>=3.1")
        return environment

    return environment_for
