"""The words of the board: a message file for each room of it and language; times as the team's zone has them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Words:
    """The messages of one language, by dotted key."""

    language: Language
    messages: Mapping[str, str]
    zone: ZoneInfo

    def __call__(self, key: str, **values: object) -> str:
        """Return a message with its places filled; a key that is missing is a mistake of ours."""
        return self.messages[key].format(**values)

    def get(self, key: str, otherwise: str) -> str:
        """Return a message about something that others name, e.g. a signal, if there is one."""
        return self.messages.get(key, otherwise)

    def moment(self, at: datetime) -> str:
        """Write a moment in the team's zone: "2026-11-30 17:05"."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")

    def ago(self, since: timedelta) -> str:
        """Write how long ago something was, in the largest unit that fits: "3 h", "5日"."""
        seconds = max(0, int(since.total_seconds()))
        for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
            if seconds >= size:
                return self(f"base.ago.{unit}", count=seconds // size)
        return self("base.ago.now")

    def count(self, number: int) -> str:
        """Write a count: "12,345"."""
        return f"{number:,}"


def words(language: Language, zone: ZoneInfo) -> Words:
    """Return the words of a language."""
    return Words(language, messages(language), zone)


@cache
def messages(language: Language) -> Mapping[str, str]:
    """Read the files `ROOM.LANGUAGE.toml`: `key = "…"` of the room's file is "room.key"."""
    found: dict[str, str] = {}
    for file in sorted(resources.files("board.words").iterdir(), key=lambda one: one.name):
        room, dot, rest = file.name.partition(".")
        if dot and rest == f"{language}.toml":
            found |= dict(_flat(f"{room}.", tomllib.loads(file.read_text("utf-8"))))
    return found


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in table.items():
        rows += _flat(f"{prefix}{name}.", value) if isinstance(value, dict) else [(prefix + name, value)]
    return rows
