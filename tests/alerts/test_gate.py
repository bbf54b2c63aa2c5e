import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.abc import ResolveResult

from alerts.errors import DeliveryError
from alerts.gate import ANSWER_BYTES, Answer, Gate, PinnedResolver
from safety.egress import EgressRule
from tests.alerts.certificates import certificate
from tests.servers.sink import Reply, Sink

pytestmark = pytest.mark.asyncio


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def gate(*allow: str, seconds: float = 15.0, **hosts: str) -> Gate:
    names = {name.replace("_", "."): address for name, address in hosts.items()}
    return Gate(rule=EgressRule.parse(allow, names), timeout=timedelta(seconds=seconds))


async def post(way: Gate, url: str) -> Answer:
    return await way.post("legal", url, b"{}", {"Content-Type": "application/json"})


async def refusal(way: Gate, url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await post(way, url)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None  # the client's errors carry hosts and paths
    return caught.value


async def test_a_post_arrives_as_it_was_given(sink: Sink) -> None:
    answer = await post(gate(f"127.0.0.1:{sink.port}"), sink.url("/a?b=%41"))
    assert (answer.status, answer.body) == (200, b"ok")
    [request] = sink.received
    assert (request.method, request.path, request.body) == ("POST", "/a?b=%41", b"{}")


LOOPBACK = (
    *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0"),
    *("[::ffff:127.0.0.1]", "１２７.0.0.1", "pinned.example", "[::1]", "user:pass@127.0.0.1"),
)


@pytest.mark.parametrize("host", LOOPBACK)
async def test_no_way_of_writing_it_leads_to_an_address_that_is_not_public(sink: Sink, host: str) -> None:
    error = await refusal(gate(pinned_example="127.0.0.1"), f"http://{host}:{sink.port}/")
    assert sink.received == []
    assert error.retryable
    if host in ("127.0.0.1", "localhost", "pinned.example", "[::ffff:127.0.0.1]"):
        assert "not public" in error.reason


async def test_an_exception_holds_for_its_port_only(sink: Sink) -> None:
    error = await refusal(gate("127.0.0.1:1"), sink.url())
    assert "egress.allow" in error.reason
    assert sink.received == []


async def test_a_pinned_name_goes_to_its_address_and_keeps_its_name(sink: Sink) -> None:
    way = gate(f"127.0.0.1:{sink.port}", hooks_example="127.0.0.1")
    assert (await post(way, sink.url(host="Hooks.Example"))).status == 200
    assert sink.received[0].headers["host"].lower() == f"hooks.example:{sink.port}"


async def test_a_redirect_is_an_answer_and_is_not_followed(sink: Sink) -> None:
    sink.script.append(Reply(status=302, headers={"Location": sink.url("/elsewhere")}))
    answer = await post(gate("127.0.0.1:*"), sink.url())
    assert answer.status == 302
    assert [request.path for request in sink.received] == ["/hook"]


async def test_only_the_beginning_of_an_answer_is_read(sink: Sink) -> None:
    sink.script.append(Reply(body=b"x" * 20_000, endless=True))
    assert len((await post(gate("127.0.0.1:*"), sink.url())).body) == ANSWER_BYTES


async def test_an_answer_is_an_answer_even_if_its_body_never_ends(sink: Sink) -> None:
    sink.script.append(Reply(status=503, body=b"slow", endless=True))
    answer = await post(gate("127.0.0.1:*", seconds=1.5), sink.url())
    assert (answer.status, answer.body) == (503, b"slow")


async def test_a_compressed_answer_is_not_unpacked(sink: Sink) -> None:
    sink.script.append(Reply(headers={"Content-Encoding": "br"}, body=b"\x1b\xff\xff\xff"))
    assert (await post(gate("127.0.0.1:*"), sink.url())).body == b"\x1b\xff\xff\xff"


async def test_silence_ends_in_time(sink: Sink) -> None:
    sink.script.append(Reply(after=threading.Event()))
    error = await refusal(gate("127.0.0.1:*", seconds=0.2), sink.url())
    assert (error.retryable, error.reason) == (True, "no answer within 0.2 s")


async def test_a_dropped_connection_can_be_tried_again(sink: Sink) -> None:
    sink.script.append(Reply(drop=True))
    assert (await refusal(gate("127.0.0.1:*"), sink.url())).retryable


async def test_a_closed_port_can_be_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = await refusal(gate("127.0.0.1:*"), f"http://127.0.0.1:{port}/secret")
    assert (error.retryable, error.reason) == (True, "no connection")


@pytest.mark.parametrize(
    "url", ["", "ftp://x.example/", "file:///etc/passwd", "http://", "http://[::1", "hook", "data:,x"]
)
async def test_what_is_no_web_address_is_not_repeated(url: str) -> None:
    error = await refusal(gate(), url)
    assert error.reason == "its url is no http:// or https:// URL"


@pytest.mark.parametrize("token", ["SECRET\nX-Other: 1", "SECRET\r\n\r\nPOST /", "SECRET\x00", "SECRET\x7f"])
async def test_a_token_that_would_end_its_header_is_not_sent_and_not_repeated(sink: Sink, token: str) -> None:
    with pytest.raises(DeliveryError, match="line break") as caught:
        await gate(f"127.0.0.1:{sink.port}").post("legal", sink.url(), b"{}", {"x-token": token})
    assert sink.received == []
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None


async def test_whether_a_post_may_have_arrived_is_told(sink: Sink) -> None:
    sink.script += [Reply(after=threading.Event()), Reply(drop=True)]
    way = gate(f"127.0.0.1:{sink.port}", seconds=0.3)
    assert (await refusal(way, sink.url())).unknown
    assert (await refusal(way, sink.url())).unknown
    assert not (await refusal(gate(), sink.url())).unknown  # the rule let nothing out
    with Sink() as closed:
        pass
    assert not (await refusal(gate(f"127.0.0.1:{closed.port}"), closed.url())).unknown


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "127.0.0.1")
    with Sink(tls=server) as sink:
        error = await refusal(gate("127.0.0.1:*"), sink.url())
        assert (error.retryable, error.reason) == (True, "its TLS certificate is not valid")
        assert sink.received == []
        way = Gate(rule=EgressRule.parse(["127.0.0.1:*"]), trust=trust)
        assert (await post(way, sink.url())).status == 200


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "other.example")
    with Sink(tls=server) as sink:
        error = await refusal(Gate(rule=EgressRule.parse(["127.0.0.1:*"]), trust=trust), sink.url())
        assert error.reason == "its TLS certificate is not valid"
        assert sink.received == []


async def test_a_kept_connection_is_used_again_and_asks_no_resolver(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is rebound between two posts moves nothing: the second goes where the first was checked to go."""
    hosts = {"hooks.example": "127.0.0.1"}
    way = Gate(rule=EgressRule.parse([f"127.0.0.1:{sink.port}"], hosts))
    async with way.keeping() as kept:
        await post(kept, sink.url(host="hooks.example"))
        monkeypatch.setattr(PinnedResolver, "resolve", rebound)
        assert (await post(kept, sink.url(host="hooks.example"))).status == 200
        assert sink.connections == 1
    async with way.keeping() as kept:
        assert "not public" in (await refusal(kept, sink.url(host="hooks.example"))).reason


async def rebound(resolver: PinnedResolver, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
    return [
        ResolveResult(
            hostname=host, host="127.0.0.2", port=port, family=socket.AF_INET, proto=socket.IPPROTO_TCP, flags=0
        )
    ]


async def test_a_kept_connection_serves_its_own_host_and_port_only(sink: Sink) -> None:
    with Sink() as other:
        async with gate("127.0.0.1:*").keeping() as kept:
            await post(kept, sink.url())
            await post(kept, other.url())
            assert "not public" in (await refusal(kept, f"http://127.0.0.3:{sink.port}/")).reason
        assert (len(sink.received), len(other.received)) == (1, 1)


async def test_a_kept_connection_that_was_closed_meanwhile_costs_no_attempt(sink: Sink) -> None:
    async with gate("127.0.0.1:*").keeping() as kept:
        await post(kept, sink.url())
        sink.script.append(Reply(drop=True))
        assert (await post(kept, sink.url())).status == 200
        sink.script.extend([Reply(drop=True)] * 2)
        assert (await refusal(kept, sink.url())).reason == "the exchange broke off (ServerDisconnectedError)"
    assert sink.connections == 3


async def test_receivers_share_no_connection(sink: Sink) -> None:
    async with gate("127.0.0.1:*").keeping() as kept:
        for receiver in ("legal", "soc", "legal"):
            await kept.post(receiver, sink.url(), b"{}", {})
    assert sink.connections == 2
