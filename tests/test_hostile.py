"""Objects of the user's that must not be touched, and receivers that end in every bad way."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.dispatch import Signal
from django.utils.functional import SimpleLazyObject

import signal_panel
from signal_panel import naming, speedups
from signal_panel.collector import current
from signal_panel.recording import METHODS
from signal_panel.tracer import patching
from tests.test_record import call


class Touched(BaseException):
    """Raised by whatever must not be asked; no ``except Exception`` hides it."""


touches: list[str] = []


def touchy(name: str) -> Callable[..., Any]:
    def touched(*args: object, **kwargs: object) -> Any:
        touches.append(name)
        raise Touched(name)

    return touched


METHODS_OF_OBJECTS = (
    "__eq__", "__ne__", "__lt__", "__hash__", "__bool__", "__len__", "__repr__", "__str__", "__format__",
    "__getattr__", "__getattribute__", "__iter__", "__contains__", "__getitem__", "__get__", "__set_name__",
    "__index__", "__fspath__", "__reduce_ex__", "__sizeof__", "__dir__",
)  # fmt: skip
ATTRIBUTES_OF_OBJECTS = (
    "__class__", "__dict__", "__wrapped__", "__name__", "__module__", "__func__", "__self__",
    "__code__", "__doc__",
)  # fmt: skip
METHODS_OF_METACLASSES = (
    "__getattribute__", "__getattr__", "__instancecheck__", "__subclasscheck__", "__eq__", "__hash__",
    "__repr__", "__str__", "__format__", "__bool__", "__len__", "__iter__", "__dir__", "__subclasses__",
)  # fmt: skip
ATTRIBUTES_OF_METACLASSES = (
    "__class__", "__dict__", "__mro__", "__name__", "__module__", "__bases__", "__doc__",
)  # fmt: skip


def of_objects(base: type) -> Iterator[tuple[str, Any]]:
    """Instances of classes that have one hostile method or attribute each."""
    for name in METHODS_OF_OBJECTS:
        yield f"object with {name}", type("Hostile", (base,), {name: touchy(name), **HEARS})()
    for name in ATTRIBUTES_OF_OBJECTS:
        hostile = type("Hostile", (base,), {name: property(touchy(name)), **HEARS})()
        yield f"object with a property {name}", hostile


def of_metaclasses(base: type) -> Iterator[tuple[str, Any]]:
    """Classes whose metaclasses have one hostile method or attribute each, and their instances."""
    for name in METHODS_OF_METACLASSES + ATTRIBUTES_OF_METACLASSES:
        hostile = touchy(name) if name in METHODS_OF_METACLASSES else property(touchy(name))
        metaclass: Any = type("Meta", (type,), {name: hostile})
        cls = metaclass("Hostile", (base,), {"__init__": lambda self, **named: None, **HEARS})
        instance = cls()
        yield f"class with the metaclass's {name}", cls
        yield f"instance of a class with the metaclass's {name}", instance


HEARS = {"__call__": lambda self, **named: "heard"}


class NoWeakReferences:
    __slots__ = ()

    def __call__(self, **named: object) -> str:
        return "heard"


def function_with(**attributes: Any) -> Any:
    def hears(**named: object) -> str:
        return "heard"

    for name, value in attributes.items():
        setattr(hears, name, value)
    return hears


class HostileText(str):
    __slots__ = ()
    __str__ = __format__ = __repr__ = touchy("text")
    __eq__ = touchy("text")  # type: ignore[assignment]
    __hash__ = touchy("text")  # type: ignore[assignment]


def hostile_functions() -> Iterator[tuple[str, Any]]:
    hostile = type("Hostile", (), {n: touchy(n) for n in ("__str__", "__format__", "__repr__", "__bool__")})()
    yield "function without a module", function_with(__module__=None)
    yield "function with a hostile module", function_with(__module__=hostile)
    yield "function with a hostile name", function_with(__qualname__=HostileText("hears"))
    yield "function that wraps a hostile object", function_with(__wrapped__=hostile)
    circular = function_with()
    circular.__wrapped__ = circular
    yield "function that wraps itself", circular


def class_of_no_module() -> Any:
    """One such as extensions make, and code that runs with builtins of its own."""
    methods = {"__init__": lambda self, **named: None, **HEARS}
    namespace: dict[str, Any] = {"__builtins__": {"type": type}, "methods": methods}
    exec('NoModule = type("NoModule", (), methods)', namespace)
    return namespace["NoModule"]


def lazy_objects() -> Iterator[tuple[str, Any]]:
    yield "lazy object that can't be set up", SimpleLazyObject(touchy("set-up"))


def hostile_modules() -> Iterator[tuple[str, Any]]:
    lazy = ModuleType("lazy")
    lazy.__getattr__ = touchy("module's __getattr__")  # type: ignore[method-assign]
    del lazy.__name__
    yield "module without a name", lazy
    of_nowhere = ModuleType("of_nowhere")
    of_nowhere.NoModule = class_of_no_module()  # type: ignore[attr-defined]
    yield "module with a class of no module", of_nowhere
    yield "module", type("Module", (ModuleType,), {"__getattr__": touchy("__getattr__")})("module")
    computed = type("Module", (ModuleType,), {"__dict__": property(touchy("__dict__"))})("computed")
    yield "module with a computed __dict__", computed
    yield "no module", type("Proxy", (), {"__dict__": property(touchy("__dict__"))})()
    yield "None", None
    yield "number", 7


def hostile_objects() -> Iterator[tuple[str, Any]]:
    yield from (
        *of_objects(object),
        *of_metaclasses(object),
        *hostile_functions(),
        *lazy_objects(),
        *hostile_modules(),
        ("object without weak references", NoWeakReferences()),
        ("class of no module", class_of_no_module()),
        ("instance of a class of no module", class_of_no_module()()),
        ("unhashable", type("Unhashable", (), {"__hash__": None, **HEARS})()),
    )


# Only their names are told to pytest, which asks objects for theirs.
OBJECTS = dict(hostile_objects())
MODULES = dict(hostile_modules())
SIGNALS = dict([*of_objects(Signal), *of_metaclasses(Signal)])


def hearing(signal: Signal, receiver: Any) -> None:
    """Connect without asking the receiver anything."""
    signal.connect(function_with(), weak=False)
    (key, _, *rest) = signal.receivers[0]
    signal.receivers[0] = (key, receiver, *rest)


def outcome(send: Callable[[], Any]) -> Any:
    """What comes of it, and what was touched on the way."""
    touches.clear()
    try:
        (pair,) = send()
        result: Any = type(pair[1])
    except BaseException as exception:
        result = type(exception)
    return result, list(touches)


@pytest.fixture(params=["known", "unknown"])
def dispatcher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the recording copies stand in, or receivers are wrapped."""
    if request.param == "unknown":
        monkeypatch.setattr(patching.django, "VERSION", (99, 0, 0))


@pytest.mark.usefixtures("dispatcher")
class TestObjectsThatMustNotBeAsked:
    @pytest.mark.parametrize("what", OBJECTS)
    @pytest.mark.parametrize("is_heard", [True, False])
    def test_as_sender(self, what: str, is_heard: bool) -> None:
        sender = OBJECTS[what]
        signal = Signal()
        if is_heard:
            hearing(signal, function_with())
        plain = outcome(lambda: signal.send(sender))
        with signal_panel.record() as recording:
            assert outcome(lambda: signal.send(sender)) == plain
        touches.clear()
        assert [type(send.sender) for send in recording.sends] == [str]
        recording.to_json()
        assert not touches

    @pytest.mark.parametrize("what", OBJECTS)
    @pytest.mark.parametrize("method", ["send", "send_robust"])
    def test_as_receiver(self, what: str, method: str) -> None:
        receiver = OBJECTS[what]
        signal = Signal()
        hearing(signal, receiver)
        plain = outcome(lambda: getattr(signal, method)(None))
        with signal_panel.record() as recording:
            assert outcome(lambda: getattr(signal, method)(None)) == plain
        # Django itself asks whether the receiver is a weak reference, which some do not survive.
        is_asked = plain[1][:1] in (["__class__"], ["__getattribute__"], ["set-up"])
        assert len(recording.calls) == (not is_asked)
        recording.to_json()

    @pytest.mark.parametrize("what", SIGNALS)
    def test_as_signal(self, what: str) -> None:
        signal = SIGNALS[what]

        def send() -> Any:
            return Signal.__dict__["send"](signal, None)

        plain = outcome(send)
        with signal_panel.record() as recording:
            assert outcome(send) == plain
        touches.clear()
        recording.to_json()
        assert not touches


@pytest.mark.parametrize("what", MODULES)
def test_modules_that_must_not_be_asked_while_names_are_looked_up(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    touches.clear()
    monkeypatch.setitem(sys.modules, "hostile_module", MODULES[what])
    names = naming._SignalNames()
    names.refresh()
    assert names.known(module_signal) == f"{__name__}.module_signal"
    assert not touches


module_signal = Signal()


class TestRecursion:
    def deepest(self, around: Callable[[], Any]) -> int:
        """How many sends fit into one another before Python says no."""
        signal = Signal()
        reached = 0

        def hears(depth: int, **named: Any) -> None:
            nonlocal reached
            reached = depth
            signal.send(None, depth=depth + 1)

        signal.connect(hears)
        with around(), pytest.raises(RecursionError):
            signal.send(None, depth=1)
        return reached

    @pytest.mark.filterwarnings("ignore")
    def test_it_ends_where_it_ends_without_us(self, caplog: pytest.LogCaptureFixture) -> None:
        import contextlib

        plain = self.deepest(contextlib.nullcontext)
        recordings = []

        @contextlib.contextmanager
        def recorded() -> Iterator[None]:
            with signal_panel.record() as recording:
                recordings.append(recording)
                yield
            module_signal.send(None)

        # What we do in a send takes up to ten frames more than a send itself, which are five sends.
        # Python 3.11 counts the call of C, too, while somebody traces it, as coverage does.
        least = plain * 3 // 5 if speedups.IS_COMPILED and sys.gettrace() else plain - 8
        assert least <= self.deepest(recorded) <= plain
        (recording,) = recordings
        assert len(recording.sends) >= least
        assert recording.sends[-1].depth == len(recording.sends) - 1
        assert [record for record in caplog.records if record.name == "signal_panel"] == []

    def test_thousands_of_sends_in_one_another(self) -> None:
        # Some Pythons count the calls that C makes, up to a limit of their own: 1,500 and 10,000, two a send.
        counting = {(3, 12): 700, (3, 13): 4_900} if speedups.IS_COMPILED else {}
        deep = counting.get(sys.version_info[:2], 10_000)
        signal = Signal()
        recordings = []

        def hears(left: int, **named: Any) -> None:
            if left:
                signal.send(None, left=left - 1)

        signal.connect(hears)

        def work() -> None:
            with signal_panel.record() as recording:
                signal.send(None, left=deep - 1)
            recordings.append(recording)

        limit, size = sys.getrecursionlimit(), threading.stack_size(512 * 1024 * 1024)
        sys.setrecursionlimit(100_000)
        try:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        finally:
            sys.setrecursionlimit(limit)
            threading.stack_size(size)
        (recording,) = recordings
        assert len(recording.sends) == len(recording.calls) == deep
        assert recording.sends[-1].depth == deep - 1
        assert signal_panel.Recording.from_json(recording.to_json()) == recording


@pytest.mark.usefixtures("dispatcher")
class TestWaysToEnd:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("is_async", [False, True])
    @pytest.mark.parametrize(
        "ends", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit, Touched]
    )
    def test_what_no_robust_send_catches_goes_through_as_without_us(
        self, method: str, is_async: bool, ends: type[BaseException]
    ) -> None:
        signal = Signal()

        def hears(**named: object) -> None:
            raise ends

        async def ahears(**named: object) -> None:
            await asyncio.sleep(0)
            raise ends

        receiver = ahears if is_async else hears
        signal.connect(receiver)
        plain = outcome(lambda: call(method, signal))
        idle = current.get()
        with signal_panel.record() as recording:
            inside = current.get()
            assert outcome(lambda: call(method, signal)) == plain
            assert current.get() is inside
        assert current.get() is idle
        assert [c.exception for c in recording.calls] == [naming.class_name(ends)]
        assert Signal.send.__module__ == "django.dispatch.dispatcher"

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="can't fork here")
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_a_receiver_that_forks(self) -> None:
        signal = Signal()

        def forks(**named: object) -> int:
            module_signal.send(None)
            if not (child := os.fork()):
                status = 1
                try:
                    module_signal.send(None)
                    status = 0
                finally:
                    os._exit(status)
            return os.waitpid(child, 0)[1]

        signal.connect(forks)
        with signal_panel.record() as recording:
            assert signal.send(None) == [(forks, 0)]
            module_signal.send(None)
        assert [(len(send.calls), send.depth) for send in recording.sends] == [(1, 0), (0, 1), (0, 0)]

    def test_a_thread_killed_in_the_middle_of_a_send(self) -> None:
        signal = Signal()
        is_inside = threading.Event()
        recordings: list[Any] = []

        def never_ends(**named: object) -> None:
            is_inside.set()
            while True:
                pass

        signal.connect(never_ends)

        def work() -> None:
            try:
                with signal_panel.record() as recording:
                    recordings.append(recording)
                    signal.send(None)
            except Touched:
                recordings.append(current.get())

        thread = threading.Thread(target=work)
        thread.start()
        is_inside.wait()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Touched)
        )
        thread.join(10)
        assert not thread.is_alive()
        recording, left_current = recordings
        assert left_current == current.get()
        assert recording.calls[0].exception == f"{__name__}.Touched"
        assert Signal.send.__module__ == "django.dispatch.dispatcher"
