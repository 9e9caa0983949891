"""Finds the lines of the user's and of packages that a call comes from: up the stack, and across threads."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from itertools import chain
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, FunctionType, GeneratorType
from typing import Any, NamedTuple
from weakref import ref

from asgiref.sync import SyncToAsync
from django.core.management import ManagementUtility, execute_from_command_line

from signal_panel.naming import PACKAGES, PLUMBING, SERVER_ENTRY, USERS, attributes_of, bases_of, owner_of


class SuspendedAt(NamedTuple):
    """What is kept of a frame: enough to tell its line, nothing of its variables."""

    f_code: CodeType
    f_lasti: int
    f_globals: dict[str, Any]


class Callers(NamedTuple):
    """Whose code a call comes from."""

    own: FrameType | SuspendedAt | None = None
    """The innermost frame of the user's own code."""
    package: FrameType | SuspendedAt | None = None
    """The innermost frame of an installed package's, where that is further in than the user's own."""
    end: FrameType | None = None
    """The frame that was climbed to: the user's own, or one that nothing further out counts from."""

    @property
    def frames(self) -> list[FrameType | SuspendedAt | None]:
        """Those that tell these callers from others."""
        return [*([self.package] if self.package else []), self.own or self.end]

    @property
    def key(self) -> tuple[int, ...]:
        """The ``id`` of each one's code and its instruction, as C has it, too."""
        lines = ((id(frame.f_code), frame.f_lasti) if frame else (0, 0) for frame in self.frames)
        return tuple(chain.from_iterable(lines))

    @property
    def innermost(self) -> FrameType | SuspendedAt | None:
        """The nearest of them."""
        return self.package or self.own

    @property
    def site(self) -> FrameType | SuspendedAt | None:
        """The user's own; where there is none, a package's."""
        return self.own or self.package

    @property
    def through(self) -> FrameType | SuspendedAt | None:
        """The package's that stands between the user's own and the call."""
        return self.package if self.own else None


HOP = SyncToAsync.thread_handler.__code__
_BEFORE_HOP = SyncToAsync.__call__.__code__
# What runs a loop did not cause what the loop runs: of asyncio's it is the first of these that is met.
_EVENT_LOOPS = (asyncio.Handle._run.__code__, getattr(asyncio, "Runner", asyncio).run.__code__)
# Nor did manage.py what a command does that is not one's own.
_COMMANDS = (execute_from_command_line.__code__, ManagementUtility.execute.__code__)
_SHELL = "django.core.management.commands.shell"
"""The module that what is typed after ``shell -c``, or piped to it, is run in."""
_WITH_OTHER_ENDS = {code.co_filename for code in (HOP, *_EVENT_LOOPS)}
_passed_through: set[CodeType] = set()
CLIMBED_PAST: dict[str, bool] = {}
"""Files with nothing but frames to climb past, of which the first counts where it is a package's: that is
True. One look a frame takes half as long as all.
"""
_SUSPENDABLE = (CoroutineType, GeneratorType, AsyncGeneratorType)


class _LastHop(threading.local):
    task_context: object = None
    callers = Callers()
    task: ref[Any] | None = None
    """The task that waited: it may hop again."""

    def __init__(self) -> None:
        self.others: dict[int, ref[Any]] = {}
        """The other tasks that waited then, by the ``id``s of what asgiref hands to their threads."""


_last_hop = _LastHop()


def find_callers(frame: FrameType | None) -> Callers:
    """The innermost frames at or above ``frame`` that are of the user's own code and of a package's.

    In a thread that ``sync_to_async`` runs (as ``await order.asave()`` does), the caller is the suspended
    coroutine, not what the thread stands on. Nothing further out than a server's entry or a loop counts.
    """
    package: FrameType | None = None
    inner: CodeType | None = None
    while frame is not None:
        code = frame.f_code
        is_packages = CLIMBED_PAST.get(code.co_filename)
        if is_packages is None:
            if code is HOP:
                before = find_before_hop(frame)
                return before._replace(package=package) if package else before
            if code in _EVENT_LOOPS:
                break
            owner = _owner_of(frame)
            if owner is SERVER_ENTRY:
                break
            if owner is USERS:
                return Callers(None if inner in _COMMANDS else frame, package, frame)
            is_packages = owner is PACKAGES
            if _is_of_one_owner(code.co_filename):
                CLIMBED_PAST[code.co_filename] = is_packages
        if is_packages and package is None:
            package = frame
        inner = code
        frame = frame.f_back
    return Callers(None, package, frame)


def _owner_of(frame: FrameType) -> str:
    """Whose code the frame runs. What wraps ours or was generated, as by ``dataclass``, is plumbing, too."""
    path, names = frame.f_code.co_filename, frame.f_globals
    if _passed_through and frame.f_code in _passed_through:
        return PLUMBING
    file = names.get("__file__")
    is_generated = "__jinja_template__" in names or (
        path.startswith("<") and type(file) is str and file != path and names.get("__name__") != _SHELL
    )
    return PLUMBING if is_generated else owner_of(path)


def _is_of_one_owner(path: str) -> bool:
    return path not in _WITH_OTHER_ENDS and (not path.startswith("<") or owner_of(path) is not USERS)


def pass_through(wrapper: Any) -> None:
    """Never take a function's frame for anybody's: it wraps ours, and calls us on behalf of others."""
    if isinstance(code := getattr(wrapper, "__code__", None), CodeType):
        _passed_through.add(code)
        _WITH_OTHER_ENDS.add(code.co_filename)
        CLIMBED_PAST.pop(code.co_filename, None)


def wraps_ours(code: CodeType, signal: type, method: str) -> bool:
    """Whether the code is a wrapper's of ``Signal``'s method, or a subclass's: nobody's from now on."""
    for cls in bases_of(signal):
        standing = attributes_of(cls).get(method)
        if type(standing) is FunctionType and standing.__code__ is code:
            pass_through(standing)
            return True
    return False


def find_before_hop(handler: FrameType) -> Callers:
    """The callers of a thread that ``sync_to_async`` runs, by the frame of ``HOP`` in it."""
    variables = handler.f_locals
    task_context = variables.get("task_context")
    if _last_hop.task_context is not task_context:
        _last_hop.task_context = task_context
        _last_hop.callers = _find_waiting(variables.get("loop"), task_context)
    return _last_hop.callers


def _find_waiting(loop: Any, task_context: object) -> Callers:
    # The thread may start before the coroutine that waits for it has been suspended, and catch it at that.
    for _ in range(2):
        for find in (_find_suspended, _find_running):
            callers = find(loop, task_context)
            if callers is not None:
                return callers
    return Callers()


def _find_suspended(loop: Any, task_context: object) -> Callers | None:
    # asgiref makes a new list for each hop and hands it to the thread: it tells which task waits for it.
    for known in (_last_hop.others.pop(id(task_context), None), _last_hop.task):
        task = known and known()
        waiting = None if task is None else _waiting_at(task)
        if waiting is not None and waiting[0] is task_context:
            return waiting[1]
    # To look through all tasks for each of many that wait takes as many times as long: 7 ms beside 2,000.
    found = None
    _last_hop.others = others = {}
    for task in asyncio.all_tasks(loop):
        waiting = _waiting_at(task)
        if waiting is not None and waiting[0] is task_context:
            found = waiting[1]
            _last_hop.task = ref(task)
        elif waiting is not None:
            others[id(waiting[0])] = ref(task)
    return found


def _waiting_at(task: Any) -> tuple[object, Callers] | None:
    """What asgiref has made for the hop that a task waits for, if it does, and the callers of that."""
    callers = Callers()
    waiting: Any = task.get_coro()
    while waiting is not None:
        frame = _frame_of(waiting)
        if frame is not None:
            owner = _owner_of(frame)
            if owner is USERS:
                callers = Callers(own=_suspended(frame))
            elif owner is PACKAGES:
                callers = callers._replace(package=_suspended(frame))
            elif owner is SERVER_ENTRY:
                callers = Callers()
            if frame.f_code is _BEFORE_HOP:
                task_context = frame.f_locals.get("task_context")
                return None if task_context is None else (task_context, callers)
        waiting = _awaited_by(waiting)
    return None


def _find_running(loop: Any, task_context: object) -> Callers | None:
    frame = sys._current_frames().get(getattr(loop, "_thread_id", 0))
    while frame is not None and not _is_before_hop(frame, task_context):
        frame = frame.f_back
    if frame is None:
        return None
    own, package, _end = find_callers(frame)
    return Callers(own and _suspended(own), package and _suspended(package))


def _suspended(frame: FrameType | SuspendedAt) -> SuspendedAt:
    return SuspendedAt(frame.f_code, frame.f_lasti, frame.f_globals)


def _is_before_hop(frame: FrameType, task_context: object) -> bool:
    # Before Python 3.13 looking at a frame's variables keeps them alive: never at the user's.
    return frame.f_code is _BEFORE_HOP and frame.f_locals.get("task_context") is task_context


def _frame_of(waiting: Any) -> FrameType | None:
    for attribute in ("cr_frame", "gi_frame", "ag_frame"):
        frame: FrameType | None = getattr(waiting, attribute, None)
        if frame is not None:
            return frame
    return None


def _awaited_by(waiting: Any) -> Any:
    # One that the loop runs again by now must not be asked: Python 3.11 and 3.12 may take an address of
    # what it runs for an object, and crash. Another thread gets its turn at calls, so that there is none
    # between the two questions.
    if isinstance(waiting, CoroutineType):
        return None if waiting.cr_running else waiting.cr_await
    if isinstance(waiting, GeneratorType):
        return None if waiting.gi_running else waiting.gi_yieldfrom
    if isinstance(waiting, AsyncGeneratorType):  # of which ag_running tells whether it is iterated
        frame = waiting.ag_frame
        return None if frame is None or frame.f_back is not None else waiting.ag_await
    # The iterators that ``await`` and ``async for`` make only refer to what they iterate, and so does a
    # SteppedCall. Coroutines compiled by others can be asked.
    referents = gc.get_referents(waiting)
    awaited = next((found for found in referents if isinstance(found, _SUSPENDABLE)), None)
    return getattr(waiting, "cr_await", None) if awaited is None else awaited
