"""Figures beside their targets, and tables of figures: what each part of a run hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One figure that has a target: at most ``target``, or at least."""

    name: str
    value: float
    target: float
    unit: str
    at_least: bool = False
    noise: float = 0
    """How far two equal things were apart in the run."""

    @property
    def is_met(self) -> bool:
        """Whether the figure is where the target wants it."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def verdict(self) -> str:
        """Met, or missed and by how much."""
        if self.is_met:
            return "met, within this run's noise" if abs(self.target - self.value) < self.noise else "met"
        if self.target == 0 or not 0 < self.value < inf:
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

    def column(self, starts: str) -> list[str]:
        """The cells of the first column whose head starts so."""
        number = next(number for number, head in enumerate(self.head) if head.startswith(starts))
        return [row[number] for row in self.rows]

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
    if size == inf:
        return "∞"
    if size >= 1e4:
        return f"{number / 1e6:.1f}e6" if size >= 1e6 else f"{number:.0f}"
    if size >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if size >= 10 else f"{number:.2f}"


def compared(ours: float, theirs: float) -> float:
    """How many times theirs ours is. Where they add nothing, anything is more."""
    if theirs > 0:
        return ours / theirs
    return inf if ours > 0 else 0


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
