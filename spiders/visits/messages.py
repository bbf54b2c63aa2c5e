"""Messages: HTTP/1.1 as a forward proxy reads it and passes it on (RFC 9112).

Requests are read strictly, because whatever two readers could understand differently is an attack; heads of answers
loosely, because the browser behind judges them.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

# On answers of the proxy itself: 1 where the guard stopped it, else what failed. It is taken out of answers that pass
# in the open; within a tunnel, a site may send it too.
MARK = "X-Mekiki-Refused"
CHUNK = 2**16  # bytes passed on at once

Send = Callable[[bytes], Awaitable[None]]

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105  RFC 9110, 5.6.2
_REQUEST = re.compile(rf"({_TOKEN}) ([^\x00-\x20\x7f]+) HTTP/1\.([01])")
_FIELD = re.compile(rf"({_TOKEN}):([^\x00-\x08\x0a-\x1f\x7f]*)")
_AUTHORITY = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^:/?#@\[\]\\]+))(?::(?P<port>[0-9]{1,5}))?")
_ABSOLUTE = re.compile(r"(?i)http://([^/?#]*)([^#]*)(?:#.*)?")
_STATUS = re.compile(rb"HTTP/[0-9]\.[0-9][ \t]+([0-9]{3})(?![0-9])")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
# For one connection only (RFC 9110, 7.6.1), or written anew. What Expect asks for, the proxy would have to answer.
_HOP = frozenset(("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"))
_HOP_OF_ANSWERS = frozenset((b"connection", b"keep-alive", b"upgrade", MARK.lower().encode()))


class BadMessage(ValueError):
    """A message that no browser or server sends; nothing of it is passed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of what a client of the proxy asks for."""

    method: str
    host: str  # as it is spelt, without brackets; international names in their ASCII form
    port: int
    target: str | None  # path and query; None for CONNECT
    fields: tuple[tuple[str, str], ...] = field(repr=False)  # as they came, the proxy's credentials too
    length: int | None = 0  # bytes of the body; None where it comes in chunks

    @property
    def authority(self) -> str:
        """Host and port, the port always."""
        return f"{_bracketed(self.host)}:{self.port}"

    def credentials(self) -> tuple[str, str] | None:
        """Return user name and password from the one Proxy-Authorization field, if it is Basic."""
        found = self._values("proxy-authorization")
        scheme, _, coded = found[0].partition(" ") if len(found) == 1 else ("", "", "")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (user, password) if colon else None

    def passed_on(self, *, absolute: bool = False, authorization: str | None = None) -> bytes:
        """Return the head for the server; or for another proxy, in absolute form and with what opens that one."""
        assert self.target is not None, "CONNECT is not passed on"
        host = _bracketed(self.host) + ("" if self.port == 80 else f":{self.port}")
        named = {token.strip().lower() for value in self._values("connection") for token in value.split(",")}
        kept = [(name, value) for name, value in self.fields if not _for_this_hop(name.lower(), named)]
        lines = [f"{self.method} {f'http://{host}' if absolute else ''}{self.target} HTTP/1.1"]
        if not any(name.lower() == "host" for name, _ in kept):
            lines.append(f"Host: {host}")
        lines += [f"{name}: {host if name.lower() == 'host' else value}" for name, value in kept]
        if self.length is None:
            lines.append("Transfer-Encoding: chunked")
        elif self._values("content-length"):
            lines.append(f"Content-Length: {self.length}")
        if authorization:
            lines.append(f"Proxy-Authorization: {authorization}")
        return _joined([*lines, "Connection: close"])

    def _values(self, name: str) -> list[str]:
        return [value for other, value in self.fields if other.lower() == name]


def read_request(head: bytes) -> Request:
    """Read a request's head, blank line included.

    Raises:
        BadMessage: it is neither CONNECT nor absolute `http:`, or could be understood in two ways.
    """
    first, *rest = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None:
        raise BadMessage("no request line")
    method, target, minor = request.groups()
    fields = tuple(_read_field(line) for line in rest)
    length = _read_length(fields, chunks=minor == "1")
    if sum(name.lower() == "host" for name, _ in fields) > 1:
        raise BadMessage("more than one Host")
    if method == "CONNECT":
        if length != 0:
            raise BadMessage("CONNECT has no body")
        host, port = _read_authority(target, None)
        return Request(method=method, host=host, port=port, target=None, fields=fields)
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise BadMessage("neither CONNECT nor an absolute http: address")
    host, port = _read_authority(absolute[1], 80)
    path = absolute[2] if absolute[2].startswith("/") else f"/{absolute[2]}"
    return Request(method=method, host=host, port=port, target=path, fields=fields, length=length)


def _read_field(line: str) -> tuple[str, str]:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise BadMessage("a line that is no field")  # a folded one, too
    return found[1], found[2].strip(" \t")


def _read_length(fields: Sequence[tuple[str, str]], *, chunks: bool) -> int | None:
    """Return the length of the body, None for chunks; only one field may say it, once."""
    said = [(name.lower(), value) for name, value in fields if name.lower() in ("content-length", "transfer-encoding")]
    if not said:
        return 0
    if len(said) > 1:
        raise BadMessage("more than one field says where the body ends")
    name, value = said[0]
    if name == "transfer-encoding":
        if value.lower() != "chunked" or not chunks:
            raise BadMessage("an unknown transfer coding")
        return None
    if _LENGTH.fullmatch(value) is None:
        raise BadMessage("the length is no number")
    return int(value)


def _read_authority(text: str, default: int | None) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        raise BadMessage("no host, or a user name before it")
    port = int(found["port"]) if found["port"] else default
    if port is None or not 0 < port < 65536:
        raise BadMessage("no port")
    try:
        host = (found["six"] or found["name"]).encode("latin-1").decode("utf-8")
        return (host if host.isascii() else host.encode("idna").decode("ascii")), port
    except UnicodeError:
        raise BadMessage("a host that is no name") from None


def _for_this_hop(name: str, named: Iterable[str]) -> bool:
    return name in _HOP or name in named or name == "content-length" or name.startswith("proxy-")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _joined(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


async def copy_body(reader: asyncio.StreamReader, request: Request, send: Send) -> None:
    """Send a request's body on piece by piece, chunks framed anew, without their extensions and trailers.

    Raises:
        BadMessage: it ends too early, or its chunks are none.
    """
    if request.length is not None:
        await _copy_exactly(reader, request.length, send)
        return
    while size := await _chunk_size(reader):
        await send(b"%x\r\n" % size)
        await _copy_exactly(reader, size, send)
        if await _line(reader) != b"\r\n":
            raise BadMessage("a chunk longer than it says")
        await send(b"\r\n")
    while await _line(reader) != b"\r\n":
        pass
    await send(b"0\r\n\r\n")


async def _copy_exactly(reader: asyncio.StreamReader, size: int, send: Send) -> None:
    while size:
        piece = await reader.read(min(size, CHUNK))
        if not piece:
            raise BadMessage("the body ends too early")
        size -= len(piece)
        await send(piece)


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    found = _CHUNK_SIZE.fullmatch(await _line(reader))
    if found is None:
        raise BadMessage("no size of a chunk")
    return int(found[1], 16)


async def _line(reader: asyncio.StreamReader) -> bytes:
    """Return a line with its end.

    Raises:
        BadMessage: it has none, or is longer than the reader's limit.
    """
    try:
        return await reader.readuntil(b"\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise BadMessage("a line without an end") from None


async def head_of_answer(reader: asyncio.StreamReader, most: int) -> bytes:
    """Return the head of an answer, blank line included, whatever its lines end in.

    Raises:
        BadMessage: it is longer than `most` bytes, or incomplete.
    """
    head, line = b"", b""
    while line not in (b"\r\n", b"\n"):
        line = await _line(reader)
        head += line
        if len(head) > most:
            raise BadMessage("a head that is too long")
    return head


def read_answer(head: bytes) -> tuple[int, bytes]:
    """Return status and head of an answer as it is passed on: the connection ends with it, and no site speaks for us.

    Raises:
        BadMessage: there is no status line.
    """
    lines = [line for line in re.split(rb"[\r\n]", head) if line]  # browsers take a lone CR for a line's end, too
    status = _STATUS.match(lines[0]) if lines else None
    if status is None:
        raise BadMessage("no status line")
    kept, keeping = [lines[0]], True
    for line in lines[1:]:
        if line[:1] not in (b" ", b"\t"):  # a folded line goes the way of the one before
            name = line.partition(b":")[0].strip().lower()
            keeping = name not in _HOP_OF_ANSWERS and not name.startswith(b"proxy-")
        if keeping:
            kept.append(line)
    return int(status[1]), b"".join(line + b"\r\n" for line in [*kept, b"Connection: close", b""])


def own_answer(status: str, says: str = "", *fields: str) -> bytes:
    """Return a whole answer of the proxy itself."""
    body = says.encode("utf-8", "replace")
    kind = ("Content-Type: text/plain; charset=utf-8",) if body else ()
    return _joined([f"HTTP/1.1 {status}", *fields, *kind, f"Content-Length: {len(body)}"]) + body
