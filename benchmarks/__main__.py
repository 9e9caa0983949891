"""``python -m benchmarks``: measure, print figures beside their targets, and write docs/performance.md."""

from __future__ import annotations

import argparse
import platform

from benchmarks import history, machine, memory, report, sql
from benchmarks.browser import part as browser
from benchmarks.effort import Effort
from benchmarks.recording import part as recording
from benchmarks.requests import part as requests
from benchmarks.runs import Run

PARTS = {
    "recording": recording.run,
    "sql": sql.run,
    "memory": memory.run,
    "requests": requests.run,
    "browser": browser.run,
}


def main() -> None:
    """Run the parts that are asked for; a part that was run before stays in the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="only see that all runs, and write nothing")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")

    peers = machine.available(recording.PEERS)
    for name in options.parts or PARTS:
        print(f"\n# {name}\n", flush=True)
        before = machine.load()
        result = PARTS[name](Effort(options.quick), peers)
        run = Run(
            part=name,
            python=".".join(platform.python_version_tuple()[:2]),
            where=machine.described(peers),
            load=(before, machine.load()),
            result=result,
        )
        print(report.of_part(run), flush=True)
        if not options.quick:
            run.keep()
            history.add(name, result)
    if not options.quick:
        print(f"\nWritten to {report.write()}")


main()
