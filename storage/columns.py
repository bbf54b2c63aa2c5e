"""Column types that behave the same on SQLite and PostgreSQL.

Hostile text holds what PostgreSQL refuses (NUL) and what neither driver can encode (unpaired surrogates);
evidence must not lose it, so such text is stored behind a marker with escapes and read back unchanged. Times
are UTC and aware, always.
"""

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

_MARKER = "\\escaped:"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

RowId = BigInteger().with_variant(Integer(), "sqlite")


def escape(text: str) -> str:
    """Return the stored form of any text: itself unless it holds NUL or unpaired surrogates."""
    if _UNSTORABLE.search(text) or text.startswith(_MARKER):
        return _MARKER + text.encode("unicode_escape").decode("ascii")
    return text


def unescape(stored: str) -> str:
    """Return the text whose stored form this is."""
    if stored.startswith(_MARKER):
        return stored.removeprefix(_MARKER).encode("ascii").decode("unicode_escape")
    return stored


class AnyText(TypeDecorator[str]):
    """Text of any content, NUL and unpaired surrogates included. Equal texts have equal stored forms."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else unescape(value)


class JsonText(TypeDecorator[Any]):
    """JSON as text, as it was written: never queried into, so no database type may reorder or refuse it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else escape(to_json(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(unescape(value))


def to_json(value: Any) -> str:
    """Write builtins as compact JSON text, unpaired surrogates left as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes.

    Raises:
        ValueError: a naive datetime is bound.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware datetime, got {value.isoformat()}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def digest_of(value: Any) -> str:
    """Return the SHA-256 (hex) of builtins: equal values, whatever the order of their keys, digest alike."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
