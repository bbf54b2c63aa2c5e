"""Bytes -> text, when the declared encoding may be missing or wrong.

1. A byte order mark decides.
2. Text that is valid UTF-8 is UTF-8, whatever header and page say: other encodings are valid UTF-8 by accident only.
3. A declared encoding (argument first, then the bytes' own declaration) is used when it reads the text.
4. Otherwise ISO-2022-JP by its escapes, UTF-16 by its zero bytes, Shift_JIS or EUC-JP when that gives kana.
5. What is left is read as windows-1252, or as declared, with U+FFFD for what cannot be read.
"""

import re

from w3lib.encoding import resolve_encoding

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_DECLARED = re.compile(rb"""(?i)(?:charset|encoding)\s*+=\s*+["']?\s*+([a-z0-9_.:+-]{2,40})""")
_DECLARATION_BYTES = 4096  # browsers look at 1024; pages with long heads exist
# Text encodings only: Python's registry also holds compression, punycode and escape codecs.
_KNOWN = re.compile(r"utf-8|utf-16(-[lb]e)?|ascii|cp\d+|(iso8859|koi8)-\w+|(shift_|euc_|iso2022_|gb|big5|mac)\w+|johab")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_MOST_BROKEN = 0.1  # of non-ASCII characters; a page may mix in a few of another encoding
_KANA_SHARE = 0.05  # of non-ASCII characters; Japanese running text has 0.3 to 0.7, misread Latin text none


def decode(body: bytes, declared: str | None = None) -> tuple[str, str]:
    """Return (text without byte order mark, name of the encoding used); any bytes are read.

    Args:
        body: what was fetched; it may end in the middle of a character.
        declared: what the HTTP header or the configuration says; unknown names are ignored.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), name
    name = _choose(body, [name for name in (_resolve(declared), _resolve(_own_declaration(body))) if name])
    return body.decode(name, "replace"), name


def _choose(body: bytes, names: list[str]) -> str:
    if (wide := _wide(body)) is not None:
        return wide
    if b"\x1b$" in body or b"\x1b(" in body:
        names.insert(0, "iso2022_jp_ext")
    elif _reads(body, "utf-8"):
        return names[0] if names and body.isascii() and not names[0].startswith("utf-16") else "utf-8"
    for name in names:
        if not _single_byte(name) and _reads(body, name):
            return name
    return _japanese(body) or (names[0] if names else "cp1252")


def _resolve(name: str | None) -> str | None:
    resolved = resolve_encoding(name) if name else None
    return resolved if resolved and _KNOWN.fullmatch(resolved) else None


def _own_declaration(body: bytes) -> str | None:
    match = _DECLARED.search(body[:_DECLARATION_BYTES])
    return match[1].decode("ascii") if match else None


def _reads(body: bytes, name: str) -> bool:
    """Tell whether the bytes are valid, but for a character cut off at the end."""
    try:
        body.decode(name)
    except UnicodeDecodeError as error:
        return error.start > 0 and error.reason.startswith(("unexpected end", "incomplete"))
    return True


def _single_byte(name: str) -> bool:
    """Tell whether the encoding reads nearly any bytes, so that reading them proves nothing."""
    return name.startswith(("cp125", "iso8859", "koi8", "mac", "cp437", "cp85", "utf-16"))


def _wide(body: bytes) -> str | None:
    """Recognise UTF-16 without a mark: markup is ASCII, so every other byte of much of the text is zero."""
    head = body[:2048]
    low, high = head[0::2].count(0), head[1::2].count(0)
    if high > len(head) // 8 and high > 4 * low:
        return "utf-16-le"
    if low > len(head) // 8 and low > 4 * high:
        return "utf-16-be"
    return None


def _japanese(body: bytes) -> str | None:
    """Choose between Shift_JIS and EUC-JP; None when neither gives text with kana."""
    best, best_fault = None, _MOST_BROKEN
    for name in ("cp932", "euc_jp"):
        text = "".join(character for character in body.decode(name, "replace") if not character.isascii())
        # Misread text has none: kana of the one are half-width kana or broken in the other.
        if len(_KANA.findall(text)) < _KANA_SHARE * len(text):
            continue
        fault = text.count("\ufffd") / max(1, len(text))
        if fault < best_fault:
            best, best_fault = name, fault
    return best
