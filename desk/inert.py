"""What strangers wrote, as it may stand on a terminal: nothing acts, nothing is hidden, nothing is a link."""

import re

from detector.evidence import Evidence, expects_file
from safety.screen import defang, defang_text, screen

URL_LIMIT = 2000  # characters of a URL that are looked at; a hostile one may have megabytes
_LIVE = re.compile(r"(?i)\b(?:https?|ftp)(?=://)")
_INERT = {"http": "hxxp", "https": "hxxps", "ftp": "fxp"}
# What makes a link out of what stands before it and behind it: the colon of a scheme, the dot of a host.
_JOINT = re.compile(r"(?<=[A-Za-z0-9]):(?=//)|(?<=[\w\u0080-\U0010ffff-])[.．](?=[^\W\d_](?:[^\W\d_]|[^\x00-\x7f]))")
_REACH = 6  # characters from a joint that decide what it is: `https` and the colon


def inert(text: str, *, limit: int | None = None, lines: bool = False) -> str:
    """Return running text, or a piece of one, screened and with its links defanged; with `lines` its lines stay.

    A scheme alone is defanged, too: the rest of its link may stand in the next piece, marked.
    """
    return _LIVE.sub(lambda match: _INERT[match[0].lower()], defang_text(screen(text, limit=limit, lines=lines)))


def inert_url(url: str, *, limit: int) -> str:
    """Return a URL, a host or an address screened and defanged."""
    return screen(defang(url[:URL_LIMIT]), limit=limit)


def inert_expected(evidence: Evidence, *, limit: int) -> str:
    """Return what evidence expects as `inert` does; the name of a file of our own stays as it is."""
    return screen(evidence.expected, limit=limit) if expects_file(evidence) else inert(evidence.expected, limit=limit)


def inert_part(text: str, first: int, last: int) -> str:
    """Return a part of running text as `inert` does, so that the parts give no link again when they stand in a row."""
    parts: list[str] = []
    at = first
    for joint in _JOINT.finditer(text, first, last + 3):  # what stands behind the part decides, too
        if joint.start() >= last:
            break
        if joint.start() < first + _REACH or joint.start() >= last - _REACH:
            parts += [text[at : joint.start()], f"[{':' if joint[0] == ':' else '.'}]"]
            at = joint.end()
    return inert("".join([*parts, text[at:last]]))
