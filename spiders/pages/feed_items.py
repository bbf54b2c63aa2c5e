"""One row of a feed -> the Item's JSON object (`detector.items`), by a mapping of Item fields to columns.

Without a mapping the columns are recognised by their names. What no field takes stays in `raw`.
"""

import re
from collections.abc import Mapping
from datetime import tzinfo
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from spiders.pages.feed_formats import Row, at_path
from spiders.pages.links import LONGEST
from spiders.pages.times import read_time

FIELDS = frozenset(
    (
        *("id", "url", "title", "body", "description", "advertiser", "link", "image", "display_url"),
        *("seen_at", "first_shown", "publisher_url"),
    )
)
_KNOWN_NAMES = {
    "url": (
        "url",
        "uri",
        "page",
        "page_url",
        "phishing_url",
        "permalink",
        "domain",
        "host",
        "hostname",
        "fqdn",
        "ドメイン",
    ),
    "link": ("link", "landing_url", "landing_page", "click_url", "destination", "destination_url", "リンク"),
    "title": ("title", "subject", "headline", "name", "タイトル", "件名"),
    "body": ("body", "text", "content", "message", "本文"),
    "description": ("description", "summary", "comment", "説明"),
    "advertiser": ("advertiser", "advertiser_name", "page_name", "sponsor", "広告主"),
    "image": ("image", "image_url", "picture", "thumbnail", "画像"),
    "display_url": ("display_url",),
    "seen_at": (
        "seen_at",
        "date",
        "datetime",
        "timestamp",
        "time",
        "detected_at",
        "first_seen",
        "submission_time",
        "日時",
        "日付",
    ),
    "first_shown": ("first_shown", "published", "start_date"),
    "publisher_url": ("publisher_url", "publisher", "referrer", "placement"),
}
_ROLES = ("title", "body", "description")
_LONGEST_TEXT = 20_000  # characters of one field
_DEFANGED = (
    (re.compile(r"(?i)\Ahxxp(s?)\b"), r"http\1"),
    (re.compile(r"\[:(//)?\]|\[:\]"), r":\1"),
    (re.compile(r"(?i)\A(https?:)/{3,}"), r"\1//"),  # browsers read it so
    (re.compile(r"(?i)\[\.\]|\(\.\)|\[dot\]"), "."),
)
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9-]+\.[A-Za-z0-9.-]*[A-Za-z0-9](?:/[!-Z^-~]*)?")
_HOST_LIKE = re.compile(r"[^\s/:@?#]+[.。．｡][^\s/:@?#]+|\[[0-9a-fA-F:.]+\]")


class RowReader:
    """Turns rows into Items of one kind."""

    def __init__(self, kind: str, columns: Mapping[str, str], zone: tzinfo) -> None:
        """Check the mapping.

        Raises:
            ValueError: it names a field that a row cannot fill.
        """
        for field in columns:
            if field not in FIELDS:
                raise ValueError(f"columns.{field}: expected one of {', '.join(sorted(FIELDS))}")
        self._kind = kind
        self._columns = dict(columns)
        self._zone = zone
        self._guessed: dict[tuple[str, ...], dict[str, str]] = {}

    def read(self, row: Row) -> dict[str, Any] | None:
        """Return the Item's JSON object, None when the row has neither URL nor text."""
        columns = self._columns or self._guess(row)
        values = {field: _plain(at_path(row, column)) for field, column in columns.items()}
        used = {field for field, value in values.items() if value}
        listed = self._kind not in ("page", "domain") and isinstance(row.get("links"), list)
        item: dict[str, Any] = {"id": values.get("id", ""), "kind": self._kind}
        self._read_urls(item, values, used)
        if listed:
            links = [url for entry in row["links"] if isinstance(entry, str) and (url := read_url(entry))]
            item["links"] = list(dict.fromkeys([*item.get("links", []), *links]))
        self._read_times(item, values, used)
        texts = [{"role": role, "text": values[role][:_LONGEST_TEXT]} for role in _ROLES if values.get(role)]
        if texts:
            item["texts"] = texts
        if name := values.get("advertiser"):
            item["advertiser"] = {"name": name[:1000]}
        if not (item.get("url") or item.get("links") or texts):
            return None
        item["id"] = item["id"][:500] or self._fingerprint(item)
        kept = {columns[field] for field in used if len(values[field]) <= _LONGEST_TEXT}
        if listed and all(isinstance(entry, str) for entry in row["links"]):
            kept.add("links")
        if raw := {
            name: _sendable(value) for name, value in row.items() if name not in kept and value not in ("", None)
        }:
            item["raw"] = raw
        return item

    def _guess(self, row: Row) -> dict[str, str]:
        names = tuple(row)
        if names not in self._guessed and len(self._guessed) < 1000:
            by_name = {str(name).strip().lower().replace(" ", "_"): name for name in reversed(names)}
            found = {
                field: by_name[known]
                for field, knowns in _KNOWN_NAMES.items()
                for known in reversed(knowns)
                if known in by_name
            }
            if "url" not in found and "link" in found and self._kind in ("page", "domain"):
                found["url"] = found.pop("link")
            self._guessed[names] = found
        return self._guessed.get(names, {})

    def _read_urls(self, item: dict[str, Any], values: dict[str, str], used: set[str]) -> None:
        """Fill the URL fields; a value that is no URL or was written defanged stays in `raw`, too."""
        for field in ("url", "link", "image", "publisher_url"):
            value = values.get(field, "")
            url = read_url(value) if value else None
            if url != value:
                used.discard(field)
            if url:
                item.update({"link": {"links": [url]}, "image": {"images": [url]}}.get(field, {field: url}))
        if display := values.get("display_url"):
            item["display_url"] = display[:LONGEST]

    def _read_times(self, item: dict[str, Any], values: dict[str, str], used: set[str]) -> None:
        for field in ("seen_at", "first_shown"):
            moment = read_time(values[field], self._zone) if values.get(field) else None
            if moment is None:
                used.discard(field)
            else:
                item[field] = moment.isoformat().replace("+00:00", "Z")

    def _fingerprint(self, item: dict[str, Any]) -> str:
        """Make an id of kind and URL, or of the texts when there is no URL."""
        parts = [item["url"]] if item.get("url") else item.get("links") or [text["text"] for text in item["texts"]]
        return sha256("\n".join([self._kind, *parts]).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def read_url(value: str) -> str | None:
    """Return a URL or host as it would be opened, with defanging undone; None when it is neither."""
    url = value.strip()
    if _PLAIN_URL.fullmatch(url) and len(url) <= LONGEST:
        return url
    for pattern, plain in _DEFANGED:
        url = pattern.sub(plain, url)
    if len(url) > LONGEST or re.search(r"\s", url):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        named = parts.scheme in ("http", "https") and _HOST_LIKE.fullmatch(
            parts.netloc.rpartition("@")[2].partition(":")[0]
        )
    except ValueError:
        return None
    return url if named or (parts.netloc.startswith("[") and parts.hostname) else None


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None or isinstance(value, (dict, list, bool)) else str(value)


def _sendable(value: Any) -> Any:
    """Return the value with numbers too large for msgpack written as text."""
    if isinstance(value, dict):
        return {key: _sendable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sendable(inner) for inner in value]
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value
