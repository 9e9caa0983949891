"""The distinct kinds of send and of receiver that a recording has seen, each known by a number.

Made for the moment of sending: a kind seen before is found by ``id``s in a dictionary, the user's line
included, in 0.5 µs; its names and lines would take ten times as long. They come when somebody reads.
"""

from __future__ import annotations

import re
import sys
from fnmatch import translate
from functools import lru_cache
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any, NamedTuple
from weakref import ref

from signal_panel import naming
from signal_panel.frames import (
    CLIMBED_PAST,
    HOP,
    SuspendedAt,
    find_before_hop,
    find_callers,
    wraps_ours,
)
from signal_panel.identity import IdentityMap
from signal_panel.recording import METHODS, NOTHING, ReceiverKind, SendKind, Site
from signal_panel.speedups import IdentityCache

IGNORED = -1
"""In place of a send's number: it is left out, with all that it causes."""


MOST = 10_000
"""How many kinds are kept from one recording to the next."""


class RawSite(NamedTuple):
    """A line of code, not yet looked up."""

    code: CodeType
    offset: int
    module: str

    def resolved(self) -> Site:
        """The line."""
        line = naming.line_of_instruction(self.code, self.offset)
        return Site(self.code.co_filename, line, naming.function_name(self.code))


def raw_site(frame: FrameType | SuspendedAt | None) -> RawSite | None:
    """The line that a frame is at."""
    return frame and RawSite(frame.f_code, frame.f_lasti, str(frame.f_globals.get("__name__", "")))


class _RawSend(NamedTuple):
    signal: ref[Any]
    signal_type: str
    sender: str
    method: int
    site: RawSite | None
    through: RawSite | None

    def signal_name(self) -> str:
        signal = self.signal()
        name = None if signal is None else naming.signal_name(signal)
        sent = self.through or self.site
        if name is None and sent is not None:
            name = f"{sent.module}.{naming.function_name(sent.code)}:{self.signal_type}"
        return name or f"?:{self.signal_type}"


class _RawReceiver(NamedTuple):
    name: str
    code: CodeType | None
    is_async: bool
    reference: ref[Any] | None

    def key(self) -> int | tuple[str, int] | None:
        """What it is known by: its ``id`` while it lives; what defines it, where nobody could tell that."""
        if self.reference is None:
            return self.name, id(self.code)
        lasting = self.reference()
        return None if lasting is None else id(lasting)


class _Seen:
    def __init__(self) -> None:
        self.cache = IdentityCache()
        """Where C finds what it has found in one of the others before."""
        self.sends: list[_RawSend] = []
        self.receivers: list[_RawReceiver] = []
        self.numbers = IdentityMap(self.cache)
        self.ignored = IdentityMap(self.cache)


class Strings:
    """A table of distinct strings, which may begin like another."""

    def __init__(self, beginning: Strings | None = None) -> None:
        self._numbers: dict[str, int] = {} if beginning is None else beginning._numbers.copy()

    def number(self, text: str) -> int:
        """The text's place in the table, which it gets here if it has none yet."""
        return self._numbers.setdefault(text, len(self._numbers))

    def optional(self, text: str | None) -> int:
        """The text's place in the table, or ``NOTHING``."""
        return NOTHING if text is None else self.number(text)

    def site(self, raw: RawSite | None) -> tuple[int, int, int]:
        """The places of its path and its function, with the line in between."""
        if raw is None:
            return NOTHING, 0, NOTHING
        path, line, function = raw.resolved()
        return self.number(path), line, self.number(function)

    def table(self) -> list[str]:
        """The strings, each at its number."""
        return list(self._numbers)


@lru_cache
def _matching(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """All of them in one, which takes a third of the time."""
    return re.compile("|".join(map(translate, patterns)))


class Kinds:
    """Numbers for kinds of send, from 0 up, and for receivers, from -1 down.

    There can be no more new kinds than sends. Where ``room``, the cap on those kept, is used up, what is new
    is only told from what is ignored: no send of it is kept.

    Those who share what they have ``seen`` know each other's kinds.
    """

    def __init__(self, ignore: tuple[str, ...] = (), seen: _Seen | None = None) -> None:
        self.room = 0
        self.ignore = ignore
        self._new = 0
        self._modules = len(sys.modules)
        self.seen = seen = seen or _Seen()
        self._sends, self._receivers = seen.sends, seen.receivers
        self._numbers, self._ignored = seen.numbers, seen.ignored
        self.known = self._numbers.get
        """The number for the receiver that has a key, or None: the first half of ``receiver``.

        Or that for a send from the user's code: the ``id`` of the signal plus the method's number, which is 0
        for ``send``, the ``id`` of a sender that is a class, a function or None, and that of the code with
        the instruction in it, or zeros where there is no more code above. Where a package has sent for the
        user, its code and instruction come before.
        """
        self.known_receivers = self._numbers.values
        """The numbers for the receivers that are known, by their ``id``s."""

    def send(self, signal: Any, sender: Any, method: int, frame: FrameType | None) -> int:
        """The number for a send of ``signal`` by ``method`` from ``frame``; ``IGNORED`` if that is to be."""
        way = id(signal) + method  # objects are eight bytes apart at least
        # Most are Django's or a package's on behalf of a line that is known. To find_callers of each would
        # take 2 µs longer.
        package: FrameType | SuspendedAt | None = None
        climber = frame
        while climber is not None:
            code = climber.f_code
            is_packages = CLIMBED_PAST.get(code.co_filename)
            if is_packages is None and (code.co_filename != HOP.co_filename or code is HOP):
                break
            if is_packages and package is None:
                package = climber
            climber = climber.f_back
        end: FrameType | SuspendedAt | None = climber
        if climber is not None and climber.f_code is HOP:
            end, before, _ = find_before_hop(climber)
            package = package or before
        line = (0, 0) if end is None else (id(end.f_code), end.f_lasti)
        through = () if package is None else (id(package.f_code), package.f_lasti)
        known = self._numbers.get((way, id(sender), *through, *line))
        if known is not None:
            return known
        callers = find_callers(frame)
        cls = type(sender)
        if sender is None:
            stands_for, who = cls, id(None)
        elif issubclass(cls, type) or cls is FunctionType:
            stands_for, who = sender, id(sender)
        else:
            stands_for, who = cls, ~id(cls)
        key = (way, who, *callers.key)
        number = self._numbers.get(key)
        if number is None and self._ignored.get(key) is not None:
            return IGNORED
        if number is None:
            way_to_send = type(signal), METHODS[method]
            if any(wraps_ours(caller.f_code, *way_to_send) for caller in callers[:2] if caller):
                return self.send(signal, sender, method, frame)
            raw = _RawSend(
                ref(signal),
                naming.plain_class_name(type(signal)),
                naming.sender_name(sender),
                method,
                raw_site(callers.site),
                raw_site(callers.through),
            )
            things = signal, stands_for, *(frame.f_code for frame in callers.frames if frame)
            with self._numbers.lock:
                number = self._numbers.get(key)
                if number is not None:  # another thread has learnt it meanwhile
                    return number
                if self.is_ignored(raw.signal_name(), raw.sender):
                    self._ignored.add(key, 0, *things)
                    return IGNORED
                if self._new >= self.room:
                    return 0  # any will do
                self._new += 1
                number = len(self._sends)
                self._sends.append(raw)
                self._numbers.add(key, number, *things)
        return number

    def is_ignored(self, *names: str) -> bool:
        """Whether what has one of these names is left out."""
        return bool(self.ignore) and any(map(_matching(self.ignore).match, names))

    def receiver(self, receiver: Any, is_async: bool = False) -> int:
        """The number for a receiver."""
        number = self._numbers.get(id(receiver))
        if number is not None:
            return number
        lasting = _what_lasts_of(receiver)
        number = self._numbers.get(id(lasting))
        if number is None:
            raw = _RawReceiver(
                *naming.receiver_definition(receiver), is_async, naming.weak_reference(lasting)
            )
            key = raw.key()
            things: tuple[Any, ...] = (lasting,)
            if raw.reference is None:
                things = () if raw.code is None else (raw.code,)
            with self._numbers.lock:
                number = self._numbers.get(key)
                if number is None:  # as above
                    self._receivers.append(raw)
                    number = -len(self._receivers)
                    self._numbers.add(key, number, *things)
        return number

    def continued(self, ignore: tuple[str, ...]) -> bool:
        """Whether a recording with these patterns may go on with these kinds.

        Where something was imported since, signals may have other names; and nothing grows for ever.
        """
        return (
            self.ignore == ignore
            and self._modules == len(sys.modules)
            and self._numbers.added + self._ignored.added < MOST
        )

    def send_kind(self, number: int, strings: Strings) -> SendKind:
        """What the send's number stands for."""
        raw = self._sends[number]
        return SendKind(
            strings.number(raw.signal_name()),
            strings.number(raw.sender),
            raw.method,
            *strings.site(raw.site),
            *strings.site(raw.through),
        )

    def key(self, number: int) -> int | tuple[str, int] | None:
        """What the receiver is known by, or None where it has died."""
        return self._receivers[-1 - number].key()

    def receiver_kind(self, number: int, strings: Strings) -> ReceiverKind:
        """What the receiver's number stands for."""
        raw = self._receivers[-1 - number]
        if raw.code is None:
            return ReceiverKind(strings.number(raw.name), NOTHING, 0, int(raw.is_async))
        return ReceiverKind(
            strings.number(raw.name),
            strings.number(raw.code.co_filename),
            naming.line_of_definition(raw.code),
            int(raw.is_async),
        )


def _what_lasts_of(receiver: Any) -> Any:
    # A bound method is a new object at every send; its function is not.
    return receiver.__func__ if type(receiver) is MethodType else receiver


def is_same(receiver: Any, other: Any) -> bool:
    """Whether they are one receiver, as those are here that have one number."""
    return _what_lasts_of(receiver) is _what_lasts_of(other)


_last = Kinds()


def lasting(ignore: tuple[str, ...]) -> Kinds:
    """The kinds for a recording, with those that the recordings before it have seen.

    What is new takes ten times as long as what is known: of what records an order in the example project,
    which has 62 kinds, it was two thirds.
    """
    global _last
    if not _last.continued(ignore):
        _last = Kinds(ignore)
    return Kinds(ignore, _last.seen)
