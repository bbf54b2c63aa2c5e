"""How many logos are found at the same number of false reports.

A method returns `(logo key, score, box)` for a picture; the best score of each brand counts. Thresholds come from the
run itself: the lowest one that allows 1 false (picture, brand) pair in 1,000, 1 wrongly reported picture in 100, or a
precision of 0.99. "False" is any protected brand in a negative and any wrong brand in a positive.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from benchmarks.logos.backgrounds import Box
from benchmarks.logos.perturb import LEVELS

Finding = tuple[str, float, Box]
Method = Callable[[Image.Image], list[Finding]]
Enrol = Callable[[dict[str, Image.Image]], Method]

SHARE_BUCKETS = ((0.04, 0.08), (0.08, 0.15), (0.15, 0.25), (0.25, 0.41))
SIDE_BUCKETS = ((16, 24), (24, 40), (40, 80), (80, 10_000))
HEADLINE_SHARE = 0.08
SAME_PLACE = 0.5  # intersection over union


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one method said about one picture."""

    key: str | None  # the truth
    level: int
    changes: tuple[str, ...]
    share: float
    short_side: int
    score: float | None  # best score of the right brand; None if it was not reported at all
    overlap: float  # IoU of that finding's box
    wrong: tuple[float, ...]  # best score of every wrong brand
    cpu: float  # milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Scores must be above these."""

    pairs: float
    pictures: float
    precision: float


def outcome_of(
    findings: Sequence[Finding], *, key: str | None, box: Box | None, level: int, changes: Sequence[str],
    share: float, short_side: int, cpu: float,
) -> Outcome:  # fmt: skip
    """Compare a method's findings with the truth."""
    best: dict[str, tuple[float, Box]] = {}
    for name, score, place in findings:
        if name not in best or score > best[name][0]:
            best[name] = (score, place)
    right = best.pop(key, None) if key is not None else None
    return Outcome(
        key=key, level=level, changes=tuple(changes), share=share, short_side=short_side, cpu=cpu,
        score=right[0] if right else None, overlap=overlap(right[1], box) if right and box else 0.0,
        wrong=tuple(sorted((score for score, _ in best.values()), reverse=True)),
    )  # fmt: skip


def overlap(left: Box, right: Box) -> float:
    """Return intersection over union."""
    width = min(left[0] + left[2], right[0] + right[2]) - max(left[0], right[0])
    height = min(left[1] + left[3], right[1] + right[3]) - max(left[1], right[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (left[2] * left[3] + right[2] * right[3] - width * height)


def thresholds(outcomes: Sequence[Outcome], brands: int) -> Thresholds:
    """Find the lowest thresholds that keep the three promises on these outcomes."""
    pairs = sum(brands - (outcome.key is not None) for outcome in outcomes)
    wrong = sorted((score for outcome in outcomes for score in outcome.wrong), reverse=True)
    tops = sorted((outcome.wrong[0] for outcome in outcomes if outcome.wrong), reverse=True)
    return Thresholds(
        pairs=_after(wrong, pairs // 1000),
        pictures=_after(tops, len(outcomes) // 100),
        precision=_precise([outcome.score for outcome in outcomes if outcome.score is not None], wrong),
    )


def _after(descending: Sequence[float], allowed: int) -> float:
    """Return the score that only `allowed` of them exceed; minus infinity if there are no more than that."""
    return descending[allowed] if len(descending) > allowed else float("-inf")


def _precise(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Return the lowest score above which 99 of 100 findings are right; infinity if there is none."""
    best, hits, misses = float("inf"), 0, 0
    ranked = sorted([(score, True) for score in right] + [(score, False) for score in wrong], reverse=True)
    for place, (score, is_right) in enumerate(ranked):
        hits, misses = hits + is_right, misses + (not is_right)
        following = ranked[place + 1][0] if place + 1 < len(ranked) else float("-inf")
        if misses <= 0.01 * (hits + misses) and hits and following < score:
            best = following
    return best


def recall(outcomes: Sequence[Outcome], threshold: float) -> float:
    """Return the share of logos found above the threshold."""
    found = sum(outcome.score is not None and outcome.score > threshold for outcome in outcomes)
    return found / len(outcomes) if outcomes else float("nan")


def headline(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Keep the logos of at least 8 % of the picture's width, clean to medium."""
    return [each for each in outcomes if each.key and each.share >= HEADLINE_SHARE and each.level <= 2]


def summary(name: str, outcomes: Sequence[Outcome], brands: int) -> str:
    """Return a row of the table: recall at the three thresholds, share of boxes in place, CPU time."""
    limits = thresholds(outcomes, brands)
    chosen = headline(outcomes)
    found = [each for each in chosen if each.score is not None and each.score > limits.pairs]
    placed = sum(each.overlap >= SAME_PLACE for each in found) / len(found) if found else float("nan")
    cpu = sum(each.cpu for each in outcomes) / max(1, len(outcomes))
    values = [recall(chosen, limit) for limit in (limits.pairs, limits.pictures, limits.precision)]
    return (f"{name:<34} {len(outcomes):>5} {len(chosen):>5}  " + "  ".join(f"{value:.2f}" for value in values)
            + f"   {placed:.2f}  {cpu:6.0f}")  # fmt: skip


SUMMARY_HEAD = (
    f"{'method':<34} {'pics':>5} {'logos':>5}  pair  pict  prec   box   CPU ms\n"
    "(recall, logos >= 8 % of width, clean to medium, at 1 false pair in 1,000 | 1 false picture in 100 | precision "
    "0.99;\n box = share of the finds of the first column with IoU >= 0.5)"
)


def breakdown(outcomes: Sequence[Outcome], brands: int) -> str:
    """Return recall by width, short side, level and change, at the first two thresholds."""
    limits = thresholds(outcomes, brands)
    logos = [each for each in outcomes if each.key]
    ordinary = [each for each in logos if each.level <= 2]
    groups: dict[str, Mapping[str, list[Outcome]]] = {
        "width, clean to medium": {
            f"{low:.0%}-{min(high, 0.4):.0%}": [each for each in ordinary if low <= each.share < high]
            for low, high in SHARE_BUCKETS
        },
        "short side (px), clean to medium": {
            f"{low}-{high}" if high < 10_000 else f"{low}+": [
                each for each in ordinary if low <= each.short_side < high
            ]
            for low, high in SIDE_BUCKETS
        },
        "level, all sizes": {
            name: [each for each in logos if each.level == place] for place, name in enumerate(LEVELS)
        },
        "change, all sizes and levels": {
            name: [each for each in logos if name in each.changes]
            for name in sorted({name for each in logos for name in each.changes})
        },
    }
    lines = []
    for title, parts in groups.items():
        lines.append(f"  by {title}: logos, recall at 1 pair in 1,000, at 1 picture in 100")
        lines += [
            f"    {name:<14} {len(part):>4}  {recall(part, limits.pairs):.2f}  {recall(part, limits.pictures):.2f}"
            for name, part in parts.items()
            if part
        ]
    return "\n".join(lines)
