"""`Found`: the items of one answer, or of one part of a long list, on their way through the pipelines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from detector.items import Item


@dataclass(slots=True, kw_only=True)
class Page:
    """One answer of a server, followed until all its items are stored; only then may it be skipped next time."""

    url: str  # as requested
    etag: str | None
    last_modified: str | None
    found: int = 0  # parts handed to the pipelines
    kept: int = 0  # of those, stored
    complete: bool = False  # read to its end
    spoiled: bool = False  # a picture of it may come through next time

    @property
    def settled(self) -> bool:
        """Tell whether nothing of this answer can be missing from the storage."""
        return self.complete and not self.spoiled and self.kept == self.found


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Items that are stored together."""

    items: tuple[Item, ...]
    page: Page | None = None  # None when no server was asked
    pictures: Mapping[str, str] = field(default_factory=dict)  # reference in Item.images -> SHA-256
    cursor: tuple[str, Any] | None = None  # name, and where the next run goes on once these items are stored
    led: "Led | None" = None  # whose links led here


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """How a page was come to: as whom, and from where."""

    visitor: str
    cases: tuple[int, ...] = ()
    items: tuple[int, ...] = ()  # as the storage numbers them


def with_frames(item: Item, names: Iterable[str]) -> Item:
    """Add to an item's pictures the frames, named as `spiders.eye.Frame.name` does, of what it shows."""
    moving = (*item.images, *item.videos)
    frames = [name for name in names if name.rpartition("#t=")[0] in moving and name not in item.images]
    return replace(item, images=(*item.images, *frames)) if frames else item


def fingerprint(*parts: str) -> str:
    """Return an id for a thing that has none of its own: 32 hex digits over the parts, in order."""
    digest = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:32]
