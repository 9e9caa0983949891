"""A project written from the README alone, with the package in each form it comes in."""

import json
import re
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.packaging.conftest import FORMS, ROOT, Environment
from tests.packaging.project import make_project, served

SCRIPT = "signal_panel/js/panel.js"

Project = Callable[[str], tuple[Environment, Path]]


@pytest.fixture(scope="session")
def project(environment: Callable[[str], Environment], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project for each form the package comes in, made when it is first asked for."""
    made: dict[str, tuple[Environment, Path]] = {}

    def project_with(form: str) -> tuple[Environment, Path]:
        if form not in made:
            folder = tmp_path_factory.mktemp(f"project-{form}")
            made[form] = environment(form), make_project(environment(form), folder)
        return made[form]

    return project_with


def get(url: str) -> str:
    try:
        with urlopen(url, timeout=30) as response:
            return str(response.read().decode())
    except HTTPError as error:
        raise AssertionError(f"{error}: {url}\n{error.read().decode()[:2000]}") from None


@pytest.mark.parametrize("form", FORMS)
def test_the_package_comes_from_where_it_should(project: Project, form: str) -> None:
    environment, folder = project(form)
    code = "import signal_panel; print(signal_panel.__file__)"
    source = Path(environment.run("python", "-c", code, cwd=folder).strip())
    home = environment.path if form in ("wheel", "sdist") else ROOT
    assert source.is_relative_to(home)


@pytest.mark.parametrize("form", FORMS)
def test_the_system_checks_are_content(project: Project, form: str) -> None:
    environment, folder = project(form)
    environment.run("python", "manage.py", "check", "--fail-level", "WARNING", cwd=folder)


@pytest.mark.parametrize("form", FORMS)
def test_findstatic(project: Project, form: str) -> None:
    environment, folder = project(form)
    printed = environment.run(
        "python", "manage.py", "findstatic", "--first", "--verbosity", "0", SCRIPT, cwd=folder
    )
    assert Path(printed.strip()).read_bytes() == (ROOT / "static" / SCRIPT).read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_collectstatic(project: Project, form: str, tmp_path: Path) -> None:
    environment, folder = project(form)
    settings = folder / "site_of_a_user" / "collecting.py"
    settings.write_text(f"from .settings import *\n\nSTATIC_ROOT = {str(tmp_path)!r}\n")
    environment.run(
        "python",
        "manage.py",
        "collectstatic",
        "--noinput",
        "--settings",
        "site_of_a_user.collecting",
        cwd=folder,
    )
    assert files_in(tmp_path / "signal_panel") == files_in(ROOT / "static" / "signal_panel")


def files_in(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_runserver(project: Project, form: str) -> None:
    environment, folder = project(form)
    with served(environment, folder, "runserver") as address:
        a_page_is_recorded_and_shown(address)
        script = get(f"{address}/static/{SCRIPT}")
    assert script == (ROOT / "static" / SCRIPT).read_text()


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_other_servers(project: Project, server: str) -> None:
    environment, folder = project("wheel")
    environment.install(server)
    with served(environment, folder, server) as address:
        a_page_is_recorded_and_shown(address)


def a_page_is_recorded_and_shown(address: str) -> None:
    """Follow the addresses as the browser does: the page, the panel's content, its spans."""
    page = get(f"{address}/admin/login/")
    assert 'id="djDebug"' in page
    assert "Signal timeline" in page
    [request_id] = re.findall(r'data-request-id="(\w+)"', page)
    [panel_url] = set(re.findall(r'data-render-panel-url="([^"]+)"', page))

    query = f"request_id={request_id}&panel_id=SignalTimelinePanel"
    panel = json.loads(get(f"{address}{unescape(panel_url)}?{query}"))
    assert "request_started" in panel["content"]
    assert panel["scripts"] == [f"/static/{SCRIPT}"]

    [spans_url] = re.findall(r'"([^"]*/spans/[^"]*)"', panel["content"])
    for _ in range(1000):
        recording = json.loads(get(f"{address}{unescape(spans_url)}"))
        signals = [recording["strings"][send[0]] for send in recording["sends"]]
        if "django.core.signals.request_finished" in signals:
            break
        time.sleep(0.03)  # the server finishes after the client has got the page
    assert recording["version"] == 1
    # From the first to the last: the middleware is there, and saw the whole request.
    assert signals[0] == "django.core.signals.request_started"
    assert "django.core.signals.request_finished" in signals
