"""Whether what is connected is what a snapshot has shown: to tell takes a fifth of another snapshot."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from enum import EnumMeta
from typing import Any, NamedTuple
from uuid import UUID
from weakref import ref

from django.dispatch import Signal

from signal_panel import naming
from signal_panel.connected import Connected, held_by_django_alone, hidden_by_cache, look_at

_PLAIN = (str, int, bytes, float, bool, type(None), UUID)


class _Receiver(NamedTuple):
    """What a signal keeps of a receiver, but for the receiver. Each ``connect`` makes a key of its own."""

    key: tuple[Any, Any]
    reference: ref[Any] | None
    """None of one that the signal itself holds and that can't be weakly held: its key tells."""
    sender_reference: ref[Any] | None
    is_weak: bool
    is_dead: bool


class _Signal(NamedTuple):
    signal: ref[Signal]
    name: str
    receivers: list[_Receiver]
    listening: dict[int, set[int]]
    """By the sender's ``id``: the ``id``s of what the signal holds, references and receivers."""


class Shown(NamedTuple):
    """What a snapshot has shown of the signals, without the receivers."""

    signals: list[_Signal]
    dying: set[int]
    modules: int
    """How many there were in the process: one more may have a sender that was not found."""

    @classmethod
    def of(cls, named: Sequence[tuple[Signal, str]], rows: Sequence[Connected]) -> Shown | None:
        """That of a snapshot of these signals; None where it is not to be told whether it is so still.

        That is where a ``dispatch_uid`` is an object of the user's, which must not be held; and where a
        receiver is stale, which is looked into each time.
        """
        signals = {id(signal): _Signal(ref(signal), name, [], defaultdict(set)) for signal, name in named}
        for row in rows:
            if row.state == "stale" or not _is_plain(row.key):
                return None
            _, _, receivers, listening = signals[id(row.signal)]
            receivers.append(
                _Receiver(row.key, row.reference, row.sender_reference, row.is_weak, row.state == "dead")
            )
            listening[row.key[1]].add(id(row.reference if row.is_weak else row.receiver))
        dying = {id(row.receiver) for row in rows if row.state == "dying"}
        return cls(list(signals.values()), dying, len(sys.modules))

    def is_so_still(self, named: Sequence[tuple[Signal, str]]) -> bool:
        """Whether a snapshot would show the same of these signals, all there are now."""
        held_once: set[int] = set()
        return (
            len(sys.modules) == self.modules
            and len(named) == len(self.signals)
            and all(
                shown.signal() is signal and shown.name == name and _is_so_still(signal, shown, held_once)
                for (signal, name), shown in zip(named, self.signals, strict=True)
            )
            and held_by_django_alone(held_once) == self.dying
        )


def _is_so_still(signal: Signal, shown: _Signal, held_once: set[int]) -> bool:
    kept = naming.kept_attribute(signal, "receivers")
    entries = kept.copy() if type(kept) is list else []
    if len(entries) != len(shown.receivers):
        return False
    for entry, before in zip(entries, shown.receivers, strict=True):
        if type(entry) is not tuple or len(entry) < 3 or entry[0] is not before.key:
            return False
        held = entry[1]
        reference = before.reference
        if reference is not None and held is not (reference if before.is_weak else reference()):
            return False
        receiver, _, is_dead, holders = look_at(held)
        sender = before.sender_reference
        if (is_dead or (sender is not None and sender() is None)) is not before.is_dead:
            return False
        if holders == 1:
            held_once.add(id(receiver))
    return not hidden_by_cache(signal, shown.listening)


def _is_plain(part: object) -> bool:
    """Whether it is of text, numbers and the like alone."""
    if type(part) is tuple:
        return all(map(_is_plain, part))
    return type(part) in _PLAIN or issubclass(type(type(part)), EnumMeta)
