from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from debug_toolbar.toolbar import DebugToolbar
from hypothesis import HealthCheck, settings

from signal_panel import kinds
from signal_panel.collector import current
from signal_panel.tracer import patching

# No test fails for a machine that is slow, or busy with others.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="session")
def _toolbar_urls() -> None:
    """The toolbar keeps the URLs it makes first: not those of a test that lists other panels."""
    DebugToolbar.get_urls()


@pytest.fixture(autouse=True)
def _nothing_of_ours_is_left_behind() -> Iterator[None]:
    """Fail the test that leaves Django patched, a scope open or something current."""
    before = standing()
    open_scopes = patching._open_scopes
    idle = current.get()
    yield
    assert standing() == before
    assert patching._open_scopes == open_scopes
    assert current.get() == idle


@pytest.fixture(autouse=True, scope="session")
def _nothing_stays_for_having_been_there_often() -> Iterator[None]:
    """Django's own methods are put back after each recording, however many tests have run before."""
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(patching, "TIMES", sys.maxsize)
        yield


@pytest.fixture(autouse=True)
def _no_kinds_are_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first send of a test is the first of its kind, whatever other tests sent."""
    monkeypatch.setattr(kinds, "_last", kinds.Kinds())


def standing() -> dict[tuple[type, str], object]:
    """What stands on Django's classes where we record."""
    return {(patch.owner, patch.name): vars(patch.owner).get(patch.name) for patch in patching.PATCHES}
