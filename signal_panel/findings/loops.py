"""Sends made one by one: the same send, from one line, many times in one place of the tree.

Many in one place: where a line is reached once in each of many receiver calls, the loop is further out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from signal_panel.recording import NOTHING

if TYPE_CHECKING:
    from signal_panel.findings.facts import Facts, Place

SAVE, DELETE, M2M = "save", "delete", "m2m_changed"
"""Families of signals that one operation on a model sends; other signals are families of their own."""
_FAMILIES = {
    "pre_save": SAVE,
    "post_save": SAVE,
    "pre_delete": DELETE,
    "post_delete": DELETE,
    "m2m_changed": M2M,
}
_BEFORE = {"pre_save", "pre_delete"}
_AFTER = {"post_save", "post_delete"}
_EACH_ROW = {"pre_init", "post_init"}


class Turn(NamedTuple):
    """The part of a loop that is in one receiver call, or in none: when it began and ended, how long it took.

    Of a save the statement between its two sends counts; what the loop did between rounds does not.
    ``longest_ns`` is the longest round.
    """

    began: int
    ended: int
    rounds: int
    lasted_ns: int
    longest_ns: int


@dataclass
class Loop:
    """Sends from one line, which ``is_shared`` where others may go through it, too.

    ``turns`` are by the receiver call around them, or -1. ``has_statements``: each round executes its own.
    """

    family: str
    is_shared: bool
    place: Place = (None, None)
    senders: list[str] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    turns: dict[int, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    has_statements: bool = False

    @property
    def rounds(self) -> int:
        """How many operations: a save sends twice, and so does a change of a many-to-many field."""
        return sum(turn.rounds for turns in self.turns.values() for turn in turns)

    @property
    def lasted_ns(self) -> int:
        """How long all rounds took."""
        return sum(turn.lasted_ns for turns in self.turns.values() for turn in turns)

    @property
    def cost_ns(self) -> int:
        """How long all rounds but the longest took."""
        return self.lasted_ns - max(turn.longest_ns for turns in self.turns.values() for turn in turns)


def find_loops(facts: Facts) -> list[Loop]:
    """All loops of at least ``REPEATED_SENDS`` rounds, those inside others first."""
    alike = defaultdict(list)
    for kind in facts.send_kinds:
        send, model_signal = facts.send(kind), facts.model_signal(kind)
        if send.path != NOTHING and model_signal not in _EACH_ROW:
            family = _FAMILIES.get(model_signal) or facts.signal(kind)
            lines = send._replace(signal=NOTHING, sender=NOTHING, method=0)
            alike[lines, family].append(kind)
    loops = [_loop(facts, family, kinds) for (_, family), kinds in alike.items()]
    return sorted((loop for loop in loops if loop.spans), key=lambda loop: -min(loop.turns))


def _loop(facts: Facts, family: str, kinds: list[int]) -> Loop:
    loop = Loop(family, facts.is_shared(kinds[0]))
    at_least = facts.threshold("REPEATED_SENDS")
    for same_sender in _by_sender(facts, kinds):
        if sum(len(facts.spans[kind]) for kind in same_sender) < at_least:
            continue
        for parent, sends in _by_parent(facts, same_sender).items():
            found = _operations(facts, family, sends)
            if found.things >= at_least:
                began, ended = facts.columns.start[sends[0]], facts.end(sends[-1])
                lasted, longest = sum(found.times), max(found.times)
                loop.turns[parent].append(Turn(began, ended, found.things, lasted, longest))
                loop.has_statements |= found.have_statements
                loop.spans += sends
                loop.senders.append(facts.sender(same_sender[0]))
    loop.spans.sort()
    if loop.spans:
        loop.place = facts.place_of_send(loop.spans[0])
    return loop


def _by_sender(facts: Facts, kinds: list[int]) -> Iterable[list[int]]:
    by_sender = defaultdict(list)
    for kind in kinds:
        by_sender[facts.send(kind).sender].append(kind)
    return by_sender.values()


def _by_parent(facts: Facts, kinds: list[int]) -> dict[int, list[int]]:
    parent = facts.columns.parent
    by_parent = defaultdict(list)
    for send in facts.spans_of(kinds):
        by_parent[parent[send]].append(send)
    return by_parent


class _Operations(NamedTuple):
    """How many different things sends are about, how long each operation took, and if by a statement."""

    things: int
    times: list[int]
    have_statements: bool


def _operations(facts: Facts, family: str, sends: list[int]) -> _Operations:
    columns = facts.columns

    def times(pairs: Iterable[tuple[int, int]]) -> list[int]:
        return [facts.end(after) - columns.start[before] for before, after in pairs]

    if family == M2M:
        took = times(zip(sends[::2], sends[1::2], strict=False))
        return _Operations(len(took), took, True)
    if family not in (SAVE, DELETE):
        return _Operations(len(sends), [columns.time[send] for send in sends], False)
    roles = [facts.model_signal(columns.kind[send]) for send in sends]
    done = [send for send, role in zip(sends, roles, strict=True) if role in _AFTER]
    things = sum(send not in columns.again for send in done)
    took = times(_pairs(sends, roles))
    if len(took) < len(done):  # a whole queryset was deleted, with all of one signal before all of the other
        return _Operations(things, [columns.time[send] for send in sends], False)
    return _Operations(things, took, True)


def _pairs(sends: list[int], roles: list[str]) -> Iterator[tuple[int, int]]:
    before = None
    for send, role in zip(sends, roles, strict=True):
        if role in _BEFORE:
            before = send
        elif before is not None:
            yield before, send
            before = None
