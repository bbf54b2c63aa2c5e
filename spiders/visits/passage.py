"""Passage: one journey through the proxy: its credentials, its limits, and what came of its connections."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from safety.screen import screen
from spiders.visits.dial import Failed, Refused, Upstream

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is not exceeded, whatever a page does."""

    bytes: int = 30 * 2**20  # that servers send in one passage
    connections: int = 64  # at a time, in one passage
    requests: int = 3000  # in one passage
    sent: int = 5 * 2**20  # bytes that its pages may send
    hosts: int = 1000  # remembered in one passage, of each kind
    head: int = 2**16  # bytes of a head
    head_seconds: float = 10.0
    connect_seconds: float = 10.0  # for each address, and for the look-up
    idle_seconds: float = 30.0  # without a byte in either direction


class Passage:
    """What belongs to one journey: its credentials, its upstream proxy, and what came of its connections.

    Hosts are kept in lower case, as pages wrote them: screen them before they are shown. `refused` is the only proof
    that the guard stopped something: what marks answers of the proxy, a site could send within a tunnel.
    """

    def __init__(self, upstream: Upstream | None, limits: Limits, forget: Callable[[str], object]) -> None:
        self.username, self.password = secrets.token_hex(16), secrets.token_hex(16)
        self.addresses: dict[str, str] = {}  # host -> IP that was dialled last; none of what an upstream proxy dials
        self.refused: dict[str, str] = {}  # host -> why the guard did not let it be reached
        self.failed: dict[str, str] = {}  # host -> what failed last: dns, connection, timeout, exit, busy
        self.bytes = 0  # received from servers
        self.requests = 0
        self.over = False  # the bytes were used up, and all ended
        self.upstream = upstream
        self._limits, self._forget = limits, forget
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """End it: its connections are cut, its credentials open nothing more."""
        self._forget(self.username)
        self._cut()

    def admit(self, host: str) -> None:
        """Count the current task as one of its connections.

        Raises:
            Refused: its bytes are used up.
            Failed: it has too many.
        """
        self.requests += 1
        self.over |= self.requests > self._limits.requests
        if self.over:
            raise Refused(host, "refused, the journey has loaded too much")
        if len(self._tasks) >= self._limits.connections:
            raise Failed(host, "busy")
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def received(self, size: int) -> bool:
        """Count bytes of a server; when there were too many, cut every connection and return False."""
        self.bytes += size
        if self.bytes <= self._limits.bytes:
            return True
        self.over = True
        self._cut()
        return False

    def note(self, error: Refused | Failed) -> None:
        """Remember what was not reached; a refused host is logged once. What comes when it is `over` says no more."""
        if self.over:
            return
        if isinstance(error, Failed):
            self._keep(self.failed, error.host, error.kind)
        elif self._keep(self.refused, error.host, error.why):
            _log.info("%s: %s", screen(error.host, limit=200), error.why)

    def reached(self, host: str, address: str) -> None:
        """Remember which address of a host was dialled."""
        self.failed.pop(host, None)
        self._keep(self.addresses, host, address)

    def _keep(self, kept: dict[str, str], host: str, says: str) -> bool:
        """Keep the last word on a host; return whether it is the first."""
        first = host not in kept
        if first and len(kept) >= self._limits.hosts:
            return False
        kept[host] = says
        return first

    def _cut(self) -> None:
        for task in self._tasks:
            task.cancel()
