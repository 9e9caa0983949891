"""Findings about how receivers are connected. Each on both sides of its border."""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.dispatch import Signal

import signal_panel
from signal_panel.findings.connections import CALLABLE, FUNCTION, LOCAL_FUNCTION, METHOD, definition_of
from signal_panel.recording import NOTHING, HandlersKind, Recording
from tests.clock import FakeClock
from tests.findings import MS, advice, found, listening, rules
from tests.lines import line_of

stocked = Signal()


class Shelf:
    """A sender."""


clock = FakeClock()


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    stocked.receivers.clear()
    stocked.sender_receivers_cache.clear()


def index(**_: Any) -> None:
    clock.pass_(MS)


def send(number: int = 1, sender: Any = "shelf") -> Recording:
    with signal_panel.record(clock=clock) as recording:
        for _ in range(number):
            stocked.send(sender)
    return recording


@pytest.mark.parametrize(
    ("name", "path", "sort"),
    [
        ("shop.receivers.index", "/src/shop/receivers.py", FUNCTION),
        ("receivers.index", "/src/shop/receivers.py", FUNCTION),
        ("shop.index", "/src/shop/__init__.py", FUNCTION),
        ("shop.receivers.index", "C:\\src\\shop\\receivers.py", FUNCTION),
        ("__main__.index", "/src/shop/receivers.py", FUNCTION),
        ("shop.receivers.Shelf.index", "/src/shop/receivers.py", METHOD),
        ("shop.receivers.shelf.<locals>.Shelf.index", "/src/shop/receivers.py", METHOD),
        ("shop.receivers.shelf.<locals>.index", "/src/shop/receivers.py", LOCAL_FUNCTION),
        ("shop.receivers.<lambda>", "/src/shop/receivers.py", LOCAL_FUNCTION),
        ("shop.receivers.Shelf.<lambda>", "/src/shop/receivers.py", LOCAL_FUNCTION),
        ("shop.receivers.Shelf.__call__", "/src/shop/receivers.py", CALLABLE),
        ("shop.receivers.index", "<string>", METHOD),
        ("shop.receivers.index", None, METHOD),
    ],
)
def test_a_receiver_s_sort_is_told_by_its_name_and_file(name: str, path: str | None, sort: str) -> None:
    assert definition_of(name, path)[0] == sort


class TestConnectedTwice:
    def test_one_function_under_two_uids(self) -> None:
        stocked.connect(index, dispatch_uid="one")
        stocked.connect(index, dispatch_uid="two")
        recording = send(3)
        (finding,) = found(recording, "connected-twice")
        assert finding.claim == "index ran 2 times in each of 3 sends of stocked."
        assert (finding.path, finding.line) == (__file__, line_of("def index(**_", __file__))
        assert (finding.spans, finding.cost_ns) == ((1, 2, 4, 5, 7, 8), 3 * MS)
        assert rules(recording) == ["connected-twice"]

    def test_it_is_found_beside_receivers_that_are_fine(self) -> None:
        def fine(**_: Any) -> None:
            pass

        stocked.connect(fine)
        stocked.connect(index, dispatch_uid="one")
        stocked.connect(index, dispatch_uid="two")
        assert rules(send()) == ["connected-twice"]

    def test_what_was_made_of_two_texts_is_two_receivers(self) -> None:
        receivers = []
        for name in ("one.shop", "two.shop"):
            made: dict[str, Any] = {"__name__": name}
            exec("def index(**given): pass", made)
            receivers.append(made["index"])
        with listening(stocked, *receivers):
            recording = send()
        assert [call.receiver for call in recording.calls] == ["one.shop.index", "two.shop.index"]
        assert len({(call.path, call.line) for call in recording.calls}) == 1
        assert rules(recording) == []

    def test_one_function_for_a_sender_and_for_all(self) -> None:
        stocked.connect(index)
        stocked.connect(index, sender="shelf")
        assert rules(send(sender="desk")) == []
        assert rules(send(sender="shelf")) == ["connected-twice"]

    def test_one_function_connected_again_is_one(self) -> None:
        stocked.connect(index)
        stocked.connect(index)
        assert rules(send()) == []

    def test_two_functions_made_by_one_are_two(self) -> None:
        def indexer(_shelf: str) -> Any:
            def index_shelf(**_: Any) -> None:
                pass

            return index_shelf

        with listening(stocked, indexer("one"), indexer("two")):
            recording = send()
        assert len(recording.calls) == 2
        assert rules(recording) == []

    def test_a_method_of_two_instances_is_two(self) -> None:
        class Shelf:
            def index(self, **_: Any) -> None:
                pass

        one, two = Shelf(), Shelf()
        with listening(stocked, one.index, two.index):
            recording = send()
        assert len(recording.calls) == 2
        assert rules(recording) == []

    def test_two_partials_of_one_function_are_two(self) -> None:
        one, two = partial(index, shelf=1), partial(index, shelf=2)
        with listening(stocked, one, two):
            recording = send()
        assert len(recording.calls) == 2
        assert rules(recording) == []

    @pytest.fixture
    def twin_modules(self, tmp_path: Path) -> Iterator[list[ModuleType]]:
        """One file, imported as receivers and as shop.receivers."""
        (tmp_path / "shop").mkdir()
        file = tmp_path / "shop" / "receivers.py"
        file.write_text("def index(**kwargs): pass\n\n\nclass Shelf:\n    def index(self, **kwargs): pass\n")
        modules = []
        for name in ("receivers", "shop.receivers"):
            spec = importlib.util.spec_from_file_location(name, file)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
            modules.append(module)
        yield modules
        for module in modules:
            del sys.modules[module.__name__]

    def test_a_file_imported_under_two_names(self, twin_modules: list[ModuleType]) -> None:
        with listening(stocked, *(module.index for module in twin_modules)):
            recording = send()
        (finding,) = found(recording, "connected-twice")
        assert finding.claim == (
            "index ran 2 times in 1 send of stocked: "
            "its file is imported as receivers.index and as shop.receivers.index."
        )
        assert finding.path == twin_modules[0].__file__
        assert (finding.line, finding.spans) == (1, (1, 2))

    def test_methods_of_a_file_imported_under_two_names(self, twin_modules: list[ModuleType]) -> None:
        shelves = [module.Shelf() for module in twin_modules]
        with listening(stocked, *(shelf.index for shelf in shelves)):
            recording = send()
        assert rules(recording) == ["connected-twice"]


class TestConnectedInRequest:
    @staticmethod
    def view(**how: Any) -> None:
        def notes(**_: Any) -> None:
            clock.pass_(MS)

        stocked.connect(notes, weak=False, **how)
        stocked.send("shelf")

    def visit(self, **how: Any) -> Recording:
        with signal_panel.record(clock=clock) as recording:
            self.view(**how)
        return recording

    def test_a_new_function_each_time(self) -> None:
        recording = self.visit()
        (finding,) = found(recording, "connected-in-request")
        assert finding.claim == "notes was connected to stocked in this request, to stay: there is 1 now."
        assert (finding.path, finding.line) == (__file__, line_of("stocked.connect(notes", self.view))
        assert (finding.spans, finding.cost_ns) == ((1,), 0)

    def test_those_from_before_cost_time(self) -> None:
        self.visit()
        self.visit()
        recording = self.visit()
        (finding,) = found(recording, "connected-in-request")
        assert finding.claim.endswith("there are 3 now.")
        assert (finding.spans, finding.cost_ns) == ((1, 2, 3), 2 * MS)
        assert rules(recording) == ["connected-in-request"]

    def test_the_first_call_of_each_send_costs_nothing_however_long_it_took(self) -> None:
        def connect(nanoseconds: int) -> None:
            def notes(**_: Any) -> None:
                clock.pass_(nanoseconds)

            stocked.connect(notes, weak=False)

        connect(50 * MS)
        with signal_panel.record(clock=clock) as recording:
            connect(MS)
            stocked.send("shelf")
        assert [finding.cost_ns for finding in found(recording, "connected-in-request")] == [MS]

    def test_it_is_found_beside_one_that_is_connected_once_under_a_uid(self) -> None:
        def fine(**_: Any) -> None:
            pass

        with signal_panel.record(clock=clock) as recording:
            stocked.connect(fine, weak=False, dispatch_uid="fine")
            self.view()
        assert rules(recording) == ["connected-in-request"]

    def test_with_a_uid_it_is_connected_once(self) -> None:
        assert rules(self.visit(dispatch_uid="notes")) == []
        assert rules(self.visit(dispatch_uid="notes")) == []

    def test_a_uid_that_is_new_each_time_is_told_from_the_second_time_on(self) -> None:
        assert rules(self.visit(dispatch_uid="notes of request 1")) == []
        assert rules(self.visit(dispatch_uid="notes of request 2")) == ["connected-in-request"]

    def test_one_function_under_uids_that_are_new_each_time_is_one_finding(self) -> None:
        for uid in ("request 1", "request 2"):
            with signal_panel.record(clock=clock) as recording:
                stocked.connect(index, dispatch_uid=uid, weak=False)
                stocked.send("shelf")
        assert rules(recording) == ["connected-in-request"]

    def test_another_that_is_connected_twice_is_found_beside_it(self) -> None:
        def also(**_: Any) -> None:
            pass

        stocked.connect(index, dispatch_uid="request 1", weak=False)
        with signal_panel.record(clock=clock) as recording:
            stocked.connect(index, dispatch_uid="request 2", weak=False)
            for uid in ("one", "two"):
                stocked.connect(also, dispatch_uid=uid)
            stocked.send("shelf")
        assert sorted(rules(recording)) == ["connected-in-request", "connected-twice"]

    def test_a_function_of_a_module_is_the_same_each_time(self) -> None:
        with signal_panel.record() as recording:
            stocked.connect(index, weak=False)
        assert rules(recording) == []

    def test_one_disconnected_again_is_none(self) -> None:
        def notes(**_: Any) -> None:
            pass

        with signal_panel.record() as recording:
            stocked.connect(notes, weak=False)
            stocked.send("shelf")
            stocked.disconnect(notes)
        assert rules(recording) == []

    def test_a_module_imported_in_a_request_is_imported_once(self, tmp_path: Path) -> None:
        (tmp_path / "late.py").write_text(
            "from tests.test_findings_connections import stocked\n"
            "stocked.connect(lambda **_: None, weak=False)\n"
        )
        spec = importlib.util.spec_from_file_location("late", tmp_path / "late.py")
        assert spec is not None
        assert spec.loader is not None
        with signal_panel.record() as recording:
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        assert [connection.is_weak for connection in recording.connections if connection.site] == [False]
        assert rules(recording) == []


class TestDeadReceiver:
    @staticmethod
    def connect(sender: Any = None) -> None:
        def remembers(**_: Any) -> None:
            clock.pass_(MS)

        stocked.connect(remembers, sender=sender)

    def test_one_that_nothing_holds(self) -> None:
        with signal_panel.record(clock=clock) as recording:
            self.connect()
            gc.collect()
            stocked.send("shelf")
        assert recording.calls == []
        (finding,) = found(recording, "dead-receiver")
        claim = "remembers, connected to stocked, was held by nothing, and died before any call."
        assert finding.claim == claim
        assert (finding.path, finding.line) == (__file__, line_of("stocked.connect(remembers", self.connect))
        assert (finding.spans, finding.cost_ns) == ((), 0)
        assert rules(recording) == ["dead-receiver"]

    def test_one_that_only_debug_keeps(self, settings: Any) -> None:
        settings.DEBUG = True
        self.connect()
        recording = send()
        (finding,) = found(recording, "dead-receiver")
        claim = "remembers, connected to stocked, is held by nothing: it is called because DEBUG is on."
        assert finding.claim == claim
        assert (finding.path, finding.line) == (__file__, line_of("def remembers", self.connect))
        assert finding.spans == (1,)
        assert advice(recording) == ["Define the receiver in a module, or connect it with weak=False."]

    def test_one_that_each_request_connects_tells_how_many_there_are(self, settings: Any) -> None:
        settings.DEBUG = True
        self.connect()
        self.connect()
        with signal_panel.record(clock=clock) as recording:
            self.connect()
            stocked.send("shelf")
        (finding,) = found(recording, "dead-receiver")
        assert finding.claim == (
            "remembers, connected to stocked 3 times, is held by nothing: it is called because DEBUG is on."
        )
        assert finding.line == line_of("stocked.connect(remembers", self.connect)
        assert len(finding.spans) == 3
        assert advice(recording) == ["Connect it once, where its module is imported."]

    def test_a_lambda(self, settings: Any) -> None:
        settings.DEBUG = True
        stocked.connect(lambda **_: None)
        assert rules(send()) == ["dead-receiver"]

    def test_one_that_nothing_in_the_recording_was_for_is_none(self, settings: Any) -> None:
        settings.DEBUG = True
        self.connect()
        with signal_panel.record() as recording:
            pass
        assert [connection.state for connection in recording.connections if "remembers" in str(connection)]
        assert rules(recording) == []

    def test_one_that_is_held_is_none(self, settings: Any) -> None:
        settings.DEBUG = True

        def remembers(**_: Any) -> None:
            pass

        stocked.connect(remembers)
        assert rules(send()) == []

    def test_one_connected_for_good_is_none(self, settings: Any) -> None:
        settings.DEBUG = True
        stocked.connect(lambda **_: None, weak=False)
        assert rules(send()) == []

    def test_one_of_a_package_is_none(self, settings: Any, tmp_path: Path) -> None:
        settings.DEBUG = True
        file = tmp_path / "site-packages" / "audit.py"
        made: dict[str, Any] = {"__name__": "audit"}
        exec(
            compile("def remembering():\n    def remembers(**_): pass\n    return remembers", file, "exec"),
            made,
        )
        stocked.connect(made["remembering"]())
        recording = send()
        assert [connection.state for connection in recording.connections if connection.path == str(file)] == [
            "dying"
        ]
        assert rules(recording) == []

    def test_a_method_dies_with_its_instance(self) -> None:
        class Shelf:
            def index(self, **_: Any) -> None:
                pass

        with signal_panel.record() as recording:
            shelf = Shelf()
            stocked.connect(shelf.index)
            del shelf
            gc.collect()
        assert rules(recording) == []

    def test_one_that_was_called_before_it_died_has_done_its_work(self) -> None:
        def listens_while() -> None:
            def listens(**_: Any) -> None:
                pass

            stocked.connect(listens)
            stocked.send("shelf")

        with signal_panel.record() as recording:
            listens_while()
            gc.collect()
        assert rules(recording) == []


class TestHandlersNotImported:
    @staticmethod
    def recording(path: str) -> Recording:
        recording = send()
        columns = recording.columns
        columns.strings += ["shop", "shop.receivers", path]
        last = len(columns.strings) - 1
        columns.unimported.append(HandlersKind(last - 2, last - 1, last, 7))
        return recording

    def test_a_module_that_nobody_imported(self) -> None:
        (finding,) = found(self.recording("/src/shop/receivers.py"), "handlers-not-imported")
        claim = "shop.receivers connects receivers of the app shop, but nothing has imported it."
        assert finding.claim == claim
        assert (finding.path, finding.line) == ("/src/shop/receivers.py", 7)
        assert (finding.spans, finding.cost_ns) == ((), 0)

    @pytest.mark.parametrize(
        ("sender", "what"),
        [
            ("Shelf", "would have heard stocked of Shelf"),
            (None, "would have heard stocked"),
            ("?", "may have heard stocked"),
        ],
    )
    def test_one_that_listens_to_what_was_sent(self, sender: str | None, what: str) -> None:
        recording = self.hearing("stocked", sender)
        (finding,) = found(recording, "handlers-not-imported")
        assert finding.claim == f"shop.receivers {what}, but nothing has imported it."
        assert finding.spans == (0,)

    def test_one_that_would_have_heard_more(self) -> None:
        recording = self.hearing("stocked", None, sends=3)
        columns = recording.columns
        columns.strings += ["post_save", "a.post_save", "shop.Order", "Order"]
        last = len(columns.strings) - 1
        columns.sends.append(columns.sends[0]._replace(signal=last - 2, sender=last - 1))
        columns.kind[2] = len(columns.sends) - 1
        columns.unimported[0] = columns.unimported[0]._replace(
            hears=(*columns.unimported[0].hears, (last - 3, last))
        )
        (finding,) = found(Recording(columns), "handlers-not-imported")
        assert finding.claim == (
            "shop.receivers would have heard stocked and post_save of Order, 3 sends in all, "
            "but nothing has imported it."
        )
        assert finding.spans == (0, 1, 2)

    @pytest.mark.parametrize(("signal", "sender"), [("stocked", "Drawer"), ("post_save", None)])
    def test_one_for_what_was_not_sent_is_no_matter_of_this_recording(
        self, signal: str, sender: str | None
    ) -> None:
        assert rules(self.hearing(signal, sender)) == []

    def test_one_for_a_signal_that_nobody_knows_by_that_name_is_told(self) -> None:
        (finding,) = found(self.hearing("saved", None), "handlers-not-imported")
        assert finding.spans == ()

    @classmethod
    def hearing(cls, signal: str, sender: str | None, sends: int = 1) -> Recording:
        with signal_panel.record() as recording:
            for _ in range(sends):
                stocked.send(Shelf)
        columns = recording.columns
        columns.strings += ["shop", "shop.receivers", "/src/shop/receivers.py", signal, sender or ""]
        last = len(columns.strings) - 1
        hears = ((last - 1, NOTHING if sender is None else last),)
        columns.unimported.append(HandlersKind(last - 4, last - 3, last - 2, 7, hears))
        return recording

    def test_one_of_a_package_is_none(self) -> None:
        assert rules(self.recording("/env/lib/python3.13/site-packages/shop/receivers.py")) == []

    def test_it_is_found_after_one_of_a_package_and_one_for_what_was_not_sent(self) -> None:
        recording = self.hearing("post_save", None)
        columns = recording.columns
        not_sent = columns.unimported.pop()
        columns.strings += ["/env/lib/python3.13/site-packages/shop/receivers.py"]
        columns.unimported += [
            not_sent._replace(path=len(columns.strings) - 1, hears=()),
            not_sent,
            not_sent._replace(line=8, hears=()),
        ]
        assert [finding.line for finding in found(recording, "handlers-not-imported")] == [8]
