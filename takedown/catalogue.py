"""Catalogue: the channels that are shipped, and a team's own; one with a shipped key takes its place.

A file holds `[[channel]]` tables, as `takedown.channel.Channel` describes them. Flow: read every file -> check each
entry -> a team's own take the places of shipped ones -> check what entries say of each other. Every problem is told
at once, with its file and key path.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from rapidfuzz import fuzz, process

from config import Config
from config.loading import in_words
from config.notice_templates import KINDS as TEMPLATES
from config.problems import ConfigError, Problem
from takedown.actor import Actor
from takedown.channel import CONTACT, MAIL_ADDRESS, Api, Channel
from takedown.errors import UnknownChannel
from takedown.fitting import fitting

SHIPPED = Path(__file__).parent / "channels"
_ADAPTER = TypeAdapter(Channel)


class Catalogue:
    """All channels, by key."""

    def __init__(self, channels: Mapping[str, Channel], files: Mapping[str, Path] | None = None) -> None:
        self._channels = dict(channels)
        self._files = dict(files or {})

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, key: object) -> bool:
        return key in self._channels

    def get(self, key: str) -> Channel:
        """Return the channel.

        Raises:
            UnknownChannel: there is none of this key; the message names the nearest one.
        """
        if key in self._channels:
            return self._channels[key]
        raise UnknownChannel(f"there is no channel {key!r}{_near(key, self._channels)} (all: mekiki takedown channels)")

    def find(self, key: str) -> Channel | None:
        """Return the channel; None where the catalogue has it no more, e.g. that of an old notice."""
        return self._channels.get(key)

    def answer_within(self, key: str) -> timedelta | None:
        """Return within which time a channel answers; None where nobody says, or it is there no more."""
        channel = self.find(key)
        return channel.answer.within if channel is not None and channel.answer is not None else None

    def file_of(self, key: str) -> Path | None:
        """Return where the entry stands; None for one that was not read from a file."""
        return self._files.get(key)

    def fitting(self, actor: Actor) -> tuple[Channel, ...]:
        """Return the channels that fit an actor, best first (`takedown.fitting`)."""
        return fitting(self, actor)


def load_catalogue(own: Path | None) -> Catalogue:
    """Read the shipped entries and those of a team's own folder.

    Raises:
        ConfigError: with every problem found.
    """
    if own is None:
        return _shipped()
    entries, wrong = _read_folder(own)
    return _catalogue(_shipped_entries() | entries, wrong)


@cache
def _shipped() -> Catalogue:
    return _catalogue(_shipped_entries(), [])


@cache
def _shipped_entries() -> "dict[str, _Entry]":
    """Return what came with the program, which stays as it is as long as that runs."""
    entries, wrong = _read_folder(SHIPPED)
    if wrong:
        raise ConfigError(wrong)
    return entries


def _catalogue(entries: "Mapping[str, _Entry]", wrong: list[Problem]) -> Catalogue:
    for channel, file, where in entries.values():
        wrong += [Problem(str(file), f"{where}.{key}", says) for key, says in _contradictions(channel, entries)]
    if wrong:
        raise ConfigError(wrong)
    return Catalogue(
        {key: channel for key, (channel, _, _) in entries.items()}, {key: file for key, (_, file, _) in entries.items()}
    )


def problems(config: Config) -> list[Problem]:
    """Return what is wrong with a team's own entries and accounts, for `mekiki config check`."""
    try:
        catalogue = load_catalogue(config.takedown.channels)
    except ConfigError as error:
        return error.problems
    return [
        Problem(str(config.file), f"takedown.account[{index}].channel", says)
        for index, account in enumerate(config.takedown.account)
        for says in _misplaced(account.channel, catalogue)
    ]


def _misplaced(key: str, catalogue: Catalogue) -> Iterator[str]:
    """Yield why a channel needs no account."""
    try:
        channel = catalogue.get(key)
    except UnknownChannel as error:
        yield str(error)
    else:
        if channel.api is None:
            yield f"{key} is no interface, and needs no account: its way is {channel.way}"


_Entry = tuple[Channel, Path, str]  # with its file and its key path there


def _read_folder(folder: Path) -> tuple[dict[str, _Entry], list[Problem]]:
    found: dict[str, _Entry] = {}
    wrong: list[Problem] = []
    if not folder.is_dir():
        return found, [Problem(str(folder), "", "is no folder")]
    for file in sorted(folder.glob("*.toml")):
        try:
            table = tomllib.loads(file.read_text("utf-8"))
        except OSError as error:
            wrong.append(Problem(str(file), "", f"cannot be read: {error.strerror}"))
            continue
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            wrong.append(Problem(str(file), "", f"is not valid TOML: {error}"))
            continue
        wrong += [
            Problem(str(file), name, "a file of channels holds only [[channel]]") for name in table.keys() - {"channel"}
        ]
        rows = table.get("channel", [])
        if not isinstance(rows, list):
            wrong.append(Problem(str(file), "channel", "expected [[channel]], got [channel]"))
            continue
        for index, row in enumerate(rows):
            where = f"channel[{index}]"
            try:
                channel = _ADAPTER.validate_python(row, context={"base": file.parent})
            except ValidationError as error:
                wrong += [in_words(file, where, _ADAPTER, detail) for detail in error.errors()]
                continue
            if channel.key in found:
                wrong.append(
                    Problem(
                        str(file),
                        f"{where}.key",
                        f"{channel.key!r} is used twice, in {found[channel.key][1].name}, too",
                    )
                )
                continue
            found[channel.key] = channel, file, where
    return found, wrong


def _contradictions(channel: Channel, entries: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key path, message) for what is well-formed but cannot work."""
    if channel.template not in TEMPLATES:
        yield "template", f"there is no template {channel.template!r}{_near(channel.template, TEMPLATES)}"
    if channel.address not in (None, CONTACT) and not MAIL_ADDRESS.fullmatch(channel.address or ""):
        yield "address", f'expected a mail address, or "{CONTACT}", got {channel.address!r}'
    for index, key in enumerate(channel.next):
        if key not in entries:
            yield f"next[{index}]", f"there is no channel {key!r}{_near(key, entries)}"
        elif key == channel.key:
            yield f"next[{index}]", "a channel is not its own next step"
    fields = [field.key for field in channel.field]
    for index, key in enumerate(fields):
        if key in fields[:index]:
            yield f"field[{index}].key", f"{key!r} is used twice"
    for index, path in enumerate(channel.unconfirmed):
        if not _is_key(path, fields):
            yield f"unconfirmed[{index}]", f"there is no key {path!r}{_near(path, _paths(Channel))}"
    if channel.answer is not None and "answer" in channel.unconfirmed:
        yield "unconfirmed", "names answer, which has a source"
    if channel.api is not None:
        yield from _unsound(channel.api, fields)


def _unsound(api: Api, fields: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how an interface is called: the token goes into a header, and nowhere in clear."""
    hidden = "{token}"
    if any(hidden in text for text in api.headers.values()) and not api.url.lower().startswith("https://"):
        yield "api.url", f"expected https://: {hidden} would be sent in clear"
    if hidden in api.url:
        yield "api.url", f"{hidden} goes into a header: addresses are logged and shown"
    for name, value in api.body.items():
        if hidden in value:
            yield f"api.body.{name}", f"{hidden} goes into a header: what is sent is kept and shown"
        elif not value.startswith("=") and value not in fields:
            yield f"api.body.{name}", f'expected the key of a field, or "=TEXT", got {value!r}{_near(value, fields)}'


def _is_key(path: str, fields: Iterable[str]) -> bool:
    """Tell whether a path names a key of an entry, or `field.KEY` one of its fields."""
    table, _, name = path.partition(".")
    return path in _paths(Channel) or (table == "field" and name in fields)


@cache
def _paths(model: type[BaseModel], prefix: str = "") -> tuple[str, ...]:
    """Return the key paths of a table, those of the tables in it with dots."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        found.append(prefix + name)
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                found += _paths(inner, f"{prefix}{name}.")
    return tuple(found)


def _near(key: str, known: Iterable[str]) -> str:
    near = process.extractOne(key, sorted(known), scorer=fuzz.ratio, score_cutoff=60)
    return f"; did you mean {near[0]!r}?" if near else ""
