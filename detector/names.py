"""Is this stretch of text that name? The exact answer behind the loose search over skeletons.

`patterns` lists the skeletons under which a name may be met. `compare` walks name and text side by side and says how
the text departs from the name: not at all, only in ways people write honestly (case, width, accents, spaces, kana
script, long vowels, old forms of kanji), or in ways that only make sense to hide it (letters of another script, digits
for letters, invisible characters, letters spaced out). Anything else is another word.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from detector.confusables import (
    BLANKS,
    DIGITS,
    KANA,
    KANA_PAIRS,
    KANJI,
    KANJI_ALIKE,
    KANJI_OLD,
    KANJI_SLIPS,
    KANJI_SPLIT,
    LONG_VOWEL,
    LONG_VOWELS,
    SIGNS,
    SMALL_KANA,
    STABLE,
    VOICE_MARKS,
    is_katakana,
    latin,
    to_katakana,
)
from detector.normalize import skeleton

# Letters from which a name may be matched with digits, long vowels dropped or kana scripts mixed: below that, honest
# words are hit (ビザ and ピザ, au and 4u).
LOOSE_LETTERS: int = 5
# Letters from which one digit, a whole change of kana script or a kana or kanji taken for another is allowed.
FIRM_LETTERS: int = 4
# Letters up to which a Latin name is matched as the profile writes it only.
SHORT_LATIN: int = 3
# Letters from which a Latin name needs one word boundary instead of two.
LONG_NAME: int = 8
# Share of the gaps between letters that must hold a separator for a name to count as spaced out.
SPACED_SHARE: float = 0.6
# Characters of text per letter of a name, and on top of that, that are still looked at: eight invisible characters
# between each two letters hide a name, a page of them is something else.
MOST_STRETCH: int = 10
MOST_EXTRA: int = 20

SPACED = "letters spaced out"
PUNCTUATED = "letters split by signs"
INVISIBLE = "invisible characters inside"
BREAK_HINT = "line break hints inside"
FOREIGN = "letters of another script"
STYLED = "letters in circles, boxes or mathematical type"
MARKED = "marks laid over letters"
DIGIT = "digits or signs for letters"
ALIKE = "letters drawn alike"
KANJI_FOR_KANA = "kanji drawn like kana"
VARIANT = "Chinese forms of kanji"
DASH = "dashes for the long vowel"
SPLIT = "kanji split into their parts"
MISSPELT = "misspelt"
STRUCK_OUT = "letters struck out"
# Ways that honest texts show now and then, too.
WEAK: frozenset[str] = frozenset((SPACED, BREAK_HINT, DASH, STYLED, VARIANT, MISSPELT))
# D2 (DETECTION.md, section 2): misspelt +1.4 where hidden is +3.0.
MISSPELT_STRENGTH: float = 0.45
_FULL_WIDTH = frozenset(map(chr, range(0xFF01, 0xFF5F)))
_BREAK_HINTS = "\u00ad\u200b\u2060\ufeff"
_CALLS = "!?。"  # end a name now and then, and are left out as often
_STYLES = ("<font>", "<circle>", "<square>", "<super>", "<sub>")
_SELECTORS = range(0xFE00, 0xFE10)
_IDEOGRAPHIC_SELECTORS = range(0xE0100, 0xE01F0)


@dataclass(frozen=True, slots=True)
class Likeness:
    """The text is the name; `disguises` says how it was hidden, if it was."""

    disguises: tuple[str, ...] = ()

    @property
    def strength(self) -> float:
        """How surely somebody hid the name, 0-1; an open name has 1, as a name."""
        if self.disguises == (MISSPELT,):
            return MISSPELT_STRENGTH
        return 0.5 if self.disguises and WEAK.issuperset(self.disguises) else 1.0


OPEN = Likeness()


@lru_cache(maxsize=65_536)
def letters(name: str) -> int:
    """Count the letters, digits and ideographs of a name."""
    return sum(character.isalnum() for character in unicodedata.normalize("NFKC", name))


def patterns(name: str) -> list[str]:
    """Return the skeletons to search for a name: its own, then those of writings that `skeleton` keeps apart."""
    name = name.rstrip(_CALLS) or name
    writings = [name]
    for alikes, least in ((SIGNS, LOOSE_LETTERS), (KANA_PAIRS, FIRM_LETTERS), (KANJI_SLIPS, FIRM_LETTERS)):
        if letters(name) >= least:
            writings += _replaced(name, alikes)
    if letters(name) >= FIRM_LETTERS:
        writings += _split(name)
    found = (skeleton(writing).text for writing in writings)
    return [key for key in dict.fromkeys(found) if len(key) >= 2]


def _replaced(name: str, alikes: Mapping[str, str]) -> Iterator[str]:
    """Yield the name with each letter replaced that has another writing, and with all of the same letter replaced."""
    for at, character in enumerate(name):
        for other in alikes.get(character.casefold(), ""):
            yield name[:at] + other + name[at + 1 :]
            if name.casefold().count(character.casefold()) > 1:
                yield "".join(other if one.casefold() == character.casefold() else one for one in name)


def _split(name: str) -> Iterator[str]:
    """Yield the name with one kanji, and with every kanji, written as its parts."""
    parted = name
    for parts, whole in KANJI_SPLIT.items():
        if whole in name:
            yield name.replace(whole, parts)
            parted = parted.replace(whole, parts)
    yield parted


def _joined(name: str, seen: str) -> str:
    """Put the kanji of a name together again where a text writes their parts."""
    for parts, whole in KANJI_SPLIT.items():
        if whole in name and parts in seen and parts not in name:
            seen = seen.replace(parts, whole)
    return seen


def compare(name: str, seen: str) -> Likeness | None:
    """Tell whether `seen` is written for `name`, and how; None if it is another word."""
    if name == seen:
        return OPEN
    if letters(name) >= FIRM_LETTERS and (joined := _joined(name, seen)) != seen:
        rest = compare(name, joined)
        return rest and Likeness(tuple(sorted({*rest.disguises, SPLIT})))
    wanted = _letters_of(name)
    if len(seen) > MOST_STRETCH * len(wanted) + MOST_EXTRA:
        return None
    if name.isascii() and not _cased(name, seen, len(wanted)):
        return None
    return _Walk(name, wanted, seen).likeness()


def _cased(name: str, seen: str, count: int) -> bool:
    """Tell whether a short Latin name is written in letters as large as its own: LINE is no line, Dell no dell.

    Letters from elsewhere have the case of what they imitate or none, and are not asked.
    """
    if count > FIRM_LETTERS:
        return True
    plain = unicodedata.normalize("NFKC", seen)
    if count <= SHORT_LATIN:
        return plain == name
    if not all(character.isascii() or character in _FULL_WIDTH for character in seen):
        return True
    return plain.isupper() if name.isupper() else name.islower() or not plain.islower()


class _Walk:
    """One walk along a name and a stretch of text."""

    def __init__(self, name: str, wanted: Sequence[str], seen: str) -> None:
        self._name = name
        self._wanted = wanted
        self._seen = seen
        self._found = _units(seen)
        count = len(wanted)
        self._loose = count >= LOOSE_LETTERS
        self._firm = count >= FIRM_LETTERS
        self._kana = any(map(is_katakana, self._found))
        scripts = {_script(unit) for unit in self._found if _is_kana(unit)}
        self._any_script = self._loose or (self._firm and len(scripts) == 1)
        self._disguises: set[str] = set()
        self._digits = 0

    def likeness(self) -> Likeness | None:
        wanted, at, gaps, signs, after_gap = self._wanted, 0, 0, 0, True
        for place, unit in enumerate(self._found):
            hidden = _hidden(unit)
            if hidden:
                self._disguises.add(hidden)
            elif at < len(wanted) and not self._before(place, wanted[at]) and self._same(wanted[at], unit):
                at += 1
                after_gap = False
            elif _separates(unit):
                gaps += not after_gap
                signs += not unit.isspace()
                after_gap = True
            elif not (unit == LONG_VOWEL and self._loose):
                if not (self._loose and at + 1 < len(wanted) and wanted[at] == LONG_VOWEL):
                    return None
                if not self._same(wanted[at + 1], unit):
                    return None
                at += 2
                after_gap = False
        rest = wanted[at:]
        if (rest and not self._loose) or any(unit != LONG_VOWEL for unit in rest):
            return None
        if self._digits > (1 if not self._loose else len(wanted) // 2 + 1):
            return None
        own = _own_gaps(self._name)
        if len(wanted) >= 3 and gaps - own >= max(2, SPACED_SHARE * (len(wanted) - 1)):
            self._disguises.add(PUNCTUATED if signs >= 2 + own else SPACED)
        if not self._seen.isascii():
            self._disguises.update(_decoration(self._name, self._seen))
        return Likeness(tuple(sorted(self._disguises))) if self._disguises else OPEN

    def _before(self, place: int, wanted: str) -> bool:
        """Tell whether a sign that could be a letter only stands in front of that letter."""
        after = self._found[place + 1 : place + 2]
        return bool(after) and _separates(self._found[place]) and _plain(after[0]) == _plain(wanted)

    def _same(self, wanted: str, seen: str) -> bool:
        """Compare one character each, and remember the disguise, if it is one."""
        name, text = _plain(wanted), _plain(seen)
        if name == text:
            return self._any_script or _script(wanted) == _script(seen)
        disguise = self._disguise(name, text, seen)
        if disguise:
            self._disguises.add(disguise)
            self._digits += disguise == DIGIT
        return disguise is not None or _today(name) == _today(text)

    def _disguise(self, name: str, text: str, seen: str) -> str | None:
        if name in (latin(seen), latin(text)):
            return ALIKE if unicodedata.name(seen, "").startswith("LATIN") else FOREIGN
        if self._firm and name.isascii() and (DIGITS.get(text) == name or (text == "1" and name == "i")):
            return DIGIT
        if self._loose and text in SIGNS.get(name, ()):
            return DIGIT
        if name == "l" and (seen == "|" or (seen == "I" and not self._seen.isupper())):
            return ALIKE
        if seen == "l" and name == "i" and self._loose:
            return ALIKE
        if self._kana and (KANA.get(text) == name or KANA.get(name) == text):
            return KANJI_FOR_KANA
        if name == LONG_VOWEL and LONG_VOWELS.get(text) == name:
            return DASH
        if text == LONG_VOWEL and LONG_VOWELS.get(name) == text and not _separates(name):
            return KANJI_FOR_KANA
        if self._firm and text in KANA_PAIRS.get(name, ""):
            return ALIKE if self._loose else MISSPELT
        if self._firm and text in KANJI_SLIPS.get(name, ""):
            return MISSPELT
        if KANJI.get(name, name) == KANJI.get(text, text):
            if text in KANJI_OLD or name in KANJI_OLD:
                return None
            return ALIKE if text in KANJI_ALIKE or name in KANJI_ALIKE else VARIANT
        return None


def bounded(name: str, text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` stands where a word may begin and end.

    Latin names need word boundaries (long ones one of the two, a change of case counts); katakana names of three
    letters or fewer must be a whole run of katakana; other Japanese names stand anywhere.
    """
    first, last = name[0], name[-1]
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    count = letters(name)
    if count <= 3 and not name.isascii() and all(map(is_katakana, name)):
        return not _in_katakana(before) and not _in_katakana(after)
    opens = not _latin(first) or not _latin(before) or (before.islower() and text[start].isupper())
    closes = not _latin(last) or not _latin(after) or (text[end - 1].islower() and after.isupper())
    if count >= LONG_NAME:
        return opens or closes
    return opens and closes


@lru_cache(maxsize=4096)
def _letters_of(name: str) -> tuple[str, ...]:
    return tuple(unit for unit in _units(name) if not _separates(unit))


def _units(text: str) -> list[str]:
    """Split a text into comparable characters: NFKC, accents and marks removed, voice marks kept."""
    if text.isascii():
        return list(text)
    units = []
    for character in unicodedata.normalize("NFKC", text.translate(STABLE)):
        base = character
        if not "\u3040" <= character <= "\u30ff":
            base = unicodedata.normalize("NFKD", character)[0]
        if unicodedata.category(base) not in ("Mn", "Me"):
            units.append(base)
    return units


def _decoration(name: str, seen: str) -> Iterator[str]:
    """Yield the disguises that lie on or around letters instead of replacing them."""
    if any(unicodedata.decomposition(character).startswith(_STYLES) for character in seen):
        yield STYLED
    base = ""
    for character in unicodedata.normalize("NFKC", seen):
        if unicodedata.category(character) not in ("Mn", "Me"):
            base = character
        elif character == "\u034f" or (ord(character) in _SELECTORS and _plain(base).isascii()):
            yield INVISIBLE
        elif not (
            ord(character) in _SELECTORS
            or ord(character) in _IDEOGRAPHIC_SELECTORS
            or character in VOICE_MARKS
            or character in name
        ):
            yield MARKED


def plain(text: str) -> str:
    """Return a text in the letters that honest ways of writing share: case, width, accents and kana script undone."""
    return text.lower() if text.isascii() else "".join(map(_plain, _units(text)))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    kana = to_katakana(unicodedata.normalize("NFKC", character).casefold()[:1] or character)
    return SMALL_KANA.get(kana, kana)


def _today(character: str) -> str:
    return KANJI_OLD.get(character, character)


def _is_kana(character: str) -> bool:
    return character != LONG_VOWEL and (is_katakana(character) or _script(character) == "hiragana")


def _in_katakana(character: str) -> bool:
    return is_katakana(unicodedata.normalize("NFKC", character)[:1])


def _script(character: str) -> str:
    return "hiragana" if "\u3041" <= character <= "\u3096" else "other"


def _hidden(unit: str) -> str | None:
    if unit in _BREAK_HINTS:
        return BREAK_HINT
    if unit in BLANKS:
        return INVISIBLE
    return INVISIBLE if unicodedata.category(unit) in ("Cf", "Cc", "Cs") and not unit.isspace() else None


def _separates(unit: str) -> bool:
    return unit.isspace() or (unit != LONG_VOWEL and unicodedata.category(unit)[0] in "PZS")


def _own_gaps(name: str) -> int:
    return sum(_separates(unit) for unit in _units(name.strip()))


@lru_cache(maxsize=4096)
def _latin(character: str) -> bool:
    plain = unicodedata.normalize("NFKD", character)[:1]
    return plain.isascii() and plain.isalnum()
