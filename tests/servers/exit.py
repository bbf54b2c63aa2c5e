"""A forward proxy for tests, "in another country": what it asks for comes from an address of its own."""

import http.client
import threading
from base64 import b64encode
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

_OF_THE_HOP = ("proxy-authorization", "proxy-connection", "connection", "host")


class ExitProxy:
    """Passes plain requests on, for those who know the password. Use as a context manager."""

    def __init__(self, *, hosts: Mapping[str, str], source: str, user: str, password: str) -> None:
        self.hosts, self.source, self.user, self.password = hosts, source, user, password
        self.asked: list[str] = []
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def allow(self) -> str:
        """The entry of `egress.allow` that opens it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Its address, as a visitor's `proxy` names it."""
        return f"http://{quote(self.user, safe='')}:{quote(self.password, safe='')}@127.0.0.1:{self.port}"

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

    def __init__(self, proxy: ExitProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        proxy = self.server.proxy
        pair = b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        if self.headers.get("Proxy-Authorization") != f"Basic {pair}":
            self._answer(407, [], b"")
            return
        proxy.asked.append(self.path)
        parts = urlsplit(self.path)
        path = parts._replace(scheme="", netloc="").geturl()
        there = http.client.HTTPConnection(
            proxy.hosts[parts.hostname or ""], parts.port or 80, source_address=(proxy.source, 0), timeout=10
        )
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_HOP}
        there.request("GET", path or "/", headers={**headers, "Host": parts.netloc})
        answer = there.getresponse()
        self._answer(answer.status, answer.getheaders(), answer.read())
        there.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
