"""An answer of a JSON API -> items, the way to the next page, and what the API says is wrong. A sandbox target.

What stands where is told in JMESPath (jmespath.org), so that a team adds a source without code.
"""

from collections.abc import Mapping
from datetime import UTC
from hashlib import sha256
from typing import Any

import jmespath
import msgspec

from spiders.pages.links import LONGEST
from spiders.pages.times import read_time

TEXTS = ("title", "body", "caption", "description", "cta", "name")
LISTS = ("links", "images", "videos", "countries", "platforms")
WORDS = ("id", "url", "display_url", "publisher_url", "first_shown", "last_shown", "seen_at")
SENDER = {"advertiser": "name", "advertiser_id": "id", "payer": "payer"}
FIELDS = frozenset((*TEXTS, *LISTS, *WORDS, *SENDER))

MOST_ROWS = 5000  # of one answer
MOST_VALUES = 50  # of one field
LONGEST_TEXT = 20_000  # characters of one text
LONGEST_RAW = 100_000  # bytes of a row that is kept as evidence


def parse_answer(
    body: bytes,
    *,
    items: str,
    fields: Mapping[str, str],
    next: str | None = None,
    error: str | None = None,
    kind: str = "ad",
    platform: str | None = None,
) -> dict[str, Any]:
    """Read one answer.

    Args:
        body: JSON.
        items: path of the list of rows.
        fields: field of `FIELDS` -> path in a row.
        next: path of the next page's URL or token.
        error: path of what an answer says when it failed although its status was 200.
        kind: of the items.
        platform: of the items.

    Returns:
        `items` (Item JSON objects), `rows` (how many there were), `bad` (number of a row from 1, and what is wrong
        with it), `next` (text or None), `error` (text or None), `filled` (field -> rows that had it).

    Raises:
        ValueError: the body is no JSON, or there is no list where the rows should be; the message says so.
    """
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise ValueError(f"not JSON: {problem}") from problem
    failed = _word(_at(error, answer)) if error else ""
    rows = _at(items, answer)
    if failed:
        return {"items": [], "rows": 0, "bad": [], "next": None, "error": failed[:500], "filled": {}}
    if rows is None and _at(next, answer) is None and isinstance(answer, dict):
        raise ValueError(f"nothing at items = {items!r}; the answer has {', '.join(sorted(map(str, answer))[:10])}")
    if rows is not None and not isinstance(rows, list):
        raise ValueError(f"items = {items!r} is no list")
    paths = {field: jmespath.compile(path) for field, path in fields.items()}
    found, bad, filled = [], [], dict.fromkeys(fields, 0)
    for number, row in enumerate((rows or [])[:MOST_ROWS], 1):
        values = {field: path.search(row) for field, path in paths.items()}
        for field, value in values.items():
            filled[field] += value not in (None, "", [], {})
        item = _item(row, values, kind, platform)
        if item is None:
            bad.append([number, "has neither id, address nor text"])
        else:
            found.append(item)
    following = _word(_at(next, answer)) or None
    return {"items": found, "rows": len(rows or []), "bad": bad, "next": following, "error": None, "filled": filled}


def _at(path: str | None, value: Any) -> Any:
    return None if path is None else jmespath.search(path, value)


def _item(row: Any, values: Mapping[str, Any], kind: str, platform: str | None) -> dict[str, Any] | None:
    words = {field: _word(values.get(field))[:LONGEST] for field in WORDS}
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
    sender = {name: _word(values.get(field))[:1000] for field, name in SENDER.items() if _word(values.get(field))}
    if sender:
        item["advertiser"] = sender
    raw = _sendable(row)
    if isinstance(raw, dict) and len(msgspec.json.encode(raw)) <= LONGEST_RAW:
        item["raw"] = raw
    return item


def _word(value: Any) -> str:
    """Return one value as text; numbers keep all their digits."""
    if isinstance(value, str):
        return value.strip()
    return "" if value is None or isinstance(value, (dict, list, bool)) else str(value)


def _list(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [word[:LONGEST_TEXT] for one in values[:MOST_VALUES] if (word := _word(one))]


def _sendable(value: Any) -> Any:
    """Return the value with numbers too large for msgpack written as text."""
    if isinstance(value, dict):
        return {str(key): _sendable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sendable(inner) for inner in value]
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value
