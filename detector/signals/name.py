"""The brand's name in the item's texts."""

from collections.abc import Iterator

from detector.evidence import TextSpan
from detector.names import MISSPELT
from detector.reading import NameHit
from detector.signals.finding import Finding
from detector.view import View

# Characters around a name in which a claim to be official refers to it.
CLAIM_REACH: int = 12


def _at(hit: NameHit) -> TextSpan:
    return TextSpan(text=hit.text, span=hit.span)


def mention(view: View) -> Iterator[Finding]:
    """The text names the brand."""
    for hit in view.text_names:
        if hit.role in ("name", "ambiguous") and not hit.likeness.disguises:
            strength = 1.0 if hit.role == "name" else 0.5
            yield Finding(strength=strength, observed=hit.seen, expected=hit.name, where=_at(hit))


def product(view: View) -> Iterator[Finding]:
    """The text names one of the brand's products."""
    for hit in view.text_names:
        if hit.role == "product":
            yield Finding(strength=1.0, observed=hit.seen, expected=hit.name, where=_at(hit))


def obfuscated(view: View) -> Iterator[Finding]:
    """The brand's name is written so that people read it and filters do not."""
    for hit in view.names:
        if hit.likeness.disguises not in ((), (MISSPELT,)) and hit.role in ("name", "product"):
            how = ", ".join(hit.likeness.disguises)
            where = _at(hit) if hit.text >= 0 else None
            yield Finding(
                strength=hit.likeness.strength, observed=hit.seen, expected=f"{hit.name} ({how})", where=where
            )


def misspelt(view: View) -> Iterator[Finding]:
    """The brand's name is written with a slip."""
    for hit in view.names:
        if hit.likeness.disguises == (MISSPELT,) and hit.role in ("name", "product"):
            where = _at(hit) if hit.text >= 0 else None
            yield Finding(strength=1.0, observed=hit.seen, expected=hit.name, where=where)


def sender(view: View) -> Iterator[Finding]:
    """The text speaks in the brand's name."""
    for hit, reason in view.speaks_as_brand:
        yield Finding(strength=1.0, observed=hit.seen, expected=f"only the brand itself: {reason}", where=_at(hit))


def official_claim(view: View) -> Iterator[Finding]:
    """The text claims to come from the brand's official shop or account."""
    for word in view.near("official"):
        beside = (
            hit
            for hit in view.text_names
            if hit.text == word.text
            and word.span[0] <= hit.span[1] + CLAIM_REACH
            and hit.span[0] <= word.span[1] + CLAIM_REACH
        )
        if any(beside):
            where = TextSpan(text=word.text, span=word.span)
            yield Finding(
                strength=1.0, observed=word.seen, expected="used by registered shops and accounts only", where=where
            )
