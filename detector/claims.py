"""Known false claims ("the world's smallest air conditioner developed by …") found again in other words.

A claim is compared with a text only where at least half of its three-letter pieces occur, so that most texts cost
a few substring searches; then the best matching stretch is found by rapidfuzz on the skeletons of both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from detector.brands import BrandProfile
from detector.normalize import Folded, skeleton

# rapidfuzz partial ratio from which a stretch counts as the claim. Measured on the labelled cases: told in the same
# order 100, honest texts about the same product 67 at most.
CLAIM_CUTOFF: float = 78.0
LEAST_PIECES: float = 0.5
# Share of a claim's pieces that counts where its parts are told in another order. Measured on the labelled cases: 0.81,
# honest texts about the same product 0.31 at most.
PIECES_CUTOFF: float = 0.65
LEAST_CLAIM: int = 8  # characters of a skeleton; shorter claims are found by chance
WINDOW: int = 4  # claim lengths of text around the first piece that are compared


@dataclass(frozen=True, slots=True)
class ClaimHit:
    """A known false claim, found in a text."""

    claim: str
    seen: str
    text: int
    span: tuple[int, int]
    similarity: float  # 0-1


class ClaimIndex:
    """The false claims of all brands."""

    def __init__(self, brands: Sequence[BrandProfile]) -> None:
        self._claims = [
            (index, claim, key, _pieces(key))
            for index, brand in enumerate(brands)
            for claim in brand.false_claims
            if len(key := skeleton(claim).text) >= LEAST_CLAIM
        ]

    def find(self, text: int, folded: Folded) -> Iterator[tuple[int, ClaimHit]]:
        """Yield brand index and hit for every claim that a text retells."""
        for brand, claim, key, pieces in self._claims:
            places = sorted(at for piece in pieces if (at := folded.text.find(piece)) >= 0)
            if len(places) < LEAST_PIECES * len(pieces):
                continue
            middle = places[len(places) // 2]
            start = max(0, middle - WINDOW * len(key))
            end = middle + WINDOW * len(key)
            best = fuzz.partial_ratio_alignment(key, folded.text[start:end], score_cutoff=CLAIM_CUTOFF)
            if best is not None:
                similarity, found = best.score / 100, (start + best.dest_start, start + best.dest_end)
            else:
                inside = [at for at in places if start <= at <= end - 3]
                similarity = len(inside) / len(pieces)
                if similarity < PIECES_CUTOFF:
                    continue
                found = (inside[0], inside[-1] + 3)
            first, last = folded.span(*found)
            yield brand, ClaimHit(claim, folded.original[first:last], text, (first, last), similarity)


def _pieces(key: str) -> list[str]:
    return list(dict.fromkeys(key[at : at + 3] for at in range(len(key) - 2)))
