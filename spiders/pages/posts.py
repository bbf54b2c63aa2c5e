"""What the posts of all social platforms have in common: from their fields to an Item."""

import html
import re
from collections.abc import Iterable
from typing import Any

from detector.items import Kind
from spiders.pages.answers import kept_row, listed, texts_of
from spiders.pages.links import LONGEST

_URL = re.compile(r"https?://[^\s<>\"'）」】、。]{4,4000}")


def post(
    identity: str,
    *,
    kind: Kind,
    platform: str,
    row: Any,
    url: str = "",
    author: tuple[str, str] = ("", ""),
    title: str = "",
    body: str = "",
    links: Iterable[Any] = (),
    images: Iterable[Any] = (),
    shown: str = "",
) -> dict[str, Any]:
    """Return an Item JSON object; links written in the words count, too.

    Args:
        identity: the platform's id, as text.
        kind: "post" or "comment".
        platform: lower case.
        row: as it came, kept as evidence.
        url: where people see it.
        author: id and name.
        title: of a video; "" elsewhere.
        body: the words.
        links: exact link targets, where the platform tells them.
        images: addresses.
        shown: when it was posted, as the platform writes it.
    """
    sender = {"id": author[0], "name": author[1]}
    written = [match[0].rstrip(".,;:!?)") for match in _URL.finditer(f"{title} {body}")]
    targets = [*listed(list(links)), *written]
    item: dict[str, Any] = {
        "id": identity,
        "kind": kind,
        "platform": platform,
        "url": url,
        "advertiser": {name: value for name, value in sender.items() if value},
        "texts": [*texts_of("title", title), *texts_of("body", body)],
        "links": [link for link in dict.fromkeys(targets) if len(link) <= LONGEST and link.startswith("http")],
        "images": [picture for picture in dict.fromkeys(listed(list(images))) if picture.startswith("http")],
        "first_shown": shown,
        "raw": kept_row(row),
    }
    return {name: value for name, value in item.items() if value}


def unescaped(text: str) -> str:
    """Return a text that was escaped for HTML as people see it."""
    return html.unescape(text)


def table(value: Any) -> dict[str, Any]:
    """Return a JSON table, or an empty one."""
    return value if isinstance(value, dict) else {}


def rows_of(value: Any) -> list[Any]:
    """Return a JSON list, or an empty one."""
    return value if isinstance(value, list) else []
