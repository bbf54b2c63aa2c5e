"""Connections: whoever keeps one open and asks nothing, or opens very many, keeps nobody else from being answered.

1. A connection on which no whole request arrives in time is ended.
2. One address has at most half of all connections. Proxies of ours and this machine are not counted: many people come
   through them.
3. Where all are taken, the one that has been there longest without asking anything goes.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from board.peer import is_among, network_of
from config.board import Board as Settings
from config.board import is_loopback

AT_ONCE = 200  # connections
SHARE = AT_ONCE // 2  # of one address
PATIENCE = 15.0  # seconds for the head of a request to arrive; at most twice as long on one that was used before
_BUSY = object()


class Connection(H11Protocol):
    """One connection; speaks HTTP/1.1 as uvicorn does."""

    settings: Settings

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a new connection, unless its address has its share."""
        super().connection_made(transport)
        self._idle: object = None  # the request after which nothing has come
        self._timer = self.loop.call_later(PATIENCE, self._look)
        self._since = self.loop.time()
        host = self.client[0] if self.client else ""
        self._peer = "" if is_loopback(host) or is_among(host, self.settings.trusted) else network_of(host)
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        if self._peer and sum(one._peer == self._peer for one in others) >= SHARE:
            self._let_go()
        elif len(others) + 1 >= AT_ONCE and (waiting := [one for one in others if one.waits]):
            min(waiting, key=lambda one: one._since)._let_go()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._timer.cancel()
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        """Whether nothing is asked on it."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    def _let_go(self) -> None:
        self.connections.discard(self)
        self.transport.abort()

    def _look(self) -> None:
        """End it where nothing has come since it was looked at before."""
        if self.waits and self._idle is self.cycle:
            self._let_go()
            return
        self._idle = self.cycle if self.waits else _BUSY
        self._timer = self.loop.call_later(PATIENCE, self._look)


def connections(settings: Settings) -> type[Connection]:
    """Return what uvicorn makes of each connection to a board."""

    class Ours(Connection):
        pass

    Ours.settings = settings
    return Ours
