"""Worlds of signals, senders and receivers, built from a description and observed while they run.

A description is plain data, so that one can be built twice and run once with a recording and once without.
What a receiver does when it is called stands in the send's own named arguments: a tree, which ends by itself.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import logging
import os
import time
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MethodType
from typing import Any

from asgiref.sync import async_to_sync, markcoroutinefunction
from django.dispatch import Signal, dispatcher
from hypothesis import strategies as st

import signal_panel

SYNC_FIRST = hasattr(dispatcher, "_run_parallel")
DISPATCHERS = dispatcher.__file__, os.path.dirname(signal_panel.__file__)
"""Where code is that sends, Django's and ours: the frames of an exception that may differ."""

ONE_THREAD, SYNC, ASYNC, MIXED = "one thread", "sync", "async", "mixed"

SIGNAL_TYPES = [type(f"Signal{number}", (Signal,), {"__module__": __name__}) for number in range(2)]


class Boom(Exception):
    """What a receiver raises."""


class Crash(BaseException):
    """What a receiver raises that no ``send_robust`` catches."""


EXCEPTIONS = (ValueError, Boom, Crash, asyncio.CancelledError)


class Payload:
    """Goes with one send, and should die with it."""


class Plain:
    pass


class Unhashable:
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise AssertionError("nobody may compare senders")


SENDERS: list[Callable[[], Any]] = [lambda: None, lambda: Plain, Plain, Unhashable, lambda: "text"]
SENDER_NAMES = [
    "None",
    f"{__name__}.Plain",
    f"{__name__}.Plain()",
    f"{__name__}.Unhashable()",
    "str()",
]
NONE, UNHASHABLE = 0, 3

SYNC_KINDS = ("function", "lambda", "method", "instance", "partial", "decorated", "async_call")
ASYNC_KINDS = ("async_function", "async_method", "async_partial", "async_decorated", "async_instance")


# What a world is made from


@dataclass(frozen=True)
class Raise:
    type: type[BaseException]
    cause: bool


@dataclass(frozen=True)
class Warn:
    stacklevel: int


@dataclass(frozen=True)
class Pause:
    pass


@dataclass(frozen=True)
class Ask:
    signal: int
    sender: int


@dataclass(frozen=True)
class Connect:
    connection: int


@dataclass(frozen=True)
class Disconnect:
    connection: int


@dataclass(frozen=True)
class Drop:
    receiver: int


@dataclass(frozen=True)
class Send:
    signal: int
    sender: int
    method: str
    catches: bool
    scripts: dict[int, list[Any]]

    def __hash__(self) -> int:
        return id(self)


@dataclass(frozen=True)
class Connection:
    receiver: int
    signal: int
    sender: int
    weak: bool
    uid: str | None
    at_first: bool


@dataclass(frozen=True)
class Description:
    """What a world is built from; its style says which kinds of receiver it has."""

    style: str
    caching: list[bool]
    kinds: list[str]
    connections: list[Connection]
    sends: list[Send]


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    """Worlds of up to six receivers, with sends up to four deep."""
    style = draw(st.sampled_from((ONE_THREAD, SYNC, ASYNC, MIXED)))
    kinds = {ONE_THREAD: SYNC_KINDS, SYNC: SYNC_KINDS, ASYNC: ASYNC_KINDS, MIXED: SYNC_KINDS + ASYNC_KINDS}[
        style
    ]
    receivers = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6))
    receiver = st.integers(0, len(receivers) - 1)
    signal = st.integers(0, len(SIGNAL_TYPES) - 1)
    sender = st.sampled_from((1, 1, 1, 1, 2, 2, NONE, NONE, UNHASHABLE, 4))
    listens_to = st.sampled_from((NONE, NONE, NONE, NONE, 1, 2, UNHASHABLE))
    connections = draw(
        st.lists(
            st.builds(
                Connection,
                receiver,
                signal,
                listens_to,
                weak=st.booleans(),
                uid=st.sampled_from((None, None, "one", "two")),
                at_first=st.sampled_from((True, True, True, False)),
            ),
            min_size=len(receivers),
            max_size=10,
        )
    )
    connection = st.integers(0, len(connections) - 1)
    methods = METHODS[:2] if style == ONE_THREAD else METHODS
    nested_methods = METHODS[2:] if style == ASYNC else methods
    simple = st.one_of(
        st.builds(Raise, st.sampled_from(EXCEPTIONS), st.booleans()),
        st.builds(Warn, st.integers(1, 4)),
        st.just(Pause()),
        st.builds(Ask, signal, sender),
        st.builds(Connect, connection),
        st.builds(Disconnect, connection),
        st.builds(Drop, receiver),
    )

    def sends(methods: tuple[str, ...], inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Send]:
        scripts = st.fixed_dictionaries(
            {number: st.lists(inner, max_size=2) for number in range(len(receivers))}
        )
        return st.builds(Send, signal, sender, st.sampled_from(methods), st.booleans(), scripts)

    actions: st.SearchStrategy[Any] = simple
    for _ in range(3):
        nested = sends(nested_methods, actions)
        actions = st.one_of(nested, nested, simple)
    return Description(
        style,
        [draw(st.sampled_from((False, False, True))) for _ in SIGNAL_TYPES],
        receivers,
        connections,
        draw(st.lists(sends(methods, actions), min_size=1, max_size=4)),
    )


METHODS = ("send", "send_robust", "asend", "asend_robust")


# What is seen of it


@dataclass
class SeenCall:
    receiver: int
    named: Any
    raised: Any = None
    events: list[Any] = field(default_factory=list)


@dataclass
class SeenSend:
    signal: int
    sender: int
    method: str
    raised: Any = None
    responses: Any = None
    calls: list[SeenCall] = field(default_factory=list)


def seen_exception(exception: BaseException) -> Any:
    """Everything about an exception that one can tell, without holding it."""
    frames = [
        frame.f_code.co_name
        for frame, _ in traceback.walk_tb(exception.__traceback__)
        if not frame.f_code.co_filename.startswith(DISPATCHERS)
    ]
    return (
        dotted(type(exception)),
        str(exception.args),
        type(exception.__cause__),
        type(exception.__context__),
        exception.__suppress_context__,
        frames,
        [seen_exception(inner) for inner in getattr(exception, "exceptions", ())],
    )


async def answer_later() -> None:
    """What a receiver gives back whose ``__call__`` is async."""


def dotted(cls: type) -> str:
    return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


class World:
    """Signals, senders and receivers of its own, and all that is seen while it runs."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.signals = [
            signal_type(use_caching=caching)
            for signal_type, caching in zip(SIGNAL_TYPES, description.caching, strict=True)
        ]
        self.senders = [make() for make in SENDERS]
        self.receivers: list[Any] = [
            self._receiver(number, kind) for number, kind in enumerate(description.kinds)
        ]
        self.deaths = [weakref.ref(r.__self__ if isinstance(r, MethodType) else r) for r in self.receivers]
        self.overlapping = 0  # sends under way whose receivers overlap in ways that differ from run to run
        self.has_overlapped = False
        # Other threads and event loops let go of things in their own time, which differs from run to run.
        self.deaths_are_certain = description.style == ONE_THREAD
        self.sequence: list[Any] = []
        self.payloads: list[weakref.ref[Payload]] = []
        self.sends: list[SeenSend] = []
        self.log: list[Any] = []
        for connection in description.connections:
            if connection.at_first:
                self._connect(connection)

    # Receivers

    def _receiver(self, number: int, kind: str) -> Any:
        act, aact = self._act, self._aact

        if kind in ("function", "partial", "decorated"):

            def receiver(**named: Any) -> Any:
                return act(number, named)

        elif kind == "lambda":
            receiver = lambda **named: act(number, named)  # noqa: E731
        elif kind in ("async_function", "async_partial", "async_decorated"):

            async def receiver(**named: Any) -> Any:  # type: ignore[misc]
                return await aact(number, named)

        else:
            return self._object(number, kind)
        receiver.__qualname__ = f"receiver_{number}"
        found: Any = receiver
        if kind.endswith("partial"):
            found = functools.partial(receiver, extra=number)
        elif kind == "decorated":

            @functools.wraps(receiver)
            def found(**named: Any) -> Any:
                return receiver(**named)

        elif kind == "async_decorated":

            @functools.wraps(receiver)
            async def found(**named: Any) -> Any:
                return await receiver(**named)

        found.number = number
        return found

    def _object(self, number: int, kind: str) -> Any:
        act, aact = self._act, self._aact

        class Receiver:
            def __init__(self) -> None:
                self.number = number

            if kind in ("method", "instance"):

                def __call__(self, **named: Any) -> Any:
                    return act(number, named)

            elif kind == "async_call":  # counts as sync, so that nobody awaits its answer

                def __call__(self, **named: Any) -> Any:
                    act(number, named)
                    return answer_later()

            else:

                async def __call__(self, **named: Any) -> Any:
                    return await aact(number, named)

            hears = __call__

        Receiver.__qualname__ = f"receiver_{number}"
        Receiver.__call__.__qualname__ = f"receiver_{number}"
        found = Receiver()
        if kind.endswith("method"):
            return found.hears
        return markcoroutinefunction(found) if kind == "async_instance" else found

    def label(self, receiver: Any) -> Any:
        """Which receiver it is, and that it is no stand-in."""
        owner = receiver.__self__ if isinstance(receiver, MethodType) else receiver
        known = self.receivers[owner.number]
        is_same = known is None or known is receiver or known == receiver
        return type(receiver).__name__, owner.number, is_same

    def _connect(self, connection: Connection) -> None:
        receiver = self.receivers[connection.receiver]
        if receiver is not None:
            self.signals[connection.signal].connect(
                receiver, self.senders[connection.sender], connection.weak, connection.uid
            )

    def _disconnect(self, connection: Connection) -> Any:
        return self.signals[connection.signal].disconnect(
            self.receivers[connection.receiver], self.senders[connection.sender], connection.uid
        )

    # What receivers do

    def _begin(self, number: int, named: dict[str, Any]) -> tuple[SeenCall, Send]:
        seen, plan = named.pop("told")
        call = SeenCall(
            number,
            (
                sorted(named),
                named["signal"] is self.signals[plan.signal],
                named["sender"] is self.senders[plan.sender],
                type(named["payload"]),
            ),
        )
        seen.calls.append(call)
        self.sequence.append(("begins", number))
        return call, plan

    def _act(self, number: int, named: dict[str, Any]) -> Any:
        call, plan = self._begin(number, named)
        try:
            for action in plan.scripts.get(number, ()):
                if isinstance(action, Send):
                    self._send(action, call.events)
                else:
                    self._do(action, call, plan)
        except BaseException as exception:
            call.raised = seen_exception(exception)
            raise
        finally:
            self.sequence.append(("ends", number))
        return f"answer of {number}"

    async def _aact(self, number: int, named: dict[str, Any]) -> Any:
        call, plan = self._begin(number, named)
        try:
            for action in plan.scripts.get(number, ()):
                if isinstance(action, Send) and action.method.startswith("a"):
                    await self._asend(action, call.events)
                elif isinstance(action, Send):
                    self._send(action, call.events)
                elif isinstance(action, Pause):
                    await asyncio.sleep(0)
                else:
                    self._do(action, call, plan)
        except BaseException as exception:
            call.raised = seen_exception(exception)
            raise
        finally:
            self.sequence.append(("ends", number))
        return f"answer of {number}"

    def _do(self, action: Any, call: SeenCall, plan: Send) -> None:
        connections = self.description.connections
        if isinstance(action, Warn):
            warnings.warn(f"from {call.receiver}", stacklevel=action.stacklevel)
        elif isinstance(action, Ask) and not self.overlapping:
            call.events.append(self._has_listeners(action.signal, action.sender))
        elif isinstance(action, Raise):
            # Django logs by __qualname__ what it catches. Without one that fails, and cancels others.
            is_named = hasattr(self.receivers[call.receiver], "__qualname__")
            stays = plan.method.endswith("robust") and issubclass(action.type, Exception) and is_named
            if stays or not self.overlapping:
                if action.cause:
                    raise action.type("told to") from LookupError()
                raise action.type("told to")
        elif isinstance(action, Connect) and not self.overlapping:
            self._connect(connections[action.connection])
        elif isinstance(action, Disconnect) and not self.overlapping:
            call.events.append(self._disconnect(connections[action.connection]))
        elif isinstance(action, Drop) and self.deaths_are_certain:
            self.receivers[action.receiver] = None

    def _has_listeners(self, signal: int, sender: int) -> Any:
        try:
            return self.signals[signal].has_listeners(self.senders[sender])
        except TypeError as error:
            return str(error)

    # Sends

    @contextmanager
    def _seen(self, plan: Send, events: list[Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
        send = SeenSend(plan.signal, plan.sender, plan.method)
        events.append(send)
        signal = self.signals[plan.signal]
        catches = plan.catches or self.overlapping
        with self._overlap(signal, plan.method):
            payload = Payload()
            self.payloads.append(weakref.ref(payload))
            named = {"told": (send, plan), "payload": payload, "receiver": 1, "span": 2, "collector": 3}
            try:
                yield send, named
            except BaseException as exception:
                send.raised = seen_exception(exception)
                if not catches:
                    raise

    @contextmanager
    def _overlap(self, signal: Signal, method: str) -> Iterator[None]:
        are_async = [entry[-1] for entry in signal.receivers]
        overlaps = self.description.style == MIXED and (
            sum(are_async) > 1
            or (any(are_async) and not all(are_async) and method.startswith("a") and not SYNC_FIRST)
        )
        self.overlapping += overlaps
        self.has_overlapped |= overlaps
        try:
            yield
        finally:
            self.overlapping -= overlaps

    def _send(self, plan: Send, events: list[Any]) -> None:
        if plan.method.startswith("a"):
            async_to_sync(self._asend)(plan, events)
            return
        signal, sender = self.signals[plan.signal], self.senders[plan.sender]
        with self._seen(plan, events) as (seen, named):
            if plan.method == "send":
                responses = signal.send(sender=sender, **named)
            else:
                responses = signal.send_robust(sender, **named)
            seen.responses = self._seen_responses(responses)

    async def _asend(self, plan: Send, events: list[Any]) -> None:
        signal, sender = self.signals[plan.signal], self.senders[plan.sender]
        with self._seen(plan, events) as (seen, named):
            if plan.method == "asend":
                responses = await signal.asend(sender=sender, **named)
            else:
                responses = await signal.asend_robust(sender, **named)
            seen.responses = self._seen_responses(responses)

    def _seen_responses(self, responses: Any) -> Any:
        seen = [type(responses)]
        for pair in responses:
            receiver, answer = pair
            if inspect.iscoroutine(answer):
                answer.close()
                answer = "coroutine"
            elif isinstance(answer, BaseException):
                answer = seen_exception(answer)
            seen.append((type(pair), self.label(receiver), answer))
        return seen

    # The whole

    def run(self) -> None:
        """Send all, each from its own surroundings, whatever the one before has raised."""
        gc.disable()
        handler = _Keeping(self)
        dispatcher.logger.addHandler(handler)
        dispatcher.logger.propagate = False  # pytest keeps records, and with them tracebacks and payloads
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                for plan in self.description.sends:
                    try:
                        self._send(plan, self.sends)
                    except BaseException:
                        if plan.catches:
                            raise
                    if self.deaths_are_certain:
                        self.sequence.append(("payloads dead", [p() is None for p in self.payloads]))
            self.warnings = [
                (str(w.message), w.category, *_place(w))
                for w in warned
                if "never awaited" not in str(w.message)
            ]
            self.has_listeners = [  # before garbage is collected, which comes when it likes
                self._has_listeners(signal, sender)
                for signal in range(len(SIGNAL_TYPES))
                for sender in range(len(SENDERS))
            ]
        finally:
            dispatcher.logger.propagate = True
            dispatcher.logger.removeHandler(handler)
            gc.enable()

    def observed(self) -> dict[str, Any]:
        """Everything that can be told from outside, in a form that can be compared."""
        unordered = self.has_overlapped
        return {
            "sends": [_canonical(send, unordered) for send in self.sends],
            "sequence": None if unordered else self.sequence,
            "log": sorted(self.log, key=repr) if unordered else self.log,
            "warnings": sorted(self.warnings, key=repr) if unordered else self.warnings,
            "connected": [
                [(entry[0][0] if isinstance(entry[0][0], str) else None, entry[-1]) for entry in s.receivers]
                for s in self.signals
            ],
            "has_listeners": self.has_listeners,
        }

    def dead_receivers(self) -> list[bool]:
        """Which receivers die by the world's letting go of them."""
        gc.disable()
        self.receivers.clear()
        dead = [death() is None for death in self.deaths]
        gc.enable()
        return dead

    def payloads_alive(self) -> int:
        """How many payloads are left, where threads have had their time and garbage is collected."""
        for _ in range(100):
            alive = sum(payload() is not None for payload in self.payloads)
            if not alive:
                break
            gc.collect(1)
            time.sleep(0.001)
        return alive


class _Keeping(logging.Handler):
    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def emit(self, record: logging.LogRecord) -> None:
        assert record.exc_info
        exception = record.exc_info[1]
        assert exception is not None
        what = seen_exception(exception)
        self.world.log.append((record.levelname, record.getMessage(), what))


def _place(warning: warnings.WarningMessage) -> tuple[str, int | None]:
    if warning.filename == __file__:
        return warning.filename, warning.lineno
    return "plumbing", None


def _canonical(send: SeenSend, unordered: bool) -> Any:
    calls = [
        (
            call.receiver,
            call.named,
            call.raised,
            [_canonical(e, unordered) if isinstance(e, SeenSend) else e for e in call.events],
        )
        for call in send.calls
    ]
    if unordered:
        calls.sort(key=repr)
    return send.signal, send.sender, send.method, send.raised, send.responses, calls


# What a recording should have


def expected_tree(world: World) -> Any:
    """The observed sends and calls, as a recording of the world tells them."""

    def of_send(send: SeenSend) -> Any:
        calls = [
            (
                f"{__name__}.receiver_{call.receiver}",
                world.description.kinds[call.receiver] in ASYNC_KINDS,
                call.raised and call.raised[0],
                [of_send(event) for event in call.events if isinstance(event, SeenSend)],
            )
            for call in send.calls
        ]
        if world.has_overlapped:
            calls.sort(key=repr)
        raised = send.raised and send.raised[0]
        return f"Signal{send.signal}", SENDER_NAMES[send.sender], send.method, raised, calls

    return [of_send(send) for send in world.sends]


def recorded_tree(world: World, recording: Any) -> Any:
    """The same of a recording."""

    def of_send(send: Any) -> Any:
        calls = [
            (call.receiver.removesuffix(".__call__"), call.is_async, call.exception,
             [of_send(inner) for inner in call.sends])
            for call in send.calls
        ]  # fmt: skip
        if world.has_overlapped:
            calls.sort(key=repr)
        return send.signal.rsplit(":")[-1], send.sender, send.method, send.exception, calls

    return [of_send(send) for send in recording.sends if send.parent is None]
