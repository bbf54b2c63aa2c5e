"""Items of a case as a page shows them: texts with the matches marked, how the detector reads those, pictures, crops.

GET /case/{case}/items?after=ITEM           a page of them, those with the best scores first
GET /case/{case}/crop/{item}/{number}       what a match in a picture looks like, cut out of its rendition
GET /case/{case}/beside/{item}/{number}     what it resembles: the brand's logo, an earlier case's picture
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image
from starlette.responses import Response

from board.case.evidence import Reason, reasons_of, sentence_of
from board.case.inertly import Link, link_of
from board.paper import page
from board.pictures import SIDES, missing, sized
from board.ways import Asked
from desk.inert import inert
from desk.marked import pieces
from desk.motif import Box, evidence_in
from detector.evidence import OF_THE_BRAND, Evidence, ImageBox, TextSpan
from detector.handoffs import Handoff
from detector.normalize import fold, skeleton
from storage.case_items import item_views, items_of
from storage.case_list import summaries
from storage.case_views import CaseItemView, PictureView
from storage.database import snapshot
from storage.errors import CaseNotFound
from takedown.story import handoffs_of
from takedown.translation import observed_in

PAGE = 20  # items
DISGUISED = ("name.obfuscated", "name.misspelt")  # signals that expect the name as the detector reads it
MOST_TEXTS, MOST_LINKS, MOST_PICTURES, MOST_CROPS, MOST_BOXES, MOST_LEADS = 12, 5, 6, 4, 12, 12
MOST_READ = 200  # characters of a match whose reading is shown
MARGIN = 0.15  # of a box, that is shown around it
CROP_SIDE = 480  # pixels
RESEMBLES = (*OF_THE_BRAND, "picture.seen_before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Some characters of a text; where they were matched, how the detector reads them and what that means."""

    text: str
    matched: bool = False
    reads: str = ""
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownText:
    """One text of an item."""

    role: str
    lang: str | None
    marks: tuple[Mark, ...]
    readings: tuple[str, ...] = ()  # names, as the detector reads disguised ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A match in a picture, to be seen beside what it resembles."""

    number: int  # of the evidence in the verdict
    says: str
    seen: str
    beside: str | None  # name of what it resembles


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """One picture of an item."""

    view: PictureView
    boxes: tuple[Box, ...]
    crops: tuple[Crop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownItem:
    """One item of a case."""

    view: CaseItemView
    case_id: int
    texts: tuple[ShownText, ...]
    more_texts: int
    pictures: tuple[ShownPicture, ...]
    more_pictures: int
    at: Link | None
    publisher: Link | None
    shown_as: Link | None
    links: tuple[Link, ...]
    more_links: int
    leads: tuple[tuple[Handoff, str], ...]
    reasons: tuple[Reason, ...] = field(default=())


def items(asked: Asked) -> Response:
    """Show further items of a case."""
    case_id = asked.request.path_params["case"]
    after = asked.query.get("after", "")
    last = int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else None
    with snapshot(asked.board.engine) as session:
        known = summaries(session, [case_id], asked.now)
        if not known:
            raise CaseNotFound(f"there is no case {case_id}")
        found = items_of(session, case_id, after=last, limit=PAGE + 1)
    more = found[PAGE - 1].item_id if len(found) > PAGE else None
    shown = [shown_item(view, case_id, asked, most=600) for view in found[:PAGE]]
    template = "case/items_piece.html.j2" if asked.partial else "case/items.html.j2"
    return page(asked, template, case=known[0], items=shown, more=more, first=last is None)


def shown_item(view: CaseItemView, case_id: int, asked: Asked, *, most: int) -> ShownItem:
    """Return an item as a page shows it.

    Args:
        view: the item.
        case_id: of the case.
        asked: for the person's language.
        most: characters of a text.
    """
    item = view.item
    texts = list(_texts(view, asked, most))
    pictures = list(_pictures(view, asked))
    return ShownItem(
        view=view,
        case_id=case_id,
        texts=tuple(texts[:MOST_TEXTS]),
        more_texts=max(0, len(texts) - MOST_TEXTS),
        pictures=tuple(pictures[:MOST_PICTURES]),
        more_pictures=max(0, len(pictures) - MOST_PICTURES),
        at=link_of(item.url),
        publisher=link_of(item.publisher_url),
        shown_as=link_of(item.display_url),
        links=tuple(one for link in item.links[:MOST_LINKS] if (one := link_of(link))),
        more_links=max(0, len(item.links) - MOST_LINKS),
        leads=tuple(handoffs_of(view)[:MOST_LEADS]),
        reasons=tuple(reasons_of(view.verdict, item, asked)),
    )


def _texts(view: CaseItemView, asked: Asked, most: int) -> Iterator[ShownText]:
    """Yield texts, those with matches first; of a page only those."""
    item = view.item
    spans: dict[int, list[tuple[int, int]]] = {}
    readings: dict[int, dict[str, None]] = {}
    means: dict[tuple[int, tuple[int, int]], dict[str, None]] = {}
    names: set[tuple[int, tuple[int, int]]] = set()
    for evidence in view.verdict.evidence:
        if isinstance(evidence.where, TextSpan):
            place = evidence.where
            spans.setdefault(place.text, []).append(place.span)
            means.setdefault((place.text, place.span), {})[sentence_of(evidence, asked)] = None
            if evidence.signal.startswith("name."):
                names.add((place.text, place.span))
            if evidence.signal in DISGUISED:
                readings.setdefault(place.text, {})[evidence.expected] = None
    for index in sorted(range(len(item.texts)), key=lambda one: one not in spans)[: MOST_TEXTS + 1]:
        text = item.texts[index]
        if index not in spans and item.kind == "page":
            continue
        said = {span: tuple(told) for (number, span), told in means.items() if number == index}
        named = [span for number, span in names if number == index]
        yield ShownText(
            role=text.role,
            lang=text.lang if text.lang and text.lang.isascii() and text.lang.replace("-", "").isalnum() else None,
            marks=tuple(_marks(text.text, spans.get(index, ()), said, named, most)),
            readings=tuple(readings.get(index, ())),
        )


def _marks(
    text: str,
    spans: Sequence[tuple[int, int]],
    said: Mapping[tuple[int, int], tuple[str, ...]],
    named: Sequence[tuple[int, int]],
    most: int,
) -> Iterator[Mark]:
    """Yield a text in pieces; a match with how it is read: names as `skeleton` has them, all else as `fold` does."""
    for piece in pieces(text, spans, most=most):
        if not piece.matched:
            yield Mark(text=piece.text)
            continue
        first, last = piece.span
        means = dict.fromkeys(
            one for (start, end), told in said.items() if start < last and first < end for one in told
        )
        part = text[first : min(last, first + MOST_READ)]
        name = any(start < last and first < end for start, end in named)
        reads = (skeleton(part) if name else fold(part)).text
        yield Mark(text=piece.text, matched=True, reads=reads, says=tuple(means)[:4])


def _pictures(view: CaseItemView, asked: Asked) -> Iterator[ShownPicture]:
    numbers = {id(one): number for number, one in enumerate(view.verdict.evidence)}
    for picture in sorted(
        view.pictures[:50], key=lambda one: -max((abs(e.weight) for e in evidence_in(view, one)), default=0)
    ):
        found = evidence_in(view, picture)
        crops = [
            Crop(
                number=numbers[id(one)],
                says=sentence_of(one, asked),
                seen=inert(observed_in(asked.words.language, one), limit=120),
                beside=one.expected if one.signal in RESEMBLES else None,
            )
            for one in found[:MOST_CROPS]
        ]
        boxes = [one.where.box for one in found if isinstance(one.where, ImageBox)]
        yield ShownPicture(view=picture, boxes=tuple(boxes[:MOST_BOXES]), crops=tuple(crops))


def crop(asked: Asked) -> Response:
    """Give what a match in a picture looks like."""
    found = _found(asked)
    if found is None:
        return missing()
    picture, box, _, _ = found
    rendition = asked.board.media.sound(picture.rendition) if picture.rendition else None
    if rendition is None or not picture.width or not picture.height:
        return missing()
    return Response(cut_out(rendition, box, (picture.width, picture.height)), media_type="image/png")


def beside(asked: Asked) -> Response:
    """Give what a match in a picture resembles."""
    found = _found(asked)
    if found is None:
        return missing()
    picture, _, evidence, brand = found
    with snapshot(asked.board.engine) as session:
        alike = asked.board.likenesses.of(evidence, brand, picture.phash, session)
    if alike is None:
        return missing()
    data, form = sized(alike[1], SIDES["640"])
    return Response(data, media_type=form)


def _found(asked: Asked) -> tuple[PictureView, Box, Evidence, str] | None:
    """Return the picture, box, evidence and brand of a match."""
    asks = asked.request.path_params
    with snapshot(asked.board.engine) as session:
        views = [view for _, view in item_views(session, [(asks["case"], asks["item"])])]
    for view in views:
        for number, evidence in enumerate(view.verdict.evidence):
            place = evidence.where
            if number != asks["number"] or not isinstance(place, ImageBox) or place.image >= len(view.item.images):
                continue
            for picture in view.pictures:
                if picture.reference == view.item.images[place.image]:
                    return picture, place.box, evidence, view.verdict.brand
    return None


def cut_out(rendition: bytes, box: Box, size: tuple[int, int]) -> bytes:
    """Return the part of a rendition that a box of its original means, with a little around it, as PNG."""
    with Image.open(BytesIO(rendition), formats=("PNG", "JPEG")) as opened:
        picture = opened.convert("RGB")
    across, down = picture.width / size[0], picture.height / size[1]
    x, y, wide, tall = box
    margin_x, margin_y = wide * MARGIN, tall * MARGIN
    left, top = max(0, int((x - margin_x) * across)), max(0, int((y - margin_y) * down))
    right = min(picture.width, max(left + 1, round((x + wide + margin_x) * across)))
    bottom = min(picture.height, max(top + 1, round((y + tall + margin_y) * down)))
    left, top = min(left, picture.width - 1), min(top, picture.height - 1)
    part = picture.crop((left, top, max(left + 1, right), max(top + 1, bottom)))
    part.thumbnail((CROP_SIDE, CROP_SIDE))
    out = BytesIO()
    part.save(out, "PNG")
    return out.getvalue()
