"""The ``SIGNAL_PANEL`` setting: its keys, their defaults, and what is wrong with the user's."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from signal_panel.editors import COPY, EDITORS, is_absolute, is_pattern


@dataclass(frozen=True)
class Key:
    """One key of the setting: its default, and which other values it takes."""

    default: Any
    allowed: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the setting, under the id of the check that reports it."""

    id: str
    message: str
    hint: str


def _is_list_of_patterns(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(pattern, str) and pattern for pattern in value)


def _is_positive_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_editor(value: Any) -> bool:
    return value is None or (isinstance(value, str) and (value in (*EDITORS, COPY) or is_pattern(value)))


def _is_map_of_folders(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(folder, str) and is_absolute(folder) for folders in value.items() for folder in folders
    )


THRESHOLDS: dict[str, float] = {
    "CASCADE_DEPTH": 1,
    "INIT_RECEIVER_CALLS": 20,
    "INIT_RECEIVER_MS": 5,
    "REPEATED_QUERIES": 5,
    "REPEATED_SENDS": 10,
    "REPEATED_SENDS_MS": 10,
    "SLOW_IN_TRANSACTION_MS": 10,
    "SLOW_RECEIVER_MS": 50,
    "SLOW_RECEIVER_SQL_MS": 100,
    "THREAD_HOP_MS": 2,
    "UNHEARD_SEND_MS": 1,
}
"""From how many, or from how many milliseconds, on something is a finding."""


def _is_dictionary(value: Any) -> bool:
    return isinstance(value, dict)


def _is_positive_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


KEYS = {
    "IGNORE": Key(
        default=["debug_toolbar.*", "django.test.signals.template_rendered"],
        allowed="a list or tuple of non-empty strings",
        accepts=_is_list_of_patterns,
    ),
    "MAX_SPANS": Key(
        default=100_000,
        allowed="a whole number above zero",
        accepts=_is_positive_int,
    ),
    "EDITOR": Key(
        default=None,
        allowed=(
            f"one of {', '.join(map(repr, (*EDITORS, COPY)))}, or a URL with {{path}} (and {{line}}) in it "
            "whose scheme runs no script"
        ),
        accepts=_is_editor,
    ),
    "EDITOR_PATHS": Key(
        default={},
        allowed="a dictionary from absolute folders to absolute folders",
        accepts=_is_map_of_folders,
    ),
    "FINDINGS": Key(
        default={},
        allowed=f"a dictionary with numbers above zero for any of {', '.join(map(repr, THRESHOLDS))}",
        accepts=_is_dictionary,  # Its entries are looked at one by one: a wrong one leaves the others.
    ),
}


def get(name: str) -> Any:
    """The value of one key; its default where the user's is missing or wrong.

    A wrong value is for the system checks to report. It must not break a request.
    """
    key = KEYS[name]
    configured = _configured()
    value = configured.get(name, key.default) if isinstance(configured, dict) else key.default
    return value if key.accepts(value) else key.default


def thresholds() -> dict[str, float]:
    """From where on something is a finding: the user's numbers over the defaults, but for wrong ones."""
    right = {
        name: number
        for name, number in get("FINDINGS").items()
        if name in THRESHOLDS and _is_positive_number(number)
    }
    return {**THRESHOLDS, **right}


def problems() -> Iterator[Problem]:
    """What is wrong with the user's setting, one problem at a time."""
    configured = _configured()
    if not isinstance(configured, dict):
        yield Problem(
            "signal_panel.E002",
            f"SIGNAL_PANEL must be a dictionary, not {configured!r}.",
            f"Its keys are {_listed(KEYS)}; those left out keep their defaults.",
        )
        return
    for name, value in configured.items():
        if name not in KEYS:
            yield Problem(
                "signal_panel.E003",
                f"SIGNAL_PANEL has an unknown key {name!r}.",
                f"{_did_you_mean(name, KEYS)}The keys are {_listed(KEYS)}.",
            )
        elif not KEYS[name].accepts(value):
            key = KEYS[name]
            yield Problem(
                "signal_panel.E004",
                f"SIGNAL_PANEL[{name!r}] is {value!r}, but must be {key.allowed}.",
                f"Leave it out for the default, {key.default!r}.",
            )
        elif name == "FINDINGS":
            yield from _wrong_thresholds(value)


def _wrong_thresholds(configured: dict[Any, Any]) -> Iterator[Problem]:
    for name, number in configured.items():
        if name not in THRESHOLDS:
            yield Problem(
                "signal_panel.E004",
                f"SIGNAL_PANEL['FINDINGS'] has an unknown threshold {name!r}, with the value {number!r}.",
                f"{_did_you_mean(name, THRESHOLDS)}The thresholds are {_listed(THRESHOLDS)}.",
            )
        elif not _is_positive_number(number):
            yield Problem(
                "signal_panel.E004",
                f"SIGNAL_PANEL['FINDINGS'][{name!r}] is {number!r}, but must be a number above zero.",
                f"Leave it out for the default, {THRESHOLDS[name]!r}.",
            )


def _configured() -> Any:
    try:
        return getattr(settings, "SIGNAL_PANEL", {})
    except ImproperlyConfigured:  # a script of signals alone has no settings
        return {}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _did_you_mean(name: Any, names: Iterable[str]) -> str:
    close = get_close_matches(str(name).upper(), names, n=1)
    return f"Did you mean {close[0]!r}? " if close else ""
