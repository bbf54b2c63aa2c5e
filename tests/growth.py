"""Growth: how much longer four times as much takes, for texts that are made to be slow to read.

Four times as long is what a linear reader needs, sixteen times a quadratic one. What is asserted is the ratio of two
CPU times of the same minute, so that a busy machine fails no test.
"""

import time
from collections.abc import Callable

LINEAR = 9.0  # between the two, with room for noise
LEAST = 0.05  # seconds for the longer one; what is quicker is quick enough


def growth(work: Callable[[int], object], size: int) -> float:
    """Return the CPU time that `work` takes for `size` over the time for a quarter of it; 0 where that is nothing."""
    large = _spent(work, size)
    if large < LEAST:
        return 0.0
    small = min(_spent(work, size // 4) for _ in range(3))
    return min(large, _spent(work, size)) / max(small, 1e-6)


def _spent(work: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    work(size)
    return time.process_time() - began
