"""How small, and how changed, can each of our own logos still be found, and what is taken for it by mistake?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from console.logo_trial import SIDES
from detector.brands import BrandProfile
from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.images.logos import LogoHit, LogoIndex
from safety.sandbox import Sandbox, SandboxError

INSPECT = "detector.images.decode:inspect"
SAME_PLACE = 0.5  # intersection over union from which a hit is at the logo's place
Box = Sequence[float]


@dataclass(slots=True, kw_only=True)
class LogoAnswer:
    """How one logo went."""

    brand: str
    logo: str  # file name
    shown: Counter[str] = field(default_factory=Counter)  # by size ("16-24") and by change ("blurred")
    found: Counter[str] = field(default_factory=Counter)
    taken_for: Counter[str] = field(default_factory=Counter)  # other brands reported in its pictures
    refused: str | None = None


def size_of(side: int) -> str:
    """Name the group of sizes that a shorter side belongs to."""
    low, high = next((pair for pair in SIDES if side < pair[1]), SIDES[-1])
    return f"{low}-{high}"


def bench(
    files: Sequence[tuple[str, Path]], brands: Sequence[BrandProfile], sandbox: Sandbox, *, pictures: int, seed: int
) -> Iterator[LogoAnswer]:
    """Try every logo file in drawn pictures.

    Args:
        files: brand key and logo file.
        brands: all brands, with the looks of their logos: any of them may be reported by mistake.
        sandbox: where the files are read and the pictures decoded.
        pictures: drawn for each logo.
        seed: of what is drawn.
    """
    index = LogoIndex(brands)
    for brand, path in files:
        answer = LogoAnswer(brand=brand, logo=path.name)
        try:
            trials = sandbox.call(
                "console.logo_trial:draw_trials", path.read_bytes(), svg=path.suffix.lower() == ".svg",
                seed=seed, count=pictures,
            )  # fmt: skip
        except (OSError, SandboxError) as error:
            answer.refused = str(error)
            yield answer
            continue
        for trial in trials:
            hits = index.find(_seen(sandbox, trial["picture"]).marks)
            right = [hit for number, hit in hits if brands[number].key == brand and _there(hit, trial["box"])]
            for group in (size_of(trial["side"]), trial["change"]):
                answer.shown[group] += 1
                answer.found[group] += bool(right)
            answer.taken_for.update({brands[number].key for number, _ in hits} - {brand})
        yield answer


def false_alarms(brands: Sequence[BrandProfile], sandbox: Sandbox, *, pictures: int, seed: int) -> Counter[str]:
    """Count in how many drawn pictures without any logo each brand is reported."""
    index = LogoIndex(brands)
    found: Counter[str] = Counter()
    for picture in sandbox.call("console.logo_trial:draw_grounds", b"", seed=seed, count=pictures):
        found.update({brands[number].key for number, _ in index.find(_seen(sandbox, picture).marks)})
    return found


def _seen(sandbox: Sandbox, picture: bytes) -> PictureHash:
    return picture_hash_from_dict(sandbox.call(INSPECT, picture)["hash"])


def _there(hit: LogoHit, box: Box) -> bool:
    """Tell whether a hit lies where the logo is; a part of the logo (its icon) inside the box counts, too."""
    left, top = max(hit.box[0], box[0]), max(hit.box[1], box[1])
    right, bottom = min(hit.box[0] + hit.box[2], box[0] + box[2]), min(hit.box[1] + hit.box[3], box[1] + box[3])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    own = hit.box[2] * hit.box[3]
    if not hit.whole:
        return shared > 0.8 * own
    return shared > SAME_PLACE * (own + box[2] * box[3] - shared)
