"""Finds the line of the user's code that a call comes from: up the stack, and back across threads."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any, NamedTuple

from asgiref.sync import SyncToAsync
from django.dispatch import Signal

from signal_panel.naming import PLUMBING, SERVER_ENTRY, USERS, owner_of


class SuspendedAt(NamedTuple):
    """What is kept of a frame: enough to tell its line, nothing of its variables."""

    f_code: CodeType
    f_lasti: int
    f_globals: dict[str, Any]


_HOP = SyncToAsync.thread_handler.__code__
_BEFORE_HOP = SyncToAsync.__call__.__code__
_EVENT_LOOP = asyncio.Handle._run.__code__  # what runs the loop did not cause what the loop runs
_WITH_OTHER_ENDS = {_HOP.co_filename, _EVENT_LOOP.co_filename}
_passed_through: set[CodeType] = set()
CLIMBED_PAST: dict[str, None] = {}
"""Files of the plumbing with nothing but frames to climb past: one look a frame takes half as long as all."""
_SUSPENDABLE = (CoroutineType, GeneratorType, AsyncGeneratorType)


class _LastHop(threading.local):
    task_context: object = None
    origin: SuspendedAt | None = None


_last_hop = _LastHop()


def users_frame(frame: FrameType | None) -> FrameType | SuspendedAt | None:
    """The innermost frame of the user's code at or above ``frame``, or None where there is none.

    In a thread that ``sync_to_async`` runs (as ``await order.asave()`` does), the caller is the suspended
    coroutine, not what the thread stands on. Nothing further out than a server's entry counts.
    """
    while frame is not None:
        code = frame.f_code
        if code.co_filename not in CLIMBED_PAST:
            if code is _HOP:
                return _origin_of_hop(frame)
            if code is _EVENT_LOOP:
                return None
            owner = owner_of(code.co_filename)
            if owner is not PLUMBING and not (_passed_through and code in _passed_through):
                return frame if owner is USERS else None
            if owner is PLUMBING and code.co_filename not in _WITH_OTHER_ENDS:
                CLIMBED_PAST[code.co_filename] = None
        frame = frame.f_back
    return None


def pass_through(wrapper: Any) -> None:
    """Never take a function's frame for the user's: it wraps ours, and calls us on behalf of others."""
    if isinstance(code := getattr(wrapper, "__code__", None), CodeType):
        _passed_through.add(code)


def wraps_ours(code: CodeType, method: str) -> bool:
    """Whether the code is that of a wrapper around ``Signal``'s method, which is no user's from now on."""
    standing = vars(Signal)[method]
    if getattr(standing, "__code__", None) is not code:
        return False
    pass_through(standing)
    return True


def _origin_of_hop(handler: FrameType) -> SuspendedAt | None:
    variables = handler.f_locals
    task_context = variables.get("task_context")
    if _last_hop.task_context is not task_context:
        _last_hop.task_context = task_context
        _last_hop.origin = _find_origin(variables.get("loop"), task_context)
    return _last_hop.origin


def _find_origin(loop: Any, task_context: object) -> SuspendedAt | None:
    # The thread may start before the coroutine that waits for it has been suspended, and catch it at that.
    for _ in range(2):
        for find in (_find_suspended, _find_running):
            found, origin = find(loop, task_context)
            if found:
                return origin
    return None


def _find_suspended(loop: Any, task_context: object) -> tuple[bool, SuspendedAt | None]:
    # asgiref makes a new list for each hop and hands it to the thread: it tells which task waits for it.
    for task in asyncio.all_tasks(loop):
        users = None
        waiting: Any = task.get_coro()
        while waiting is not None:
            frame = _frame_of(waiting)
            if frame is not None:
                owner = owner_of(frame.f_code.co_filename)
                if owner is USERS:
                    users = SuspendedAt(frame.f_code, frame.f_lasti, frame.f_globals)
                elif owner is SERVER_ENTRY:
                    users = None
                if _is_before_hop(frame, task_context):
                    return True, users
            waiting = _awaited_by(waiting)
    return False, None


def _find_running(loop: Any, task_context: object) -> tuple[bool, SuspendedAt | None]:
    frame = sys._current_frames().get(getattr(loop, "_thread_id", 0))
    while frame is not None and not _is_before_hop(frame, task_context):
        frame = frame.f_back
    origin = users_frame(frame)
    if origin is None:
        return frame is not None, None
    return True, SuspendedAt(origin.f_code, origin.f_lasti, origin.f_globals)


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
    for attribute in ("cr_await", "gi_yieldfrom", "ag_await"):
        awaited = getattr(waiting, attribute, None)
        if awaited is not None:
            return awaited
    # The iterators that ``await`` and ``async for`` make don't say what they iterate; they only refer to it.
    referents = gc.get_referents(waiting)
    return next((found for found in referents if isinstance(found, _SUSPENDABLE)), None)
