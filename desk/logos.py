"""What the eye sees in one picture: its protected logos, and the picture with their boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from detector.brands import BrandProfile
from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.images.logos import LogoIndex
from safety.sandbox import Sandbox, SandboxError

MOST_BYTES = 15 * 2**20
SIDE = 1600  # longest side of the picture that is written, pixels
FOUND_COLOUR, MARK_COLOUR = (230, 20, 20), (40, 140, 255)

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A protected logo in a picture."""

    brand: str
    logo: str  # file name
    look: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureAnswer:
    """What was seen of one picture."""

    path: Path
    hits: tuple[Hit, ...] = ()
    boxes: tuple[Box, ...] = ()  # of everything that could be a mark
    size: tuple[int, int] = (0, 0)
    rendition: bytes = b""
    refused: str | None = None

    @property
    def marks(self) -> int:
        """How many places were looked at."""
        return len(self.boxes)

    def as_json(self, target: Path) -> dict[str, Any]:
        """Return it for machines."""
        hits = [
            {"brand": hit.brand, "logo": hit.logo, "look": hit.look, "score": round(hit.score, 4), "box": list(hit.box)}
            for hit in self.hits
        ]
        return {"picture": str(self.path), "logos": hits, "marks": self.marks, "framed": str(target)}


def look(path: Path, brands: Sequence[BrandProfile], sandbox: Sandbox) -> PictureAnswer:
    """Look at a picture file; what cannot be read carries the reason."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        seen = sandbox.call("detector.images.decode:inspect", data, rendition_side=SIDE)
    except OSError as error:
        return PictureAnswer(path=path, refused=f"cannot be read: {error.strerror}")
    except SandboxError as error:
        return PictureAnswer(path=path, refused=str(error))
    known: PictureHash = picture_hash_from_dict(seen["hash"])
    hits = tuple(
        Hit(brand=brands[index].key, logo=hit.reference.name, look=hit.look, score=hit.score, box=hit.box)
        for index, hit in LogoIndex(brands).find(known.marks)
    )
    return PictureAnswer(
        path=path,
        hits=hits,
        boxes=tuple(mark.box for mark in known.marks),
        size=(known.width, known.height),
        rendition=seen["rendition"],
    )


def framed(answer: PictureAnswer, *, marks: bool = False) -> bytes:
    """Return the picture with the boxes of its logos, as PNG; made from re-encoded pixels alone."""
    with Image.open(BytesIO(answer.rendition), formats=("PNG", "JPEG")) as opened:
        picture = opened.convert("RGB")
    draw = ImageDraw.Draw(picture)
    across, down = picture.width / answer.size[0], picture.height / answer.size[1]

    def frame(box: Box, colour: tuple[int, int, int], width: int) -> None:
        x, y, wide, tall = box
        draw.rectangle((x * across, y * down, (x + wide) * across, (y + tall) * down), outline=colour, width=width)

    for box in answer.boxes if marks else ():
        frame(box, MARK_COLOUR, 1)
    for hit in answer.hits:
        frame(hit.box, FOUND_COLOUR, 3)
        place = (hit.box[0] * across + 2, max(0.0, hit.box[1] * down - 12))
        draw.text(place, f"{hit.brand} {hit.score:.2f}", fill=FOUND_COLOUR)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
