"""A server that speaks HTTP as nobody should: it says nothing, drips, or never ends. Each path is one way."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

DRIP_SECONDS = 0.1
OPENING = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
PAGE = b"<title>late</title><p>It came in the end.</p>"


def slow_headers() -> Iterator[bytes]:
    """A byte now and then, never a whole header."""
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    while True:
        time.sleep(DRIP_SECONDS)
        yield b"x"


def slow_body() -> Iterator[bytes]:
    """A byte now and then, for ever."""
    yield OPENING
    while True:
        time.sleep(DRIP_SECONDS)
        yield b"x"


def endless_body() -> Iterator[bytes]:
    """As fast as it goes, for ever."""
    yield OPENING
    while True:
        yield b"<p>more</p>" * 6_000


def endless_chunks() -> Iterator[bytes]:
    """The same, one byte a chunk."""
    yield CHUNKED
    while True:
        yield b"1\r\nx\r\n" * 10_000


def endless_headers() -> Iterator[bytes]:
    """One header after the other."""
    yield b"HTTP/1.1 200 OK\r\n"
    number = 0
    while True:
        number += 1000
        yield b"".join(b"X-%d: %s\r\n" % (number + one, b"x" * 40) for one in range(1000))


def endless_line() -> Iterator[bytes]:
    """One header, and no end of it."""
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    while True:
        yield b"x" * 65_536


def endless_interim() -> Iterator[bytes]:
    """Always about to answer."""
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 1000


WAYS: dict[str, Callable[[], Iterator[bytes]]] = {
    way.__name__.replace("_", "-"): way
    for way in (slow_headers, slow_body, endless_body, endless_chunks, endless_headers, endless_line, endless_interim)
}


class RudeServer:
    """Answers `/robots.txt` with 404, `/silent` never, `/held` once `release` is set, and `WAYS` as they say."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self.paths: list[str] = []
        self.release = threading.Event()
        self._closing = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((address, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]

    @property
    def allow(self) -> str:
        """The entry of `egress.allow` that opens this server."""
        return f"{self.address}:{self.port}"

    @property
    def url(self) -> str:
        """The origin, without a slash at its end."""
        return f"http://{self.allow}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    part = connection.recv(65_536)
                    if not part:
                        return
                    asked += part
                self._answer(connection, asked.split()[1].decode())
            except OSError:
                return  # the crawler hung up, as it should

    def _answer(self, connection: socket.socket, path: str) -> None:
        if path == "/robots.txt":
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        self.paths.append(path)
        name = path.strip("/").partition("/")[0]
        if name == "silent":
            self._closing.wait()
        elif name == "held":
            while not self.release.wait(0.05):
                if self._closing.is_set():
                    return
            connection.sendall(OPENING + PAGE)
        else:
            for piece in WAYS[name]():
                if self._closing.is_set():
                    return
                connection.sendall(piece)

    def __enter__(self) -> Self:
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that is sending into a full buffer
            except OSError:
                pass
        for thread in self._threads:
            thread.join()
