"""The eye together with the reader: a brand is also found where its name is written, as the program judges items.

Called by `benchmarks.logos.run --method benchmarks.logos.words:enrol`; needs the extra `words`. A protected brand is
known by the name of its icon without variant words; names under `LEAST` letters are ordinary words too often, and are
not read. What is read counts with the confidence of the reader; where logo and name are found, the surer one counts.
"""

from collections.abc import Callable, Mapping
from itertools import chain

from PIL import Image

from benchmarks.logos import ours
from benchmarks.logos.ours import Hit
from benchmarks.logos.split import brand_of
from detector.brands import BrandProfile
from detector.images.words import words_of
from detector.items import Item, Text
from detector.reading import TextIndex

LEAST = 5  # letters of a name
EXACT = 0.97  # what a name counts that is read with full confidence
SLIP = 0.6  # what counts a name that is read with another letter


def enrol(logos: Mapping[str, Image.Image]) -> Callable[[Image.Image], list[Hit]]:
    """Enrol logos and the names of their brands; return what looks for both."""
    look = ours.enrol(logos)
    keys = [key for key in logos if len(_name(key)) >= LEAST]
    index = TextIndex([BrandProfile(key=key, name=_name(key)) for key in keys])

    def read(picture: Image.Image) -> list[Hit]:
        lines = words_of(picture)["lines"]
        item = Item(id="x", kind="ad", texts=tuple(Text(role="ocr", text=line["text"]) for line in lines))
        found = index.read(item).names
        return [
            (keys[brand], line["confidence"] * (SLIP if hit.likeness.disguises else EXACT), tuple(line["box"]))
            for brand, hits in found.items()
            for hit in hits
            for line in (lines[hit.text],)
        ]

    return lambda picture: list(chain(look(picture), read(picture)))


def _name(key: str) -> str:
    return brand_of(key.partition(":")[2]).replace("-", " ")
