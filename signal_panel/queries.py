"""The queries of a collector, as they are executed: which statement, where, and whether it was so before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import count
from struct import Struct
from types import NoneType
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from signal_panel import naming
from signal_panel.recording import NOTHING
from signal_panel.rows import INTEGER

_ROW = Struct(5 * INTEGER)  # a query in the log: the span it ran in, statement, parameters, start, end
_pack = _ROW.pack
# Hashing anything else may run the user's code.
_PLAIN = frozenset({NoneType, bool, int, float, str, bytes, Decimal, date, timedelta, UUID})
# Those that begin and end transactions have to be the same each time.
_TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE SAVEPOINT")
_TIME_ZONES = (NoneType, timezone, ZoneInfo)


class Query(NamedTuple):
    """A query in the log. ``parameters`` tells equal ones of a statement, and is -1 where nobody can."""

    span: int
    statement: int
    parameters: int
    start: int
    end: int


class Queries:
    """Keeps queries in order of their end: a number for each text, and one for each text with its parameters.

    Neither the parameters nor what they were is kept, only their hash, while recording.
    """

    def __init__(self) -> None:
        self.room = 0
        """How many bytes the log may have."""
        self.statements: list[tuple[str, str]] = []
        """The SQL text and the database's alias of each statement."""
        self._log = bytearray()
        self._numbers: dict[tuple[str, str], tuple[int, bool]] = {}
        self._seen: dict[tuple[int, int], int] = {}
        self._next_seen = count().__next__
        self._lock = threading.Lock()

    def add(self, alias: str, sql: Any, parameters: Any, many: bool, span: int, start: int, end: int) -> bool:
        """Keep a query, or return False where there is no room for it."""
        if len(self._log) >= self.room:
            return False
        if type(sql) is not str:
            sql = _text(sql)
        statement, can_repeat = self._numbers.get((sql, alias)) or self._number_for(sql, alias)
        seen = NOTHING
        if can_repeat and not many and (hashed := _hash(parameters)) is not None:
            key = statement, hashed
            seen = self._seen.get(key, NOTHING)
            if seen == NOTHING:
                seen = self._seen.setdefault(key, self._next_seen())
        self._log.extend(_pack(span, statement, seen, start, end))
        return True

    def _number_for(self, sql: str, alias: str) -> tuple[int, bool]:
        """The number of a statement that is new, and whether to make it again is worth telling."""
        with self._lock:
            if (sql, alias) not in self._numbers:
                self.statements.append((sql, alias))
                self._numbers[sql, alias] = len(self.statements) - 1, not sql.startswith(_TRANSACTION)
            return self._numbers[sql, alias]

    def make_room(self, queries: int) -> None:
        """Let so many more in, where fewer would be."""
        self.room = max(self.room, len(self._log) + queries * _ROW.size)

    @property
    def position(self) -> int:
        """Where the log is now, for ``since``."""
        return len(self._log)

    def since(self, position: int) -> Iterator[Query]:
        """The queries that have ended since the log was there."""
        return map(Query._make, _ROW.iter_unpack(self._log[position:]))


def _text(sql: Any) -> str:
    cls = type(sql)
    return str.__str__(sql) if issubclass(cls, str) else f"<{naming.class_name(cls)}>"


def _hash(parameters: Any) -> int | None:
    """A hash of a query's parameters, or None where finding it might run the user's code."""
    if parameters is None:
        return 0
    cls = type(parameters)
    if cls is dict:
        parameters = [*parameters, *parameters.values()]
    elif cls is not tuple and cls is not list:
        return None
    for parameter in parameters:
        cls = type(parameter)
        if cls not in _PLAIN and not (cls in (datetime, time) and type(parameter.tzinfo) in _TIME_ZONES):
            return None
    return hash(tuple(parameters))
