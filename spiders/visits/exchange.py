"""Exchange: one request of a visit and what came back; Resource: what no server sent, e.g. a screenshot."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came back."""

    url: str  # as it was asked for
    method: str = "GET"
    at: datetime  # when it was asked for, UTC
    address: str | None = None  # IP
    sent: tuple[tuple[str, str], ...] = ()  # headers of the request
    status: int | None = None  # None where there was no answer
    headers: tuple[
        tuple[str, str], ...
    ] = ()  # of the answer, as they came: Content-Encoding stands although it is undone
    body: bytes = b""  # decoded
    problem: str | None = None  # error class where there was no answer, or not all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something that a visit made itself: a screenshot, the page as the browser holds it, a log."""

    uri: str  # its name, e.g. urn:mekiki:screenshot:https://shop.example/
    media_type: str
    at: datetime  # UTC
    body: bytes
