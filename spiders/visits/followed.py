"""Followed: what one journey brought back, before it is judged and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detector.visits import Visit
from spiders.visits.exchange import Exchange
from storage.pictures import PictureRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One journey."""

    visit: Visit
    exchanges: tuple[Exchange, ...]  # every request and what came back, in order
    page: dict[str, Any] | None = None  # the last page, as `spiders.pages.publisher.parse_page` reads it
    url: str | None = None  # of that page
    rendered: bytes | None = None  # its HTML after its scripts ran, UTF-8
    screenshot: PictureRecord | None = None  # the whole of it, as it was drawn
    pictures: Mapping[str, bytes] = field(default_factory=dict)  # that the browser loaded, by URL
