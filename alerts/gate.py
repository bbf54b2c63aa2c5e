"""Gate: the one way out over HTTP. One request, guarded, bounded, and silent about where it went.

Flow: the URL is parsed -> pinned names are answered from `egress.hosts`, others by the system -> the very address and
port about to be dialled are checked against the egress rule (IP literals and rebound names pass no resolver check, but
they pass this one) -> the body is posted once, no redirect is followed -> the beginning of the answer is read.

Every failure becomes a DeliveryError that names the receiver, and no exception of the client library stays attached to
it: theirs carry hosts, paths and headers.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from alerts.errors import DeliveryError
from safety.egress import EgressRule

TIMEOUT = timedelta(seconds=15)  # for the whole exchange, connecting included
KEPT = timedelta(seconds=10)  # that an unused connection is kept
ANSWER_BYTES = 4096  # of the answer's body that are read, unless a gate is made to read more
_NO_URL = "its url is no http:// or https:// URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    retry_after: str | None  # the header, unparsed
    body: bytes = field(repr=False)  # its beginning, content encoding not undone; hostile


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Posts to receivers under the egress rule."""

    rule: EgressRule
    timeout: timedelta = TIMEOUT
    trust: ssl.SSLContext | None = None  # None: the system's certificate authorities
    most: int = ANSWER_BYTES  # of an answer's body that are read
    kept: dict[str, aiohttp.ClientSession] | None = field(default=None, repr=False)  # by receiver, see `keeping`

    @asynccontextmanager
    async def keeping(self) -> "AsyncIterator[Gate]":
        """Give a gate that uses connections again, as long as this lasts; each receiver has its own.

        That opens no way around the rule: a kept connection leads where it led when its address was checked, and it
        asks no resolver again, so a name that is rebound meanwhile moves nothing. It serves only posts of the same
        receiver, scheme, host and port: what a server sends too much is never taken for the answer of another receiver.
        Keep it for a pass, not for ever: a rule that was made stricter holds from the next pass on.
        """
        kept: dict[str, aiohttp.ClientSession] = {}
        try:
            yield replace(self, kept=kept)
        finally:
            for session in kept.values():
                await session.close()

    async def post(self, receiver: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once and return the answer, whatever its status.

        Raises:
            DeliveryError: no answer came (retryable), or the URL is none.
        """
        return await self._ask("POST", receiver, url, body, headers)

    async def get(self, receiver: str, url: str, headers: Mapping[str, str]) -> Answer:
        """Ask once and return the answer, whatever its status.

        Raises:
            DeliveryError: as in `post`.
        """
        return await self._ask("GET", receiver, url, None, headers)

    async def _ask(
        self, method: str, receiver: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        target = _target(receiver, url)
        way = _Way()
        failure = ""
        try:
            return await self._exchange(method, receiver, target, body, headers, way)
        except TimeoutError:
            failure = f"no answer within {self.timeout.total_seconds():g} s"
        except aiohttp.InvalidURL:
            failure = _NO_URL
        except aiohttp.ClientConnectorCertificateError:
            failure = "its TLS certificate is not valid"
        except (aiohttp.ClientConnectorDNSError, UnicodeError):  # no such name, or none at all
            failure = "its host name cannot be resolved"
        except aiohttp.ClientConnectorError:
            failure = "no connection"
        except (aiohttp.ClientError, OSError) as error:
            failure = f"the exchange broke off ({type(error).__name__})"
        except ValueError:
            failure = "its url or token holds characters that no request may hold, such as a line break"
        if way.refused:
            failure = "its address is not public; an internal receiver needs an entry in egress.allow"
        raise DeliveryError(receiver, failure, retryable=True, unknown=way.begun and not way.refused)

    async def _exchange(
        self, method: str, receiver: str, target: URL, body: bytes | None, headers: Mapping[str, str], way: "_Way"
    ) -> Answer:
        if self.kept is None:
            async with self._session() as session:
                return await self._send(method, session, target, body, headers, way)
        if receiver not in self.kept:
            self.kept[receiver] = self._session()
        while True:
            way.old = False
            try:
                return await self._send(method, self.kept[receiver], target, body, headers, way)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not way.old:
                    raise  # else the other side had closed a kept connection: asked again, at last on a new one

    async def _send(
        self,
        method: str,
        session: aiohttp.ClientSession,
        target: URL,
        body: bytes | None,
        headers: Mapping[str, str],
        way: "_Way",
    ) -> Answer:
        current = _WAY.set(way)
        try:
            async with session.request(
                method, target, data=body, headers=headers, allow_redirects=False, trace_request_ctx=way
            ) as response:
                return Answer(
                    status=response.status,
                    retry_after=response.headers.get("Retry-After"),
                    body=await _beginning(response.content, self.most),
                )
        finally:
            _WAY.reset(current)

    def _session(self) -> aiohttp.ClientSession:
        tracing = aiohttp.TraceConfig()
        tracing.on_connection_reuseconn.append(_used_again)
        tracing.on_request_headers_sent.append(_begun)
        connector = aiohttp.TCPConnector(
            resolver=PinnedResolver(self.rule.hosts),
            socket_factory=self._open_socket,
            use_dns_cache=False,
            ssl=self.trust or True,
            limit=0,  # each receiver has one exchange at a time
            keepalive_timeout=KEPT.total_seconds(),
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self.timeout.total_seconds()),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trace_configs=[tracing],
        )

    def _open_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """Check the very address that is about to be dialled."""
        family, kind, protocol, _, place = address
        if not self.rule.permits(str(place[0]), int(place[1])):
            _WAY.get().refused = True
            raise OSError("refused by the egress rule")
        return socket.socket(family, kind, protocol)


@dataclass(slots=True)
class _Way:
    """How one post went out."""

    refused: bool = False  # by the egress rule
    old: bool = False  # over a connection that had been used before
    begun: bool = False  # something was sent: without an answer nobody knows whether it arrived


_WAY: ContextVar[_Way] = ContextVar("way")  # of the post for which a socket is opened; tasks of the client inherit it


async def _used_again(session: object, context: SimpleNamespace, parameters: object) -> None:  # noqa: ARG001
    context.trace_request_ctx.old = True


async def _begun(session: object, context: SimpleNamespace, parameters: object) -> None:  # noqa: ARG001
    context.trace_request_ctx.begun = True


class PinnedResolver(AbstractResolver):
    """Answers pinned names itself and asks the system for the others."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = hosts
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host name."""
        address = self._hosts.get(host.lower().rstrip("."))
        if address is None:
            return await self._system.resolve(host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Release the system's resolver."""
        await self._system.close()


async def _beginning(stream: aiohttp.StreamReader, most: int) -> bytes:
    """Read the first `most` bytes, or what came of them; the status decides, so a body may break off."""
    parts = bytearray()
    try:
        while len(parts) < most and (part := await stream.read(most - len(parts))):
            parts += part
    except (TimeoutError, aiohttp.ClientError):
        pass
    return bytes(parts)


def _target(receiver: str, url: str) -> URL:
    """Parse the secret URL without letting a parser's message repeat it."""
    try:
        target = URL(url, encoded=url.isascii())  # as it stands: signatures in it may not be written anew
        usable = target.scheme in ("http", "https") and bool(target.host)
    except ValueError:
        usable = False
    if not usable:
        raise DeliveryError(receiver, _NO_URL, retryable=True)
    return target
