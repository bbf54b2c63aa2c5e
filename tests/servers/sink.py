"""Sink: a real HTTP server on loopback that takes posts and misbehaves as told, one `Reply` after the other."""

import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How one request is answered."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    after: threading.Event | None = None  # answer when it is set; a sink that closes sets nothing and hangs up
    drop: bool = False  # hang up without an answer
    endless: bool = False  # promise more body than ever comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    reply: "Reply"  # what it gets


class Sink:
    """Takes any request; `script` holds the replies to come, then 200 for ever."""

    def __init__(self, *script: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.script = deque(script)
        self.received: list[Received] = []
        self.connections = 0
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._scheme = "https" if tls else "http"
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # connections are kept

            def setup(self) -> None:
                super().setup()
                sink.connections += 1

            def do_POST(self) -> None:
                sink._answer(self)

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients that hang up are part of the tests

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def bodies(self) -> list[bytes]:
        return [request.body for request in self.received]

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Return the address of a path here."""
        return f"{self._scheme}://{host}:{self.port}{path}"

    def wait_for(self, count: int, seconds: float = 20.0) -> None:
        """Block until so many requests have come."""
        self.wait_until(lambda received: len(received) >= count, seconds)

    def wait_until(self, met: Callable[[Sequence[Received]], bool], seconds: float = 20.0) -> None:
        """Block until what has come is enough."""
        with self._changed:
            if not self._changed.wait_for(lambda: met(self.received), seconds):
                raise AssertionError(f"waited {seconds} s in vain; {len(self.received)} requests came")

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._changed:
            reply = self.script.popleft() if self.script else Reply()
            headers = {name.lower(): value for name, value in handler.headers.items()}
            self.received.append(
                Received(method=handler.command, path=handler.path, headers=headers, body=body, reply=reply)
            )
            self._changed.notify_all()
        while reply.after and not reply.after.wait(0.02):
            if self._closing.is_set():
                handler.close_connection = True
                return
        if reply.drop:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body) + (1 << 30 if reply.endless else 0)))
        handler.end_headers()
        handler.wfile.write(reply.body)
        if reply.endless:
            handler.wfile.flush()
            handler.close_connection = True
            self._closing.wait(20)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
