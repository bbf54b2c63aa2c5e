"""Pictures that are nearly the same: what of a picture's hashes joins items into a campaign. Pure.

The 64-bit hash is looked up in four parts of 16 bits, each with every single bit turned, so that whatever differs in at
most seven bits is found; the finer hash of 256 bits then tells copies from pictures that only look alike.
"""

from collections.abc import Iterator

from detector.images.compare import FINE_AGREEING_DISTANCE, FINE_DISTANCE, WHOLE_DISTANCE
from detector.images.hash import PictureHash

PARTS, WIDTH = 4, 16
CLOSE: int = 4  # bits of 64 up to which the finer hash may differ more: words were laid over a part


def picture_value(picture: PictureHash) -> str | None:
    """Return what is kept of a picture, both hashes in hex with a colon between; None for one that says too little."""
    if picture.flat or picture.plain or not picture.fine or not picture.protectable:
        return None
    return f"{picture.phash}:{picture.fine}"


def alike(one: str, other: str) -> float:
    """Return how alike two pictures are, 0-1; 0 where they are not the same picture."""
    (coarse, fine), (other_coarse, other_fine) = one.split(":"), other.split(":")
    near = _distance(coarse, other_coarse)
    if near > WHOLE_DISTANCE:
        return 0.0
    finer = _distance(fine, other_fine)
    if finer > (FINE_AGREEING_DISTANCE if near <= CLOSE else FINE_DISTANCE):
        return 0.0
    return 1.0 - finer / 256


def parts(value: str) -> Iterator[str]:
    """Yield the parts under which a picture is kept."""
    yield from (f"{number}:{part:04x}" for number, part in enumerate(_split(value)))


def near_parts(value: str) -> Iterator[str]:
    """Yield the parts under which pictures that are nearly the same are kept."""
    for number, part in enumerate(_split(value)):
        yield f"{number}:{part:04x}"
        yield from (f"{number}:{part ^ (1 << bit):04x}" for bit in range(WIDTH))


def _split(value: str) -> list[int]:
    bits = int(value.partition(":")[0], 16)
    return [bits >> (WIDTH * number) & ((1 << WIDTH) - 1) for number in range(PARTS)]


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()
