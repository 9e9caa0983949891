"""``manage.py signals``."""

from __future__ import annotations

import functools
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.dispatch import Signal

from tests.shop.models import Book

EXAMPLE = Path(__file__).parent.parent / "example_project"

order_placed = Signal()
order_paid = Signal()
ME = __name__


def index_order(**named: object) -> None:
    pass


async def tell_warehouse(**named: object) -> None:
    pass


@pytest.fixture(autouse=True)
def _unconnected() -> Iterator[None]:
    yield
    for signal in (order_placed, order_paid):
        signal.receivers = []


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def signals(*arguments: str, stdout: io.StringIO | None = None, **options: Any) -> tuple[str, str]:
    """What the command writes to stdout and stderr."""
    out, err = stdout or io.StringIO(), io.StringIO()
    call_command("signals", *arguments, stdout=out, stderr=err, no_color=True, **options)
    return out.getvalue(), err.getvalue()


def lines(*arguments: str, **options: Any) -> list[str]:
    return signals(*arguments, **options)[0].splitlines()


def place(function: Any) -> str:
    return f"tests/test_command.py:{function.__code__.co_firstlineno}"


class TestTheList:
    def test_a_signal_and_its_receivers(self) -> None:
        order_placed.connect(index_order)
        order_placed.connect(tell_warehouse, sender=Book, weak=False, dispatch_uid="tell")
        assert lines(f"{ME}.order_*") == [
            f"{ME}.order_paid  no receivers",
            f"{ME}.order_placed",
            f"  {ME}.index_order  {place(index_order)}",
            f"  {ME}.tell_warehouse  {place(tell_warehouse)}  "
            "sender tests.shop.models.Book, async, held by the signal, dispatch_uid tell",
            "2 signals (1 unheard), 2 receivers.",
        ]

    def test_all_signals_by_name(self) -> None:
        names = [line.split()[0] for line in lines()[:-1] if not line.startswith(" ")]
        assert names == sorted(names)
        assert {f"{ME}.order_placed", "django.db.models.signals.post_save"} <= set(names)

    def test_one_that_died(self) -> None:
        order_placed.connect(functools.partial(index_order))
        assert lines(f"{ME}.order_placed")[1] == "  ?  dead: it is not called any more"

    def test_one_that_is_dying(self, settings: Any) -> None:
        settings.DEBUG = True
        order_placed.connect(functools.partial(index_order))
        assert lines(f"{ME}.order_placed")[1] == (
            f"  {ME}.index_order  {place(index_order)}  "
            "dying: nothing keeps it alive, so it is called under DEBUG only"
        )

    def test_one_that_python_did_not_define(self) -> None:
        order_placed.connect(print)
        assert lines(f"{ME}.order_placed")[1] == "  builtins.print"

    def test_a_file_elsewhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        order_placed.connect(index_order)
        monkeypatch.chdir(tmp_path)
        assert f"  {Path(__file__)}:" in lines("index_order")[1]

    def test_names_that_a_terminal_would_obey(self) -> None:
        order_placed.connect(index_order, dispatch_uid="\x1b[2J\n\ud800")
        assert lines(f"{ME}.order_placed")[1].endswith(r"dispatch_uid \x1b[2J\n\ud800")

    def test_names_that_the_encoding_lacks(self) -> None:
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="ascii")
        order_placed.connect(index_order, dispatch_uid="Bücher")
        call_command("signals", f"{ME}.order_placed", stdout=out, no_color=True)
        out.flush()
        assert rb"dispatch_uid B\xfccher" in raw.getvalue()


class TestAPattern:
    @pytest.fixture(autouse=True)
    def _connected(self) -> None:
        order_placed.connect(index_order)
        order_placed.connect(tell_warehouse, sender=Book)
        order_paid.connect(tell_warehouse)

    @pytest.mark.parametrize(
        ("pattern", "found"),
        [
            (f"{ME}.order_placed", {"order_placed": ["index_order", "tell_warehouse"]}),
            (f"{ME}.order_p?id", {"order_paid": ["tell_warehouse"]}),
            (f"{ME}.tell", {"order_paid": ["tell_warehouse"], "order_placed": ["tell_warehouse"]}),
            (f"{ME.upper()}.INDEX", {"order_placed": ["index_order"]}),
            ("tests.shop.models.book", {"order_placed": ["tell_warehouse"]}),
            ("test_command.*", {}),
            ("*test_command.index*", {"order_placed": ["index_order"]}),
            ("nobody", {}),
        ],
    )
    def test_names_a_signal_a_receiver_or_a_sender(self, pattern: str, found: dict[str, list[str]]) -> None:
        listed = json.loads(signals(pattern, "--json")[0])["signals"]
        assert {
            entry["signal"]: [receiver["receiver"] for receiver in entry["receivers"]] for entry in listed
        } == {
            f"{ME}.{signal}": [f"{ME}.{receiver}" for receiver in receivers]
            for signal, receivers in found.items()
        }

    def test_that_nothing_matches(self) -> None:
        assert lines("nobody") == ["0 signals (0 unheard), 0 receivers."]


class TestUnheard:
    def test_signals_without_receivers(self) -> None:
        order_placed.connect(index_order)
        assert lines(ME, "--unheard") == [
            f"{ME}.order_paid  no receivers",
            "1 signal (1 unheard), 0 receivers.",
        ]

    def test_signals_whose_receivers_have_all_died(self) -> None:
        order_placed.connect(index_order)
        order_paid.connect(functools.partial(index_order))
        assert lines(ME, "--unheard")[0] == f"{ME}.order_paid"


class TestTwice:
    def test_none(self) -> None:
        order_placed.connect(index_order)
        order_paid.connect(index_order)
        assert signals("--twice") == ("No receiver is connected twice.\n", "")

    def test_one(self) -> None:
        order_placed.connect(tell_warehouse)
        order_placed.connect(index_order)
        order_placed.connect(index_order, dispatch_uid="index")
        out = io.StringIO()
        with pytest.raises(CommandError, match=r"^1 receiver connected twice\.$") as raised:
            signals("--twice", stdout=out)
        assert raised.value.returncode == 1
        assert out.getvalue().splitlines() == [
            f"{ME}.order_placed",
            f"  {ME}.index_order  {place(index_order)}",
            f"  {ME}.index_order  {place(index_order)}  dispatch_uid index",
        ]

    def test_one_as_json(self) -> None:
        order_placed.connect(index_order)
        order_placed.connect(index_order, sender=Book)
        out = io.StringIO()
        with pytest.raises(CommandError):
            signals("--twice", "--json", stdout=out)
        (listed,) = json.loads(out.getvalue())["signals"]
        assert [receiver["sender"] for receiver in listed["receivers"]] == [None, "tests.shop.models.Book"]

    def test_only_those_that_match(self) -> None:
        order_placed.connect(index_order)
        order_placed.connect(index_order, sender=Book)
        with pytest.raises(CommandError):  # both rows stay, though one alone has the sender
            signals("--twice", "shop.models.Book")
        assert signals("--twice", "order_paid")[0] == "No receiver is connected twice.\n"

    def test_methods_of_two_objects(self) -> None:
        class Index:
            def update(self, **named: object) -> None:
                """Hear it."""

        one, other = Index(), Index()
        order_placed.connect(one.update)
        order_placed.connect(one.update, dispatch_uid="again")
        order_placed.connect(other.update, dispatch_uid="first")
        order_placed.connect(other.update, dispatch_uid="second")
        with pytest.raises(CommandError, match=r"^2 receivers connected twice"):
            signals("--twice")

    def test_not_with_unheard(self) -> None:
        with pytest.raises(CommandError, match="not allowed with"):
            signals("--twice", "--unheard")


def test_json() -> None:
    order_placed.connect(tell_warehouse, sender=Book, weak=False, dispatch_uid="tell")
    order_placed.connect(functools.partial(index_order))
    code = tell_warehouse.__code__
    assert json.loads(signals(f"{ME}.order_placed", "--json")[0]) == {
        "signals": [
            {
                "signal": f"{ME}.order_placed",
                "receivers": [
                    {
                        "receiver": f"{ME}.tell_warehouse",
                        "path": code.co_filename,
                        "line": code.co_firstlineno,
                        "is_async": True,
                        "sender": "tests.shop.models.Book",
                        "uid": "tell",
                        "is_weak": False,
                        "state": "live",
                    },
                    {
                        "receiver": None,
                        "path": None,
                        "line": None,
                        "is_async": False,
                        "sender": None,
                        "uid": None,
                        "is_weak": True,
                        "state": "dead",
                    },
                ],
            }
        ],
        "unimported": [],
    }


class TestATerminal:
    def connected(self, monkeypatch: pytest.MonkeyPatch, columns: int) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        order_placed.connect(index_order)
        order_placed.connect(index_order, sender=Book, weak=False, dispatch_uid="index")
        return lines(f"{ME}.order_placed", stdout=Terminal())[:-1]

    def test_that_is_wide(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert len(self.connected(monkeypatch, 200)) == 3

    def test_that_is_narrow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.connected(monkeypatch, 44) == [
            f"{ME}.order_placed",
            f"  {ME}.index_order",
            f"    {place(index_order)}",
            f"  {ME}.index_order",
            f"    {place(index_order)}",
            "    sender tests.shop.models.Book, held by",
            "    the signal, dispatch_uid index",
        ]

    def test_that_is_very_narrow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.connected(monkeypatch, 1)[1] == f"  {ME}.index_order"


class TestWhatOnlyTheUrlsImport:
    def test_is_there(self, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "late_urls.py").write_text(
            "from django.dispatch import Signal\nmade_late = Signal()\nurlpatterns = []\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        settings.ROOT_URLCONF = "late_urls"
        assert lines("made_late")[0] == "late_urls.made_late  no receivers"
        monkeypatch.delitem(sys.modules, "late_urls")

    def test_is_said_to_be_missing(self, settings: Any) -> None:
        settings.ROOT_URLCONF = "nowhere.urls"
        out, err = signals(f"{ME}.order_placed")
        assert out.startswith(f"{ME}.order_placed")
        assert err == "What only the URLs import is missing: ModuleNotFoundError: No module named 'nowhere'\n"


@pytest.fixture
def forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """A module of receivers that its app does not import."""
    path = tmp_path / "library" / "receivers.py"
    path.parent.mkdir()
    (path.parent / "__init__.py").touch()
    path.write_text("@receiver(post_save)\ndef index(**kwargs): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "library", ModuleType("library"))
    monkeypatch.delitem(sys.modules, "library")
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "library"]
    return path


def test_modules_that_nobody_imports(forgotten: Path) -> None:
    err = signals(f"{ME}.order_placed")[1]
    assert err == (
        f"library.receivers is not imported, so its receivers ({forgotten}:1) are not connected. "
        "Import it in ready() of the app 'library'.\n"
    )
    assert json.loads(signals(f"{ME}.order_placed", "--json")[0])["unimported"] == [
        {
            "app": "library",
            "module": "library.receivers",
            "path": str(forgotten),
            "line": 1,
            "hears": [["post_save", None]],
        }
    ]


class TestInTheExampleProject:
    """As a user would run it."""

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(EXAMPLE.parent)}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        return subprocess.run(
            [sys.executable, "manage.py", "signals", *arguments],
            cwd=EXAMPLE,
            env=environment,
            capture_output=True,
            text=True,
        )

    def test_the_list(self) -> None:
        answer = self.manage("shop.signals.price_quoted", "--force-color")
        assert answer.returncode == 0
        signal, receiver, summary = answer.stdout.splitlines()
        assert "\x1b[" in signal
        assert "shop.signals.price_quoted" in signal
        assert receiver.startswith("  shop.receivers.note_interest  shop/receivers.py:")
        assert summary == "1 signal (0 unheard), 1 receiver."

    def test_nothing_of_the_shop_is_connected_twice(self) -> None:
        answer = self.manage("shop.*", "--twice", "--no-color")
        assert (answer.returncode, answer.stdout) == (0, "No receiver is connected twice.\n")

    def test_wrong_arguments(self) -> None:
        assert self.manage("--twice", "--unheard").returncode == 2


def test_the_exit_code_for_a_ci_job(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "__init__.py").write_text("urlpatterns = []\n")
    (tmp_path / "library" / "models.py").write_text(
        "from django.dispatch import Signal\n"
        "lent = Signal()\n"
        "def note(**named): pass\n"
        "lent.connect(note)\n"
        "lent.connect(note, dispatch_uid='note')\n"
    )
    (tmp_path / "settings.py").write_text(
        "INSTALLED_APPS = ['signal_panel', 'library']\nROOT_URLCONF = 'library'\nSECRET_KEY = 'tests'\n"
    )
    answer = subprocess.run(
        [sys.executable, "-m", "django", "signals", "--twice", "--settings=settings", "--no-color"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(EXAMPLE.parent), str(tmp_path)])},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 1
    assert answer.stdout == (
        "library.models.lent\n"
        "  library.models.note  library/models.py:3\n"
        "  library.models.note  library/models.py:3  dispatch_uid note\n"
    )
    assert answer.stderr == "CommandError: 1 receiver connected twice.\n"
