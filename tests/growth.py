"""Growth: how much longer four times as much takes, for texts that are made to be slow to read.

Four times as long is what a linear reader needs, sixteen times a quadratic one, and no longer than before one that
reads no more than so much. What is asserted is the ratio of two CPU times of the same minute, so that a busy machine
fails no test.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LINEAR = 9.0  # between four and sixteen, with room for noise
BOUNDED = 2.5  # between one and four
LEAST = 0.02  # seconds for the longer one; what is quicker is quick enough


def growth(work: Callable[[T], object], made: Callable[[int], T], size: int) -> float:
    """Return the CPU time that `work` takes for what is `made` of `size` over that of a quarter; 0 where it is nothing.

    Each run gets another size, so that nothing is remembered.
    """
    large = min(_spent(work, made(size - number)) for number in range(3))
    if large < LEAST:
        return 0.0
    return large / max(min(_spent(work, made(size // 4 - number)) for number in range(3)), 1e-6)


def _spent(work: Callable[[T], object], given: T) -> float:
    began = time.process_time()
    work(given)
    return time.process_time() - began
