"""Figures beside their targets, and tables of figures: what each part of a run hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One figure that has a target: at most ``target``, or at least."""

    name: str
    value: float
    target: float
    unit: str
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the figure, as it is shown, is where the target wants it."""
        value, target = float(digits(self.value)), self.target
        return value >= target if self.at_least else value <= target

    @property
    def verdict(self) -> str:
        """Met, or missed and by how much."""
        if self.is_met:
            return "met"
        if self.target == 0 or self.value <= 0:
            return "**missed**"
        off = self.target / self.value if self.at_least else self.value / self.target
        return f"**missed**, {digits(off)} × the target"

    @property
    def row(self) -> list[str]:
        """Its row in a table."""
        bound = "≥" if self.at_least else "≤"
        return [
            self.name,
            f"{digits(self.value)} {self.unit}",
            f"{bound} {digits(self.target)} {self.unit}",
            self.verdict,
        ]


class Table(NamedTuple):
    """A table for people: a title, the columns' heads, the rows, and what to know of it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """As a table of GitHub's, figures to the right."""
        lines = [
            "| " + " | ".join(self.head) + " |",
            "|---" + "|--:" * (len(self.head) - 1) + "|",
            *("| " + " | ".join(row) + " |" for row in self.rows),
        ]
        note = f"\n{self.note}\n" if self.note else ""
        return f"**{self.title}**\n\n" + "\n".join(lines) + "\n" + note


class Result(NamedTuple):
    """What one part has found."""

    figures: Sequence[Figure]
    tables: Sequence[Table]
    profiles: Sequence[Table] = ()
    """Where the time goes, for what misses its target."""

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {name: [list(one) for one in getattr(self, name)] for name in self._fields}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Result:
        """From a file."""
        return cls(
            [Figure(*one) for one in found["figures"]],
            [Table(*one) for one in found["tables"]],
            [Table(*one) for one in found["profiles"]],
        )


def digits(number: float) -> str:
    """A number with as many decimals as tell anything."""
    size = abs(number)
    if size >= 1e4:
        return f"{number / 1e6:.1f}e6" if size >= 1e6 else f"{number:.0f}"
    if size >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if size >= 10 else f"{number:.2f}"


def ratio(ours: float, theirs: float) -> str:
    """How many times theirs ours is, for a table; a dash where theirs is nothing that can be told."""
    return f"{digits(ours / theirs)} ×" if theirs > 0 else "–"


def spread(values: Sequence[float]) -> float:
    """How many times the smallest the largest is."""
    return max(values) / min(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
