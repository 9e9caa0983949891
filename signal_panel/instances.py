"""Which sends were made for the same instance before: for an object that is saved twice, say."""

from __future__ import annotations

from typing import Any
from weakref import ref  # as it is now: Django's tests, and others, put a mock in its place

_FIELDS = 4


class Instances:
    """The instances of sends, weakly held, for somebody who reads to compare.

    Who makes a weak reference while there is one gets that: sends that have the same are for one instance,
    and an object that has a dead one's ``id`` gets another. To compare at once took 1.6 times as long.
    """

    def __init__(self) -> None:
        self.sends: list[Any] = []
        """For each the weak reference, the kind, the action and the number, one after the other."""
        self._keep = self.sends.extend

    def add(self, instance: Any, action: Any, span: int, kind: int) -> None:
        """Keep the instance of a send, with the action of one of ``m2m_changed``.

        TypeError is raised where it can't be weakly held: nobody could tell it from another.
        """
        # An action is one of Django's own strings; anything else might run the user's code.
        self._keep((ref(instance), kind, action if type(action) is str else None, span))

    @property
    def position(self) -> int:
        """Where they are now, for ``again_since``."""
        return len(self.sends)

    def again_since(self, position: int) -> dict[int, int]:
        """From sends to the first one since then that was of the same kind, for the same instance."""
        sends = self.sends[position:]
        fields = (sends[field::_FIELDS] for field in range(_FIELDS))
        first: dict[tuple[int, int, str | None], int] = {}
        again: dict[int, int] = {}
        for reference, kind, action, span in zip(*fields, strict=True):
            before = first.setdefault((id(reference), kind, action), span)
            if before != span:
                again[span] = before
        return again

    def clear(self) -> None:
        """Keep none of them any longer."""
        self.sends.clear()
