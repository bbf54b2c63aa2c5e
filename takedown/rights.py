"""Rights: who may file for a brand and by which letter, and which trademarks are in force on a day.

Numbers, classes and names come from the configuration alone; what it does not have is asked for, never made up.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from config import Brand
from config.takedown import Authority, Filer, Trademark
from takedown.channel import Channel
from takedown.errors import UnknownMark
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
        yield Missing(what="who", says=_who_may(channel, filer))
    elif needs_authority(channel, filer):
        yield from _missing_authority(brand, filer, today)
    if "trademark" in channel.needs:
        yield from _missing_trademark(brand, today)
    if "copyright" in channel.needs and not copied:
        yield Missing(
            what="copyright",
            says="nothing of the case is a copy of the brand's own pictures or pages: this channel is for copyright",
        )


def unreadable(key: str, file: Path, brand: Brand) -> str:
    """Say that a file of the configuration is not there."""
    return f"{key} of brand {brand.key}: there is no file {file.name!r}: put it there, or correct the path"


def _who_may(channel: Channel, filer: Filer) -> str:
    if "owner" in channel.who:
        return (
            f"only the owner may file there, and [takedown.filer] relation is {filer.relation!r}: let the owner file it"
        )
    if "victim" in channel.who:
        return "only people who were harmed may file there: ask a customer who paid, or the police, to do it"
    return f"only {' or '.join(channel.who)} may file there, and [takedown.filer] relation is {filer.relation!r}"


def _missing_authority(brand: Brand, filer: Filer, today: date) -> Iterator[Missing]:
    letter = letter_of_authority(brand, filer, today)
    if letter is not None:
        if not letter.file.is_file():
            yield Missing(what="authority", says=unreadable("[[brand.authority]] file", letter.file, brand))
        return
    ended = [one.until for one in brand.authority if one.who == filer.organization and one.until is not None]
    if ended:
        says = (
            f"the authority of {filer.organization} ended on {max(ended)}: have it renewed, then change "
            f"[[brand.authority]] until of brand {brand.key}"
        )
    else:
        says = (
            f"there is no letter by which {filer.organization} may act for brand {brand.key}: "
            "add it as [[brand.authority]]"
        )
    yield Missing(what="authority", says=says)


def _missing_trademark(brand: Brand, today: date) -> Iterator[Missing]:
    if in_force(brand, today):
        return
    ended = [mark for mark in brand.trademark if mark.until is not None]
    if ended:
        last = max(ended, key=lambda mark: mark.until or date.min)
        says = (
            f"no trademark of brand {brand.key} is in force: {last.number} ended on {last.until}: "
            "have it renewed, then change [[brand.trademark]] until"
        )
    else:
        says = f"brand {brand.key} has no trademark: add what the register has as [[brand.trademark]]"
    yield Missing(what="trademark", says=says)


def _holds(letter: Authority, today: date) -> bool:
    return letter.until is None or today <= letter.until


def _plain(number: str) -> str:
    return "".join(unicodedata.normalize("NFKC", number).split()).casefold()
