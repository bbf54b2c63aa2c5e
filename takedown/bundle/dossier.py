"""Dossier: one case as a reader of its evidence bundle sees it, in one language and in the order of the page.

Made once from a story (`takedown.bundle.compose`); the page (`pages`) and the PDF (`pdf`) show the same. Every text is
ready to be shown: nothing invisible, links defanged, cut to a length, in the language of the dossier. It still is text:
whoever writes markup escapes it. Pictures are named by the SHA-256 of re-encoded pixels, the only ones to be shown.
"""

from dataclasses import dataclass
from typing import Literal

from alerts.message import Language
from detector.visits import Outcome

Box = tuple[int, int, int, int]  # x, y, width, height
Tone = Literal["plain", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and what stands there."""

    label: str
    text: str
    code: bool = False  # an address or a hash: to be set in letters of one width, may break anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values, one below the other."""

    title: str = ""
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    title: str
    width: int = 1  # its share of the line, relative to the other columns
    code: bool = False  # addresses or hashes, as in `Fact`
    number: bool = False  # set to the right


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under titles."""

    title: str = ""
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]  # one text for each column, never more, never fewer
    note: str = ""  # below it, e.g. that it was cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A place in a picture where something was found."""

    number: int  # 1, 2, 3 ... within its picture: stands at the frame and before what it says
    box: Box  # in pixels of the original
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture to be shown, or why it cannot be."""

    caption: str
    shown: str | None  # SHA-256 of the pixels to show, JPEG or PNG; None: it cannot be shown, `note` says why
    width: int  # of the original, pixels; 0 where it is not known
    height: int
    frames: tuple[Frame, ...] = ()
    original: str  # SHA-256 of the original
    file: str | None  # path of the original in the bundle; None where it is missing
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Pictures, one beside or below the other."""

    pictures: tuple[Picture, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One address on a way."""

    number: int  # 1, 2, 3 ...
    how: str  # what led there, in words
    url: str
    at: str  # UTC
    answer: str  # status, or why there was none
    status: int | None  # as a number, to be marked by; None where there was no answer
    address: str  # IP, "" where it is not known
    certificate: str  # SHA-256 of the server's certificate, "" where there was none
    server: str = ""  # what it says it runs on


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one visitor saw."""

    visitor: str
    how: str  # with a browser or without, from which country
    at: str  # when it began: UTC and the team's zone
    outcome: Outcome  # to be marked by
    says: str  # the outcome in words; never that something is harmless
    why: str  # the detector's sentence, as it was kept
    steps: tuple[Step, ...]
    title: str  # of the last page, "" where none was seen
    words: str  # the first of that page
    ends: str  # host where it ended
    leads: tuple[str, ...] = ()  # where it leads people, e.g. "LINE @example"
    screenshot: Picture | None = None
    manifest: str | None = None  # SHA-256 of what proves it


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One link, followed by several visitors at about the same time: one lane for each in a drawing."""

    title: str
    link: str
    source: str  # what carries the link, e.g. "Ad on meta"
    ways: tuple[Way, ...]
    note: str = ""  # that there were more rounds, that some could not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Paragraphs."""

    title: str = ""
    lines: tuple[str, ...]
    tone: Tone = "plain"


Block = Facts | Table | Pictures | Journey | Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the dossier."""

    key: str  # a plain ASCII word, the same in every language
    title: str
    says: tuple[str, ...] = ()  # what stands below the title
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A figure that one sees first."""

    label: str
    value: str
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One case."""

    language: Language
    case_id: int
    reference: str  # of the bundle, e.g. "mekiki case 12, 2026-11-24T09:00:00Z"
    title: str  # what this is, e.g. "Evidence of an impersonation of …"
    subject: str  # of the case
    facts: tuple[Fact, ...]  # brand, state, found, made at (UTC and zone), made with
    summary: tuple[str, ...]  # three sentences
    summary_title: str
    tiles: tuple[Tile, ...]
    warnings: tuple[str, ...]  # what is missing, what could not be seen
    sections: tuple[Section, ...]
    contents_title: str
    page: str  # of page numbers: "{page} / {pages}" in the dossier's language
    footer: str  # what to beware of
