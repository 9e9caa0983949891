"""Whether this Python can have what is in C."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig

PURE = "SIGNAL_PANEL_PURE_PYTHON"


def can_be_compiled() -> bool:
    """Whether it is wanted, it is for this Python, and there is a compiler."""
    compiler = (sysconfig.get_config_var("CC") or "").split()
    return (
        not os.environ.get(PURE)
        and sys.implementation.name == "cpython"
        and (3, 11) <= sys.version_info < (3, 16)
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and bool(compiler)
        and shutil.which(compiler[0]) is not None
    )
