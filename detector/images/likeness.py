"""Was this picture seen before? What of a picture is looked up, and how two pictures are alike, in words. Pure.

The finer hash of 256 bits is what an index of millions is asked for (`codes`, `asked`): within `RADIUS` bits it has
every copy that `detector.images.compare` knows but crops, which are met half-way: kept is a picture with a tenth cut
off all its sides, asked for are all cuts of the other one. Either only proposes; `likeness` compares in full.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from detector.brands import BrandProfile, ReferencePicture
from detector.images.compare import CUT_DISTANCE, FINE_AGREEING_DISTANCE, FINE_DISTANCE, MIRROR, Copy, PictureIndex
from detector.images.hash import PictureHash

# Bits of 256. Of copies of benchmarks/copies that `compare` knows, all but crops are within it.
RADIUS: int = FINE_AGREEING_DISTANCE
CUT_RADIUS: int = CUT_DISTANCE  # bits of 64
_MIRROR = int(f"{int(MIRROR):016x}" * 4, 16)
FINE_BYTES, CUT_BYTES = 32, 8

How = Literal["saved anew", "mirrored", "changed", "a part of the other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLikeness:
    """How two pictures are alike."""

    how: How
    distance: int  # of the 256 bits of the finer hash, the least of whole and of what is inside plain margins
    windows: int = 0  # that agree in place, where those made the match


def codes(picture: PictureHash) -> Iterator[bytes]:
    """Yield what is kept of a picture, `FINE_BYTES` each; nothing of one that cannot be told from others."""
    if picture.protectable:
        yield from dict.fromkeys(bytes.fromhex(digits) for digits in (picture.fine, picture.inner_fine) if digits)


def asked(picture: PictureHash) -> Iterator[bytes]:
    """Yield what the codes of pictures like this are near: as it is, and in a mirror."""
    for code in codes(picture):
        yield code
        yield (int.from_bytes(code) ^ _MIRROR).to_bytes(FINE_BYTES)


def cut_codes(picture: PictureHash) -> Iterator[bytes]:
    """Yield what is kept of a picture to meet crops, `CUT_BYTES` each: the whole, and with most cut off all sides."""
    if picture.protectable and not picture.plain:
        digits = [picture.phash, picture.inner.phash if picture.inner else "", picture.centre[-16:]]
        yield from dict.fromkeys(bytes.fromhex(one) for one in digits if one)


def cut_asked(picture: PictureHash) -> Iterator[bytes]:
    """Yield what the `cut_codes` of crops of this picture, and of what it is a crop of, are near."""
    if picture.protectable and not picture.plain:
        digits = [picture.phash, *(picture.cuts[start : start + 16] for start in range(0, len(picture.cuts), 16))]
        yield from dict.fromkeys(bytes.fromhex(one) for one in digits)


class Comparison:
    """One picture, ready to be compared in full with many."""

    def __init__(self, picture: PictureHash) -> None:
        self._picture = picture
        self._index = _index(picture)

    def with_picture(self, other: PictureHash) -> PictureLikeness | None:
        """Return how another picture is alike; None where neither is a copy of the other."""
        found = self._index.find(other) or _index(other).find(self._picture)
        if not found:
            return None
        copy = min((copy for _, copy in found), key=lambda copy: copy.distance)
        distance = self._distance(other, mirrored=copy.mirrored)
        return PictureLikeness(how=_how(copy, distance), distance=distance, windows=copy.windows)

    def _distance(self, other: PictureHash, *, mirrored: bool) -> int:
        turn = _MIRROR if mirrored else 0
        own = [int(digits, 16) ^ turn for digits in (self._picture.fine, self._picture.inner_fine) if digits]
        theirs = [int(digits, 16) for digits in (other.fine, other.inner_fine) if digits]
        return min(((one ^ two).bit_count() for one in own for two in theirs), default=256)


def _index(picture: PictureHash) -> PictureIndex:
    reference = ReferencePicture(name="-", role="picture", hash=picture)
    return PictureIndex([BrandProfile(key="-", name="-", pictures=(reference,))])


def _how(copy: Copy, distance: int) -> How:
    if copy.part and distance > RADIUS:
        return "a part of the other"
    if copy.mirrored:
        return "mirrored"
    if distance <= FINE_DISTANCE and not copy.windows:
        return "saved anew"
    return "changed"
