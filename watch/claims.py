"""Claims: which of several processes with one SQLite database does a job.

A claim is a lock on one byte of a file beside the database: the kernel frees it with its process, however that ends,
so a killed one holds up nobody. A database in SQLite is on one machine, and so are all who use it. (On PostgreSQL jobs
are claimed in the queue, `watch.many.queue`.)

One more byte is shared by every watch as long as it runs, idle or not: who must have the database alone (`alone`) takes
all of the file.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from storage.errors import StorageUnavailable

_BYTES = 1 << 62  # of the file, which are never written: jobs share one only by chance
_HERE = _BYTES  # the byte behind them, of all watches together
_TAKEN = (BlockingIOError, PermissionError)  # which of them is the system's choice, see fcntl(2)


class Claims:
    """Those of one process; not for several in one process, which the kernel would not tell from one another."""

    def __init__(self, database: Path) -> None:
        """Open, or make, the file of locks, `DATABASE.jobs`.

        Raises:
            OSError: it cannot be made.
            StorageUnavailable: somebody has the database alone.
        """
        self._file = _open(database)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, _HERE)
        except _TAKEN:
            os.close(self._file)
            raise StorageUnavailable(
                f"{database} is being copied: wait for `mekiki db copy`, then start on the new database"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def take(self, identity: str) -> bool:
        """Claim a job; False when another process has it. Claimed twice it is claimed once."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(identity))
        except _TAKEN:
            return False
        return True

    def release(self, identity: str) -> None:
        """Leave a job to whoever wants it."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _byte(identity))


@contextmanager
def alone(database: Path) -> Iterator[bool]:
    """Keep every watch off a database meanwhile; give False where one is there. Not in a process that has claims."""
    file = _open(database)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except _TAKEN:
        yield False
    else:
        yield True
    finally:
        os.close(file)


def _open(database: Path) -> int:
    return os.open(f"{database}.jobs", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _byte(identity: str) -> int:
    return int.from_bytes(sha256(identity.encode()).digest()[:8]) % _BYTES
