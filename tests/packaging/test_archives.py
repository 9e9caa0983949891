"""What is in the wheel and in the sdist."""

import re
import sys
import sysconfig
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

import signal_panel
from tests.compiling import can_be_compiled
from tests.packaging.conftest import ROOT, Archives, build


@pytest.fixture(scope="module")
def wheel_files(archives: Archives) -> set[str]:
    with zipfile.ZipFile(archives.wheel) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def sdist_files(archives: Archives) -> set[str]:
    with tarfile.open(archives.sdist) as sdist:
        return {member.name.partition("/")[2] for member in sdist.getmembers() if member.isfile()}


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel_files: set[str]) -> None:
    assert {name.partition("/")[0] for name in wheel_files} == {
        "signal_panel",
        f"django_signal_panel-{signal_panel.__version__}.dist-info",
    }


@pytest.mark.parametrize("folder", ["templates", "static", "docs/findings"])
def test_the_wheel_holds_all_that_the_panel_serves(wheel_files: set[str], folder: str) -> None:
    here = {
        f"signal_panel/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert here
    assert {name for name in wheel_files if name.startswith(f"signal_panel/{folder}/")} == here


def test_the_wheel_is_marked_as_typed_and_has_the_licence(wheel_files: set[str]) -> None:
    assert "signal_panel/py.typed" in wheel_files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_files)


def compiled(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if re.search(r"/speedups/compiled\.|\.[ch]$", name)]


@pytest.mark.skipif(not can_be_compiled(), reason="There is no C compiler, or a Python that it is not for.")
def test_the_wheel_holds_what_was_compiled_for_this_python_alone(archives: Archives) -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert compiled(archives.wheel) == [f"signal_panel/speedups/compiled{suffix}"]
    assert f"-cp{sys.version_info.major}{sys.version_info.minor}-" in archives.wheel.name


@pytest.mark.parametrize(
    "environment", [{"SIGNAL_PANEL_PURE_PYTHON": "1"}, {"CC": "no-such-compiler"}, {"CC": "false"}], ids=str
)
def test_without_a_compiler_the_wheel_is_one_for_any_python(
    environment: dict[str, str], tmp_path: Path
) -> None:
    build(tmp_path, "--wheel", **environment)
    [wheel] = tmp_path.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert compiled(wheel) == []


def test_the_sdist_holds_what_is_needed_to_test_it(sdist_files: set[str]) -> None:
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "Makefile",
        "tox.ini",
        "signal_panel/py.typed",
        "signal_panel/speedups/compiled.c",
        "signal_panel/speedups/compiled.h",
        "hatch_build.py",
        "tests/settings.py",
        "example_project/manage.py",
        "docs/settings.md",
    } <= sdist_files


def test_the_sdist_holds_nothing_that_was_made_here(sdist_files: set[str]) -> None:
    made_here = re.compile(r"(^|/)(__pycache__|node_modules|\.venv|\.tox|\w+\.sqlite3)(/|$)|\.(pyc|so)$")
    assert [name for name in sdist_files if made_here.search(name)] == []


def test_the_version_is_written_in_one_place(archives: Archives) -> None:
    with zipfile.ZipFile(archives.wheel) as wheel:
        [metadata] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
        headers = HeaderParser().parsestr(wheel.read(metadata).decode())
    assert headers["Version"] == signal_panel.__version__
    assert signal_panel.__version__ not in (ROOT / "pyproject.toml").read_text()


def test_the_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == signal_panel.__version__
