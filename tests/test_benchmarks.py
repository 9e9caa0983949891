"""The arithmetic of the benchmarks. What they measure is no test's business."""

from __future__ import annotations

import gc
import json
import json.encoder
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any, ClassVar

import django.dispatch.dispatcher
import pytest

from benchmarks import history, machine, report, runs
from benchmarks.browser.profiling import Profile, by_function, by_stage, tables
from benchmarks.figures import Figure, Result, Table, compared, digits, percentile, ratio, spread
from benchmarks.history import Past
from benchmarks.peers import BARE, FLOOR, OURS_WITHOUT_C
from benchmarks.recording import part as recording
from benchmarks.remote import ROOT
from benchmarks.requests.laps import Laps, Request, Stopwatch, least, without_garbage
from benchmarks.requests.part import middle
from benchmarks.runs import Run
from benchmarks.sampling import profiles_table, sample, short
from benchmarks.turns import Block, best_of_turns
from tests.clock import FakeClock


@pytest.mark.parametrize(
    ("value", "target", "at_least", "verdict"),
    [
        (0.79, 0.8, False, "met"),
        (0.8, 0.8, False, "met"),
        (1.6, 0.8, False, "**missed**, 2.00 × the target"),
        (31, 30, True, "met"),
        (15, 30, True, "**missed**, 2.00 × the target"),
        (-0.1, 3, False, "met"),
        (2, 0, False, "**missed**"),
        (inf, 1, False, "**missed**"),
    ],
)
def test_a_figure_says_whether_its_target_is_met_and_how_far_off_it_is(
    value: float, target: float, at_least: bool, verdict: str
) -> None:
    assert Figure("cost", value, target, "×", at_least).verdict == verdict


def test_a_figure_that_is_over_its_target_by_less_than_is_shown_misses_it() -> None:
    figure = Figure("cost", 0.8004, 0.8, "×")
    assert figure.row == ["cost", "0.80 ×", "≤ 0.80 ×", "**missed**, 1.00 × the target"]


def test_a_figure_that_is_met_by_less_than_two_equal_things_differ_by_says_so() -> None:
    assert Figure("cost", 2.8, 3, "%", noise=0.3).verdict == "met, within this run's noise"
    assert Figure("cost", 2.8, 3, "%", noise=0.1).verdict == "met"
    assert Figure("cost", 3.1, 3, "%", noise=0.3).verdict == "**missed**, 1.03 × the target"


def test_a_figure_stands_beside_its_target() -> None:
    assert Figure("cost", 1.234, 2, "µs").row == ["cost", "1.23 µs", "≤ 2.00 µs", "met"]
    assert Figure("gain", 40, 30, "×", at_least=True).row == ["gain", "40.0 ×", "≥ 30.0 ×", "met"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (inf, "∞"),
        (0, "0.00"),
        (0.154, "0.15"),
        (15.44, "15.4"),
        (154.4, "154"),
        (-35.36, "-35.4"),
        (12345, "12345"),
    ],
)
def test_numbers_have_as_many_decimals_as_tell_anything(number: float, text: str) -> None:
    assert digits(number) == text


def test_ratios_are_told_only_of_something() -> None:
    assert ratio(3, 2) == "1.50 ×"
    assert ratio(3, 0) == "–"


def test_anything_is_more_than_what_one_that_adds_nothing_adds() -> None:
    assert compared(3, 2) == 1.5
    assert compared(0.1, 0) == compared(0.1, -0.1) == inf
    assert compared(-0.1, -0.2) == 0


def test_percentiles_and_spreads() -> None:
    values = [float(n) for n in range(60, 0, -1)]
    assert percentile(values, 95) == 58
    assert percentile([7.0], 95) == 7
    assert spread([2.0, 3.0, 2.5]) == 1.5


class TestTakingTurns:
    """Each measures two blocks a turn; a block here is what it took, and the yardstick around it."""

    def taken(
        self, times: dict[str, list[float]], yardsticks: dict[str, list[float]], **turns: int
    ) -> tuple[dict[str, float], str]:
        order = ""

        def measuring(name: str) -> Callable[[], list[Block]]:
            blocks = map(Block, times[name], yardsticks[name])

            def measure() -> list[Block]:
                nonlocal order
                order += name
                return [next(blocks), next(blocks)]

            return measure

        best = best_of_turns({name: measuring(name) for name in times}, **turns)
        return best, order

    def test_every_other_turn_goes_backwards_and_the_best_counts(self) -> None:
        best, order = self.taken(
            {"a": [9, 3, 1, 9, 2, 9], "b": [5, 9, 6, 9, 9, 4]}, dict.fromkeys("ab", [1] * 6), turns=3, most=3
        )
        assert best == {"a": 1, "b": 4}
        assert order == "abbaab"

    def test_it_goes_on_until_each_has_had_eight_blocks_while_the_machine_was_at_its_fastest(self) -> None:
        slow, fast = 10, 8
        yardsticks = {"a": [fast] * 20, "b": [slow] * 4 + [fast] * 8 + [slow] * 8}
        _, order = self.taken(dict.fromkeys("ab", [1] * 20), yardsticks, turns=1, most=10)
        assert order == "abbaabbaabba"

    def test_at_its_fastest_means_as_fast_as_it_has_been_since(self) -> None:
        yardsticks = {"a": [10] * 20, "b": [10] * 4 + [8] * 16}
        _, order = self.taken(dict.fromkeys("ab", [1] * 20), yardsticks, turns=1, most=7)
        assert len(order) == 14  # nobody else has had a block so fast: it ends with the last turn


class TestLaps:
    def request(self, *there: int, after: int = 0, collecting: int = 0) -> Request:
        return Request(Laps(list(there), collecting), Laps([after], 0))

    def test_the_least_of_each_lap_counts_and_the_mean_of_collecting_garbage(self) -> None:
        slow_at_first = self.request(9_000_000, 2_000_000, after=500_000, collecting=100_000)
        slow_at_last = self.request(1_000_000, 9_000_000, after=400_000, collecting=300_000)
        assert least([slow_at_first, slow_at_last]) == pytest.approx((3.2, 3.6))

    def test_requests_with_other_laps_than_most_do_not_count(self) -> None:
        usual, shorter = self.request(5_000_000, 5_000_000), self.request(1_000_000)
        assert least([usual, shorter, usual]) == (10, 10)

    def test_a_lap_is_as_long_as_the_clock_says(self) -> None:
        clock = FakeClock()
        stopwatch = Stopwatch(clock)
        stopwatch.start()
        clock.pass_(5)
        stopwatch.lap()
        clock.pass_(7)
        assert stopwatch.stop() == Laps([5, 7], 0)
        clock.pass_(3)
        assert stopwatch.stop() == Laps([3], 0)

    def test_a_function_is_a_lap_of_its_own(self) -> None:
        clock = FakeClock()
        stopwatch = Stopwatch(clock)
        stopwatch.start()
        clock.pass_(1)
        stopwatch.at(clock.pass_)(5)
        clock.pass_(2)
        assert stopwatch.stop() == Laps([1, 5, 2], 0)

    def test_collecting_garbage_is_part_of_no_lap(self) -> None:
        clock = FakeClock()
        stopwatch = Stopwatch(clock)
        stopwatch.start()
        clock.pass_(5)
        for _ in range(2):
            stopwatch.collects("start", {})
            clock.pass_(40)
            stopwatch.collects("stop", {})
        clock.pass_(7)
        stopwatch.lap()
        clock.pass_(2)
        assert stopwatch.stop() == Laps([12, 2], 80)

    def test_garbage_is_collected_after_another_number_of_objects_each_time(self) -> None:
        numbers = [len(without_garbage(number)) for number in range(10)]
        assert len(set(numbers)) == 10
        assert max(numbers) < gc.get_threshold()[0]
        assert sum(numbers) / 10 == pytest.approx(gc.get_threshold()[0] / 2, rel=0.2)


def test_sampling_finds_the_line_that_takes_the_time() -> None:
    def spin() -> None:
        total = 0
        for number in range(3_000_000):
            total += number

    seen = sample(spin)
    assert seen[0][0] == __file__


def test_profiles_stand_side_by_side_by_the_lines_of_the_first() -> None:
    first, second = [(__file__, 3, 3), (__file__, 1, 1)], [(__file__, 1, 10), (__file__, 2, 30)]
    table = profiles_table("Both", {"one": first, "other": second})
    assert table.head == ["line", "code", "one", "other"]
    assert [row[2:] for row in table.rows] == [["75 %", "0 %"], ["25 %", "25 %"]]
    assert table.note.startswith("4 and 40 samples")


class TestBrowserProfiles:
    """Chromium's traces are in microseconds."""

    THREAD: ClassVar = {"name": "thread_name", "pid": 1, "tid": 1, "args": {"name": "CrRendererMain"}}

    @staticmethod
    def event(name: str, start: int, microseconds: int, thread: int = 1) -> dict[str, Any]:
        return {"ph": "X", "pid": 1, "tid": thread, "name": name, "ts": start, "dur": microseconds}

    def test_what_is_inside_counts_once_and_where_it_belongs(self) -> None:
        took = by_stage(
            [
                self.THREAD,
                self.event("RunTask", 0, 10_000),
                self.event("FunctionCall", 1000, 6000),
                self.event("Layout", 2000, 3000),
                self.event("SomethingElse", 2000, 3000),
                self.event("FunctionCall", 2500, 500),
                self.event("Layout", 11_000, 1000),
            ]
        )
        assert took == {"the rest of the page's thread": 4, "scripts": 3.5, "styles and layout": 3.5}

    def test_other_threads_count_by_what_they_do_for_the_page(self) -> None:
        took = by_stage([self.THREAD, self.event("RasterTask", 0, 2000, 2), self.event("Layout", 0, 2000, 2)])
        assert took == {"beside it: all else, to pixels": 2}

    def test_functions_have_the_time_in_which_they_ran_themselves(self) -> None:
        def node(number: int, name: str, file: str) -> dict[str, Any]:
            url = f"http://localhost/static/{file}?v=1" if file else ""
            return {"id": number, "callFrame": {"functionName": name, "url": url, "lineNumber": 40}}

        found = by_function(
            {
                "nodes": [node(1, "(idle)", ""), node(2, "draw", "chart.js"), node(3, "fillRect", "")],
                "samples": [1, 2, 3, 2],
                "timeDeltas": [500, 200, 300, 400],
            }
        )
        assert found == pytest.approx({("draw", "chart.js:41"): 0.6, ("fillRect", "the browser"): 0.3})

    def test_what_takes_most_of_anything_stands_first(self) -> None:
        stages, functions = tables(
            {
                "a step": Profile(
                    {"scripts": 2.0}, {("draw", "chart.js:1"): 1.5, ("find", "filter.js:1"): 0.5}
                ),
                "a search": Profile({"painting": 1.0}, {("find", "filter.js:1"): 40.0}),
            }
        )
        assert stages.rows == [["scripts", "2.00", "0.00"], ["painting", "0.00", "1.00"]]
        assert functions.rows == [
            ["`find`", "filter.js:1", "0.50", "40.0"],
            ["`draw`", "chart.js:1", "1.50", "0.00"],
        ]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """``page()`` is the page of what has been kept in the test, without its first lines."""
    monkeypatch.setattr(runs, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(history, "FILE", tmp_path / "history.jsonl")
    monkeypatch.setattr(report, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(report, "in_five_lines", lambda found: "")
    return lambda: report.write().read_text()


def test_the_page_lists_what_is_missed_and_keeps_the_runs_of_other_parts(page: Callable[[], str]) -> None:
    result = Result(
        [Figure("good", 1, 2, "ms"), Figure("bad", 4, 2, "ms")],
        [Table("All", ["", "ms"], [["one", "4"]])],
        [Table("Profile", ["line", "share"], [["`x:1`", "90 %"]])],
    )
    for part in ("memory", "browser"):
        Run(part, "3.11", "Somewhere, with its C.", (1.0, 2.0), result).keep()
        history.add(part, result)
    assert runs.kept("memory")[0].result == Result.from_json(result.as_json())
    text = page()
    assert "2 of 4 are met by the panel with its C, these are not" in text
    assert "| Memory, Python 3.11: bad | 4.00 ms | ≤ 2.00 ms | **missed**, 2.00 × the target |" in text
    assert text.count("| `x:1` | 90 % |") == 2
    assert "on one day and one machine so far: Memory, Python" in text


def test_a_page_on_which_all_is_met_says_so(page: Callable[[], str]) -> None:
    Run("memory", "3.11", "Here, without its C.", (1.0, 2.0), Result([Figure("good", 1, 2, "ms")], [])).keep()
    targets, _, _ = page().partition("## Memory")
    assert "## Targets\n\nAll 1 are met by the panel without its C." in targets
    assert "missed" not in targets


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``written(run, ...)`` writes a history of runs, each told by what differs from the first."""
    path = tmp_path / "history.jsonl"
    monkeypatch.setattr(history, "FILE", path)
    first = Past(
        "2026-11-21 08:30", "Xeon, 2 processors, Linux", "3.11.7", "5.2.19", "abc1234", True, "sql", []
    )

    def write(*runs: dict[str, Any]) -> None:
        lines = [json.dumps(first._replace(**run)._asdict()) for run in runs]
        path.write_text("\n".join(lines) + "\n")

    return write


def cost(value: float, target: float = 2) -> list[Figure]:
    return [Figure("cost", value, target, "×")]


def test_the_last_runs_stand_side_by_side_with_their_spread(written: Callable[..., None]) -> None:
    written(
        {"time": "2026-11-23 09:00", "commit": "def5678+", "figures": cost(2.4)},
        {"time": "2026-11-21 08:30", "figures": cost(1.2)},
        {"time": "2026-11-22 08:45", "commit": "", "figures": [*cost(1.8), Figure("gone", 1, 1, "ms")]},
    )
    (table,) = history.tables({"sql": "Queries"})
    assert table.title == "Queries, Python 3.11"
    assert table.head[1:4] == ["2026-11-21 08:30, abc1234", "2026-11-22 08:45", "2026-11-23 09:00, def5678+"]
    assert table.rows == [["cost", "1.20 ×", "1.80 ×", "2.40 ×", "2.00 ×", "2 of 3"]]
    assert table.note.startswith("3 runs on 3 days and 1 machine: Xeon, 2 processors, Linux. ")
    assert table.note.endswith(" Python 3.11.7, Django 5.2.19.")


def test_only_the_last_runs_are_shown_of_each_part_on_each_python(written: Callable[..., None]) -> None:
    many = [{"time": f"2026-11-{day} 08:30", "figures": cost(day)} for day in range(10, 17)]
    written(
        *many,
        {"python": "3.13.1", "machine": "M1, 8 processors, Darwin", "figures": cost(3)},
        {"python": "3.13.2", "figures": cost(4)},
        {"part": "memory", "figures": cost(5)},
        {"part": "memory", "time": "2026-11-22 08:30", "figures": cost(6)},
    )
    tables = history.tables({"memory": "Memory", "sql": "Queries"})
    assert [table.title for table in tables] == [
        "Memory, Python 3.11",
        "Queries, Python 3.11",
        "Queries, Python 3.13",
    ]
    assert tables[1].rows[0][1:6] == ["12.0 ×", "13.0 ×", "14.0 ×", "15.0 ×", "16.0 ×"]
    assert tables[2].head[1:3] == ["2026-11-21 08:30, abc1234, M1", "2026-11-21 08:30, abc1234, Xeon"]
    assert tables[2].note == (
        "2 runs on 1 day and 2 machines: M1, 8 processors, Darwin; Xeon, 2 processors, Linux. "
        "Python 3.13.1, Django 5.2.19; Python 3.13.2, Django 5.2.19."
    )


def test_the_last_run_of_a_day_on_a_machine_stands_for_that_day(written: Callable[..., None]) -> None:
    other = {"machine": "M1, 8 processors, Darwin"}
    written(
        {"time": "2026-11-21 10:00", "figures": cost(3)},
        {"time": "2026-11-21 08:30", "figures": cost(1)},
        {"time": "2026-11-21 09:00", "figures": cost(2), **other},
        {"time": "2026-11-22 00:10", "figures": cost(4)},
    )
    (table,) = history.tables({"sql": "Queries"})
    assert table.rows == [["cost", "2.00 ×", "3.00 ×", "4.00 ×", "2.00 ×", "1 of 3"]]
    assert table.note.startswith("3 runs on 2 days and 2 machines: M1, 8 processors, Darwin; Xeon, ")


def test_what_a_run_missed_is_told_though_another_of_that_day_did_not(written: Callable[..., None]) -> None:
    written(
        {"figures": cost(1)},
        {"time": "2026-11-22 08:30", "figures": cost(3)},
        {"time": "2026-11-22 08:45", "figures": cost(1.5)},
        {"time": "2026-11-22 09:30", "figures": cost(1)},
    )
    (table,) = history.tables({"sql": "Queries"})
    assert table.rows == [["cost", "1.00 ×", "1.00 ×", "1.00 ×", "2 of 2"]]
    assert table.note.endswith(
        "Django 5.2.19. Missed by runs that another of the same occasion came after: "
        "cost, 3.00 × (2026-11-22 08:30, abc1234)."
    )


def test_runs_less_than_twelve_hours_apart_are_of_one_occasion(written: Callable[..., None]) -> None:
    written(
        {"time": "2026-11-21 22:00", "figures": cost(1)},
        {"time": "2026-11-22 09:00", "figures": cost(2)},
        {"time": "2026-11-23 09:00", "figures": cost(3)},
    )
    (table,) = history.tables({"sql": "Queries"})
    assert table.rows[0][1:3] == ["2.00 ×", "3.00 ×"]


def test_only_runs_with_c_are_compared_where_the_last_one_was_with_c(written: Callable[..., None]) -> None:
    written(
        {"time": "2026-11-20 08:30", "with_c": False, "figures": cost(9)},
        {"time": "2026-11-21 08:30", "figures": cost(1)},
        {"part": "memory", "time": "2026-11-20 08:30", "figures": cost(1)},
        {"part": "memory", "time": "2026-11-21 08:30", "with_c": False, "figures": cost(9)},
    )
    titles = {"memory": "Memory", "sql": "Queries"}
    assert history.tables(titles) == []
    assert history.steadiness(titles).rows == []
    assert history.alone(titles) == (
        "Measured with C on one day and one machine so far: Queries, Python 3.11. "
        "Measured without C on one day and one machine so far: Memory, Python 3.11."
    )


def test_of_machines_with_runs_on_several_days_it_is_told_whether_ratios_hold(
    written: Callable[..., None],
) -> None:
    steady, nothing = Figure("steady", 1, 3, "×"), Figure("nothing", 0, 1, "×")
    new = Figure("new", 1, 1, "×")
    other = {"machine": "M1, 8 processors, Darwin"}
    written(
        {"figures": [*cost(1), steady, nothing]},
        {"time": "2026-11-22 08:30", "figures": cost(9)},  # not the last of its day
        {"time": "2026-11-22 09:30", "figures": [*cost(1.5), steady]},
        {
            "time": "2026-11-23 08:30",
            "figures": [*cost(3), steady._replace(value=2), nothing, new],
        },
        {"time": "2026-11-23 08:30", "figures": cost(9), **other},
        {"part": "memory", "figures": [Figure("no ratio", 1, 2, "ms")]},
        {"part": "memory", "time": "2026-11-22 08:30", "figures": [Figure("no ratio", 1, 2, "ms")]},
    )
    table = history.steadiness({"memory": "Memory", "sql": "Queries"})
    assert table.rows == [["Queries, Python 3.11, Xeon", "3", "2 of 3", "2.50 ×", "3.00 ×"]]


def test_ratios_of_less_than_nothing_are_compared_by_what_became_of_their_targets(
    written: Callable[..., None],
) -> None:
    written({"figures": cost(-1)}, {"time": "2026-11-22 08:30", "figures": cost(1)})
    titles = {"sql": "Queries"}
    assert history.steadiness(titles).rows == [["Queries, Python 3.11, Xeon", "2", "1 of 1", "–", "–"]]
    assert history.tables(titles)[0].rows == [["cost", "-1.00 ×", "1.00 ×", "–", "2 of 2"]]


def test_where_ratios_hold_stands_in_the_order_of_the_parts(written: Callable[..., None]) -> None:
    written(
        *(
            {"part": part, "time": f"2026-11-{day} 08:30", "figures": cost(1)}
            for day in (21, 22)
            for part in "ba"
        )
    )
    table = history.steadiness({"a": "First", "b": "Second"})
    assert [row[0] for row in table.rows] == ["First, Python 3.11, Xeon", "Second, Python 3.11, Xeon"]


@pytest.mark.parametrize("on_the_other", [True, False])
def test_what_is_met_here_and_was_missed_on_another_machine_is_told(
    page: Callable[[], str],
    written: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    on_the_other: bool,
) -> None:
    monkeypatch.setattr(machine, "hardware", lambda: "Xeon, 2 processors, Linux")
    fine = Figure("fine", 1, 2, "×")
    here = [fine, *cost(1), Figure("both", 3, 2, "×")]
    Run("browser", "3.11", "Here, with its C.", (1.0, 2.0), Result(here, [])).keep()
    other = {"part": "browser", "machine": "M1, 8 processors, Darwin", "with_c": on_the_other}
    written(
        {**other, "time": "2026-11-21 09:00", "figures": [fine, *cost(3), Figure("both", 3, 2, "×")]},
        {**other, "time": "2026-11-21 08:30", "figures": cost(9)},
        {"part": "browser", "time": "2026-11-22 08:30", "figures": cost(8)},
        {**other, "part": "memory", "figures": cost(3)},
        {**other, "python": "3.13.1", "figures": cost(3)},
    )
    told = page().partition("## In the browser")[0]
    row = (
        "| In the browser, Python 3.11: cost | 3.00 × | ≤ 2.00 × | **missed**, 1.50 × the target "
        "| 2026-11-21 09:00, abc1234, M1 |"
    )
    sentence = (
        "On another machine (M1, 8 processors, Darwin) the panel was only measured without its C so far: "
        "the last runs there missed 2 of 3 targets."
    )
    assert (row in told, sentence in told) == (on_the_other, not on_the_other)
    assert ("may be what was measured" in told) is on_the_other


def test_targets_without_c_are_told_from_the_tables(page: Callable[[], str]) -> None:
    added = Table("", ["", "this panel adds", "this panel without C adds"], [["a query", "1", "2"]])
    shown = {"browse": "9 (9 %)", "order": "2 (2 %)", "import": "4 (4.5 %)", "stock-take": "-1 (-1 %)"}
    requests = Table(
        "", ["", "without C", "added in all"], [[name, cell, cell] for name, cell in shown.items()]
    )
    for part, table in (("sql", added), ("requests", requests)):
        figures = [Figure("added to a query", 1, 1.5, "µs")] if part == "sql" else []
        Run(part, "3.11", "Here, with its C.", (1.0, 2.0), Result(figures, [table])).keep()
    text = page()
    assert "Without C 1 of 3 are met, these are not" in text
    assert "| Queries, Python 3.11: added to a query | 2.00 µs | ≤ 1.50 µs | **missed**" in text
    assert "import, 1,000 saves, until the response is there | 4.50 % | ≤ 3.00 % | **missed**" in text
    assert "with what the server does after it, the panel adds 2.00 % and 4.50 %." in text


def test_the_middle_of_what_was_measured_tells_of_all_of_it_but_for_what_is_far_off() -> None:
    assert middle([1.0, 2.0, 4.0]) == 2.25
    assert middle([1.0, 2.0, 3.0, 1000.0]) == 2.75


def test_times_are_found_again_in_the_table_that_shows_them() -> None:
    times = {case: {BARE: 2000.0, OURS_WITHOUT_C: 5000.0, FLOOR: 2500.0} for case in recording.CASES}
    found = recording.times_in(recording.added_table(times))
    assert found["50"] == {BARE: 2.0, OURS_WITHOUT_C: 5.0, FLOOR: 2.5}
    figures = recording.beside_others(found, OURS_WITHOUT_C)
    assert [figure.value for figure in figures] == [6.0] * len(recording.OF_THE_FLOOR)


def test_a_figure_that_a_run_has_not_or_that_is_nothing_has_no_spread(written: Callable[..., None]) -> None:
    written(
        {"figures": [Figure("nothing", 0, 1, "ms")]},
        {"time": "2026-11-22 08:30", "figures": [Figure("nothing", 3, 1, "ms"), Figure("new", 3, 1, "ms")]},
    )
    (table,) = history.tables({"sql": "Queries"})
    assert table.rows == [
        ["nothing", "0.00 ms", "3.00 ms", "–", "1 of 2"],
        ["new", "–", "3.00 ms", "–", "0 of 1"],
    ]


def test_what_a_run_has_found_is_added_to_the_history(
    written: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert history.kept() == []
    written({"figures": cost(1)})
    monkeypatch.setattr(machine, "commit", lambda: "abc1234")
    history.add("memory", Result([Figure("cost", 1.23456789, 2, "×", at_least=True)], []))
    _, added = history.kept()
    assert added.group == ("memory", ".".join(platform.python_version_tuple()[:2]))
    assert added.figures == [Figure("cost", 1.23457, 2, "×", at_least=True)]
    assert (added.machine, added.commit) == (machine.hardware(), "abc1234")


@pytest.mark.skipif(shutil.which("git") is None, reason="There is no git.")
def test_the_commit_says_whether_what_is_measured_has_been_changed_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert machine.commit() == ""

    def git(*arguments: str) -> None:
        names = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
        subprocess.run(["git", *names, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    git("commit", "--allow-empty", "-m", "First")
    head = machine.commit()
    assert len(head) >= 7
    (tmp_path / "docs.md").touch()
    assert machine.commit() == head
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "new.js").touch()
    assert machine.commit() == f"{head}+"


@pytest.mark.programs
@pytest.mark.parametrize("part", ["recording", "sql"])
def test_a_part_that_is_run_quickly_tells_all_and_keeps_nothing(part: str) -> None:
    def kept() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in (history.FILE, report.PAGE, *runs.FOLDER.glob("*"))}

    before = kept()
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", part],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert f"### {report.PARTS[part]}, Python {platform.python_version().rpartition('.')[0]}" in run.stdout
    assert "**Targets**" in run.stdout
    assert kept() == before


def test_a_table_is_one_on_git_hub() -> None:
    table = Table("Title", ["", "a"], [["x", "1"]], "Note.")
    assert table.markdown() == "**Title**\n\n|  | a |\n|---|--:|\n| x | 1 |\n\nNote.\n"


def test_a_profile_has_no_path_of_the_machine() -> None:
    assert short(json.encoder.__file__) == "json/encoder.py"
    assert short(django.dispatch.dispatcher.__file__) == "django/dispatch/dispatcher.py"
    assert short(__file__) == "tests/test_benchmarks.py"
    assert short("/home/somebody/elsewhere/thing.py") == "elsewhere/thing.py"
    assert short("<frozen importlib._bootstrap>") == "<frozen importlib._bootstrap>"
