"""Beside other tools that patch ``Signal``: in either order of coming and going."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal, receiver

import signal_panel
from signal_panel.tracer import patching
from tests.lines import line_of
from tests.test_record import foreign_patches

signal = Signal()


@pytest.fixture(autouse=True)
def heard() -> Any:
    calls = []

    def hears(**kwargs: Any) -> None:
        calls.append(kwargs)

    signal.connect(hears)
    yield calls
    signal.disconnect(hears)


@pytest.fixture
def other() -> Iterator[pytest.MonkeyPatch]:
    """What another tool patches, and puts back when the test is over."""
    with pytest.MonkeyPatch.context() as patches:
        yield patches


def test_another_tool_that_comes_and_goes_while_we_record() -> None:
    with pytest.MonkeyPatch.context() as other, signal_panel.record() as recording:
        signal.send(sender=None)
        foreign_patches(other)
        signal.send(sender=None)
        other.undo()
        signal.send(sender=None)
    assert [len(send.calls) for send in recording.sends] == [1, 1, 1]
    assert patching._is_djangos_own(Signal.send)


def test_another_tool_that_comes_while_we_record_and_stays(heard: list[Any]) -> None:
    with pytest.MonkeyPatch.context() as other:
        with signal_panel.record():
            foreign_patches(other)
            theirs = Signal.send
        assert Signal.send is theirs
        signal.send(sender=None)
        assert len(heard) == 1

        # Ours is inside theirs: nothing is recorded twice, and the line is the user's.
        with signal_panel.record() as recording:
            assert Signal.send is theirs
            signal.send(sender=None)  # through theirs
        (send,) = recording.sends
        assert len(send.calls) == 1
        assert send.site is not None
        assert (send.site.path, send.site.line) == (__file__, line_of("# through theirs", __file__))

    # They have put back what they found, which was ours.
    with signal_panel.record() as recording:
        signal.send(sender=None)
    assert len(recording.sends) == 1
    assert patching._is_djangos_own(Signal.send)


@pytest.mark.parametrize("method", ["send", "send_robust"])
def test_the_line_is_the_user_s_from_the_first_send_through_another_tool_that_came_after_us(
    method: str, other: pytest.MonkeyPatch
) -> None:
    with signal_panel.record() as recording:
        found = vars(Signal)[method]
        other.setattr(Signal, method, lambda *args, **named: found(*args, **named))
        getattr(signal, method)(sender=None)  # through a newcomer
        other.undo()
    (send,) = recording.sends
    assert send.site is not None
    assert send.site.line == line_of("# through a newcomer", __file__)


def test_where_another_tool_wraps_connect_and_stays_the_line_is_the_user_s() -> None:
    with pytest.MonkeyPatch.context() as other:
        with signal_panel.record():
            connect = Signal.connect
            other.setattr(Signal, "connect", lambda *args, **named: connect(*args, **named))
        with signal_panel.record() as recording:
            signal.connect(connected_through_theirs)  # through their connect
        signal.disconnect(connected_through_theirs)
    name = f"{__name__}.{connected_through_theirs.__name__}"
    (site,) = [connection.site for connection in recording.connections if connection.receiver == name]
    assert site is not None
    assert site.line == line_of("# through their connect", __file__)
    with signal_panel.record():
        """They have put back what they found, which was ours; we put back what was there before."""


def connected_through_theirs(**_: Any) -> None:
    """Connected by the test above."""


def test_another_tool_that_was_there_before_us_and_goes_while_we_record() -> None:
    with pytest.MonkeyPatch.context() as other:
        foreign_patches(other)
        with signal_panel.record() as recording:
            signal.send(sender=None)
            other.undo()
            signal.send(sender=None)  # not seen: what stands there is not ours
        assert patching._is_djangos_own(Signal.send)
    with signal_panel.record() as later:
        signal.send(sender=None)
    assert (len(recording.sends), len(later.sends)) == (1, 1)


def test_a_django_that_the_copies_were_not_compared_with(other: pytest.MonkeyPatch) -> None:
    other.setattr(patching.django, "VERSION", (99, 0, 0, "final", 0))

    @receiver(signal)
    async def hears_too(**kwargs: Any) -> str:
        return "async"

    with signal_panel.record() as recording:
        responses = signal.send_robust(sender=None)
        assert signal.has_listeners()
    (send,) = recording.sends
    assert [call.is_async for call in send.calls] == [False, True]
    assert responses[1] == (hears_too, "async")


def test_one_whose_internals_are_quite_different_has_at_least_its_sends_recorded(
    other: pytest.MonkeyPatch,
) -> None:
    other.setattr(patching.django, "VERSION", (99, 0, 0, "final", 0))
    other.setattr(Signal, "_live_receivers", lambda self, sender: None)
    other.setattr(Signal, "send", lambda self, sender, **named: self._live_receivers(sender))
    with signal_panel.record() as recording:
        assert signal.send(sender=None) is None
    assert [len(send.calls) for send in recording.sends] == [0]


def test_another_tool_s_object_that_is_no_function() -> None:
    with pytest.MonkeyPatch.context() as other:
        with signal_panel.record() as recording:
            other.setattr(Signal, "send", functools.partialmethod(Signal.send))
            signal.send(sender=None)
        assert isinstance(vars(Signal)["send"], functools.partialmethod)
        signal.send(sender=None)
    with signal_panel.record() as later:
        signal.send(sender=None)
    assert (len(recording.sends), len(later.sends)) == (1, 1)
    assert patching._is_djangos_own(Signal.send)


def test_another_tool_that_was_there_before_us_is_still_asked(other: pytest.MonkeyPatch) -> None:
    asked = []

    def theirs(self: Signal, sender: Any, **named: Any) -> Any:
        asked.append(sender)
        return found(self, sender, **named)

    found = Signal.send
    other.setattr(Signal, "send", theirs)
    with signal_panel.record() as recording:
        signal.send(sender=Signal)
    assert asked == [Signal]
    assert len(recording.sends) == 1


def test_where_another_tool_raises_before_any_receiver_none_was_skipped(other: pytest.MonkeyPatch) -> None:
    def refuses(self: Signal, sender: Any, **named: Any) -> Any:
        assert self._live_receivers(sender)[0]
        raise PermissionError

    other.setattr(Signal, "send", refuses)
    with signal_panel.record() as recording, pytest.raises(PermissionError):
        signal.send(sender=None)
    (send,) = recording.sends
    assert (len(send.calls), len(send.skipped), send.exception) == (0, 0, "PermissionError")


def test_another_tool_s_own_answers_are_passed_on(other: pytest.MonkeyPatch) -> None:
    theirs: list[Any] = [("theirs", 1), (), "text", (signal,)]
    other.setattr(Signal, "send", lambda self, sender, **named: theirs)
    with signal_panel.record():
        assert signal.send(sender=None) == theirs


def test_what_another_tool_s_connect_answers_is_passed_on(other: pytest.MonkeyPatch) -> None:
    other.setattr(Signal, "connect", lambda self, receiver, *how: "theirs")
    with signal_panel.record():
        assert signal.connect(receiver) == "theirs"  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("version", "is_known"),
    [((5, 1, 15), False), ((5, 2, 0), True), ((6, 0, 10), True), ((6, 1, 3), True), ((6, 2, 0), False)],
)
def test_the_copies_stand_in_for_the_dispatchers_they_were_compared_with(
    version: tuple[int, ...], is_known: bool, other: pytest.MonkeyPatch
) -> None:
    other.setattr(patching.django, "VERSION", version)
    with signal_panel.record():
        assert (Signal.send is patching.COPIES["send"]) is is_known


def test_a_django_without_one_of_the_methods_is_left_without_it(other: pytest.MonkeyPatch) -> None:
    other.delattr(BaseDatabaseWrapper, "run_and_clear_commit_hooks")
    with signal_panel.record() as recording:
        signal.send(sender=None)
    assert "run_and_clear_commit_hooks" not in vars(BaseDatabaseWrapper)
    assert len(recording.sends) == 1


class ChainSignal(Signal):
    """Overrides ``send`` and adds a way to send, as pretix's signals do."""

    def send(self, sender: Any, **named: Any) -> list[Any]:
        return super().send(sender, **named)[:1]

    def send_chained(self, sender: Any, value: int) -> int:
        for hears in self._live_receivers(sender)[0]:
            value = hears(signal=self, sender=sender, value=value)
        return value


def test_a_subclass_with_ways_to_send_of_its_own_works_and_is_seen_where_it_uses_django_s() -> None:
    chain = ChainSignal()

    def adds(value: int = 0, **kwargs: Any) -> int:
        return value + 1

    chain.connect(adds, dispatch_uid="one")
    chain.connect(adds, dispatch_uid="two")
    with signal_panel.record() as recording:
        assert chain.send(sender=None) == [(adds, 1)]
        assert chain.send_chained(sender=None, value=1) == 3
    assert [len(send.calls) for send in recording.sends] == [2]


def test_a_signal_patched_by_itself_works_as_patched(other: pytest.MonkeyPatch) -> None:
    other.setattr(signal, "send", lambda sender, **named: "theirs", raising=False)
    with signal_panel.record():
        assert signal.send(sender=None) == "theirs"
    assert signal.send(sender=None) == "theirs"
