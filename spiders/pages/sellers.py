"""Who sells, as a page tells it: the details that Japanese law wants (特定商取引法に基づく表記), and how one may pay.

Labels count at the beginning of a line or before a colon; what follows up to the end of the line, or stands in the
next cell, is the value. Single labels (a shop finder has 所在地, too) make no block: it takes the law's name, or a
seller's name and one thing more.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from spiders.pages.links import web_url
from spiders.pages.markup import Document
from spiders.pages.page_text import PageText

WINDOW = 240  # characters behind a label
LONGEST_VALUE = 160
MOST_MAILS = 20
MOST_BETWEEN = 12  # characters between 支払い方法 and the first way to pay
_LABELS = ("name", "address", "phone", "mail", "person")
_LINE_START = re.compile(r"(?:\A|\n)[\s■●◆◇・▼【\[(（<＜]{0,4}\Z")
_VALUE = re.compile(
    r"(?:の名称|の氏名|名称|名|番号|アドレス)?[ \u3000]?(?:[(（][^()（）\n]{1,20}[)）])?"
    r"(\s*+[】\])）>＞]?\s*+[:：]\s*+|[】\])）>＞]\s*+|[ \t\u3000]*+\n\s*+|[ \t\u3000]++)([^\n]{2,160})"
)
_LOCAL = re.compile(r"[A-Za-z0-9._%+-]{1,64}\Z")
_DOMAIN = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
_NOTHING = re.compile(r"[\s:：】)）>]*")
_ONLY = re.compile(r"\s?(?:のみ|だけ|限定|only)")
_WARNS = re.compile(r"の?(?:場合|サイト|お店|店|ショップ|通販|ところ)|[はもに]|[^\n]{0,12}注意")
_OTHER_WAYS = re.compile(
    r"カード|代引|代金引換|コンビニ|ペイ|pay(?!ment)|後払い|キャリア|電子マネー|visa|master|credit|現金|amazon|キャッシュ"
)


def read_seller(
    document: Document, text: PageText, anchors: Sequence[int], base: str, *, sells: bool
) -> dict[str, Any]:
    """Read who sells.

    Args:
        document: the page.
        text: its words.
        anchors: its `a` elements.
        base: what addresses are relative to.
        sells: there is something to buy; then any mail address counts as the seller's.

    Returns:
        As in `detector.page_facts.Seller`.
    """
    heading, link = _law(document, text, anchors, base)
    values = {label: _first(text, label) for label in _LABELS}
    told = sum(1 for label in ("address", "phone", "person") if values[label])
    # A page that links to the details elsewhere may still have a shop finder of its own.
    block = bool(values["name"] and told) or bool(heading and not link and (told or values["name"]))
    if not block:
        values = dict.fromkeys(_LABELS)
    elif values["mail"]:
        found = _MAIL.search(values["mail"].translate(_AT))
        values["mail"] = found[0] if found else None
    if not values["mail"] and (block or sells):
        values["mail"] = _any_mail(document, text, anchors)
    return {"heading": heading, "link": link, **values}


def read_transfer_only(text: PageText) -> str | None:
    """Return the words that leave bank transfer as the only way to pay; warnings of such shops are none."""
    ways = text.places("paying")
    for start, end in text.places("transfer"):
        after = text.lower[end : end + 24]
        only = _ONLY.match(after)
        if only:
            if not _WARNS.match(after[only.end() :]):
                return text.said(start, end + only.end())
            continue
        place = bisect_left(ways, (start, start))
        if (
            place
            and start - ways[place - 1][1] <= MOST_BETWEEN
            and _NOTHING.fullmatch(text.text[ways[place - 1][1] : start])
        ):
            around = text.lower[ways[place - 1][1] : end + 120]
            if not _OTHER_WAYS.search(around):
                return text.said(ways[place - 1][0], end)
    return None


def _law(document: Document, text: PageText, anchors: Sequence[int], base: str) -> tuple[str | None, str | None]:
    """Return the words that name the law, and where they lead, if they are a link."""
    places = text.places("law")
    if not places:
        return None, None
    starts = [start for start, _ in places]
    for index in anchors:
        first, last = text.span(index)
        place = bisect_left(starts, first)
        if place < len(starts) and starts[place] < last:
            target = web_url(document.elements[index].attributes.get("href", ""), base)
            if target:
                return text.said(first, min(last, first + 60)), target
    start, end = places[0]
    line = text.text[end : end + 20].partition("\n")[0]
    return text.said(start, end + len(line)).strip("】］])）"), None


def _first(text: PageText, label: str) -> str | None:
    """Return the first value of a label."""
    for start, end in text.places(label):
        match = _VALUE.match(text.text[end : end + WINDOW])
        if match is None:
            continue
        if not (match[1].strip() or _LINE_START.search(text.text[max(0, start - 6) : start])):
            continue
        value = _own(text, end + match.start(2), end + match.end(2))
        if len(value) > 1:
            return value[:LONGEST_VALUE]
    return None


def _own(text: PageText, start: int, end: int) -> str:
    """Return a value up to where the next label begins; nothing where it begins with one: cells of a form."""
    for label in (*_LABELS, "law"):
        places = text.places(label)
        place = bisect_left(places, (start, start))
        if place < len(places) and places[place][0] < end:
            other = places[place]
            follows = text.text[other[1] : other[1] + 4].lstrip("名番号】 \u3000")[:1]
            if other[0] == start or follows in (":", "："):
                end = other[0]
    return text.said(start, end).strip("】」)）:： ・|｜/")


_AT = str.maketrans({"＠": "@", "★": "@", "☆": "@", "．": "."})


def _any_mail(document: Document, text: PageText, anchors: Sequence[int]) -> str | None:
    for index in anchors:
        href = document.elements[index].attributes.get("href", "")[:300]
        if href[:7].lower() == "mailto:" and (found := _MAIL.match(href[7:].strip())):
            return found[0]
    for start, end in text.places("at")[:MOST_MAILS]:
        local = _LOCAL.search(text.text[max(0, start - 64) : start].rstrip(" "))
        domain = _DOMAIN.match(text.text[end : end + 130].lstrip(" "))
        if local and domain:
            return f"{local[0]}@{domain[0]}"
    return None
