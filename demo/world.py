"""A loopback server: every host of the demo world on one port, and the sink that receives alerts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from demo.site import content


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One alert that arrived at the sink."""

    path: str
    headers: Message
    body: bytes


@dataclass(slots=True, kw_only=True)
class World:
    """A running world."""

    port: int
    posts: list[Post] = field(default_factory=list)


@contextmanager
def running_world() -> Iterator[World]:
    """Serve the demo world on a free loopback port until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    world = World(port=server.server_port)
    server.RequestHandlerClass = type("_Bound", (_Handler,), {"world": world, "pages": content()})
    thread = Thread(target=server.serve_forever, name="demo-world", daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    world: World
    pages: dict[tuple[str, str], tuple[str, bytes]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host = (self.headers.get("Host") or "").partition(":")[0]
        found = self.pages.get((host, self.path))
        if found is None:
            self._answer(404, "text/plain", b"not found")
            return
        tag = f'"{sha256(found[1]).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self._answer(304, found[0], b"", tag)
            return
        self._answer(200, *found, tag)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.world.posts.append(Post(path=self.path, headers=self.headers, body=body))
        self._answer(200, "text/plain", b"ok")

    def _answer(self, status: int, kind: str, body: bytes, tag: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the demo prints what matters."""
