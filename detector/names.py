"""Is this stretch of text that name? The exact answer behind the loose search over skeletons.

`compare` walks name and text side by side and says how the text departs from the name: not at all, only in ways
people write honestly (case, width, accents, spaces, kana script, long vowels), or in ways that only make sense to
hide it (letters of another script, digits for letters, invisible characters, letters spaced out). Anything else
is another word.
"""

import unicodedata
from dataclasses import dataclass

from detector.confusables import (
    DIGITS,
    KANA,
    LATIN,
    LONG_VOWEL,
    LONG_VOWELS,
    SMALL_KANA,
    is_katakana,
    to_katakana,
)

# Letters from which a name may be matched with digits, long vowels dropped or kana scripts mixed: below that, honest
# words are hit (ビザ and ピザ, au and 4u).
LOOSE_LETTERS: int = 5
# Letters from which a Latin name needs one word boundary instead of two.
LONG_NAME: int = 8
# Share of the gaps between letters that must hold a separator for a name to count as spaced out.
SPACED_SHARE: float = 0.6

SPACED = "letters spaced out"
PUNCTUATED = "letters split by signs"
INVISIBLE = "invisible characters inside"
BREAK_HINT = "line break hints inside"
FOREIGN = "letters of another script"
DIGIT = "digits or signs for letters"
ALIKE = "letters drawn alike"
KANJI = "kanji drawn like kana"
DASH = "dashes for the long vowel"
# Ways that honest texts show now and then, too.
WEAK: frozenset[str] = frozenset((SPACED, BREAK_HINT, DASH))
_BREAK_HINTS = "\u00ad\u200b\u2060\ufeff"


@dataclass(frozen=True, slots=True)
class Likeness:
    """The text is the name; `disguises` says how it was hidden, if it was."""

    disguises: tuple[str, ...] = ()

    @property
    def strength(self) -> float:
        """How surely somebody hid the name, 0-1; an open name has 1, as a name."""
        return 0.5 if self.disguises and WEAK.issuperset(self.disguises) else 1.0


def letters(name: str) -> int:
    """Count the letters, digits and ideographs of a name."""
    return sum(character.isalnum() for character in unicodedata.normalize("NFKC", name))


def compare(name: str, seen: str) -> Likeness | None:
    """Tell whether `seen` is written for `name`, and how; None if it is another word."""
    wanted = [unit for unit in _units(name) if not _separates(unit)]
    found = _units(seen)
    loose = len(wanted) >= LOOSE_LETTERS
    short_latin = len(wanted) <= 3 and name.isascii()
    if short_latin and unicodedata.normalize("NFKC", seen) != name:
        return None
    disguises: set[str] = set()
    kana = any(map(is_katakana, found))
    at = gaps = signs = 0
    after_gap = True
    for unit in found:
        hidden = _hidden(unit)
        if hidden:
            disguises.add(hidden)
            continue
        if at < len(wanted):
            same, disguise = _same(wanted[at], unit, loose=loose, kana=kana)
            if same:
                if disguise:
                    disguises.add(disguise)
                at += 1
                after_gap = False
                continue
        if _separates(unit):
            gaps += not after_gap
            signs += not unit.isspace()
            after_gap = True
        elif not (unit == LONG_VOWEL and loose):
            if not (loose and at + 1 < len(wanted) and wanted[at] == LONG_VOWEL):
                return None
            same, disguise = _same(wanted[at + 1], unit, loose=loose, kana=kana)
            if not same:
                return None
            disguises.update([disguise] if disguise else [])
            at += 2
            after_gap = False
    if any(unit != LONG_VOWEL for unit in wanted[at:]) or (wanted[at:] and not loose):
        return None
    if len(wanted) >= 3 and gaps - _own_gaps(name) >= max(2, SPACED_SHARE * (len(wanted) - 1)):
        disguises.add(PUNCTUATED if signs >= 2 + _own_gaps(name) else SPACED)
    return Likeness(tuple(sorted(disguises)))


def bounded(name: str, text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` stands where a word may begin and end.

    Latin names need word boundaries (long ones one of the two, a change of case counts); katakana names of three
    letters or fewer must be a whole run of katakana; other Japanese names stand anywhere.
    """
    first, last = name[0], name[-1]
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    count = letters(name)
    if count <= 3 and all(map(is_katakana, name)):
        return not _in_katakana(before) and not _in_katakana(after)
    opens = not _latin(first) or not _latin(before) or (before.islower() and text[start].isupper())
    closes = not _latin(last) or not _latin(after) or (text[end - 1].islower() and after.isupper())
    if count >= LONG_NAME:
        return opens or closes
    return opens and closes


def _units(text: str) -> list[str]:
    """Split a text into comparable characters: NFKC, case and accents removed, voice marks kept."""
    units = []
    for character in unicodedata.normalize("NFKC", text).replace("\u3000", " "):
        base = character
        if not "\u3040" <= character <= "\u30ff":
            base = unicodedata.normalize("NFKD", character)[0]
        if unicodedata.category(base) in ("Mn", "Me"):
            continue
        units.append(base)
    return units


def _same(wanted: str, seen: str, *, loose: bool, kana: bool) -> tuple[bool, str | None]:
    """Compare one character each; second: the disguise, if it is one."""
    name, text = _plain(wanted), _plain(seen)
    if name == text:
        return (True, None) if loose or _script(wanted) == _script(seen) else (False, None)
    if LATIN.get(text) == name or LATIN.get(seen) == name:
        return True, FOREIGN
    if loose and (DIGITS.get(text) == name or (text == "1" and name == "i")):
        return True, DIGIT
    if seen in "I|" and name == "l":
        return True, ALIKE
    if seen == "l" and name == "i" and loose:
        return True, ALIKE
    if kana and (KANA.get(text) == name or KANA.get(name) == text):
        return True, KANJI
    if name == LONG_VOWEL and LONG_VOWELS.get(text) == name:
        return True, DASH
    return False, None


def _plain(character: str) -> str:
    kana = to_katakana(unicodedata.normalize("NFKC", character).casefold()[:1] or character)
    return SMALL_KANA.get(kana, kana)


def _in_katakana(character: str) -> bool:
    return is_katakana(unicodedata.normalize("NFKC", character)[:1])


def _script(character: str) -> str:
    return "hiragana" if "\u3041" <= character <= "\u3096" else "other"


def _hidden(unit: str) -> str | None:
    if unit in _BREAK_HINTS:
        return BREAK_HINT
    return INVISIBLE if unicodedata.category(unit) in ("Cf", "Cc", "Cs") and not unit.isspace() else None


def _separates(unit: str) -> bool:
    return unit.isspace() or (unit != LONG_VOWEL and unicodedata.category(unit)[0] in "PZS")


def _own_gaps(name: str) -> int:
    return sum(_separates(unit) for unit in _units(name.strip()))


def _latin(character: str) -> bool:
    plain = unicodedata.normalize("NFKD", character)[:1]
    return plain.isascii() and plain.isalnum()
