"""Fence: around everything that the board answers, pages that are not there and errors too: who is answered at all,
under which name, and what browsers are told of each answer.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from board.board import Board
from board.peer import allowed
from config.board import is_loopback

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, browsers send our own forms with the Origin null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
A_YEAR = {"Strict-Transport-Security": "max-age=31536000"}


class Fence:
    """The application within its fence; speaks ASGI."""

    def __init__(self, app: ASGIApp, board: Board) -> None:
        self._app = app
        self._board = board
        self._headers = {**HEADERS, **(A_YEAR if board.secure else {})}
        self._host = urlsplit(board.origin).netloc
        self._near = f"127.0.0.1:{board.config.board.listen.rpartition(':')[2]}"  # a supervisor that asks for /health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._app
        if not allowed(self._board, HTTPConnection(scope)):
            app = PlainTextResponse("only the proxies of this board are answered\n", 403)
        elif not self._is_ours(scope):
            app = PlainTextResponse(self._elsewhere(), 421)
        await app(scope, receive, sending)

    def _is_ours(self, scope: Scope) -> bool:
        """Tell whether a request names this board, once, and no other in its first line."""
        hosts = [host.lower() for host in Headers(scope=scope).getlist("host")]
        near = scope["path"] == "/health" and hosts == [self._near]
        return (near or hosts == [self._host]) and str(scope["path"]).startswith("/")

    def _elsewhere(self) -> str:
        says = "this host is not served here\n"
        ours = self._board.config.board
        if ours.url is None and is_loopback(ours.listen.rpartition(":")[0].strip("[]")):
            says += f"the board answers at {self._board.origin}\n"
        return says
