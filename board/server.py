"""The server: listens where the configuration says, and nowhere that would be open to all."""

import asyncio
import signal
import socket
import ssl
from functools import partial
from ipaddress import ip_address

import uvicorn

from board.app import make_app
from board.board import Board
from board.connections import AT_ONCE, connections
from config.board import Board as Settings
from config.board import is_loopback
from safety.logs import library_lines
from storage.accounts import accounts
from storage.database import snapshot

BACKLOG = 256
HANDSHAKE = 10.0  # seconds
PATIENCE = 10  # seconds that requests under way may take when the server is told to end


class ServerRefused(Exception):
    """The board would be open to others than it should, or cannot listen; the message says what to set."""


def check_open(board: Board) -> None:
    """Refuse to listen where somebody could read passwords, or be anybody, or nobody could sign in.

    Raises:
        ServerRefused: with what to set.
        SecretError: the issuer's secret is not set.
    """
    ours = board.config.board
    check_address(ours)
    if ours.certificate is not None and ours.key is not None:
        check_certificate(ours)
    if ours.oidc is not None and ours.oidc.client_secret is not None:
        ours.oidc.client_secret.reveal()
    if ours.oidc is None and ours.identity is None:
        with snapshot(board.engine) as session:
            if not any(one.disabled_at is None and one.password is not None for one in accounts(session)):
                raise ServerRefused("nobody may sign in yet; add an account: mekiki account add LOGIN --role admin")


def check_address(ours: Settings) -> None:
    """Refuse an address that others reach without TLS, and a URL that cannot be true.

    Raises:
        ServerRefused: with what to set.
    """
    host = ours.listen.rpartition(":")[0].strip("[]")
    try:
        address = ip_address(host)
    except ValueError:
        raise ServerRefused(f"board.listen: {host!r} is no IP address; expected e.g. 127.0.0.1:8480") from None
    url_host = (ours.url or "").partition("://")[2].rpartition(":")[0] or (ours.url or "").partition("://")[2]
    if not address.is_loopback and ours.certificate is None and not ours.proxies:
        raise ServerRefused(
            f"board.listen is {ours.listen}, which others reach without TLS: set board.certificate and board.key; or "
            "name in board.proxies the proxies that speak TLS for it (nobody else is answered then); or listen at "
            "127.0.0.1 behind one"
        )
    if ours.url is None and (address.is_unspecified or (ours.proxies and ours.certificate is None)):
        raise ServerRefused(
            "board.url is missing: set it to what people type, e.g. https://mekiki.hoshino-denki.example"
        )
    if ours.url is not None and ours.url.startswith("http:") and not is_loopback(url_host.strip("[]")):
        raise ServerRefused(f"board.url is {ours.url}, over which passwords travel in clear: expected https://")


def check_certificate(ours: Settings) -> None:
    """Refuse a certificate or key that cannot be used.

    Raises:
        ServerRefused: with what is wrong.
    """
    assert ours.certificate is not None
    assert ours.key is not None
    for file in (ours.certificate, ours.key):
        try:
            file.read_bytes()
        except OSError as error:
            raise ServerRefused(f"{file}: cannot be read: {error.strerror}") from None

    def no_password() -> str:
        raise ServerRefused(f"{ours.key}: a key with a password cannot be used; write it without one, mode 0600")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(ours.certificate, ours.key, no_password)
    except ssl.SSLError as error:
        reason = (
            "they do not belong together" if "MISMATCH" in str(error) else "expected a certificate and a key in PEM"
        )
        raise ServerRefused(f"board.certificate {ours.certificate}, board.key {ours.key}: {reason}") from None


def listening(listen: str) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ServerRefused: the port is taken, or the address is not of this machine.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, int(port)))
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        raise ServerRefused(f"{listen}: {error.strerror}; choose another with board.listen or --listen") from None
    return found


class _Server(uvicorn.Server):
    """Ends handshakes of TLS that do not go on: they are no connections yet, which `board.connections` would end."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        if self.config.is_ssl:
            loop = asyncio.get_running_loop()
            loop.create_server = partial(loop.create_server, ssl_handshake_timeout=HANDSHAKE)  # type: ignore[method-assign]
        await super().startup(sockets)


def serve(board: Board, bound: socket.socket) -> None:
    """Answer until the process is told to stop (SIGTERM, SIGINT)."""
    ours = board.config.board
    server = _Server(
        uvicorn.Config(
            make_app(board),
            http=connections(ours),
            ssl_certfile=ours.certificate,
            ssl_keyfile=ours.key,
            log_config=None,
            access_log=False,  # addresses of requests may hold what is nobody else's business
            server_header=False,
            proxy_headers=False,  # board.peer reads them, of proxies that are named
            loop="asyncio",
            limit_concurrency=AT_ONCE,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=PATIENCE,
            ws="none",
        )
    )

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):  # until uvicorn listens to them; at its end it repeats them for us
        signal.signal(number, end)
    with library_lines(board.log):
        server.run(sockets=[bound])
