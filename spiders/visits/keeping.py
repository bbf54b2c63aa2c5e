"""Keeping: the files that prove what a visit saw, each in the media store under its SHA-256."""

from collections.abc import Callable

import msgspec

from spiders.visits.exchange import Exchange, Resource
from spiders.visits.followed import Followed
from spiders.visits.warc import warc_of
from storage.custody import TOOL
from storage.evidence import EvidenceFile
from storage.visits import KeptVisit


def kept(one: Followed, put: Callable[[bytes], str]) -> KeptVisit:
    """Put what a visit brought back into the media store; return it with the list of its files."""
    visit = one.visit
    resources: list[Resource] = []
    files: list[EvidenceFile] = []
    if visit.browser:  # a plain visit has asked for its hops and nothing else
        log = _log(one.exchanges)
        resources.append(
            Resource(uri="urn:mekiki:log", media_type="application/x-ndjson", at=visit.started_at, body=log)
        )
        files.append(_file("log", log, put))
    if one.rendered is not None:
        uri = f"urn:mekiki:rendered:{one.url}"
        resources.append(Resource(uri=uri, media_type="text/html", at=visit.end.at, body=one.rendered))
        files.append(_file("page", one.rendered, put))
    if one.screenshot is not None:
        files.append(EvidenceFile(role="screenshot", address=one.screenshot.sha256, bytes=one.screenshot.bytes))
    about = {
        "visitor": visit.visitor,
        "link": visit.url,
        "outcome": visit.outcome,
        "browser": "yes" if visit.browser else "no",
        **({"country": visit.country} if visit.country else {}),
    }
    warc = warc_of(one.exchanges, about=about, software=TOOL, at=visit.started_at, resources=resources)
    files.append(_file("warc", warc, put))
    return KeptVisit(visit=visit, files=tuple(files))


def _file(role: str, data: bytes, put: Callable[[bytes], str]) -> EvidenceFile:
    return EvidenceFile(role=role, address=put(data), bytes=len(data))


def _log(exchanges: tuple[Exchange, ...]) -> bytes:
    """Return a visit's requests as JSON lines, in order."""
    return b"".join(msgspec.json.encode(_line(one), order="sorted") + b"\n" for one in exchanges)


def _line(one: Exchange) -> dict[str, object]:
    return {
        "at": one.at,
        "method": one.method,
        "url": one.url,
        "address": one.address,
        "status": one.status,
        "bytes": len(one.body),
        "problem": one.problem,
    }
