"""Evidence as a page shows it: a sentence, its weight, what was seen and expected, in the person's language."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.signal_words import JAPANESE
from board.ways import Asked
from desk.inert import inert, inert_expected
from detector.evidence import Evidence, ImageBox, LinkAt, TextSpan, telling
from detector.items import Item
from detector.verdict import Verdict
from safety.screen import screen
from takedown.translation import genuine_in_japanese, observed_in

MOST = 40  # rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One observation."""

    signal: str
    weight: float
    strength: float
    says: str
    seen: str  # safe to show, as the rest
    expected: str
    where: str


def reasons_of(verdict: Verdict, item: Item, asked: Asked) -> Iterator[Reason]:
    """Yield what counted for a verdict, the most telling first."""
    for one in sorted(verdict.told, key=telling)[:MOST]:
        yield Reason(
            signal=screen(one.signal, limit=60),
            weight=one.weight,
            strength=one.strength,
            says=sentence_of(one, asked),
            seen=inert(observed_in(asked.words.language, one), limit=200),
            expected=expected_of(one, asked),
            where=place_of(one, item, asked),
        )


def sentence_of(evidence: Evidence, asked: Asked) -> str:
    """Return what a signal says, in the person's language."""
    told = JAPANESE.get(evidence.signal) if asked.words.language == "ja" else None
    return told or inert(evidence.says, limit=300)


def expected_of(evidence: Evidence, asked: Asked) -> str:
    """Return what would have been genuine."""
    if asked.words.language == "ja" and (told := genuine_in_japanese(evidence.expected)) != evidence.expected:
        return inert(told, limit=200)
    return inert_expected(evidence, limit=200)


def place_of(evidence: Evidence, item: Item, asked: Asked) -> str:
    """Say where an observation was made."""
    where, words = evidence.where, asked.words
    if isinstance(where, TextSpan):
        role = words(f"case.role.{item.texts[where.text].role}") if where.text < len(item.texts) else ""
        return words("case.where.text", role=role)
    if isinstance(where, LinkAt):
        return words("case.where.link", number=where.link + 1)
    if isinstance(where, ImageBox):
        return words("case.where.picture", number=where.image + 1)
    return ""
