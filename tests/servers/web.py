"""A real web server on port 0 for tests: pages are set before or while it runs; it remembers every request."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request that arrived."""

    path: str  # with the query
    host: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""
    client: str = ""  # the address that it came from


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to send back."""

    body: bytes = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    claims: int | None = None  # Content-Length to send instead of the true one
    pause: float = 0.0  # seconds before the answer


Page = Answer | Callable[[Hit], Answer]


class WebServer:
    """Serves `pages` by path; other paths answer 404. Use as a context manager."""

    def __init__(
        self,
        pages: Mapping[str, Page] | None = None,
        *,
        address: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.pages: dict[str, Page] = dict(pages or {})
        self.address = address
        self.hits: list[Hit] = []
        self._tls = tls
        self._server = _Server(self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The origin, without a slash at its end."""
        return f"{'http' if self._tls is None else 'https'}://{self.address}:{self.port}"

    @property
    def allow(self) -> str:
        """The entry of `egress.allow` that opens this server."""
        return f"{self.address}:{self.port}"

    def html(self, path: str, body: str, **more: Any) -> None:
        """Set an HTML page."""
        self.pages[path] = Answer(body=body.encode(), **more)

    def paths(self) -> list[str]:
        """Return the paths asked for, robots.txt left out."""
        return [hit.path for hit in self.hits if hit.path != "/robots.txt"]

    def answer(self, hit: Hit) -> Answer:
        """Return what a request gets."""
        self.hits.append(hit)
        page = self.pages.get(hit.path) or self.pages.get(hit.path.partition("?")[0])
        if page is None:
            return Answer(body=b"not here", status=404, kind="text/plain")
        return page(hit) if callable(page) else page

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, site: WebServer) -> None:
        self.site = site
        super().__init__((site.address, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent when a client hangs up, as the crawler does on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        hit = Hit(
            path=self.path, host=headers.get("host", ""), headers=headers, body=body, client=self.client_address[0]
        )
        answer = self.server.site.answer(hit)
        if answer.pause:
            time.sleep(answer.pause)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body) if answer.claims is None else answer.claims))
        self.end_headers()
        if answer.status != 304:
            self.wfile.write(answer.body)
        if answer.claims is not None:
            self.close_connection = True

    do_POST = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


class Canary:
    """Listens on a loopback port that nobody may connect to; `alarms` counts who did."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.alarms = 0
        self._sockets = [_listening(socket.AF_INET, address, 0)]
        self.port: int = self._sockets[0].getsockname()[1]
        if socket.has_ipv6 and address == "127.0.0.1":
            try:
                self._sockets.append(_listening(socket.AF_INET6, "::1", self.port))
            except OSError:
                pass  # no IPv6 loopback on this machine, so none to protect
        self._threads = [threading.Thread(target=self._watch, args=(one,)) for one in self._sockets]

    def _watch(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.alarms += 1
            connection.close()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._sockets:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self._threads:
            thread.join()


def _listening(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    return listener
