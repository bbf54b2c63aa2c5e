"""Exhibits: the items of a case as a dossier shows them: what they are and say, their pictures with frames."""

from collections.abc import Iterator
from dataclasses import dataclass

from detector.evidence import Evidence, ImageBox, telling
from detector.visits import Visit
from storage.case_views import CaseItemView, PictureView
from takedown.bundle.contents import Contents
from takedown.bundle.dossier import Block, Column, Fact, Facts, Frame, Picture, Pictures, Table
from takedown.bundle.locale import Locale

MOST_IN_FULL = 20  # items that are shown with everything; the others have a line each
MOST_LINES = 200
MOST_PICTURES = 6  # of one item
MOST_FRAMES = 12  # of one picture
MOST_TEXTS = 12
MOST_LINKS = 5
TEXT_LIMIT = 1200  # characters of one text


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A screenshot as it is to be shown."""

    original: str  # SHA-256
    shown: str | None  # SHA-256 of its pixels, encoded anew
    width: int  # of the original, pixels
    height: int


def item_blocks(items: tuple[CaseItemView, ...], total: int, contents: Contents, locale: Locale) -> Iterator[Block]:
    """Yield the best items in full, and a line for each of the others; each picture once."""
    shown: set[str] = set()
    for number, view in enumerate(items[:MOST_IN_FULL], 1):
        title = f"{locale.words.item.format(number=number)} · {_name(view, locale)}"
        yield Facts(title=title, facts=tuple(_facts(view, locale)))
        pictures = []
        for place, picture in enumerate(view.pictures[:MOST_PICTURES], 1):
            if picture.sha256 not in shown:
                shown.add(picture.sha256)
                pictures.append(_picture(view, picture, number, place, contents, locale))
        if pictures:
            yield Pictures(pictures=tuple(pictures))
    if len(items) > MOST_IN_FULL:
        yield _lines(items, total, locale)


def screenshot(shot: Shot, visit: Visit, contents: Contents, locale: Locale) -> Picture:
    """Return a screenshot as a dossier shows it."""
    file = contents.path_of(shot.original)
    lost = file is None
    return Picture(
        caption=locale.words.screenshot.format(visitor=locale.visitor(visit), at=locale.both(visit.started_at)),
        shown=None if lost else shot.shown,
        width=shot.width,
        height=shot.height,
        original=shot.original,
        file=file,
        note=locale.words.picture_lost if lost else "" if shot.shown else locale.words.picture_refused,
    )


def _name(view: CaseItemView, locale: Locale) -> str:
    kind, platform = locale.kind(view.item.kind), locale.platform(view.item.platform)
    return locale.words.link_of.format(kind=kind, platform=platform) if platform else kind


def _facts(view: CaseItemView, locale: Locale) -> Iterator[Fact]:
    words, item, verdict = locale.words, view.item, view.verdict
    decision = locale.of_alerts.decisions.get(verdict.decision, verdict.decision)
    yield Fact(label=words.score, text=f"{verdict.score:.2f} · {decision} ({verdict.policy})")
    if item.advertiser is not None:
        payer = words.payer.format(payer=locale.text(item.advertiser.payer, 100)) if item.advertiser.payer else ""
        names = (locale.text(item.advertiser.name, 100), locale.text(item.advertiser.id, 100), payer)
        yield Fact(label=words.account, text=" / ".join(filter(None, names)))
    if item.kind != "page":
        yield Fact(label=words.ad_id, text=locale.text(item.id, 100), code=True)
    for label, url in ((words.address, item.url), (words.displayed, item.display_url)):
        if url:
            yield Fact(label=label, text=locale.url(url), code=True)
    for link in item.links[:MOST_LINKS]:
        yield Fact(label=words.link, text=locale.url(link), code=True)
    if not item.links and item.kind not in ("page", "domain"):
        yield Fact(label=words.link, text=words.no_link)
    if item.publisher_url:
        yield Fact(label=words.publisher, text=locale.url(item.publisher_url), code=True)
    if item.first_shown or item.last_shown:
        yield Fact(label=words.ran, text=locale.text(" – ".join((item.first_shown or "", item.last_shown or "")), 60))
    if item.countries:
        yield Fact(label=words.countries, text=locale.countries(item.countries))
    first, last = locale.both(view.first_seen), locale.both(view.last_seen)
    form = words.times if first != last else words.times_once
    yield Fact(label=words.times_seen, text=form.format(first=first, last=last, count=view.sightings))
    for text in item.texts[:MOST_TEXTS]:
        yield Fact(
            label=f"{words.text} ({words.roles.get(text.role, text.role)})", text=locale.text(text.text, TEXT_LIMIT)
        )
    for picture in view.pictures[:MOST_PICTURES]:
        for written in picture.texts[:MOST_TEXTS]:
            form = words.code if written.kind == "code" else words.reads
            yield Fact(label=words.roles["ocr"], text=form.format(text=locale.text(written.text, TEXT_LIMIT)))


def _picture(
    view: CaseItemView, picture: PictureView, number: int, place: int, contents: Contents, locale: Locale
) -> Picture:
    words = locale.words
    file = contents.path_of(picture.sha256)
    shown = picture.rendition if contents.path_of(picture.rendition) is not None else None
    lost = file is None or (shown is None and picture.rendition is not None)
    return Picture(
        caption=words.picture.format(number=place, item=number),
        shown=shown,
        width=picture.width or 0,
        height=picture.height or 0,
        frames=tuple(_frames(view, picture, locale)),
        original=picture.sha256,
        file=file,
        note=words.picture_lost if lost else "" if shown else words.picture_refused,
    )


def _frames(view: CaseItemView, picture: PictureView, locale: Locale) -> Iterator[Frame]:
    """Yield what was found where in a picture, the most telling first, each place once."""
    found: dict[tuple[int, int, int, int], Evidence] = {}
    for evidence in sorted(view.verdict.evidence, key=telling):
        where = evidence.where
        if isinstance(where, ImageBox) and picture.reference in view.item.images[where.image : where.image + 1]:
            found.setdefault(where.box, evidence)
    for number, (box, evidence) in enumerate(list(found.items())[:MOST_FRAMES], 1):
        observed, expected = locale.observed(evidence, 120), locale.expected(evidence)
        told = " · ".join(filter(None, (observed, expected and f"{locale.words.expected}: {expected}")))
        yield Frame(number=number, box=box, says=f"{locale.says(evidence)} {told}".strip())


def _lines(items: tuple[CaseItemView, ...], total: int, locale: Locale) -> Table:
    words = locale.words
    rows = tuple(
        (
            _name(view, locale),
            locale.text(view.item.id, 60),
            locale.text(next((text.text for text in view.item.texts if text.text.strip()), ""), 120),
            locale.url(next(iter(view.item.links), view.item.url), 100),
            f"{view.verdict.score:.2f}",
            locale.utc(view.first_seen),
        )
        for view in items[MOST_IN_FULL : MOST_IN_FULL + MOST_LINES]
    )
    left = total - MOST_IN_FULL - len(rows)
    return Table(
        title=words.more_items,
        columns=(
            Column(title=words.kind, width=3),
            Column(title=words.ad_id, width=3, code=True),
            Column(title=words.text, width=6),
            Column(title=words.link, width=5, code=True),
            Column(title=words.score, width=2, number=True),
            Column(title=words.times_seen, width=3),
        ),
        rows=rows,
        note=words.items_left.format(count=left) if left > 0 else "",
    )
