"""takedown channels: which places take complaints, what each asks for, and how to add or correct one."""

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alerts.message import Language
from config.fields import length_text
from console.app import App, Misused, as_json, print_json, with_app
from console.show import terminal
from safety.screen import screen
from takedown.catalogue import Catalogue
from takedown.channel import ActorKind, Channel, Kind, Remark, Said
from takedown.errors import UnknownChannel

_KINDS: tuple[Kind, ...] = get_args(Kind)
_QUIET = ("answer", "limits")  # not known of most; the answer has a column of its own


@click.command("channels")
@click.argument("key", required=False)
@click.option("--actor", type=click.Choice(get_args(ActorKind)), help="Only those for this kind of actor.")
@click.option("--platform", help="Only those for this platform: meta, google, youtube, tiktok, x, line, yahoo_japan …")
@click.option(
    "--language", type=click.Choice(get_args(Language)), default="en", show_default=True, help="Of the names."
)
@click.option(
    "--unchecked-since",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="DATE",
    help="Only those that nobody has looked at since this day.",
)
@click.option("--toml", "as_toml", is_flag=True, help="Print an entry to start one of your own from; KEY's, if given.")
@as_json
@with_app
def channels(
    app: App,
    key: str | None,
    actor: ActorKind | None,
    platform: str | None,
    language: Language,
    unchecked_since: datetime | None,
    as_toml: bool,
    as_json: bool,
) -> None:
    """List the places that take complaints; with KEY, show one with its fields, evidence and sources.

    What nobody says is a ?, and what no source was found for is named under "not sure": look it up before you rely on
    it, and correct the entry.
    """
    if as_toml and key is None:
        click.echo(files("console").joinpath("channel.toml").read_text("utf-8"), nl=False)
        return
    catalogue = app.catalogue
    if key is not None:
        channel = _found(catalogue, key)
        if as_toml:
            click.echo(_entry_text(catalogue.file_of(key), key), nl=False)
        elif as_json:
            print_json(_plain(catalogue, channel))
        else:
            terminal().print(Group(*_page(channel, language, catalogue.file_of(key))))
        return
    chosen = sorted(
        _chosen(catalogue, actor, platform, unchecked_since.date() if unchecked_since else None),
        key=lambda channel: (_KINDS.index(channel.kind), channel.key),
    )
    if as_json:
        print_json([_plain(catalogue, channel) for channel in chosen])
    elif chosen:
        terminal().print(_table(chosen, language))
    else:
        click.echo("no channel is like that", err=True)


def _found(catalogue: Catalogue, key: str) -> Channel:
    try:
        return catalogue.get(key)
    except UnknownChannel as error:
        raise Misused(str(error)) from error


def _chosen(
    catalogue: Catalogue, actor: ActorKind | None, platform: str | None, unchecked_since: date | None
) -> Iterator[Channel]:
    for channel in catalogue:
        match = channel.match
        if (
            (actor is None or actor in match.actors)
            and (platform is None or platform in match.platforms)
            and (unchecked_since is None or channel.checked < unchecked_since)
        ):
            yield channel


def _plain(catalogue: Catalogue, channel: Channel) -> dict[str, Any]:
    return {**channel.model_dump(mode="json"), "file": str(catalogue.file_of(channel.key))}


def _table(channels: Iterable[Channel], language: Language) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("key", no_wrap=True)
    table.add_column("name", overflow="fold")
    for name, width in (("who files", 12), ("way", 11), ("answer", 6), ("not sure", 9)):
        table.add_column(name, overflow="fold", min_width=min(width, 9), max_width=width)
    for kind, rows in groupby(channels, key=lambda channel: channel.kind):
        table.add_row(Text(kind, "bold cyan"))
        for channel in rows:
            table.add_row(
                f"  {channel.key}",
                Text(_in(channel.name, language)),
                ", ".join(channel.who),
                f"{channel.way} {' '.join(channel.languages)}",
                _answer(channel),
                Text(" ".join(one for one in channel.unconfirmed if not one.startswith(_QUIET)), "yellow"),
            )
    return table


def _page(channel: Channel, language: Language, file: Path | None) -> Iterator[RenderableType]:
    """Yield all that an entry says."""
    yield Text.assemble((channel.key, "bold"), "  ", _in(channel.name, language))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(channel, language, file):
        facts.add_row(Text(f"  {name}", "dim"), Text(screen(value)))
    yield facts
    if channel.about:
        yield Padding(Text(_in(channel.about, language)), (1, 0, 0, 2))
    if channel.field:
        yield Text("\n  What it asks for (* must be there)", "bold")
        yield Padding(_fields(channel, language), (0, 0, 0, 2))
    if channel.evidence:
        yield Text("\n  Evidence (* must be there)", "bold")
        for one in channel.evidence:
            note = f": {_in(one.note, language)}" if one.note else ""
            yield Text(f"  {'*' if one.required else ' '} {one.kind}{note}")


def _facts(channel: Channel, language: Language, file: Path | None) -> Iterator[tuple[str, str]]:
    def told(key: str, value: str) -> str:
        return f"{value} ?" if key in channel.unconfirmed else value

    yield "operator", f"{channel.operator_in(language)} ({channel.kind})"
    yield "way", channel.way
    if channel.url:
        yield "page", told("url", channel.url)
    if channel.address:
        contact = "the abuse contact of whoever it is about" if channel.address == "contact" else channel.address
        yield "mail to", told("address", contact)
    if channel.api:
        yield "interface", channel.api.url
    if channel.mails:
        yield "answers from", told("mails", ", ".join(channel.mails))
    yield "who may file", ", ".join(channel.who) + (f"; needs a {', '.join(channel.needs)}" if channel.needs else "")
    yield "read there", ", ".join(channel.languages)
    yield "answer", _answer(channel) + (f" ({channel.answer.source})" if channel.answer else "")
    limits = channel.limits.model_dump(exclude_none=True)
    if limits:
        yield "at most", ", ".join(f"{value:,} {name}" for name, value in limits.items())
    yield "for", "; ".join(_matches(channel))
    yield "text", channel.template + (", addresses defanged" if channel.defang else "")
    if channel.xarf:
        yield "attached", told("xarf", "XARF v4")
    if channel.after:
        yield "only after", f"a notice to the {' or '.join(channel.after)}"
    if channel.deliberate:
        yield "to be decided", "by a person: `draft --all` leaves it out"
    if channel.next:
        yield "then", ", ".join(channel.next)
    copy = " (a copy was read)" if "source" in channel.unconfirmed else ""
    yield "source", f"{channel.source}{copy}, looked at on {channel.checked}"
    if channel.unconfirmed:
        yield "not confirmed", ", ".join(channel.unconfirmed)
    if file is not None:
        yield "entry", str(file)


def _matches(channel: Channel) -> Iterator[str]:
    match = channel.match
    yield ", ".join(match.actors)
    for name, values in match:
        if name == "last_resort":
            yield from ["only where no other names who it is"] if values else []
        elif name != "actors" and values:
            said = (f"{key}: {value or 'any'}" for key, value in values.items()) if name == "headers" else values
            yield f"{name} {', '.join(said)}"


def _fields(channel: Channel, language: Language) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold", style="dim")
    for field in channel.field:
        how = field.fill or ("choose: " + _in(field.choice, language) if field.choice else "by hand")
        cut = f", at most {field.characters:,} characters" if field.characters else ""
        doubt = " ?" if f"field.{field.key}" in channel.unconfirmed else ""
        table.add_row("*" if field.required else " ", Text(_in(field.label, language) + doubt), Text(how + cut))
    return table


def _answer(channel: Channel) -> str:
    return length_text(channel.answer.within) if channel.answer else "?"


def _in(said: Said | Remark, language: Language) -> str:
    return screen(said.ja if language == "ja" else said.en)


def _entry_text(file: Path | None, key: str) -> str:
    """Return the lines of an entry as they stand in its file."""
    text = file.read_text("utf-8") if file is not None else ""
    for piece in text.split("[[channel]]\n")[1:]:
        entry = "[[channel]]\n" + piece.rstrip() + "\n"
        if tomllib.loads(entry)["channel"][0]["key"] == key:
            return entry
    raise Misused(f"{file}: holds no [[channel]] {key!r} that stands by itself")
