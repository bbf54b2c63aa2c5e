"""The proxy dials nothing that `egress` does not permit, serves nobody without credentials, and passes on no trick."""

import asyncio
import base64
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from safety.egress import EgressRule
from spiders.resolver import GuardBroken
from spiders.visits.proxy import GuardProxy, Limits, Passage, prove_proxy
from tests.servers.web import Canary, WebServer
from tests.spiders.test_egress import HOSTS, PINNED

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
def _nothing_unforeseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where a connection's task ended in an error that nobody took."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.name == "asyncio"] == []


class TestHostileTargets:
    @pytest.mark.asyncio
    async def test_none_is_reached_and_a_permitted_page_is(self) -> None:
        with WebServer() as site, Canary() as canary:
            site.html("/control", "<p>public page</p>")
            hosts = {**PINNED, "public.test": "127.0.0.1"}
            async with GuardProxy(rule(site, hosts=hosts)) as proxy:
                passage = proxy.open()
                got = {host: await knock(proxy, passage, host, canary.port) for host in HOSTS}
                control = await get(proxy, passage, f"http://public.test:{site.port}/control")
        assert canary.alarms == 0
        assert passage.addresses == {"public.test": "127.0.0.1"}
        assert b"public page" in control
        for host, both in got.items():
            unknown = host.endswith(".") and both == (502, 502)  # a name, for some resolvers
            assert unknown or both == ((400, 400) if "@" in host else (403, 403)), host
        assert len(passage.refused) > 40

    @pytest.mark.asyncio
    async def test_a_refusal_is_marked_and_logged_once_for_each_host(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        async with GuardProxy(EgressRule()) as proxy:
            passage = proxy.open()
            answers = [await get(proxy, passage, "http://LocalHost/%7F") for _ in range(3)]
        assert all(b"\r\nX-Mekiki-Refused: 1\r\n" in answer for answer in answers)
        assert list(passage.refused) == ["localhost"]
        assert "not public" in passage.refused["localhost"]
        assert [record.getMessage()[:10] for record in caplog.records if record.name.startswith("spiders")] == [
            "localhost:"
        ]

    @pytest.mark.asyncio
    async def test_an_open_address_is_open_on_its_port_only(self) -> None:
        async with Origin() as origin, Origin() as neighbour, GuardProxy(rule(origin)) as proxy:
            passage = proxy.open()
            assert status(await get(proxy, passage, f"http://127.0.0.1:{origin.port}/")) == 200
            assert status(await get(proxy, passage, f"http://127.0.0.1:{neighbour.port}/")) == 403
            assert neighbour.seen == []
            assert "port" in passage.refused["127.0.0.1"]

    @pytest.mark.asyncio
    async def test_hosts_that_a_page_makes_up_are_not_kept_without_end(self) -> None:
        async with GuardProxy(EgressRule(), limits=Limits(hosts=3)) as proxy:
            passage = proxy.open()
            for number in range(1, 9):
                assert status(await get(proxy, passage, f"http://127.0.0.{number}/")) == 403
            assert len(passage.refused) == 3


class Names:
    """A resolver whose answers change from question to question."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class TestNames:
    @pytest.mark.asyncio
    async def test_a_name_that_changes_its_address_is_not_followed_inside(self) -> None:
        with Canary() as canary:
            async with Origin(address="127.0.0.2", port=canary.port) as origin:
                names = Names(["127.0.0.2"], ["127.0.0.1"])
                async with GuardProxy(rule(origin), resolve=names) as proxy:
                    passage = proxy.open()
                    first = await get(proxy, passage, f"http://rebinding.test:{canary.port}/")
                    later = [await knock(proxy, passage, "rebinding.test", canary.port) for _ in range(5)]
        assert status(first) == 200
        assert later == [(403, 403)] * 5
        assert len(origin.seen) == 1
        assert passage.addresses == {"rebinding.test": "127.0.0.2"}
        assert canary.alarms == 0

    @pytest.mark.asyncio
    async def test_only_permitted_addresses_are_tried_in_order(self) -> None:
        with Canary() as canary:
            async with Origin(address="127.0.0.2", port=canary.port) as origin:
                allowed = EgressRule.parse([origin.allow, f"127.0.0.3:{canary.port}"])
                names = Names(["127.0.0.1", "::1", "127.0.0.3", "127.0.0.2"])  # nobody listens at the third
                async with GuardProxy(allowed, resolve=names) as proxy:
                    passage = proxy.open()
                    assert status(await get(proxy, passage, f"http://mixed.test:{canary.port}/")) == 200
        assert passage.addresses == {"mixed.test": "127.0.0.2"}
        assert canary.alarms == 0

    @pytest.mark.asyncio
    @pytest.mark.parametrize("answer", ["localhost", "127.1", "2130706433", "127.0.0.1%lo", "::ffff:127.0.0.1", ""])
    async def test_an_answer_that_is_no_address_is_not_dialled(self, answer: str) -> None:
        with Canary() as canary:
            async with GuardProxy(EgressRule(), resolve=Names([answer])) as proxy:
                assert await knock(proxy, proxy.open(), "odd.test", canary.port) == (403, 403)
        assert canary.alarms == 0

    @pytest.mark.asyncio
    async def test_what_does_not_come_about_is_named(self) -> None:
        async def nobody(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        async def nobody_answers(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_AGAIN, "temporary failure")

        async def slow(host: str, port: int) -> Sequence[str]:
            await asyncio.Event().wait()
            return []

        async with Origin() as gone:
            closed = gone.allow
        wrong = EgressRule.parse([closed], {"closed.test": "127.0.0.1"})
        port = int(closed.rpartition(":")[2])
        for resolve, host, kind in (
            (nobody, "unknown.test", "dns"),
            (nobody_answers, "unknown.test", "dns_failed"),
            (Names([]), "empty.test", "dns"),
            (slow, "slow.test", "timeout"),
            (nobody, "closed.test", "connection"),
        ):
            async with GuardProxy(wrong, resolve=resolve, limits=Limits(connect_seconds=0.2)) as proxy:
                passage = proxy.open()
                assert await knock(proxy, passage, host, port) == (502, 502)
                assert passage.failed == {host: kind}
                assert passage.refused == {}


class TestCredentials:
    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "wrong",
        [
            b"",
            b"Proxy-Authorization: Basic\r\n",
            b"Proxy-Authorization: Basic !!!\r\n",
            b"Proxy-Authorization: Basic /w==\r\n",  # no UTF-8
            b"Proxy-Authorization: Basic " + base64.b64encode(b":") + b"\r\n",
            b"Proxy-Authorization: Bearer x\r\n",
            b"Authorization: Basic x\r\n",
        ],
    )
    async def test_without_them_nothing_is_dialled(self, wrong: bytes) -> None:
        async with Origin() as origin, GuardProxy(rule(origin)) as proxy:
            proxy.open()
            for first in (f"CONNECT 127.0.0.1:{origin.port}", f"GET http://127.0.0.1:{origin.port}/"):
                streams = await connect(proxy)
                streams[1].write(first.encode() + b" HTTP/1.1\r\nHost: x\r\n" + wrong + b"\r\n")
                answer = await streams[0].readuntil(b"\r\n\r\n")
                await leave(streams)
                assert status(answer) == 407
                assert b'\r\nProxy-Authenticate: Basic realm="mekiki"\r\n' in answer
            assert origin.seen == []

    @pytest.mark.asyncio
    async def test_those_of_another_and_of_a_closed_passage_open_nothing(self) -> None:
        async with Origin() as origin, GuardProxy(rule(origin)) as proxy:
            one, other, closed = proxy.open(), proxy.open(), proxy.open()
            closed.close()
            for wrong in (proof(one, password=other.password), proof(one, password=""), proof(closed), proof(one) * 2):
                streams = await connect(proxy)
                streams[1].write(f"GET http://127.0.0.1:{origin.port}/ HTTP/1.1\r\n".encode() + wrong + b"\r\n")
                assert status(await streams[0].readuntil(b"\r\n\r\n")) == 407
                await leave(streams)
            assert origin.seen == []

    @pytest.mark.asyncio
    async def test_they_may_follow_on_the_same_connection(self) -> None:
        async with Origin() as origin, GuardProxy(rule(origin)) as proxy:
            passage = proxy.open()
            reader, writer = await connect(proxy)
            request = f"GET http://127.0.0.1:{origin.port}/ HTTP/1.1\r\nHost: x\r\n".encode()
            writer.write(request + b"\r\n")
            assert status(await reader.readuntil(b"\r\n\r\n")) == 407
            writer.write(request + proof(passage) + b"\r\n")
            assert (await reader.read()).endswith(b"ok")
            await leave((reader, writer))

    @pytest.mark.asyncio
    async def test_a_body_before_them_is_not_taken_for_a_request(self) -> None:
        async with Origin() as origin, GuardProxy(rule(origin)) as proxy:
            passage = proxy.open()
            inner = f"GET http://127.0.0.1:{origin.port}/ HTTP/1.1\r\n".encode() + proof(passage) + b"\r\n"
            outer = f"POST http://127.0.0.1:{origin.port}/ HTTP/1.1\r\nContent-Length: {len(inner)}\r\n\r\n".encode()
            answer = await say(proxy, outer, inner)
            assert status(answer) == 407
            assert b" 200 " not in answer
            assert origin.seen == []

    @pytest.mark.asyncio
    async def test_each_passage_knows_only_its_own(self) -> None:
        async with Origin() as origin, GuardProxy(rule(origin)) as proxy:
            one, other = proxy.open(), proxy.open()
            await get(proxy, one, f"http://127.0.0.1:{origin.port}/")
            await get(proxy, other, "http://10.0.0.1/")
            assert (one.addresses, one.refused, other.addresses) == ({"127.0.0.1": "127.0.0.1"}, {}, {})
            assert list(other.refused) == ["10.0.0.1"]
            assert (one.bytes, other.bytes) == (len(OK), 0)


class TestLimits:
    @pytest.mark.asyncio
    async def test_an_endless_page_ends_at_the_budget_and_all_else_with_it(self) -> None:
        most = 2**20
        async with (
            Origin(endless) as flood,
            Origin(silent) as quiet,
            GuardProxy(rule(flood, quiet), limits=Limits(bytes=most, idle_seconds=3600)) as proxy,
        ):
            passage, other = proxy.open(), proxy.open()
            opened, beside = await tunnel(proxy, passage, f"127.0.0.1:{quiet.port}")
            assert status(opened) == 200
            got = await get(proxy, passage, f"http://127.0.0.1:{flood.port}/")
            assert passage.over
            assert 0 < len(got) <= most + 2**8
            assert most < passage.bytes <= most + 2**17
            with suppress(ConnectionError):
                async with asyncio.timeout(20):
                    assert await beside[0].read() == b""
            await leave(beside)
            seen = len(flood.seen)
            assert await knock(proxy, passage, "127.0.0.1", flood.port) == (403, 403)
            assert len(flood.seen) == seen
            assert passage.refused == {}
            assert not other.over

    @pytest.mark.asyncio
    async def test_a_tunnel_is_counted_too(self) -> None:
        async with Origin(endless) as flood, GuardProxy(rule(flood), limits=Limits(bytes=2**20)) as proxy:
            passage = proxy.open()
            _, (reader, writer) = await tunnel(proxy, passage, f"127.0.0.1:{flood.port}")
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            got = 0
            with suppress(ConnectionError):
                while piece := await reader.read(2**16):
                    got += len(piece)
            await leave((reader, writer))
            assert passage.over
            assert 0 < got <= 2**20

    @pytest.mark.asyncio
    async def test_nothing_is_gathered_for_a_client_that_does_not_read(self) -> None:
        async with Origin(endless) as flood:
            limits = Limits(bytes=2**40, idle_seconds=0.5)
            async with GuardProxy(rule(flood), limits=limits) as proxy:
                passage = proxy.open()
                reader, writer = await asyncio.open_connection(*proxy.address[7:].split(":"), limit=2**10)
                writer.write(f"GET http://127.0.0.1:{flood.port}/ HTTP/1.1\r\n".encode() + proof(passage) + b"\r\n")
                await flood.came.wait()
                await flood.quiet()  # the proxy lost patience
                assert passage.bytes < 2**25  # what the sockets' own buffers hold
                await leave((reader, writer))

    @pytest.mark.asyncio
    async def test_a_passage_has_only_so_many_connections_at_a_time(self) -> None:
        async with Origin(silent) as quiet, GuardProxy(rule(quiet), limits=Limits(connections=3)) as proxy:
            passage, other = proxy.open(), proxy.open()
            held = [await tunnel(proxy, passage, f"127.0.0.1:{quiet.port}") for _ in range(3)]
            assert [status(answer) for answer, _ in held] == [200] * 3
            assert await knock(proxy, passage, "127.0.0.1", quiet.port) == (502, 502)
            assert passage.failed == {"127.0.0.1": "busy"}
            answer, streams = await tunnel(proxy, other, f"127.0.0.1:{quiet.port}")
            assert status(answer) == 200
            for _, one in [*held, (answer, streams)]:
                await leave(one)

    @pytest.mark.asyncio
    async def test_a_server_that_says_nothing_is_given_up(self) -> None:
        async with Origin(silent) as quiet, GuardProxy(rule(quiet), limits=Limits(idle_seconds=0.2)) as proxy:
            passage = proxy.open()
            assert status(await get(proxy, passage, f"http://127.0.0.1:{quiet.port}/")) == 502
            assert passage.failed == {"127.0.0.1": "timeout"}
            _, (reader, writer) = await tunnel(proxy, passage, f"127.0.0.1:{quiet.port}")
            assert await reader.read() == b""
            await leave((reader, writer))
            await quiet.quiet()


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


class TestOddRequests:
    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", BAD)
    async def test_what_could_be_read_in_two_ways_is_not_passed_on(self, name: str) -> None:
        async with Origin(silent) as origin, GuardProxy(rule(origin)) as proxy:
            passage = proxy.open()
            raw = BAD[name].replace(b"{get}", HEAD.encode()).replace(b"{proof}", proof(passage))
            assert status(await say(proxy, raw.replace(b"{port}", b"%d" % origin.port))) == 400
            if not name.startswith("chunk "):
                assert origin.seen == []

    @pytest.mark.asyncio
    async def test_a_head_that_is_huge_slow_or_broken_off(self) -> None:
        async with Origin() as origin, GuardProxy(rule(origin), limits=Limits(head_seconds=0.3)) as proxy:
            passage = proxy.open()
            start = HEAD.format(port=origin.port).encode() + proof(passage)
            assert await say(proxy, start, b"A: " + b"b" * 2**18, b"\r\n\r\n") in (b"", BAD_ANSWER)
            assert await say(proxy, start) == BAD_ANSWER
            assert await say(proxy) == BAD_ANSWER
            reader, writer = await connect(proxy)
            writer.write(start)
            writer.write_eof()
            assert await reader.read() == BAD_ANSWER
            await leave((reader, writer))
            assert origin.seen == []

    @pytest.mark.asyncio
    @pytest.mark.parametrize("field", [b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n"])
    async def test_a_body_that_broke_off(self, field: bytes) -> None:
        async with Origin(silent) as origin, GuardProxy(rule(origin)) as proxy:
            reader, writer = await connect(proxy)
            writer.write(HEAD.format(port=origin.port).encode() + field + proof(proxy.open()) + b"\r\n9\r\nabc")
            writer.write_eof()
            assert await reader.read() == BAD_ANSWER
            await leave((reader, writer))
            await origin.quiet()

    @pytest.mark.asyncio
    async def test_the_host_that_was_checked_is_the_host_that_is_named(self) -> None:
        async with Origin() as origin, GuardProxy(rule(origin, hosts={"shop.test": "127.0.0.1"})) as proxy:
            passage = proxy.open()
            url = f"http://shop.test:{origin.port}?q=1#part"
            for field in (b"Host: intranet.test\r\n", b"host: 10.0.0.1\r\n", b""):
                await say(proxy, f"GET {url} HTTP/1.1\r\n".encode(), field, proof(passage), b"\r\n")
            for head in origin.seen:
                assert head.startswith(b"GET /?q=1 HTTP/1.1\r\n")
                hosts = [line for line in head.split(b"\r\n") if line.lower().startswith(b"host:")]
                assert [line.partition(b": ")[2] for line in hosts] == [b"shop.test:%d" % origin.port]
            assert len(origin.seen) == 3

    @pytest.mark.asyncio
    async def test_what_is_for_one_connection_stays_here(self) -> None:
        async with Origin() as origin, GuardProxy(rule(origin)) as proxy:
            passage = proxy.open()
            fields = (
                b"Connection: keep-alive, X-Once\r\nX-Once: 1\r\nKeep-Alive: timeout=5\r\n"
                b"Proxy-Connection: keep-alive\r\nproxy-Anything: 1\r\nTE: trailers\r\nUpgrade: h2c\r\n"
                b"Expect: 100-continue\r\nX-Stays: 1\r\nCookie: a=b\r\n"
            )
            await get(proxy, passage, f"http://127.0.0.1:{origin.port}/", fields)
        assert origin.seen[0].split(b"\r\n") == [
            b"GET / HTTP/1.1",
            b"Host: 127.0.0.1:%d" % origin.port,
            b"X-Stays: 1",
            b"Cookie: a=b",
            b"Connection: close",
            b"",
            b"",
        ]

    @pytest.mark.asyncio
    async def test_bodies_arrive_and_a_second_request_does_not(self) -> None:
        bodies: list[bytes] = []

        async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            bodies.append(await reader.readuntil(b"end"))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    bodies.append(await reader.read(1))
            writer.write(OK)

        smuggled = b"GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n"
        chunked = b"Transfer-Encoding: chunked\r\n", b"3;x=y\r\nthe\r\n4\r\n end\r\n0\r\nTrailer: 1\r\n\r\n"
        async with Origin(post) as origin, GuardProxy(rule(origin)) as proxy:
            passage = proxy.open()
            url = f"POST http://127.0.0.1:{origin.port}/ HTTP/1.1\r\n".encode()
            for field, body in ((b"Content-Length: 7\r\n", b"the end"), chunked):
                answer = await say(proxy, url, field, proof(passage), b"\r\n", body, smuggled)
                assert answer.endswith(b"\r\n\r\nok")
        assert bodies[0] == b"the end"
        assert bodies[1].startswith(b"3\r\nthe\r\n4\r\n end")
        assert b"Content-Length: 7\r\n" in origin.seen[0]
        assert b"Transfer-Encoding: chunked\r\n" in origin.seen[1]
        assert not any(b"GET" in body for body in bodies)


BAD_ANSWER = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def saying(answer: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    return behave


class TestOddAnswers:
    @pytest.mark.asyncio
    async def test_no_site_speaks_for_the_proxy(self) -> None:
        answer = (
            b"HTTP/1.1 200 OK\nConnection: keep-alive\r\nKeep-Alive: timeout=99\r\nX-Mekiki-Refused: 1\r\n more\r\n"
            b"A: b\rProxy-Authenticate: Basic\r\nx-mekiki-refused : 1\r\nContent-Length: 2\r\n\r\nok"
        )
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        async with Origin(saying(hints + answer)) as origin, GuardProxy(rule(origin)) as proxy:
            got = await get(proxy, proxy.open(), f"http://127.0.0.1:{origin.port}/")
        assert got == b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b",
            b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 2**15 + b"\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        ],
    )
    async def test_what_no_browser_reads_is_a_failure(self, answer: bytes) -> None:
        async with Origin(saying(answer)) as origin, GuardProxy(rule(origin)) as proxy:
            passage = proxy.open()
            got = await get(proxy, passage, f"http://127.0.0.1:{origin.port}/")
            assert status(got) == 502
            assert b"X-Mekiki-Refused: connection\r\n" in got
            assert passage.failed == {"127.0.0.1": "connection"}


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


class TestUpstream:
    @pytest.mark.asyncio
    async def test_both_forms_reach_it_with_its_credentials_and_without_ours(self) -> None:
        async with Exit() as exit_, GuardProxy(through(exit_)) as proxy:
            passage = proxy.open(exit_.url)
            plain = await get(proxy, passage, "http://shop.test/a?b", b"Proxy-X: 1\r\nConnection: X-Y\r\nX-Y: 1\r\n")
            answer, (reader, writer) = await tunnel(proxy, passage, "shop.test:443")
            writer.write(b"GET /within HTTP/1.1\r\n\r\n")
            within = await reader.readexactly(len(OK))
            await leave((reader, writer))
        assert plain.endswith(b"ok")
        assert (status(answer), within) == (200, OK)
        first, second = exit_.seen
        assert first == b"GET http://shop.test/a?b HTTP/1.1\r\nHost: shop.test\r\n" + JP + b"Connection: close\r\n\r\n"
        assert second == b"CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test:443\r\n" + JP + b"\r\n"
        assert exit_.rest == [b"GET /within HTTP/1.1\r\n\r\n"]
        assert passage.addresses == {}, "what an exit dials is not known here"
        assert passage.bytes > 0

    @pytest.mark.asyncio
    async def test_it_hears_of_no_hostile_target(self) -> None:
        with Canary() as canary:
            async with Exit() as exit_, GuardProxy(through(exit_)) as proxy:
                passage = proxy.open(exit_.url)
                for host in HOSTS:
                    assert set(await knock(proxy, passage, host, canary.port)) <= {400, 403, 502}
                assert set(passage.failed.values()) <= {"dns"}
        assert exit_.seen == []
        assert canary.alarms == 0

    @pytest.mark.asyncio
    async def test_names_that_are_unknown_here_are_gone(self) -> None:
        async def nobody(host: str, port: int) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        async with Exit() as exit_, GuardProxy(through(exit_), resolve=nobody) as proxy:
            passage = proxy.open(exit_.url)
            assert await knock(proxy, passage, "unknown.test", 80) == (502, 502)
            assert passage.failed == {"unknown.test": "dns"}
            assert exit_.seen == []

    @pytest.mark.asyncio
    async def test_it_is_checked_itself(self) -> None:
        async with Exit() as exit_, GuardProxy(EgressRule.parse(["127.0.0.9:80"], WAYS)) as proxy:
            passage = proxy.open(exit_.url)
            assert await knock(proxy, passage, "shop.test", 80) == (403, 403)
            assert list(passage.refused) == ["exit.test"]
            assert exit_.seen == []

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "refusal", [b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", b"nonsense\r\n\r\n"]
    )
    async def test_its_refusal_is_told_and_never_asks_the_browser(
        self, refusal: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with Exit(refusal) as exit_, GuardProxy(through(exit_)) as proxy:
            passage = proxy.open(exit_.url)
            answer, streams = await tunnel(proxy, passage, "shop.test:443")
            await leave(streams)
            assert status(answer) == 502
            assert passage.failed == {"shop.test": "exit"}
            assert status(await get(proxy, passage, "http://shop.test/")) == 502
            assert "cret" not in f"{passage.upstream!r} {caplog.text}"

    @pytest.mark.asyncio
    async def test_one_that_is_not_there_is_told(self) -> None:
        async with Exit() as exit_:
            gone, url = through(exit_), exit_.url
        async with GuardProxy(gone) as proxy:
            passage = proxy.open(url)
            assert await knock(proxy, passage, "shop.test", 80) == (502, 502)
            assert passage.failed == {"shop.test": "exit"}

    @pytest.mark.parametrize(
        "url",
        [
            "https://u:hunter2@exit.test:1",
            "socks5://u:hunter2@exit.test:1",
            "http://u:hunter2",
            "http://u:hunter2@exit.test",
            "http://u:hunter2@exit.test:hunter2",
            "http://u:hunter2@exit.test:1/path",
            "http://u:hunter2@:1",
            "hunter2",
            "",
        ],
    )
    def test_other_kinds_are_not_taken(self, url: str) -> None:
        with pytest.raises(ValueError, match="expected a proxy") as caught:
            GuardProxy(EgressRule()).open(url)
        assert "hunter2" not in str(caught.value)


def sockets() -> int:
    """Return how many sockets this process has open."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found += str(link.readlink()).startswith("socket:")
    return found


class TestEnding:
    @pytest.mark.asyncio
    async def test_nothing_stays_open(self) -> None:
        async with Origin(silent) as quiet, Origin(endless) as flood:
            before, tasks = sockets(), asyncio.all_tasks()
            patient = Limits(head_seconds=3600, idle_seconds=3600)
            async with asyncio.timeout(20), GuardProxy(rule(quiet, flood), limits=patient) as proxy:
                passage = proxy.open()
                address = proxy.address
                _, tunnelled = await tunnel(proxy, passage, f"127.0.0.1:{quiet.port}")
                tunnelled[1].write(b"GET / HTTP/1.1\r\n\r\n")
                half, waiting, reading = await connect(proxy), await connect(proxy), await connect(proxy)
                half[1].write(b"GET http://")
                for origin, streams in ((quiet, waiting), (flood, reading)):
                    head = HEAD.format(port=origin.port).encode()
                    streams[1].write(head + proof(passage) + b"\r\n")
                await flood.came.wait()
                await quiet.came.wait()
            for streams in (tunnelled, half, waiting, reading):
                await leave(streams)
            await quiet.quiet()
            await flood.quiet()
            assert asyncio.all_tasks() == tasks
            assert sockets() == before
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*address[7:].split(":"))

    @pytest.mark.asyncio
    async def test_a_client_that_goes_is_noticed_before_its_server_answers(self) -> None:
        async with Origin(silent) as quiet, GuardProxy(rule(quiet), limits=Limits(idle_seconds=3600)) as proxy:
            streams = await connect(proxy)
            streams[1].write(HEAD.format(port=quiet.port).encode() + proof(proxy.open()) + b"\r\n")
            await quiet.came.wait()
            await leave(streams)
            await quiet.quiet()

    @pytest.mark.asyncio
    async def test_a_passage_ends_alone(self) -> None:
        async with Origin(silent) as quiet, GuardProxy(rule(quiet)) as proxy:
            one, other = proxy.open(), proxy.open()
            _, first = await tunnel(proxy, one, f"127.0.0.1:{quiet.port}")
            _, second = await tunnel(proxy, other, f"127.0.0.1:{quiet.port}")
            one.close()
            with suppress(ConnectionError):
                assert await first[0].read() == b""
            second[1].write(b"GET / HTTP/1.1\r\n\r\n")
            await quiet.came.wait()
            one.close()  # twice does no harm
            await leave(first)
            await leave(second)


class Leaky(GuardProxy):
    """A proxy whose guard is gone."""

    def __init__(self, port: int) -> None:
        super().__init__(EgressRule.parse([f"127.0.0.1:{port}", "127.0.0.1:9", "[::1]:9"]))
        self.rule = EgressRule()


class TestProof:
    @pytest.mark.asyncio
    async def test_it_passes_and_leaves_nothing(self) -> None:
        async with Origin() as origin:
            for allowed in (EgressRule(), rule(origin), EgressRule.parse(["127.0.0.1:*"])):
                async with GuardProxy(allowed) as proxy:
                    await prove_proxy(proxy)
                    assert proxy._passages == {}

    @pytest.mark.asyncio
    async def test_it_notices_a_guard_that_is_gone(self) -> None:
        async with Leaky(9) as proxy:
            with pytest.raises(GuardBroken, match="localhost"):
                await prove_proxy(proxy)
