"""What a finalizer or a signal handler may do in the middle of a line of ours: the same once more."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import pytest

from signal_panel import rows
from signal_panel.overflow import OverflowCounter
from signal_panel.queries import Queries
from signal_panel.rows import Rows


def in_the_middle_of(code: CodeType, run: Callable[[], Any], line: int) -> None:
    """Run it, and before one of the code's lines run it once more, as the garbage collector may do."""
    lines = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal lines
        if frame.f_code is code:
            lines += 1
            if lines == line:
                run()
        return trace

    def work() -> None:
        sys.settrace(trace)
        run()
        sys.settrace(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it waits for itself"


@pytest.mark.parametrize("line", range(1, 5))
def test_queries_past_the_cap_are_added_up(line: int) -> None:
    overflow = OverflowCounter()
    in_the_middle_of(OverflowCounter.add_query.__code__, lambda: overflow.add_query(7, 1), line)
    total = overflow.so_far(0)
    assert (total.queries, total.queries_ns) == (2, 2)


@pytest.mark.parametrize("line", range(1, 7))
def test_statements_have_numbers_of_their_own(line: int) -> None:
    queries = Queries()
    texts = ["SELECT 1", "SELECT 2"]
    left = iter(texts)
    in_the_middle_of(Queries.statement_of.__code__, lambda: queries.statement_of(next(left), "default"), line)
    assert [queries.statements[queries.statement_of(text, "default")[0]][0] for text in texts] == texts
    assert len(queries.statements) == 2


@pytest.mark.parametrize("line", range(1, 7))
def test_a_statement_that_comes_twice_at_once_has_one_number(line: int) -> None:
    queries = Queries()
    numbers = []

    def execute() -> None:
        numbers.append(queries.statement_of("SELECT 1", "default"))

    in_the_middle_of(Queries.statement_of.__code__, execute, line)
    assert [can_repeat for _, can_repeat in numbers] == [True, True]
    assert numbers[0] == numbers[1] == queries.statement_of("SELECT 1", "default")
    assert queries.statements[numbers[0][0]] == ("SELECT 1", "default")


@pytest.mark.parametrize("line", range(1, 5))
def test_rows_are_packed_once(line: int) -> None:
    packed = Rows()
    kept: list[int] = []

    def keep() -> None:
        kept.append(len(kept))
        packed.keep(kept[-1:])
        packed.pack()

    in_the_middle_of(Rows.pack.__code__, keep, line)
    assert sorted(packed.integers(0)) == kept == [0, 1]


def test_packing_in_the_middle_of_packing_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once more without a trace function, which coverage.py has for itself."""
    kept, pack = Rows(), rows._pack

    def interrupted(fresh: list[int]) -> bytes:
        kept.pack()
        return pack(fresh)

    monkeypatch.setattr(rows, "_pack", interrupted)
    kept.keep([1, 2, 3])
    kept.pack()
    assert list(kept.integers(0)) == [1, 2, 3]
