"""Answer: what the parser of an API source returns from the sandbox, the same for every API.

Plain dictionaries, because they cross a process boundary.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import msgspec

FailureKind = Literal[
    "token", "rate_limited", "too_much", "bad_request", "transient", "blocked", "api_error"
]  # what the spider does next depends on it

LONGEST_SAID = 500  # characters of an API's own words that are told
MOST_VALUES = 50  # of one field
LONGEST_TEXT = 20_000  # characters of one text
LONGEST_RAW = 100_000  # bytes of a row that is kept as evidence
_BY_STATUS: dict[int, FailureKind] = {400: "bad_request", 401: "token", 403: "token", 404: "bad_request"}


class Failed(TypedDict):
    """Why an answer gives no rows."""

    kind: FailureKind
    says: str
    wait: float | None  # seconds after which to ask again, where the API tells


class Answer(TypedDict):
    """One page of an API."""

    items: list[dict[str, Any]]  # Item JSON objects
    rows: int  # how many there were, the malformed included
    bad: list[tuple[int, str]]  # number of a row from 1, and what is wrong with it
    next: Any  # what leads to the next page; None at the end
    filled: dict[str, int]  # Item field -> rows that had it
    failed: Failed | None
    usage: float | None  # percent of the budget that is used up, where the body tells


def answer(
    items: Sequence[Mapping[str, Any]],
    *,
    rows: int | None = None,
    bad: Sequence[tuple[int, str]] = (),
    next: Any = None,
    usage: float | None = None,
) -> Answer:
    """Return a page that was read; `filled` is counted from the items."""
    filled: dict[str, int] = {}
    for item in items:
        for field, value in item.items():
            if field != "raw" and value not in (None, "", [], {}):
                filled[field] = filled.get(field, 0) + 1
        for role in {text["role"] for text in item.get("texts", ())}:
            filled[role] = filled.get(role, 0) + 1
    return Answer(
        items=[dict(item) for item in items],
        rows=len(items) + len(bad) if rows is None else rows,
        bad=list(bad),
        next=next,
        filled=filled,
        failed=None,
        usage=usage,
    )


def failed(kind: FailureKind, says: str, *, wait: float | None = None) -> Answer:
    """Return a page that the API refused."""
    return Answer(
        items=[],
        rows=0,
        bad=[],
        next=None,
        filled={},
        failed=Failed(kind=kind, says=says[:LONGEST_SAID], wait=wait),
        usage=None,
    )


def failed_by_status(status: int, says: str = "") -> Answer:
    """Return a refusal of which only the status can be read."""
    kind: FailureKind = (
        "rate_limited" if status == 429 else "transient" if status >= 500 else _BY_STATUS.get(status, "api_error")
    )
    check = "; check the token that the configuration names" if kind == "token" else ""
    return failed(kind, f"answered {status}" + (f": {says}" if says else "") + check)


def read_json(body: bytes) -> Any:
    """Decode a body.

    Raises:
        ValueError: it is no JSON; the message says where it broke.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise ValueError(f"not JSON: {problem}") from problem


def word(value: Any) -> str:
    """Return one value as text, without surrounding space; numbers keep all their digits; lists and tables give ""."""
    if isinstance(value, str):
        return value.strip()
    return "" if value is None or isinstance(value, (dict, list, bool)) else str(value)


def listed(value: Any) -> list[str]:
    """Return a list of texts, or one text, as texts; what is empty or no text is left out."""
    values = value if isinstance(value, list) else [value]
    return [text for one in values[:MOST_VALUES] if (text := word(one)[:LONGEST_TEXT])]


def texts_of(role: str, values: Any) -> list[dict[str, str]]:
    """Return the `texts` of an item for one role, each text once."""
    return [{"role": role, "text": text} for text in dict.fromkeys(listed(values))]


def kept_row(row: Any) -> dict[str, Any]:
    """Return a row as evidence: numbers too large for the wire as text, nothing where it is too long."""
    kept = _sendable(row)
    return kept if isinstance(kept, dict) and len(msgspec.json.encode(kept)) <= LONGEST_RAW else {}


def _sendable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _sendable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sendable(inner) for inner in value]
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value
