"""The server: listens where the configuration says, and nowhere that would be open to all."""

from ipaddress import ip_address

import uvicorn

from board.app import make_app
from board.board import Board


class ServerRefused(Exception):
    """The board would be open to others than it should; the message says what to set."""


def check_open(board: Board) -> None:
    """Refuse an address that others reach, without TLS.

    Raises:
        ServerRefused: where somebody on the way could read passwords.
    """
    host = board.config.board.listen.rpartition(":")[0].strip("[]")
    if not ip_address(host).is_loopback and board.config.board.certificate is None:
        raise ServerRefused(
            f"board.listen is {board.config.board.listen}, which others reach without TLS: set board.certificate and "
            "board.key, or listen at 127.0.0.1 behind a proxy that speaks TLS"
        )


def serve(board: Board) -> None:
    """Answer until the process is told to stop."""
    check_open(board)
    host, _, port = board.config.board.listen.rpartition(":")
    uvicorn.run(
        make_app(board),
        host=host.strip("[]"),
        port=int(port),
        ssl_certfile=board.config.board.certificate,
        ssl_keyfile=board.config.board.key,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=200,
        timeout_keep_alive=10,
    )
