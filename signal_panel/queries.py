"""The queries of a collector, as they are executed: which statement, where, and whether it was so before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from signal_panel import naming
from signal_panel.recording import NO_REPEATS
from signal_panel.speedups import QueryLog
from signal_panel.speedups.pure import QUERY


class Query(NamedTuple):
    """A query in the log. ``parameters`` tells equal ones of a statement, and is -1 where nobody can."""

    span: int
    statement: int
    parameters: int
    start: int
    end: int


class Queries(QueryLog):
    """Keeps queries in order of their end: a number for each text, and one for each text with its parameters.

    Neither the parameters nor what they were is kept, only their hash, while recording.
    """

    def __init__(self) -> None:
        super().__init__()
        self.statements: dict[int, tuple[str, str]] = {}
        """The SQL text and the database's alias of each statement."""
        self._next_statement = itertools.count().__next__

    def statement_of(self, sql: Any, alias: str) -> tuple[int, bool]:
        """The number of a statement that may be new, and whether to make it again is worth telling."""
        text = sql if type(sql) is str else _text(sql)
        key = text, alias
        # Without a lock: the garbage collector may come, and with it somebody who queries.
        known = self.numbers.get(key)
        if known is None:
            number = self._next_statement()
            self.statements[number] = key
            known = self.numbers.setdefault(key, (number, not text.startswith(NO_REPEATS)))
        return known

    def make_room(self, queries: int) -> None:
        """Let so many more in, where fewer would be."""
        self.room = max(self.room, len(self.log) + queries * QUERY.size)

    @property
    def position(self) -> int:
        """Where the log is now, for ``since``."""
        return len(self.log)

    def since(self, position: int) -> Iterator[Query]:
        """The queries that have ended since the log was there."""
        return map(Query._make, QUERY.iter_unpack(self.log[position:]))


def _text(sql: Any) -> str:
    cls = type(sql)
    if issubclass(cls, str):
        return str.__str__(sql)
    return sql.decode(errors="replace") if cls is bytes else f"<{naming.class_name(cls)}>"
