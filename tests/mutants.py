"""Mutation testing: changed in one small place, the code that records, finds and adds up must fail its tests.

``make mutants`` tries all of it, which takes two hours, ``make mutants MODULES=signal_panel/middleware.py`` a
part; ``WORKERS=2`` tries two changes at a time. cosmic-ray makes the changes, in a copy of the checkout.
(mutmut puts calls of its own around functions, and so breaks what looks at frames.) On top of its changes,
each statement is left out once.

The tests run once with coverage, so that a change meets those first that run the statement it is in. Who
survives them meets all that run any of the module: what one has patched or remembered another may use.

Only the nearest operators are tried in an operator's place, and annotations are left alone. Of a
module with many changes ``SAMPLE=100`` tries so many, the same in each run.
"""

from __future__ import annotations

import ast
import difflib
import gc
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

import coverage
import django.test.client  # noqa: F401
import hypothesis.strategies
import pytest
import pytest_django.plugin  # noqa: F401
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python import tree

ROOT = Path(__file__).parents[1]
MODULES = [
    "signal_panel/middleware.py",
    # Without tracer.quick, which is not used there.
    *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("signal_panel/tracer/[!_q]*.py")),
    "signal_panel/speedups/pure.py",
    "signal_panel/collector.py",
    "signal_panel/kinds.py",
    "signal_panel/identity.py",
    "signal_panel/instances.py",
    "signal_panel/frames.py",
    "signal_panel/rows.py",
    "signal_panel/freezing.py",
    "signal_panel/unchanged.py",
    "signal_panel/batches.py",
    "signal_panel/scope.py",
    *sorted(
        str(path.relative_to(ROOT))
        for folder in ("recording", "findings", "tables")
        for path in ROOT.glob(f"signal_panel/{folder}/*.py")
    ),
]
# Those of concurrency, random worlds, bounds and failures of ours are left out: they take a minute each time.
TESTS = (
    "coexistence connected connections contexts findings findings_connections findings_failures"
    " findings_receivers findings_sends hostile instances kinds middleware packages panel patching queries"
    " record recording rows scope sheets summary tables transparency unchanged ways_to_send"
)
FIRST = 40  # tests, before the others that run the statement: most changes are noticed by one of them
PATIENCE = 10, 5  # seconds, and times what the tests took: a change may well make a loop that does not end
SAMPLE = int(os.environ.get("SAMPLE", "0"))
WORKERS = int(os.environ.get("WORKERS", "1"))

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


class Chosen:
    """Some tests, in this order, as a plugin of pytest's: not every name of a test can be an argument."""

    def __init__(self, tests: list[str]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}
        self.files = [*dict.fromkeys(test.partition("::")[0] for test in tests)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._places]
        items.sort(key=lambda item: self._places[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            Path("noticed").write_text(report.nodeid)


class Reached:
    """Which tests run which lines, and how long they take: watches them as a plugin of pytest's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seconds: dict[str, float] = {}
        self._noticed: Counter[str] = Counter()
        self._tests: dict[str, dict[int, list[str]]] = {}

    def watch(self) -> None:
        """Begin to, in a process that has not imported the package yet."""
        self._coverage = coverage.Coverage(data_file=None, config_file=False, source_pkgs=["signal_panel"])
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        start = time.monotonic()
        result = yield
        self._seconds[item.nodeid] = time.monotonic() - start
        self._coverage.switch_context("")
        return result

    def pytest_unconfigure(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        tests = {
            str(Path(name).relative_to(self._folder)): data.contexts_by_lineno(name)
            for name in data.measured_files()
        }
        (self._folder / "reached.json").write_text(json.dumps((self._seconds, tests)))

    def read(self) -> None:
        """Take what the process that watched has found."""
        self._seconds, self._tests = json.loads((self._folder / "reached.json").read_text())

    def patience(self, tests: list[str]) -> float:
        """How many seconds to wait for these tests."""
        seconds, times = PATIENCE
        return seconds + times * sum(self._seconds[test] for test in tests)

    def noticed(self, test: str) -> None:
        """A test has noticed a change."""
        self._noticed[test] += 1

    def all(self) -> list[str]:
        """All tests: the quickest first, and before them those that have noticed other changes."""
        return sorted(self._seconds, key=lambda test: self._seconds[test] / (1 + 20 * self._noticed[test]))

    def by(self, module: str, lines: range) -> list[str]:
        """The tests that run any of the module, the likeliest first: those that run one of the lines."""
        of_lines, of_module = set(), set()
        for line, tests in self._tests[module].items():
            of_module.update(tests)
            if int(line) in lines:
                of_lines.update(tests)
        found = [test for test in self.all() if test in of_module]
        return sorted(found, key=lambda test: test not in of_lines)


def changed(source: str, mutant: str) -> range:
    """The lines of the innermost statement that was changed; all of them for more than one."""
    lines, others = source.split("\n"), mutant.split("\n")
    first = 1 + _same(lines, others)
    last = max(first, len(lines) - _same(lines[::-1], others[::-1]))
    *_, innermost = (
        range(1, len(lines) + 1),
        *(
            range(node.lineno, end + 1)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.stmt) and node.lineno <= first and last <= (end := node.end_lineno or 0)
        ),
    )
    return innermost


def _same(lines: list[str], others: list[str]) -> int:
    return len([*takewhile(lambda pair: pair[0] == pair[1], zip(lines, others, strict=False))])


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

    def watch(self) -> Reached:
        """Which lines its tests run. They have to pass, also in the order in which changes will meet them."""
        reached = Reached(self.folder)
        if self._pass([f"tests/test_{name}.py" for name in TESTS.split()], reached, 600):
            reached.read()
            if self._choose(reached.all(), reached):
                return reached
        sys.exit(f"The tests fail already.\n{(self.folder / 'output').read_text()}")

    def survives(self, module: str, source: str, reached: Reached) -> bool:
        """Whether a module with this source passes the tests that run what was changed."""
        original = (self.folder / module).read_text()
        tests = reached.by(module, changed(original, source))
        (self.folder / module).write_text(source)
        survives = all(self._choose(some, reached) for some in (tests[:FIRST], tests[FIRST:]) if some)
        (self.folder / module).write_text(original)
        noticed = self.folder / "noticed"
        if noticed.exists():
            reached.noticed(noticed.read_text())
            noticed.unlink()
        return survives

    def _choose(self, tests: list[str], reached: Reached) -> bool:
        chosen = Chosen(tests)
        return self._pass(chosen.files, chosen, reached.patience(tests))

    def _pass(self, files: list[str], plugin: Chosen | Reached, patience: float) -> bool:
        # Forked, they find Python's, pytest's and Django's modules imported already.
        child = os.fork()
        if not child:
            status = 1
            try:
                os.setsid()
                os.chdir(self.folder)
                output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                for stream in (1, 2):
                    os.dup2(output, stream)
                # One second's changes of one length would be taken for each other.
                sys.dont_write_bytecode = isinstance(plugin, Chosen)
                del sys.modules["tests"]  # that of the checkout itself
                if isinstance(plugin, Reached):
                    plugin.watch()
                status = pytest.main(
                    ["-x", "-q", "-p", "pytest_django.plugin", "-p", "no:cacheprovider", *files], [plugin]
                )
            finally:
                os._exit(status)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status == 0
            time.sleep(0.01)
        os.killpg(child, signal.SIGKILL)  # what they have forked, too
        os.waitpid(child, 0)
        return False


def difference(module: str, source: str, mutant: str) -> str:
    lines = difflib.unified_diff(source.split("\n"), mutant.split("\n"), module, "mutant", lineterm="", n=1)
    return "\n".join([*lines][2:])


_checkout: Checkout
_reached: Reached


def _begin(folder: str) -> None:
    global _checkout
    gc.freeze()  # what collects garbage in a test need not look at what is ours
    _checkout = Checkout(Path(tempfile.mkdtemp(dir=folder)))


def _try(module: str, mutant: str) -> bool:
    return _checkout.survives(module, mutant, _reached)


def main() -> None:
    global _reached
    os.environ.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTHONDONTWRITEBYTECODE="1")
    hypothesis.settings.register_profile("mutants", derandomize=True, deadline=None)
    hypothesis.settings.load_profile("mutants")
    rows = []
    forking = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        _begin(folder)
        _reached = _checkout.watch()
        workers = ProcessPoolExecutor(WORKERS, forking, _begin, (folder,))
        for module in sys.argv[1:] or MODULES:
            source = (ROOT / module).read_text()
            found = [*mutants(source)]
            tried = random.Random(module).sample(found, min(SAMPLE or len(found), len(found)))
            survived = 0
            survive = workers.map(_try, [module] * len(tried), [mutant for _, mutant in tried])
            for (kind, mutant), survives in zip(tried, survive, strict=True):
                if survives:
                    survived += 1
                    print(f"\n{module}: {kind}\n{difference(module, source, mutant)}", flush=True)
            rows.append((module, len(found), len(tried), len(tried) - survived, survived))
    for row in [("module", "mutants", "tried", "killed", "survived"), *rows]:
        print("{:<36}{:>10}{:>10}{:>10}{:>10}".format(*row))


if __name__ == "__main__":
    main()
