"""``assets``: right in a checkout, and right where the wheel puts things."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

from signal_panel import assets


def assets_at(package: Path) -> ModuleType:
    """The module as if it had been imported from another place."""
    path = shutil.copy(assets.__file__, package)
    spec = importlib.util.spec_from_file_location("moved_assets", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_here_both_folders_hold_the_package_s_files() -> None:
    assert (assets.TEMPLATES / "signal_panel").is_dir()
    assert (assets.STATIC / "signal_panel").is_dir()


def test_in_a_checkout_the_folders_stand_beside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "signal_panel"
    for folder in (package, tmp_path / "templates", tmp_path / "static"):
        folder.mkdir()
    moved = assets_at(package)
    assert tmp_path / "templates" == moved.TEMPLATES
    assert tmp_path / "static" == moved.STATIC


def test_in_a_wheel_the_folders_are_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "signal_panel"
    # The folders of some other package, as they may well lie in site-packages.
    for folder in (package, tmp_path / "templates", tmp_path / "static"):
        folder.mkdir()
    for folder in (package / "templates", package / "static"):
        folder.mkdir()
    moved = assets_at(package)
    assert package / "templates" == moved.TEMPLATES
    assert package / "static" == moved.STATIC
