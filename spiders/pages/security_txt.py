"""security.txt (RFC 9116): where a host takes reports. A signature around it is not checked. Pure; sandbox target."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

LONGEST = 65_536  # bytes that are read
MOST_CONTACTS = 10
LONGEST_CONTACT = 500  # characters
PATH = "/.well-known/security.txt"
_NONE = "no security.txt"


def parse_security(body: bytes) -> dict[str, Any]:
    """Read a security.txt.

    Returns:
        `contacts`: mail addresses without `mailto:`, `https:` URLs, `tel:` URIs, in their order, which is that of
        preference; `expires`: ISO 8601 with offset, or None; `error`: why there is nothing, "" where there is.
    """
    text = body[:LONGEST].decode("utf-8", "replace").removeprefix("\ufeff")
    contacts: dict[str, None] = {}
    expires: list[datetime | None] = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon or not value:
            continue
        if name == "contact" and (contact := _contact(value)) is not None and len(contacts) < MOST_CONTACTS:
            contacts[contact] = None
        elif name == "expires":
            expires.append(_moment(value))
    if not contacts:
        return {"contacts": [], "expires": None, "error": _NONE}
    ends = (
        expires[0].isoformat() if len(expires) == 1 and expires[0] is not None else None
    )  # one at most, section 2.5.5
    return {"contacts": list(contacts), "expires": ends, "error": ""}


def _contact(value: str) -> str | None:
    """Return a contact as it is used; None for what is none: a URI is asked for, a bare mail address is often given."""
    if len(value) > LONGEST_CONTACT or any(not character.isprintable() or character == " " for character in value):
        return None
    lower = value.lower()
    if lower.startswith("mailto:"):
        value = unquote(value[len("mailto:") :].partition("?")[0])
    elif lower.startswith(("https://", "tel:")):
        return value
    at = value.count("@") == 1 and "/" not in value and value.isprintable() and " " not in value
    return value if at and not value.startswith("@") and "." in value.rpartition("@")[2] else None


def _moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
