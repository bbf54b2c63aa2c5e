"""RSS, Atom and RDF -> rows by feedparser, which forgives what feeds do wrong. Nothing is fetched or expanded."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import feedparser

from spiders.pages.feed_formats import Row
from spiders.pages.outline import Outline
from spiders.pages.reader import read_document

_ROOT = re.compile(r"<[A-Za-z]")
_OWN_TYPE = re.compile(r"(?i)<!(?:ENTITY|DOCTYPE[^<>\[]*\[)")
_MOST_LINKS = 50


def read_xml(text: str, url: str) -> Iterator[tuple[int, Row | str]]:
    """Yield one row for each entry: link, title, description, body, author, published, guid, image, links.

    The number counts entries. HTML in texts is reduced to what a reader sees; `links` are where it leads.

    Raises:
        ValueError: it is no feed, or it declares entities.
    """
    root = _ROOT.search(text)
    if root is None:
        raise ValueError("the text is no RSS, Atom or RDF feed")
    if _OWN_TYPE.search(text[: root.start()]):
        raise ValueError("the feed declares entities or a document type of its own")
    parsed = feedparser.parse(
        BytesIO(text[root.start() :].encode("utf-8", "replace")),  # without declaration and document type
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.entries and not parsed.version:
        raise ValueError("the text is no RSS, Atom or RDF feed")
    for number, entry in enumerate(parsed.entries, 1):
        yield number, _row(entry, url)


def _row(entry: Any, url: str) -> Row:
    content = "\n".join(part.get("value", "") for part in entry.get("content", []))
    summary = entry.get("summary", "")
    row = {
        "link": entry.get("link", ""),
        "title": _seen(entry.get("title", "")),
        "description": _seen(summary),
        "body": "" if content == summary else _seen(content),
        "author": entry.get("author", ""),
        "published": entry.get("published") or entry.get("updated", ""),
        "guid": entry.get("id", ""),
        "image": _image(entry),
        "links": _links(content or summary, entry.get("link") or url),
    }
    return {name: value for name, value in row.items() if value}


def _seen(markup: str) -> str:
    """Return the text of an HTML fragment; plain text comes back as it is, with single spaces."""
    if "<" not in markup:
        return " ".join(markup.split())
    document = read_document(markup)
    return document.text(0, len(document.texts))


def _links(markup: str, base: str) -> list[str]:
    if "<" not in markup:
        return []
    return list(dict.fromkeys(Outline(read_document(markup), base).targets.values()))[:_MOST_LINKS]


def _image(entry: Any) -> str:
    pictures = [*entry.get("media_content", []), *entry.get("media_thumbnail", [])]
    pictures += [link for link in entry.get("links", []) if link.get("type", "").startswith("image/")]
    return next((url for picture in pictures if (url := picture.get("url") or picture.get("href"))), "")
