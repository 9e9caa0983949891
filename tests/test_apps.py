"""Start-up: in a checkout the static folder joins STATICFILES_DIRS, and nothing else changes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.staticfiles.finders import find, get_finder

from signal_panel import assets

STATIC = str(assets.STATIC)
A_FILE = "signal_panel/start-up-test.txt"


@pytest.fixture(autouse=True)
def fresh_finders() -> Iterator[None]:
    get_finder.cache_clear()  # type: ignore[attr-defined]
    yield
    get_finder.cache_clear()  # type: ignore[attr-defined]


def start_up() -> None:
    apps.get_app_config("signal_panel").ready()


@pytest.mark.parametrize(
    "folders",
    [
        pytest.param([], id="none"),
        pytest.param(["assets"], id="a list"),
        pytest.param(("assets",), id="a tuple"),
        pytest.param([("prefix", "assets")], id="a prefixed one"),
        pytest.param([Path("assets")], id="a path"),
        pytest.param([("prefix", STATIC)], id="ours under a prefix"),
    ],
)
def test_our_folder_comes_after_the_project_s(settings: Any, folders: Any) -> None:
    settings.STATICFILES_DIRS = folders
    start_up()
    assert [*folders, STATIC] == settings.STATICFILES_DIRS


@pytest.mark.parametrize("given", [STATIC, assets.STATIC, f"{STATIC}/../static/"])
def test_our_folder_is_not_added_to_itself(settings: Any, given: Any) -> None:
    settings.STATICFILES_DIRS = [given]
    start_up()
    assert [given] == settings.STATICFILES_DIRS


def test_starting_twice_is_starting_once(settings: Any) -> None:
    settings.STATICFILES_DIRS = []
    start_up()
    start_up()
    assert settings.STATICFILES_DIRS == [STATIC]


def test_the_project_s_own_list_is_not_changed(settings: Any) -> None:
    folders = ["assets"]
    settings.STATICFILES_DIRS = folders
    start_up()
    assert folders == ["assets"]


def test_a_setting_of_the_wrong_type_is_left_to_django_s_check(settings: Any) -> None:
    settings.STATICFILES_DIRS = "assets"
    start_up()
    assert settings.STATICFILES_DIRS == "assets"


def test_finders_made_before_us_see_our_files(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    (tmp_path / "signal_panel").mkdir()
    (tmp_path / A_FILE).touch()
    settings.STATICFILES_DIRS = []
    assert find(A_FILE) is None
    start_up()
    assert find(A_FILE) == str(tmp_path / A_FILE)


def test_in_a_wheel_the_setting_is_left_alone(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "PACKAGE", tmp_path)
    monkeypatch.setattr(assets, "STATIC", tmp_path / "static")
    settings.STATICFILES_DIRS = ("assets",)
    start_up()
    assert settings.STATICFILES_DIRS == ("assets",)


def test_the_app_s_path_is_the_package() -> None:
    # Django looks for management commands there.
    assert apps.get_app_config("signal_panel").path == str(assets.PACKAGE)
