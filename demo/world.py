"""A loopback server: every host of the demo world on one port, and the sink that receives alerts.

`POST /world/off/HOST` to 127.0.0.1 takes a host off the net, `POST /world/on/HOST` brings it back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from demo.registry import answers
from demo.site import content, redirects


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
    off: set[str] = field(default_factory=set)  # hosts that somebody took down


@contextmanager
def running_world() -> Iterator[World]:
    """Serve the demo world on a free loopback port until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    world = World(port=server.server_port)
    server.RequestHandlerClass = type(
        "_Bound",
        (_Handler,),
        {"world": world, "pages": content(world.port) | answers(world.port), "ways": redirects(world.port)},
    )
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
    ways: dict[tuple[str, str], str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        place = ((self.headers.get("Host") or "").partition(":")[0], self.path)
        if place[0] in self.world.off:
            self._answer(404, b"not found")
        elif place in self.ways:
            self._answer(302, b"", Location=self.ways[place])
        elif place not in self.pages:
            self._answer(404, b"not found")
        else:
            kind, body = self.pages[place]
            tag = f'"{sha256(body).hexdigest()[:16]}"'
            unchanged = self.headers.get("If-None-Match") == tag
            self._answer(304 if unchanged else 200, b"" if unchanged else body, kind, ETag=tag)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match self.path.split("/"):
            case ["", "world", "off", host]:
                self.world.off.add(host)
                self._answer(200, f"{host} is off the net\n".encode())
            case ["", "world", "on", host]:
                self.world.off.discard(host)
                self._answer(200, f"{host} is on the net\n".encode())
            case _:
                self.world.posts.append(Post(path=self.path, headers=self.headers, body=body))
                self._answer(200, b"ok")

    def _answer(self, status: int, body: bytes, kind: str = "text/plain", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the demo prints what matters."""
