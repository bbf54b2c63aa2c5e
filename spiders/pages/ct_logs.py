"""A list of Certificate Transparency logs -> the logs worth watching. A sandbox target.

Browsers publish theirs as JSON (https://www.gstatic.com/ct/log_list/v3/log_list.json): logs of RFC 6962 and static
("tiled") ones by operator, each with its state and, mostly, with the span in which the certificates it takes must end.
"""

from datetime import datetime
from typing import Any, Literal

from spiders.pages.answers import read_json, word
from spiders.pages.posts import rows_of, table

_TAKEN_IN = ("usable", "qualified")  # states in which new certificates come in


def parse_log_list(body: bytes, *, api: Literal["static", "rfc6962"], now: str) -> list[dict[str, str]]:
    """Return the logs of one interface that new certificates may still come into.

    Args:
        api: which of the two interfaces.
        now: ISO time; a log that takes only certificates that have ended by then is left out.

    Returns:
        `url` (for monitoring, without a slash at its end) and `name` of each.

    Raises:
        ValueError: it is no such list.
    """
    operators = table(read_json(body)).get("operators")
    if not isinstance(operators, list):
        raise ValueError("no `operators` in the list of logs")
    kind, address = ("tiled_logs", "monitoring_url") if api == "static" else ("logs", "url")
    found = {}
    for operator in map(table, operators):
        for log in map(table, rows_of(operator.get(kind))):
            url = word(log.get(address)).rstrip("/")
            if url and _open(log, datetime.fromisoformat(now)):
                found[url] = {"url": url, "name": word(log.get("description")) or url}
    return list(found.values())


def _open(log: dict[str, Any], now: datetime) -> bool:
    state = table(log.get("state"))
    if state and not any(name in state for name in _TAKEN_IN):
        return False
    end = word(table(log.get("temporal_interval")).get("end_exclusive"))
    try:
        return not end or datetime.fromisoformat(end) > now
    except (ValueError, TypeError):
        return True  # a span that cannot be read hides no log
