"""PictureText: what is written in a picture, as it is kept with it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureText:
    """Something written in a picture."""

    kind: Literal["words", "code"]
    text: str
    box: tuple[int, int, int, int]  # x, y, width, height in pixels
