"""Text -> lines that fit a width: Japanese breaks between characters, but not before 。 nor after 「 (kinsoku); words
stay whole where they can, addresses break after a slash or anywhere. Pure, linear in the length of the text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# JIS X 4051: what may not begin a line (closing brackets, stops, small kana, marks of repetition), and what may not end
# one (opening brackets, signs before a figure).
NOT_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々〻ー―’”）〕］｝〉》」』】〙〗〟»"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ％‰℃°′″…‥,.:;!?)]}%\u3099\u309a"
)
NOT_LAST = frozenset("（〔［｛〈《「『【〘〖〝‘“«￥＄＃＠([{¥$#@")
_BACK = 6  # most pieces that a line gives to the next for a rule
_AFTER = frozenset(
    [*"/?&=,;:._", "[.]"]
)  # where an address is broken first; never after "-", which would read as a hyphen
_FILLED = 0.6  # of a line: as much stays filled when an address is broken at such a place
# An escape stays whole, so does a dot that was made inert; then words, spaces, and one character at a time.
_PIECE = re.compile(
    r"\[U\+[0-9A-F]{4,6}\]|\\u\{[0-9A-F]{1,6}\}| +"
    r"|(?:[!-Z^-~\u00a1-\u024f\u0370-\u052f\u1e00-\u1eff\u2010\u2011\u2018\u2019\u201c\u201d]|\[[.:@]\])+|[\s\S]"
)
_LETTER = re.compile(r"\[[.:@]\]|[\s\S]")  # what a word too long to stay whole is made of
_LONG_ADDRESS = 0.6  # of a line: a longer one is broken where it stands, rather than leaving most of a line empty

Width = Callable[[str], float]


def lines_of(text: str, room: float, width: Width) -> list[str]:
    """Return the lines of a text; at least one, and no line is wider than the room unless a single character is.

    Args:
        text: line feeds begin a new line.
        room: width of a line, in the unit of `width`.
        width: the width of one character.
    """
    return [line for part in text.split("\n") for line in _broken(part, room, width)]


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    size: float
    loose: bool = False  # a letter of a word too long to stay whole


def _broken(text: str, room: float, width: Width) -> Iterator[str]:
    line: list[_Piece] = []
    used, full = 0.0, False  # full: a space at its end did not fit, so that nothing after it belongs to the line
    for piece in _pieces(text, room, width):
        if used and (full or used + piece.size > room):
            if piece.text.isspace():
                full = True
                continue
            split = len(line) if full else _split(line, piece, room)
            yield _joined(line[:split])
            line, full = line[split:], False
            while line and line[0].text.isspace():
                del line[0]
            used = sum(one.size for one in line)
        line.append(piece)
        used += piece.size
    yield _joined(line)


def _joined(line: list[_Piece]) -> str:
    return "".join(piece.text for piece in line).rstrip(" ")


def _pieces(text: str, room: float, width: Width) -> Iterator[_Piece]:
    for found in _PIECE.finditer(text):
        size = sum(map(width, found[0]))
        if len(found[0]) > 1 and size > room * (_LONG_ADDRESS if "/" in found[0] else 1):
            for letter in _LETTER.findall(found[0]):
                yield _Piece(letter, sum(map(width, letter)), loose=True)
        else:
            yield _Piece(found[0], size)


def _split(line: list[_Piece], following: _Piece, room: float) -> int:
    """Return how many pieces the line keeps, so that no rule is broken; all of them where none can be kept."""
    if following.loose and line and line[-1].loose:
        return _split_word(line, following, room)
    split = len(line)
    for _ in range(_BACK):
        if split <= 1:
            break
        last = line[split - 1]
        if following.text not in NOT_FIRST and last.text[-1] not in NOT_LAST:
            return split
        split, following = split - 1, last
    return len(line)


def _split_word(line: list[_Piece], following: _Piece, room: float) -> int:
    left = sum(piece.size for piece in line)
    for split in range(len(line), 1, -1):
        last = line[split - 1]
        if left < room * _FILLED:
            break
        if not last.loose:
            return split  # before the word
        if last.text in _AFTER and following.text not in _AFTER:
            return split
        left, following = left - last.size, last
    return len(line)
