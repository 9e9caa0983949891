"""Sends that an installed package makes on behalf of the user's code, which have two lines."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import importlib.util
import operator
import os
import sys
import sysconfig
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import factory
import pytest
import uvloop
from asgiref.sync import async_to_sync, sync_to_async
from django.core.management import ManagementUtility, call_command, execute_from_command_line
from django.core.management.commands import check
from django.dispatch import Signal
from django.test import Client, override_settings
from django.urls import path
from jinja2 import Environment, FileSystemLoader

import signal_panel
from signal_panel import Recording, Send, Site, frames, kinds
from tests.findings import found, listening, rules
from tests.shop.models import Author
from tests.threads import at_once

told = Signal()

SENDING = """
from asgiref.sync import sync_to_async
from django.dispatch import Signal
from django.http import HttpResponse

bought = Signal()

def send(signal):
    signal.send(sender=None)  # the package sends

def send_again(signal):
    send(signal)

def send_each(signal, times):
    for _ in range(times):
        signal.send(sender=None)  # the package sends each

def save_again(instance):
    for _ in range(2):
        instance.save()

def sends_its_own():
    bought.send(sender=None)

def sends_one_without_a_name():
    Signal().send(sender=None)

async def asend(signal):
    await signal.asend(sender=None)  # the package awaits

async def send_in_thread(signal):
    await sync_to_async(signal.send)(sender=None)  # the package hops

def listens(**kwargs):
    bought.send(sender=None)  # the package's receiver sends

def connects(signal, receiver):
    signal.connect(receiver)  # the package connects

def handle(*args, **options):
    bought.send(sender=None)  # the package's command sends

def view(request):
    bought.send(sender=None)  # the package's view sends
    return HttpResponse()
"""

WRAPPING = """
def wrap(send):
    def wrapper(self, sender, **named):
        return send(self, sender, **named)
    return wrapper
"""

MakePackage = Callable[[str, str], ModuleType]


@pytest.fixture
def make_package(tmp_path: Path) -> Iterator[MakePackage]:
    """Makes modules in a folder like those that packages are installed in."""
    made = []

    def make(name: str, source: str) -> ModuleType:
        file = tmp_path / "site-packages" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(source)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        made.append(name)
        spec.loader.exec_module(module)
        return module

    yield make
    for name in made:
        del sys.modules[name]


@pytest.fixture
def package(make_package: MakePackage) -> Any:
    return make_package("bought_package", SENDING)


def only(recording: Recording) -> Send:
    (send,) = recording.sends
    return send


def line(site: Site | None) -> tuple[str, int] | None:
    return site and (site.path, site.line)


def urls(*paths: Any) -> ModuleType:
    module = ModuleType("urls")
    module.urlpatterns = list(paths)  # type: ignore[attr-defined]
    return module


def at(file: str, comment: str) -> tuple[str, int]:
    """The only line of a file that ends in such a comment."""
    lines = Path(file).read_text().splitlines()
    (number,) = [number for number, each in enumerate(lines, 1) if each.endswith(f"# {comment}")]
    return file, number


def here(comment: str) -> tuple[str, int]:
    return at(__file__, comment)


def there(comment: str, package: Any) -> tuple[str, int]:
    return at(package.__file__, comment)


def shown(comment: str, package: Any) -> str:
    """The same of a package, as a claim has it."""
    file, number = there(comment, package)
    return f"{Path(file).name}:{number}"


class TestLines:
    def test_the_site_is_the_line_of_one_s_own_that_called_the_package(self, package: Any) -> None:
        with signal_panel.record() as recording:
            package.send(told)  # calls it
        assert line(only(recording).site) == here("calls it")
        assert only(recording).through == Site(*there("the package sends", package), "send")

    def test_a_send_of_one_s_own_goes_through_nothing(self) -> None:
        with signal_panel.record() as recording:
            told.send(sender=None)
        assert only(recording).through is None

    def test_of_the_package_s_lines_it_is_the_one_that_sends(self, package: Any) -> None:
        with signal_panel.record() as recording:
            package.send_again(told)
        assert line(only(recording).through) == there("the package sends", package)

    def test_of_several_packages_it_is_the_one_that_sends(self, package: Any, make_package: Any) -> None:
        other = make_package("other_package", "def passes_on(function, *args):\n    function(*args)\n")
        with signal_panel.record() as recording:
            other.passes_on(package.send, told)  # calls one of two
        assert line(only(recording).site) == here("calls one of two")
        assert line(only(recording).through) == there("the package sends", package)

    def test_the_user_s_own_line_is_the_innermost(self, make_package: Any) -> None:
        other = make_package("other_package", "def passes_on(function, *args):\n    function(*args)\n")

        def sends() -> None:
            told.send(sender=None)  # called back

        with signal_panel.record() as recording:
            other.passes_on(sends)
        assert line(only(recording).site) == here("called back")
        assert only(recording).through is None

    def test_one_line_of_the_package_for_two_of_one_s_own(self, package: Any) -> None:
        with signal_panel.record() as recording:
            for _ in range(3):
                package.send(told)  # the first asks
                package.send(told)  # the second asks
        lines = [line(send.site) for send in recording.sends]
        assert lines == [here("the first asks"), here("the second asks")] * 3
        assert {line(send.through) for send in recording.sends} == {there("the package sends", package)}

    def test_one_instruction_that_sends_by_itself_and_through_a_package(self, package: Any) -> None:
        by_itself = operator.methodcaller("send", sender=None)
        with signal_panel.record() as recording:
            for send in [by_itself, package.send] * 3:
                send(told)  # either way
        assert {line(send.site) for send in recording.sends} == {here("either way")}
        assert [send.through is not None for send in recording.sends] == [False, True] * 3

    def test_what_a_package_s_receiver_sends_is_caused_by_the_line_that_sent_to_it(
        self, package: Any
    ) -> None:
        with listening(told, package.listens), signal_panel.record() as recording:
            told.send(sender=None)  # is heard by a package
        first, second = recording.sends
        assert line(first.site) == line(second.site) == here("is heard by a package")
        assert first.through is None
        assert line(second.through) == there("the package's receiver sends", package)

    def test_a_receiver_of_one_s_own_is_nearer_than_who_called_the_package(self, package: Any) -> None:
        other = Signal()

        def listens(**kwargs: Any) -> None:
            other.send(sender=None)  # in the receiver

        with listening(told, listens), signal_panel.record() as recording:
            package.send(told)
        _, nested = recording.sends
        assert line(nested.site) == here("in the receiver")
        assert nested.through is None

    def test_code_that_was_generated_for_a_package_is_the_package_s(self, make_package: Any) -> None:
        package = make_package(
            "dataclass_package",
            "from dataclasses import dataclass\n"
            "@dataclass\n"
            "class Event:\n"
            "    signal: object\n"
            "    def __post_init__(self):\n"
            "        self.signal.send(sender=None)  # the class sends\n",
        )
        with signal_panel.record() as recording:
            for _ in range(3):
                package.Event(told)  # makes one
        assert {line(send.site) for send in recording.sends} == {here("makes one")}
        assert {line(send.through) for send in recording.sends} == {there("the class sends", package)}

    def test_code_that_was_generated_for_one_s_own_is_nobody_s(self) -> None:
        sends = functools.partial(operator.methodcaller("send", sender=None), told)
        Made = dataclasses.make_dataclass(
            "Made",
            [("sent", Any, dataclasses.field(default_factory=sends))],
            namespace={"__module__": __name__},
        )
        WithAttrs = attrs.make_class("WithAttrs", {"sent": attrs.field(factory=sends)})
        with signal_panel.record() as recording:
            Made()  # by a dataclass
            WithAttrs()  # by attrs
            exec(compile("told.send(None)", "<string>", "exec"), {"told": told})  # as python -c does
        lines = [here("by a dataclass"), here("by attrs"), ("<string>", 1)]
        assert [line(send.site) for send in recording.sends] == lines

    def test_what_is_typed_after_shell_has_its_line(self) -> None:
        with signal_panel.record() as recording:
            call_command(
                "shell", command="from tests.test_packages import told\ntold.send(None)", verbosity=0
            )
        assert [line(send.site) for send in recording.sends if send.signal.endswith(".told")] == [
            ("<string>", 2)
        ]

    def test_a_template_of_jinja_s_has_the_line_that_rendered_it(self, tmp_path: Path) -> None:
        (tmp_path / "page.html").write_text(
            "{% for _ in range(3) %}\n\n\n\n{{ signal.send(None) }}{% endfor %}"
        )
        jinja = Environment(loader=FileSystemLoader(tmp_path), autoescape=True)
        with signal_panel.record() as recording:
            jinja.get_template("page.html").render(signal=told)  # renders a file
            jinja.from_string("{{ signal.send(None) }}").render(signal=told)  # renders a text
        lines = [here("renders a file")] * 3 + [here("renders a text")]
        assert [line(send.site) for send in recording.sends] == lines
        assert {send.through for send in recording.sends} == {None}

    def test_a_signal_class_s_own_send_is_not_who_sends(self) -> None:
        class Own(Signal):
            def send(self, sender: Any, **named: Any) -> Any:
                return super().send(sender, **named)

        own = Own()
        with signal_panel.record() as recording:
            own.send(None)  # one asks
            own.send(None)  # another asks
        assert [line(send.site) for send in recording.sends] == [here("one asks"), here("another asks")]

    def test_nor_is_its_asend_where_a_receiver_is_in_a_thread(self) -> None:
        class Own(Signal):
            async def asend(self, sender: Any, **named: Any) -> Any:
                return await super().asend(sender, **named)

        own = Own()

        def sends_again(again: bool = False, **named: Any) -> None:
            if again:
                work = contextlib.ExitStack()  # nobody's frame
                work.callback(functools.partial(async_to_sync(own.asend), None))
                work.close()

        async def main() -> None:
            for _ in range(2):
                await own.asend(None, again=True)  # awaits its own

        with listening(own, sends_again), signal_panel.record() as recording:
            asyncio.run(main())
        first, _, second, _ = recording.sends
        assert line(first.site) == line(second.site) == here("awaits its own")

    def test_code_of_no_file_is_one_s_own(self) -> None:
        names: dict[str, Any] = {"told": told}  # as of a shell
        with signal_panel.record() as recording:
            exec(compile("told.send(sender=None)", "<console>", "exec"), names)
        assert line(only(recording).site) == ("<console>", 1)

    def test_an_asend(self, package: Any) -> None:
        async def main() -> None:
            await package.asend(told)  # awaits it

        with signal_panel.record() as recording:
            asyncio.run(main())
        assert line(only(recording).site) == here("awaits it")
        assert line(only(recording).through) == there("the package awaits", package)

    def test_a_signal_without_a_name_is_named_by_the_package_that_sends_it(self, package: Any) -> None:
        with signal_panel.record() as recording:
            package.sends_one_without_a_name()
        assert only(recording).signal == "bought_package.sends_one_without_a_name:Signal"

    def test_what_is_ignored_stays_so_through_a_package(self, package: Any) -> None:
        ignored = {"IGNORE": ["bought_package.*"]}
        with override_settings(SIGNAL_PANEL=ignored), signal_panel.record() as recording:
            for _ in range(3):
                package.sends_its_own()
                package.send(told)
        assert [send.signal for send in recording.sends] == [f"{__name__}.told"] * 3

    def test_what_connects_is_the_package_s_line(self, package: Any) -> None:
        def hears(**kwargs: Any) -> None: ...

        with signal_panel.record() as recording:
            package.connects(told, hears)
        sites = [connection.site for connection in recording.connections if connection.site]
        told.disconnect(hears)
        assert [line(site) for site in sites] == [there("the package connects", package)]

    def test_a_json_has_both(self, package: Any) -> None:
        with signal_panel.record() as recording:
            package.send(told)
        again = only(Recording.from_json(recording.to_json()))
        assert (again.site, again.through) == (only(recording).site, only(recording).through)
        assert again.through is not None

    def test_what_is_known_is_found_without_climbing_again(
        self, package: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        climbed: list[Any] = []

        def find_callers(frame: Any) -> frames.Callers:
            climbed.append(frame)
            return frames.find_callers(frame)

        def send_all() -> None:
            package.send(told)
            at_once(functools.partial(package.send, told), threads=1)

        monkeypatch.setattr(kinds, "find_callers", find_callers)
        with signal_panel.record() as recording:
            for _ in range(10):
                send_all()
        assert len(climbed) == 2, "one for each kind"
        assert [send.through is None for send in recording.sends] == [False, True] * 10

    @pytest.mark.django_db
    def test_a_factory_of_factory_boy(self) -> None:
        class AuthorFactory(factory.django.DjangoModelFactory):
            class Meta:
                model = Author

            name = "A"

        with signal_panel.record() as recording:
            AuthorFactory()  # type: ignore[no-untyped-call]  # made by a factory
        saved = [send for send in recording.sends if send.signal.endswith(".post_save")]
        assert line(saved[0].site) == here("made by a factory")
        assert saved[0].through is not None
        assert Path(saved[0].through.path).parts[-2:] == ("factory", "django.py")


def run_by_uvloop(main: Any) -> None:
    if sys.version_info >= (3, 11):
        uvloop.run(main)
    else:  # there it has no Runner to run by
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        asyncio.run(main)
        asyncio.set_event_loop_policy(None)


class TestWhereNothingOfOnesOwnAsked:
    """The package's line is all there is: whoever started the server or the command did not cause it."""

    def test_a_package_s_view(self, package: Any) -> None:
        with (
            override_settings(MIDDLEWARE=[], ROOT_URLCONF=urls(path("", package.view))),
            signal_panel.record() as recording,
        ):
            for _ in range(3):
                Client().get("/")
        sent = [send for send in recording.sends if send.signal.startswith("bought_package.")]
        assert [line(send.site) for send in sent] == [there("the package's view sends", package)] * 3
        assert {send.through for send in sent} == {None}

    def test_a_view_of_one_s_own_around_it_is_one_s_own(self, package: Any) -> None:
        def view(request: Any) -> Any:
            return package.view(request)  # one's own view

        paths = path("", package.view), path("own/", view)
        with override_settings(MIDDLEWARE=[], ROOT_URLCONF=urls(*paths)), signal_panel.record() as recording:
            for _ in range(3):
                Client().get("/")
                Client().get("/own/")
        sent = [send for send in recording.sends if send.signal.startswith("bought_package.")]
        the_package_s = there("the package's view sends", package)
        assert [line(send.site) for send in sent] == [the_package_s, here("one's own view")] * 3
        assert [line(send.through) for send in sent] == [None, the_package_s] * 3

    def test_a_package_s_command_run_by_manage_py(
        self, package: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(check.Command, "handle", package.handle)
        with signal_panel.record() as recording:
            execute_from_command_line(["manage.py", "check"])
            ManagementUtility(["manage.py", "check"]).execute()
            call_command("check")  # one's own call
        *by_manage_py, by_call = recording.sends
        the_package_s = there("the package's command sends", package)
        assert [(line(send.site), send.through) for send in by_manage_py] == [(the_package_s, None)] * 2
        assert (line(by_call.site), line(by_call.through)) == (here("one's own call"), the_package_s)

    @pytest.mark.django_db
    def test_a_command_of_django_s(self, tmp_path: Path) -> None:
        fixture = tmp_path / "authors.json"
        fixture.write_text('[{"model": "shop.author", "pk": 7, "fields": {"name": "A"}}]')
        with signal_panel.record() as recording:
            execute_from_command_line(["manage.py", "loaddata", "-v0", str(fixture)])
            call_command("loaddata", str(fixture), verbosity=0)  # loads them again
        saved = [send for send in recording.sends if send.signal.endswith(".post_save")]
        assert [line(send.site) for send in saved] == [None, here("loads them again")]

    def test_a_thread_that_a_package_started(self, package: Any) -> None:
        with signal_panel.record() as recording:
            at_once(functools.partial(package.send, told), threads=1)
        assert line(only(recording).site) == there("the package sends", package)
        assert only(recording).through is None

    def test_a_package_s_command_of_its_own(self, package: Any) -> None:
        launcher = os.path.join(sysconfig.get_path("scripts"), "celery")
        names: dict[str, Any] = {"told": told, "send": package.send}
        exec(compile("def run():\n    send(told)\n    told.send(None)\n", launcher, "exec"), names)
        with signal_panel.record() as recording:  # in a thread, where no test is above it
            at_once(names["run"], threads=1)
        by_package, by_launcher = recording.sends
        assert line(by_package.site) == there("the package sends", package)
        assert by_package.through is None
        assert by_launcher.site is None

    @pytest.mark.parametrize("run", [asyncio.run, run_by_uvloop])
    def test_a_package_s_task_in_whosever_loop(self, package: Any, run: Any) -> None:
        async def main() -> None:
            await asyncio.create_task(package.asend(told))
            await asyncio.create_task(told.asend(sender=None))

        with signal_panel.record() as recording:
            run(main())
        by_package, by_nobody = recording.sends
        assert line(by_package.site) == there("the package awaits", package)
        assert by_package.through is None
        assert by_nobody.site is None


class TestAcrossThreads:
    def test_a_coroutine_of_a_package_that_hops(self, package: Any) -> None:
        async def main() -> None:
            await package.send_in_thread(told)  # waits for a package

        with signal_panel.record() as recording:
            asyncio.run(main())
        assert line(only(recording).site) == here("waits for a package")
        assert line(only(recording).through) == there("the package hops", package)

    def test_a_function_of_a_package_in_the_thread(self, package: Any) -> None:
        async def main() -> None:
            await sync_to_async(package.send)(told)  # hops to a package

        with signal_panel.record() as recording:
            asyncio.run(main())
        assert line(only(recording).site) == here("hops to a package")
        assert line(only(recording).through) == there("the package sends", package)

    def test_many_tasks_that_hop_at_once_each_from_its_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        all_wait, looks = threading.Event(), []
        all_tasks = asyncio.all_tasks

        def look(loop: Any) -> set[asyncio.Task[Any]]:
            looks.append(loop)
            return all_tasks(loop)

        async def one() -> None:
            await sync_to_async(told.send)(None)  # one hops

        async def another() -> None:
            await sync_to_async(told.send)(None)  # another hops

        async def work() -> None:
            tasks = [asyncio.create_task(sync_to_async(all_wait.wait)(10))]  # in the one thread there is
            tasks += [asyncio.create_task(each()) for each in (one, another) * 20]
            await asyncio.sleep(0)  # all are on their way
            all_wait.set()
            await asyncio.gather(*tasks)

        monkeypatch.setattr(frames.asyncio, "all_tasks", look)
        with signal_panel.record() as recording:
            asyncio.run(work())
        lines = Counter(line(send.site) for send in recording.sends)
        assert lines == {here("one hops"): 20, here("another hops"): 20}
        assert len(looks) == 1

    def test_two_lines_that_hop_to_one_of_a_package(self, package: Any) -> None:
        async def main() -> None:
            for _ in range(3):
                await sync_to_async(package.send)(told)  # the first hops
                await sync_to_async(package.send)(told)  # the second hops

        with signal_panel.record() as recording:
            asyncio.run(main())
        lines = [line(send.site) for send in recording.sends]
        assert lines == [here("the first hops"), here("the second hops")] * 3
        assert {line(send.through) for send in recording.sends} == {there("the package sends", package)}

    def test_a_task_of_a_package_s_alone(self, package: Any) -> None:
        async def main() -> None:
            await asyncio.create_task(package.send_in_thread(told))

        with signal_panel.record() as recording:
            asyncio.run(main())
        assert line(only(recording).site) == there("the package hops", package)
        assert only(recording).through is None

    def test_where_the_thread_is_quicker_than_its_coroutine(self, package: Any) -> None:
        has_sent = threading.Event()

        class Eager(ThreadPoolExecutor):
            def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
                future = super().submit(function, *args, **kwargs)
                assert has_sent.wait(10)
                return future

        def hears(**kwargs: Any) -> None:
            has_sent.set()

        async def main() -> None:
            with Eager(1) as executor:
                await sync_to_async(package.send, thread_sensitive=False, executor=executor)(told)  # runs

        with listening(told, hears), signal_panel.record() as recording:
            asyncio.run(main())
        assert line(only(recording).site) == here("runs")
        assert line(only(recording).through) == there("the package sends", package)


class TestWrappersOfAPackage:
    def test_a_package_that_wraps_sends_is_not_who_sends(self, make_package: Any) -> None:
        wrapping = make_package("wrapping_package", WRAPPING)
        with pytest.MonkeyPatch.context() as patches:
            patches.setattr(Signal, "send", wrapping.wrap(Signal.send))
            with signal_panel.record() as recording:
                for _ in range(3):
                    told.send(sender=None)  # is wrapped
        assert {line(send.site) for send in recording.sends} == {here("is wrapped")}
        assert {send.through for send in recording.sends} == {None}

    @pytest.mark.parametrize("outer", ["one's own", "the package's"])
    def test_nor_are_two_that_wrap_each_other(self, make_package: Any, outer: str) -> None:
        wrapping = make_package("wrapping_package", WRAPPING)

        def wrap(send: Any) -> Any:
            return lambda self, *args, **named: send(self, *args, **named)

        first, second = (wrapping.wrap, wrap) if outer == "one's own" else (wrap, wrapping.wrap)
        with signal_panel.record() as recording, pytest.MonkeyPatch.context() as patches:
            patches.setattr(Signal, "send", first(Signal.send))
            told.send(None)
            patches.setattr(Signal, "send", second(Signal.send))
            for _ in range(3):
                told.send(None)  # is wrapped twice
        assert {line(send.site) for send in recording.sends[1:]} == {here("is wrapped twice")}
        assert {send.through for send in recording.sends} == {None}

    def test_a_file_is_looked_into_again_once_a_function_in_it_wraps_ours(self, make_package: Any) -> None:
        source = (
            "def send(signal):\n"
            "    signal.send(sender=None)\n"
            "def wraps(call):\n"
            "    return lambda signal: call(signal)\n"
        )
        package = make_package("late_wrapping_package", source)
        wrapper = package.wraps(lambda signal: signal.send(sender=None))  # inside
        with signal_panel.record() as recording:
            package.send(told)
            frames.pass_through(package.send)
            package.send(told)
            wrapper(told)
        assert [send.through is None for send in recording.sends] == [False, True, True]


class TestFindings:
    def test_one_s_own_loop_around_a_package_is_one_s_own(self, package: Any) -> None:
        def hears(**kwargs: Any) -> None: ...

        with listening(told, hears), signal_panel.record() as recording:
            for _ in range(1000):
                package.send(told)  # loops around it
        recording.columns.time[:] = type(recording.columns.time)("q", [10**6] * 2000)
        (finding,) = found(recording, "repeated-send")
        assert (finding.path, finding.line) == here("loops around it")
        assert finding.claim.startswith("told was sent 1,000 times"), "the line may be a decorator's"
        assert finding.claim.endswith(f", through {shown('the package sends', package)}.")

    def test_two_lines_of_a_package_are_two(self, package: Any) -> None:
        def hears(**kwargs: Any) -> None: ...

        with listening(told, hears), signal_panel.record() as recording:
            for function, arguments in [(package.send, ()), (package.send_each, (1,))] * 6:
                function(told, *arguments)
        recording.columns.time[:] = type(recording.columns.time)("q", [10**7] * 24)
        assert rules(recording) == []

    @pytest.mark.django_db
    def test_a_package_that_saves_twice_may_do_so_for_two_that_ask(self, package: Any) -> None:
        author = Author.objects.create(name="A")
        with signal_panel.record() as recording:
            package.save_again(author)
        assert found(recording, "sent-twice") == []

    def test_a_package_s_own_signal_that_nobody_hears_is_its_own_business(self, package: Any) -> None:
        with signal_panel.record() as recording:
            for _ in range(10):
                package.sends_its_own()
        recording.columns.time[:] = type(recording.columns.time)("q", [10**9] * 10)
        assert found(recording, "unheard-send") == []
