"""Kinds of sends and receivers, which last from one recording to the next."""

from __future__ import annotations

import gc
import sys
import threading
from functools import partial
from types import ModuleType
from typing import Any
from weakref import ref

import pytest
from django.dispatch import Signal
from django.test import override_settings

import signal_panel
from signal_panel import Recording, frames, kinds

HERE = __name__
told = Signal()


def hears(**_: Any) -> None:
    """Hear."""


class NotWeakly:
    """A receiver that nothing can refer to weakly."""

    __slots__ = ()

    def __call__(self, **_: Any) -> None:
        """Hear."""


def sends(recording: Recording) -> list[tuple[str, str]]:
    return [(send.signal, send.sender) for send in recording.sends]


def recorded(*signals: Signal, sender: Any = None) -> Recording:
    with signal_panel.record() as recording:
        for signal in signals:
            signal.send(sender)
    return recording


def test_a_send_and_its_receiver_are_the_same_in_the_next_recording() -> None:
    told.connect(hears)
    try:
        first, second = (recorded(told, sender=Recording) for _ in range(2))
    finally:
        told.disconnect(hears)
    assert sends(first) == sends(second) == [(f"{HERE}.told", "signal_panel.recording.Recording")]
    for recording in (first, second):
        assert [call.receiver for call in recording.calls] == [f"{HERE}.hears"]


def test_what_has_the_id_of_a_sender_that_died_is_another() -> None:
    names = set()
    for name in ("First", "Second", "Third"):
        (send,) = recorded(told, sender=type(name, (), {})).sends
        names.add(send.sender.rpartition(".")[2])
        gc.collect()
    assert names == {"First", "Second", "Third"}


@pytest.mark.parametrize("hears", [NotWeakly(), partial(hears).__call__])
def test_a_receiver_that_cannot_be_weakly_held_is_one_in_all_its_calls(hears: Any) -> None:
    told.connect(hears, weak=False)
    try:
        recording = recorded(told, told, told)
    finally:
        told.disconnect(hears)
    (connection,) = [each for each in recording.connections if each.signal == f"{HERE}.told"]
    assert len(connection.calls) == 3
    assert len({kind for kind in recording.columns.kind if kind < 0}) == 1


def test_nothing_that_they_are_of_is_kept_alive() -> None:
    class Sender:
        """Die."""

    signal = Signal()
    recorded(signal, sender=Sender)
    died = ref(signal), ref(Sender)
    del signal, Sender
    gc.collect()
    assert [reference() for reference in died] == [None, None]


def test_however_many_there_were_a_small_recording_has_its_own() -> None:
    recorded(*(Signal() for _ in range(20)))
    with override_settings(SIGNAL_PANEL={"MAX_SPANS": 1}):
        assert sends(recorded(told, sender=Recording)) == [
            (f"{HERE}.told", "signal_panel.recording.Recording")
        ]


def test_another_recording_takes_no_room_from_one() -> None:
    """Of spans there is no more room than for one."""

    def many() -> None:
        recorded(*(Signal() for _ in range(20)))

    with override_settings(SIGNAL_PANEL={"MAX_SPANS": 1}), signal_panel.record() as recording:
        thread = threading.Thread(target=many)
        thread.start()
        thread.join()
        told.send(Recording)
    assert sends(recording) == [(f"{HERE}.told", "signal_panel.recording.Recording")]


def test_as_many_as_there_may_be_spans_are_told_apart() -> None:
    senders = [type(f"Sender{number}", (), {}) for number in range(10)]
    with override_settings(SIGNAL_PANEL={"MAX_SPANS": 10}), signal_panel.record() as recording:
        for sender in senders:
            told.send(sender)
    assert sends(recording) == [(f"{HERE}.told", f"{HERE}.{sender.__name__}") for sender in senders]


def test_what_was_seen_in_one_recording_is_not_learnt_again_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded(told, sender=Recording)
    learnt: list[Any] = []
    monkeypatch.setattr(kinds.naming, "sender_name", learnt.append)
    assert len(recorded(told, sender=Recording).sends) == 1
    assert Recording not in learnt


@pytest.mark.parametrize("looked_up", ["sender_name", "receiver_definition"])
def test_what_another_learns_meanwhile_is_not_learnt_twice(
    looked_up: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = Signal()
    signal.connect(hears := lambda **_: None)
    assert callable(hears)

    def send() -> None:
        signal.send(Recording)

    find = getattr(kinds.naming, looked_up)

    def finds(thing: Any) -> Any:
        monkeypatch.undo()
        send()
        return find(thing)

    monkeypatch.setattr(kinds.naming, looked_up, finds)
    with signal_panel.record() as recording:
        send()
    assert (len(recording.sends), len(recording.calls)) == (2, 2)
    assert len(set(recording.columns.kind)) == 2


@override_settings(SIGNAL_PANEL={"IGNORE": []})
def test_they_do_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "MOST", 3)
    for _ in range(5):
        assert len(sends(recorded(told, *(Signal() for _ in range(2))))) == 3
        assert len(kinds._last.seen.sends) == 3


def test_neither_do_those_that_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "MOST", 3)
    with override_settings(SIGNAL_PANEL={"IGNORE": ["*"]}):
        for _ in range(5):
            assert recorded(*(Signal() for _ in range(3))).sends == []
            assert kinds._last.seen.ignored.added == 3


def test_a_function_is_not_climbed_past_for_being_where_one_was_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(frames.CLIMBED_PAST, "climbed.py", False)

    # What has died makes room for the next but one, so for one of the other file each second time. Where a
    # function that was climbed past is kept, none gets its place.
    files = ["climbed.py", "climbed.py", "own.py", "own.py"] * 50
    places = set()
    with signal_panel.record() as recording:
        for file in files:
            found: dict[str, Any] = {"told": told, "__name__": HERE}
            exec(compile("def sends(): told.send(None)\ndef calls(): sends()", file, "exec"), found)
            found["calls"]()
            places.add(id(found["calls"].__code__))
            found.clear()
    assert len(places) < 200, "None was where another had been."
    sites = [send.site.path for send in recording.sends if send.site]
    assert sites == [__file__ if file == "climbed.py" else file for file in files]


@override_settings(SIGNAL_PANEL={"IGNORE": ["*.ignored:Signal"]})
def test_a_function_is_not_ignored_for_being_where_an_ignored_one_was() -> None:
    signal = Signal()  # which no module names, so that the sending function does

    def made(name: str) -> Any:
        found: dict[str, Any] = {"signal": signal, "__name__": HERE}
        exec(compile(f"def {name}(): signal.send(None)", "made.py", "exec"), found)
        return found[name]

    places = set()
    with signal_panel.record() as recording:
        for _ in range(300):
            ignored = made("ignored")
            ignored()
            places.add(id(ignored.__code__))
            del ignored
            heard = made("heard")
            heard()
            places.add(id(heard.__code__))
            del heard
    assert len(places) < 600, "None was where another had been."
    assert len(recording.sends) == 300


def test_a_pattern_counts_from_the_next_recording_on() -> None:
    for ignore, found in (([], 1), ([f"{HERE}.*"], 0), ([], 1)):
        with override_settings(SIGNAL_PANEL={"IGNORE": ignore}):
            assert len(recorded(told).sends) == found


@override_settings(SIGNAL_PANEL={"IGNORE": ["named_later.*"]})
def test_a_signal_is_ignored_once_it_has_such_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = Signal()
    assert len(recorded(signal).sends) == 1
    module = ModuleType("named_later")
    vars(module)["signal"] = signal
    monkeypatch.setitem(sys.modules, "named_later", module)
    assert len(recorded(signal).sends) == 0
