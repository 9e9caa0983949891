"""Rules about sends: that there are too many of them, or that they come round again."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator

from signal_panel import places
from signal_panel.findings.advice import DELETED_AT_ONCE
from signal_panel.findings.facts import Facts
from signal_panel.findings.finding import Finding
from signal_panel.findings.loops import DELETE, M2M, SAVE, Loop
from signal_panel.findings.words import some
from signal_panel.recording import NOTHING
from signal_panel.templating import duration, short_name, thousands
from signal_panel.translation import gettext as _

_PARTNERS = {
    "pre_save": "post_save",
    "post_save": "pre_save",
    "pre_delete": "post_delete",
    "post_delete": "pre_delete",
}


def cascade(facts: Facts) -> Iterator[Finding]:
    """A receiver that, by what it does, causes the signal that it listens to, from the same sender.

    The cost is what the sends that it causes take, the statement between ``pre_save`` and ``post_save`` of a
    save included.
    """
    columns = facts.columns
    around: dict[int, int] = {}  # from a call to the one of the same receiver that it is inside of
    depth: dict[int, int] = {}
    for call in _calls_that_may_recur(facts):
        outer = _same_call_around(facts, call)
        if outer is not None:
            around[call] = outer
            depth[call] = depth.get(outer, 0) + 1
    outers = set(around.values())
    deepest: dict[int, int] = defaultdict(int)
    first_inside = defaultdict(list)
    for call, outer in around.items():
        kind = columns.kind[call]
        deepest[kind] = max(deepest[kind], depth[call])
        # In a cascade of two receivers each is inside itself: told of is the one that began.
        if outers.isdisjoint(facts.ancestors(outer)):
            first_inside[kind].append(call)
    for kind, calls in first_inside.items():
        if deepest[kind] < facts.threshold("CASCADE_DEPTH"):
            continue
        causes = sorted({_child_towards(facts, around[call], call) for call in calls})
        operations = [_operation(facts, send) for send in causes]
        for send, operation in zip(causes, operations, strict=True):
            facts.tell(send, _lasted(facts, operation))
        claim = _(
            "%(receiver)s causes %(signal)s, which it listens to: "
            "%(inside)s of its %(calls)s calls ran inside another"
        ) % {
            "receiver": short_name(facts.receiver(kind)),
            "signal": short_name(facts.signal_of(calls[0])),
            "inside": thousands(sum(columns.kind[call] == kind for call in around)),
            "calls": thousands(len(facts.spans[kind])),
        }
        if deepest[kind] > 1:
            claim = _("%(claim)s, up to %(depth)s deep") % {"claim": claim, "depth": thousands(deepest[kind])}
        yield Finding(
            "cascade",
            f"{claim}.",
            *facts.place(calls),
            tuple(sorted({*(around[call] for call in calls), *calls}.union(*operations))),
            sum(_lasted(facts, operation) for operation in operations),
        )


def _calls_that_may_recur(facts: Facts) -> list[int]:
    """The calls of receivers that may be inside themselves, by which kinds are ever inside which."""
    kinds = facts.columns.kind
    kinds_or_none = [*kinds, None]  # so that -1 is none
    pairs = set(zip(kinds, map(kinds_or_none.__getitem__, facts.columns.parent), strict=True))
    inside: dict[int, set[int]] = defaultdict(set)
    outside: dict[int, set[int]] = defaultdict(set)
    for kind, parent in pairs:
        if parent is not None:
            inside[parent].add(kind)
            outside[kind].add(parent)
    # Peel off, again and again, what has nothing inside it or is inside nothing. Circles are left.
    while ends := {kind for kind in inside if not outside[kind]} | {k for k in outside if not inside[k]}:
        for kind in ends:
            for other in inside.pop(kind, ()):
                outside[other].discard(kind)
            for other in outside.pop(kind, ()):
                inside[other].discard(kind)
    return facts.spans_of(kind for kind in inside if kind < 0)


def _same_call_around(facts: Facts, call: int) -> int | None:
    kinds = facts.columns.kind
    kind, heard = kinds[call], _what_was_heard(facts, call)
    for outer in facts.ancestors(call):
        if kinds[outer] == kind and _what_was_heard(facts, outer) == heard:
            return outer
    return None


def _what_was_heard(facts: Facts, call: int) -> tuple[str, str]:
    return facts.signal_of(call), facts.sender(facts.send_of(call))


def _child_towards(facts: Facts, outer: int, span: int) -> int:
    parent = facts.columns.parent
    while parent[span] != outer:
        span = parent[span]
    return span


def _operation(facts: Facts, send: int) -> list[int]:
    """The two sends of the save or delete that a send is one of; of others the send alone."""
    columns = facts.columns
    kind = columns.kind[send]
    partner = _PARTNERS.get(facts.model_signal(kind))
    if partner is None:
        return [send]
    like = facts.send(kind)._replace(signal=NOTHING)
    siblings = columns.children[columns.parent[send]]
    place = bisect_left(siblings, send)
    later = partner.startswith("post")
    for position in range(place + 1, len(siblings)) if later else range(place - 1, -1, -1):
        other = siblings[position]
        other_kind = columns.kind[other]
        if other_kind == kind:
            break  # the next operation of the sort: this one was not finished
        is_partner = facts.model_signal(other_kind) == partner
        if is_partner and facts.send(other_kind)._replace(signal=NOTHING) == like:
            return sorted((send, other))
    return [send]


def _lasted(facts: Facts, operation: list[int]) -> int:
    return facts.end(operation[-1]) - facts.columns.start[operation[0]]


def unheard_send(facts: Facts) -> Iterator[Finding]:
    """One's own signal, sent from one line, and no receiver ever ran.

    The cost is what the sends took, but for the longest: what is long in an empty send is no part of it.
    """
    heard = set(facts.columns.parent)
    alike = defaultdict(list)
    for kind in facts.send_kinds:
        path, line = facts.site(kind)
        if facts.is_own(kind) and not facts.signal(kind).startswith("django."):
            alike[facts.signal(kind), path, line].append(kind)
    for (signal, path, line), kinds in alike.items():
        sends = facts.spans_of(kinds)
        took = facts.time(sends)
        cost = took - max(facts.columns.time[send] for send in sends)
        if (
            cost < facts.nanoseconds("UNHEARD_SEND_MS")
            or not heard.isdisjoint(sends)
            or facts.is_cut_off(sends[-1])
        ):
            continue
        facts.tell_all(sends)
        yield Finding(
            "unheard-send",
            _("%(signal)s was sent %(count)s times and no receiver ran, which took %(time)s.")
            % {"signal": short_name(signal), "count": thousands(len(sends)), "time": duration(took / 1e6)},
            path,
            line,
            tuple(sends),
            cost,
        )


def repeated_send(facts: Facts) -> Iterator[Finding]:
    """The same send, from one line, once for each of many things.

    The cost is what all rounds but the longest took, with their receivers and, of a save, its statement: what
    is done for all at once still takes a round's time. A loop is left alone where other findings answer for
    more than half of its time by what happens in its rounds.

    Saves count whatever their time: a database beside the developer answers sooner than one far away.
    """
    told = _Told(facts)
    for number, loop in enumerate(facts.loops):
        lasted = loop.lasted_ns
        is_cheap = not loop.has_statements and loop.cost_ns < facts.nanoseconds("REPEATED_SENDS_MS")
        if is_cheap or 2 * told[number] > lasted:
            continue
        told.add_loop(number)
        queries = _queries_of(facts, loop.spans)
        claim = _by_whom(facts, _loop_in_words(loop), facts.columns.kind[loop.spans[0]])
        if queries:
            claim = _("%(claim)s, with %(queries)s queries in its receivers") % {
                "claim": claim,
                "queries": thousands(queries),
            }
        case = DELETED_AT_ONCE if _is_deleted_at_once(loop) else loop.family
        yield Finding("repeated-send", f"{claim}.", *loop.place, tuple(loop.spans), loop.cost_ns, case)


def _by_whom(facts: Facts, claim: str, kind: int) -> str:
    """The claim, with the package's line where one sent for the user's: what is told may be there."""
    through = facts.columns.through(facts.send(kind))
    if through is None:
        return claim
    place = f"{places.short(through.path)}:{through.line}"
    return _("%(claim)s, through %(place)s") % {"claim": claim, "place": place}


def _is_deleted_at_once(loop: Loop) -> bool:
    return loop.family == DELETE and not loop.has_statements


def _loop_in_words(loop: Loop) -> str:
    if _is_deleted_at_once(loop):
        text = _("%(senders)s: %(count)s deleted at once, and the receivers called for each: %(time)s")
    elif loop.is_shared:
        text = {
            SAVE: _("%(senders)s: saved %(count)s times, one by one, which took %(time)s"),
            DELETE: _("%(senders)s: deleted %(count)s times, one by one, which took %(time)s"),
            M2M: _("%(senders)s: changed %(count)s times, one by one, which took %(time)s"),
        }.get(loop.family, _("%(signal)s was sent %(count)s times, which took %(time)s"))
    else:
        text = {
            SAVE: _("One line saved %(senders)s %(count)s times, one by one, which took %(time)s"),
            DELETE: _("One line deleted %(senders)s %(count)s times, one by one, which took %(time)s"),
            M2M: _("One line changed %(senders)s %(count)s times, one by one, which took %(time)s"),
        }.get(loop.family, _("One line sent %(signal)s %(count)s times, which took %(time)s"))
    return text % {
        "signal": short_name(loop.family),
        "senders": some(loop.senders),
        "count": thousands(loop.rounds),
        "time": duration(loop.lasted_ns / 1e6),
    }


class _Told:
    """The time within each loop that findings answer for."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._loop_of = {span: number for number, loop in enumerate(facts.loops) for span in loop.spans}
        self._told = [0] * len(facts.loops)
        if self._loop_of:
            # Many spans have the same parent, and are in the same loops.
            by_parent: dict[int, int] = defaultdict(int)
            for span, nanoseconds in facts.told.items():
                by_parent[facts.columns.parent[span]] += nanoseconds
                if (number := self._loop_of.get(span)) is not None:
                    self._told[number] += nanoseconds
            for parent, nanoseconds in by_parent.items():
                if parent != NOTHING:
                    self._add(parent, nanoseconds)

    def __getitem__(self, number: int) -> int:
        return self._told[number]

    def add_loop(self, number: int) -> None:
        """A finding answers for what is not told yet of a loop's time."""
        loop = self._facts.loops[number]
        lasted = loop.lasted_ns
        for parent, turns in loop.turns.items():
            if parent != NOTHING and lasted:
                untold = sum(turn.lasted_ns for turn in turns) * (lasted - self._told[number]) // lasted
                self._add(parent, untold)

    def _add(self, span: int, nanoseconds: int) -> None:
        for around in (span, *self._facts.ancestors(span)):
            number = self._loop_of.get(around)
            if number is not None:
                self._told[number] += nanoseconds


def _queries_of(facts: Facts, sends: list[int]) -> int:
    parent, within = facts.columns.parent, set(sends)
    return sum(span != NOTHING and parent[span] in within for span in facts.columns.query_span)


def sent_twice(facts: Facts) -> Iterator[Finding]:
    """One instance saved more than once by one line.

    The cost is what the saves after the first took, from ``pre_save`` to the end of ``post_save``.

    Signals of one's own are no matter of this rule: what is sent for the same instance again may differ in
    all else. Nor are saves that come again because a receiver was called again: what to tell is why it was.
    """
    columns = facts.columns
    in_loops = {span for loop in facts.loops for span in loop.spans}
    by_place = defaultdict(list)
    for send, first in columns.again.items():
        kind = columns.kind[send]
        if (
            facts.model_signal(kind) == "post_save"
            and facts.send(kind).path != NOTHING
            and not facts.is_shared(kind)
            and send not in in_loops
            and _comes_again_by_itself(facts, first, send)
        ):
            by_place[kind].append((first, send))
    for kind, pairs in by_place.items():
        again = [_operation(facts, send) for _, send in pairs]
        firsts = Counter(first for first, _ in pairs)
        cost = sum(_lasted(facts, operation) for operation in again)
        yield Finding(
            "sent-twice",
            _("One line saved the same %(sender)s %(times)s times; all but the first took %(time)s.")
            % {
                "sender": short_name(facts.sender(kind)),
                "times": thousands(max(firsts.values()) + 1),
                "time": duration(cost / 1e6),
            },
            *facts.site(kind),
            tuple(sorted({span for first in firsts for span in _operation(facts, first)}.union(*again))),
            cost,
        )


def _comes_again_by_itself(facts: Facts, first: int, send: int) -> bool:
    """Whether a send is not inside the first, nor in a call that itself has come again."""
    if first in facts.ancestors(send):
        return False
    columns = facts.columns
    one, other = columns.parent[first], columns.parent[send]
    return one == other or NOTHING in (one, other) or columns.kind[one] != columns.kind[other]
