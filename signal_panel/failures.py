"""A failure of ours is logged, and stays ours: the application must not notice it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType

logger = logging.getLogger("signal_panel")


class kept_to_ourselves:
    """Log an exception that would leave the block; ``note`` gets the name of its type.

    A class: made of a generator by ``contextmanager`` it took three times as long, a dozen times a request.
    """

    __slots__ = ("_note",)

    def __init__(self, note: Callable[[str], None] | None = None) -> None:
        self._note = note

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, where: TracebackType | None
    ) -> bool:
        if not isinstance(failure, Exception):
            return False
        logger.error("The signal panel failed. What it watches goes on as without it.", exc_info=failure)
        if self._note is not None:
            self._note(type(failure).__name__)
        return True
