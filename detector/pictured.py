"""An item read together with its pictures: what is written in them are texts of role `ocr`, and have a place there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from detector.evidence import ImageBox, TextSpan, Where
from detector.images.hash import PictureHash
from detector.items import Item, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """An item with the texts of its pictures behind its own."""

    item: Item
    own: int  # texts that the item itself has
    boxes: tuple[ImageBox, ...] = ()  # where each of the others stands

    def placed(self, where: Where | None) -> Where | None:
        """Return a place in the item as it was given: characters read off a picture lie in a box of it."""
        if isinstance(where, TextSpan) and where.text >= self.own:
            return self.boxes[where.text - self.own]
        return where


def pictured(item: Item, pictures: Mapping[str, PictureHash]) -> Pictured:
    """Put what is written in an item's pictures behind its texts; what it says itself is not repeated."""
    own = len(item.texts)
    if not pictures:
        return Pictured(item=item, own=own)
    said = {text.text.strip() for text in item.texts}
    texts: list[Text] = []
    boxes: list[ImageBox] = []
    for index, reference in enumerate(item.images):
        for found in pictures[reference].texts or () if reference in pictures else ():
            if found.text.strip() not in said:
                said.add(found.text.strip())
                texts.append(Text(role="ocr", text=found.text))
                boxes.append(ImageBox(image=index, box=found.box))
    return Pictured(item=replace(item, texts=(*item.texts, *texts)), own=own, boxes=tuple(boxes))
