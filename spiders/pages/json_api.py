"""An answer of a JSON API -> items, the way to the next page, and what the API says is wrong. A sandbox target.

What stands where is told in JMESPath (jmespath.org), so that a team adds a source without code.
"""

from collections.abc import Mapping
from datetime import UTC
from hashlib import sha256
from typing import Any

import jmespath

from spiders.pages.answers import Answer, answer, failed, failed_by_status, kept_row, read_json, word
from spiders.pages.links import LONGEST
from spiders.pages.times import read_time

TEXTS = ("title", "body", "caption", "description", "cta", "name")
LISTS = ("links", "images", "videos", "countries", "platforms")
WORDS = ("id", "url", "display_url", "publisher_url", "first_shown", "last_shown", "seen_at")
SENDER = {"advertiser": "name", "advertiser_id": "id", "payer": "payer"}
FIELDS = frozenset((*TEXTS, *LISTS, *WORDS, *SENDER))

MORE = "true"  # what stands for the next page where an answer only says that there is one
MOST_ROWS = 5000  # of one answer
MOST_VALUES = 50  # of one field
LONGEST_TEXT = 20_000  # characters of one text


def parse_answer(
    body: bytes,
    *,
    items: str,
    fields: Mapping[str, str],
    next: str | None = None,
    error: str | None = None,
    kind: str = "ad",
    platform: str | None = None,
    status: int = 200,
) -> Answer:
    """Read one answer.

    Args:
        body: JSON.
        items: path of the list of rows.
        fields: field of `FIELDS` -> path in a row.
        next: path of the next page's URL or token, or of `true` where there is a next page.
        error: path of what an answer says when it failed, whatever its status.
        kind: of the items.
        platform: of the items.
        status: of the answer.

    Raises:
        ValueError: the body is no JSON, or there is no list where the rows should be; the message says so.
    """
    try:
        parsed = read_json(body)
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    says = word(_at(error, parsed)) if error else ""
    if status >= 400:
        return failed_by_status(status, says)
    if says:
        return failed("api_error", f"answered {status}, but says: {says}")
    rows = _at(items, parsed)
    said = _at(next, parsed)
    following = MORE if said is True else word(said) or None
    if rows is None and following is None and isinstance(parsed, dict):
        raise ValueError(f"nothing at items = {items!r}; the answer has {', '.join(sorted(map(str, parsed))[:10])}")
    if rows is not None and not isinstance(rows, list):
        raise ValueError(f"items = {items!r} is no list")
    paths = {field: jmespath.compile(path) for field, path in fields.items()}
    found, bad = [], []
    for number, row in enumerate((rows or [])[:MOST_ROWS], 1):
        item = _item(row, {field: path.search(row) for field, path in paths.items()}, kind, platform)
        if item is None:
            bad.append((number, "has neither id, address nor text"))
        else:
            found.append(item)
    return answer(found, rows=len(rows or []), bad=bad, next=following)


def _at(path: str | None, value: Any) -> Any:
    return None if path is None else jmespath.search(path, value)


def _item(row: Any, values: Mapping[str, Any], kind: str, platform: str | None) -> dict[str, Any] | None:
    words = {field: word(values.get(field))[:LONGEST] for field in WORDS}
    lists = {field: _list(values.get(field)) for field in LISTS}
    texts = [
        {"role": role, "text": text[:LONGEST_TEXT]} for role in TEXTS for text in dict.fromkeys(_list(values.get(role)))
    ]
    identity = words["id"] or words["url"] or " ".join(lists["links"]) or " ".join(text["text"] for text in texts)
    if not identity:
        return None
    if not words["id"]:
        words["id"] = sha256(f"{kind} {identity}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    moment = read_time(words["seen_at"], UTC) if words["seen_at"] else None
    item: dict[str, Any] = {**{field: word for field, word in words.items() if word}, "kind": kind, "texts": texts}
    item |= {field: list(dict.fromkeys(found)) for field, found in lists.items() if found}
    item["id"] = item["id"][:500]
    item.pop("seen_at", None)
    if moment is not None:
        item["seen_at"] = moment.isoformat().replace("+00:00", "Z")
    if platform:
        item["platform"] = platform
    sender = {name: word(values.get(field))[:1000] for field, name in SENDER.items() if word(values.get(field))}
    if sender:
        item["advertiser"] = sender
    return {**item, "raw": kept_row(row)}


def _list(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text[:LONGEST_TEXT] for one in values[:MOST_VALUES] if (text := word(one))]
