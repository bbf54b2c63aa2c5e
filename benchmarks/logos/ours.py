"""The eye under test, as `benchmarks.logos.run` calls its methods: logos in, a function from pictures to hits out."""

from collections.abc import Callable, Mapping

from PIL import Image

from detector.brands import BrandProfile, ReferencePicture
from detector.images.enrol import looks
from detector.images.eye import find_marks
from detector.images.hash import PictureHash
from detector.images.logos import LogoIndex

Hit = tuple[str, float, tuple[int, int, int, int]]
NO_HASH = PictureHash(width=1, height=1, phash="0" * 16, flat=True)


def enrol(logos: Mapping[str, Image.Image]) -> Callable[[Image.Image], list[Hit]]:
    """Enrol logos (RGBA) and return what looks for them; every hit above -1 is told, the runner sets thresholds."""
    keys = list(logos)
    brands = [
        BrandProfile(key=key, name=key, pictures=(ReferencePicture(
            name=key, role="logo", hash=NO_HASH, looks=tuple(looks(logos[key].copy()))),))
        for key in keys
    ]  # fmt: skip
    index = LogoIndex(brands)

    def method(picture: Image.Image) -> list[Hit]:
        return [(keys[brand], hit.score, hit.box) for brand, hit in index.find(find_marks(picture), least=-0.9)]

    return method
