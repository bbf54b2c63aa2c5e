"""TimeStamps: a time stamping authority (RFC 3161) on loopback, made with openssl, that misbehaves as told."""

import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

OPENSSL = shutil.which("openssl")
MISSING = "openssl is not installed"  # reason to skip

_EXTENSIONS = """basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""
_CONFIG = """[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
{certs}
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""

Behaviour = Callable[["TimeStamps", bytes], tuple[int, str, bytes]]  # authority, request -> status, type, body


def stamped(authority: "TimeStamps", request: bytes) -> tuple[int, str, bytes]:
    """Answer as an authority should."""
    return 200, "application/timestamp-reply", authority.reply(request)


class TimeStamps:
    """Answers each request as `script` says, one after the other, then as it should."""

    def __init__(self, folder: Path, *, with_root: bool = False) -> None:
        """Make certificates below a folder.

        Args:
            folder: is made.
            with_root: whether answers hold the root's certificate, too; behind its own, which is longer.
        """
        folder.mkdir()
        self.folder = folder
        self.script: deque[Behaviour] = deque()
        self.asked: list[bytes] = []
        self.roots = folder / "ca.pem"
        self._make_certificates()
        certs = f"certs = {self.roots}" if with_root else ""
        (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder, certs=certs))
        (folder / "serial").write_text("01\n")

    def _make_certificates(self) -> None:
        self._openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj /CN=root")
        longer = f"/O={'x' * 60}/OU={'x' * 60}/CN={'x' * 60}"
        self._openssl(f"req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj {longer}")
        (self.folder / "extensions").write_text(_EXTENSIONS)
        self._openssl(
            "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 3650 -extfile extensions"
        )

    def _openssl(self, words: str) -> None:
        assert OPENSSL, MISSING
        subprocess.run([OPENSSL, *words.split()], cwd=self.folder, check=True, capture_output=True)

    def reply(self, request: bytes) -> bytes:
        """Return the answer to a request."""
        number = len(self.asked)
        (self.folder / f"{number}.tsq").write_bytes(request)
        self._openssl(f"ts -reply -config tsa.cnf -queryfile {number}.tsq -out {number}.tsr")
        return (self.folder / f"{number}.tsr").read_bytes()

    def token(self, data: bytes) -> bytes:
        """Return the answer to a request of openssl's for some data."""
        (self.folder / "data").write_bytes(data)
        self._openssl("ts -query -data data -sha256 -cert -out query.tsq")
        return self.reply((self.folder / "query.tsq").read_bytes())

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, host: str = "127.0.0.1") -> str:
        """Return the address to ask."""
        return f"http://{host}:{self.port}/tsr"

    def __enter__(self) -> Self:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                authority.asked.append(request)
                behave = authority.script.popleft() if authority.script else stamped
                status, kind, body = behave(authority, request)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients that hang up are part of the tests

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def openssl_verifies(token: bytes, data: bytes, roots: Path, folder: Path) -> bool:
    """Tell whether openssl takes a token for a stamp on some data."""
    assert OPENSSL, MISSING
    (folder / "checked.tsr").write_bytes(token)
    (folder / "checked").write_bytes(data)
    command = [OPENSSL, "ts", "-verify", "-data", "checked", "-in", "checked.tsr", "-CAfile", str(roots)]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert (done.returncode == 0) == ("Verification: OK" in done.stdout), done.stderr
    return done.returncode == 0
