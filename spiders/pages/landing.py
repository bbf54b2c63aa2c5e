"""A page at the end of a journey: where it leads on by itself, and what it shows. A sandbox target."""

import re
from collections.abc import Iterator
from typing import Any

from detector.visits import LEAST_TEXT, simhash, text_hash
from spiders.pages.encoding import decode
from spiders.pages.linear import read_linear
from spiders.pages.links import web_url
from spiders.pages.markup import Document
from spiders.pages.parked import parked
from spiders.pages.publisher import MAX_HTML, page_of
from spiders.pages.reader import read_document
from spiders.pages.walls import wall

EXCERPT = 200  # characters
LONGEST_SCRIPT = 100_000  # characters of scripts that are looked through
# `location = "…"`, `location.href = '…'`, `location.replace("…")`: where a script that only leads on leads to.
_LEADS = re.compile(
    r"""(?:window|document|self|top|parent)?\.?location(?:\.href)?\s{0,5}(?:=\s{0,5}|\.(?:replace|assign)\(\s{0,5})["'`]([^"'`\s<>]{1,4000})["'`]"""
)
_MAY_LEAD = re.compile(r"\blocation\b|document\.write|innerHTML|atob\(|eval\(|fromCharCode|fetch\(|XMLHttpRequest")
_SCRIPT, _SCRIPT_END = re.compile(r"(?i)<script\b"), re.compile(r"(?i)</script")
_PADDING = (
    (re.compile("<!--"), re.compile("-->")),
    (_SCRIPT, re.compile(r"(?i)</script\b[^>]{0,100}>")),
    (re.compile(r"(?i)<style\b"), re.compile(r"(?i)</style\b[^>]{0,100}>")),
)
_REFRESH = re.compile(r"(?i)[\d.]{1,10} ?[;,] ?(?:url ?= ?)?[\"']?([^\"']{1,8000})")


def read_landing(
    body: bytes, *, url: str, asked: str, encoding: str | None = None, rendered: bool = False, linear: bool = False
) -> dict[str, Any]:
    """Read a page; any bytes give a result.

    Args:
        body: the response.
        url: where it came from.
        asked: the link that the journey began with.
        encoding: what the HTTP header says.
        rendered: a browser ran its scripts: it leads no further, and hides nothing that a browser shows.
        linear: read it more simply, because reading it took too long.

    Returns:
        `landing`: `title`, `text` and `shape` (SimHash), `length`, `wall`, `parked`, `scripted`, `degraded`; `next`
        (absolute address that the page leads on to by itself, or None) and `how` ("refresh" or "script"); `page`: what
        `page_of` reads of it, where it leads no further.
    """
    long = len(body) > MAX_HTML
    text, _ = decode(body if long else body[:MAX_HTML], encoding)
    text = lean(text)[:MAX_HTML] if long else text
    document = read_linear(text) if linear else read_document(text)
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
            "excerpt": words[:EXCERPT],
            "wall": wall(document, title, url=url, asked=asked),
            "parked": parked(document, title, words, url),
            "scripted": scripted and not rendered,
            "degraded": document.degraded or long or linear,
        },
        "next": None if rendered else following,
        "how": how,
        "page": page_of(document, text, url=url, asked=asked) if rendered or following is None else None,
    }


def _scripts(text: str) -> str:
    """Return what stands in script elements, its first `LONGEST_SCRIPT` characters; in time linear to the text."""
    found: list[str] = []
    size = 0
    begin = _SCRIPT.search(text)
    while begin is not None and size < LONGEST_SCRIPT:
        start = text.find(">", begin.end()) + 1
        end = _SCRIPT_END.search(text, start) if start else None
        if end is None:
            break
        found.append(text[start : end.start()][: LONGEST_SCRIPT - size])
        size += len(found[-1])
        begin = _SCRIPT.search(text, end.end())
    return "\n".join(found)


def lean(text: str) -> str:
    """Return a long page without comments, scripts and styles: they may be there to push the rest out of sight."""
    for opens, closes in _PADDING:
        parts: list[str] = []
        start = 0
        begin = opens.search(text)
        while begin is not None:
            parts.append(text[start : begin.start()])
            end = closes.search(text, begin.end())
            start = end.end() if end is not None else len(text)
            begin = opens.search(text, start)
        text = "".join((*parts, text[start:]))
    return text


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
