"""How the text is worded, by phrases learned from labelled texts."""

from collections.abc import Iterator

from detector.evidence import TextSpan
from detector.signals.finding import Finding
from detector.view import View

# Log-odds of all phrases together that count fully; the policy's weight is the same number.
FULL: float = 8.0


def _phrases(view: View, sign: int, expected: str) -> Iterator[Finding]:
    together = min(1.0, max(0.0, sign * view.wording.odds / FULL))
    if not together:
        return
    heaviest = together
    for phrase in view.wording.phrases:
        start, end = phrase.span
        if phrase.weight * sign > 0 and start < end:
            texts, sender = view.item.texts, view.item.advertiser
            if phrase.text < len(texts):
                where, text = TextSpan(text=phrase.text, span=phrase.span), texts[phrase.text].text
            else:  # the sender's name, behind the texts
                where, text = None, sender.name or "" if sender else ""
            yield Finding(strength=heaviest, observed=text[start:end], expected=expected, where=where)
            heaviest = min(together, abs(phrase.weight) / FULL)


def fraud(view: View) -> Iterator[Finding]:
    """The text is worded like known impersonations."""
    yield from _phrases(view, 1, "not the wording of honest texts that name a brand")


def honest(view: View) -> Iterator[Finding]:
    """The text is worded like honest ones that name a brand."""
    yield from _phrases(view, -1, "the wording of honest texts that name a brand")
