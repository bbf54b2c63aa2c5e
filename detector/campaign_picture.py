"""Pictures that are nearly the same: what of a picture's hashes joins items into a campaign. Pure.

A picture is looked up by three parts of its 64-bit hash, each with every single bit turned, so that whatever differs in
at most five bits is found; as it is, in a mirror, and with a little cut off all sides, as platforms and frauds show it.
The finer hash of 256 bits then tells copies from pictures that only look alike.
"""

from collections.abc import Iterator, Sequence

from detector.images.compare import CUT_DISTANCE, FINE_AGREEING_DISTANCE, FINE_DISTANCE, MIRROR, WHOLE_DISTANCE
from detector.images.hash import PictureHash

WIDTHS: Sequence[int] = (21, 21, 22)  # bits of the parts; a million pictures are two or three to a part
CLOSE: int = 4  # bits of 64 up to which the finer hash may differ more: words were laid over a part
_MIRROR = int(MIRROR)
_FINE_MIRROR = int(f"{_MIRROR:016x}" * 4, 16)


def picture_value(picture: PictureHash) -> str | None:
    """Return what is kept of a picture; None for one that says too little.

    Its hash, the finer one, that of its mirror image, and those with a little cut off, in hex with colons between.
    """
    if picture.flat or picture.plain or not picture.fine or not picture.protectable:
        return None
    mirrored = picture.mirrored or f"{int(picture.phash, 16) ^ _MIRROR:016x}"
    return ":".join((picture.phash, picture.fine, mirrored, picture.centre))


def alike(one: str, other: str) -> float:
    """Return how alike two pictures are, 0-1; 0 where they are not the same picture."""
    left, right = _Hashes(one), _Hashes(other)
    near = [
        _near(left.whole, left.fine, right),
        _near(left.mirrored, left.fine ^ _FINE_MIRROR, right),
        *(_cut(hashed, right.whole) for hashed in left.cut),
        *(_cut(hashed, left.whole) for hashed in right.cut),
    ]
    return max(near)


def parts(value: str) -> Iterator[str]:
    """Yield the parts under which a picture is kept."""
    hashes = _Hashes(value)
    yield from dict.fromkeys(part for hashed in (hashes.whole, *hashes.cut) for part in _parts(hashed))


def near_parts(value: str) -> Iterator[str]:
    """Yield the parts under which pictures that are nearly the same are kept."""
    hashes = _Hashes(value)
    wanted = (hashes.whole, hashes.mirrored)
    near = (hashed ^ (1 << bit) for hashed in wanted for bit in range(64))
    yield from dict.fromkeys(part for hashed in (*wanted, *hashes.cut, *near) for part in _parts(hashed))


class _Hashes:
    """A value, taken apart."""

    def __init__(self, value: str) -> None:
        whole, fine, mirrored, cut = value.split(":")
        self.whole, self.fine, self.mirrored = int(whole, 16), int(fine, 16), int(mirrored, 16)
        self.cut = [int(cut[start : start + 16], 16) for start in range(0, len(cut), 16)]


def _near(whole: int, fine: int, other: _Hashes) -> float:
    distance = (whole ^ other.whole).bit_count()
    finer = (fine ^ other.fine).bit_count()
    most = FINE_AGREEING_DISTANCE if distance <= CLOSE else FINE_DISTANCE
    return 1.0 - finer / 256 if distance <= WHOLE_DISTANCE and finer <= most else 0.0


def _cut(hashed: int, whole: int) -> float:
    distance = (hashed ^ whole).bit_count()
    return 1.0 - distance / 64 if distance <= CUT_DISTANCE else 0.0


def _parts(hashed: int) -> Iterator[str]:
    for number, width in enumerate(WIDTHS):
        yield f"{number}:{hashed & ((1 << width) - 1):x}"
        hashed >>= width
