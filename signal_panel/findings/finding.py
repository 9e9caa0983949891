"""What a rule has to say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A named problem, with its evidence and the line to go to.

    ``rule`` names its page in docs/findings/. ``claim`` is one sentence with figures. ``path`` and ``line``
    are None where no file is known. ``spans`` are the indices of those that show it, in ascending order.
    ``cost_ns`` is the time in nanoseconds that the request would be shorter by, estimated as the docstring of
    the rule's function says; zero where what is lost is not time. ``case`` is not empty where the rule
    advises on several things: which of them it is.
    """

    rule: str
    claim: str
    path: str | None
    line: int | None
    spans: tuple[int, ...]
    cost_ns: int
    case: str = ""
