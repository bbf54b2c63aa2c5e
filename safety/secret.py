"""Secret: a reference to a value that stays outside the configuration, the logs and every repr."""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

SHORTEST = 8  # characters of a secret that is looked for in text; shorter ones would be found in anything
MASK = "***"
_revealed: dict[str, re.Pattern[str]] = {}  # secret -> every spelling of it


def remember(value: str) -> None:
    """Keep a secret's words, so that `redact` finds them; also for tokens that an interface hands out."""
    for word in (value, *value.split()):
        if len(word) >= SHORTEST and word not in _revealed:
            # No backslash is taken before the first character: what is left of JSON would not be any.
            pattern = _spelt(word[0]) + "".join(rf"\\{{0,3}}{_spelt(character)}" for character in word[1:])
            _revealed[word] = re.compile(pattern)


def redact(text: str) -> str:
    """Return the text with every secret that this process has revealed replaced by `MASK`, however it is spelt."""
    for _, spelt in sorted(_revealed.items(), key=lambda pair: len(pair[0]), reverse=True):
        text = spelt.sub(MASK, text)
    return text


def _spelt(character: str) -> str:
    """Return the pattern of one character: as it is, as JSON may escape it, or percent-encoded, in an address within an
    address too.
    """
    if character.isascii() and character.isalnum():
        return character
    encoded = "".join(f"%(?:25)*{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    units = character.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\\{{1,3}}u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
    return rf"(?:{re.escape(character)}|(?i:{encoded}|{escaped}))"


class SecretError(Exception):
    """A referenced secret is not there. The message names the reference, never a value."""


class Secret:
    """A reference to a secret; printing it shows the reference only."""

    __slots__ = ("_base", "reference")

    def __init__(self, reference: str, base: Path | None = None) -> None:
        kind, _, name = reference.partition(":")
        if kind not in ("env", "file") or not name:
            raise ValueError("expected env:NAME or file:PATH; a secret is never written into the file itself")
        self.reference = reference
        self._base = base or Path()

    def reveal(self) -> str:
        """Return the value, without surrounding white space.

        Raises:
            SecretError: the variable is unset or empty, or the file cannot be read.
        """
        kind, _, name = self.reference.partition(":")
        if kind == "env":
            value = os.environ.get(name, "")
        else:
            try:
                value = (self._base / name).read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.__class__.__name__
                raise SecretError(f"{self.reference} cannot be read: {reason}") from None  # repr(error) has the bytes
        if not value.strip():
            raise SecretError(f"{self.reference} is not set")
        remember(value.strip())
        return value.strip()

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    def __str__(self) -> str:
        return self.reference

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(text: str, info: core_schema.ValidationInfo) -> "Secret":
            return cls(text, (info.context or {}).get("base"))

        return core_schema.with_info_after_validator_function(
            read,
            core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )
