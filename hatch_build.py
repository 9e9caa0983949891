"""Compiles what is in C while a wheel is built, where that can be done; elsewhere Python does the same."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

SPEEDUPS = Path("signal_panel", "speedups")


class CompileSpeedups(BuildHookInterface[Any]):
    """Adds the compiled module to a wheel, or puts it beside its sources for an editable one."""

    folder: TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile it. Where there is no compiler, say so, and leave the wheel one of Python alone."""
        if not is_wanted():
            return
        self.folder = TemporaryDirectory()
        built = compile_into(Path(self.folder.name))
        beside = SPEEDUPS / built.name
        if not built.exists():
            self.app.display_warning("The speedups could not be compiled: Python alone will record.")
            if version == "editable":
                beside.unlink(missing_ok=True)  # It is of other sources.
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if version == "editable":
            put_in_place(built, beside)
        else:
            build_data["force_include"][str(built)] = beside.as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind but the wheel."""
        if self.folder is not None:
            self.folder.cleanup()


def is_wanted() -> bool:
    """Whether it is for this Python: one that it was tried on, as it looks inside, and with the GIL."""
    return (
        not os.environ.get("SIGNAL_PANEL_PURE_PYTHON")
        and sys.implementation.name == "cpython"
        and (3, 11) <= sys.version_info < (3, 16)
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
    )


def put_in_place(file: Path, target: Path) -> None:
    """Copy it so that who opens the target meanwhile finds all of the old one or all of the new one."""
    new = target.with_name(f"new-{target.name}")
    shutil.copy(file, new)
    new.replace(target)


def compile_into(folder: Path) -> Path:
    """Where the compiled module is in this folder, if it could be compiled."""
    sources = sorted(str(path) for path in SPEEDUPS.glob("*.c"))
    headers = sorted(str(path) for path in SPEEDUPS.glob("*.h"))
    extension = Extension("compiled", sources, depends=headers, optional=True)
    command = build_ext(Distribution({"ext_modules": [extension]}))
    command.force = True
    command.build_lib = str(folder)
    with TemporaryDirectory() as command.build_temp:
        command.ensure_finalized()
        command.run()
    return Path(command.get_ext_fullpath("compiled")).resolve()
