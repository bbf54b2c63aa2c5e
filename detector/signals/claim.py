"""Claims about the brand's products that are known to be false."""

from collections.abc import Iterator

from detector.evidence import TextSpan
from detector.signals.finding import Finding
from detector.view import View


def known_false(view: View) -> Iterator[Finding]:
    """The text repeats a claim that the brand knows to be false."""
    for hit in view.claims:
        yield Finding(
            strength=hit.similarity,
            observed=hit.seen,
            expected=f"known false: {hit.claim}",
            where=TextSpan(text=hit.text, span=hit.span),
        )
