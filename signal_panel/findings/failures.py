"""Rules about receivers that raise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from signal_panel.findings.facts import Facts
from signal_panel.findings.finding import Finding
from signal_panel.findings.words import some
from signal_panel.templating import short_name, thousands
from signal_panel.translation import gettext as _

# These end a request or a process, and are no failures of the receiver that they pass through.
_ENDINGS = {"KeyboardInterrupt", "SystemExit", "GeneratorExit", "asyncio.exceptions.CancelledError"}


def swallowed_exception(facts: Facts) -> Iterator[Finding]:
    """An exception that ``send_robust`` or ``asend_robust`` took from a receiver and only logged.

    The cost is what the calls took that came to nothing.
    """
    columns = facts.columns
    by_origin = defaultdict(list)
    for call, name in columns.exceptions.items():
        if (
            columns.kind[call] < 0
            and columns.parent[call] not in columns.exceptions
            and facts.method(facts.send_of(call)).endswith("_robust")
        ):
            way = _way_to_origin(facts, call)
            by_origin[columns.kind[way[-1]], name].append(way)
    for (receiver, name), ways in by_origin.items():
        origins = [way[-1] for way in ways]
        yield Finding(
            "swallowed-exception",
            _("%(receiver)s raised %(exception)s in %(failed)s of %(calls)s calls, which %(method)s hid.")
            % {
                "receiver": short_name(facts.receiver(receiver)),
                "exception": short_name(columns.strings[name]),
                "failed": thousands(len(ways)),
                "calls": thousands(len(facts.spans[receiver])),
                "method": facts.method(facts.send_of(ways[0][0])),
            },
            *facts.place(origins),
            tuple(sorted({span for way in ways for span in way})),
            facts.time(way[0] for way in ways),
        )


def _way_to_origin(facts: Facts, call: int) -> list[int]:
    """The calls that an exception passed through, from the outermost to the one where it was raised."""
    columns = facts.columns
    name = columns.exceptions[call]
    way = [call]
    span: int | None = call
    while span is not None:
        span = next(
            (
                inner
                for inner in reversed(columns.children.get(span, ()))
                if columns.exceptions.get(inner) == name
            ),
            None,
        )
        if span is not None and columns.kind[span] < 0:
            way.append(span)
    return way


def skipped_receivers(facts: Facts) -> Iterator[Finding]:
    """Receivers that did not run since an earlier one raised.

    It costs no time. A receiver of a signal named ``pre_…`` may raise to forbid what was about to happen:
    then nobody else needs to hear of it.
    """
    columns = facts.columns
    told = facts.evidence("swallowed-exception")
    by_cause = defaultdict(list)
    for send in columns.skipped:
        name = columns.exceptions.get(send)
        raised = [call for call in columns.children.get(send, ()) if call in columns.exceptions]
        signal = facts.signal(columns.kind[send])
        if (
            name is not None
            and raised
            and columns.strings[name] not in _ENDINGS
            and not short_name(signal).startswith("pre_")
            and told.isdisjoint(raised)
        ):
            by_cause[columns.kind[raised[0]], columns.exceptions[raised[0]], signal].append((send, raised[0]))
    for (receiver, name, signal), pairs in by_cause.items():
        calls = [call for _send, call in pairs]
        skipped = {kind: None for send, _call in pairs for kind in columns.skipped[send]}
        yield Finding(
            "skipped-receivers",
            _(
                "%(receiver)s raised %(exception)s in %(calls)s of %(all)s calls by %(signal)s, "
                "and %(skipped)s did not run."
            )
            % {
                "receiver": short_name(facts.receiver(receiver)),
                "exception": short_name(columns.strings[name]),
                "calls": thousands(len(calls)),
                "all": thousands(sum(facts.signal_of(call) == signal for call in facts.spans[receiver])),
                "signal": short_name(signal),
                "skipped": some(columns.strings[columns.receivers[kind].receiver] for kind in skipped),
            },
            *facts.place(calls),
            tuple(sorted(span for pair in pairs for span in pair)),
            0,
        )
