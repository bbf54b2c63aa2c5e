"""Which protected logos are in a picture? Its marks against every look of every logo, in one matrix product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.brands import BrandProfile, ReferencePicture
from detector.images.marks import Mark, unpacked

# Score from which a logo counts as found. Origin: 60 drawn pictures without and 60 with one of 100 logos that training
# never saw; one clean picture in 100 reaches 0.50 to 0.52.
FOUND: float = 0.50
# Largest difference of the aspects of a mark and a look, as the logarithm of their ratio; marks are stretched and cut.
ASPECT: float = 0.45
# What a part of a logo counts beside the whole: an icon is shared sooner, and the whole's box is the one to show.
PART_SHARE: float = 0.9


@dataclass(frozen=True, slots=True)
class LogoHit:
    """A protected logo, seen in a picture."""

    reference: ReferencePicture
    look: str  # which look of the logo
    score: float  # 0-1: cosine above what the look's own background reaches
    box: tuple[int, int, int, int]  # x, y, width, height in pixels


class LogoIndex:
    """The looks of all brands' logos."""

    def __init__(self, brands: Sequence[BrandProfile]) -> None:
        rows = [
            (index, picture, look)
            for index, brand in enumerate(brands)
            for picture in brand.pictures
            for look in picture.looks
        ]
        self._owners = [(index, picture, look.name) for index, picture, look in rows]
        self._vectors = unpacked([look.vector for _, _, look in rows])
        self._thresholds = np.array([look.threshold for _, _, look in rows], np.float32)
        self._shares = np.array(
            [1.0 if look.name.startswith("whole") else PART_SHARE for _, _, look in rows], np.float32
        )
        self._aspects = np.log(np.array([look.aspect for _, _, look in rows], np.float32))

    def find(self, marks: Sequence[Mark], *, least: float = FOUND) -> list[tuple[int, LogoHit]]:
        """Return brand index and best hit for each logo that is seen, best first."""
        if not marks or not self._owners:
            return []
        cosines = unpacked([mark.vector for mark in marks]) @ self._vectors.T
        scores = (cosines - self._thresholds) / (1 - self._thresholds) * self._shares
        aspects = np.log(np.array([mark.box[2] / mark.box[3] for mark in marks], np.float32))
        scores[np.abs(aspects[:, None] - self._aspects[None, :]) > ASPECT] = -1.0
        best: dict[tuple[int, str], LogoHit] = {}
        for row, column in zip(*np.nonzero(scores >= least), strict=True):
            brand, reference, look = self._owners[column]
            score = float(scores[row, column])
            key = (brand, reference.name)
            if key not in best or best[key].score < score:
                best[key] = LogoHit(reference, look, score, marks[row].box)
        found = [(brand, hit) for (brand, _), hit in best.items()]
        return sorted(found, key=lambda pair: -pair[1].score)
