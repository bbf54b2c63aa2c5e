"""Wall times on a machine that others use: what is timed runs before everything else there, for as long as it is timed.

SCHED_FIFO on one core, where the system allows it (root, or CAP_SYS_NICE); elsewhere nothing changes, and it is said.
What is built beforehand runs as usual, so that others are not kept from the machine for longer than needed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

RANK = 10  # of 99: below the kernel's own threads, above all that is ordinary


def told() -> str:
    """Say in a word how wall times of this process are measured."""
    with undisturbed() as raised:
        return f"SCHED_FIFO {RANK}, one core" if raised else "ordinary priority"


@contextmanager
def undisturbed() -> Iterator[bool]:
    """Run before all others on the last core; give False where that is not allowed."""
    policy, rank, cores = os.sched_getscheduler(0), os.sched_getparam(0), os.sched_getaffinity(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(RANK))
    except PermissionError:
        yield False
        return
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield True
    finally:
        os.sched_setscheduler(0, policy, rank)
        os.sched_setaffinity(0, cores)
