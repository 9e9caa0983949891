"""Long columns, a part at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")

SIZE = 16_384


def batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    """The items in lists that the processor's cache has room for, so that the next takes the memory of this.

    Integer objects for all of a million spans at once are memory that nobody has touched yet: to get it from
    the kernel takes longer than what is done with it.
    """
    rest = iter(items)
    while batch := list(islice(rest, SIZE)):
        yield batch
