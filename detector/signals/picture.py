"""The brand's own pictures in somebody else's item."""

from collections.abc import Iterator

from detector.evidence import ImageBox
from detector.signals.finding import Finding
from detector.view import View

# A logo's hash says less than a photo's: simple shapes are alike.
LOGO_SHARE: float = 0.6

# Score of a logo that counts fully. Origin: benchmarks/logos, half of the finds are above it.
SURE: float = 0.7


def copy(view: View) -> Iterator[Finding]:
    """The picture copies a protected picture of the brand."""
    for index, found in view.copies:
        if found.reference.role == "fraud":
            continue
        share = LOGO_SHARE if found.reference.role == "logo" else 1.0
        part = (
            "part of the picture"
            if found.part
            else "the picture in a mirror"
            if found.mirrored
            else "the whole picture"
        )
        if found.windows:
            part = f"{found.windows} parts at the same places"
        yield Finding(
            strength=found.strength * share,
            observed=f"{part}, {found.distance} of 64 hash bits differ",
            expected=f"{found.reference.name}, in the brand's own items only",
            where=ImageBox(image=index, box=found.box),
        )


def seen_before(view: View) -> Iterator[Finding]:
    """The picture is one that was judged as fraud before."""
    own = {index for index, found in view.copies if found.reference.role == "picture" and not found.part}
    for index, found in view.copies:
        # A fraud that uses the maker's campaign picture whole makes nobody else suspicious who uses it.
        if found.reference.role != "fraud" or index in own or view.item.id in found.reference.seen_in:
            continue
        yield Finding(
            strength=found.strength,
            observed=f"the picture of {found.reference.name}, {found.distance} of 64 hash bits differ",
            expected="no picture of a confirmed case",
            where=ImageBox(image=index, box=found.box),
        )


def logo(view: View) -> Iterator[Finding]:
    """The brand's logo is in the picture."""
    for index, hit in view.logos:
        yield Finding(
            strength=min(1.0, hit.score / SURE),
            observed=f"{hit.look}, likeness {hit.score:.2f}",
            expected=f"{hit.reference.name}, in the brand's own items and in those of its partners",
            where=ImageBox(image=index, box=hit.box),
        )
