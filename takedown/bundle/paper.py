"""Paper: strips of content -> pages of A4, with a footer, bookmarks and a list of contents that knows its pages.

A `Strip` is what no page break divides: a line of text, a row of a table, a picture. Pages are filled first and drawn
then, so that every page knows how many there are. A `Sheet` draws; it writes text, lines and pixels, and has no way to
write an address that can be clicked, a script or an attachment.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from takedown.bundle.fonts import Font, font, shown
from takedown.bundle.lines import lines_of

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM  # A4, in points like every length here
LEFT, TOP, BOTTOM = 16 * MM, 16 * MM, 19 * MM
ROOM = WIDTH - 2 * LEFT  # width of the text
INK, MUTED, RULE, ACCENT, ALARM = "#1f2933", "#52606d", "#cbd2d9", "#0072b2", "#b42318"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a text is set."""

    size: float = 9.2
    leading: float = 14.0  # from line to line
    colour: str = INK
    bold: bool = False
    mono: bool = False

    @property
    def font(self) -> Font:
        """The fonts that draw it."""
        return font("mono" if self.mono else "text")

    def lines(self, text: str, room: float) -> list[str]:
        """Return the lines of a text in a column."""
        return lines_of(shown(text, self.font), room * 1000 / self.size, self.font.width)

    def width(self, line: str) -> float:
        """Return how wide a line is that `lines` returned."""
        return sum(map(self.font.width, line)) * self.size / 1000


class Sheet:
    """Draws on one page; `x` from its left, `y` from its bottom."""

    def __init__(self, canvas: Any) -> None:
        self._canvas = canvas

    def text(self, x: float, top: float, line: str, style: Style, *, right: bool = False) -> None:
        """Write one line that `Style.lines` returned, below `top`; with `right`, it ends at `x`."""
        if not line:
            return
        canvas = self._canvas
        canvas.saveState()
        written = canvas.beginText()
        baseline = top - (style.leading - style.size) / 2 - 0.86 * style.size
        written.setTextOrigin(x - style.width(line) if right else x, baseline)
        written.setFillColor(HexColor(style.colour))
        if style.bold:  # there is one weight: an outline makes it heavier
            canvas.setLineWidth(style.size * (0.032 if style.size >= 10 else 0.02))  # small ones clog
            canvas.setStrokeColor(HexColor(style.colour))
            written.setTextRenderMode(2)
        for name, part in style.font.runs(line):
            written.setFont(name, style.size)
            written.textOut(part)
        canvas.drawText(written)
        canvas.restoreState()

    def box(
        self,
        x: float,
        top: float,
        width: float,
        height: float,
        *,
        fill: str | None = None,
        stroke: str | None = None,
        thick: float = 0.7,
        dashed: bool = False,
        round_: float = 0,
    ) -> None:
        """Draw a rectangle."""
        canvas = self._canvas
        canvas.saveState()
        if fill is not None:
            canvas.setFillColor(HexColor(fill))
        if stroke is not None:
            canvas.setStrokeColor(HexColor(stroke))
            canvas.setLineWidth(thick)
            if dashed:
                canvas.setDash(2.4, 1.8)
        canvas.roundRect(x, top - height, width, height, round_, stroke=stroke is not None, fill=fill is not None)
        canvas.restoreState()

    def line(self, points: Sequence[tuple[float, float]], *, colour: str = RULE, thick: float = 0.6) -> None:
        """Draw a line through points."""
        canvas = self._canvas
        canvas.saveState()
        canvas.setStrokeColor(HexColor(colour))
        canvas.setLineWidth(thick)
        path = canvas.beginPath()
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        canvas.drawPath(path)
        canvas.restoreState()

    def arrow(self, x: float, y: float, to: float, *, colour: str = INK) -> None:
        """Draw an arrow to the right."""
        self.line([(x, y), (to - 1, y)], colour=colour, thick=0.9)
        canvas = self._canvas
        canvas.saveState()
        canvas.setFillColor(HexColor(colour))
        path = canvas.beginPath()
        path.moveTo(to, y)
        path.lineTo(to - 4, y + 2.2)
        path.lineTo(to - 4, y - 2.2)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
        canvas.restoreState()

    def image(self, jpeg: bytes, x: float, top: float, width: float, height: float) -> None:
        """Draw pixels that were encoded here."""
        self._canvas.drawImage(ImageReader(BytesIO(jpeg)), x, top - height, width, height)

    def jump(self, key: str, x: float, top: float, width: float, height: float) -> None:
        """Make a place lead to a bookmark of this document."""
        self._canvas.linkRect("", key, (x, top - height, x + width, top), thickness=0)


Draw = Callable[[Sheet, float], None]  # with the top of the strip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place that the bookmarks name."""

    key: str
    title: str
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strip:
    """What no page break divides."""

    height: float
    draw: Draw
    above: float = 0.0  # space before it, unless it begins a page
    keep: bool = False  # stays with the next one
    again: "Strip | None" = None  # drawn once more where this one begins a page: the titles of a table
    mark: Mark | None = None


@dataclass(slots=True)
class Pages:
    """Strips in their places."""

    places: list[list[tuple[Strip, float]]] = field(default_factory=list)  # by page: strip and its top
    marks: dict[str, int] = field(default_factory=dict)  # by key of a mark: page, from 1


def filled(strips: Iterable[Strip]) -> Pages:
    """Put strips on pages, those that stay together on one page where a page is large enough."""
    pages, top = Pages(places=[[]]), HEIGHT - TOP
    for group in _groups(strips):
        whole = sum(strip.above + strip.height for strip in group)
        fits_a_page = whole <= HEIGHT - TOP - BOTTOM - _again(group[0])
        if fits_a_page and pages.places[-1] and top - whole < BOTTOM:
            top = _turn(pages)
        for strip in group:
            if pages.places[-1] and top - strip.above - strip.height < BOTTOM:
                top = _turn(pages)
            if pages.places[-1]:
                top -= strip.above
            elif strip.again is not None:
                pages.places[-1].append((strip.again, top))
                top -= strip.again.height
            if strip.mark is not None:
                pages.marks[strip.mark.key] = len(pages.places)
            pages.places[-1].append((strip, top))
            top -= strip.height
    return pages


def _again(strip: Strip) -> float:
    return strip.again.height if strip.again is not None else 0.0


def _turn(pages: Pages) -> float:
    pages.places.append([])
    return HEIGHT - TOP


def _groups(strips: Iterable[Strip]) -> Iterable[list[Strip]]:
    group: list[Strip] = []
    for strip in strips:
        group.append(strip)
        if not strip.keep:
            yield group
            group = []
    if group:
        yield group


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a document says of itself, and its footer."""

    language: str  # "ja", "en"
    title: str
    author: str
    subject: str
    footer: str  # at the left of every page
    page: str  # at the right: "{page} / {pages}"
    at: datetime | None  # when it was made; None: it does not tell


def printed(pages: Pages, about: About) -> bytes:
    """Draw the pages; the same strips give the same bytes."""
    out, small = BytesIO(), Style(size=7.4, leading=10, colour=MUTED)
    text = font("text")
    canvas = Canvas(
        out, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1, lang=about.language, initialFontName=text.name
    )
    for tell, said in (
        (canvas.setTitle, about.title),
        (canvas.setAuthor, about.author),
        (canvas.setSubject, about.subject),
        (canvas.setCreator, "mekiki"),
        (canvas.setProducer, "mekiki"),
    ):
        tell(shown(said[:300], text).replace("\n", " "))
    made = "" if about.at is None else about.at.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ")
    canvas.setDateFormatter(lambda *moment: made)
    canvas.setViewerPreference("DisplayDocTitle", "true")
    left = small.lines(about.footer[:300], ROOM - 70)[0]
    level = -1
    for number, places in enumerate(pages.places, start=1):
        sheet = Sheet(canvas)
        for strip, top in places:
            if strip.mark is not None:
                canvas.bookmarkHorizontal(strip.mark.key, 0, min(HEIGHT, top + 12))
                level = min(strip.mark.level, level + 1)
                title = shown(strip.mark.title[:120], text).replace("\n", " ")
                canvas.addOutlineEntry(title, strip.mark.key, level=level)
            strip.draw(sheet, top)
        floor = BOTTOM - 5 * MM
        sheet.line([(LEFT, floor), (LEFT + ROOM, floor)])
        place = about.page.replace("{page}", str(number)).replace("{pages}", str(len(pages.places)))
        sheet.text(LEFT + ROOM, floor - 3, place, small, right=True)
        sheet.text(LEFT, floor - 3, left, small)
        canvas.showPage()
    if pages.marks:
        canvas.showOutline()
    canvas.save()
    return out.getvalue()
