"""Gallery: screenshots encoded anew, large enough to be read; decoded in the sandbox, for a page drew them."""

from pathlib import Path

from detector.visits import Visit
from safety.sandbox import Sandbox, SandboxError
from takedown.bundle.contents import Contents
from takedown.bundle.exhibits import Shot
from takedown.bundle.gather import Gathered
from takedown.bundle.journeys import rounds_of, shown_rounds

MOST_SHOTS = 16  # different ones that are encoded anew; further ones are shown as small as they are kept
SIDE = 4000  # pixels, the longer side: what a page of 1280 x 4000 needs to be read


def gallery(gathered: Gathered, work: Path, sandbox: Sandbox) -> dict[str, Shot]:
    """Return the screenshots of the visits that are shown in full, by the SHA-256 of their manifest.

    What is made for showing becomes a part of the contents.
    """
    visits = [visit for one in shown_rounds(rounds_of(gathered.visits)) for visit in one.visits]
    made: dict[str, Shot] = {}
    found: dict[str, Shot] = {}
    for visit in visits:
        if visit.evidence is None or (original := gathered.screenshots.get(visit.evidence)) is None:
            continue
        if original not in made:
            large = _enlarged(original, gathered.contents, work, sandbox) if len(made) < MOST_SHOTS else None
            made[original] = large or _small(visit, original, gathered.contents)
        found[visit.evidence] = made[original]
    return found


def _enlarged(original: str, contents: Contents, work: Path, sandbox: Sandbox) -> Shot | None:
    if contents.path_of(original) is None:
        return None
    try:
        seen = sandbox.call("detector.images.decode:inspect", contents.read(original), marks=False, rendition_side=SIDE)
    except SandboxError:
        return None
    source = work / f"shown-{original}"
    source.write_bytes(seen["rendition"])
    ending = ".jpg" if seen["rendition_mime"] == "image/jpeg" else ".png"
    entry = contents.add_made(f"screenshots/shown-{original[:16]}{ending}", source, "shown")
    return Shot(original=original, shown=entry.sha256, width=seen["width"], height=seen["height"])


def _small(visit: Visit, original: str, contents: Contents) -> Shot:
    """Return the picture to show that was kept with a visit, if it is there."""
    if visit.screenshot is not None:
        contents.add_stored(visit.screenshot, "shown", "screenshots", of=f"manifest {visit.evidence}")
    shown = visit.screenshot if contents.path_of(visit.screenshot) is not None else None
    return Shot(original=original, shown=shown, width=0, height=0)
