"""Proxied: what tests of the guarding proxy talk through and to: raw servers, clients, an upstream proxy."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from safety.egress import EgressRule
from spiders.visits.proxy import GuardProxy, Passage
from tests.servers.web import WebServer
from tests.spiders.test_egress import PINNED

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer `OK`, and hang up."""
    writer.write(OK)
    writer.write_eof()
    await reader.read()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(bytes(2**16))
        await writer.drain()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


class Origin:
    """A raw server on loopback: reads a head, or `first` bytes, keeps it, then behaves."""

    def __init__(self, behaviour: Behaviour = answering, *, address: str = "127.0.0.1", port: int = 0) -> None:
        self.seen: list[bytes] = []  # heads
        self.rest: list[bytes] = []  # what came after each, where `behaviour` left it
        self.came = asyncio.Event()
        self._behaviour, self._address, self._port = behaviour, address, port
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def allow(self) -> str:
        return f"{self._address}:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            self.seen.append(await reader.readuntil(b"\r\n\r\n"))
            self.came.set()
            await self._behaviour(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def quiet(self) -> None:
        """Wait until every connection has ended."""
        async with asyncio.timeout(20):
            while self._tasks:
                await asyncio.sleep(0.01)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._address, self._port)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)


def proof(passage: Passage, *, password: str | None = None) -> bytes:
    """Return the field that opens the proxy."""
    pair = f"{passage.username}:{passage.password if password is None else password}"
    return b"Proxy-Authorization: Basic " + base64.b64encode(pair.encode()) + b"\r\n"


async def connect(proxy: GuardProxy) -> Streams:
    return await asyncio.open_connection("127.0.0.1", int(proxy.address.rpartition(":")[2]))


async def say(proxy: GuardProxy, *pieces: bytes) -> bytes:
    """Return all that comes back; a proxy that answers before it has read everything may cut the rest."""
    reader, writer = await connect(proxy)
    try:
        writer.write(b"".join(pieces))
        got = b""
        with suppress(ConnectionError):
            while piece := await reader.read(2**16):
                got += piece
        return got
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def get(proxy: GuardProxy, passage: Passage, url: str, *more: bytes) -> bytes:
    return await say(proxy, b"GET ", url.encode(), b" HTTP/1.1\r\nHost: x\r\n", proof(passage), *more, b"\r\n")


async def tunnel(proxy: GuardProxy, passage: Passage, authority: str) -> tuple[bytes, Streams]:
    """Return the head of the answer to CONNECT, and the connection."""
    streams = await connect(proxy)
    streams[1].write(b"CONNECT " + authority.encode() + b" HTTP/1.1\r\n" + proof(passage) + b"\r\n")
    return await streams[0].readuntil(b"\r\n\r\n"), streams


async def leave(streams: Streams) -> None:
    streams[1].transport.abort()
    await asyncio.sleep(0)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def rule(*origins: Origin | WebServer, hosts: dict[str, str] | None = None) -> EgressRule:
    return EgressRule.parse([origin.allow for origin in origins], hosts)


async def knock(proxy: GuardProxy, passage: Passage, host: str, port: int) -> tuple[int, int]:
    """Ask for a host in both forms; return both status codes."""
    answer, streams = await tunnel(proxy, passage, f"{host}:{port}")
    await leave(streams)
    return status(answer), status(await get(proxy, passage, f"http://{host}:{port}/"))


@pytest.fixture(autouse=True)
def nothing_unforeseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where a connection's task ended in an error that nobody took."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.name == "asyncio"] == []


class Names:
    """A resolver whose answers change from question to question."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


HEAD = "GET http://127.0.0.1:{port}/ HTTP/1.1\r\n"


BAD = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": b"GET http://127.0.0.1:{port}/\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "origin form": b"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{proof}\r\n",
    "another scheme": b"GET https://127.0.0.1:{port}/ HTTP/1.1\r\n{proof}\r\n",
    "file": b"GET file:///etc/passwd HTTP/1.1\r\n{proof}\r\n",
    "CONNECT without port": b"CONNECT 127.0.0.1 HTTP/1.1\r\n{proof}\r\n",
    "CONNECT with path": b"CONNECT 127.0.0.1:{port}/ HTTP/1.1\r\n{proof}\r\n",
    "CONNECT with body": b"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nContent-Length: 3\r\n{proof}\r\nabc",
    "port 0": b"CONNECT 127.0.0.1:0 HTTP/1.1\r\n{proof}\r\n",
    "port too high": b"CONNECT 127.0.0.1:65536 HTTP/1.1\r\n{proof}\r\n",
    "user name": b"GET http://a@127.0.0.1:{port}/ HTTP/1.1\r\n{proof}\r\n",
    "backslash": b"GET http://127.0.0.1:{port}\\@example.test/ HTTP/1.1\r\n{proof}\r\n",
    "space in the address": b"GET http://127.0.0.1:{port}/ a HTTP/1.1\r\n{proof}\r\n",
    "two lengths": b"{get}Content-Length: 3\r\nContent-Length: 3\r\n{proof}\r\nabc",
    "length and chunks": b"{get}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n{proof}\r\n0\r\n\r\n",
    "two codings": b"{get}Transfer-Encoding: gzip, chunked\r\n{proof}\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"GET http://127.0.0.1:{port}/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n{proof}\r\n",
    "signed length": b"{get}Content-Length: +3\r\n{proof}\r\nabc",
    "listed length": b"{get}Content-Length: 3, 3\r\n{proof}\r\nabc",
    "folded line": b"{get}A: b\r\n Content-Length: 3\r\n{proof}\r\nabc",
    "space before colon": b"{get}Content-Length : 3\r\n{proof}\r\nabc",
    "lone line feed": b"{get}A: b\nContent-Length: 3\r\n{proof}\r\nabc",
    "lone return": b"{get}A: b\rContent-Length: 3\r\n{proof}\r\nabc",
    "zero byte": b"{get}A: b\0c\r\n{proof}\r\n",
    "two hosts": b"{get}Host: a\r\nHost: b\r\n{proof}\r\n",
    "chunk without size": b"{get}Transfer-Encoding: chunked\r\n{proof}\r\nzz\r\nabc\r\n0\r\n\r\n",
    "chunk too long": b"{get}Transfer-Encoding: chunked\r\n{proof}\r\n1\r\nabc\r\n0\r\n\r\n",
}


BAD_ANSWER = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def saying(answer: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    return behave


class Exit(Origin):
    """A small upstream proxy: says yes to CONNECT and answers within; answers everything else itself."""

    def __init__(self, refusal: bytes = b"") -> None:
        super().__init__(self._behave)
        self._refusal = refusal

    async def _behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusal:
            writer.write(self._refusal)
        elif self.seen[-1].startswith(b"CONNECT"):
            writer.write(b"HTTP/1.1 200 Go on\r\n\r\n")
            self.rest.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK)
        else:
            writer.write(OK)
        writer.write_eof()
        await reader.read()

    @property
    def url(self) -> str:
        return f"http://jp-user:s%3Acret@exit.test:{self.port}"


JP = b"Proxy-Authorization: Basic " + base64.b64encode(b"jp-user:s:cret") + b"\r\n"


WAYS = {"exit.test": "127.0.0.1", "shop.test": "127.0.0.9"}


def through(exit_: Exit) -> EgressRule:
    return EgressRule.parse([exit_.allow, "127.0.0.9:80", "127.0.0.9:443"], {**PINNED, **WAYS})


def sockets() -> int:
    """Return how many sockets this process has open."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found += str(link.readlink()).startswith("socket:")
    return found


class Leaky(GuardProxy):
    """A proxy whose guard is gone."""

    def __init__(self, port: int) -> None:
        super().__init__(EgressRule.parse([f"127.0.0.1:{port}", "127.0.0.1:9", "[::1]:9"]))
        self.rule = EgressRule()
