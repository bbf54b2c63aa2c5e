"""Register: what people's judgements have entered into the ownership register."""

import click
from rich.table import Table

from console.app import App, as_json, as_person, print_json, utc_now, with_app
from console.show import terminal
from safety.screen import defang, screen
from storage.register import RegisterEntry, register_entries, remove_entry

NOTE = 60  # characters shown


@click.group("register")
def register_group() -> None:
    """Look at who may use a brand because somebody judged so, beside the [[ownership]] of the configuration."""


@register_group.command("list")
@click.option("--brand")
@click.option("--all", "everything", is_flag=True, help="Also what has ended or was removed.")
@as_json
@with_app
def register_list(app: App, brand: str | None, everything: bool, as_json: bool) -> None:
    """List the entries, oldest first."""
    with app.snapshot() as session:
        found = register_entries(session, brand=brand, on=utc_now().date(), everything=everything)
    if as_json:
        print_json(found)
    elif found:
        terminal().print(_table(found))
    else:
        click.echo("no such entries")


@register_group.command("remove")
@click.argument("entry_id", metavar="ENTRY", type=int)
@click.option("--note", default="", help="Why, in your words.")
@as_person
@with_app
def register_remove(app: App, entry_id: int, note: str, who: str) -> None:
    """Take ENTRY out of the register; the case that it came of logs it."""
    with app.transaction() as session:
        remove_entry(session, entry_id, who=who, note=note, now=utc_now())
    click.echo(f"entry {entry_id}: removed")


def _shown(scope: str) -> str:
    kind, _, value = scope.partition(":")
    return f"{kind}:{defang(value) if kind in ('domain', 'path') else screen(value)}"


def _table(entries: list[RegisterEntry]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("entry", "brand", "who", "scope", "until", "case", "by", "note"):
        table.add_column(title, overflow="fold")
    for entry in entries:
        until = entry.until.isoformat() if entry.until else "no end"
        if entry.removed_at is not None:
            until = f"removed by {screen(entry.removed_by or '', limit=20)}"
        elif not entry.valid:
            until += " (over)"
        table.add_row(
            str(entry.id),
            screen(entry.brand),
            entry.who,
            _shown(entry.scope),
            until,
            str(entry.case_id),
            screen(entry.added_by, limit=20),
            screen(entry.note, limit=NOTE),
        )
    return table
