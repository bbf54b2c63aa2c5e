"""A page at the end of a journey: where it leads on by itself, and what it shows. A sandbox target."""

import re
from collections.abc import Iterator
from typing import Any

from detector.visits import LEAST_TEXT, simhash, text_hash
from spiders.pages.encoding import decode
from spiders.pages.links import web_url
from spiders.pages.markup import Document
from spiders.pages.parked import parked
from spiders.pages.publisher import MAX_HTML, page_of
from spiders.pages.reader import read_document
from spiders.pages.walls import wall

LONGEST_SCRIPT = 100_000  # characters of scripts that are looked through
# `location = "…"`, `location.href = '…'`, `location.replace("…")`: where a script that only leads on leads to.
_LEADS = re.compile(
    r"""(?:window|document|self|top|parent)?\.?location(?:\.href)?\s{0,5}(?:=\s{0,5}|\.(?:replace|assign)\(\s{0,5})["'`]([^"'`\s<>]{1,4000})["'`]"""
)
_MAY_LEAD = re.compile(r"\blocation\b|document\.write|innerHTML|atob\(|eval\(|fromCharCode|fetch\(|XMLHttpRequest")
_REFRESH = re.compile(r"(?i)[\d.]{1,10} ?[;,] ?(?:url ?= ?)?[\"']?([^\"']{1,8000})")


def read_landing(
    body: bytes, *, url: str, asked: str, encoding: str | None = None, rendered: bool = False
) -> dict[str, Any]:
    """Read a page; any bytes give a result.

    Args:
        body: the response.
        url: where it came from.
        asked: the link that the journey began with.
        encoding: what the HTTP header says.
        rendered: a browser ran its scripts: it leads no further, and hides nothing that a browser shows.

    Returns:
        `landing`: `title`, `text` and `shape` (SimHash), `length`, `wall`, `parked`, `scripted`, `degraded`; `next`
        (absolute address that the page leads on to by itself, or None) and `how` ("refresh" or "script"); `page`: what
        `page_of` reads of it, where it leads no further.
    """
    text, _ = decode(body[:MAX_HTML], encoding)
    document = read_document(text)
    words = " ".join("".join(document.texts).split())
    title = next(
        (
            " ".join(document.text_of(number).split())[:500]
            for number, one in enumerate(document.elements)
            if one.tag == "title"
        ),
        "",
    )
    scripts = _scripts(text)
    following, how = _leads_on(document, scripts, url, short=len(words) < LEAST_TEXT * 5)
    may_lead = bool(_MAY_LEAD.search(scripts))
    scripted = (len(words) < LEAST_TEXT and "<script" in text.lower()) or (may_lead and "setTimeout" in scripts)
    return {
        "landing": {
            "title": title,
            "text": text_hash(words),
            "shape": simhash(_shape(document)),
            "length": len(words),
            "wall": wall(document, title, url=url, asked=asked),
            "parked": parked(document, title, words, url),
            "scripted": scripted and not rendered,
            "degraded": document.degraded,
        },
        "next": None if rendered else following,
        "how": how,
        "page": page_of(document, text, url=url, asked=asked) if rendered or following is None else None,
    }


def _scripts(text: str) -> str:
    found = re.findall(r"(?is)<script\b[^>]{0,2000}>(.{0,100000}?)</script", text)
    return "\n".join(found)[:LONGEST_SCRIPT]


def _leads_on(document: Document, scripts: str, url: str, *, short: bool) -> tuple[str | None, str | None]:
    for element in document.elements:
        if element.tag == "meta" and element.attributes.get("http-equiv", "").lower() == "refresh":
            match = _REFRESH.match(element.attributes.get("content", "").strip())
            target = web_url(match[1], url) if match else None
            if target and target != url:
                return target, "refresh"
    # A page with something to say may mention addresses in its scripts; one without says only where it leads.
    match = _LEADS.search(scripts) if short else None
    target = web_url(match[1].replace("\\/", "/"), url) if match else None
    return (target, "script") if target and target != url else (None, None)


def _shape(document: Document) -> Iterator[str]:
    """Yield each element with its parent and first class: what a page is built of, whatever it says."""
    elements = document.elements
    for element in elements:
        above = elements[element.parent].tag if element.parent >= 0 else ""
        yield f"{above}>{element.tag}.{element.classes[0] if element.classes else ''}"
