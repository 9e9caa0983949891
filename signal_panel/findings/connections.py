"""Rules about how receivers are connected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from signal_panel.findings.advice import IN_REQUEST
from signal_panel.findings.facts import Facts
from signal_panel.findings.finding import Finding
from signal_panel.findings.words import some, some_of
from signal_panel.naming import is_installed
from signal_panel.recording import UNKNOWN, Connection, Handlers
from signal_panel.templating import short_name, thousands
from signal_panel.translation import gettext as _
from signal_panel.translation import ngettext

FUNCTION, LOCAL_FUNCTION, METHOD, CALLABLE = "function", "local function", "method", "callable"


def definition_of(name: str, path: str | None) -> tuple[str, str]:
    """What sort of receiver the name and file are of, and its name within its module.

    A name alone does not tell where the module ends and the class begins; the file does.
    """
    parts = name.split(".")
    stem = (path or "").replace("\\", "/").removesuffix(".py").removesuffix("/__init__")
    in_module = parts[1:] if parts[0] == "__main__" else parts[-2:]
    for cut in range(1, len(parts)):
        if f"/{stem}".endswith("/" + "/".join(parts[:cut])):
            in_module = parts[cut:]
    if in_module[-1] == "__call__":
        sort = CALLABLE
    elif in_module[-1] == "<lambda>" or in_module[-2:-1] == ["<locals>"]:
        sort = LOCAL_FUNCTION
    else:
        sort = METHOD if len(in_module) > 1 else FUNCTION
    return sort, ".".join(in_module)


def connected_twice(facts: Facts) -> Iterator[Finding]:
    """One receiver that one send calls twice or more: one function, or two where its file is imported twice.

    The cost is what all calls but the first of each send took. Two functions made by one function are two
    receivers, as is a method of two instances.
    """
    columns = facts.columns
    leaking = facts.evidence("connected-in-request")
    for kinds, sort in _same_receivers(facts):
        if not _called_more_often_than_sent(facts, kinds):
            continue
        by_send = defaultdict(list)
        for call in facts.spans_of(kinds):
            by_send[columns.parent[call]].append(call)
        more = {send: calls for send, calls in by_send.items() if len(calls) > _expected(facts, calls, sort)}
        calls = sorted(call for calls in more.values() for call in calls)
        if not more or not leaking.isdisjoint(calls):
            continue
        names = list(dict.fromkeys(map(facts.receiver, kinds)))
        claim = ngettext(
            "%(receiver)s ran %(times)s times in %(sends)s send of %(signals)s",
            "%(receiver)s ran %(times)s times in each of %(sends)s sends of %(signals)s",
            len(more),
        ) % {
            "receiver": short_name(names[0]),
            "times": thousands(max(map(len, more.values()))),
            "sends": thousands(len(more)),
            "signals": some(facts.signal(columns.kind[send]) for send in more),
        }
        if len(names) > 1:
            claim = _("%(claim)s: its file is imported as %(one)s and as %(other)s") % {
                "claim": claim,
                "one": names[0],
                "other": names[1],
            }
        yield Finding(
            "connected-twice",
            f"{claim}.",
            *facts.place(calls),
            tuple(calls),
            sum(facts.time(calls[_expected(facts, calls, sort) :]) for calls in more.values()),
        )


def _same_receivers(facts: Facts) -> Iterator[tuple[list[int], str]]:
    """Kinds of receiver that are one receiver, and what sort it is of."""
    by_definition = defaultdict(list)
    for kind in facts.receiver_kinds:
        name, path = facts.receiver(kind), facts.columns.text(facts.definition(kind).path)
        sort, in_module = definition_of(name, path)
        by_definition[path, facts.definition(kind).line, in_module, sort].append(kind)
    for (path, _line, _name, sort), kinds in by_definition.items():
        if path and not path.startswith("<") and len(set(map(facts.receiver, kinds))) > 1:
            yield kinds, sort
        elif sort != METHOD:  # the same method may be of two instances
            yield from (([kind], sort) for kind in kinds)


def _called_more_often_than_sent(facts: Facts, kinds: list[int]) -> bool:
    calls = facts.spans_of(kinds)
    return len(set(map(facts.columns.parent.__getitem__, calls))) < len(calls)


def _expected(facts: Facts, calls: list[int], sort: str) -> int:
    """How many calls in one send there are to be: under each name one of each function or instance."""
    by_name = defaultdict(list)
    for call in calls:
        kind = facts.columns.kind[call]
        by_name[facts.receiver(kind)].append(kind)
    return max(len(kinds if sort == METHOD else set(kinds)) for kinds in by_name.values())


def connected_in_request(facts: Facts) -> Iterator[Finding]:
    """A receiver that code connects each time it runs, to stay: there is one more after each request.

    The cost is what the calls took of all of them but one.

    A function of a module is the same each time, and a weakly connected receiver goes when its owner does.
    What else is new may be the first and last of its kind, unless there is one from before.
    """
    for alike in _by_definition(facts):
        new = [
            connection
            for connection in alike
            if connection.state == "live"
            and not connection.is_weak
            and connection.site is not None
            and connection.site.function != "<module>"
            and not is_installed(connection.site.path)
        ]
        if not new or new[0].receiver is None or new[0].site is None:
            continue
        before = [
            connection for connection in alike if connection.state == "live" and connection.site is None
        ]
        sort, _name = definition_of(new[0].receiver, new[0].path)
        is_new_each_time = sort == LOCAL_FUNCTION and all(connection.uid is None for connection in new)
        if not is_new_each_time and not before:
            continue
        calls = _calls_of(*before, *new)
        firsts = {facts.columns.parent[call]: call for call in sorted(calls, reverse=True)}
        yield Finding(
            "connected-in-request",
            ngettext(
                "%(receiver)s was connected to %(signal)s in this request, to stay: there is %(count)s now.",
                "%(receiver)s was connected to %(signal)s in this request, to stay: there are %(count)s now.",
                len(before) + len(new),
            )
            % {
                "receiver": short_name(new[0].receiver),
                "signal": short_name(new[0].signal),
                "count": thousands(len(before) + len(new)),
            },
            new[0].site.path,
            new[0].site.line,
            tuple(sorted(calls)),
            facts.time(calls.difference(firsts.values())),
        )


def _calls_of(*alike: Connection) -> set[int]:
    """The calls of these connections: each of one receiver's to a signal has all of them."""
    one_each = {(connection.signal, connection.receiver_index): connection for connection in alike}
    return {call.index for connection in one_each.values() for call in connection.calls}


def dead_receiver(facts: Facts) -> Iterator[Finding]:
    """A weakly connected receiver that nothing else holds: it has died, or will where ``DEBUG`` is off.

    It costs no time. A method dies with its instance, which is what weak connections are for; so may a
    function, once it has been called. Only those are told that something in the recording was for.
    """
    sent = {facts.signal(kind) for kind in facts.send_kinds}
    for alike in _by_definition(facts):
        gone = [
            connection
            for connection in alike
            if connection.is_weak
            and connection.receiver is not None
            and (connection.signal in sent or connection.site is not None)
            and definition_of(connection.receiver, connection.path)[0] != METHOD
            and not is_installed(connection.path or "")
            and (
                connection.state == "dying"
                or (connection.state == "dead" and connection.site is not None and not connection.calls)
            )
        ]
        if not gone or gone[0].receiver is None:
            continue
        site = next((connection.site for connection in gone if connection.site is not None), None)
        text = (
            ngettext(
                "%(receiver)s, connected to %(signal)s, is held by nothing: "
                "it is called because DEBUG is on.",
                "%(receiver)s, connected to %(signal)s %(count)s times, is held by nothing: "
                "it is called because DEBUG is on.",
                len(gone),
            )
            if gone[0].state == "dying"
            else _("%(receiver)s, connected to %(signal)s, was held by nothing, and died before any call.")
        )
        yield Finding(
            "dead-receiver",
            text
            % {
                "receiver": short_name(gone[0].receiver),
                "signal": short_name(gone[0].signal),
                "count": thousands(len(gone)),
            },
            *(site[:2] if site is not None and not is_installed(site.path) else (gone[0].path, gone[0].line)),
            tuple(sorted(_calls_of(*gone))),
            0,
            IN_REQUEST if site is not None and site.function != "<module>" else "",
        )


def _by_definition(facts: Facts) -> Iterable[list[Connection]]:
    """The connections to one signal, from one sender, of receivers that one place defines."""
    alike = defaultdict(list)
    for connection in facts.recording.connections:
        key = (connection.signal, connection.sender, connection.receiver, connection.path, connection.line)
        alike[key].append(connection)
    return alike.values()


def handlers_not_imported(facts: Facts) -> Iterator[Finding]:
    """A module that would have heard what was sent, but that nobody has imported.

    It costs no time.
    """
    for handlers in facts.recording.unimported:
        if is_installed(handlers.path):
            continue
        surely = _would_have_heard(facts, handlers)
        heard = surely or _may_have_heard(facts, handlers)
        sends = facts.spans_of(heard)
        if surely:
            text = ngettext(
                "%(module)s would have heard %(signals)s, but nothing has imported it.",
                "%(module)s would have heard %(signals)s, %(count)s sends in all, "
                "but nothing has imported it.",
                len(sends),
            )
        elif heard:
            text = _("%(module)s may have heard %(signals)s, but nothing has imported it.")
        elif all(_is_known(facts, signal) for signal, _sender in handlers.hears) and handlers.hears:
            continue
        else:
            text = _("%(module)s connects receivers of the app %(app)s, but nothing has imported it.")
        yield Finding(
            "handlers-not-imported",
            text
            % {
                "module": handlers.module,
                "app": handlers.app,
                "count": thousands(len(sends)),
                "signals": some_of(heard[facts.columns.kind[send]] for send in sends),
            },
            handlers.path,
            handlers.line,
            tuple(sends),
            0,
        )


def _would_have_heard(facts: Facts, handlers: Handlers) -> dict[int, str]:
    """The kinds of send that its receivers listen to, and what to call them."""
    heard = {}
    for kind in facts.send_kinds:
        signal, sender = _own_name(facts.signal(kind)), _own_name(facts.sender(kind))
        if (signal, None) in handlers.hears:
            heard[kind] = signal
        elif (signal, sender) in handlers.hears:
            heard[kind] = _("%(signal)s of %(sender)s") % {"signal": signal, "sender": sender}
    return heard


def _may_have_heard(facts: Facts, handlers: Handlers) -> dict[int, str]:
    """The kinds of send of signals that its receivers listen to, whose sender its text does not tell."""
    signals = {kind: _own_name(facts.signal(kind)) for kind in facts.send_kinds}
    return {kind: signal for kind, signal in signals.items() if (signal, UNKNOWN) in handlers.hears}


def _is_known(facts: Facts, signal: str) -> bool:
    return any(_own_name(name) == signal for name in facts.recording.signals)


def _own_name(name: str) -> str:
    return name.rpartition(".")[2]
