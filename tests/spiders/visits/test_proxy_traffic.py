"""What goes through the proxy: no trick of a request or an answer passes, and nothing goes on without end."""

import asyncio
from contextlib import suppress

import pytest

from spiders.visits.proxy import GuardProxy, Limits
from tests.spiders.visits.proxied import (
    BAD,
    BAD_ANSWER,
    HEAD,
    OK,
    Origin,
    connect,
    endless,
    get,
    knock,
    leave,
    nothing_unforeseen,
    proof,
    rule,
    say,
    saying,
    silent,
    status,
    tunnel,
)

__all__ = ["nothing_unforeseen"]


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
