"""The way on: through an upstream proxy with its own credentials; and how passages end."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress

import pytest

from safety.egress import EgressRule
from spiders.visits.proxy import GuardProxy, Limits
from tests.servers.web import Canary
from tests.spiders.test_egress import HOSTS
from tests.spiders.visits.proxied import (
    HEAD,
    JP,
    OK,
    WAYS,
    Exit,
    Origin,
    connect,
    endless,
    get,
    knock,
    leave,
    nothing_unforeseen,
    proof,
    rule,
    silent,
    sockets,
    status,
    through,
    tunnel,
)

__all__ = ["nothing_unforeseen"]


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
