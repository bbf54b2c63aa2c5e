"""Peer: from where a request comes, and whom a proxy names: believed where the socket's other end is one of ours."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import HTTPConnection

from board.board import Board


def from_proxy(board: Board, request: HTTPConnection) -> bool:
    """Tell whether a request came over one of `[board] proxies`."""
    return _is_proxy(board, _socket(request))


def allowed(board: Board, request: HTTPConnection) -> bool:
    """Tell whether the board answers whoever is at the other end: all, or proxies and this machine alone."""
    return not board.config.board.proxies or from_proxy(board, request) or _is_loopback(_socket(request))


def address_of(board: Board, request: HTTPConnection) -> str:
    """Return the address of who asks, "" where it is not known: what the nearest proxies of ours saw, else the peer.

    Of IPv6 the network of 64 bits, which is as much as one person has.
    """
    seen = _socket(request)
    told = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while _is_proxy(board, seen) and told and (before := _without_port(told.pop().strip())):
        seen = before
    return network_of(seen)


def _without_port(seen: str) -> str:
    """Return the address of "192.0.2.1:443" or "[2001:db8::1]:443", as some proxies write it; "" where it is none."""
    bracketed = seen[1:].partition("]")[0] if seen.startswith("[") else ""
    return next((host for host in (seen, bracketed, seen.partition(":")[0]) if network_of(host)), "")


def network_of(seen: str) -> str:
    """Return an address as one person's: of IPv6 the network of 64 bits; "" where it is none."""
    try:
        address = ip_address(seen)
    except ValueError:
        return ""
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or f"{ip_address(int(address) >> 64 << 64)}/64")


def named(board: Board, request: HTTPConnection) -> str | None:
    """Return whom a proxy says it is; None where it says nothing, and where others say it."""
    header = board.config.board.identity
    if header is None:
        return None
    said = request.headers.getlist(header)
    if said and not from_proxy(board, request):
        board.tell_once(f"{header} came from {_socket(request)}, which is not in board.proxies: ignored")
        return None
    if len(said) != 1:  # one of the two is not the proxy's
        return None
    try:
        return said[0].encode("latin-1").decode("utf-8").strip() or None
    except UnicodeDecodeError:
        return None


def _socket(request: HTTPConnection) -> str:
    return request.client.host if request.client is not None else ""


def _is_proxy(board: Board, seen: str) -> bool:
    return is_among(seen, board.config.board.trusted)


def is_among(seen: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Tell whether an address is in one of some networks."""
    try:
        address = ip_address(seen)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


def _is_loopback(seen: str) -> bool:
    try:
        return ip_address(seen).is_loopback
    except ValueError:
        return seen == ""  # a socket of this machine's files
