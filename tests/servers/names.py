"""A name server on port 0 that knows no name, for tests of lookups."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NO_SUCH_NAME = b"\x81\x83"  # flags of an answer: recursion available, NXDOMAIN


class _Nobody(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        asked, socket = self.request
        socket.sendto(asked[:2] + NO_SUCH_NAME + asked[4:6] + b"\0" * 6 + asked[12:], self.client_address)


@contextmanager
def nobody() -> Iterator[str]:
    """Serve, and give the address as ADDRESS:PORT."""
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Nobody) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
