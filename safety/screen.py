"""Text made safe to show: on a terminal, in a log line, a chat, a mail.

What an advertiser or a phishing page wrote may carry escape sequences, change the reading direction, hide
text in invisible characters, or be a link that someone clicks. `screen` shows such characters as `\\u{202E}`;
`defang` and `defang_text` write links so that nothing follows them and people can still read them.
"""

import json
import re
import unicodedata

# Cc: controls; Cf: direction, joiners, tags; Co, Cn: no agreed look; Cs: no text; Zl, Zp: line breaks.
_UNSAFE = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
# Letters and marks that draw nothing (Unicode 16, Default_Ignorable_Code_Point), and the empty Braille cell.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f]")
# What almost all text is made of and is shown as it stands: ASCII, kana, kanji, full and half width, emoji; no marks.
_PLAIN = re.compile(
    "[ -~\u3000-\u3029\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uff01-\uff9f\U0001f300-\U0001f64f\U00020000-\U0002a6d6]+"
)
_KEYCAPS = frozenset("#*0123456789")
_MOST_MARKS = 8  # on one character; no writing system stacks more, and a flood overwrites the lines around it


def screen(text: str, *, limit: int | None = None, lines: bool = False) -> str:
    """Return the text with every character that could mislead or control shown as an escape.

    Args:
        text: anything, unpaired surrogates included.
        limit: longest result in characters; more is cut and ends in `…`, never inside an escape.
        lines: keep line feeds and tabs; carriage returns become line feeds.
    """
    if lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text or ((limit is None or len(text) <= limit) and _PLAIN.fullmatch(text)):
        return text
    shown: list[str] = []
    size = marks = at = 0
    before = ""
    while at < len(text):
        run = _PLAIN.match(text, at, len(text) if limit is None else at + limit + 1)
        if run is not None:
            plain = run[0]
            shown.extend(plain if limit is not None else (plain,))
            before, marks, size, at = plain[-1], 0, size + len(plain), run.end()
        else:
            character = text[at]
            marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
            safe = marks <= _MOST_MARKS and _visible(character, before)
            piece = character if safe or (lines and character in "\n\t") else f"\\u{{{ord(character):X}}}"
            shown.append(piece)
            before, size, at = character, size + len(piece), at + 1
        if limit is not None and size > limit:
            return _cut(shown, size, limit)
    return "".join(shown)


class _JsonEscapes(dict[int, str]):
    """What `str.translate` puts in place of a character, worked out when it first comes."""

    def __missing__(self, number: int) -> str:
        character = chr(number)
        shown = character if character == "\n" or _visible(character, "") else json.dumps(character)[1:-1]
        if number < 0x10000:  # the rest is rare, and all of it would be a million entries
            self[number] = shown
        return shown


_json_escapes = _JsonEscapes()


def screen_json(text: bytes) -> bytes:
    """Return JSON of the same value in which what could mislead or control a terminal is written as `\\u202e`."""
    return text.decode().translate(_json_escapes).encode()


def _visible(character: str, before: str) -> bool:
    if character.isascii():
        return character.isprintable()
    if _VARIATION.match(character):  # picks the look of an emoji or ideograph; after anything else it hides data
        return before in _KEYCAPS if before.isascii() else unicodedata.category(before) in ("So", "Sm", "Lo")
    return character not in _BLANK and unicodedata.category(character) not in _UNSAFE


def _cut(shown: list[str], size: int, limit: int) -> str:
    while shown and size > limit - 1:
        size -= len(shown.pop())
    return "".join(shown) + "…" if limit > 0 else ""


_LIVE = {"http": "hxxp", "https": "hxxps", "ftp": "fxp"}
_INERT = frozenset(_LIVE.values())
_DOTS = str.maketrans(dict.fromkeys(".。．｡", "[.]"))  # what a browser takes for a dot in a host (UTS #46)
# Scheme (none with a dot: that is a host with a port), slashes of either kind, authority.
_HEAD = re.compile(r"\A(?:([A-Za-z][A-Za-z0-9+-]*)(?::|\[:\]))?([/\\]*)([^/\\?#]*)")
_NESTED_SCHEME = re.compile(r"(?i)(?:https?|ftp)(?=:)")
_NESTED_AUTHORITY = re.compile(r"(?<=//)[^/\\?#&]+")
# In running text: a URL, an IPv4 address, or a dot that a top-level domain may follow. Hosts end in marks (कमी.com), in
# emoji, in variation selectors that resolvers drop, so all that is not ASCII may stand before the dot. Every part is
# bounded or consumes what it reads, so that hostile text takes linear time.
_LINK = re.compile(
    r"(?P<url>[A-Za-z][A-Za-z0-9+.-]{0,15}://[^\s<>\"'「」（）、。]+)"
    r"|(?P<ipv4>(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d))"
    r"|(?P<dot>(?<=[\w\u0080-\U0010ffff-])[.．](?=[^\W\d_](?:[^\W\d_]|[^\x00-\x7f]))"
    r"|(?<=[A-Za-z0-9-])[。｡](?=[A-Za-z]{2}))"
)


def defang(url: str) -> str:
    """Return a URL, host or address that nothing turns into a link: `hxxps://shop[.]example/path`.

    Scheme and authority change, also those of a URL that stands in path or query; the rest stays as it is,
    apart from what `screen` escapes. Doing it twice changes nothing more.
    """
    text = screen(url)
    head = _HEAD.match(text)
    assert head is not None  # every part may be empty
    scheme, slashes, authority = head.groups(default="")
    inert = _LIVE.get(scheme.lower(), scheme)
    colon = "" if not scheme else ":" if slashes and inert.lower() in _INERT else "[:]"
    rest = _NESTED_AUTHORITY.sub(lambda match: _inert(match[0]), text[head.end() :])
    rest = _NESTED_SCHEME.sub(lambda match: _LIVE[match[0].lower()], _inert(authority) + rest)
    return f"{inert}{colon}{slashes}{rest}"


def _inert(authority: str) -> str:
    return authority.replace("[.]", ".").replace("[@]", "@").translate(_DOTS).replace("@", "[@]")


def defang_text(text: str) -> str:
    """Return running text with every URL and all that looks like a domain or address defanged.

    It escapes control characters inside URLs only: `screen` the text first.
    """
    return _LINK.sub(lambda link: defang(link[0]) if link["url"] else link[0].translate(_DOTS), text)
