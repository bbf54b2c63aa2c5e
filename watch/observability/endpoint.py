"""Endpoint: /metrics for Prometheus, /health for a supervisor, where `[watch] listen` or `--listen` says, nowhere else.

A server of three pages on the standard library. It reads one request of 8 KiB at most, answers GET of these paths, and
closes; nothing else that a client sends, its Host header neither, changes what it says. What reads the database runs on
threads of its own and is kept for some seconds, so that nobody who asks often slows the work down.
"""

import asyncio
import json
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import Engine

from config import Config
from watch.observability.facts import FactsReader
from watch.observability.liveness import Liveness, Standing
from watch.observability.meter import Meter
from watch.observability.metrics import Metrics

MOST_BYTES = 8192  # of a request's head
MOST_SECONDS = 5.0  # that a client may take for it, and for taking the answer
PATIENCE = 10.0  # seconds that the database may take until it counts as gone
MOST_CLIENTS = 16  # at once; for the next one, who has been asking for longest is let go
MOST_OF_ONE = 4  # of these from one address; likewise
T = TypeVar("T")
_ASKED = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,200}) HTTP/1\.[01]\r?\n")
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class EndpointUnavailable(Exception):
    """The configured address cannot be listened at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer."""

    status: int
    body: bytes
    type: str = "text/plain; charset=utf-8"


@dataclass(slots=True, kw_only=True)
class Server:
    """The pages by path, for some clients at a time."""

    pages: Mapping[bytes, Callable[[], Awaitable[Page]]]
    _clients: dict[asyncio.Task[None], str] = field(default_factory=dict)  # and from which address
    _asking: dict[asyncio.Task[None], StreamWriter] = field(default_factory=dict)  # their requests are not whole yet

    def met(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take a client. Where there are enough, one goes for it whose request is not whole: who holds places without a
        word must not keep a supervisor out, which would end this process.
        """
        address = _address(writer)
        places = [task for task, of in self._clients.items() if of == address]
        if not (self._room(places, MOST_OF_ONE) and self._room(list(self._clients), MOST_CLIENTS)):
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._clients[task] = address
        self._asking[task] = writer
        task.add_done_callback(self._leave)

    def _room(self, places: list[asyncio.Task[None]], most: int) -> bool:
        """Let the slowest go where there are enough; tell whether there is room."""
        if len(places) < most:
            return True
        slow = next((task for task in places if task in self._asking), None)
        if slow is None:
            return False
        self._asking[slow].transport.abort()
        slow.cancel()
        self._leave(slow)
        return True

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._clients.pop(task, None)
        self._asking.pop(task, None)

    async def end(self) -> None:
        """Let all clients go."""
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            with suppress(TimeoutError, OSError):
                head = await _within(MOST_SECONDS, _head(reader))
                self._asked()
                page = await self._page(head)
                async with asyncio.timeout(MOST_SECONDS):
                    writer.write(_answer(page))
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        finally:
            writer.transport.abort()

    def _asked(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._asking.pop(task, None)

    async def _page(self, head: bytes) -> Page:
        asked = _ASKED.match(head)
        if asked is None:
            return Page(status=400, body=b"this is no request\n")
        make = self.pages.get(asked[2].partition(b"?")[0])
        if make is None:
            return Page(status=404, body=b"there are /metrics, /health and /health/live\n")
        if asked[1] != b"GET":
            return Page(status=405, body=b"only GET is answered\n")
        try:
            return await make()
        except Exception as error:  # noqa: BLE001  the edge to who asks: a page that cannot be made ends nothing else
            return Page(status=500, body=f"this cannot be told: {type(error).__name__}\n".encode())


def _address(writer: StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return str(peer[0]) if peer else ""  # gone already


async def _within(seconds: float, coming: Awaitable[T]) -> T:
    """Wait for something so long; what is there by then counts, though this process was too busy to look in time.

    `asyncio.timeout` would throw it away: when a busy loop goes on, the time is over before the answer is taken.

    Raises:
        TimeoutError: it is not there.
    """
    task = asyncio.ensure_future(coming)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()  # of no effect where it is done


async def _head(reader: StreamReader) -> bytes:
    """Read a request's head; b"" where it is longer than it may be, or breaks off."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.LimitOverrunError, asyncio.IncompleteReadError):
        return b""


def _answer(page: Page) -> bytes:
    lines = (
        f"HTTP/1.1 {page.status} {_REASONS[page.status]}",
        f"Content-Type: {page.type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        *(["Allow: GET"] if page.status == 405 else []),
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + page.body


@asynccontextmanager
async def serve(
    config: Config, engine: Engine, meter: Meter, *, listen: str | None, now: Callable[[], datetime]
) -> AsyncIterator[tuple[str, int] | None]:
    """Answer while the block runs; give address and port, or None where `listen` (ADDRESS:PORT) is None.

    Call `meter.turn()` each second or so in the loop of the process, do each job within `meter.job(kind)`, and tell
    `meter.child(...)` of children that have ended.

    Raises:
        EndpointUnavailable: nothing can listen at that address; the message says why.
    """
    if listen is None:
        yield None
        return
    host, _, port = listen.rpartition(":")
    executor = ThreadPoolExecutor(2, thread_name_prefix="endpoint")
    read = FactsReader(config, engine, now).read
    server = Server(pages=_pages(Metrics(read, meter), Liveness(read, meter), executor))
    try:
        listening = await asyncio.start_server(server.met, host.strip("[]"), int(port), limit=MOST_BYTES)
    except OSError as error:
        raise EndpointUnavailable(
            f"nothing can listen at {listen}: {error.strerror or error}; "
            "free that port, or name another one by --listen, MEKIKI_LISTEN or [watch] listen"
        ) from error
    async with listening:
        bound = listening.sockets[0].getsockname()
        try:
            yield bound[0], bound[1]
        finally:
            await server.end()
            executor.shutdown(wait=False, cancel_futures=True)  # a database that hangs must not keep the process


def _pages(
    metrics: Metrics, liveness: Liveness, executor: ThreadPoolExecutor
) -> dict[bytes, Callable[[], Awaitable[Page]]]:
    loop = asyncio.get_running_loop()

    async def figures() -> Page:
        try:
            body = await _within(PATIENCE, loop.run_in_executor(executor, metrics.text))
        except TimeoutError:
            return Page(status=503, body=f"the database did not answer within {PATIENCE:g} s\n".encode())
        return Page(status=200, body=body, type=CONTENT_TYPE_PLAIN_0_0_4)

    async def health() -> Page:
        try:
            return _healthy(await _within(PATIENCE, loop.run_in_executor(executor, liveness.whole)))
        except TimeoutError:
            return _healthy(Standing(reasons=(f"the database did not answer within {PATIENCE:g} s",)))

    async def alive() -> Page:
        return _healthy(liveness.loop())

    return {b"/metrics": figures, b"/health": health, b"/health/live": alive}


def _healthy(standing: Standing) -> Page:
    body = json.dumps({"status": "ok" if standing.well else "failing", "reasons": standing.reasons}) + "\n"
    return Page(status=200 if standing.well else 503, body=body.encode(), type="application/json")
