"""Relay: pass bytes between a client of the proxy and a server, as fast as the slower one takes them."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

from spiders.visits.dial import Failed, Streams, key_of
from spiders.visits.messages import CHUNK, BadMessage, Request, copy_body, head_of_answer, read_answer


class Relay:
    """One client and one server; it ends when either does, or when both fall silent."""

    def __init__(self, client: Streams, server: Streams, *, received: Callable[[int], bool], seconds: float) -> None:
        """Take both sides.

        Args:
            client: the browser.
            server: what was dialled.
            received: told how many bytes the server sent; says whether there may be more.
            seconds: without a byte in either direction, after which it ends.
        """
        self._client, self._server = client, server
        self._received, self._seconds = received, seconds
        self._patience = asyncio.timeout(seconds)
        self._answered = False  # the client was told something

    async def tunnel(self) -> None:
        """Pass bytes in both directions.

        Raises:
            OSError: a side broke, or both fell silent.
        """
        self._client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await self._until_one_ends(self._upward(), self._downward())

    async def exchange(self, request: Request, head: bytes, *, most: int, upstream: bool) -> None:
        """Send a request with its body, and pass the answer back.

        Args:
            request: as it came; its body is still to be read.
            head: as it goes out.
            most: bytes of the answer's head.
            upstream: the server is another proxy.

        Raises:
            BadMessage: the body is none; the client was told nothing yet, as after the next.
            Failed: there came no answer that a browser could read.
            OSError: a side broke, or both fell silent, in the middle of the answer.
        """
        try:
            await self._until_one_ends(self._ask(request, head), self._answer(request, most, upstream=upstream))
        except BadMessage:
            if self._answered:
                raise ConnectionAbortedError from None
            raise
        except OSError as error:
            if self._answered:
                raise
            kind = "timeout" if isinstance(error, TimeoutError) else "connection"
            raise Failed(key_of(request.host), kind) from None

    async def _ask(self, request: Request, head: bytes) -> None:
        with suppress(OSError):  # a server may answer and hang up before it has read everything
            await self._to_server(head)
            await copy_body(self._client[0], request, self._to_server)
        while await self._client[0].read(CHUNK):  # until it hangs up; a second request is not for this server
            pass

    async def _answer(self, request: Request, most: int, *, upstream: bool) -> None:
        status = 0
        try:
            while status < 200:  # those before are news of the way
                raw = await head_of_answer(self._server[0], most)
                status, head = read_answer(raw)
                if not self._received(len(raw)):
                    return
        except BadMessage:
            raise Failed(key_of(request.host), "connection") from None
        if status == 407:  # for proxies to say: a browser would take it for ours
            raise Failed(key_of(request.host), "exit" if upstream else "connection")
        await self._to_client(head)
        await self._downward()

    async def _upward(self) -> None:
        while piece := await self._client[0].read(CHUNK):
            await self._to_server(piece)

    async def _downward(self) -> None:
        while (piece := await self._server[0].read(CHUNK)) and self._received(len(piece)):
            await self._to_client(piece)

    async def _to_client(self, data: bytes) -> None:
        self._answered = True
        await self._send(self._client[1], data)

    async def _to_server(self, data: bytes) -> None:
        await self._send(self._server[1], data)

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        if not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time() + self._seconds)

    async def _until_one_ends(self, *sides: Coroutine[None, None, None]) -> None:
        tasks = [asyncio.create_task(side) for side in sides]
        try:
            async with self._patience:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
