"""Which sends were made again for the same instance, however many there are and whoever of them lives."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db.models.signals import m2m_changed
from django.dispatch import Signal

import signal_panel
from signal_panel import Recording
from signal_panel.collector import current
from signal_panel.instances import AT_FIRST, OFTEN, Instances
from signal_panel.tracer import close_scope, open_scope
from tests.threads import at_once

thing_saved = Signal()
MANY = AT_FIRST // 4 + 1  # sends
pytestmark = pytest.mark.usefixtures("room")


@pytest.fixture
def room(settings: Any) -> None:
    settings.SIGNAL_PANEL = {"MAX_SPANS": 100_000}


class Thing:
    """Is saved."""


def save(thing: Thing, times: int) -> None:
    """Send for it from one line."""
    for _ in range(times):
        thing_saved.send(None, instance=thing)


def again(recording: Recording) -> list[int | None]:
    """For each send the first that was for the same instance, by their order."""
    places = {send.index: place for place, send in enumerate(recording.sends)}
    return [None if send.repeats is None else places[send.repeats.index] for send in recording.sends]


def kept() -> int:
    return len(current.get().collector.instances.sends)


def test_of_those_that_die_and_those_that_live() -> None:
    chance = random.Random(1)
    living: list[Any] = [Thing() for _ in range(50)]
    first: dict[tuple[int, str], int] = {}
    expected: list[int | None] = []
    with signal_panel.record() as recording:
        for place in range(2 * MANY):
            at = chance.randrange(len(living))
            if chance.random() < 0.3:
                living[at] = Thing()
                first = {key: span for key, span in first.items() if key[0] != at}
            action = chance.choice(["post_add", "post_remove"])
            before = first.setdefault((at, action), place)
            expected.append(None if before == place else before)
            m2m_changed.send(Thing, instance=living[at], action=action)
    assert again(recording) == expected
    assert any(expected)


def test_of_the_dead_none_is_kept_and_of_the_living_the_first() -> None:
    living = [Thing() for _ in range(100)]
    with signal_panel.record() as recording:
        for _ in range(MANY):
            thing_saved.send(None, instance=Thing())
        assert kept() < OFTEN
        for _ in range(MANY // 100):
            for thing in living:
                thing_saved.send(None, instance=thing)
        assert kept() < OFTEN
    assert again(recording)[:MANY] == [None] * MANY
    assert again(recording)[-100:] == list(range(MANY, MANY + 100))


def test_where_all_live_it_is_not_gone_through_for_each_of_them() -> None:
    living = []
    with signal_panel.record():
        instances = current.get().collector.instances
        times = 0
        compared = instances._compared

        def counts(*arguments: Any) -> Any:
            nonlocal times
            times += 1
            return compared(*arguments)

        instances._compared = counts  # type: ignore[method-assign]
        for _ in range(8 * MANY):
            living.append(Thing())
            thing_saved.send(None, instance=living[-1])
        assert kept() == 8 * MANY * 4
        assert times < 10


def test_a_failure_of_ours_is_told_whatever_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Instances) -> None:
        raise TypeError

    monkeypatch.setattr(Instances, "go_through", fails)
    scope = open_scope()
    save(Thing(), MANY)
    close_scope(scope)
    assert scope.failure == "TypeError"


def test_one_that_cannot_be_weakly_held_is_no_failure() -> None:
    scope = open_scope()
    thing_saved.send(None, instance=7)
    close_scope(scope)
    assert scope.failure == ""
    assert again(scope.recording) == [None]


def test_a_recording_inside_another_has_its_own_first_one() -> None:
    thing = Thing()
    with signal_panel.record() as outer:
        save(thing, MANY)
        with signal_panel.record() as inner:
            save(thing, MANY)
    assert again(inner) == [None, *[0] * (MANY - 1)]
    assert again(outer) == [None, *[0] * (2 * MANY - 1)]


def test_threads_may_save_at_once() -> None:
    def saves() -> None:
        for _ in range(MANY):
            save(Thing(), times=2)

    with signal_panel.record() as recording:
        at_once(saves)
    assert sum(first is not None for first in again(recording)) == 4 * MANY
    assert len(recording.sends) == 8 * MANY


def test_one_that_sends_while_it_dies_is_compared_too() -> None:
    class Dying(Thing):
        def __del__(self) -> None:
            thing_saved.send(None, instance=thing)

    thing = Thing()
    with signal_panel.record() as recording:
        for _ in range(MANY):
            thing_saved.send(Dying, instance=Dying())
    assert sum(first is not None for first in again(recording)) == MANY - 1
