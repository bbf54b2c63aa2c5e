"""Which protected logos are in a picture? Its marks against every look of every logo, in one matrix product."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.brands import BrandProfile, ReferencePicture
from detector.images.eye import LEAST_CHANCE
from detector.images.marks import Mark, unpacked

# Score from which a logo counts as found: 0.5 by the next two, which were set on 140 drawn pictures with one of 100
# logos that training never saw and 140 without; one clean picture in 100 reaches it.
FOUND: float = 0.50
STANDS_OUT: float = 5.0  # spreads above the strangers' mean, of both sides, at which the score is 0.5
SLOPE: float = 1.0  # how fast it rises there
# What the finder's chance adds, times its logarithm. Same origin.
CHANCE: float = 0.3
# Largest difference of the aspects of a mark and a look, as the logarithm of their ratio; marks are stretched and cut.
ASPECT: float = 0.45
# What a part of a logo counts beside the whole: an icon is shared sooner, and the whole's box is the one to show.
PART_SHARE: float = 0.9


@dataclass(frozen=True, slots=True)
class LogoHit:
    """A protected logo, seen in a picture."""

    reference: ReferencePicture
    look: str  # which look of the logo
    score: float  # 0-1: how far the likeness stands out of what strangers reach
    box: tuple[int, int, int, int]  # x, y, width, height in pixels

    @property
    def whole(self) -> bool:
        """Tell whether all of the logo was found, not only its icon or its words."""
        return self.look.startswith("whole")


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
        self._means = np.array([look.mean for _, _, look in rows], np.float32)
        self._spreads = np.array([look.spread for _, _, look in rows], np.float32)
        self._shares = np.array(
            [1.0 if look.name.startswith("whole") else PART_SHARE for _, _, look in rows], np.float32
        )
        self._aspects = np.log(np.array([look.aspect for _, _, look in rows], np.float32))

    def find(self, marks: Sequence[Mark], *, least: float = FOUND) -> list[tuple[int, LogoHit]]:
        """Return brand index and best hit for each logo that is seen, best first."""
        if not marks or not self._owners:
            return []
        cosines = unpacked([mark.vector for mark in marks]) @ self._vectors.T
        means, spreads, chances = np.array([(mark.mean, mark.spread, mark.chance) for mark in marks], np.float32).T
        out = (cosines - self._means) / self._spreads + (cosines - means[:, None]) / spreads[:, None]
        out = out / 2 * self._shares + CHANCE * np.log(np.maximum(LEAST_CHANCE, chances))[:, None]
        scores = 1 / (1 + np.exp(-SLOPE * (out - STANDS_OUT)))
        aspects = np.log(np.array([mark.box[2] / mark.box[3] for mark in marks], np.float32))
        scores[np.abs(aspects[:, None] - self._aspects[None, :]) > ASPECT] = -1.0
        best: dict[tuple[int, str], LogoHit] = {}
        for row, column in zip(*np.nonzero(scores >= least), strict=True):
            brand, reference, look = self._owners[column]
            hit = LogoHit(reference, look, float(scores[row, column]), marks[row].box)
            key = (brand, reference.name)
            best[key] = _better(best.get(key, hit), hit)
        found = [(brand, hit) for (brand, _), hit in best.items()]
        return sorted(found, key=lambda pair: -pair[1].score)


def _better(one: LogoHit, other: LogoHit) -> LogoHit:
    """Return the surer of two hits of one logo; where the whole logo is found, too, with its place."""
    surer, weaker = (one, other) if one.score >= other.score else (other, one)
    if surer.whole or not weaker.whole or weaker.score < FOUND:
        return surer
    return replace(weaker, score=surer.score)
