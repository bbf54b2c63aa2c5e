"""GuardProxy: a forward proxy on loopback that a browser's traffic goes through, so that the egress rule holds for it.

1. a client proves with a passage's credentials whose it is; 2. the host it asks for is resolved and checked here, and a
permitted address is dialled (`spiders.visits.dial`), or a visitor's own proxy; 3. bytes are passed on in both
directions, counted, never gathered; 4. a passage whose bytes are used up ends, whatever its page still wants.
"""

import asyncio
import base64
import secrets
from types import TracebackType
from typing import Self

from safety.egress import EgressRule
from spiders.resolver import GuardBroken
from spiders.visits.dial import Dialler, Failed, Refused, Resolve, Streams, Upstream, key_of, resolve_by_system
from spiders.visits.messages import MARK, BadMessage, Request, own_answer, read_request
from spiders.visits.passage import Limits, Passage
from spiders.visits.relay import Relay

__all__ = ["GuardProxy", "Limits", "Passage", "prove_proxy"]

# What Chromium asks for by itself while it shows a page, whatever its flags say; no visitor asks for it.
BROWSERS_OWN = frozenset(("content-autofill.googleapis.com", "optimizationguide-pa.googleapis.com"))
_ASK = own_answer("407 Proxy Authentication Required", "", 'Proxy-Authenticate: Basic realm="mekiki"')
_BAD = own_answer("400 Bad Request", "", "Connection: close")
_REFUSED = own_answer("403 Forbidden", "refused\n", f"{MARK}: 1", "Connection: close")
_DISCARD = 9  # a port where nobody listens
_PROOF_SECONDS = 20.0  # for each answer of the self-test


class GuardProxy:
    """The proxy, while it is entered; only who knows a passage's credentials may use it."""

    def __init__(self, rule: EgressRule, *, resolve: Resolve = resolve_by_system, limits: Limits | None = None) -> None:
        """Take the rule.

        Args:
            rule: what may be connected to.
            resolve: returns the addresses of a host and port, unchecked; raises OSError where it is unknown.
            limits: for each passage and connection.
        """
        self.rule = rule
        self._limits = limits or Limits()
        self._dialler = Dialler(rule, resolve, seconds=self._limits.connect_seconds, limit=self._limits.head)
        self._passages: dict[str, Passage] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """The proxy's address, as browsers take it."""
        assert self._server is not None, "the proxy is not entered"
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def open(self, upstream: str | None = None) -> Passage:
        """Return a new passage, through another proxy where one is given as `http://user:password@host:port`.

        Raises:
            ValueError: the upstream proxy has another form.
        """
        there = Upstream.parse(upstream) if upstream is not None else None
        passage = Passage(there, self._limits, lambda name: self._passages.pop(name, None))
        self._passages[passage.username] = passage
        return passage

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=self._limits.head)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for passage in list(self._passages.values()):
            passage.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close one turn after they are aborted
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._server is not None
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            if self._server.is_serving():
                await self._converse(reader, writer)
                writer.close()
                async with asyncio.timeout(self._limits.idle_seconds):
                    await writer.wait_closed()
        except OSError:  # the client is gone, or does not take what it asked for; or both sides fell silent
            pass
        except asyncio.CancelledError:  # by `close` or the exit; asyncio's server would report it as a failure
            pass
        finally:
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await self._asked_for(reader, writer)
            if asked is not None:
                writer.write(await self._answer(*asked, (reader, writer)))
        except BadMessage:
            writer.write(_BAD)

    async def _asked_for(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[Passage, Request] | None:
        """Ask a client for credentials until it has some; return whose it is and what it wants, None when it goes.

        Raises:
            BadMessage: what came is no request, too long, or too slow.
        """
        while True:
            try:
                async with asyncio.timeout(self._limits.head_seconds):
                    request = read_request(await reader.readuntil(b"\r\n\r\n"))
            except asyncio.IncompleteReadError as error:
                if not error.partial:
                    return None
                raise BadMessage("a head that broke off") from None
            except (TimeoutError, asyncio.LimitOverrunError):
                raise BadMessage("a head too long or too slow") from None
            passage = self._passage_of(request)
            if passage is not None:
                return passage, request
            writer.write(_ASK)
            await writer.drain()
            if request.length != 0:  # its body would be taken for the next head
                return None

    def _passage_of(self, request: Request) -> Passage | None:
        user, password = request.credentials() or ("", "")
        passage = self._passages.get(user)
        same = passage is not None and secrets.compare_digest(passage.password.encode(), password.encode())
        return passage if same else None

    async def _answer(self, passage: Passage, request: Request, client: Streams) -> bytes:
        """Pass one request on; return what remains to be said of it."""
        if key_of(request.host) in BROWSERS_OWN:
            return _REFUSED
        try:
            passage.admit(key_of(request.host))
            await self._pass_on(passage, request, client)
        except Refused as error:
            passage.note(error)
            return _REFUSED
        except Failed as error:
            passage.note(error)
            return own_answer("502 Bad Gateway", f"{error.kind}\n", f"{MARK}: {error.kind}", "Connection: close")
        return b""

    async def _pass_on(self, passage: Passage, request: Request, client: Streams) -> None:
        limits, upstream = self._limits, passage.upstream
        if upstream is not None:
            await self._dialler.permitted(request.host, request.port)  # what we may not dial, no other dials for us
            server = await self._reach_exit(upstream, request)
        else:
            address, server = await self._dialler.dial(request.host, request.port)
            passage.reached(key_of(request.host), address)
        relay = Relay(client, server, received=passage.received, seconds=limits.idle_seconds)
        try:
            if request.target is not None:
                authorization = upstream.authorization if upstream is not None else None
                head = request.passed_on(absolute=upstream is not None, authorization=authorization)
                await relay.exchange(request, head, most=limits.head, upstream=upstream is not None)
                return
            if upstream is not None:
                await upstream.tunnel(request, server, most=limits.head, seconds=limits.connect_seconds)
            await relay.tunnel()
        finally:
            server[1].transport.abort()

    async def _reach_exit(self, upstream: Upstream, request: Request) -> Streams:
        try:
            _, streams = await self._dialler.dial(upstream.host, upstream.port)
        except Failed:
            raise Failed(key_of(request.host), "exit") from None
        return streams


async def prove_proxy(proxy: GuardProxy) -> None:
    """Ask the proxy itself for `localhost`, without credentials and with them: it must dial it in neither case.

    Nothing is asked where the rule names that very address and port.

    Raises:
        GuardBroken: the proxy let it through, or does not answer.
    """
    if proxy.rule.permits("127.0.0.1", _DISCARD) or proxy.rule.permits("::1", _DISCARD):
        return
    passage = proxy.open()
    coded = base64.b64encode(f"{passage.username}:{passage.password}".encode()).decode()
    try:
        for proof, expected in (("", _ASK), (f"Proxy-Authorization: Basic {coded}\r\n", _REFUSED)):
            got = await _asked(proxy, f"GET http://localhost:{_DISCARD}/ HTTP/1.1\r\n{proof}\r\n".encode())
            if not expected.startswith(got):
                raise GuardBroken(f"the proxy answered {got[:40]!r} when it was asked for localhost")
    except (OSError, EOFError) as error:
        raise GuardBroken(f"the proxy does not answer: {type(error).__name__}") from None
    finally:
        passage.close()


async def _asked(proxy: GuardProxy, request: bytes) -> bytes:
    """Return the beginning of what the proxy answers."""
    port = int(proxy.address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(_PROOF_SECONDS):
            return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.transport.abort()
