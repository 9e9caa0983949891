"""What is connected, seen without asking anybody."""

from __future__ import annotations

import functools
import gc
import importlib.util
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import django
import pytest
from django.apps import apps
from django.db.models.signals import post_save
from django.dispatch import Signal
from django.utils.inspect import func_accepts_kwargs

from signal_panel import connected, naming
from signal_panel.connected import Connected
from signal_panel.unchanged import Shown
from tests.shop.models import Book

plain = Signal()
other = Signal()
caching = Signal(use_caching=True)
SIGNALS = [plain, other, caching]

DJANGO_KNOWS_SENDERS = django.VERSION >= (6, 0)


class Service:
    """A sender that a module has."""


class LoudError(Exception):
    """Somebody asked a Loud something."""


class Loud:
    """Raises where anything is asked of it, once it is armed."""

    is_armed = False

    def _raise(self) -> None:
        if type(self).is_armed:
            raise LoudError

    def __hash__(self) -> int:
        self._raise()
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        self._raise()
        return self is other

    def __bool__(self) -> bool:
        self._raise()
        return True

    def __repr__(self) -> str:
        self._raise()
        return "Loud()"

    def __getattr__(self, name: str) -> Any:
        self._raise()
        raise AttributeError(name)

    def __call__(self, **named: object) -> None:
        pass

    def receive(self, **named: object) -> None:
        pass


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(Loud, "is_armed", True)


@pytest.fixture(autouse=True)
def _unconnected() -> Iterator[None]:
    naming.refresh_signal_names()
    before = {signal: list(signal.receivers) for signal in [*SIGNALS, post_save]}
    for signal in SIGNALS:
        signal.receivers = []
    yield
    for signal, receivers in before.items():
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()


@pytest.fixture
def debug(settings: Any) -> None:
    settings.DEBUG = True


class _Last:
    """What was shown last, in words, and what is kept to tell whether it is so still."""

    words: ClassVar[list[tuple[object, ...]]] = []
    shown: ClassVar[Shown | None] = None


def rows(signal: Signal = plain) -> list[Connected]:
    """Looks at them; and what is said to be as it was before must be so."""
    named = naming.named_signals()
    is_so_still = _Last.shown is not None and _Last.shown.is_so_still(named)
    found = connected.snapshot(named)
    words = [(*row[:2], id(row.key), naming.receiver_definition(row.receiver), *row[4:-2]) for row in found]
    assert words == _Last.words or not is_so_still
    _Last.words, _Last.shown = words, Shown.of(named, found)
    return [row for row in found if row.signal is signal]


def row(signal: Signal = plain) -> Connected:
    (only,) = rows(signal)
    return only


def states(signal: Signal = plain) -> list[str]:
    return [row.state for row in rows(signal)]


def receive(**named: object) -> None:
    pass


async def areceive(**named: object) -> None:
    pass


def made(**attributes: object) -> Callable[..., None]:
    def local(**named: object) -> None:
        pass

    vars(local).update(attributes)
    return local


class TestWhatIsConnected:
    def test_a_function(self) -> None:
        plain.connect(receive)
        assert row() == (
            plain, f"{__name__}.plain", plain.receivers[0][0], receive, False, None, None, True, "live",
            plain.receivers[0][1], None,
        )  # fmt: skip

    def test_in_the_order_of_connecting(self) -> None:
        receivers = [made() for _ in range(5)]
        for receiver in receivers:
            plain.connect(receiver)
        assert [row.receiver for row in rows()] == receivers

    def test_an_async_function(self) -> None:
        plain.connect(areceive)
        assert row().is_async

    def test_one_that_the_signal_keeps_alive(self) -> None:
        plain.connect(made(), weak=False)
        assert not row().is_weak
        assert row().state == "live"

    def test_a_bound_method(self) -> None:
        loud = Loud()
        plain.connect(loud.receive)
        assert row().receiver.__self__ is loud
        assert (row().is_weak, row().uid, row().state) == (True, None, "live")

    def test_to_look_leaves_a_signal_as_fast_as_it_was(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Python 3.11 and 3.12 find attributes later once somebody has asked for the dictionary of them."""
        signal = Signal(use_caching=True)
        module = ModuleType("since")
        module.untouched = signal  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "since", module)
        signal.connect(receive)
        signal.send(sender=Service)

        def held() -> list[list[str]]:
            objects = (signal, signal.sender_receivers_cache)
            return [sorted(type(one).__name__ for one in gc.get_referents(found)) for found in objects]

        before = held()
        assert [row.receiver for row in rows(signal)] == [receive]
        assert held() == before

    def test_a_method_of_a_type_of_its_own_is_not_made_anew(self) -> None:
        class Method:
            made = 0

            def __init__(self, function: Any, owner: Any) -> None:
                self.__func__, self.__self__ = function, owner
                type(self).made += 1

            def __call__(self, **named: object) -> None:
                pass

        owner = Service()
        plain.connect(Method(receive, owner))
        assert (row().receiver, row().is_weak, row().state) == (None, True, "live")
        del owner
        assert (row().state, Method.made) == ("dead", 1)

    def test_a_partial(self) -> None:
        receiver = functools.partial(receive, more=1)
        plain.connect(receiver)
        assert row().receiver is receiver
        assert row().uid is None

    @pytest.mark.parametrize("uid", ["shop.index", 1 << 70, 7, (1, 2), (1, "two"), b"bytes"])
    @pytest.mark.parametrize("is_dead", [False, True])
    def test_a_dispatch_uid(self, uid: Any, is_dead: bool) -> None:
        plain.connect(made() if is_dead else receive, dispatch_uid=uid)
        name = uid if type(uid) is str else type(uid).__name__
        # Of the dead nobody knows which id they had.
        assert row().uid == (None if is_dead and uid in (1 << 70, 7, (1, 2)) else name)

    def test_a_dispatch_uid_of_a_type_of_its_own(self) -> None:
        class Text(str):
            pass

        plain.connect(receive, dispatch_uid=Text("text"))
        assert row().uid == naming.class_name(Text)

    def test_nothing_is_asked_of_anybody(self, arm: Callable[[], None]) -> None:
        loud, sender, uid = Loud(), Loud(), Loud()
        plain.connect(loud, sender=sender, dispatch_uid=uid)
        other.connect(loud.receive, sender=Loud)
        caching.connect(loud, sender=sender)
        caching.send(sender)
        arm()
        assert len(connected.snapshot(naming.named_signals())) >= 3
        assert connected.connected_twice(connected.snapshot(naming.named_signals())) is not None

    def test_the_signal_s_cache_stays_as_it_is(self) -> None:
        caching.connect(receive)
        connected.snapshot(naming.named_signals())
        assert not caching.sender_receivers_cache

    def test_nothing_is_kept_alive(self) -> None:
        receiver, sender = made(), type("Sender", (), {})
        references = [weakref.ref(receiver), weakref.ref(sender)]
        plain.connect(receiver, sender=sender)
        connected.snapshot(naming.named_signals())
        del receiver, sender
        gc.collect()
        assert [reference() for reference in references] == [None, None]

    @pytest.mark.parametrize(
        "junk", [None, (), (1, 2), "text", ((1,), receive, False), ((1, "?"), receive, False), [1, 2, 3]]
    )
    def test_what_has_another_shape_is_passed_over(self, junk: Any) -> None:
        plain.connect(receive)
        plain.receivers.append(junk)
        assert row().receiver is receive

    def test_a_signal_without_a_list_of_receivers(self) -> None:
        plain.receivers = ()
        assert rows() == []

    def test_before_django_is_set_up(self) -> None:
        code = "from signal_panel.listing import listings; print(listings.now(()).connections)"
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


class TestSenders:
    def test_a_model(self) -> None:
        post_save.connect(receive, sender=Book)
        assert rows(post_save)[-1].sender == "tests.shop.models.Book"

    def test_a_model_that_django_made(self) -> None:
        plain.connect(receive, sender=apps.get_model("auth", "User").groups.through)
        assert row().sender == "django.contrib.auth.models.User_groups"

    def test_an_app_configuration(self) -> None:
        plain.connect(receive, sender=apps.get_app_config("auth"))
        assert row().sender == "django.contrib.auth.apps.AuthConfig()"

    def test_a_class_that_a_module_has(self) -> None:
        plain.connect(receive, sender=Service)
        assert row().sender == f"{__name__}.Service"

    def test_a_function_and_a_module(self) -> None:
        plain.connect(receive, sender=made)
        other.connect(receive, sender=sys)
        assert (row().sender, row(other).sender) == (f"{__name__}.made", "sys")

    def test_a_class_that_no_module_has(self) -> None:
        class Local:
            pass

        plain.connect(receive, sender=Local)
        assert row().sender == (naming.class_name(Local) if DJANGO_KNOWS_SENDERS else "?")

    def test_a_string(self) -> None:
        plain.connect(receive, sender=f"{Service.__name__} of nobody")
        assert row().sender == "?"

    def test_a_string_that_a_module_has(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sender = "".join(["a ", "string"])
        monkeypatch.setitem(globals(), "SENDER", sender)
        plain.connect(receive, sender=sender)
        assert [row().sender, row().sender] == ["str()", "str()"]

    def test_what_has_the_id_of_one_that_is_gone_is_looked_for_anew(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sender = "".join(["another ", "string"])
        plain.connect(receive, sender=sender)
        assert row().sender == "?"
        plain.disconnect(receive, sender=sender)
        monkeypatch.setitem(globals(), "SENDER", sender)
        plain.connect(receive, sender=sender)
        assert row().sender == "str()"

    def test_nothing_is_held_of_a_uid_that_may_be_the_user_s(self) -> None:
        class Uid:
            pass

        uid = Uid()
        died = weakref.ref(uid)
        sender = "".join(["another ", "string"])
        plain.connect(receive, sender=sender, dispatch_uid=uid)
        assert row().sender == "?"
        plain.disconnect(receive, sender=sender, dispatch_uid=uid)
        del uid
        gc.collect()
        assert died() is None

    def test_one_that_a_module_got_since(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Local:
            pass

        plain.connect(receive, sender=Local)
        connected.snapshot(naming.named_signals())
        module = ModuleType("since")
        vars(module)["Local"] = Local
        monkeypatch.setitem(sys.modules, "since", module)
        assert row().sender == naming.class_name(Local)

    def test_one_that_died(self) -> None:
        def connect() -> None:
            plain.connect(receive, sender=type("Local", (), {}))

        connect()
        gc.collect()
        assert (row().sender, row().state) == ("?", "dead" if DJANGO_KNOWS_SENDERS else "live")


class TestTheDead:
    def test_a_local_function(self) -> None:
        plain.connect(made())
        assert (row().receiver, row().state) == (None, "dead")

    @pytest.mark.usefixtures("debug")
    def test_a_method_of_nobody(self) -> None:
        plain.connect(Loud().receive)
        assert (row().receiver, row().state) == (None, "dead")


@pytest.mark.usefixtures("debug")
class TestTheDying:
    """Receivers that work because Django happens to remember them under DEBUG."""

    def test_a_local_function(self) -> None:
        plain.connect(made())
        assert states() == ["dying"]

    def test_a_lambda(self) -> None:
        plain.connect(lambda **named: None)
        assert states() == ["dying"]

    def test_a_wrapper_named_like_what_it_wraps(self) -> None:
        plain.connect(functools.wraps(receive)(made()))
        assert states() == ["dying"]

    @pytest.mark.parametrize("make", [Loud, lambda: functools.partial(receive)])
    def test_an_object(self, make: Callable[[], Any], arm: Callable[[], None]) -> None:
        plain.connect(make())
        arm()
        assert states() == ["dying"]

    def test_one_of_two_signals(self) -> None:
        def connect() -> None:
            receiver = made()
            plain.connect(receiver)
            other.connect(receiver)

        connect()
        assert [*states(), *states(other)] == ["dying", "dying"]

    def test_time_and_again(self) -> None:
        plain.connect(made())
        assert [states() for _ in range(3)] == [["dying"]] * 3

    def test_what_is_called_so_dies_without_debug(self, settings: Any) -> None:
        plain.connect(made())
        assert states() == ["dying"]
        settings.DEBUG = False
        plain.receivers = []
        plain.connect(made())
        assert states() == ["dead"]


HOLDERS = [
    pytest.param(lambda: [made()], lambda held: held[0], id="a list"),
    pytest.param(lambda: {"index": made()}, lambda held: held["index"], id="a registry"),
    pytest.param(lambda: type("Holder", (), {"f": made()}), lambda held: vars(held)["f"], id="a class"),
    pytest.param(lambda: made(inner=made()), lambda held: held.inner, id="an attribute"),
    pytest.param(lambda: functools.partial(made()), lambda held: held.func, id="a partial"),
    pytest.param(lambda: (lambda receiver: lambda: receiver)(made()), lambda held: held(), id="a closure"),
]


@pytest.mark.usefixtures("debug")
class TestNobodyIsSaidToBeDying:
    @pytest.mark.parametrize(("hold", "receiver_of"), HOLDERS)
    @pytest.mark.parametrize("is_remembered", [True, False])
    def test_whom_somebody_holds(self, hold: Any, receiver_of: Any, is_remembered: bool) -> None:
        holder = hold()
        plain.connect(receiver_of(holder))
        if not is_remembered:  # Django's cache has room for 512
            for _ in range(600):
                func_accepts_kwargs(made())
        assert states() == ["live"]
        assert receiver_of(holder) is row().receiver

    def test_whom_a_module_holds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(globals(), "from_factory", made())
        plain.connect(globals()["from_factory"])
        assert states() == ["live"]

    def test_whom_a_running_function_holds(self) -> None:
        receiver = made()
        plain.connect(receiver)
        assert states() == ["live"]

    def test_whom_a_generator_holds(self) -> None:
        def connect() -> Iterator[None]:
            receiver = made()
            plain.connect(receiver)
            yield
            del receiver

        generator = connect()
        next(generator)
        assert states() == ["live"]

    def test_whom_another_signal_holds(self) -> None:
        def connect() -> None:
            receiver = made()
            plain.connect(receiver)
            other.connect(receiver, weak=False)

        connect()
        assert [*states(), *states(other)] == ["live", "live"]

    def test_whom_a_snapshot_holds(self) -> None:
        plain.connect(made())
        before = connected.snapshot(naming.named_signals())
        assert states() == ["live"]
        del before
        assert states() == ["dying"]

    def test_methods_of_living_objects(self) -> None:
        loud = Loud()
        plain.connect(loud.receive)
        assert states() == ["live"]


class TestTheStale:
    """Receivers that are connected, and a cache that does not know."""

    @pytest.fixture(autouse=True)
    def _cached(self) -> None:
        caching.connect(receive, sender=Service)
        caching.send(Service)
        caching.send(Book)

    def add_behind_its_back(self, receiver: Any, sender: Any = None) -> None:
        elsewhere = Signal()
        elsewhere.connect(receiver, sender=sender)
        caching.receivers = [*caching.receivers, *elsewhere.receivers]

    def test_none_after_sending(self) -> None:
        assert states(caching) == ["live"]

    def test_one_for_all_senders(self) -> None:
        self.add_behind_its_back(areceive)
        assert states(caching) == ["live", "stale"]

    def test_one_for_a_sender_that_had_none(self) -> None:
        self.add_behind_its_back(areceive, sender=Book)
        assert states(caching) == ["live", "stale"]

    def test_none_for_a_sender_that_has_not_sent(self) -> None:
        self.add_behind_its_back(areceive, sender=Loud)
        assert states(caching) == ["live", "live"]

    def test_none_after_connecting_another(self) -> None:
        self.add_behind_its_back(areceive)
        caching.connect(receive, sender=Loud)
        assert states(caching) == ["live"] * 3

    def test_none_while_another_thread_connects(self) -> None:
        self.add_behind_its_back(areceive)
        with caching.lock:  # the cache is cleared before it lets go
            assert states(caching) == ["live", "live"]

    def test_none_that_another_thread_has_connected_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.add_behind_its_back(areceive)

        class Lock:
            """Lets the other thread finish as soon as somebody asks for it."""

            def locked(self) -> bool:
                caching.sender_receivers_cache.clear()
                return False

        monkeypatch.setattr(connected, "_Lock", Lock)
        monkeypatch.setattr(caching, "lock", Lock())
        assert states(caching) == ["live", "live"]

    def test_none_where_the_cache_is_made_anew(self) -> None:
        caching.sender_receivers_cache.pop(Book)
        self.add_behind_its_back(areceive)
        caching._dead_receivers = True
        assert states(caching) == ["live", "live"]

    def test_what_is_called_so_is_not_called(self) -> None:
        called = []

        def local(**named: object) -> None:
            called.append(named)

        self.add_behind_its_back(local)
        assert states(caching) == ["live", "stale"]
        caching.send(Service)
        assert not called
        caching.sender_receivers_cache.clear()
        caching.send(Service)
        assert called


class TestConnectedTwice:
    def groups(self, signal: Signal = plain) -> list[list[tuple[str | None, str | None]]]:
        snapshot = rows(signal)
        return [[(row.sender, row.uid) for row in group] for group in connected.connected_twice(snapshot)]

    def test_not_once(self) -> None:
        plain.connect(receive)
        plain.connect(areceive)
        plain.connect(receive)
        assert self.groups() == []

    def test_under_two_dispatch_uids(self) -> None:
        plain.connect(receive)
        plain.connect(receive, dispatch_uid="a")
        plain.connect(areceive, dispatch_uid="b")
        assert self.groups() == [[(None, None), (None, "a")]]

    def test_for_any_sender_and_for_one(self) -> None:
        plain.connect(receive, sender=Book)
        plain.connect(receive)
        assert self.groups() == [[("tests.shop.models.Book", None), (None, None)]]

    def test_not_for_two_senders(self) -> None:
        plain.connect(receive, sender=Book)
        plain.connect(receive, sender=Service)
        assert self.groups() == []

    def test_not_for_two_signals(self) -> None:
        plain.connect(receive)
        other.connect(receive)
        assert connected.connected_twice([*rows(), *rows(other)]) == []

    def test_those_of_one_sender_among_others(self) -> None:
        plain.connect(receive, sender=Book, dispatch_uid="a")
        plain.connect(receive, sender=Service)
        plain.connect(receive, sender=Book, dispatch_uid="b")
        book = "tests.shop.models.Book"
        assert self.groups() == [[(book, "a"), (book, "b")]]

    def test_one_that_python_did_not_define(self) -> None:
        plain.connect(print)
        plain.connect(print, dispatch_uid="again")
        assert self.groups() == [[(None, None), (None, "again")]]

    def test_a_method_of_one_object(self) -> None:
        loud = Loud()
        plain.connect(loud.receive)
        plain.connect(loud.receive, dispatch_uid="again")
        assert self.groups() == [[(None, None), (None, "again")]]

    def test_not_the_same_method_of_two_objects(self) -> None:
        louds = Loud(), Loud()
        for loud in louds:
            plain.connect(loud.receive)
        assert self.groups() == []

    def test_not_two_functions_from_one_factory(self) -> None:
        receivers = made(), made()
        for receiver in receivers:
            plain.connect(receiver)
        assert self.groups() == []

    def test_not_a_method_that_two_classes_inherit(self) -> None:
        class One(Loud):
            pass

        class Two(Loud):
            pass

        receivers = One(), Two()
        for receiver in receivers:
            plain.connect(receiver)
        assert self.groups() == []

    def test_not_the_dead(self) -> None:
        def connect() -> None:
            receiver = made()
            plain.connect(receiver)
            plain.connect(receiver, dispatch_uid="again")

        connect()
        assert states() == ["dead", "dead"]
        assert self.groups() == []


def imported_as(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestImportedTwice:
    SOURCE = """
def index(**named): pass
def wrapped(function):
    def wrapper(**named): pass
    wrapper.__wrapped__ = function
    return wrapper
@wrapped
def notify(**named): pass
one, two = wrapped(index), wrapped(notify)
def make():
    def local(**named): pass
    return local
"""

    @pytest.fixture
    def modules(self, tmp_path: Path) -> list[ModuleType]:
        path = tmp_path / "receivers.py"
        path.write_text(self.SOURCE)
        return [imported_as(name, path) for name in ("shop.receivers", "project.shop.receivers")]

    @pytest.mark.parametrize("name", ["index", "notify"])
    def test_a_function(self, modules: list[ModuleType], name: str) -> None:
        for module in modules:
            plain.connect(getattr(module, name))
        (group,) = connected.connected_twice(rows())
        assert [naming.receiver_definition(row.receiver).name for row in group] == [
            f"shop.receivers.{name}",
            f"project.shop.receivers.{name}",
        ]

    def test_not_for_two_senders(self, modules: list[ModuleType]) -> None:
        for module, sender in zip(modules, [Book, Service], strict=True):
            plain.connect(module.index, sender=sender)
        assert connected.connected_twice(rows()) == []

    def test_not_for_two_signals(self, modules: list[ModuleType]) -> None:
        for module, signal in zip(modules, [plain, other], strict=True):
            signal.connect(module.index)
        assert connected.connected_twice([*rows(), *rows(other)]) == []

    def test_not_two_functions_of_one_module(self, modules: list[ModuleType]) -> None:
        plain.connect(modules[0].index)
        plain.connect(modules[1].notify)
        assert connected.connected_twice(rows()) == []

    def test_not_one_that_was_loaded_again(self, tmp_path: Path) -> None:
        path = tmp_path / "receivers.py"
        path.write_text(self.SOURCE)
        modules = [imported_as("receivers", path) for _ in range(2)]
        for module in modules:
            plain.connect(module.index)
        assert connected.connected_twice(rows()) == []
