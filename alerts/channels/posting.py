"""What channels that post JSON share: the body, the headers, the answer."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
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


def within(limit: int, counts: Sequence[int], texts: Texts, build: Callable[[Texts, int], Message]) -> Message:
    """Return the first message of `build(texts, count)` whose JSON has at most `limit` bytes.

    A team's own templates that write more than the service takes give way to the shipped ones, which do not.
    """
    for count in counts:
        message = build(texts, count)
        if len(as_json(message)) <= limit:
            return message
    return build(texts.as_shipped(f"write more than the {limit} bytes of a message"), counts[-1])


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
