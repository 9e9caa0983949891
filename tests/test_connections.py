"""What a recording says of the receivers connected when it ended, and of those it saw being connected."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

import pytest
from django.dispatch import Signal, receiver
from django.test import override_settings

import signal_panel
from signal_panel.collector import current
from signal_panel.recording import Connection
from signal_panel.tracer import close_scope, open_scope
from tests.lines import line_of

shelved = Signal()
never_sent = Signal()
HERE = "tests.test_connections"


def at_home(**_: Any) -> None:
    """Connected by the tests that say so."""


async def waits(**_: Any) -> None:
    """An async one."""


@pytest.fixture(autouse=True)
def _disconnected() -> Any:
    yield
    for signal in (shelved, never_sent):
        signal.receivers.clear()
        signal.sender_receivers_cache.clear()


def of(recording: signal_panel.Recording, signal: str = "shelved") -> list[Connection]:
    return [each for each in recording.connections if each.signal == f"{HERE}.{signal}"]


def test_all_signals_of_the_process_are_named() -> None:
    with signal_panel.record() as recording:
        pass
    assert {f"{HERE}.shelved", f"{HERE}.never_sent", "django.db.models.signals.post_save"} <= {
        *recording.signals
    }
    assert not [name for name in recording.signals if name.startswith("debug_toolbar.")]


def test_a_receiver_connected_before_is_there_with_its_calls() -> None:
    shelved.connect(at_home)
    never_sent.connect(waits, sender=Signal, weak=False, dispatch_uid="once")
    with signal_panel.record() as recording:
        shelved.send(None)
    (connection,) = of(recording)
    assert (connection.receiver, connection.sender, connection.state) == (f"{HERE}.at_home", None, "live")
    assert (connection.is_weak, connection.uid, connection.site) == (True, None, None)
    assert connection.calls == recording.calls
    (other,) = of(recording, "never_sent")
    assert (other.receiver, other.is_async, other.is_weak, other.uid) == (
        f"{HERE}.waits",
        True,
        False,
        "once",
    )
    assert (other.sender, other.calls) == ("django.dispatch.dispatcher.Signal", [])


def test_one_connected_in_the_recording_says_where() -> None:
    with signal_panel.record() as recording:
        shelved.connect(at_home)  # here
    (connection,) = of(recording)
    assert connection.site is not None
    assert (connection.site.path, connection.site.line) == (__file__, line_of("# here", __file__))


def test_each_connected_in_the_recording_says_where_it_was() -> None:
    with signal_panel.record() as recording:
        shelved.connect(at_home)  # at home
        shelved.connect(nowhere := lambda **named: None)  # nowhere
    lines = {connection.receiver: connection.site and connection.site.line for connection in of(recording)}
    assert list(lines.values()) == [line_of("# at home", __file__), line_of("# nowhere", __file__)]
    shelved.disconnect(nowhere)


def test_one_connected_again_in_the_recording_was_connected_before() -> None:
    shelved.connect(at_home)
    with signal_panel.record() as recording:
        shelved.connect(at_home)
    (connection,) = of(recording)
    assert connection.site is None


def test_one_that_was_disconnected_again_is_not_there_though_it_has_died() -> None:
    def for_a_while() -> None:
        def local(**_: Any) -> None:
            """Connected as a context manager does it."""

        shelved.connect(local)
        assert shelved.disconnect(local)
        assert not shelved.disconnect(local)

    with signal_panel.record() as recording:
        for_a_while()
        gc.collect()
    assert of(recording) == []


def connect_local() -> None:
    @receiver(shelved, sender=Signal)  # forgotten
    def local(**_: Any) -> None:
        raise AssertionError("It has died before anybody could call it.")


def test_one_that_has_died_since_is_there_with_its_name_and_where_it_was_connected() -> None:
    with signal_panel.record() as recording:
        connect_local()
        gc.collect()
        shelved.send(None)
    (connection,) = of(recording)
    assert (connection.receiver, connection.state) == (f"{HERE}.connect_local.<locals>.local", "dead")
    assert connection.sender == "django.dispatch.dispatcher.Signal"
    assert connection.site is not None
    assert connection.site.function.endswith("connect_local")


def test_one_that_has_died_and_is_still_listed_is_there_once() -> None:
    with signal_panel.record() as recording:
        connect_local()
        gc.collect()
    (connection,) = of(recording)
    assert (connection.receiver, connection.state) == (f"{HERE}.connect_local.<locals>.local", "dead")


def test_one_connected_where_another_has_died_says_where() -> None:
    connect_local()
    gc.collect()
    with signal_panel.record() as recording:
        shelved.connect(at_home)  # in its stead
    (connection,) = of(recording)
    assert connection.site is not None
    assert connection.site.line == line_of("# in its stead", __file__)


def test_one_that_died_is_there_though_another_was_taken_back_since() -> None:
    shelved.connect(at_home)
    with signal_panel.record() as recording:
        connect_local()
        gc.collect()
        shelved.disconnect(at_home)
    (connection,) = of(recording)
    assert (connection.receiver, connection.state) == (f"{HERE}.connect_local.<locals>.local", "dead")


def test_one_connected_as_another_is_has_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Signal.connect

    def meanwhile(self: Signal, receiver: Any, *arguments: Any) -> None:
        plain(self, receiver, *arguments)
        plain(self, waits)  # as another thread may

    monkeypatch.setattr(Signal, "connect", meanwhile)
    with signal_panel.record() as recording:
        shelved.connect(at_home)  # mine
    monkeypatch.undo()
    lines = {connection.receiver: connection.site and connection.site.line for connection in of(recording)}
    assert lines == {f"{HERE}.at_home": line_of("# mine", __file__), f"{HERE}.waits": None}


def test_what_is_left_out_by_the_settings_is_not_there(settings: Any) -> None:
    settings.SIGNAL_PANEL = {"IGNORE": [f"{HERE}.*"]}
    with signal_panel.record() as recording:
        shelved.connect(at_home)
        connect_local()
        gc.collect()
    assert of(recording) == []
    assert f"{HERE}.shelved" not in recording.signals


def test_connecting_is_djangos_own_when_nothing_is_recorded_and_fails_as_without_us_when_something_is() -> (
    None
):
    plain = Signal.connect, Signal.disconnect
    with signal_panel.record(), pytest.raises(TypeError, match="cannot create weak reference"):
        shelved.connect(7)
    assert (Signal.connect, Signal.disconnect) == plain


def test_many_that_die_in_one_recording_are_kept_only_up_to_the_cap(settings: Any) -> None:
    settings.SIGNAL_PANEL = {"MAX_SPANS": 5}
    with signal_panel.record() as recording:
        for _ in range(50):
            connect_local()
    assert len(of(recording)) < 10


def test_a_module_of_receivers_that_nobody_imported_is_named(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = tmp_path / "letters"
    app.mkdir()
    (app / "__init__.py").touch()
    (app / "signals.py").write_text("@receiver(post_save, sender=Letter)\ndef write(**_): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "letters"]
    with signal_panel.record() as recording:
        pass
    assert recording.unimported == [
        signal_panel.Handlers(
            "letters", "letters.signals", str(app / "signals.py"), 1, (("post_save", "Letter"),)
        )
    ]


def written_again() -> Any:
    def local(**_: Any) -> None:
        """Another function at each call, of one name and on one line."""

    return local


def listed() -> list[Connection]:
    with signal_panel.record() as recording:
        pass
    return of(recording)


class TestFromOneRecordingToTheNext:
    """Names and numbers are kept where nothing has changed."""

    def test_equal_recordings_list_the_same(self) -> None:
        shelved.connect(at_home, sender=Signal, dispatch_uid="once")
        (first,), (second,) = listed(), listed()
        assert [first.receiver, first.sender, first.uid, first.line] == [
            second.receiver,
            second.sender,
            second.uid,
            second.line,
        ]

    @pytest.mark.parametrize(
        ("again", "told"),
        [
            ({"sender": Signal}, {"sender": "django.dispatch.dispatcher.Signal"}),
            ({"dispatch_uid": "once"}, {"uid": "once"}),
            ({"weak": False}, {"is_weak": False}),
        ],
    )
    def test_one_connected_in_another_way(self, again: dict[str, Any], told: dict[str, Any]) -> None:
        shelved.connect(at_home)
        listed()
        shelved.disconnect(at_home)
        shelved.connect(at_home, **again)
        (connection,) = listed()
        assert {name: getattr(connection, name) for name in told} == told

    def test_another_receiver_of_the_same_name(self) -> None:
        for weak in (True, False):
            first, second = written_again(), written_again()
            shelved.connect(first, weak=weak)
            listed()
            shelved.disconnect(first)
            shelved.connect(second, weak=weak)
            with signal_panel.record() as recording:
                shelved.send(None)
            (connection,) = of(recording)
            assert connection.calls == recording.calls
            shelved.disconnect(second)

    def test_one_that_has_died_meanwhile(self) -> None:
        local = written_again()
        shelved.connect(local)
        assert [connection.state for connection in listed()] == ["live"]
        del local
        gc.collect()
        assert [(connection.receiver, connection.state) for connection in listed()] == [(None, "dead")]

    def test_one_that_nothing_can_refer_to_weakly(self) -> None:
        class Rigid:
            __slots__ = ()

            def __call__(self, **_: Any) -> None:
                """Receive."""

        shelved.connect(Rigid(), weak=False)
        for _ in range(2):
            (connection,) = listed()
            assert (connection.receiver or "").endswith("Rigid.__call__")

    def test_one_receiver_of_two_signals_is_one(self) -> None:
        for signal in (shelved, never_sent):
            signal.connect(at_home)
        with signal_panel.record() as recording:
            never_sent.send(None)
        (heard,), (not_heard,) = of(recording, "never_sent"), of(recording)
        assert heard.calls == recording.calls
        assert not_heard.calls == []
        names = [recording.columns.strings[kind.receiver] for kind in recording.columns.receivers]
        assert names.count(f"{HERE}.at_home") == 1

    def test_what_is_kept_keeps_no_receiver(self) -> None:
        local = written_again()
        shelved.connect(local, weak=False)
        listed()
        shelved.disconnect(local)
        died = weakref.ref(local)
        del local
        gc.collect()
        assert died() is None

    def test_what_is_left_out(self, settings: Any) -> None:
        shelved.connect(at_home)
        assert len(listed()) == 1
        settings.SIGNAL_PANEL = {"IGNORE": [f"{HERE}.*"]}
        assert listed() == []

    def test_a_recording_can_not_change_the_next(self) -> None:
        with signal_panel.record() as recording:
            pass
        recording.columns.signals.clear()
        recording.columns.connections.clear()
        with signal_panel.record() as recording:
            pass
        assert recording.signals
        assert recording.connections


def test_where_one_is_taken_back_and_dies_the_others_keep_their_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def local(**_: Any) -> None:
        """Die when the test lets go."""

    with signal_panel.record() as recording:
        shelved.connect(at_home)  # this one stays
        shelved.connect(local)
        shelved.disconnect(local)
        del local
        gc.collect()
    (connection,) = of(recording)
    assert (connection.receiver, connection.state) == (f"{HERE}.at_home", "live")
    assert connection.site is not None
    assert connection.site.line == line_of("# this one stays", __file__)
    assert caplog.records == []


def test_one_that_hears_two_signals_is_listed_once() -> None:
    shelved.connect(at_home)
    never_sent.connect(at_home)
    with signal_panel.record() as recording:
        pass
    names = [recording.columns.strings[kind.receiver] for kind in recording.columns.receivers]
    assert names.count(f"{HERE}.at_home") == 1


def test_where_nobody_can_tell_what_is_connected_the_rest_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(named: object) -> None:
        raise LookupError

    shelved.connect(at_home)
    scope = open_scope()
    shelved.send(None)
    monkeypatch.setattr("signal_panel.connected.snapshot", fails)
    close_scope(scope)
    assert [call.receiver for call in scope.recording.calls] == [f"{HERE}.at_home"]
    assert scope.recording.connections == []
    assert scope.failure == "LookupError"


def test_one_that_another_thread_takes_back_has_not_died() -> None:
    with signal_panel.record() as recording:
        shelved.connect(at_home)
        thread = Thread(target=shelved.disconnect, args=(at_home,))
        thread.start()
        thread.join()
    assert of(recording) == []


@override_settings(SIGNAL_PANEL={"MAX_SPANS": 10})
def test_no_more_lines_are_kept_than_spans() -> None:
    with signal_panel.record():
        for number in range(100):
            shelved.connect(at_home, dispatch_uid=number)
        assert len(current.get().collector.connected) <= 2 + 10


def test_somebody_who_counts_weak_references_counts_none_of_ours() -> None:
    with signal_panel.record(), mock.patch("weakref.ref") as ref:
        shelved.connect(at_home, weak=False)
        shelved.send(None)
    ref.assert_not_called()


def test_they_survive_json() -> None:
    with signal_panel.record() as recording:
        shelved.connect(at_home)
        connect_local()
        gc.collect()
    assert signal_panel.Recording.from_json(recording.to_json()) == recording
