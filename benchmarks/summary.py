"""The first lines of the page: what the panel costs, for somebody who wants to know no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.figures import digits
from benchmarks.peers import OURS, OURS_WITHOUT_C
from benchmarks.runs import Run

Runs = Mapping[str, Sequence[Run]]


def in_five_lines(runs: Runs) -> str:
    """What a user wants to know, from the first Python that each part was measured with."""
    lines = []
    if runs["recording"]:
        ours, without_c = (
            _column(runs, "recording", f"{peer.title} adds") for peer in (OURS, OURS_WITHOUT_C)
        )
        one, five = _row(runs, "recording", 1), _row(runs, "recording", 2)
        lines += [
            "- While nothing is recorded it costs nothing: Django's own methods stand in their places. With "
            "Python 3.13 or newer ours stay there from the 250th recording on, and pass on at once.",
            f"- While a request is recorded, a send to one receiver takes {_longer(one[ours])}, to five "
            f"{_longer(five[ours])}; where there was no C compiler {_longer(one[without_c])} and "
            f"{_longer(five[without_c])}. By itself Django takes {one[1]} and {five[1]} µs.",
        ]
    if runs["sql"] and runs["memory"]:
        query, memory = _figure(runs, "sql", "added to a query"), _figure(runs, "memory", "memory a span")
        lines.append(
            f"- A query takes {query} µs longer. Of a million sends and receiver calls each takes {memory} "
            "bytes of memory until the request is over."
        )
    if runs["requests"]:
        order, large = _row(runs, "requests", 1), _row(runs, "requests", 3)
        spans = order[1].replace("+", "sends and")
        columns = [_column(runs, "requests", name) for name in ("added until", "added in all")]
        (wait, work), (large_wait, large_work) = (
            [row[column].split()[0] for column in columns] for row in (order, large)
        )
        lines.append(
            f"- Placing an order in the example project, {spans} receiver calls, takes {wait} ms longer "
            f"than the {order[2]} ms with the toolbar alone, a request of 100,000 spans "
            f"{_longer(large_wait, 'ms')}. "
            f"In all, with what follows the response, the server works {work} and {large_work} ms longer."
        )
    if runs["browser"]:
        opened = _figure(runs, "browser", "click to painted, 100,000")
        step = _figure(runs, "browser", "median frame, 100,000")
        lines.append(
            f"- Opening the panel of 100,000 spans takes {opened} ms, and a step of zooming {step} ms."
        )
    return "\n".join(lines)


def _longer(time: str, unit: str = "µs") -> str:
    """How much longer something takes, if it does."""
    return f"{time} {unit} longer" if float(time) > 0 else "no longer than without"


def _column(runs: Runs, part: str, starts: str) -> int:
    head = runs[part][0].result.tables[0].head
    return next(column for column, name in enumerate(head) if name.startswith(starts))


def _row(runs: Runs, part: str, number: int) -> Sequence[str]:
    return runs[part][0].result.tables[0].rows[number]


def _figure(runs: Runs, part: str, starts: str) -> str:
    found = next(figure for figure in runs[part][0].result.figures if figure.name.startswith(starts))
    return digits(found.value)
