"""Names where there is little to go by."""

from __future__ import annotations

import collections
import functools
import os
import sys
import sysconfig
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
import wrapt
from django.db.models.signals import post_save
from django.dispatch import Signal

import signal_panel
from signal_panel import naming
from tests.shop import views


def named(receiver: Any) -> signal_panel.ReceiverCall:
    """The receiver call of a receiver that is called by its send as it is."""
    signal = Signal()
    signal.connect(receiver, weak=False)
    with signal_panel.record() as recording:
        signal.send(sender=None)
    return recording.calls[0]


class TestReceivers:
    def test_a_method_of_a_built_in_object(self) -> None:
        call = named(collections.Counter().update)
        assert call.receiver == "collections.Counter.update"
        assert naming.receiver_definition([].append).name == "list.append"

    def test_a_function_written_in_c(self) -> None:
        assert naming.receiver_definition(os.getpid) == ("posix.getpid", None)

    def test_a_class_without_an_init_of_its_own(self) -> None:
        class Plain:
            pass

        assert naming.receiver_definition(Plain).code is None

    def test_wrappers_that_go_in_a_circle(self) -> None:
        def one(**kwargs: Any) -> None:
            pass

        def other(**kwargs: Any) -> None:
            pass

        one.__wrapped__ = other  # type: ignore[attr-defined]
        other.__wrapped__ = one  # type: ignore[attr-defined]
        assert naming.receiver_definition(one).name.endswith("<locals>.one")

    def test_wrappers_written_in_c(self) -> None:
        @wrapt.decorator
        def twice(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
            wrapped(*args, **kwargs)
            wrapped(*args, **kwargs)

        class Shelf:
            @twice
            def hears(self, **kwargs: Any) -> None:
                pass

        @twice
        def hears_too(**kwargs: Any) -> None:
            pass

        shelf = Shelf()
        assert named(hears_too).receiver.endswith("<locals>.hears_too")
        assert named(shelf.hears).receiver.endswith("<locals>.Shelf.hears")
        assert named(shelf.hears).path == __file__

    def test_a_function_behind_a_cache(self) -> None:
        @functools.cache
        def hears(**kwargs: Any) -> None:
            pass

        assert naming.receiver_definition(hears).name.endswith("<locals>.hears")

    def test_a_wrapper_that_wraps_nothing_yet(self) -> None:
        class Wrapper:
            __slots__ = ("__wrapped__",)

            def __call__(self, **kwargs: Any) -> None:
                pass

        assert naming.receiver_definition(Wrapper()).name.endswith("Wrapper.__call__")

    def test_an_instance_that_can_be_referred_to_but_strongly(self) -> None:
        class Slotted:
            __slots__ = ()

            def __call__(self, **kwargs: Any) -> None:
                pass

        receiver = Slotted()
        signal = Signal()
        signal.connect(receiver, weak=False)
        with signal_panel.record() as recording:
            signal.send(sender=None)
            signal.send(sender=None)
        assert [call.receiver.endswith("Slotted.__call__") for call in recording.calls] == [True, True]


class TestAttributes:
    def test_one_that_an_object_has(self) -> None:
        assert naming.kept_attribute(Signal(use_caching=True), "use_caching") is True

    def test_one_that_its_class_has_too(self) -> None:
        class Counted:
            count = 1

        counted = Counted()
        assert naming.kept_attribute(counted, "count") is None
        counted.count = 2
        assert naming.kept_attribute(counted, "count") == 2

    def test_one_that_nobody_has(self) -> None:
        assert naming.kept_attribute(Signal(), "missing") is None

    def test_one_that_is_computed(self) -> None:
        class Computed:
            def __getattribute__(self, name: str) -> object:
                raise AssertionError

            count = property(lambda self: 1)

        computed = Computed()
        assert naming.kept_attribute(computed, "count") is None
        assert naming.kept_attribute(computed, "missing") is None


class TestSenders:
    def test_a_module(self) -> None:
        assert naming.sender_name(views) == "tests.shop.views"

    def test_nobody(self) -> None:
        assert naming.sender_name(None) == "None"


class TestViews:
    def test_a_class_based_one_past_a_decorator(self) -> None:
        @functools.wraps(views.ClassBased.as_view())
        def decorated(request: Any) -> None:
            pass

        decorated.__dict__.update(view_class=views.ClassBased)
        assert naming.view_name(decorated) == "tests.shop.views.ClassBased"

    def test_an_instance_with_call(self) -> None:
        class Feed:
            def __call__(self, request: Any) -> None:
                pass

        assert naming.view_name(Feed()).endswith("Feed.__call__")


class TestLines:
    def test_code_without_a_source_has_its_first_line(self) -> None:
        code = compile("\n\ndef made(**kwargs): pass", "<made>", "exec")
        scope: dict[str, Any] = {}
        exec(code, scope)
        assert naming.line_of_definition(scope["made"].__code__) == 3

    def test_code_in_a_file_that_can_have_no_such_name_has_its_first_line(self) -> None:
        code = named.__code__.replace(co_filename="with\0NUL")
        assert naming.line_of_definition(code) == code.co_firstlineno

    def test_equal_code_in_two_files_has_each_its_own_lines(self, tmp_path: Path) -> None:
        definitions, bodies = [], []
        for name, source in {
            "near": "@plain\ndef made():\n pass",
            "far": "@plain\n\ndef made():\n\n pass",
        }.items():
            path = tmp_path / f"{name}.py"
            path.write_text(source)
            scope: dict[str, Any] = {"plain": lambda function: function}
            exec(compile(source, str(path), "exec"), scope)
            code = scope["made"].__code__
            definitions.append(naming.line_of_definition(code))
            bodies.append(naming.line_of_instruction(code, len(code.co_code) - 2))
        assert (definitions, bodies) == ([2, 3], [3, 5])

    def test_an_instruction_of_no_line_has_the_code_s_first(self) -> None:
        code = named.__code__
        assert naming.line_of_instruction(code, 10**6) == code.co_firstlineno


def module_with(monkeypatch: pytest.MonkeyPatch, name: str, **attributes: object) -> types.ModuleType:
    """One more module, as if it had been imported just now."""
    module = types.ModuleType(name)
    vars(module).update(attributes)
    monkeypatch.setitem(sys.modules, name, module)
    return module


class TestSignals:
    def test_one_that_many_modules_have_but_none_assigns_has_the_shortest_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signal = Signal()
        for name, file in (("made_up_module", __file__), ("made_up", "in.zip/made_up.py"), ("made", "\0")):
            module_with(monkeypatch, name, passed_on=signal, __file__=file)
        naming._signal_names._modules_seen = 0
        naming.refresh_signal_names()
        assert naming.signal_name(signal) == "made.passed_on"

    @pytest.mark.parametrize("passed_on", ["told=told,", "told = told", "told=told)", "told=told  # as is"])
    def test_one_passed_on_by_its_name_lives_where_it_is_made(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, passed_on: str
    ) -> None:
        signal = Signal()
        sources = {"shop.api": f"REGISTRY = dict(\n    {passed_on}\n", "shop.signals": "told = Signal()\n"}
        for name, source in sources.items():
            file = tmp_path / f"{name}.py"
            file.write_text(source)
            module_with(monkeypatch, name, told=signal, __file__=str(file))
        naming._signal_names._modules_seen = 0
        naming.refresh_signal_names()
        assert naming.signal_name(signal) == "shop.signals.told"

    def test_after_an_import_only_what_was_imported_is_looked_through(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        naming.refresh_signal_names()
        before = naming.named_signals()
        looked, attributes = [], naming.instance_dict
        monkeypatch.setattr(naming, "instance_dict", lambda obj: looked.append(obj) or attributes(obj))
        imported = module_with(monkeypatch, "imported_since", told=Signal(), passed_on=post_save)
        naming.refresh_signal_names()
        assert naming.signal_name(imported.told) == "imported_since.told"
        assert naming.signal_name(post_save) == "django.db.models.signals.post_save"
        assert naming.named_signals() == [*before, (imported.told, "imported_since.told")]
        assert len(looked) < len(sys.modules) / 10

    def test_those_of_a_module_that_is_gone_have_no_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as for_a_while:
            signal = module_with(for_a_while, "gone_since", told=Signal()).told
            naming.refresh_signal_names()
            assert naming.signal_name(signal) == "gone_since.told"
        naming.refresh_signal_names()
        assert naming.signal_name(signal) is None

    def test_one_that_a_module_has_got_later_is_found_when_it_is_asked_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        early = module_with(monkeypatch, "has_one_later")
        naming.refresh_signal_names()
        early.told = Signal()  # type: ignore[attr-defined]
        module_with(monkeypatch, "imported_since")
        naming.refresh_signal_names()
        assert naming.signal_name(early.told) == "has_one_later.told"

    def test_a_module_that_is_being_imported_is_looked_through_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec = ModuleSpec("being_imported", None)
        spec._initializing = True  # type: ignore[attr-defined]  # as while it runs
        half = module_with(monkeypatch, "being_imported", __spec__=spec)
        naming.refresh_signal_names()
        half.told = Signal()  # type: ignore[attr-defined]
        module_with(monkeypatch, "imported_since")
        assert (half.told, "being_imported.told") in naming.named_signals()


class TestFiles:
    def test_who_a_file_belongs_to(self) -> None:
        assert naming.owner_of(__file__) == naming.USERS
        assert naming.owner_of(os.__file__) == naming.PLUMBING
        assert naming.owner_of("<frozen importlib._bootstrap>") == naming.PLUMBING
        assert naming.owner_of(pytest.__file__) == naming.PACKAGES
        assert naming.owner_of(os.path.join(sysconfig.get_path("scripts"), "celery")) == naming.PLUMBING
        assert (
            naming.owner_of(os.path.join(sysconfig.get_path("scripts"), "shop", "views.py")) == naming.USERS
        )
        assert naming.owner_of(naming.__file__) == naming.PLUMBING


def test_lines_of_equal_code_in_two_files_are_told_apart() -> None:
    def line_of_the_end(text: str, path: str) -> int:
        code = compile(text, path, "exec")
        return naming.line_of_instruction(code, len(code.co_code) - 2)

    assert line_of_the_end("f()\ng()", "one.py") == 2
    assert line_of_the_end("f()\n\n\ng()", "another.py") == 4
