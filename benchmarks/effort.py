"""How much is measured: all of it, or just enough to see that everything runs."""

from __future__ import annotations

from typing import NamedTuple


class Effort(NamedTuple):
    """The user's choice."""

    is_quick: bool = False

    def of(self, full: int, *, quick: int) -> int:
        """How many."""
        return quick if self.is_quick else full
