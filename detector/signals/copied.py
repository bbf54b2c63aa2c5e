"""What a page took from the brand's own pages: their words, and what it loads from their hosts."""

from collections.abc import Iterator

from detector.evidence import TextSpan
from detector.signals.finding import Finding
from detector.view import View

# Share of a text in official passages from which copying counts, and from which it counts fully. A fifth is more than a
# quotation; half is a page made of the other. Set on pages of the demo brand (tests/detector/test_page_signals.py).
LEAST_SHARE: float = 0.2
FULL_SHARE: float = 0.5
# Pictures loaded from the brand from which a page lives on them; bloggers show one or two.
FULL_PICTURES: int = 6
# What one thing of a kind says. A style or an icon is what a page is dressed in; a single picture is shown in passing.
# Scripts are made to be loaded by others (maps, payment, captcha), and say nothing.
DRESS: float = 0.8
MOST_SHOWN: int = 3


def text(view: View) -> Iterator[Finding]:
    """The page says what an official page of the brand says, word for word."""
    if view.item.kind != "page" or not view.foreign_places:
        return
    for hit in view.copied:
        if hit.share >= LEAST_SHARE:
            yield Finding(
                strength=min(1.0, hit.share / FULL_SHARE),
                observed=hit.seen,
                expected=f"{hit.page}, in the brand's own pages only: {hit.share:.0%} of this text stand there",
                where=TextSpan(text=hit.text, span=hit.span),
            )


def assets(view: View) -> Iterator[Finding]:
    """The page loads its styles, icons or pictures from the brand's official host."""
    if view.landing is None:
        return
    dress = [asset for asset in view.hotlinked if asset.kind in ("style", "icon")]
    pictures = [asset for asset in view.hotlinked if asset.kind == "picture"]
    share = min(1.0, len(pictures) / FULL_PICTURES)
    strength = min(1.0, DRESS + 0.2 * share) if dress else share
    for rank, asset in enumerate((*dress, *pictures)[:MOST_SHOWN]):
        yield Finding(
            strength=strength if rank == 0 else min(strength, DRESS / 2),
            observed=f"{asset.kind} {asset.url}",
            expected="loaded by the brand's own pages and those of its partners",
        )
