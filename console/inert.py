"""What strangers wrote, as it may stand on a terminal: nothing acts, nothing is hidden, nothing is a link."""

import re

from safety.screen import defang_text, screen

_LIVE = re.compile(r"(?i)\b(?:https?|ftp)(?=://)")
_INERT = {"http": "hxxp", "https": "hxxps", "ftp": "fxp"}


def inert(text: str, *, limit: int | None = None) -> str:
    """Return running text, or a piece of one, screened and with its links defanged.

    A scheme alone is defanged, too: the rest of its link may stand in the next piece, marked.
    """
    return _LIVE.sub(lambda match: _INERT[match[0].lower()], defang_text(screen(text, limit=limit)))
