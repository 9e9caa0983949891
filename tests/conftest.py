from __future__ import annotations

from collections.abc import Iterator

import pytest
from debug_toolbar.toolbar import DebugToolbar
from django.dispatch import Signal

from signal_panel.collector import current
from signal_panel.recording import METHODS


@pytest.fixture(autouse=True, scope="session")
def _toolbar_urls() -> None:
    """The toolbar keeps the URLs it makes first: not those of a test that lists other panels."""
    DebugToolbar.get_urls()


@pytest.fixture(autouse=True)
def _nothing_of_ours_is_left_behind() -> Iterator[None]:
    """Fail the test that leaves Signal patched, or something current."""
    before = {name: Signal.__dict__[name] for name in METHODS}
    idle = current.get()
    yield
    assert {name: Signal.__dict__[name] for name in METHODS} == before
    assert current.get() == idle
