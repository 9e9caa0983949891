"""What the rules look at: a recording's columns, arranged for their questions.

A recording may have 100,000 spans, so rules ask about kinds first, of which there are few, and look at single
spans only where a kind is of interest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain

from signal_panel import conf
from signal_panel.findings.finding import Finding
from signal_panel.findings.loops import Loop, find_loops
from signal_panel.intervals import covered
from signal_panel.naming import is_installed
from signal_panel.recording import METHODS, NOTHING, Columns, ReceiverKind, Recording, SendKind

_MODEL_SIGNALS = "django.db.models.signals."
_OVERRIDES = {"save", "asave", "save_base", "delete", "adelete"}

Place = tuple[str | None, int | None]


class Facts:
    """One recording, and what has been found in it so far.

    ``found`` are the findings by rule. ``told`` is, of each span, the time that they answer for. A rule
    leaves alone what an earlier one has told.
    """

    def __init__(self, recording: Recording) -> None:
        self.columns: Columns = recording.columns
        self.recording = Recording(self.columns)
        self.spans: dict[int, list[int]] = defaultdict(list)
        """The spans of each kind: the sends of kinds from 0 up, the calls of those from -1 down."""
        for span, kind in enumerate(self.columns.kind):
            self.spans[kind].append(span)
        self.told: dict[int, int] = {}
        self.found: dict[str, list[Finding]] = defaultdict(list)
        self._thresholds = conf.thresholds()

    def threshold(self, name: str) -> float:
        """The threshold of this name, as ``SIGNAL_PANEL["FINDINGS"]`` has it."""
        return self._thresholds[name]

    def nanoseconds(self, name: str) -> float:
        """The threshold of this name, which is given in milliseconds."""
        return self._thresholds[name] * 1e6

    def evidence(self, rule: str) -> set[int]:
        """The spans of the findings by a rule that has had its turn."""
        return {span for finding in self.found[rule] for span in finding.spans}

    def tell(self, span: int, nanoseconds: int) -> None:
        """A finding answers for so much of the span's time."""
        self.told[span] = self.told.get(span, 0) + nanoseconds

    def tell_all(self, spans: list[int]) -> None:
        """A finding answers for all of the spans' time."""
        self.told.update(zip(spans, map(self.columns.time.__getitem__, spans), strict=True))

    @cached_property
    def loops(self) -> list[Loop]:
        """Sends made one by one from one line."""
        return find_loops(self)

    @cached_property
    def last_ends(self) -> dict[int, int]:
        """When the last of the spans inside each span ended."""
        return {span: max(map(self.end, inside)) for span, inside in self.columns.children.items()}

    # Kinds

    @cached_property
    def send_kinds(self) -> list[int]:
        """The kinds of send that there are spans of."""
        return sorted(kind for kind in self.spans if kind >= 0)

    @cached_property
    def receiver_kinds(self) -> list[int]:
        """The kinds of receiver call that there are spans of, as ``columns.kind`` has them."""
        return sorted((kind for kind in self.spans if kind < 0), reverse=True)

    def send(self, kind: int) -> SendKind:
        """What the kind's sends have in common."""
        return self.columns.sends[kind]

    def definition(self, kind: int) -> ReceiverKind:
        """The receiver that the kind's calls are of."""
        return self.columns.receivers[-1 - kind]

    def signal(self, kind: int) -> str:
        """Dotted name of the signal that the kind's sends are of."""
        return self.columns.strings[self.columns.sends[kind].signal]

    def model_signal(self, kind: int) -> str:
        """``post_save`` and the like where it is a signal of Django's models, else empty."""
        signal = self.signal(kind)
        return signal.removeprefix(_MODEL_SIGNALS) if signal.startswith(_MODEL_SIGNALS) else ""

    def sender(self, kind: int) -> str:
        """Dotted name of the sender of the kind's sends."""
        return self.columns.strings[self.columns.sends[kind].sender]

    def method(self, kind: int) -> str:
        """``send``, ``send_robust``, ``asend`` or ``asend_robust``."""
        return METHODS[self.columns.sends[kind].method]

    def receiver(self, kind: int) -> str:
        """Dotted name of the receiver that the kind's calls are of."""
        return self.columns.strings[self.definition(kind).receiver]

    # Spans

    def spans_of(self, kinds: Iterable[int]) -> list[int]:
        """The spans of several kinds, by start."""
        return sorted(chain.from_iterable(map(self.spans.__getitem__, kinds)))

    def ancestors(self, span: int) -> Iterator[int]:
        """What the span is inside of, from near to far."""
        parent = self.columns.parent
        while (span := parent[span]) != NOTHING:
            yield span

    def send_of(self, call: int) -> int:
        """The kind of the send that made a receiver call."""
        return self.columns.kind[self.columns.parent[call]]

    def signal_of(self, call: int) -> str:
        """Dotted name of the signal that a receiver call was made by."""
        return self.signal(self.send_of(call))

    def end(self, span: int) -> int:
        """When the span ended."""
        return self.columns.start[span] + self.columns.time[span]

    def time(self, spans: Iterable[int]) -> int:
        """The durations of the spans, added up."""
        return sum(map(self.columns.time.__getitem__, spans))

    def time_covered(self, spans: Collection[int]) -> int:
        """The time in which at least one of the spans was under way."""
        return covered(map(self.columns.start.__getitem__, spans), map(self.end, spans))

    def query_time(self, span: int) -> int:
        """The time of the queries made in the span and in no span inside it."""
        columns = self.columns
        return sum(columns.query_time[query] for query in columns.queries.get(span, ()))

    def is_cut_off(self, span: int) -> bool:
        """Whether the cap on spans may have left out spans inside this one."""
        columns = self.columns
        return bool(columns.overflow.spans) and self.end(span) >= columns.start[-1]

    # Places

    def site(self, kind: int) -> Place:
        """The line that the kind's sends come from."""
        send = self.columns.sends[kind]
        return (None, None) if send.path == NOTHING else (self.columns.strings[send.path], send.line)

    def is_own(self, kind: int) -> bool:
        """Whether the user's own code makes the kind's sends, and no package on its behalf."""
        path, _line = self.site(kind)
        return path is not None and not is_installed(path) and self.send(kind).through_path == NOTHING

    def is_shared(self, kind: int) -> bool:
        """Whether sends that others cause come from the kind's line, too.

        It is a model's own ``save`` or ``delete``, which all its saves go through. Or a package sends; a line
        that has called it may do no more than pass on whatever comes.
        """
        send = self.columns.sends[kind]
        function = self.columns.text(send.function) or ""
        return function.rpartition(".")[2] in _OVERRIDES or (send.path != NOTHING and not self.is_own(kind))

    def place_of_send(self, send: int) -> Place:
        """Where to go for a send: to its line, but from one of a package to the receiver around it."""
        kinds = map(self.columns.kind.__getitem__, self.ancestors(send))
        around = (self._definition_place(kind) for kind in kinds if kind < 0)
        return _users_own(self.site(self.columns.kind[send]), around)

    def place(self, calls: list[int]) -> Place:
        """Where to go for calls of one receiver: to it, but from one of a package to the line that sent."""
        sites = (self.site(self.send_of(call)) for call in calls)
        return _users_own(self._definition_place(self.columns.kind[calls[0]]), sites)

    def _definition_place(self, kind: int) -> Place:
        path = self.columns.text(self.definition(kind).path)
        return (None, None) if path is None else (path, self.definition(kind).line)


def _users_own(first: Place, others: Iterable[Place]) -> Place:
    """The first place that is in no package; where all are in one, or nowhere, the very first."""
    places = chain((first,), others)
    return next((place for place in places if place[0] is not None and not is_installed(place[0])), first)
