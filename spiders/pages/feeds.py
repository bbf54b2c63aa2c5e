"""A feed of URLs, posts or news -> Items: RSS, Atom, RDF, CSV, JSON lines, plain URL lists.

Called through the sandbox with bytes, returns builtin values. A line that cannot be used is listed with its number and
costs nothing else.
"""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from spiders.pages.encoding import decode
from spiders.pages.feed_formats import detect, read_csv, read_json_lines, read_urls
from spiders.pages.feed_items import RowReader
from spiders.pages.feed_xml import read_xml

RSS_COLUMNS = {
    "url": "link",
    "title": "title",
    "description": "description",
    "body": "body",
    "image": "image",
    "first_shown": "published",
}
MAX_BAD = 1000  # lines that are listed; all are counted


def parse_feed(
    body: bytes,
    *,
    format: str = "auto",
    item: str = "page",
    columns: dict[str, str] | None = None,
    delimiter: str = ",",
    encoding: str | None = None,
    time_zone: str = "UTC",
    url: str = "",
) -> dict[str, Any]:
    """Read a feed.

    Args:
        body: the whole file.
        format: "auto", "rss", "csv", "jsonl" or "urls".
        item: kind of the Items.
        columns: Item field (`feed_items.FIELDS`) -> column name (CSV), dotted path (JSON lines) or entry field (RSS:
            `feed_xml.read_xml`). Empty recognises columns by their names.
        delimiter: of a CSV.
        encoding: what the configuration or the HTTP header says.
        time_zone: IANA name, for times that carry none.
        url: where the feed came from; relative links in RSS are resolved against it.

    Returns:
        {"format": as read, "encoding": as used, "rows": [Item JSON objects], "bad": [{"line", "why"}], "bad_count"};
        for RSS the line is the entry's number.

    Raises:
        ValueError: a setting is wrong, a mapped column is missing, or the body is no feed of this format.
    """
    text, used = decode(body, encoding)
    format = detect(text) if format == "auto" else format
    columns = columns or (RSS_COLUMNS if format == "rss" else {})
    reader = RowReader(item, columns, _zone(time_zone))
    if format == "rss":
        lines = read_xml(text, url)
    elif format == "csv":
        lines = read_csv(text, delimiter, columns.values())
    elif format == "jsonl":
        lines = read_json_lines(text)
    elif format == "urls":
        lines = read_urls(text)
    else:
        raise ValueError(f"format: expected auto, rss, csv, jsonl or urls, got {format[:40]!r}")
    rows: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    bad_count = 0
    for line, row in lines:
        read = row if isinstance(row, str) else reader.read(row) or "neither URL nor text"
        if not isinstance(read, str):
            rows.append(read)
            continue
        bad_count += 1
        if len(bad) < MAX_BAD:
            bad.append({"line": line, "why": " ".join(read.split())[:300]})
    return {"format": format, "encoding": used, "rows": rows, "bad": bad, "bad_count": bad_count}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"time_zone: there is no time zone {name[:60]!r}") from None
