"""Labelled items: Item JSON lines with what a person says of them.

A line is `{"class": …, "expect": "flagged" | "clear" | "official", "brand": …, "campaign": …, "item": {…}}`, of which
`item` and one of `class` and `expect` are needed, or a plain Item with a `label` that reads as `expect`. Without
`expect`, a class in FRAUDS is fraud and every other one honest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from detector.images.hash import PictureHash
from detector.items import Item, ItemError, decode_item
from detector.verdict import Verdict
from safety.sandbox import SandboxError
from spiders.eye import Eye
from spiders.files import picture_beside

Expect = Literal["flagged", "clear", "official"]
FRAUDS = frozenset({"impersonating", "impersonation", "obfuscated", "fraud"})
MAX_LINE = 4 * 2**20  # bytes, as for `mekiki score`
MAX_PICTURE = 15 * 2**20  # bytes, as in the decoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One item, and what is true of it."""

    item: Item
    fraud: bool
    kind: str  # its class
    brand: str | None
    campaign: str


class _Line(msgspec.Struct, kw_only=True):
    item: msgspec.Raw = msgspec.Raw(b"")
    kind: str | None = msgspec.field(name="class", default=None)
    expect: Expect | None = None
    label: Expect | None = None
    brand: str | None = None
    campaign: str | None = None


_decoder = msgspec.json.Decoder(_Line)


def decode_labelled(line: bytes) -> Labelled:
    """Read one line.

    Raises:
        ItemError: it is no labelled item; the message carries the JSON path.
    """
    if len(line) > MAX_LINE:
        raise ItemError(f"the line is longer than {MAX_LINE} bytes")
    try:
        read = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ItemError(str(error)) from error
    expect = read.expect or read.label
    if expect is None and read.kind is None:
        raise ItemError("expected `expect` or `class` beside `item`, or a `label` in the item")
    item = decode_item(bytes(read.item) or line)
    fraud = expect == "flagged" if expect else read.kind in FRAUDS
    kind = read.kind or str(expect)
    campaign = f"{kind}/{read.campaign}" if read.campaign else f"item/{item.kind}/{item.platform}/{item.id}"
    return Labelled(item=item, fraud=fraud, kind=kind, brand=read.brand, campaign=campaign)


def read_labelled(path: Path) -> Iterator[Labelled | tuple[int, str]]:
    """Yield the labelled items of a file, and (line number, reason) for each line that is none.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield decode_labelled(line)
            except ItemError as error:
                yield number, str(error)


def best_verdict(one: Labelled, verdicts: tuple[Verdict, ...]) -> Verdict | None:
    """Return the verdict that counts: one for the labelled brand where two score alike, else the best."""
    named = [verdict for verdict in verdicts if verdict.brand == one.brand and verdict.score == verdicts[0].score]
    return named[0] if named else verdicts[0] if verdicts else None


def picture_hashes(item: Item, base: Path, eye: Eye) -> dict[str, PictureHash]:
    """Return the hashes of the item's picture files below a folder; those that cannot be read are left out."""
    hashes = {}
    for reference in item.images:
        path = picture_beside(base, reference)
        if path is None or path.stat().st_size > MAX_PICTURE:
            continue
        try:
            hashes[reference] = eye.look(path.read_bytes()).hash
        except (OSError, SandboxError):
            continue
    return hashes
