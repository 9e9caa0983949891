"""Rules about what receivers take: time, queries, threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import chain

from signal_panel.findings.advice import FROM_SYNC
from signal_panel.findings.facts import Facts
from signal_panel.findings.finding import Finding
from signal_panel.findings.loops import Turn
from signal_panel.findings.words import some, statement
from signal_panel.recording import IN_TRANSACTION, NO_REPEATS, NOTHING
from signal_panel.templating import duration, short_name, thousands
from signal_panel.translation import gettext as _

_AFTER_THE_RESPONSE = "django.core.signals.request_finished"
_AROUND_A_QUERY = 2_000_000
"""Nanoseconds, at most, that it takes to build a query and to make instances of its rows."""
_BEFORE_A_QUERY = 250_000
"""Nanoseconds that it usually takes: 240 µs to follow a foreign key, with Python 3.12 and Django 6.1."""


def init_receiver(facts: Facts) -> Iterator[Finding]:
    """A receiver of ``pre_init`` or ``post_init``, which runs for each row, and takes time or makes queries.

    The cost is what its calls took. That one of them took long is no matter of rows.
    """
    init_kinds = {kind for kind in facts.send_kinds if facts.model_signal(kind) in ("pre_init", "post_init")}
    if not init_kinds:
        return
    kinds, parent = facts.columns.kind, facts.columns.parent
    for receiver in facts.receiver_kinds:
        calls = [call for call in facts.spans[receiver] if kinds[parent[call]] in init_kinds]
        if len(calls) < facts.threshold("INIT_RECEIVER_CALLS"):
            continue
        cost = facts.time(calls)
        queries = sum(len(facts.columns.queries.get(call, ())) for call in calls)
        longest = max(facts.columns.time[call] for call in calls)
        if cost - longest < facts.nanoseconds("INIT_RECEIVER_MS") and queries < facts.threshold(
            "REPEATED_QUERIES"
        ):
            continue
        facts.tell_all(calls)
        text = (
            _("%(receiver)s ran for each of %(count)s instances, with %(queries)s queries: %(time)s in all.")
            if queries
            else _("%(receiver)s ran for each of %(count)s instances: %(time)s in all.")
        )
        yield Finding(
            "init-receiver",
            text
            % {
                "receiver": short_name(facts.receiver(receiver)),
                "count": thousands(len(calls)),
                "queries": thousands(queries),
                "time": duration(cost / 1e6),
            },
            *facts.place(calls),
            tuple(calls),
            cost,
        )


def queries_in_receiver(facts: Facts) -> Iterator[Finding]:
    """A receiver that executes one statement again and again, with the same parameters or with others.

    The cost is the database's time for all but the first of each statement, and what went before each, up to
    what it usually takes to build one. What a loop of saves in the receiver executes is left to that loop,
    and one query in each of many calls to what makes the calls many.
    """
    columns = facts.columns
    by_receiver = defaultdict(list)
    for receiver, queries in _repeated_queries(facts):
        by_receiver[receiver].append(queries)
    for receiver, repeated in by_receiver.items():
        again = [query for queries in repeated for query in queries[1:]]
        took = sum(columns.query_time[query] for query in again)
        calls = sorted({columns.query_span[query] for queries in repeated for query in queries})
        _tell_queries(facts, again)
        most = max(repeated, key=len)
        text = (
            _(
                "%(receiver)s executed %(sql)s %(count)s times; "
                "all but the first took %(time)s in the database."
            )
            if len(repeated) == 1
            else _(
                "%(receiver)s executed %(statements)s statements up to %(count)s times each (%(sql)s); "
                "all but the first of each took %(time)s in the database."
            )
        )
        yield Finding(
            "queries-in-receiver",
            text
            % {
                "receiver": short_name(facts.receiver(receiver)),
                "statements": thousands(len(repeated)),
                "count": thousands(len(most)),
                "sql": statement(columns.strings[columns.statements[columns.query_statement[most[0]]].sql]),
                "time": duration(took / 1e6),
            },
            *facts.place(calls),
            tuple(calls),
            took + _time_before(facts, again, repeated),
        )


def _time_before(facts: Facts, again: list[int], repeated: list[list[int]]) -> int:
    """What went in its call before each query that was made again, up to what it takes to build one."""
    columns = facts.columns
    before: dict[int, int] = {}
    ends: dict[int, int] = {}
    for query in sorted(chain.from_iterable(repeated), key=columns.query_start.__getitem__):
        call, start = columns.query_span[query], columns.query_start[query]
        apart = start - ends.get(call, columns.start[call])
        before[query] = max(0, min(apart, _BEFORE_A_QUERY))  # in an async receiver two may overlap
        ends[call] = start + columns.query_time[query]
    return sum(map(before.__getitem__, again))


def _tell_queries(facts: Facts, queries: list[int]) -> None:
    """The findings on queries answer for what the ORM does around each, too."""
    columns = facts.columns
    by_call = defaultdict(list)
    for query in queries:
        by_call[columns.query_span[query]].append(query)
    for call, of_call in by_call.items():
        began = min(columns.query_start[query] for query in of_call)
        ended = max(columns.query_start[query] + columns.query_time[query] for query in of_call)
        with_orm = sum(columns.query_time[query] + _AROUND_A_QUERY for query in of_call)
        facts.tell(call, min(with_orm, ended - began))


def _repeated_queries(facts: Facts) -> Iterator[tuple[int, list[int]]]:
    """Receivers, and queries of one statement each that they made in calls by like sends in one place."""
    columns = facts.columns
    at_least = facts.threshold("REPEATED_QUERIES")
    alike = defaultdict(list)
    left_out, reads = _statements(facts, *NO_REPEATS), _statements(facts, "SELECT")
    for query, (span, sql) in enumerate(zip(columns.query_span, columns.query_statement, strict=True)):
        if span != NOTHING and columns.kind[span] < 0 and span not in facts.told and sql not in left_out:
            send = columns.parent[span]
            alike[columns.kind[span], sql, columns.kind[send], columns.parent[send]].append(query)
    in_loops = {span for loop in facts.loops for span in loop.spans}
    turns: dict[int, list[Turn]] = defaultdict(list)
    for loop in facts.loops:
        for parent, of_parent in loop.turns.items():
            turns[parent] += of_parent
    for (receiver, sql, kind, _parent), queries in alike.items():
        if len(queries) < at_least:
            continue
        # To write once in each call may be what the receiver is for.
        adds_up = sql in reads and not facts.is_shared(kind)
        by_call = defaultdict(list)
        for query in queries:
            call, start = columns.query_span[query], columns.query_start[query]
            if not any(turn.began <= start <= turn.ended for turn in turns[call]):
                by_call[call].append(query)
        repeated = [
            query
            for call, of_call in by_call.items()
            if len(of_call) >= at_least or (adds_up and columns.parent[call] not in in_loops)
            for query in of_call
        ]
        if len(repeated) >= at_least:
            yield receiver, repeated


def _statements(facts: Facts, *beginnings: str) -> set[int]:
    """The numbers of those that begin so."""
    columns = facts.columns
    texts = (columns.strings[kind.sql] for kind in columns.statements)
    return {number for number, text in enumerate(texts) if text.startswith(beginnings)}


def slow_in_transaction(facts: Facts) -> Iterator[Finding]:
    """A receiver that takes time of its own, other than for queries, while a transaction is open.

    The cost is that time, in which rows stay locked for others too.
    """
    yield from _slow(
        facts,
        "slow-in-transaction",
        lambda call: (
            facts.columns.self_times[call] - max(facts.told.get(call, 0), facts.query_time(call))
            if facts.columns.within[call] & IN_TRANSACTION
            else 0
        ),
        _("%(receiver)s kept a transaction open for %(time)s, not counting its queries."),
        _("%(receiver)s kept a transaction open for %(time)s in %(count)s calls, not counting its queries."),
    )


def slow_receiver(facts: Facts) -> Iterator[Finding]:
    """A receiver that takes long itself, without what it sets off.

    The cost is that time, of each call that is over the threshold. With its queries it may take longer than
    without: how long these take is also a matter of the disk, of others, and of how far the database is.
    """
    with_queries = facts.nanoseconds("SLOW_RECEIVER_SQL_MS")
    without = facts.nanoseconds("SLOW_RECEIVER_MS")

    def time_of(call: int) -> int:
        time = facts.columns.self_times[call]
        untold = time - facts.told.get(call, 0)
        is_slow = untold >= with_queries or min(untold, time - facts.query_time(call)) >= without
        return untold if is_slow else 0

    yield from _slow(
        facts,
        "slow-receiver",
        time_of,
        _("%(receiver)s took %(time)s itself, not counting what it sent."),
        _("%(receiver)s took %(time)s itself in %(count)s calls, not counting what it sent."),
    )


def _slow(
    facts: Facts, rule: str, time_of: Callable[[int], int], once: str, repeatedly: str
) -> Iterator[Finding]:
    columns = facts.columns
    at_least = facts.nanoseconds(f"{rule.replace('-', '_').upper()}_MS")
    for receiver in facts.receiver_kinds:
        calls = [call for call in facts.spans[receiver] if columns.time[call] >= at_least]
        times = {call: time_of(call) for call in calls if _is_waited_for(facts, call, at_least)}
        times = {call: time for call, time in times.items() if time >= at_least}
        if not times:
            continue
        for call, time in times.items():
            facts.tell(call, time)
        cost = min(sum(times.values()), facts.time_covered(times))  # async ones may overlap
        yield Finding(
            rule,
            (once if len(times) == 1 else repeatedly)
            % {
                "receiver": short_name(facts.receiver(receiver)),
                "count": thousands(len(times)),
                "time": duration(cost / 1e6),
            },
            *facts.place(list(times)),
            tuple(times),
            cost,
        )


def _is_waited_for(facts: Facts, call: int, at_least: float) -> bool:
    """Whether the request lasts longer for the call.

    Of async receivers that run at the same time only the one that ends last is waited for, unless one keeps
    the event loop busy. What follows the response nobody waits for.
    """
    columns = facts.columns
    if facts.signal_of(call) == _AFTER_THE_RESPONSE:
        return False
    if not facts.definition(columns.kind[call]).is_async or columns.busy.get(call, 0) >= at_least:
        return True
    return facts.end(call) == facts.last_ends[columns.parent[call]]


def thread_hop(facts: Facts) -> Iterator[Finding]:
    """Sends that go to another thread for their receivers: sync ones of ``asend``, async ones of ``send``.

    The cost is the time on the way there and back, which is no receiver's. One way may be long because the
    thread was busy: counted are all but the longest.
    """
    columns = facts.columns
    alike = defaultdict(list)
    for send in columns.hops:
        kind = columns.kind[send]
        if facts.send(kind).path != NOTHING:  # without, it is Django's own, and its own receivers hop too
            alike[facts.signal(kind), facts.site(kind), facts.method(kind)].append(send)
    for (signal, site, method), sends in alike.items():
        hops = [columns.hops[send] for send in sends]
        took = min(sum(hops), facts.time_covered(sends))
        cost = took - max(hops)
        if cost < facts.nanoseconds("THREAD_HOP_MS"):
            continue
        for send in sends:
            facts.tell(send, columns.hops[send])
        is_async = method.startswith("a")
        moved = [
            call
            for send in sends
            for call in columns.children.get(send, ())
            if facts.definition(columns.kind[call]).is_async != is_async
        ]
        text = (
            _("%(method)s of %(signal)s took %(time)s to get %(receivers)s to a thread %(count)s times.")
            if is_async
            else _("%(method)s of %(signal)s took %(time)s to get %(receivers)s to a loop %(count)s times.")
        )
        yield Finding(
            "thread-hop",
            text
            % {
                "method": method,
                "signal": short_name(signal),
                "receivers": some(facts.receiver(columns.kind[call]) for call in moved),
                "count": thousands(len(sends)),
                "time": duration(took / 1e6),
            },
            *(facts.place(moved) if len({columns.kind[call] for call in moved}) == 1 else site),
            tuple(sorted(sends)),
            cost,
            "" if is_async else FROM_SYNC,
        )
