"""What channels that post JSON share: the body, the headers, the answer."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from alerts.delivery import Receipt, check
from alerts.gate import Answer
from alerts.message import Alert
from alerts.texts import Texts

Message = TypeVar("Message", bound=dict[str, Any])

_COLOURS = {"impersonation": "#b42318", "suspicious": "#b54708"}
JSON: Mapping[str, str] = {"Content-Type": "application/json", "User-Agent": "mekiki"}


def as_json(message: Any) -> bytes:
    """Write JSON in UTF-8, which counts least where bytes are limited; equal messages give equal bytes."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def within(limit: int, counts: Iterable[int], build: Callable[[int], Message]) -> Message:
    """Return the first message of `build(count)` whose JSON has at most `limit` bytes, else the last one."""
    message = None
    for count in counts:
        message = build(count)
        if len(as_json(message)) <= limit:
            break
    assert message is not None  # counts are never empty
    return message


def with_query(url: str, **parameters: str) -> str:
    """Return a URL with more parameters; what stands in it stays as it is, because it may be signed."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


def colour(alert: Alert) -> str:
    """Return how grave it is as `#rrggbb`."""
    decision = alert.case.decision if alert.case else ""
    return _COLOURS.get(decision, "#344054")


def read_json(answer: Answer) -> dict[str, Any]:
    """Read the beginning of an answer, which is hostile; nothing where it is no JSON object."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def receipt_of(receiver: str, answer: Answer, texts: Texts, *, now: datetime, code: str = "") -> Receipt:
    """Turn an answer into a Receipt that tells what went wrong with a team's own templates.

    Raises:
        DeliveryError: for every status but 2xx.
    """
    return dataclasses.replace(check(receiver, answer, now=now, code=code), problem=texts.problem)
