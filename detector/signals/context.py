"""Honest reasons to name a brand. Mild, because anybody can write these words: they never clear an item alone."""

from collections.abc import Iterator

from detector.evidence import TextSpan
from detector.signals.finding import Finding
from detector.view import View

# What remains of the exoneration when the text or the advertiser poses as the brand.
POSING_SHARE: float = 0.3


def _words(view: View, category: str) -> Iterator[Finding]:
    posing = bool(view.speaks_as_brand) or view.uses_name
    for hit in view.near(category):
        yield Finding(
            strength=POSING_SHARE if posing else 1.0,
            observed=hit.seen,
            expected="an honest reason to name the brand",
            where=TextSpan(text=hit.text, span=hit.span),
        )


def news(view: View) -> Iterator[Finding]:
    """The text reads like a report about the brand."""
    yield from _words(view, "news")


def review(view: View) -> Iterator[Finding]:
    """The text reads like a review or somebody's own use."""
    yield from _words(view, "review")


def job(view: View) -> Iterator[Finding]:
    """The text reads like an open job advertisement."""
    yield from _words(view, "job")


def warning(view: View) -> Iterator[Finding]:
    """The text warns of fraud."""
    yield from _words(view, "warning")


def resale(view: View) -> Iterator[Finding]:
    """The text reads like a shop or a previous owner that sells, fits or repairs goods under a name of its own."""
    yield from _words(view, "resale")
