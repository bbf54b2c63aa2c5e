"""Memory: end what a page's process takes beyond a limit, because no flag of the browser bounds what a page may fill.

Looks at the processes below this one, twice a second while a browser is up. A page whose process was ended has crashed.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

MOST = 1500 * 2**20  # bytes that one process of the browser may hold
EVERY = 0.5  # seconds
_PAGE = os.sysconf("SC_PAGE_SIZE")


async def bound_memory(tell: Callable[[str], None], *, most: int = MOST) -> None:
    """Watch until cancelled; `tell` is given one line for each process that was ended."""
    while True:
        await asyncio.sleep(EVERY)
        for pid, size in await asyncio.to_thread(lambda: list(_renderers(os.getpid()))):
            if size > most:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    tell(f"a page took {size >> 20} MB of memory; its process was ended")


def _renderers(root: int) -> Iterator[tuple[int, int]]:
    """Yield the processes that show pages below a process, with the bytes they hold."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            number, _, rest = stat.read_text().partition(" (")
            children.setdefault(int(rest.rpartition(") ")[2].split()[1]), []).append(int(number))
    waiting = list(children.get(root, ()))
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, ())
        with suppress(OSError, ValueError, IndexError):
            if b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes():
                yield pid, int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
