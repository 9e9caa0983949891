"""Modules with receivers that nobody has imported."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import override_settings

from signal_panel import handlers
from signal_panel.handlers import handlers_not_imported

RECEIVER = """\
from django.dispatch import receiver
from django.db.models.signals import post_save

@receiver(post_save)
def index(sender, **kwargs):
    pass
"""

MakeApp = Callable[..., Path]


@pytest.fixture
def make_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeApp]:
    """Makes an installed app of files with these names and texts."""
    monkeypatch.syspath_prepend(str(tmp_path))
    overrides = []
    before = set(sys.modules)
    handlers._loaded.cache_clear()  # as many modules were others in the test before

    def make(folder: str = "library", **files: str) -> Path:
        app = tmp_path / folder
        for name, text in {"__init__": "", **files}.items():
            path = app.joinpath(*name.split("__", 1) if not name.startswith("__") else [name])
            path = path.with_name(f"{path.name}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        if folder.startswith("lib/"):
            monkeypatch.syspath_prepend(str(app.parent))
        override = override_settings(INSTALLED_APPS=[app.name])
        override.enable()
        overrides.append(override)
        return app

    yield make
    for override in reversed(overrides):
        override.disable()
    imported = set(sys.modules) - before
    for name in imported:
        del sys.modules[name]
    if imported:
        gc.collect()  # and with them their receivers


def found() -> list[tuple[str, int]]:
    return [(handlers.module, handlers.line) for handlers in handlers_not_imported()]


@pytest.mark.parametrize("name", ["signals", "receivers", "handlers"])
def test_a_module_with_a_receiver(make_app: MakeApp, name: str) -> None:
    app = make_app(**{name: RECEIVER})
    (handlers,) = handlers_not_imported()
    assert handlers[:4] == ("library", f"library.{name}", str(app / f"{name}.py"), 4)
    assert f"library.{name}" not in sys.modules


def test_a_folder_of_modules_may_have_other_files(make_app: MakeApp) -> None:
    app = make_app(handlers__books=RECEIVER)
    (app / "handlers" / "notes.txt").write_text(RECEIVER)
    assert [handlers.module for handlers in handlers_not_imported()] == ["library.handlers.books"]


@pytest.mark.parametrize(
    ("text", "hears"),
    [
        ("@receiver(post_save)\ndef f(**kw): pass", [("post_save", None)]),
        ("@receiver([signals.a, b], sender=shop.Order)\ndef f(**kw): pass", [("a", "Order"), ("b", "Order")]),
        ("@receiver(a, sender='shop.Order')\ndef f(**kw): pass", [("a", "Order")]),
        ("@receiver(a, sender=None)\ndef f(**kw): pass", [("a", None)]),
        ("@receiver(a, sender=settings.AUTH_USER_MODEL)\ndef f(**kw): pass", [("a", "User")]),
        ("@receiver(a, sender=get_user_model())\ndef f(**kw): pass", [("a", "User")]),
        ("@receiver(a, sender=apps.get_model('shop', 'Order'))\ndef f(**kw): pass", [("a", "Order")]),
        ("@receiver(a, sender=apps.get_model('shop.Order'))\ndef f(**kw): pass", [("a", "Order")]),
        ("@receiver(a, sender=Book.tags.through)\ndef f(**kw): pass", [("a", "Book_tags")]),
        ("@receiver(a, sender=the_sender())\ndef f(**kw): pass", [("a", "?")]),
        ("@receiver(a, sender=SENDER)\ndef f(**kw): pass", [("a", "?")]),
        ("@receiver(a, sender=SENDERS[0])\ndef f(**kw): pass", [("a", "?")]),
        ("@receiver(a, sender='a word')\ndef f(**kw): pass", [("a", "?")]),
        ("@receiver(a, sender=7)\ndef f(**kw): pass", [("a", "?")]),
        ("for each in models:\n    a.connect(f, sender=each)", [("a", "?")]),
        ("@receiver(signal=a)\ndef f(**kw): pass", [("a", None)]),
        ("@receiver(signal=[a, b], sender=Order)\ndef f(**kw): pass", [("a", "Order"), ("b", "Order")]),
        ("@receiver(a, **options)\ndef f(**kw): pass", [("a", "?")]),
        ("def f(**kw): pass\na.connect(f, Order)", [("a", "Order")]),
        (
            "from shop import Order as Bought, paid as bought\n"
            "@receiver(bought, sender=Bought)\ndef f(**kw): pass\n"
            "@receiver(bought, sender=Bought.tags.through)\ndef g(**kw): pass",
            [("paid", "Order"), ("paid", "Order_tags")],
        ),
        ("@receiver(signals['a'])\ndef f(**kw): pass", []),
        ("signals.a.connect(f, sender=Order)\nb.connect(f, weak=False)", [("a", "Order"), ("b", None)]),
    ],
)
def test_what_a_module_would_hear_is_what_its_text_names(
    make_app: MakeApp, text: str, hears: list[tuple[str, str | None]]
) -> None:
    make_app(signals=text)
    (handlers,) = handlers_not_imported()
    assert list(handlers.hears) == hears


def test_a_model_in_capitals_is_no_constant(make_app: MakeApp) -> None:
    make_app(
        models="from django.db import models\n\nclass ISBN(models.Model):\n    pass\n",
        signals="@receiver([a, b], sender=ISBN)\ndef f(**kw): pass",
    )
    (handlers,) = handlers_not_imported()
    assert list(handlers.hears) == [("a", "ISBN"), ("b", "ISBN")]


def test_not_a_module_of_another_name(make_app: MakeApp) -> None:
    make_app(services=RECEIVER)
    assert found() == []


def test_not_one_that_was_imported(make_app: MakeApp) -> None:
    make_app(signals=RECEIVER)
    importlib.import_module("library.signals")
    assert found() == []


def test_not_one_that_was_imported_by_another_name(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(signals=RECEIVER)
    monkeypatch.syspath_prepend(str(app))
    importlib.import_module("signals")
    assert found() == []


def test_the_modules_of_a_package(make_app: MakeApp) -> None:
    make_app(receivers____init__=RECEIVER, receivers__orders=RECEIVER, receivers__none="x = 1")
    assert found() == [("library.receivers", 4), ("library.receivers.orders", 4)]
    importlib.import_module("library.receivers")
    assert found() == [("library.receivers.orders", 4)]


def test_a_module_that_changes(make_app: MakeApp) -> None:
    app = make_app(signals=RECEIVER)
    assert found() == [("library.signals", 4)]
    (app / "signals.py").write_text("from django.dispatch import Signal\nplaced = Signal()\n")
    os.utime(app / "signals.py", ns=(1, 1))
    assert found() == []
    (app / "signals.py").unlink()
    assert found() == []


def test_what_only_looks_like_a_module_or_a_folder_of_them(make_app: MakeApp) -> None:
    app = make_app(handlers__books=RECEIVER)
    (app / "signals").write_text("")
    (app / "receivers.py").symlink_to("nowhere")
    (app / "handlers" / ".#books.py").symlink_to("nowhere")  # as Emacs marks what is being edited
    assert found() == [("library.handlers.books", 4)]


def test_not_one_imported_since(make_app: MakeApp) -> None:
    make_app(signals=RECEIVER)
    assert found() == [("library.signals", 4)]
    importlib.import_module("library.signals")
    assert found() == []
    sys.modules["signals"] = sys.modules.pop("library.signals")
    assert found() == []


def test_not_one_that_was_installed(make_app: MakeApp) -> None:
    make_app("lib/site-packages/bought", signals=RECEIVER)
    assert found() == []


def test_not_those_of_django(settings: Any) -> None:
    settings.INSTALLED_APPS = [
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "debug_toolbar",
        "signal_panel",
    ]
    assert found() == []


@pytest.mark.parametrize(
    "text",
    [
        "@receiver(post_save)\ndef f(**kw): pass",
        "@dispatch.receiver([a, b], sender=X)\nasync def f(**kw): pass",
        "@other\n@receiver(a)\ndef f(**kw): pass",
        "def f(**kw): pass\npost_save.connect(f)",
        "from x import f\npost_save.connect(f)",
        "from x import handlers, signals\nsignals.post_save.connect(handlers.f)",
        "import x\nx.signals.post_save.connect(x.handlers.f)",
        "post_save.connect(receiver=f)",
        "post_save.connect(f, sender=X)",
        "signals['placed'].connect(f, sender=X)",
        "post_save.connect(lambda **kw: None, weak=False)",
        "post_save.connect(partial(f, 1), dispatch_uid='x')",
        "for model in models:\n    post_save.connect(f, sender=model)",
        "if x:\n    pass\nelse:\n    post_save.connect(f, weak=False)",
        "try:\n    import y\nexcept ImportError:\n    post_save.connect(f, weak=False)",
        "with x:\n    @receiver(a)\n    def f(**kw): pass",
        "match x:\n    case 1:\n        post_save.connect(f, weak=False)",
    ],
)
def test_what_connects(make_app: MakeApp, text: str) -> None:
    make_app(signals=text)
    assert len(found()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "from django.dispatch import Signal\nplaced = Signal()",
        "def f():\n    post_save.connect(g)",
        "class A:\n    @receiver(a)\n    def f(self): pass",
        "if x:\n    def f():\n        post_save.connect(g)",
        "@receiver\ndef f(**kw): pass",
        "@task.connect\ndef f(**kw): pass",
        "import sqlite3\nfrom x import path\nsqlite3.connect(path)",
        "import psycopg as db\nfrom x import dsn\ndb.connect(dsn)",
        "client.connect('localhost', 1883)",
        "from x import settings\nclient.connect(settings.MQTT_HOST)",
        "from x import HOST\nclient.connect(HOST)",
        "url = 'redis:'\nclient.connect(url)",
        "client.connect(find_url())",
        "connect(f, weak=False)",
        "client.connect()",
        "connection = client.connect(path)",
        "post_save.disconnect(f)",
        "def broken(:",
        "\0",
        "# coding: nonsense\npost_save.connect(f, weak=False)",
    ],
)
def test_what_does_not(make_app: MakeApp, text: str) -> None:
    make_app(signals=text)
    assert found() == []


@pytest.mark.parametrize("not_ready", [("apps_ready", "models_ready"), ("models_ready",)])
def test_before_the_apps_and_their_models_are_loaded(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, not_ready: tuple[str, ...]
) -> None:
    make_app(signals="@receiver(a, sender=ISBN)\ndef f(**kw): pass")
    for name in not_ready:
        monkeypatch.setattr(apps, name, False)
    assert handlers_not_imported() == []


class TestWhatWasLookedAtBefore:
    """It is listed or read again only where it has changed."""

    LONG_AGO = 1_000_000_000

    def change_long_ago(self, *folders: Path) -> None:
        for folder in folders:
            os.utime(folder, (self.LONG_AGO, self.LONG_AGO))

    def test_what_has_not_changed_is_not_listed_again(
        self, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = make_app(handlers__books=RECEIVER, signals=RECEIVER)
        self.change_long_ago(app, app / "handlers")
        before = found()
        assert before == [("library.signals", 4), ("library.handlers.books", 4)]
        listed: list[str] = []
        monkeypatch.setattr(os, "listdir", listed.append)
        assert found() == before
        assert listed == []

    def test_a_file_that_was_added_is_seen(self, make_app: MakeApp) -> None:
        app = make_app(handlers__books=RECEIVER)
        self.change_long_ago(app, app / "handlers")
        found()
        (app / "handlers" / "orders.py").write_text(RECEIVER)
        assert found() == [("library.handlers.books", 4), ("library.handlers.orders", 4)]

    def test_one_that_was_added_in_the_same_tick_is_seen(self, make_app: MakeApp) -> None:
        app = make_app(signals=RECEIVER)
        now = app.stat().st_mtime_ns
        found()
        (app / "receivers.py").write_text(RECEIVER)
        os.utime(app, ns=(now, now))
        assert found() == [("library.signals", 4), ("library.receivers", 4)]

    def test_a_folder_that_is_gone_has_nothing(self, make_app: MakeApp) -> None:
        app = make_app(handlers__books=RECEIVER)
        self.change_long_ago(app, app / "handlers")
        found()
        app.rename(app.with_name("elsewhere"))
        assert found() == []

    def test_a_file_that_was_written_again_in_the_same_tick_is_read_again(self, make_app: MakeApp) -> None:
        file = make_app(signals=RECEIVER) / "signals.py"
        now = file.stat().st_mtime_ns
        found()
        file.write_text(f"\n{RECEIVER}")
        os.utime(file, ns=(now, now))
        assert found() == [("library.signals", 5)]


def test_files_of_one_name_are_looked_for_once(make_app: MakeApp) -> None:
    for number in range(200):
        make_app(f"app_{number}", signals=RECEIVER)
    with override_settings(INSTALLED_APPS=[f"app_{number}" for number in range(200)]):
        assert len(found()) == 200
        assert handlers._loaded.cache_info().misses == 1
        assert len(found()) == 200
        assert handlers._loaded.cache_info().misses == 1
