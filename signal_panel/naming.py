"""Names for signals, receivers, senders and sites.

Nothing here runs the user's code: no ``repr``, no attribute of an object that could be computed, only what
Python itself keeps on functions, classes and modules.
"""

from __future__ import annotations

import functools
import importlib.util
import linecache
import os
import re
import sys
import sysconfig
import threading
from collections import defaultdict
from collections.abc import Container
from contextlib import suppress
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, NamedTuple
from weakref import ref

from django.dispatch import Signal

# Who a file belongs to. A send's site is the innermost frame in a file of the user's own.
USERS, PACKAGES, PLUMBING, SERVER_ENTRY = "user's", "a package's", "plumbing", "server entry"

_STANDARD_LIBRARY = tuple(
    {
        os.path.join(resolve(sysconfig.get_path(name)), "")
        for name in ("stdlib", "platstdlib")
        for resolve in (os.path.abspath, os.path.realpath)
    }
)
_INSTALLED_PACKAGES = re.compile(r"[\\/](site|dist)-packages[\\/]")
_LAUNCHERS = sysconfig.get_path("scripts")


def _folder_of(package: str) -> str:
    spec = importlib.util.find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    return os.path.join(locations[0], "") if locations else "\0"


_DJANGO = _folder_of("django")
_PLUMBING_FOLDERS = (
    _DJANGO,
    *map(_folder_of, ("asgiref", "jinja2", "debug_toolbar")),
    os.path.join(os.path.dirname(__file__), ""),
)
# What calls the first two is a web server, and what calls the third is a middleware that passes the request
# on: no frame further out caused anything.
_SERVER_ENTRIES = tuple(
    os.path.join(_DJANGO, "core", "handlers", name) for name in ("wsgi.py", "asgi.py", "exception.py")
)


def is_installed(path: str) -> bool:
    """Whether the file came with an installed package, and so is nobody's to change here."""
    return _INSTALLED_PACKAGES.search(path) is not None


@functools.cache
def owner_of(path: str) -> str:
    """Who the file of a code object belongs to: the user, a package, the plumbing, or a server's entry.

    Plumbing is Django, asgiref, Jinja2, the toolbar, this package, the standard library, and what launches
    the commands of packages. A package is any other that was installed.
    """
    if path in _SERVER_ENTRIES:
        return SERVER_ENTRY
    if path.startswith(("<frozen ", "<attrs generated ", *_PLUMBING_FOLDERS)):
        return PLUMBING
    if is_installed(path):
        return PACKAGES
    return PLUMBING if path.startswith(_STANDARD_LIBRARY) or os.path.dirname(path) == _LAUNCHERS else USERS


# What Python itself keeps of a class, past its metaclass, which may compute attributes of the same names.
attributes_of = type.__dict__["__dict__"].__get__
bases_of = type.__dict__["__mro__"].__get__
_module_there = type.__dict__["__module__"].__get__
_qualified_name_of = type.__dict__["__qualname__"].__get__
_name_of: Any = type.__dict__["__name__"].__get__
_KEPT_IN_C = (GetSetDescriptorType, MemberDescriptorType)


def _module_of(cls: type) -> Any:
    """The class's module, whatever its metaclass says, or None: there are classes made in none."""
    try:
        return _module_there(cls)
    except AttributeError:
        return None


def plain_class_name(cls: type) -> str:
    """The class's own name, whatever its metaclass says."""
    return str.__str__(_name_of(cls))


def class_name(cls: type) -> str:
    """The class's dotted name, whatever its metaclass says; of a built-in class the plain one."""
    return _dotted(_module_of(cls), _qualified_name_of(cls))


def _dotted(module: Any, name: str) -> str:
    # A name may be of a subclass of str that formats itself; a module's may be anything.
    name = str.__str__(name)
    return f"{module}.{name}" if type(module) is str and module != "builtins" else name


def sender_name(sender: Any) -> str:
    """Dotted name of a class or function; an instance is its class's name followed by ``()``."""
    if sender is None:
        return "None"
    cls = type(sender)
    if issubclass(cls, type):
        return class_name(sender)
    if cls is FunctionType:
        return _dotted(sender.__module__, sender.__qualname__)
    if cls is ModuleType:
        return _module_name(sender)
    return f"{class_name(cls)}()"


def _module_name(module: ModuleType) -> str:
    name = instance_dict(module).get("__name__")
    return name if type(name) is str else "?"


class Definition(NamedTuple):
    """A receiver's dotted name and, where it is written in Python, its code."""

    name: str
    code: CodeType | None


def receiver_definition(receiver: Any) -> Definition:
    """The user's function behind a receiver: past bound methods, partials, decorators and wrappers."""
    receiver = _unwrapped(receiver)
    cls = type(receiver)
    if cls is FunctionType:
        return Definition(_dotted(receiver.__module__, receiver.__qualname__), receiver.__code__)
    if cls is BuiltinFunctionType:
        owner = receiver.__self__
        prefix = _module_name(owner) if type(owner) is ModuleType else class_name(type(owner))
        return Definition(f"{prefix}.{receiver.__name__}", None)
    if issubclass(cls, type):
        return Definition(class_name(receiver), _code_of_method(receiver, "__init__"))
    return Definition(f"{class_name(cls)}.__call__", _code_of_method(cls, "__call__"))


def _unwrapped(receiver: Any) -> Any:
    for _ in range(100):  # wrappers that go in a circle end somewhere
        cls = type(receiver)
        if cls is FunctionType:
            inner = receiver.__dict__.get("__wrapped__")
        elif cls is MethodType:
            inner = receiver.__func__
        elif issubclass(cls, functools.partial):
            inner = functools.partial.func.__get__(receiver)
        else:
            inner = instance_dict(receiver).get("__wrapped__")
            if inner is None:
                with suppress(Exception):  # one made by wrapt keeps it in C, and may wrap nothing yet
                    inner = _kept_in_c(receiver, "__wrapped__")
        if inner is None:
            break
        receiver = inner
    return receiver


def _kept_in_c(obj: Any, name: str) -> Any:
    """An attribute that Python or an extension keeps of an object, in ``__slots__`` too; else None.

    One that is computed by Python code is passed over: below it there may be another.
    """
    for base in bases_of(type(obj)):
        descriptor = attributes_of(base).get(name)
        if type(descriptor) in _KEPT_IN_C:
            return descriptor.__get__(obj)
    return None


def instance_dict(obj: Any) -> dict[str, Any]:
    """The attributes that Python itself keeps of an object; those that are computed are not there."""
    found = _kept_in_c(obj, "__dict__")  # that of a proxy or a lazy module is computed
    return found if type(found) is dict else {}


def kept_attribute(obj: Any, name: str) -> Any:
    """One of the attributes that Python itself keeps of an object, or None.

    Python 3.11 and 3.12 make a dictionary of them only when somebody asks for it, and find each later
    ever after: once ``post_init`` had been looked at so, to make a model took 5 % longer.
    """
    for base in bases_of(type(obj)):
        if name in attributes_of(base):  # it may be a computed one
            return instance_dict(obj).get(name)
    try:
        return object.__getattribute__(obj, name)
    except AttributeError:
        return None


def weak_reference(thing: Any) -> ref[Any] | None:
    """One to it, or None where there can be none, as to a string."""
    try:
        return ref(thing)
    except TypeError:
        return None


def _code_of_method(cls: type, name: str) -> CodeType | None:
    for base in bases_of(cls):
        method = _unwrapped(attributes_of(base).get(name))
        if method is not None:
            return method.__code__ if type(method) is FunctionType else None
    return None


def line_of_definition(code: CodeType) -> int:
    """The line of ``def``: a code object's own first line is that of its first decorator."""
    first = code.co_firstlineno
    lines = _definitions(code.co_filename).get(code.co_name, ())
    return next((line for line in lines if first <= line < first + 100), first)


_DEFINITION = re.compile(r"\s*(?:async\s+)?def\s+(\w+)")


@functools.lru_cache(maxsize=4096)
def _definitions(path: str) -> dict[str, list[int]]:
    """The lines of a file that define functions, by the functions' names."""
    found = defaultdict(list)
    for number, line in enumerate(_lines_of(path), 1):
        if definition := _DEFINITION.match(line):
            found[definition[1]].append(number)
    return dict(found)


def line_of_instruction(code: CodeType, offset: int) -> int:
    """The line of the instruction at ``offset``, as ``frame.f_lasti`` gives it."""
    return _line_of_instruction(code.co_filename, code, offset)


@functools.lru_cache(maxsize=4096)  # 4 µs a site, and most sites are in each recording, twice
def _line_of_instruction(_path: str, code: CodeType, offset: int) -> int:
    # Codes of two files may be equal, and their lines may not.
    for start, end, line in code.co_lines():
        if start <= offset < end and line is not None:
            return line
    return code.co_firstlineno


def function_name(code: CodeType) -> str:
    """The function's qualified name; before Python 3.11 code only knows the plain one."""
    return getattr(code, "co_qualname", code.co_name)


def view_name(view: Any) -> str:
    """Dotted name of a view; of a class-based one the class."""
    cls = instance_dict(view).get("view_class") or instance_dict(view).get("cls")
    if isinstance(cls, type):
        return class_name(cls)
    return receiver_definition(view).name


class _SignalNames:
    """Where the process's signals live, found by looking through its modules and their classes.

    Looking through all takes some 50 ms. Where modules were imported since, a look through these does, in
    1 ms; all are looked through again where some are gone, and once more where a signal is found in none.
    """

    def __init__(self) -> None:
        self._names: dict[int, tuple[ref[Signal], str]] = {}
        self._homes: dict[int, tuple[ref[Signal], set[tuple[str, str]]]] = {}
        self._looked: dict[str, ref[Any]] = {}
        """The modules that were looked through."""
        self._modules_seen = 0
        self._modules_when_all_were = 0
        self._lock = threading.RLock()

    def known(self, signal: Signal) -> str | None:
        name = self._names.get(id(signal))
        if name is not None and name[0]() is signal:
            return name[1]
        if self._modules_when_all_were != len(sys.modules):
            # A module may have got it after it was looked through.
            with self._lock:
                self._modules_seen = 0
                self._looked = {}
                self.refresh()
            return self.known(signal)
        return None

    def refresh(self) -> None:
        if len(sys.modules) != self._modules_seen:
            with self._lock:  # whoever comes meanwhile needs the names too
                modules = len(sys.modules)
                if modules != self._modules_seen:
                    self._look_through_modules(modules)
                    self._modules_seen = modules

    def all(self) -> list[tuple[Signal, str]]:
        """Every signal that has a name, with it."""
        self.refresh()
        named = ((reference(), name) for reference, name in list(self._names.values()))
        return [(signal, name) for signal, name in named if signal is not None]

    def _look_through_modules(self, count: int) -> None:
        modules = list(sys.modules.items())
        there = {name: id(module) for name, module in modules}
        if not self._looked or any(there.get(name) != id(seen()) for name, seen in self._looked.items()):
            self._looked, self._homes = {}, {}
            self._modules_when_all_were = count
        names = self._names.copy() if self._looked else {}
        found: dict[int, None] = {}  # in the order that they are met in

        def look_through(owner: str, attributes: dict[str, Any]) -> list[type]:
            classes = []
            for attribute, value in list(attributes.items()):
                cls = type(value)
                if issubclass(cls, Signal):
                    known = self._homes.get(id(value))
                    if known is None or known[0]() is not value:
                        known = self._homes[id(value)] = (ref(value), set())
                    known[1].add((owner, attribute))
                    found[id(value)] = None
                elif issubclass(cls, type):
                    classes.append(value)
            return classes

        for name, module in modules:
            if name in self._looked:
                continue
            if (reference := weak_reference(module)) and not _is_being_imported(module):
                self._looked[name] = reference
            for cls in look_through(name, instance_dict(module)):
                module_name = _module_of(cls)
                if type(module_name) is str and module_name == name:
                    look_through(class_name(cls), dict(attributes_of(cls)))
        for key in found:
            signal, homes = self._homes[key]
            # Whoever imported it has it too: its home is the module that assigns it.
            owner, attribute = min(
                homes,
                key=lambda home: (len(homes) > 1 and not _assigns(*home), len(home[0]), home),
            )
            names[key] = (signal, f"{owner}.{attribute}")
        self._names = names


def _is_being_imported(module: Any) -> bool:
    return bool(instance_dict(instance_dict(module).get("__spec__")).get("_initializing"))


def find_in_modules(ids: Container[int]) -> dict[int, Any]:
    """Those of the objects with these ``id``s that are a module's attribute. Takes some 10 ms."""
    return {
        id(value): value
        for module in list(sys.modules.values())
        for value in list(instance_dict(module).values())
        if id(value) in ids
    }


def _assigns(module_name: str, attribute: str) -> bool:
    path = instance_dict(sys.modules.get(module_name)).get("__file__")
    return isinstance(path, str) and _file_assigns(path, attribute)


@functools.lru_cache(maxsize=10_000)  # all are asked for again where a module is gone
def _file_assigns(path: str, attribute: str) -> bool:
    try:
        with open(path, "rb") as source:  # linecache would keep it
            text = source.read()
    except (OSError, ValueError):  # it may be in an archive, or no name that a file can have
        return False
    name = re.escape(attribute.encode(errors="replace"))
    # Not where it is only passed on, on a line of its own in a call: ``name=name,``.
    assignment = rb"^[ \t]*" + name + rb"[ \t]*(:[^=\n]+)?=(?!=|[ \t]*" + name + rb"[ \t]*(?:[,)#\r]|$))"
    return re.search(assignment, text, re.MULTILINE) is not None


def _lines_of(path: str) -> list[str]:
    try:
        return linecache.getlines(path)
    except ValueError:  # no file can have that name: it has a NUL or half a surrogate pair
        return []


_signal_names = _SignalNames()

signal_name = _signal_names.known
"""Dotted name of the place a signal lives in, a module's or a class's attribute; None where none is known."""

named_signals = _signal_names.all
"""All signals found in the process's modules and their classes, each with its name."""

refresh_signal_names = _signal_names.refresh
"""Learn the names of signals in modules imported since the last time."""
