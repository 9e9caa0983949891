"""What is connected in the process now: the receivers of every signal that can be found.

It reads what the signals keep, and asks neither them nor receivers or senders for anything: a signal that is
asked for its receivers fills its cache with them. What it reads is alike in Django 5.2, 6.0 and 6.1, but for
a weak reference to the sender that came with 6.0.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from types import MethodType
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary, WeakMethod, ref

from django.apps import apps
from django.dispatch import Signal, dispatcher
from django.utils import inspect as signatures

from signal_panel import naming
from signal_panel.recording import UNKNOWN

_Lock = type(threading.Lock())

ANY_SENDER = id(None)
"""The second part of the key of a receiver that listens to all senders."""

_NO_RECEIVERS = getattr(dispatcher, "NO_RECEIVERS", None)

State = Literal["live", "dead", "dying", "stale"]


class Connected(NamedTuple):
    """A receiver connected to a signal.

    ``key`` is the signal's own: the ``dispatch_uid`` or the receiver's ``id``, and the sender's ``id``. A
    ``dispatch_uid`` can be anything, so nothing may be asked of it.

    ``receiver`` is None where it has died. ``sender`` is a name, ``?`` where it can't be told, or None for
    any. ``uid`` is the ``dispatch_uid``, the name of its type where it is no string, or None.

    ``state`` is ``dead`` where the receiver, or the only sender it listens to, has died; ``dying`` where
    nothing holds the receiver but Django's cache of signatures, which ``connect`` uses under ``DEBUG`` alone;
    ``stale`` where the signal's cache of receivers lacks it; else ``live``.

    ``reference`` is the signal's weak reference to the receiver; of one that it holds itself, one like it, or
    None where there can be none. ``sender_reference`` is one to the sender, where it is found.
    """

    signal: Signal
    name: str
    key: tuple[Any, Any]
    receiver: Any
    is_async: bool
    sender: str | None
    uid: str | None
    is_weak: bool
    state: State
    reference: ref[Any] | None
    sender_reference: ref[Any] | None


class _Entry(NamedTuple):
    """What a signal keeps of a receiver: ``held`` is the receiver or a weak reference."""

    key: tuple[Any, Any]
    held: Any
    sender_reference: ref[Any] | None
    is_async: bool


def snapshot(named: Iterable[tuple[Signal, str]]) -> list[Connected]:
    """All receivers of these signals, each with its name: signal by signal, in the order of connecting.

    The receivers live as long as the snapshot does.
    """
    found = [(signal, name, _entries(signal)) for signal, name in named]
    senders = _Senders(entry for _, _, entries in found for entry in entries)
    rows = []
    held_once = set()
    for signal, name, entries in found:
        hidden = _surely_hidden(signal, entries)
        for entry in entries:
            receiver, is_weak, is_dead, holders = look_at(entry.held)
            if holders == 1:  # of a receiver that comes again the snapshot is a holder too
                held_once.add(id(receiver))
            sender = senders.find(entry)
            state: State = "live"
            if is_dead or (entry.sender_reference is not None and entry.sender_reference() is None):
                state = "dead"
            elif id(entry.held) in hidden:
                state = "stale"
            rows.append(
                Connected(
                    signal,
                    name,
                    entry.key,
                    receiver,
                    entry.is_async,
                    sender.name,
                    _uid(entry.key[0], receiver),
                    is_weak,
                    state,
                    entry.held if is_weak else naming.weak_reference(receiver),
                    sender.reference,
                )
            )
    # They can't have died meanwhile.
    dying = held_by_django_alone(held_once)
    return [
        row._replace(state="dying") if row.state == "live" and id(row.receiver) in dying else row
        for row in rows
    ]


def connected_twice(rows: Iterable[Connected]) -> list[list[Connected]]:
    """Groups of rows by which one send calls one receiver more than once.

    It is one receiver also where its file was imported under two names, which makes two functions of it.
    """
    listening = [row for row in rows if row.receiver is not None and row.state != "dead"]
    copies: dict[Hashable, dict[int, str]] = defaultdict(dict)
    for row in listening:
        name, code = naming.receiver_definition(row.receiver)
        copies[_place(row)][id(code)] = name
    groups: dict[Hashable, list[Connected]] = defaultdict(list)
    for row in listening:
        place = _place(row)
        is_imported_twice = place is not None and len(set(copies[place].values())) > 1
        groups[id(row.signal), place if is_imported_twice else _identity(row.receiver)].append(row)
    return [group for rows_of_one in groups.values() for group in _overlapping(rows_of_one)]


def _overlapping(rows: list[Connected]) -> list[list[Connected]]:
    by_sender = defaultdict(list)
    for row in rows:
        by_sender[row.key[1]].append(row)
    groups = [rows] if ANY_SENDER in by_sender else by_sender.values()
    return [group for group in groups if len(group) > 1]


def _place(row: Connected) -> Hashable:
    """Where the receiver of a signal is written, or None where that is no file."""
    code = naming.receiver_definition(row.receiver).code
    if code is None or code.co_filename.startswith("<"):
        return None
    return id(row.signal), code.co_filename, code.co_firstlineno, code.co_name


def _identity(receiver: Any) -> Hashable:
    if type(receiver) is MethodType:  # a new object each time
        return id(receiver.__self__), id(receiver.__func__)
    return id(receiver)


def _entries(signal: Signal) -> list[_Entry]:
    """A signal's receivers, but for those of another shape than in the Djangos we know."""
    receivers = naming.kept_attribute(signal, "receivers")
    if type(receivers) is not list:
        return []
    entries = []
    for entry in list(receivers):
        if type(entry) is tuple and len(entry) >= 3:
            key, sender = entry[0], entry[2]
            if type(key) is tuple and len(key) == 2 and _is_id(key[1]):
                reference = sender if len(entry) > 3 and type(sender) is ref else None
                entries.append(_Entry(key, entry[1], reference, entry[-1] is True))
    return entries


def look_at(held: Any) -> tuple[Any, bool, bool, int | None]:
    """The receiver, whether it is weakly held, whether it has died, and how many hold it where that tells."""
    kind = type(held)
    if kind is ref:
        receiver, references = _count(held)
        return receiver, True, receiver is None, references - _NOBODY
    if kind is not WeakMethod:
        return held, False, False, None
    if held._meth_type is not MethodType:
        return None, True, not held._alive, None  # it would be made anew, by a type of the user's
    receiver = held()
    return receiver, True, receiver is None, None


def _count(reference: ref[Any]) -> tuple[Any, int]:
    thing = reference()
    return thing, sys.getrefcount(thing)


def _references_of_nobody() -> int:
    class Thing:
        pass

    held = [Thing()]
    return _count(ref(held[0]))[1] - len(held)


_NOBODY = _references_of_nobody()
"""What ``_count`` counts of an object that nobody holds, which depends on the Python."""


def held_by_django_alone(held_once: set[int]) -> set[int]:
    """Of the ``id``s of what has one holder, those of what Django's cache of signatures holds.

    ``connect`` fills that under ``DEBUG`` alone. The garbage collector lists what it holds: keys are tuples
    that begin with the function. To ask the cache itself would hash the receiver, and make it stay longer.
    """
    if not held_once:
        return held_once
    cache = getattr(signatures, "_get_func_parameters", None)
    return held_once & {id(held[0]) for held in gc.get_referents(cache) if type(held) is tuple and held}


def _uid(part: Any, receiver: Any) -> str | None:
    if type(part) is str:
        return part
    is_its_id = _is_id(part) and (receiver is None or part == _identity(receiver))
    return None if is_its_id else naming.class_name(type(part))


def _is_id(part: Any) -> bool:
    """Whether it is what Django knows a function or a bound method by."""
    return type(part) is int or (type(part) is tuple and all(type(number) is int for number in part))


def _surely_hidden(signal: Signal, entries: list[_Entry]) -> set[int]:
    hidden = hidden_by_cache(signal, _listening(entries))
    if hidden:
        # Another thread may be connecting it, and about to clear the cache; it holds the lock meanwhile. We
        # must not: the garbage collector may come, and with it somebody who connects.
        lock = naming.kept_attribute(signal, "lock")
        if type(lock) is _Lock and lock.locked():
            return set()
        hidden &= hidden_by_cache(signal, _listening(_entries(signal)))
    return hidden


def _listening(entries: list[_Entry]) -> dict[int, set[int]]:
    """By the sender's ``id``: the ``id``s of what is held of the receivers that listen to it."""
    listening: dict[int, set[int]] = defaultdict(set)
    for entry in entries:
        listening[entry.key[1]].add(id(entry.held))
    return listening


def hidden_by_cache(signal: Signal, listening: Mapping[int, set[int]]) -> set[int]:
    """Of those that are listening, the ones that the signal's cache lacks for a sender of theirs."""
    cache = naming.kept_attribute(signal, "sender_receivers_cache")
    if type(cache) is not WeakKeyDictionary:
        return set()
    by_reference: dict[ref[Any], Any] = naming.kept_attribute(cache, "data")
    has_dead = naming.kept_attribute(signal, "_dead_receivers")
    hidden: set[int] = set()
    nobody: set[int] = set()
    for reference, cached in list(by_reference.items()):
        sender = reference()
        if sender is not None and cached is _NO_RECEIVERS:
            has = set()
        elif sender is not None and type(cached) is list and not has_dead:
            has = {id(item[0]) for item in cached if type(item) is tuple}
        else:
            continue  # it is never used, or made anew before that
        hidden |= listening.get(ANY_SENDER, nobody) - has
        hidden |= listening.get(id(sender), nobody) - has
    return hidden


class _Senders:
    """The senders that receivers listen to; Django 5.2 knows no more of them than the ``id``."""

    def __init__(self, entries: Iterable[_Entry]) -> None:
        # The senders of Django's own signals, and so of most.
        models = apps.get_models(include_auto_created=True, include_swapped=True) if apps.models_ready else []
        self._objects: dict[Any, Any] = {id(known): known for known in (*models, *apps.app_configs.values())}
        self._elsewhere = _elsewhere.found(
            {
                entry.key[1]: entry.key
                for entry in entries
                if entry.sender_reference is None
                and entry.key[1] != ANY_SENDER
                and entry.key[1] not in self._objects
            }
        )

    def find(self, entry: _Entry) -> _Sender:
        """The name of the sender and a weak reference to it, if any."""
        sender_id = entry.key[1]
        if sender_id == ANY_SENDER:
            return _Sender(None, None)
        reference = entry.sender_reference
        sender = self._objects.get(sender_id) if reference is None else reference()
        if sender is None:
            return self._elsewhere.get(sender_id, _Sender(UNKNOWN, reference))
        return _Sender(naming.sender_name(sender), reference or naming.weak_reference(sender))


class _Sender(NamedTuple):
    name: str | None
    reference: ref[Any] | None


class _Elsewhere:
    """Objects that some module has, by ``id``; looked for anew when modules were imported since.

    An ``id`` may be another object's by now where the receiver that listens to it is another, which its key
    tells: while it is held here, no other key can have its place.
    """

    def __init__(self) -> None:
        self._modules_seen = 0
        self._known: dict[int, tuple[tuple[Any, Any], _Sender]] = {}

    def found(self, keys: dict[int, tuple[Any, Any]]) -> dict[int, _Sender]:
        """Those with the ids that these are the keys of a receiver for; unknown where they are not found."""
        known = self._known if len(sys.modules) == self._modules_seen else {}
        known = {
            sender_id: (key, sender)
            for sender_id, (key, sender) in known.items()
            if keys.get(sender_id) is key and (sender.reference is None or sender.reference() is not None)
        }
        if wanted := keys.keys() - known.keys():
            self._modules_seen = len(sys.modules)
            found = naming.find_in_modules(wanted)
            for sender_id in wanted:
                known[sender_id] = keys[sender_id], _Sender(UNKNOWN, None)
            for sender_id, sender in found.items():
                name, reference = naming.sender_name(sender), naming.weak_reference(sender)
                known[sender_id] = keys[sender_id], _Sender(name, reference)
        # A dispatch_uid may be anything, and nothing of the user's is held.
        self._known = {
            sender_id: found
            for sender_id, found in known.items()
            if type(found[0][0]) is str or _is_id(found[0][0])
        }
        return {sender_id: sender for sender_id, (_, sender) in known.items()}


_elsewhere = _Elsewhere()
