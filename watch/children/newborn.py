"""Newborn: a fork that leaves everything of its parent behind.

It leads a session of its own, dies with its parent, reads nothing, and writes both of its outputs into a pipe.
"""

import os
import signal
import sys
from collections.abc import Sequence

from watch.children.processes import die_with_parent


def fork_child(descriptors: Sequence[int]) -> tuple[int, int]:
    """Fork; return the child's number and the descriptor to read its outputs from, which does not block; 0, 0 in it.

    Args:
        descriptors: of this process; closed in the child. Others are marked to be closed when it starts a program.

    Raises:
        OSError: there is no memory, process or descriptor left.
    """
    parent = os.getpid()
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if pid:
        os.close(writing)
        os.set_blocking(reading, False)
        return pid, reading
    _settle(parent, writing, (*descriptors, reading))
    return 0, 0


def _settle(parent: int, output: int, unwanted: Sequence[int]) -> None:
    os.setsid()
    die_with_parent()
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for theirs, ours in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(theirs, ours)
    for descriptor in {nothing, output, *unwanted} - {0, 1, 2}:
        os.close(descriptor)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (
        os.fdopen(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
        for number in (1, 2)
    )
