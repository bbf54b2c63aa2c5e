"""Characters that are read as another one: the tables of `lexicon/confusables.toml`, loaded once.

`normalize` maps every character through all of them; `names` asks which of them explains a departure from a name.
"""

import tomllib
from collections.abc import Mapping
from importlib import resources

LONG_VOWEL = "ー"
HIRAGANA = range(0x3041, 0x3097)
KATAKANA = range(0x30A1, 0x30FB)


def _tables() -> dict[str, dict[str, str]]:
    text = resources.files("detector").joinpath("lexicon/confusables.toml").read_text(encoding="utf-8")
    return {
        name: {alike: base for base, group in table.items() for alike in group}
        for name, table in tomllib.loads(text).items()
    }


_TABLES = _tables()
LATIN: Mapping[str, str] = _TABLES["latin"]  # foreign letter -> Latin letter
DIGITS: Mapping[str, str] = _TABLES["digits"]  # digit or sign -> Latin letter
KANA: Mapping[str, str] = _TABLES["kana"]  # kanji -> katakana drawn alike
LONG_VOWELS: Mapping[str, str] = _TABLES["long_vowel"]  # dash -> long vowel sign
SMALL_KANA: Mapping[str, str] = _TABLES["small_kana"]  # small katakana -> normal one


def is_katakana(character: str) -> bool:
    """Tell whether the character is katakana or the long vowel sign."""
    return ord(character) in KATAKANA or character == LONG_VOWEL


def to_katakana(character: str) -> str:
    """Return the katakana for a hiragana character; any other is returned as it is."""
    return chr(ord(character) + 0x60) if ord(character) in HIRAGANA else character
