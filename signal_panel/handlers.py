"""Modules of the user's apps that would connect receivers, had anybody imported them."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from time import time_ns
from typing import Generic, NamedTuple, TypeVar

from django.apps import apps
from django.conf import settings

from signal_panel import naming
from signal_panel.recording import UNKNOWN, Handlers

MODULES = ("signals", "receivers", "handlers")
"""What modules with receivers are called by custom: such a file, or the files of such a folder."""

Made = TypeVar("Made")

SETTLED_NS = 2_000_000_000  # FAT tells times in steps of two seconds


def handlers_not_imported() -> list[Handlers]:
    """The modules that exist, connect receivers where they are imported, and are not. Imports none itself."""
    if not apps.models_ready:
        return []
    found = []
    for config in apps.get_app_configs():
        path = os.path.join(config.path, "")
        if naming.owner_of(path) == naming.USERS:
            for module, file in _files(config.name, config.path):
                registered = None if module in sys.modules else _registered.of(file)
                if registered is not None and not _is_loaded(file, len(sys.modules)):
                    found.append(Handlers(config.label, module, file, *registered))
    return found


def _files(package: str, folder: str) -> Iterator[tuple[str, str]]:
    inside = _names_in.of(folder)  # to ask for each that may be there takes three times as long
    for name in MODULES:
        file = f"{name}.py"
        if file in inside:
            yield f"{package}.{name}", os.path.join(folder, file)
        if name in inside:
            path = os.path.join(folder, name)
            for file in sorted(_names_in.of(path)):
                submodule, extension = os.path.splitext(file)
                if extension == ".py":
                    module = [package, name] if submodule == "__init__" else [package, name, submodule]
                    yield ".".join(module), os.path.join(path, file)


class _Remembered(Generic[Made]):
    """What is made of files and folders, again where they have changed: to ask when takes a fifth of listing.

    What changed so recently may change again in the same tick of the file system's clock, and is not kept.
    """

    def __init__(self, make: Callable[[str], Made], nothing: Made) -> None:
        self._make, self._nothing = make, nothing
        self._known: dict[str, tuple[int, Made]] = {}

    def of(self, path: str) -> Made:
        """What is made of it; nothing where it is not there or can't be read."""
        try:
            changed = os.stat(path).st_mtime_ns
            known = self._known.get(path)
            if known is not None and known[0] == changed:
                return known[1]
            made = self._make(path)
        except OSError:
            return self._nothing
        if time_ns() - changed > SETTLED_NS:
            self._known[path] = (changed, made)
        return made


def _listed(folder: str) -> frozenset[str]:
    return frozenset(os.listdir(folder))


_names_in: _Remembered[frozenset[str]] = _Remembered(_listed, frozenset())


@lru_cache(maxsize=4096)  # 15 µs a file, and each is looked for in each recording
def _is_loaded(file: str, modules: int) -> bool:
    """Whether one of so many modules was made from the file, whatever the module's name."""
    return os.path.realpath(file) in _loaded(os.path.basename(file), modules)


@lru_cache  # 0.25 ms a name, which many apps have
def _loaded(name: str, modules: int) -> frozenset[str]:
    """The files of this name that so many modules were made from."""
    files = (naming.instance_dict(module).get("__file__") for module in list(sys.modules.values()))
    return frozenset(os.path.realpath(path) for path in files if type(path) is str and path.endswith(name))


class _Registered(NamedTuple):
    """What a file connects: the first line that does, and the signals and senders it tells of."""

    line: int
    hears: tuple[tuple[str, str | None], ...]


def _read(file: str) -> _Registered | None:
    with open(file, "rb") as source:
        text = source.read()
    try:
        tree = ast.parse(text, file)
    except (SyntaxError, ValueError, RecursionError):
        return None  # whoever imports it will be told
    statements = list(_at_module_level(tree.body))
    names = _names(statements)
    calls = list(_registrations(statements, names))
    if not calls:
        return None
    hears = dict.fromkeys(heard for _, signals, call in calls for heard in _heard(signals, call, names))
    return _Registered(calls[0][0], tuple(hears))


_registered: _Remembered[_Registered | None] = _Remembered(_read, None)


class _Names(NamedTuple):
    """The names that are modules, those defined here or imported from elsewhere, and what these are there."""

    modules: set[str]
    definitions: set[str]
    originals: dict[str, str]


def _registrations(
    statements: list[ast.AST], names: _Names
) -> Iterator[tuple[int, list[ast.expr], ast.Call]]:
    """The calls that connect receivers: the line, the signals, and the call."""
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in statement.decorator_list:
                if isinstance(decorator, ast.Call) and _path(decorator.func)[-1:] == ["receiver"]:
                    named = [keyword.value for keyword in decorator.keywords if keyword.arg == "signal"]
                    signals = decorator.args[:1] or named
                    if signals and isinstance(signals[0], (ast.List, ast.Tuple)):
                        signals = signals[0].elts
                    yield decorator.lineno, signals, decorator
        elif isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call):
            signal = _connected_signal(call, names)
            if signal is not None:
                yield statement.lineno, [signal], call


def _heard(signals: list[ast.expr], call: ast.Call, names: _Names) -> Iterator[tuple[str, str | None]]:
    named = [keyword.value for keyword in call.keywords if keyword.arg in ("sender", None)]
    senders = named or call.args[1:2]
    sender = _sender(senders[0], names) if senders else None
    for signal in signals:
        if path := _path(signal):
            yield _own_name(path, names), sender


def _sender(node: ast.expr, names: _Names) -> str | None:
    """The sender's own name; None for any, and ``?`` where the text does not tell it."""
    path = _path(node.func if isinstance(node, ast.Call) else node)
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str(label)) if "." in label:
            return _model(label)
        case ast.Call(args=[*_, ast.Constant(value=str(label))]) if path[-1:] == ["get_model"]:
            return _model(label)
        case ast.Call() | ast.Constant():
            return _model(settings.AUTH_USER_MODEL) if path[-1:] == ["get_user_model"] else UNKNOWN
        case ast.Attribute(attr="AUTH_USER_MODEL"):
            return _model(settings.AUTH_USER_MODEL)
        case ast.Attribute(attr="through") if len(path) > 2:
            return f"{_own_name(path[:-2], names)}_{path[-2]}"  # what Django calls those that it makes
    if not path:
        return UNKNOWN
    name = _own_name(path, names)
    # What is written in capitals is a constant, of which the text tells no more, or a model.
    is_class = name[0].isupper() and not name.isupper()
    return name if is_class or any(model.__name__ == name for model in apps.get_models()) else UNKNOWN


def _model(label: str) -> str:
    return label.rpartition(".")[2]


def _own_name(path: list[str], names: _Names) -> str:
    """What the last of a dotted name is called where it is defined."""
    return names.originals.get(path[0], path[0]) if len(path) == 1 else path[-1]


def _at_module_level(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The statements that run on import, those in an ``if``, a loop or the like among them."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inside = ast.iter_child_nodes(node)
            yield from _at_module_level(part for part in inside if not isinstance(part, ast.expr))


def _names(statements: list[ast.AST]) -> _Names:
    modules, definitions, originals = set(), set(), {}
    for statement in statements:
        if isinstance(statement, ast.Import):
            modules |= {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            definitions |= {alias.asname or alias.name for alias in statement.names}
            originals.update({alias.asname: alias.name for alias in statement.names if alias.asname})
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            definitions.add(statement.name)
    return _Names(modules, definitions, originals)


def _connected_signal(call: ast.Call, names: _Names) -> ast.expr | None:
    """The signal where it is ``signal.connect(receiver)`` for all we know, not ``database.connect(path)``."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "connect"):
        return None
    signal = call.func.value
    if {keyword.arg for keyword in call.keywords} & {"receiver", "sender", "weak", "dispatch_uid"}:
        return signal
    if isinstance(signal, ast.Name) and signal.id in names.modules:
        return None
    receiver = _path(call.args[0]) if call.args else []
    is_one = (
        bool(receiver) and receiver[0] in names.modules | names.definitions and not receiver[-1].isupper()
    )
    return signal if is_one else None


def _path(node: ast.expr) -> list[str]:
    """The parts of a dotted name, or nothing where it is no such name."""
    if isinstance(node, ast.Attribute):
        owner = _path(node.value)
        return [*owner, node.attr] if owner else []
    return [node.id] if isinstance(node, ast.Name) else []
