"""Editing: put a draft into one's own words before it is filed."""

from dataclasses import replace
from pathlib import Path

import click
import msgspec

from console.app import App, Misused, Stop, as_person, utc_now, with_app
from safety.screen import screen
from storage.notice_entries import hold_notice
from storage.notices import notice, save_draft
from takedown.channel import Channel
from takedown.notice import Filled, Notice


@click.command()
@click.argument("wanted", metavar="NOTICE")
@click.option("--title", metavar="TEXT", help="Subject of the mail, first line of the text.")
@click.option(
    "--body",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="File with the text; - reads standard input.",
)
@click.option("--field", "values", metavar="KEY=VALUE", multiple=True, help="One field of the form.")
@as_person
@with_app
def edit(app: App, wanted: str, title: str | None, file: Path | None, values: tuple[str, ...], who: str) -> None:
    """Change the words of a draft; without options, title and text in your editor.

    Drafting the same notice again writes it anew. What was approved needs to be approved again.
    """
    with app.snapshot() as session:
        view = notice(session, wanted)
    if view.state != "draft":
        raise Stop(f"notice {view.id} is {view.state}: what the other side has is not changed any more")
    content = msgspec.convert(view.content, Notice)
    channel = app.catalogue.find(view.channel)
    body: str | None = None
    if title is None and file is None and not values:
        title, body = _typed(content)
    elif file is not None:
        body = click.open_file(str(file), encoding="utf-8").read()
    longest = channel.limits.characters if channel is not None else None
    changed = replace(
        content,
        title=content.title if title is None else _sound("the title", title, None, lines=False),
        body=content.body if body is None else _sound("the text", body, longest),
        fields=_fields(content, channel, values),
    )
    if changed == content:
        click.echo(f"notice {view.id} stays as it is")
        return
    if content.reference not in changed.body and not changed.to:
        click.echo(f"mekiki: the text does not name {content.reference}: answers are found by it", err=True)
    with app.transaction() as session:
        _, now_there = hold_notice(session, view.id)
        stale = now_there.state != "draft" or now_there.content != view.content
        if not stale:
            save_draft(session, msgspec.to_builtins(changed), who=who, now=utc_now(), again=True)
    if stale:
        click.echo(screen(f"{changed.title}\n\n{changed.body}", lines=True), err=True)
        raise Stop(f"notice {view.id} was changed or filed meanwhile; yours stands above, and nothing was written")
    click.echo(f"notice {view.id} is changed; nothing was filed")


def _typed(content: Notice) -> tuple[str, str]:
    """Let a person change title and text in an editor."""
    typed = click.edit(f"{content.title}\n\n{content.body}", extension=".txt")
    if typed is None:  # not saved
        return content.title, content.body
    title, _, body = typed.replace("\r\n", "\n").lstrip("\n").partition("\n")
    return title, body.strip("\n") + "\n"


def _fields(content: Notice, channel: Channel | None, values: tuple[str, ...]) -> tuple[Filled, ...]:
    given: dict[str, str] = {}
    known = {field.key for field in content.fields}
    limits = {field.key: field.characters for field in channel.field} if channel is not None else {}
    for one in values:
        key, sign, value = one.partition("=")
        if not sign or key not in known:
            raise Misused(f"expected KEY=VALUE with one of {', '.join(sorted(known)) or 'no field'}, got {one!r}")
        given[key] = _sound(key, value, limits.get(key))
    return tuple(
        replace(field, value=given[field.key], note="") if field.key in given else field for field in content.fields
    )


def _sound(what: str, text: str, most: int | None, *, lines: bool = True) -> str:
    """Return a text that can be sent.

    Raises:
        Misused: it holds what nobody sees, is empty, or is longer than the channel takes.
    """
    if screen(text, lines=lines) != text.replace("\r\n", "\n"):
        raise Misused(f"{what} holds characters that cannot be seen, or breaks the line: {screen(text, limit=80)}")
    if not text.strip():
        raise Misused(f"{what} is empty")
    if most is not None and len(text) > most:
        raise Misused(f"{what} has {len(text)} characters, and the channel takes {most}")
    return text.replace("\r\n", "\n")
