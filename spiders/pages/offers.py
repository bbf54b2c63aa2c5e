"""What a page asks for its goods, and how it hurries: prices struck out, discounts, what is left, countdowns."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from spiders.pages.markup import Document
from spiders.pages.page_text import PageText, Span

MOST_PAIRS, MOST_DISCOUNTS, MOST_STOCK, MOST_COUNTDOWNS = 20, 20, 10, 10
NEAR = 120  # characters from a price struck out to the one that counts
BEFORE = 12  # from 定価 to the price it belongs to
LONGEST_ARROW = 24
MOST_STRUCK = 300
STRUCK = frozenset(("s", "del", "strike"))
_HIGHEST = 1_000_000_000

_NUMBER = r"\d[\d,，]{0,12}(?:\.\d{1,2})?"
_AFTER_SIGN = re.compile(rf"\s?({_NUMBER})")
_BEFORE_UNIT = re.compile(rf"(?:(\d{{1,4}})\s?万\s?)?({_NUMBER})?\s?\Z")
_YEN = frozenset(("円", "¥", "￥"))
_UNITS = frozenset(("円", "usd", "ドル"))
_ARROW = re.compile(r"\s{0,9}(?:→|⇒|▶|➡|->|=>|>>|↓){1,4}\s{0,9}")
_STRUCK_CLASS = re.compile(
    r"(?i)(?:old|was|list|regular|before|compare|original|origin|market|normal|retail|del|strike)[-_]{0,2}(?:at[-_]?)?price"
    r"|price[-_]{0,2}(?:old|was|list|regular|before|compare|original|origin|del|strike)|line-?through|strikethrough"
)
_CLOCK_CLASS = re.compile(r"(?i)(?<![a-z])(?:count[-_]?down|timer)(?![a-z])")
_PERCENT_BEFORE = re.compile(r"(最大|up to|upto)?\s{0,3}(-|−|▲|save|約)?\s?(\d{1,2})\s?\Z")
_PERCENT_AFTER = re.compile(r"\s?(?:off|オフ|ｏｆｆ|引|割引|ディスカウント|discount)")
_TENTHS = re.compile(r"(最大)?\s?([1-9１-９])\Z")
_LEFT = re.compile(r"\s?(?:あと|わずか|僅か|数)?\s?[:：]?\s?(\d{1,5})\s?(?:点|個|台|セット|枚|本|名|箱|着|足|袋|組)")
_FEW = re.compile(r"\s?(?:わずか|僅か|僅少|少)")
_LEFT_BEFORE = re.compile(r"(?:only|just)\s(\d{1,4})\s?(?:items?|units?|pieces?|pcs)?\Z")
_LEFT_AFTER = re.compile(r"\s(?:in stock|at this price)")
_SOME = re.compile(r"(\d{1,4})\s?(?:items?|units?|pieces?|pcs)?\Z")
_CLOCK = re.compile(
    r"[^\n\d]{0,4}\d{1,3}\s?(?:(?::\s?\d{1,2}){1,3}|時間|日\s?\d{1,2}\s?時間|分\s?\d{1,2}\s?秒|h\b|hours?)"
)
_HURRIES = frozenset(("本日限り", "本日終了", "24時間限定", "ends tonight", "offer expires"))


@dataclass(frozen=True, slots=True)
class _Amount:
    start: int
    end: int
    value: float
    currency: str


def read_offers(document: Document, text: PageText, marked: Sequence[int]) -> dict[str, Any]:
    """Read prices and pressure.

    Args:
        document: the page.
        text: its words.
        marked: elements that may be struck out or count down, by tag, class or style.

    Returns:
        `prices`, `discounts`, `stock`, `countdowns`, `priced`: as in `detector.page_facts.PageFacts`.
    """
    amounts = _amounts(text)
    pairs = _pairs(text, amounts, _struck(document, text, marked) if amounts else [])
    clocks = (_clock_class(document, index) for index in marked)
    countdowns = dict.fromkeys((*_countdowns(text), *(clock for clock in clocks if clock)))
    return {
        "prices": list(_unlike(pairs, MOST_PAIRS)),
        "discounts": list(_unlike(_discounts(text), MOST_DISCOUNTS)),
        "stock": list(_unlike(_stock(text), MOST_STOCK)),
        "countdowns": list(countdowns)[:MOST_COUNTDOWNS],
        "priced": amounts[0].currency if amounts else None,
    }


def may_count(attributes: dict[str, str]) -> bool:
    """Tell whether an element may be a price struck out or a countdown; cheap, for every element of a page."""
    kind = attributes.get("class") or attributes.get("id") or ""
    if "rice" in kind or "ountdown" in kind or "ount-down" in kind or "imer" in kind or "hrough" in kind:
        return True
    return "style" in attributes and "line-through" in attributes["style"]


def _unlike(rows: Iterable[dict[str, Any]], most: int) -> Iterator[dict[str, Any]]:
    """Yield the first rows, each said once."""
    seen = set()
    for row in rows:
        if row["seen"] not in seen:
            seen.add(row["seen"])
            yield row
            if len(seen) == most:
                return


def _amounts(text: PageText) -> list[_Amount]:
    found = []
    last = -1
    for start, end in text.places("price"):
        word = text.lower[start:end]
        currency = "JPY" if word in _YEN else "USD"
        if word in _UNITS:
            window = max(0, start - 24, last)
            match = _BEFORE_UNIT.search(text.text[window:start])
            if match is None or not (match[1] or match[2]):
                continue
            value = int(match[1] or 0) * 10_000 + _value(match[2] or "0")
            amount = _Amount(window + match.start(), end, value, currency)
        else:
            after = _AFTER_SIGN.match(text.text[end : end + 20])
            if after is None:
                continue
            amount = _Amount(start, end + after.end(), _value(after[1]), currency)
        if 0 < amount.value < _HIGHEST:
            found.append(amount)
            last = amount.end
    return found


def _value(number: str) -> float:
    return float(number.replace(",", "").replace("，", ""))


def _struck(document: Document, text: PageText, marked: Sequence[int]) -> list[Span]:
    found = []
    for index in marked[:MOST_STRUCK]:
        element = document.elements[index]
        kind = f"{element.attributes.get('class', '')} {element.attributes.get('style', '')}"
        if element.tag in STRUCK or _STRUCK_CLASS.search(kind[:400]):
            found.append(text.span(index))
    return sorted(found)


def _pairs(text: PageText, amounts: Sequence[_Amount], struck: Sequence[Span]) -> Iterator[dict[str, Any]]:
    """Yield prices that are said to have been, each with the price beside it that counts."""
    were = [_inside(amount, struck) or _named(amount, text) for amount in amounts]
    for number, (one, other) in enumerate(pairwise(amounts)):
        between = other.start - one.end
        if (
            one.value > other.value
            and 0 < between <= LONGEST_ARROW
            and _ARROW.fullmatch(text.text[one.end : other.start])
        ):
            were[number] = True
    for number, was in enumerate(amounts):
        if not were[number]:
            continue
        now = _beside(number, amounts, were)
        if now is not None:
            start, end = min(was.start, now.start), max(was.end, now.end)
            yield {"was": was.value, "now": now.value, "currency": was.currency, "seen": text.said(start, end)}


def _inside(amount: _Amount, spans: Sequence[Span]) -> bool:
    place = bisect_left(spans, (amount.start + 1, -1))
    return any(start <= amount.start and amount.end <= end for start, end in spans[max(0, place - 3) : place])


def _named(amount: _Amount, text: PageText) -> bool:
    """Tell whether 定価 or a word like it stands before a price."""
    places = text.places("was")
    place = bisect_left(places, (amount.start, amount.start))
    if not place:
        return False
    end = places[place - 1][1]
    between = text.text[end : amount.start]
    return amount.start - end <= BEFORE and not any(letter.isdigit() for letter in between)


def _beside(number: int, amounts: Sequence[_Amount], were: Sequence[bool]) -> _Amount | None:
    was = amounts[number]
    for other in (number + 1, number - 1):
        if 0 <= other < len(amounts) and not were[other]:
            now = amounts[other]
            near = now.start - was.end if other > number else was.start - now.end
            if near <= NEAR and now.currency == was.currency and now.value < was.value:
                return now
    return None


def _discounts(text: PageText) -> Iterator[dict[str, Any]]:
    for start, end in text.places("percent"):
        before = text.lower[max(0, start - 16) : start]
        if text.lower[start] == "割":
            tenths = _TENTHS.search(before)
            if tenths:
                first = start - len(tenths[0])
                yield {
                    "percent": 10 * int(tenths[2]),
                    "seen": text.said(first, end),
                    "up_to": bool(tenths[1]),
                }
            continue
        match = _PERCENT_BEFORE.search(before)
        after = _PERCENT_AFTER.match(text.lower[end : end + 12])
        if match and (after or match[2] in ("-", "−", "▲", "save")) and int(match[3]):
            first = start - len(match[0])
            seen = text.said(first, end + (after.end() if after else 0))
            yield {"percent": int(match[3]), "seen": seen, "up_to": bool(match[1])}


def _stock(text: PageText) -> Iterator[dict[str, Any]]:
    for start, end in text.places("stock"):
        after = text.lower[end : end + 24]
        if text.lower[start:end] == " left":
            before = text.lower[max(0, start - 24) : start]
            match = _LEFT_BEFORE.search(before)
            stocked = _LEFT_AFTER.match(after)
            if match or (stocked and (match := _SOME.search(before))):
                first, last = start - len(match[0]), end + (stocked.end() if stocked else 0)
                yield {"left": int(match[1]), "seen": text.said(first, last)}
            continue
        word = text.lower[start:end]
        if word in ("在庫わずか", "在庫僅少"):
            yield {"left": None, "seen": text.said(start, end)}
        elif match := _LEFT.match(after):
            yield {"left": int(match[1]), "seen": text.said(start, end + match.end())}
        elif match := _FEW.match(after):
            yield {"left": None, "seen": text.said(start, end + match.end())}


def _countdowns(text: PageText) -> Iterator[str]:
    places = (*text.places("countdown"), *text.places("stock"))
    for start, end in places:
        word = text.lower[start:end]
        clock = _CLOCK.match(text.lower[end : end + 32]) if word != " left" else None
        if clock:
            yield text.said(start, end + clock.end())
        elif word in _HURRIES:
            yield text.said(start, end)


def _clock_class(document: Document, index: int) -> str | None:
    attributes = document.elements[index].attributes
    kind = (attributes.get("class") or attributes.get("id") or "")[:200]
    return f'class="{" ".join(kind.split())[:80]}"' if _CLOCK_CLASS.search(kind) else None
