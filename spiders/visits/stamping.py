"""Stamping: ask time stamping authorities (RFC 3161) for what is due.

1. a request with the hash of a manifest and a nonce is posted, under the egress rule, no redirect followed; 2. the
answer is read up to a limit and must be a time stamp for this nonce; 3. it is checked against the manifest and kept, or
the failure is noted and tried again later. Evidence is stored before any of this, whatever comes of it.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from aiohttp.abc import ResolveResult
from cryptography.x509 import Certificate
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from sqlalchemy import Engine

from safety.egress import EgressRule
from storage.database import snapshot, transaction
from storage.errors import MediaMissing, StampRefused
from storage.media import MediaStore
from storage.stamp_tokens import LARGEST, read_token
from storage.stamps import DueStamp, due_stamps, stamp_done, stamp_failed

TIMEOUT = timedelta(seconds=20)  # for the whole exchange, connecting included
_HEADERS = {  # RFC 3161, section 3.4
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
    "Accept-Encoding": "identity",
}


class NoStamp(Exception):
    """An authority gave no answer that could be a time stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampReport:
    """What one pass came to."""

    stamped: int
    problems: tuple[str, ...]  # one line for each failed attempt


async def stamp_due(
    engine: Engine,
    media: MediaStore,
    *,
    rule: EgressRule,
    now: Callable[[], datetime],
    roots: Sequence[Certificate] = (),
    timeout: timedelta = TIMEOUT,
) -> StampReport:
    """Ask for every time stamp that is due, one after another; an authority that fails is left alone for this pass.

    Args:
        rule: which addresses may be connected to.
        now: returns the time, in UTC.
        roots: certificates that stamps must lead to (`storage.stamp_tokens.read_roots`); without any, only what a
            stamp is about is checked.
        timeout: for one stamp.

    Raises:
        StorageUnavailable: what came cannot be kept; it will be asked for again.
    """
    stamped = 0
    problems: list[str] = []
    failing: set[str] = set()
    for due in await asyncio.to_thread(_due, engine, now()):
        if due.authority in failing:
            continue
        try:
            manifest = await asyncio.to_thread(media.read, due.manifest)
            token = await ask_stamp(due.authority, manifest, rule=rule, timeout=timeout)
            await asyncio.to_thread(_keep, engine, media, due, token, now(), roots)
            stamped += 1
        except (NoStamp, StampRefused, MediaMissing) as error:
            await asyncio.to_thread(_note, engine, due, now(), str(error))
            problems.append(f"time stamp for {due.manifest} from {due.authority}: {error}")
            if not isinstance(error, MediaMissing):
                failing.add(due.authority)
    return StampReport(stamped=stamped, problems=tuple(problems))


async def ask_stamp(url: str, data: bytes, *, rule: EgressRule, timeout: timedelta = TIMEOUT) -> bytes:
    """Ask an authority for a time stamp on the SHA-256 of some data; return its answer, still to be checked.

    Raises:
        NoStamp: no answer came, or none to this request.
        StampRefused: it is no time stamp, or the authority refused to stamp.
    """
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = await _post(url, request.as_bytes(), rule, timeout)
    try:
        nonce = read_token(answer).tst_info.nonce
    except ValueError:
        raise StampRefused("the answer is no time stamp") from None
    if nonce != request.nonce:
        raise NoStamp("the answer is to another request")
    return answer


async def _post(url: str, body: bytes, rule: EgressRule, timeout: timedelta) -> bytes:
    refused: list[str] = []
    try:
        async with (
            aiohttp.ClientSession(
                connector=_guarded(rule, refused),
                timeout=aiohttp.ClientTimeout(total=timeout.total_seconds()),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            ) as session,
            session.post(url, data=body, headers=_HEADERS, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise NoStamp(f"the authority answered {response.status}")
            if response.content_type != "application/timestamp-reply":
                raise NoStamp("the answer is not of the type application/timestamp-reply")
            return await _all_of(response.content)
    except TimeoutError:
        why = f"no answer within {timeout.total_seconds():g} s"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        why = f"no answer ({type(error).__name__})"
    if refused:
        why = "the authority's address is not public; an internal one needs an entry in egress.allow"
    raise NoStamp(why)


async def _all_of(stream: aiohttp.StreamReader) -> bytes:
    found = bytearray()
    async for part in stream.iter_chunked(2**14):
        found += part
        if len(found) > LARGEST:
            raise NoStamp("the answer is too large for a time stamp")
    return bytes(found)


def _guarded(rule: EgressRule, refused: list[str]) -> aiohttp.TCPConnector:
    """Return a connector that checks the very address it is about to dial; addresses that it refuses are noted."""

    def open_socket(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, place = address
        if not rule.permits(str(place[0]), int(place[1])):
            refused.append(str(place[0]))
            raise OSError("refused by the egress rule")
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(resolver=_Pinned(rule.hosts), socket_factory=open_socket, use_dns_cache=False)


class _Pinned(aiohttp.ThreadedResolver):
    """Asks the system for the addresses of a host, under another name where one is pinned."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        super().__init__()
        self._hosts = hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        address = self._hosts.get(host.lower().rstrip("."), host)
        found = await super().resolve(address, port, family)
        return [{**row, "hostname": host} for row in found]


def _due(engine: Engine, now: datetime) -> list[DueStamp]:
    with snapshot(engine) as session:
        return due_stamps(session, now)


def _keep(
    engine: Engine, media: MediaStore, due: DueStamp, token: bytes, now: datetime, roots: Sequence[Certificate]
) -> None:
    with transaction(engine) as session:
        stamp_done(session, media, due.id, token, now, roots=roots)


def _note(engine: Engine, due: DueStamp, now: datetime, problem: str) -> None:
    with transaction(engine) as session:
        stamp_failed(session, due.id, now, problem)
