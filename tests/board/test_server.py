"""The server: where it listens and where it refuses to; the real process, how it starts and how it ends."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.types import Receive, Scope, Send

from board import server
from board.server import ServerRefused, check_address
from config.board import Board as Settings
from config.board import SingleSignOn
from tests.console.conftest import Store
from tests.servers.programs import mekiki

URL = "https://mekiki.hoshino-denki.example"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"listen": "[::1]:8480"},
        {"url": "http://localhost:8480"},  # through an SSH tunnel
        {"url": URL},  # behind a proxy on this machine
        {"listen": "0.0.0.0:8480", "url": URL, "proxies": ("10.0.3.7",)},
        {"listen": "10.0.3.1:8480", "url": URL, "proxies": ("10.0.3.0/24",)},
        {"listen": "0.0.0.0:8480", "url": URL, "certificate": "a.pem", "key": "b.pem"},
        {"listen": "10.0.3.1:443", "certificate": "a.pem", "key": "b.pem"},
    ],
    ids=str,
)
def test_it_listens_where_nobody_reads_along(settings: dict[str, object]) -> None:
    check_address(Settings.model_validate(settings))


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"listen": "0.0.0.0:8480"}, "without TLS"),
        ({"listen": "0.0.0.0:8480", "url": URL}, "without TLS"),
        ({"listen": "[::]:8480"}, "without TLS"),
        ({"listen": "10.0.3.1:8480"}, "without TLS"),
        ({"listen": "192.168.1.5:8480", "url": "http://127.0.0.1:8480"}, "without TLS"),
        ({"listen": "0.0.0.0:8480", "proxies": ("10.0.3.7",)}, "board.url is missing"),
        ({"listen": "0.0.0.0:443", "certificate": "a.pem", "key": "b.pem"}, "board.url is missing"),
        ({"proxies": ("127.0.0.1",)}, "board.url is missing"),
        ({"url": "http://mekiki.hoshino-denki.example"}, "in clear"),
        ({"listen": "0.0.0.0:1", "url": "http://mekiki.test:8480", "proxies": ("10.0.3.7",)}, "in clear"),
        ({"listen": "mekiki.test:8480"}, "no IP address"),
    ],
    ids=str,
)
def test_it_refuses_to_listen_where_somebody_does(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ServerRefused, match=says):
        check_address(Settings.model_validate(settings))


def test_it_listens_at_this_machine_unless_told() -> None:
    assert Settings().listen == "127.0.0.1:8480"
    assert Settings(oidc=SingleSignOn(issuer="https://login.test", client_id="a")).listen == "127.0.0.1:8480"


@pytest.fixture
def served(store: Store, tmp_path: Path) -> Store:
    """An installation with one account."""
    (tmp_path / "password").write_text("correct horse battery staple\n")
    done = mekiki("account", "add", "aoki", "--as", "kimura", "--role", "admin", "--password-file",
                  tmp_path / "password", "-c", store.config)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return store


def configure(store: Store, toml: str) -> None:
    store.config.write_text(store.config.read_text("utf-8") + toml, "utf-8")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(store: Store, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run the real program until the block ends."""
    command = [sys.executable, "-m", "cli", "serve", "-c", str(store.config), *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(url: str, trust: ssl.SSLContext | None = None) -> str:
    """Return what is answered, as soon as it is."""
    for _ in range(1200):
        try:
            with urlopen(url, context=trust, timeout=10) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def refused(store: Store, *options: str) -> str:
    """Return the line with which it refuses to serve."""
    done = mekiki("serve", "-c", store.config, *options)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    return line


def test_without_an_account_it_says_how_to_add_one(store: Store) -> None:
    assert "mekiki account add LOGIN --role admin" in refused(store)


def test_a_disabled_account_is_none(served: Store) -> None:
    assert mekiki("account", "disable", "aoki", "--as", "kimura", "-c", served.config).returncode == 0
    assert "nobody may sign in yet" in refused(served)


@pytest.mark.parametrize(
    "toml, options, says",
    [
        ("", ("--listen", "0.0.0.0:8480"), "without TLS"),
        ('[board]\nlisten = "0.0.0.0:8480"\n', (), "without TLS"),
        ('[board]\nurl = "http://mekiki.test"\n', (), "expected https://"),
        ('[board]\ncertificate = "none.pem"\nkey = "none.pem"\n', (), "none.pem: cannot be read: No such file"),
        ('[board]\ncertificate = "mekiki.toml"\nkey = "mekiki.toml"\n', (), "expected a certificate and a key in PEM"),
    ],
)
def test_it_says_in_one_line_why_it_does_not_serve(
    toml: str, options: tuple[str, ...], says: str, served: Store
) -> None:
    configure(served, toml)
    assert says in refused(served, *options)


def test_a_secret_that_is_not_set_is_told_at_once(served: Store) -> None:
    configure(
        served, '[board.oidc]\nissuer = "https://login.test"\nclient_id = "a"\nclient_secret = "env:NOT_SET_HERE"\n'
    )
    done = mekiki("serve", "-c", served.config)
    assert (done.returncode, done.stderr.strip()) == (1, "mekiki: env:NOT_SET_HERE is not set")


def test_a_port_that_is_taken_is_told_in_one_line(served: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        line = refused(served, "--listen", address)
    assert line == f"mekiki: {address}: Address already in use; choose another with board.listen or --listen"


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_peace_when_it_is_told_to(sent: signal.Signals, served: Store) -> None:
    port = free_port()
    with running(served, "--listen", f"127.0.0.1:{port}") as process:
        assert wait_for(f"http://127.0.0.1:{port}/health") == "well\n"
        with socket.create_connection(("127.0.0.1", port)):  # somebody who says nothing keeps it from nothing
            wait_for(f"http://127.0.0.1:{port}/health")  # who came before is there, too
            process.send_signal(sent)
            output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "")
    assert errors.splitlines() == [f"The board answers at http://127.0.0.1:{port}; Ctrl+C ends it."]


def ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_what_a_browser_never_sends_is_told_off(served: Store) -> None:
    port = free_port()
    ours = b"127.0.0.1:%d" % port
    close = b"\r\nConnection: close\r\n\r\n"
    with running(served, "--listen", f"127.0.0.1:{port}"):
        wait_for(f"http://127.0.0.1:{port}/health")
        for request, status in (
            (b"GET /health HTTP/1.1\r\nHost: " + ours + close, b"200"),
            (b"GET /health HTTP/1.1\r\nHost: evil.test" + close, b"421"),
            (b"GET /health HTTP/1.1\r\nHost: " + ours + b"\r\nHost: evil.test" + close, b"400"),
            (b"GET /health HTTP/1.1" + close, b"400"),
            (b"GET /health HTTP/1.0" + close, b"421"),
            (b"GET http://evil.test/health HTTP/1.1\r\nHost: " + ours + close, b"421"),
            (b"GET http://" + ours + b"/health HTTP/1.1\r\nHost: evil.test" + close, b"421"),
            (b"GET //evil.test/%2e%2e HTTP/1.1\r\nHost: " + ours + close, b"404"),
            (b"GET /wall/ HTTP/1.1\r\nHost: " + ours + close, b"404"),
            (b"CONNECT evil.test:443 HTTP/1.1\r\nHost: " + ours + close, b"421"),
        ):
            answer = ask(port, request)
            assert answer.split(b" ")[1] == status, (request[:60], answer[:200])
            assert b"evil.test" not in answer
            assert b"server:" not in answer.lower()


def test_nothing_of_requests_is_logged(served: Store) -> None:
    port = free_port()
    with running(served, "--listen", f"127.0.0.1:{port}") as process:
        wait_for(f"http://127.0.0.1:{port}/health?code=hidden")
        process.terminate()
        output, errors = process.communicate(timeout=60)
    assert "hidden" not in output + errors


@pytest.fixture
def pair(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Write a certificate of 127.0.0.1 and its key."""

    def write(name: str, password: bytes | None = None) -> tuple[Path, Path]:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mekiki.hoshino-denki.example")])
        names = x509.SubjectAlternativeName([x509.DNSName("mekiki.hoshino-denki.example"), x509.DNSName("localhost")])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(names, critical=False)
            .sign(key, hashes.SHA256())
        )
        closed = BestAvailableEncryption(password) if password else NoEncryption()
        certificate, file = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed))
        return certificate, file

    return write


def test_it_speaks_tls_itself(served: Store, pair: Callable[..., tuple[Path, Path]]) -> None:
    certificate, key = pair("a")
    port = free_port()
    configure(served, f'[board]\nurl = "https://localhost:{port}"\ncertificate = "{certificate}"\nkey = "{key.name}"\n')
    trust = ssl.create_default_context(cafile=str(certificate))
    with running(served, "--listen", f"127.0.0.1:{port}") as process:
        assert wait_for(f"https://localhost:{port}/health", trust) == "well\n"
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(OSError):
            old.wrap_socket(plain)
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_handshake_that_does_not_go_on_is_ended(
    pair: Callable[..., tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HANDSHAKE", 0.2)
    certificate, key = pair("a")
    kind = uvicorn.Config(
        make_nothing, ssl_certfile=certificate, ssl_keyfile=key, loop="asyncio", lifespan="off", log_config=None
    )
    ours, bound = server._Server(kind), socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=ours.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        with socket.create_connection(bound.getsockname(), timeout=30) as silent:
            assert silent.recv(10) == b""  # asyncio's own patience is 60 s
    finally:
        ours.should_exit = True
        thread.join(30)


async def make_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("nobody came so far")


def test_a_key_of_another_certificate_is_told_in_one_line(
    served: Store, pair: Callable[..., tuple[Path, Path]]
) -> None:
    certificate, other = pair("a")[0], pair("b")[1]
    configure(served, f'[board]\ncertificate = "{certificate}"\nkey = "{other}"\n')
    assert refused(served).endswith("they do not belong together")


def test_a_key_with_a_password_is_told_in_one_line(served: Store, pair: Callable[..., tuple[Path, Path]]) -> None:
    certificate, key = pair("a", b"a password")
    configure(served, f'[board]\ncertificate = "{certificate}"\nkey = "{key}"\n')
    assert "a key with a password cannot be used" in refused(served)


def test_it_says_whom_it_answers_behind_proxies(served: Store) -> None:
    port = free_port()
    configure(served, f'[board]\nurl = "{URL}"\nproxies = ["10.0.3.0/24"]\n')
    with running(served, "--listen", f"127.0.0.1:{port}") as process:
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in range(2)]
        process.terminate()
        process.communicate(timeout=60)
    assert lines[0] == f"The board answers at {URL}; Ctrl+C ends it.\n"
    assert lines[1] == "It answers its proxies alone: 10.0.3.0/24, this machine.\n"
