"""Batches: a long list of ids or rows, a statement's worth at a time."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
MANY = 500  # values in one statement; SQLite takes some thousands


def batched(values: Sequence[T], size: int = MANY) -> Iterator[Sequence[T]]:
    """Yield runs of a sequence, each at most so long."""
    yield from (values[start : start + size] for start in range(0, len(values), size))
