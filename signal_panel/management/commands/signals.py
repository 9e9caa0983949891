"""``manage.py signals``: what is connected, in a terminal. Documented in docs/command.md."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError
from django.urls import get_resolver

from signal_panel import naming
from signal_panel.connected import Connected, State, connected_twice, snapshot
from signal_panel.handlers import handlers_not_imported
from signal_panel.recording import Handlers

Style = Callable[[str], str]

_STATES: dict[State, str] = {
    "live": "",
    "dead": "dead: it is not called any more",
    "dying": "dying: nothing keeps it alive, so it is called under DEBUG only",
    "stale": "stale: the signal's cache of receivers lacks it, so it is not called",
}


class Receiver(NamedTuple):
    """A receiver as the JSON has it; ``receiver`` is None where it died before anybody looked."""

    receiver: str | None
    path: str | None
    line: int | None
    is_async: bool
    sender: str | None
    uid: str | None
    is_weak: bool
    state: State

    @classmethod
    def of(cls, row: Connected) -> Receiver:
        """The receiver that was found connected."""
        name, code = (None, None) if row.receiver is None else naming.receiver_definition(row.receiver)
        path, line = (code.co_filename, naming.line_of_definition(code)) if code else (None, None)
        return cls(name, path, line, row.is_async, row.sender, row.uid, row.is_weak, row.state)


class Listed(NamedTuple):
    """A signal and some of its receivers."""

    signal: str
    receivers: list[Receiver]

    @property
    def is_heard(self) -> bool:
        """Whether any receiver would be called."""
        return any(receiver.state != "dead" for receiver in self.receivers)


class Command(BaseCommand):
    """Lists signals and their receivers."""

    help = "Lists the signals of the project and the receivers that are connected to them."
    # What is wrong elsewhere is no reason not to look.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add those of the command line."""
        parser.add_argument(
            "pattern",
            nargs="?",
            metavar="PATTERN",
            help=(
                "List only what has this text in the name of its signal, receiver or sender. "
                "One with *, ? or [ in it stands for a whole name."
            ),
        )
        parser.add_argument("--json", action="store_true", help="Write JSON.")
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--unheard", action="store_true", help="List only signals without receivers.")
        only.add_argument(
            "--twice",
            action="store_true",
            help="List only receivers that one send calls twice, and exit with 1 if there are any.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the list. With ``--twice`` raises ``CommandError`` where there is anything to list."""
        self._import_urls()
        listing = _twice() if options["twice"] else _all()
        if options["unheard"]:
            listing = [listed for listed in listing if not listed.is_heard]
        if options["pattern"]:
            listing = list(_matching(listing, options["pattern"], in_part=not options["twice"]))
        listing.sort(key=attrgetter("signal"))
        unimported = handlers_not_imported()
        if options["json"]:
            self._write_json(listing, unimported)
        else:
            self._write_text(listing)
        if options["twice"] and listing:
            raise CommandError(f"{_counted(len(listing), 'receiver')} connected twice.")
        if not options["json"]:
            self.stdout.write("No receiver is connected twice." if options["twice"] else _summary(listing))
            self._warn_of(unimported)

    def _import_urls(self) -> None:
        # As a server does before it serves: the views may import what connects receivers.
        try:
            get_resolver().url_patterns  # noqa: B018
        except Exception as error:
            self._warn(f"What only the URLs import is missing: {type(error).__name__}: {error}")

    def _write_json(self, listing: list[Listed], unimported: list[Handlers]) -> None:
        signals = [
            {"signal": signal, "receivers": [receiver._asdict() for receiver in receivers]}
            for signal, receivers in listing
        ]
        handlers = [module._asdict() for module in unimported]
        self.stdout.write(json.dumps({"signals": signals, "unimported": handlers}, indent=2))

    def _write_text(self, listing: list[Listed]) -> None:
        # For a program each receiver stays on one line.
        width = shutil.get_terminal_size().columns if self.stdout.isatty() else sys.maxsize
        for signal, receivers in listing:
            heading = self.style.MIGRATE_HEADING(self._printable(signal))
            self.stdout.write(heading if receivers else f"{heading}  no receivers")
            blocks = [self._parts(receiver) for receiver in receivers]
            is_narrow = any(sum(2 + len(text) for text, _ in parts) > width for parts in blocks)
            for parts in blocks:
                self._write_wrapped(parts, width) if is_narrow else self._write_line(parts)

    def _parts(self, receiver: Receiver) -> list[tuple[str, Style]]:
        parts: list[tuple[str, Style]] = [
            (receiver.receiver or "?", str),
            (_place(receiver.path, receiver.line), str),
            (_traits(receiver), str),
            (_STATES[receiver.state], self.style.WARNING),
        ]
        return [(self._printable(text), style) for text, style in parts if text]

    def _write_line(self, parts: list[tuple[str, Style]]) -> None:
        self.stdout.write("".join(f"  {style(text)}" for text, style in parts))

    def _write_wrapped(self, parts: list[tuple[str, Style]], width: int) -> None:
        for number, (text, style) in enumerate(parts):
            indent = "    " if number else "  "
            room = max(width - len(indent), 1)
            for line in textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False):
                self.stdout.write(f"{indent}{style(line)}")

    def _warn_of(self, unimported: list[Handlers]) -> None:
        for app, module, path, line, _hears in unimported:
            self._warn(
                f"{module} is not imported, so its receivers ({_place(path, line)}) are not connected. "
                f"Import it in ready() of the app '{app}'."
            )

    def _warn(self, text: str) -> None:
        self.stderr.write(self._printable(text), self.style.WARNING)

    def _printable(self, text: str) -> str:
        """The text, with escapes for what a terminal would obey or can't show: names may have anything."""
        shown = "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in text
        )
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        return shown.encode(encoding, "backslashreplace").decode(encoding)


def _all() -> list[Listed]:
    receivers = defaultdict(list)
    named = naming.named_signals()
    for row in snapshot(named):
        receivers[id(row.signal)].append(Receiver.of(row))
    return [Listed(name, receivers[id(signal)]) for signal, name in named]


def _twice() -> list[Listed]:
    groups = connected_twice(snapshot(naming.named_signals()))
    return [Listed(rows[0].name, [Receiver.of(row) for row in rows]) for rows in groups]


def _matching(listing: list[Listed], pattern: str, in_part: bool) -> Iterator[Listed]:
    """What a pattern leaves of the list; ``in_part`` also of a signal's receivers."""
    pattern = pattern.lower()
    if not set(pattern) & set("*?["):
        pattern = f"*{pattern}*"

    def matches(*names: str | None) -> bool:
        return any(fnmatchcase(name.lower(), pattern) for name in names if name)

    for listed in listing:
        found = [receiver for receiver in listed.receivers if matches(receiver.receiver, receiver.sender)]
        if matches(listed.signal) or (found and not in_part):
            yield listed
        elif found:
            yield Listed(listed.signal, found)


def _traits(receiver: Receiver) -> str:
    """What is special about it: most are sync, held weakly, and listen to any sender."""
    traits = {
        f"sender {receiver.sender}": receiver.sender,
        "async": receiver.is_async,
        "held by the signal": not receiver.is_weak,
        f"dispatch_uid {receiver.uid}": receiver.uid is not None,
    }
    return ", ".join(trait for trait, has in traits.items() if has)


def _place(path: str | None, line: int | None) -> str:
    if path is None:
        return ""
    inside = path.startswith(os.path.join(os.getcwd(), ""))
    return f"{os.path.relpath(path) if inside else path}:{line}"


def _summary(listing: list[Listed]) -> str:
    receivers = sum(len(listed.receivers) for listed in listing)
    unheard = sum(not listed.is_heard for listed in listing)
    return f"{_counted(len(listing), 'signal')} ({unheard} unheard), {_counted(receivers, 'receiver')}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
