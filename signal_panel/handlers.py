"""Modules of the user's apps that would connect receivers, had anybody imported them."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator

from django.apps import apps

from signal_panel import naming
from signal_panel.recording import Handlers

MODULES = ("signals", "receivers", "handlers")
"""What modules with receivers are called by custom: such a file, or the files of such a folder."""


def handlers_not_imported() -> list[Handlers]:
    """The modules that exist, connect receivers where they are imported, and are not. Imports none itself."""
    if not apps.apps_ready:
        return []
    found = []
    for config in apps.get_app_configs():
        path = os.path.join(config.path, "")
        if naming.owner_of(path) == naming.USERS and not naming.is_installed(path):
            for module, file in _files(config.name, config.path):
                line = None if module in sys.modules else _first_receivers.line(file)
                if line is not None and not _is_loaded(file):
                    found.append(Handlers(config.label, module, file, line))
    return found


def _files(package: str, folder: str) -> Iterator[tuple[str, str]]:
    for name in MODULES:
        module, path = f"{package}.{name}", os.path.join(folder, name)
        yield module, f"{path}.py"
        try:
            files = os.listdir(path)
        except OSError:
            continue
        for file in sorted(files):
            submodule, extension = os.path.splitext(file)
            if extension == ".py":
                whole = module if submodule == "__init__" else f"{module}.{submodule}"
                yield whole, os.path.join(path, file)


def _is_loaded(file: str) -> bool:
    """Whether a module was made from the file, whatever the module's name."""
    name, real = os.path.basename(file), os.path.realpath(file)
    files = (naming.instance_dict(module).get("__file__") for module in list(sys.modules.values()))
    return any(type(path) is str and path.endswith(name) and os.path.realpath(path) == real for path in files)


class _FirstReceivers:
    """The line in a file that is the first to connect a receiver, read again where the file has changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int | None]] = {}

    def line(self, file: str) -> int | None:
        """The line, or None where there is none, or no such file."""
        try:
            changed = os.stat(file).st_mtime_ns
        except OSError:
            return None
        known = self._known.get(file)
        if known is None or known[0] != changed:
            known = self._known[file] = (changed, _first_receiver(file))
        return known[1]


_first_receivers = _FirstReceivers()


def _first_receiver(file: str) -> int | None:
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read(), file)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None  # whoever imports it will be told
    statements = list(_at_module_level(tree.body))
    modules, definitions = _names(statements)
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in statement.decorator_list:
                if isinstance(decorator, ast.Call) and _path(decorator.func)[-1:] == ["receiver"]:
                    return decorator.lineno
        elif isinstance(statement, ast.Expr) and _connects(statement.value, modules, definitions):
            return statement.lineno
    return None


def _at_module_level(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The statements that run on import, those in an ``if``, a loop or the like among them."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inside = ast.iter_child_nodes(node)
            yield from _at_module_level(part for part in inside if not isinstance(part, ast.expr))


def _names(statements: list[ast.AST]) -> tuple[set[str], set[str]]:
    """The names that are modules, and those defined here or imported from elsewhere."""
    modules, definitions = set(), set()
    for statement in statements:
        if isinstance(statement, ast.Import):
            modules |= {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            definitions |= {alias.asname or alias.name for alias in statement.names}
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            definitions.add(statement.name)
    return modules, definitions


def _connects(call: ast.expr, modules: set[str], definitions: set[str]) -> bool:
    """Whether it is ``signal.connect(receiver)`` for all we know, and not ``database.connect(path)``."""
    if not (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "connect"
    ):
        return False
    if {keyword.arg for keyword in call.keywords} & {"receiver", "sender", "weak", "dispatch_uid"}:
        return True
    if isinstance(call.func.value, ast.Name) and call.func.value.id in modules:
        return False
    receiver = _path(call.args[0]) if call.args else []
    return bool(receiver) and receiver[0] in modules | definitions and not receiver[-1].isupper()


def _path(node: ast.expr) -> list[str]:
    """The parts of a dotted name, or nothing where it is no such name."""
    if isinstance(node, ast.Attribute):
        owner = _path(node.value)
        return [*owner, node.attr] if owner else []
    return [node.id] if isinstance(node, ast.Name) else []
