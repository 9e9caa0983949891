"""Mutation testing: changed in one small place, the code that records must fail its tests.

``make mutants`` tries all of it, which takes hours, and ``make mutants MODULES=signal_panel/middleware.py``
a part. cosmic-ray makes the changes, in a copy of the checkout. (mutmut puts calls of its own around
functions, and so breaks what looks at frames.) On top of its changes, each statement is left out once.

Only the nearest operators are tried in an operator's place, and annotations are left alone. Of a
module with many changes ``SAMPLE=100`` tries so many, the same in each run.
"""

from __future__ import annotations

import ast
import difflib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import django.test.client  # noqa: F401
import hypothesis.strategies  # noqa: F401
import pytest
import pytest_django.plugin  # noqa: F401
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python import tree

ROOT = Path(__file__).parents[1]
MODULES = [
    "signal_panel/middleware.py",
    *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("signal_panel/tracer/[!_]*.py")),
    "signal_panel/collector.py",
    "signal_panel/freezing.py",
    "signal_panel/scope.py",
    "signal_panel/recording.py",
]
# The tests that are to fail, the likeliest first; who survives a group meets the next. Those of concurrency,
# random worlds and failures of ours are left out: they take a minute each time.
TESTS = {
    "middleware": ("middleware", "panel"),
    "recording": ("recording", "record queries connections", "summary tables middleware"),
}
TESTS_OF_OTHERS = (
    "record ways_to_send scope",
    "queries connections coexistence transparency",
    "recording middleware hostile",
)
PATIENCE = 120  # seconds for a group: a change may well make a loop that does not end
SAMPLE = int(os.environ.get("SAMPLE", "0"))

# What an operator is exchanged for: its opposite, and of comparisons those that differ where both are equal.
EXCHANGES = {
    "Add": "Sub", "Sub": "Add", "Mul": "FloorDiv", "FloorDiv": "Mul", "BitOr": "BitAnd", "BitAnd": "BitOr",
    "Delete": "Not USub", "Eq": "NotEq", "NotEq": "Eq", "Is": "IsNot", "IsNot": "Is",
    "Lt": "LtE GtE", "LtE": "Lt Gt", "Gt": "GtE LtE", "GtE": "Gt Lt",
}  # fmt: skip


class LeaveOutStatement(Operator):  # type: ignore[misc]
    """Puts ``pass`` in a statement's place."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if node.type == "simple_stmt" and node.search_ancestor("funcdef"):
            statement = node.children[0]
            if statement.type not in ("string", "keyword", "import_from", "import_name", "global_stmt"):
                yield statement.start_pos, statement.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        first = node.get_first_leaf()
        node.children[0] = tree.Keyword("pass", first.start_pos, first.prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def operators() -> Iterator[Operator]:
    yield LeaveOutStatement()
    for name in operator_names():
        operator = get_operator(name)
        _, _, exchange = name.partition("Operator_")
        there, _, instead = exchange.partition("_")
        if not operator.arguments() and (not there or instead in EXCHANGES.get(there, "").split()):
            yield operator()


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Each change's kind, and the source so changed; none twice, and none that changes nothing."""
    seen = {meaning(source)}
    for operator in operators():
        occurrence = 0
        while (mutant := mutate_code(source, operator, occurrence)) is not None:
            occurrence += 1
            with suppress(SyntaxError):  # a lone * among the parameters is no operator
                if (changed := meaning(mutant)) not in seen:
                    seen.add(changed)
                    yield type(operator).__name__, mutant


def meaning(source: str) -> str:
    """What is run of a source: all but annotations and comments."""
    parsed = ast.parse(source)
    for node in ast.walk(parsed):
        for field in {"annotation", "returns"} & {*node._fields}:
            setattr(node, field, None if field == "returns" else ast.Constant(None))
    return ast.dump(parsed)


class Checkout:
    """A copy of the checkout, whose modules are changed one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ("git", "ls-files", "-z"), cwd=ROOT, check=True, capture_output=True, text=True
        )
        for name in filter(None, listed.stdout.split("\0")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)

    def survives(self, module: str, source: str) -> bool:
        """Whether a module with this source passes its tests."""
        original = (self.folder / module).read_text()
        (self.folder / module).write_text(source)
        try:
            groups = TESTS.get(Path(module).stem, TESTS_OF_OTHERS)
            return all(self._pass([f"tests/test_{name}.py" for name in names.split()]) for names in groups)
        finally:
            (self.folder / module).write_text(original)

    def _pass(self, files: list[str]) -> bool:
        # Forked, they find Python's, pytest's and Django's modules imported already.
        child = os.fork()
        if not child:
            status = 1
            try:
                os.setsid()
                os.chdir(self.folder)
                for stream in (1, 2):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
                del sys.modules["tests"]  # that of the checkout itself
                status = pytest.main(
                    ["-x", "-q", "-p", "pytest_django.plugin", "-p", "no:cacheprovider", *files]
                )
            finally:
                os._exit(status)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status == 0
            time.sleep(0.02)
        os.killpg(child, signal.SIGKILL)  # what they have forked, too
        os.waitpid(child, 0)
        return False


def difference(module: str, source: str, mutant: str) -> str:
    lines = difflib.unified_diff(source.split("\n"), mutant.split("\n"), module, "mutant", lineterm="", n=1)
    return "\n".join([*lines][2:])


def main() -> None:
    os.environ.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTHONDONTWRITEBYTECODE="1")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(Path(folder))
        for module in sys.argv[1:] or MODULES:
            source = (checkout.folder / module).read_text()
            if not checkout.survives(module, source):
                sys.exit(f"The tests of {module} fail already.")
            found = [*mutants(source)]
            tried = random.Random(module).sample(found, min(SAMPLE or len(found), len(found)))
            survived = 0
            for kind, mutant in tried:
                if checkout.survives(module, mutant):
                    survived += 1
                    print(f"\n{module}: {kind}\n{difference(module, source, mutant)}", flush=True)
            rows.append((module, len(found), len(tried), len(tried) - survived, survived))
    for row in [("module", "mutants", "tried", "killed", "survived"), *rows]:
        print("{:<36}{:>10}{:>10}{:>10}{:>10}".format(*row))


if __name__ == "__main__":
    main()
