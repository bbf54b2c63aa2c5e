"""Claims: which of several processes with one SQLite database does a job.

A claim is a lock on one byte of a file beside the database: the kernel frees it with its process, however that ends,
so a killed one holds up nobody. A database in SQLite is on one machine, and so are all who use it. (On PostgreSQL jobs
are claimed in the queue, `watch.many.queue`.)
"""

import fcntl
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

_BYTES = 1 << 62  # of the file, which are never written: jobs share one only by chance


class Claims:
    """Those of one process; not for several in one process, which the kernel would not tell from one another."""

    def __init__(self, database: Path) -> None:
        """Open, or make, the file of locks, `DATABASE.jobs`.

        Raises:
            OSError: it cannot be made.
        """
        self._file = os.open(f"{database}.jobs", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

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
        except (BlockingIOError, PermissionError):  # which of them is the system's choice, see fcntl(2)
            return False
        return True

    def release(self, identity: str) -> None:
        """Leave a job to whoever wants it."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _byte(identity))


def _byte(identity: str) -> int:
    return int.from_bytes(sha256(identity.encode()).digest()[:8]) % _BYTES
