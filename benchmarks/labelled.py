"""The labelled texts of tests/cases/labelled: read, and split by campaign, so that variants never straddle."""

import json
import tomllib
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from detector.brands import BrandProfile
from detector.items import Item, decode_item

CASES = Path(__file__).parent.parent / "tests" / "cases"
ON = date(2026, 11, 23)
FRAUDS = frozenset(("impersonating", "obfuscated"))
Part = Literal["tune", "test"]
TEST_SHARE = 4  # one campaign in so many is for testing


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled item."""

    kind: str = msgspec.field(name="class")
    campaign: str
    brand: str
    item: dict[str, object]

    @property
    def fraud(self) -> bool:
        """Tell whether it impersonates the brand."""
        return self.kind in FRAUDS

    @property
    def group(self) -> str:
        """The campaign, unique over classes."""
        return f"{self.kind}/{self.campaign}"

    @property
    def part(self) -> Part:
        """The part of the set that the whole campaign belongs to."""
        return "test" if zlib.crc32(self.group.encode()) % TEST_SHARE == 0 else "tune"


def brands() -> list[BrandProfile]:
    """Return the demo group that the texts name."""
    rows = tomllib.loads((CASES / "labelled" / "brands.toml").read_text(encoding="utf-8"))["brand"]
    return msgspec.convert(rows, list[BrandProfile])


def first() -> Iterator[tuple[Labelled, Item]]:
    """Yield the first cases, written beside the lexicons: each a campaign of its own, all for tuning."""
    for name in ("texts.jsonl", "texts_later.jsonl"):
        for line in (CASES / name).read_text(encoding="utf-8").splitlines():
            raw = json.loads(line)
            kind = "impersonating" if raw["expect"] == "flagged" else raw["class"]
            item = decode_item(json.dumps(raw["item"]))
            yield Labelled(kind=kind, campaign=item.id, brand="hoshino", item=raw["item"]), item


def labelled(name: str = "labelled/*.jsonl") -> Iterator[tuple[Labelled, Item]]:
    """Yield the labelled items of the files that match."""
    for file in sorted(CASES.glob(name)):
        for line in file.read_text(encoding="utf-8").splitlines():
            case = msgspec.json.decode(line, type=Labelled)
            yield case, decode_item(json.dumps(case.item))
