"""Characters that are read as another one: the tables of `lexicon/confusables.toml` and what their Unicode names say.

`normalize` maps every character through all of them; `names` asks which of them explains a departure from a name.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources

LONG_VOWEL = "ー"
HIRAGANA = range(0x3041, 0x3097)
KATAKANA = range(0x30A1, 0x30FB)
# Rendered as nothing, but neither Cf nor Mn.
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5")
# Half-width and spacing voice marks; NFKD would turn the latter into a space and a mark.
VOICE_MARKS = frozenset("\u3099\u309a\u309b\u309c\uff9e\uff9f")


def _tables() -> dict[str, dict[str, str]]:
    text = resources.files("detector").joinpath("lexicon/confusables.toml").read_text(encoding="utf-8")
    return {
        name: {alike: base for base, group in table.items() for alike in group}
        for name, table in tomllib.loads(text).items()
    }


_TABLES = _tables()
_LATIN: Mapping[str, str] = _TABLES["latin"]  # foreign letter -> Latin letter
DIGITS: Mapping[str, str] = _TABLES["digits"]  # digit or sign -> Latin letter
KANA: Mapping[str, str] = _TABLES["kana"]  # kanji -> katakana drawn alike
LONG_VOWELS: Mapping[str, str] = _TABLES["long_vowel"]  # dash -> long vowel sign
SMALL_KANA: Mapping[str, str] = _TABLES["small_kana"]  # small katakana -> normal one
KANJI_OLD: Mapping[str, str] = _TABLES["kanji_old"]  # old form -> today's
KANJI_SIMPLIFIED: Mapping[str, str] = _TABLES["kanji_simplified"]  # Chinese form -> Japanese one
KANJI_ALIKE: Mapping[str, str] = _TABLES["kanji_alike"]  # kanji -> the more frequent one drawn alike
KANJI_SPLIT: Mapping[str, str] = _TABLES["kanji_split"]  # parts -> the kanji they make
# Every kanji that stands for another one.
KANJI: Mapping[str, str] = {**KANJI_ALIKE, **KANJI_SIMPLIFIED, **KANJI_OLD}


def _groups(name: str) -> Mapping[str, str]:
    text = resources.files("detector").joinpath("lexicon/confusables.toml").read_text(encoding="utf-8")
    table: dict[str, str] = tomllib.loads(text)[name]
    return table


SIGNS: Mapping[str, str] = _groups("signs")  # Latin letter -> signs written for it
KANA_PAIRS: Mapping[str, str] = _groups("kana_pairs")  # katakana -> the one it is taken for
KANJI_SLIPS: Mapping[str, str] = _groups("kanji_slips")  # kanji -> those written for it by mistake

# "LATIN SMALL LETTER O WITH STROKE", "LATIN LETTER SMALL CAPITAL H", "NEGATIVE SQUARED LATIN CAPITAL LETTER A",
# "REGIONAL INDICATOR SYMBOL LETTER J": the letter is in the name.
_NAMED = re.compile(
    r"(?:LATIN (?:SMALL |CAPITAL )LETTER (?:DOTLESS |SCRIPT |BLACKLETTER |LONG |BARRED )?([A-Z])(?: WITH .+)?"
    r"|LATIN LETTER SMALL CAPITAL (?:BARRED )?([A-Z])"
    r"|(?:CROSSED )?NEGATIVE (?:SQUARED|CIRCLED) LATIN CAPITAL LETTER ([A-Z])"
    r"|REGIONAL INDICATOR SYMBOL LETTER ([A-Z]))"
)


# Letters that compatibility normalisation turns into one drawn differently (the lunate sigma into a sigma) -> one of
# their group that it leaves alone.
STABLE: Mapping[int, str] = {
    ord(alike): next(
        other for other in _LATIN if _LATIN[other] == base and unicodedata.normalize("NFKC", other) == other
    )
    for alike, base in _LATIN.items()
    if _LATIN.get(unicodedata.normalize("NFKC", alike), base) != base
}


@cache  # bounded by the size of Unicode
def latin(character: str) -> str | None:
    """Return the small Latin letter that a character other than ASCII is drawn like, if any."""
    if character.isascii():
        return None
    if character in _LATIN:
        return _LATIN[character]
    named = _NAMED.fullmatch(unicodedata.name(character, ""))
    return named[named.lastindex or 0].lower() if named else None


def is_katakana(character: str) -> bool:
    """Tell whether the character is katakana or the long vowel sign."""
    return ord(character) in KATAKANA or character == LONG_VOWEL


def to_katakana(character: str) -> str:
    """Return the katakana for a hiragana character; any other is returned as it is."""
    return chr(ord(character) + 0x60) if ord(character) in HIRAGANA else character
