"""Rights: who may file for a brand and by which letter, and which trademarks are in force on a day.

Numbers, classes and names come from the configuration alone; what it does not have is asked for, never made up.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from config import Brand
from config.takedown import Authority, Filer, Trademark
from takedown.channel import Channel, Proof
from takedown.errors import UnknownMark
from takedown.missing_words import in_a_row, lacks
from takedown.notice import Missing

# Signals that tell of a brand's own work: only these make a notice about copyright.
COPIES = frozenset(("picture.copy", "copied.text", "copied.assets"))


def in_force(brand: Brand, today: date) -> tuple[Trademark, ...]:
    """Return the registrations that are in force on a day, in their order."""
    return tuple(mark for mark in brand.trademark if mark.until is None or today <= mark.until)


def marks_named(brand: Brand, numbers: Iterable[str], today: date) -> tuple[Trademark, ...]:
    """Return the registrations in force that have these numbers, in the brand's order; without numbers all in force.

    A number may be written in full or half width; where several offices have it, all of them are meant.

    Raises:
        UnknownMark: there is none of a number, or it has ended; the message lists those in force.
    """
    valid = in_force(brand, today)
    wanted = {_plain(number): number for number in numbers}
    for plain, number in wanted.items():
        if any(_plain(mark.number) == plain for mark in valid):
            continue
        ended = [mark.until for mark in brand.trademark if _plain(mark.number) == plain and mark.until is not None]
        what = f"trademark {number} ended on {max(ended)}" if ended else f"there is no trademark {number}"
        known = ", ".join(f"{mark.number} ({mark.mark}, {mark.office})" for mark in valid) or "none"
        raise UnknownMark(f"{what}; in force for brand {brand.key}: {known}")
    return tuple(mark for mark in valid if _plain(mark.number) in wanted) if wanted else valid


def letter_of_authority(brand: Brand, filer: Filer, today: date) -> Authority | None:
    """Return the letter by which the filer may act on a day, the one that lasts longest; None where there is none."""
    letters = [one for one in brand.authority if one.who == filer.organization and _holds(one, today)]
    return max(letters, key=lambda one: one.until or date.max, default=None)


def needs_authority(channel: Channel, filer: Filer) -> bool:
    """Tell whether the filer has to show a letter of authority there: who acts for an owner, unless anyone may file."""
    asks = any(asked.kind == "authority" and asked.required for asked in channel.evidence)
    return filer.relation == "agent" and (bool(channel.needs) or asks or "anyone" not in channel.who)


def missing_rights(brand: Brand, filer: Filer, channel: Channel, today: date, *, copied: bool) -> Iterator[Missing]:
    """Yield what of rights is missing for a notice to a channel.

    Args:
        brand: whose rights.
        filer: who files.
        channel: where.
        today: on which day.
        copied: the case shows works of the brand, see `COPIES`.
    """
    may = {"anyone", filer.relation}
    if not may & set(channel.who):
        yield _who_may(channel, filer)
    elif needs_authority(channel, filer):
        yield from _missing_authority(brand, filer, today)
    if "trademark" in channel.needs:
        yield from _missing_trademark(brand, today)
    if "copyright" in channel.needs and not copied:
        yield lacks("copyright", "no copy")


def unreadable(what: Proof, key: str, file: Path, brand: Brand) -> Missing:
    """Say that a file of the configuration is not there."""
    return lacks(what, "file", key=key, brand=brand.key, file=file.name)


def _who_may(channel: Channel, filer: Filer) -> Missing:
    if "owner" in channel.who:
        return lacks("who", "owner alone", relation=filer.relation)
    if "victim" in channel.who:
        return lacks("who", "victims alone")
    return lacks("who", "others alone", who=in_a_row("or", channel.who), relation=filer.relation)


def _missing_authority(brand: Brand, filer: Filer, today: date) -> Iterator[Missing]:
    letter = letter_of_authority(brand, filer, today)
    if letter is not None:
        if not letter.file.is_file():
            yield unreadable("authority", "[[brand.authority]] file", letter.file, brand)
        return
    ended = [one.until for one in brand.authority if one.who == filer.organization and one.until is not None]
    names = {"organization": filer.organization, "brand": brand.key}
    yield (
        lacks("authority", "authority ended", day=max(ended), **names)
        if ended
        else lacks("authority", "no authority", **names)
    )


def _missing_trademark(brand: Brand, today: date) -> Iterator[Missing]:
    if in_force(brand, today):
        return
    ended = [mark for mark in brand.trademark if mark.until is not None]
    if ended:
        last = max(ended, key=lambda mark: mark.until or date.min)
        yield lacks("trademark", "trademark ended", brand=brand.key, number=last.number, day=last.until)
    else:
        yield lacks("trademark", "no trademark", brand=brand.key)


def _holds(letter: Authority, today: date) -> bool:
    return letter.until is None or today <= letter.until


def _plain(number: str) -> str:
    return "".join(unicodedata.normalize("NFKC", number).split()).casefold()
