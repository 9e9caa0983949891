"""Which sends were made for the same instance before: for an object that is saved twice, say."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from threading import Lock
from typing import Any
from weakref import ref  # as it is now: Django's tests, and others, put a mock in its place

_FIELDS = 4
OFTEN = 512 * _FIELDS
"""How long the list gets before it is gone through again; C has this number, too.

With 700 new objects, as weak references are, the garbage collector begins to look.
"""
AT_FIRST = 8 * OFTEN
"""The same, for the first time: most requests never get there. It was 1 ms of one that saves 1,000 times."""


class Instances:
    """The instances of sends, weakly held, for somebody who reads to compare.

    Who makes a weak reference while there is one gets that: sends that have the same are for one instance,
    and an object that has a dead one's ``id`` gets another. To compare at once took 1.6 times as long.

    Now and then they are compared, so that a first send stays, while its instance lives, and of those made
    again their numbers. To keep all took up to 136 bytes a send, and time of the garbage collector.
    """

    def __init__(self) -> None:
        self.sends: list[Any] = []
        """For each the weak reference, the kind, the action and the number, one after the other."""
        self._keep = self.sends.extend
        self._again = array("q")  # a first send and one made again, one after the other
        self._actions: dict[str | None, int] = {}
        self._long = AT_FIRST
        self._lock = Lock()

    def add(self, instance: Any, action: Any, span: int, kind: int) -> None:
        """Keep the instance of a send, with the action of one of ``m2m_changed``.

        Not where it can't be weakly held: nobody could tell it from another.
        """
        try:
            reference = ref(instance)
        except TypeError:
            return
        # An action is one of Django's own strings; anything else might run the user's code.
        self._keep((reference, kind, action if type(action) is str else None, span))
        if len(self.sends) % OFTEN == 0:
            self.go_through()

    def go_through(self) -> None:
        """Compare them, where there are many, and twice as many as were left the last time."""
        if len(self.sends) < self._long or not self._lock.acquire(blocking=False):
            return
        try:
            dead = {id(reference) for reference in self.sends[::_FIELDS] if reference() is None}
            sends = self.sends[:]  # with all that was sent for the dead, by other threads too
            again, first = self._compared(sends, dead)
            self._again += again
            self.sends[: len(sends)] = first
            self._long = max(OFTEN, 2 * len(self.sends))
        finally:
            self._lock.release()

    def again_since(self, number: int) -> dict[int, int]:
        """From sends to the first one after this number that was of the same kind, for the same instance."""
        sends = self.sends[:]  # before what may be taken from it and added to the other
        again, _ = self._compared(sends, set())
        found: dict[int, int] = {}
        firsts: dict[int, int] = {}
        for pair in _rows(self._again + again, 2):
            for span in pair:
                if span > number:
                    before = firsts.setdefault(pair[0], span)
                    if before != span:
                        found[span] = before
        return found

    def clear(self) -> None:
        """Keep none of them any longer."""
        self.sends.clear()

    def _compared(self, sends: list[Any], dead: set[int]) -> tuple[array[int], list[Any]]:
        """The sends that were made again, each after its first one, and the first ones of the living."""
        numbers: dict[int, int] = {}
        again = array("q")
        first: list[Any] = []
        for reference, kind, action, span in _rows(sends, _FIELDS):
            number = self._actions.setdefault(action, len(self._actions))
            key = (id(reference) << 96) + (kind << 48) + number  # no tuple: the garbage collector would look
            before = numbers.setdefault(key, span)
            if before != span:
                again.extend((before, span))
            elif id(reference) not in dead:
                first += reference, kind, action, span
        return again, first


def _rows(fields: Any, width: int) -> Iterator[tuple[Any, ...]]:
    return zip(*[iter(fields)] * width, strict=True)
