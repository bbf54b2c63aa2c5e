"""The proxy dials nothing that `egress` does not permit, and serves nobody without credentials."""

import asyncio
import base64
import logging
import socket
from collections.abc import Sequence

import pytest

from safety.egress import EgressRule
from spiders.resolver import GuardBroken
from spiders.visits.proxy import GuardProxy, Limits, prove_proxy
from tests.servers.web import Canary, WebServer
from tests.spiders.test_egress import HOSTS, PINNED
from tests.spiders.visits.proxied import (
    OK,
    Leaky,
    Names,
    Origin,
    connect,
    get,
    knock,
    leave,
    nothing_unforeseen,
    proof,
    rule,
    say,
    status,
)

__all__ = ["nothing_unforeseen"]


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
