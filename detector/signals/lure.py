"""What the text does to its reader, by the words of the lexicons."""

import re
import unicodedata
from collections.abc import Iterator

from detector.evidence import TextSpan
from detector.signals.finding import Finding
from detector.view import ONE_MESSAGE, View

NOT_THE_BRAND = "no such call from the brand itself"
# A discount from which no maker sells; the campaign of 2025 in the press promised 80 %.
EXTREME_PERCENT: int = 70
_PERCENT = re.compile(r"([0-9０-９]{2})[%％] ?(?:(?:OFF|off|Off|ＯＦＦ|オフ)|(?:割?引))")
_TENTHS = re.compile(r"([7-9７-９])割(?:引|オフ|OFF)")


def _words(view: View, category: str) -> Iterator[Finding]:
    for hit in view.near(category):
        yield Finding(
            strength=1.0,
            observed=hit.seen,
            expected=NOT_THE_BRAND,
            where=TextSpan(text=hit.text, span=hit.span),
        )


def offer(view: View) -> Iterator[Finding]:
    """The text offers a discount or urges to buy."""
    yield from _words(view, "offer")


def clearance(view: View) -> Iterator[Finding]:
    """The text tells of a clearance, a closing shop or a discount that makers rarely give."""
    yield from _words(view, "clearance")
    for index, text in enumerate(view.item.texts):
        if len(text.text) > ONE_MESSAGE:
            continue
        for pattern, unit in ((_PERCENT, 1), (_TENTHS, 10)):
            for match in pattern.finditer(text.text):
                if int(unicodedata.normalize("NFKC", match[1])) * unit >= EXTREME_PERCENT:
                    where = TextSpan(text=index, span=match.span())
                    yield Finding(strength=1.0, observed=match[0], expected=NOT_THE_BRAND, where=where)


def giveaway(view: View) -> Iterator[Finding]:
    """The text promises a prize or a free product."""
    yield from _words(view, "giveaway")


def investment(view: View) -> Iterator[Finding]:
    """The text promises money, profit or paid side work."""
    yield from _words(view, "investment")


def threat(view: View) -> Iterator[Finding]:
    """The text threatens with a loss unless the reader acts."""
    yield from _words(view, "threat")


def credentials(view: View) -> Iterator[Finding]:
    """The text asks for identity, card or password."""
    yield from _words(view, "credentials")


def handoff(view: View) -> Iterator[Finding]:
    """The text leads the reader to a private chat."""
    yield from _words(view, "handoff")
