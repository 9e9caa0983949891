"""A failure of ours is logged, and stays ours: the application must not notice it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

logger = logging.getLogger("signal_panel")


@contextmanager
def kept_to_ourselves(note: Callable[[str], None] | None = None) -> Iterator[None]:
    """Log an exception that would leave the block; ``note`` gets the name of its type."""
    try:
        yield
    except Exception as failure:
        logger.exception("The signal panel failed. What it watches goes on as without it.")
        if note is not None:
            note(type(failure).__name__)
