"""Proofs: which files of a case show what a channel asks to see, most telling first, as many as it takes.

Names are made of what a file is, a number and its hash alone: what a stranger called it is no name on a disk.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from detector.visits import Visit
from storage.errors import MediaMissing
from storage.evidence import EvidenceFile
from storage.media import MediaStore
from takedown.channel import Proof
from takedown.context import Context, items_of, shown_of, sightings_of, visits_of
from takedown.missing_words import lacks
from takedown.notice import Attachment, Missing
from takedown.rights import letter_of_authority, unreadable
from takedown.vocabulary import WORDS

MOST = 5  # files of one kind
ORIGINAL = "original_picture"  # of an ad, its bytes as they were served
# The most telling first: what does not fit goes from the end.
ORDER = ("screenshot", "ad_picture", "certificate", "authority", "journey", "warc", ORIGINAL)
# How a file that we made, or that is our own, ends; what strangers served is never opened by its name.
_MAGIC = ((b"%PDF-", ".pdf"), (b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"{", ".json"), (b"\x1f\x8b", ".gz"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What goes with a notice."""

    attachments: tuple[Attachment, ...]
    notes: tuple[str, ...]  # what was left out, and why; what is gone
    left_out: frozenset[str]  # kinds of which something did not fit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """One file that would do."""

    kind: str
    read: Callable[[], bytes]


def missing_proofs(context: Context) -> Iterator[Missing]:
    """Yield what a channel insists on seeing and the case cannot show; no file is read."""
    for asked in context.channel.evidence:
        if asked.required and (lack := _LACKS[asked.kind](context)):
            yield lack


def collect(context: Context, media: MediaStore) -> Collected:
    """Return the files for what a channel asks to see; what stands beside the configuration is put into the store.

    Raises:
        OSError: a certificate or a letter cannot be read.
    """
    words, channel = WORDS[context.language], context.channel
    asked = dict.fromkeys(one.kind for one in channel.evidence)
    pieces = [piece for kind in asked for piece in _PIECES[kind](context, media)]
    pieces.sort(key=lambda piece: ORDER.index(piece.kind))  # stable: the best of a kind stays first
    found: dict[str, Attachment] = {}
    numbers: dict[str, int] = {}
    notes: list[str] = []
    left_out: set[str] = set()
    room = channel.limits.bytes
    for piece in pieces:
        says = words.proofs[piece.kind]
        try:
            data = piece.read()
        except MediaMissing:
            notes.append(words.gone.format(proof=says))
            continue
        address = sha256(data).hexdigest()
        if address in found:
            continue
        number = numbers.get(piece.kind, 0) + 1
        if number > MOST:
            left_out.add(piece.kind)
            notes.append(words.too_many.format(proof=says, most=MOST))
        elif room is not None and sum(one.bytes for one in found.values()) + len(data) > room:
            left_out.add(piece.kind)
            notes.append(words.too_large.format(proof=says, bytes=len(data), most=room))
        else:
            media.put(data)
            numbers[piece.kind] = number
            found[address] = Attachment(
                name=_name(piece.kind, number, address, data), kind=piece.kind, sha256=address, bytes=len(data)
            )
    return Collected(attachments=tuple(found.values()), notes=tuple(dict.fromkeys(notes)), left_out=frozenset(left_out))


def _name(kind: str, number: int, address: str, data: bytes) -> str:
    name = EvidenceFile(role=kind, number=number, address=address, bytes=len(data)).name
    if kind in ("warc", ORIGINAL):
        return name
    stem = name.rpartition(".")[0]
    return stem + next((ending for magic, ending in _MAGIC if data.startswith(magic)), ".bin")


def _screenshots(context: Context, media: MediaStore) -> Iterator[_Piece]:
    for visit in sightings_of(context.story, context.actor):
        kept = _kept(visit, media).get("screenshot") or visit.screenshot
        if kept:
            yield _Piece(kind="screenshot", read=partial(media.read, kept))


def _pictures(context: Context, media: MediaStore) -> Iterator[_Piece]:
    views = shown_of(context.story, context.actor) or items_of(context.story, context.actor)
    for picture in (picture for view in views for picture in view.pictures):
        if picture.rendition is not None:
            yield _Piece(kind="ad_picture", read=partial(media.read, picture.rendition))
        yield _Piece(kind=ORIGINAL, read=partial(media.read, picture.sha256))


def _journeys(context: Context, media: MediaStore) -> Iterator[_Piece]:
    for visit in sightings_of(context.story, context.actor) or visits_of(context.story, context.actor)[:MOST]:
        if visit.evidence is not None:
            yield _Piece(kind="journey", read=partial(media.read, visit.evidence))


def _warcs(context: Context, media: MediaStore) -> Iterator[_Piece]:
    for visit in sightings_of(context.story, context.actor):
        if kept := _kept(visit, media).get("warc"):
            yield _Piece(kind="warc", read=partial(media.read, kept))


def _certificates(context: Context) -> Iterator[_Piece]:
    for mark in context.marks:
        if mark.certificate is not None:
            yield _Piece(kind="certificate", read=mark.certificate.read_bytes)


def _letters(context: Context) -> Iterator[_Piece]:
    letter = letter_of_authority(context.brand, context.filer, context.today)
    if letter is not None:
        yield _Piece(kind="authority", read=letter.file.read_bytes)


def _kept(visit: Visit, media: MediaStore) -> Mapping[str, str]:
    """Return the files of a visit by their role, as its manifest names them; none where the manifest is gone."""
    if visit.evidence is None:
        return {}
    try:
        return {file["role"]: file["sha256"] for file in json.loads(media.read(visit.evidence))["files"]}
    except MediaMissing:
        return {}


_PIECES: Mapping[Proof, Callable[[Context, MediaStore], Iterator[_Piece]]] = {
    "screenshot": _screenshots,
    "ad_picture": _pictures,
    "journey": _journeys,
    "warc": _warcs,
    "original": lambda context, media: iter(()),  # an address, no file
    "certificate": lambda context, media: _certificates(context),
    "authority": lambda context, media: _letters(context),
}


def _no_screenshot(context: Context) -> Missing | None:
    if any(visit.screenshot or visit.evidence for visit in sightings_of(context.story, context.actor)):
        return None
    return lacks("screenshot", "no screenshot", case=context.story.case.id)


def _no_picture(context: Context) -> Missing | None:
    if any(view.pictures for view in items_of(context.story, context.actor)):
        return None
    return lacks("ad_picture", "no picture")


def _no_journey(context: Context) -> Missing | None:
    if visits_of(context.story, context.actor):
        return None
    return lacks("journey", "no journey", case=context.story.case.id)


def _no_warc(context: Context) -> Missing | None:
    if any(visit.evidence for visit in sightings_of(context.story, context.actor)):
        return None
    return lacks("warc", "no warc", case=context.story.case.id)


def _no_original(context: Context) -> Missing | None:
    if context.brand.domains or context.brand.accounts:
        return None
    return lacks("original", "no original", brand=context.brand.key)


def _no_certificate(context: Context) -> Missing | None:
    files = [mark.certificate for mark in context.marks if mark.certificate is not None]
    if any(file.is_file() for file in files):
        return None
    key = "[[brand.trademark]] certificate"
    if files:
        return unreadable("certificate", key, files[0], context.brand)
    return lacks("certificate", "no certificate", key=key, brand=context.brand.key)


_LACKS: Mapping[Proof, Callable[[Context], Missing | None]] = {
    "screenshot": _no_screenshot,
    "ad_picture": _no_picture,
    "journey": _no_journey,
    "warc": _no_warc,
    "original": _no_original,
    "certificate": _no_certificate,
    "authority": lambda context: None,  # `missing_rights` tells it
}
