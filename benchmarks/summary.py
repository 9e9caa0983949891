"""The first lines of the page: what the panel costs, for somebody who wants to know no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.figures import Table, digits
from benchmarks.peers import OURS, OURS_WITHOUT_C
from benchmarks.recording.part import TAKES
from benchmarks.requests.part import Added
from benchmarks.runs import Run

Runs = Mapping[str, Sequence[Run]]
ONE_RECEIVER, FIVE_RECEIVERS, ASYNC = 1, 2, 6
ORDER, LARGE = 1, 3


def in_five_lines(runs: Runs) -> str:
    """What a user wants to know; but for idle, from the first Python that each part was measured with."""
    lines = []
    if runs["recording"]:
        table = _table(runs, "recording")
        bare = table.column(TAKES)
        ours, without_c = (table.column(f"{peer.title} adds") for peer in (OURS, OURS_WITHOUT_C))
        idle = "; ".join(f"{_idle(run.result.tables[1])} on Python {run.python}" for run in runs["recording"])
        again = _highest(
            [cell for run in runs["recording"] for cell in run.result.tables[1].column("bare /")]
        )
        lines += [
            "- While nothing is recorded, operations take so many times what they take with bare Django: "
            f"{idle}. Bare Django measured again takes {again} at most.",
            f"- While a request is recorded, a send to one receiver takes {_longer(ours[ONE_RECEIVER])}, to "
            f"five {_longer(ours[FIVE_RECEIVERS])}, and `asend` to five async ones {_longer(ours[ASYNC])}; "
            f"where C was not compiled {_longer(without_c[ONE_RECEIVER])}, "
            f"{_longer(without_c[FIVE_RECEIVERS])} and {_longer(without_c[ASYNC])}. By itself Django takes "
            f"{bare[ONE_RECEIVER]}, {bare[FIVE_RECEIVERS]} and {bare[ASYNC]} µs.",
        ]
    if runs["sql"] and runs["memory"]:
        query = _figure(runs, "sql", "added to a query")
        memory = _values(runs, "memory", "memory a span")
        lines.append(
            f"- A query takes {query} µs longer. Of a million sends and receiver calls each takes "
            f"{digits(min(memory))} to {digits(max(memory))} bytes of memory until the request is over."
        )
    if runs["requests"]:
        table = _table(runs, "requests")
        spans = table.column("sends + calls")[ORDER].replace("+", "sends and")
        alone, with_panel = (table.column(name)[ORDER] for name in ("toolbar alone", "with the panel"))
        until_there, in_all = (
            [Added.shown(cell).ms for cell in table.column(name)] for name in ("added until", "added in all")
        )
        lines.append(
            f"- Placing an order in the example project, {spans} receiver calls, takes the server "
            f"{_more(until_there[ORDER])} until the response is there, and {_more(in_all[ORDER])} in all, "
            f"with what follows the response. The response takes {alone} ms with the toolbar alone and "
            f"{with_panel} with the panel. A request of 100,000 spans takes "
            f"{_more(until_there[LARGE])} until then, and {_more(in_all[LARGE])} in all."
        )
    if runs["browser"]:
        opened = _figure(runs, "browser", "click to painted")
        step = _figure(runs, "browser", "median")
        lines.append(
            f"- Opening the panel of 100,000 spans takes {opened} ms, and a step of zooming {step} ms."
        )
    return "\n".join(lines)


def _idle(ratios: Table) -> str:
    """How many times as long as bare Django operations take while nothing is recorded."""
    once, often = (ratios.column(starts) for starts in ("idle / bare", "idle for long"))
    return (
        f"{once[-1]} by the median, {_highest(once)} at most (after 1,000 recordings {often[-1]}, "
        f"{_highest(often)})"
    )


def _highest(ratios: Sequence[str]) -> str:
    return max(ratios, key=lambda ratio: float(ratio.split()[0]))


def _longer(microseconds: str) -> str:
    """How much longer something takes, if it does."""
    return f"{microseconds} µs longer" if float(microseconds) > 0 else "no longer than without"


def _more(milliseconds: float) -> str:
    """How much more time something takes, if it does."""
    return f"{digits(milliseconds)} ms more" if milliseconds > 0 else "no more"


def _table(runs: Runs, part: str) -> Table:
    return runs[part][0].result.tables[0]


def _figure(runs: Runs, part: str, starts: str) -> str:
    return digits(_values(runs, part, starts)[0])


def _values(runs: Runs, part: str, starts: str) -> list[float]:
    return [figure.value for figure in runs[part][0].result.figures if figure.name.startswith(starts)]
