"""Processes as Linux shows them in /proc: what one has started, how much memory that takes; and how to end it all."""

import ctypes
import os
import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

# Their memory has bounds of its own: `safety.sandbox`, `spiders.visits.memory`. The browser runs below its driver.
BOUNDED = (b"safety.sandbox_child", b"playwright")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PDEATHSIG, _CHILD_SUBREAPER = 1, 36  # prctl(2)
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One row of /proc."""

    pid: int
    parent: int
    session: int
    start: int  # clock ticks since boot: tells a process from an earlier one with the same number
    bytes: int  # resident memory

    @classmethod
    def read(cls, pid: int) -> Self | None:
        """Read one; None where it is gone, or has ended and only waits to be told of."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()  # proc(5), from field 3 on
        except OSError:
            return None
        if fields[0] in (b"Z", b"X"):
            return None
        return cls(
            pid=pid,
            parent=int(fields[1]),
            session=int(fields[3]),
            start=int(fields[19]),
            bytes=int(fields[21]) * _PAGE,
        )


def processes() -> list[Process]:
    """Return all that run now."""
    numbers = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [process for pid in numbers if (process := Process.read(pid)) is not None]


def started_by(root: int, all_: list[Process]) -> list[Process]:
    """Return a process that leads a session, and what it and its own have started, in that session or not."""
    children: dict[int, list[Process]] = {}
    for process in all_:
        children.setdefault(process.parent, []).append(process)
    found = {process.pid: process for process in all_ if root in (process.pid, process.session)}
    waiting = list(found)
    while waiting:
        for process in children.get(waiting.pop(), ()):
            if process.pid not in found:
                found[process.pid] = process
                waiting.append(process.pid)
    return list(found.values())


def memory(root: int, family: list[Process]) -> int:
    """Return the bytes that a family (`started_by`) holds, without `BOUNDED` processes and what those have started."""
    parents = {process.pid: process.parent for process in family}
    bounded = {process.pid for process in family if process.pid != root and _bounded(process.pid)}

    def counts(pid: int) -> bool:
        while pid in parents and pid not in bounded:
            pid = parents[pid]
        return pid not in bounded

    return sum(process.bytes for process in family if counts(process.pid))


def _bounded(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return any(name in command for name in BOUNDED)


def kill_all(root: int, known: Mapping[int, int]) -> None:
    """Kill a process that leads a session with all it has started; of `known` ones (number -> start) those still there.

    What was started by a process that has ended since is found only among those.
    """
    kill(process.pid for process in started_by(root, processes()))
    kill(pid for pid, start in known.items() if (still := Process.read(pid)) is not None and still.start == start)


def kill(pids: Iterable[int]) -> None:
    """Kill processes; those that are gone are no matter."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def threads() -> int:
    """Return how many threads this process has, those of native libraries included."""
    return len(list(Path("/proc/self/task").iterdir()))


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies.

    Raises:
        OSError: the kernel does not.
    """
    _prctl(_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of what those below this process leave behind, instead of the first process of the system.

    Raises:
        OSError: the kernel does not.
    """
    _prctl(_CHILD_SUBREAPER, 1)


def _prctl(option: int, argument: int) -> None:
    if _LIBC.prctl(option, argument, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
