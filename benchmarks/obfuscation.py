"""Ways to hide a name from filters, as sellers of fakes use them. Knows nothing of the detector's tables.

Each way takes a name and a random generator, and returns the hidden name, or None where the way cannot change it. The
same seed gives the same names.
"""

import unicodedata
from collections.abc import Callable, Mapping
from random import Random

Way = Callable[[str, Random], str | None]

_CYRILLIC = dict(zip("aAeEoOpPcCyYxXiIsSjJkKMTBHhdqw", "аАеЕоОрРсСуУхХіІѕЅјЈкКМТВНһԁԛԝ", strict=True))
_GREEK = dict(zip("aAoOvuiIkKBEZHMNPTXYn", "αΑοΟνυιΙκΚΒΕΖΗΜΝΡΤΧΥη", strict=True))
_CAPITALS = dict(zip("abcdefghijklmnoprstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", strict=True))
_LEET = {"a": "4@", "e": "3", "i": "1!", "l": "1|", "o": "0", "s": "5$", "t": "7", "b": "8", "g": "9", "z": "2"}
_HALF = dict(
    zip(
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンァィゥェォャュョッー",
        "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｧｨｩｪｫｬｭｮｯｰ",
        strict=True,
    )
)
_HALF_MARKS = {"\u3099": "ﾞ", "\u309a": "ﾟ"}
_KANJI = dict(zip("ロカニエハトタオチミー", "口力二工八卜夕才千三一", strict=True))
_CHINESE = dict(zip("電機楽東銀車証運険業", "电机乐东银车证运险业", strict=True))
_SMALL = dict(zip("アイウエオツヤユヨワ", "ァィゥェォッャュョヮ", strict=True))
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u2063"
_SIGNS = ".・-_*/~|★◆♪·'"


def _each(name: str, table: Mapping[str, str], draw: Random, least: int = 1) -> str | None:
    """Replace a random half of the letters that the table knows, at least one."""
    places = [at for at, letter in enumerate(name) if letter in table]
    if len(places) < least:
        return None
    chosen = set(draw.sample(places, draw.randint(least, max(least, (len(places) + 1) // 2))))
    return "".join(draw.choice(table[letter]) if at in chosen else letter for at, letter in enumerate(name))


def _between(name: str, signs: str, draw: Random, *, every: bool) -> str | None:
    gaps = [at for at in range(1, len(name)) if not (name[at - 1].isspace() or name[at].isspace())]
    if len(gaps) < 2:
        return None
    sign = draw.choice(signs)
    chosen = set(gaps if every else draw.sample(gaps, draw.randint(1, len(gaps))))
    return "".join((sign if at in chosen else "") + letter for at, letter in enumerate(name))


def cyrillic(name: str, draw: Random) -> str | None:
    return _each(name, _CYRILLIC, draw)


def greek(name: str, draw: Random) -> str | None:
    return _each(name, _GREEK, draw)


def small_capitals(name: str, _: Random) -> str | None:
    return "".join(_CAPITALS.get(letter, letter) for letter in name.lower()) if name.isascii() else None


def decorated(name: str, draw: Random) -> str | None:
    """Write Latin letters in mathematical type, circles or black boxes."""
    if not name.isascii():
        return None
    start = draw.choice((0x1D41A, 0x1D44E + 26 * 2, 0x1D5BA, 0x1D68A, 0x24D0, 0x1F170))
    return "".join(chr(start + ord(letter) - 97) if letter.isalpha() else letter for letter in name.lower())


def width(name: str, _: Random) -> str | None:
    """Write Latin letters in full width and katakana in half width."""
    out = []
    for letter in unicodedata.normalize("NFD", name):
        if "!" <= letter <= "~":
            out.append(chr(ord(letter) + 0xFEE0))
        else:
            out.append(_HALF_MARKS.get(letter, _HALF.get(letter, letter)))
    written = "".join(out)
    return written if written != name else None


def spaced(name: str, draw: Random) -> str | None:
    return _between(name, " \u3000\u2009\u00a0", draw, every=True)


def zero_width(name: str, draw: Random) -> str | None:
    return _between(name, _INVISIBLE, draw, every=False)


def signs(name: str, draw: Random) -> str | None:
    return _between(name, _SIGNS, draw, every=True)


def leet(name: str, draw: Random) -> str | None:
    return _each(name, _LEET | {key.upper(): value for key, value in _LEET.items()}, draw)


def kanji(name: str, draw: Random) -> str | None:
    return _each(name, _KANJI, draw)


def chinese(name: str, draw: Random) -> str | None:
    return _each(name, _CHINESE, draw)


def no_long_vowel(name: str, _: Random) -> str | None:
    return name.replace("ー", "") if "ー" in name else None


def small_kana(name: str, draw: Random) -> str | None:
    return _each(name, _SMALL, draw)


def kana_switch(name: str, _: Random) -> str | None:
    """Write katakana as hiragana and the other way round."""
    out = []
    for letter in name:
        if "ァ" <= letter <= "ヶ":
            out.append(chr(ord(letter) - 0x60))
        elif "ぁ" <= letter <= "ゖ":
            out.append(chr(ord(letter) + 0x60))
        else:
            out.append(letter)
    written = "".join(out)
    return written if written != name else None


WAYS: Mapping[str, Way] = {
    "Cyrillic letters": cyrillic,
    "Greek letters": greek,
    "small capitals": small_capitals,
    "decorated letters": decorated,
    "other width": width,
    "spaced out": spaced,
    "zero-width characters": zero_width,
    "signs between letters": signs,
    "leet": leet,
    "kanji for kana": kanji,
    "Chinese forms": chinese,
    "long vowel dropped": no_long_vowel,
    "small kana": small_kana,
    "other kana": kana_switch,
}
# Ways that can follow each other on one name.
_FIRST = ("Cyrillic letters", "Greek letters", "leet", "kanji for kana", "Chinese forms", "small kana", "other kana")
_SECOND = ("spaced out", "zero-width characters", "signs between letters", "other width", "Cyrillic letters")
_SWAPS = {"n": "m", "m": "n", "o": "a", "i": "e", "e": "a", "a": "e", "u": "o", "k": "c", "r": "l", "s": "z"}


def mixed(name: str, draw: Random) -> str | None:
    """Hide a name in two ways at once."""
    first = [written for way in _FIRST if (written := WAYS[way](name, draw)) is not None]
    if not first:
        return None
    once = draw.choice(first)
    second = [written for way in _SECOND if (written := WAYS[way](once, draw)) not in (None, once)]
    return draw.choice(second) if second else None


def misspelt(name: str, draw: Random) -> str | None:
    """Make one slip inside a name of six Latin letters or five kana: a letter wrong, missing, doubled or swapped."""
    inner = [
        at
        for at in range(1, len(name) - 1)
        if name[at - 1 : at + 2].isalpha() and (name[at].isascii() or "ァ" <= name[at] <= "ヶ")
    ]
    least = 6 if name.isascii() else 5
    if sum(map(str.isalpha, name)) < least or not inner:
        return None
    at = draw.choice(inner)
    kind = draw.choice(("wrong", "missing", "doubled", "swapped"))
    letter = name[at]
    if kind == "wrong":
        other = _SWAPS.get(letter.lower(), "x") if letter.isascii() else {"ン": "ソ", "シ": "ツ"}.get(letter, "ラ")
        written = name[:at] + other + name[at + 1 :]
    elif kind == "missing":
        written = name[:at] + name[at + 1 :]
    elif kind == "doubled":
        written = name[:at] + letter + name[at:]
    else:
        written = name[:at] + name[at + 1] + letter + name[at + 2 :]
    return written if written != name else None
