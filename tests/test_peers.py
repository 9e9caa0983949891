"""Beside the real packages that patch Django: in either order of coming and going."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import setting_changed
from django.dispatch import Signal
from django.test import override_settings

import signal_panel
from tests import peers

told = Signal(use_caching=True)


def wants(package: str) -> None:
    """Skip where the package is missing, except where nothing may be missing."""
    try:
        importlib.import_module(package)
    except ImportError:
        exists = package != "kaleidoscope" or sys.version_info >= (3, 11)
        if exists and os.environ.get("CI"):
            raise
        pytest.skip(f"{package} is not installed")


@pytest.mark.parametrize(
    ("package", "scene"),
    [
        ("sentry_sdk", "sentry_before_us"),
        ("sentry_sdk", "sentry_while_we_record"),
        ("opentelemetry.instrumentation.django", "opentelemetry_before_us"),
        ("opentelemetry.instrumentation.django", "opentelemetry_after_us"),
        ("kaleidoscope", "kaleidoscope_before_us"),
        ("kaleidoscope", "kaleidoscope_comes_and_goes_while_we_record"),
        ("kaleidoscope", "kaleidoscope_comes_while_we_record_and_stays"),
    ],
)
def test_beside(package: str, scene: str) -> None:
    wants(package.partition(".")[0])
    done = subprocess.run(
        [sys.executable, "-m", "tests.peers", scene],
        cwd=Path(peers.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("who_is_first", ["them", "us"])
def test_factory_boy_s_mute_signals(who_is_first: str) -> None:
    wants("factory")
    from factory.django import mute_signals

    def hears(**kwargs: Any) -> None:
        pass

    told.connect(hears)
    signal_panel_recording = signal_panel.record()
    if who_is_first == "them":
        with mute_signals(told), signal_panel_recording as recording:
            told.send(sender=Signal)
            has_listeners = told.has_listeners(sender=Signal)
    else:
        with signal_panel_recording as recording:
            with mute_signals(told):
                told.send(sender=Signal)
                has_listeners = told.has_listeners(sender=Signal)
            told.send(sender=Signal)
    assert not has_listeners
    assert [len(send.calls) for send in recording.sends] == [0, 1][: len(recording.sends)]
    assert len(told.send(sender=Signal)) == 1


def places_of_warnings() -> list[Any]:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for _ in range(2):
            with override_settings(DATABASES={}):
                pass
    return [(str(w.message), w.filename, w.lineno) for w in warned]


def test_override_settings() -> None:
    plain = places_of_warnings()
    with signal_panel.record() as recording:
        assert places_of_warnings() == plain
    assert len(plain) == 2
    assert [send.signal for send in recording.sends] == ["django.core.signals.setting_changed"] * 4
    assert all(send.calls for send in recording.sends)
    assert setting_changed.has_listeners()
