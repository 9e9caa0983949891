"""What intervals cover, against a count of each moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from signal_panel.intervals import covered


@given(some.lists(some.tuples(some.integers(0, 60), some.integers(0, 20))))
def test_intervals_cover_each_moment_that_is_in_at_least_one(intervals: list[tuple[int, int]]) -> None:
    moments = {moment for start, time in intervals for moment in range(start, start + time)}
    starts, ends = [start for start, _ in intervals], [start + time for start, time in intervals]
    assert covered(starts, ends) == len(moments)


@pytest.mark.parametrize(
    ("starts", "ends", "time"),
    [
        pytest.param([], [], 0, id="none"),
        pytest.param([10, 12], [20, 14], 10, id="one inside another"),
        pytest.param([10, 15], [20, 30], 20, id="one that outlasts another"),
        pytest.param([10, 20], [20, 30], 20, id="one after another"),
        pytest.param([40, 10], [50, 20], 20, id="two with time between them, the later one first"),
        pytest.param([10, 10], [10, 20], 10, id="one that takes no time"),
    ],
)
def test_where_they_overlap_they_cover_it_once(starts: list[int], ends: list[int], time: int) -> None:
    assert covered(starts, ends) == time
