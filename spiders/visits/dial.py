"""Dial: resolve a host, check every address against the egress rule, and connect to a permitted one, never to a name.

A name is resolved for each connection, and the address that was checked is the one that is dialled; so a name that
changes its address between the two (DNS rebinding) gains nothing, and neither does any spelling of an address.
"""

import asyncio
import base64
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote, urlsplit

from safety.egress import EgressRule
from spiders.visits.messages import BadMessage, Request, head_of_answer, read_answer

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]  # host, port -> addresses; OSError where it is unknown
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_NO_SUCH_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
_NAMES = ThreadPoolExecutor(16, thread_name_prefix="names")  # of its own: slow names must not keep others waiting
MOST_ADDRESSES = 4  # of one host, tried one after another


class Refused(Exception):
    """The guard stopped a connection."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host}: {why}")
        self.host = host  # lower case, no dot at its end
        self.why = why


class Failed(Exception):
    """A connection that was permitted did not come about."""

    def __init__(self, host: str, kind: str) -> None:
        super().__init__(f"{host}: {kind}")
        self.host = host  # lower case, no dot at its end
        self.kind = kind  # as `spiders.failures` names it; `exit` where the upstream proxy did not let us through


def key_of(host: str) -> str:
    """Return a host as it is kept: lower case, no dot at its end."""
    return host.lower().rstrip(".")


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver, which reads every spelling of an address as a browser's would."""
    loop = asyncio.get_running_loop()
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    found = await loop.run_in_executor(_NAMES, ask)
    return [str(address[4][0]) for address in found]


async def canonical_name(host: str) -> str | None:
    """Ask the system's resolver what a host's name is another name of (CNAME); None where it is none."""
    loop = asyncio.get_running_loop()
    ask = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    try:
        found = await loop.run_in_executor(_NAMES, ask)
    except (OSError, UnicodeError):
        return None
    name = key_of(found[0][3]) if found else ""
    return name if "." in name and name != key_of(host) else None


def unknown(error: Exception) -> bool:
    """Tell whether a name does not exist, rather than that nobody could be asked for it."""
    return isinstance(error, UnicodeError) or getattr(error, "errno", None) in _NO_SUCH_NAME


async def no_such_name(host: str) -> bool:
    """Ask the system's resolver whether a name does not exist."""
    try:
        await resolve_by_system(host, 0)
    except (OSError, UnicodeError) as error:
        return unknown(error)
    return False


class Dialler:
    """Connects to what the rule permits."""

    def __init__(self, rule: EgressRule, resolve: Resolve, *, seconds: float, limit: int) -> None:
        """Take the rule, what resolves, seconds for each step, and the buffer of each reader in bytes."""
        self._rule, self._resolve = rule, resolve
        self._seconds, self._limit = seconds, limit

    async def permitted(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host that may be connected to, at least one.

        Raises:
            Refused: it has none but others.
            Failed: it has no address at all.
        """
        key = key_of(host)
        try:
            async with asyncio.timeout(self._seconds):
                pinned = self._rule.hosts.get(key)
                found = [pinned] if pinned is not None else await self._resolve(host, port)
        except TimeoutError:
            raise Failed(key, "timeout") from None
        except (OSError, UnicodeError) as error:
            raise Failed(key, "dns" if unknown(error) else "dns_failed") from None
        if not found:
            raise Failed(key, "dns")
        permitted = [address for address in dict.fromkeys(found) if self._rule.permits(address, port)]
        if not permitted:
            kind = f"port {port} of which is not permitted" if self._rule.permits(found[0]) else "which is not public"
            raise Refused(key, f"refused, it resolves to {found[0]}, {kind}")
        return permitted[:MOST_ADDRESSES]

    async def dial(self, host: str, port: int) -> tuple[str, Streams]:
        """Return the address that was reached, and the connection.

        Raises:
            Refused: no address of the host may be connected to.
            Failed: none answers.
        """
        kind = "connection"
        for address in await self.permitted(host, port):
            try:
                async with asyncio.timeout(self._seconds):
                    streams = await asyncio.open_connection(address, port, limit=self._limit)
            except TimeoutError:
                kind = "timeout"
            except OSError:
                kind = "connection"
            else:
                return address, streams
        raise Failed(key_of(host), kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Another proxy, through which a visitor comes from elsewhere."""

    host: str
    port: int
    authorization: str | None = field(repr=False)  # value of Proxy-Authorization

    @classmethod
    def parse(cls, url: str) -> "Upstream":
        """Read `http://user:password@host:port`; user and password may be missing.

        Raises:
            ValueError: it has another form. The message never repeats it.
        """
        try:
            parts = urlsplit(url)
            host, port, scheme = parts.hostname, parts.port, parts.scheme
        except ValueError:
            host = port = None
            scheme = ""
        if scheme != "http" or not host or not port or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("expected a proxy as http://USER:PASSWORD@HOST:PORT") from None
        coded = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        basic = f"Basic {base64.b64encode(coded).decode()}" if parts.username else None
        return cls(host=host, port=port, authorization=basic)

    @property
    def address(self) -> str:
        """Where it is, without what proves who asks."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    async def tunnel(self, request: Request, streams: Streams, *, most: int, seconds: float) -> None:
        """Ask for a tunnel over a connection to this proxy, whose answer has at most so many bytes and takes so long.

        Raises:
            Failed: it does not let us through, or its answer makes no sense.
        """
        reader, writer = streams
        to = request.authority
        proof = f"Proxy-Authorization: {self.authorization}\r\n" if self.authorization else ""
        try:
            async with asyncio.timeout(seconds):
                writer.write(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{proof}\r\n".encode("latin-1"))
                await writer.drain()
                status, _ = read_answer(await head_of_answer(reader, most))
        except (OSError, BadMessage):
            status = 0
        if not 200 <= status < 300:
            raise Failed(key_of(request.host), "exit")
