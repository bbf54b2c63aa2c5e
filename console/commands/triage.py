"""Triage: the cases as list, page and file, triage itself, saved views."""

import os
import sys
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from console.app import App, as_json, as_person, print_json, utc_now, with_app
from console.case_filters import case_filters, keep_view
from console.case_page import case_list, case_page
from console.commands.campaigns import cases_merge, cases_split, cases_why
from console.export import Format, Language, write_cases, write_items
from console.picture import Protocol
from console.show import moment, summary_line, terminal
from console.triage.drawing import Easel
from console.triage.fullscreen import FullScreen
from console.triage.screens import JsonScreen, PlainScreen, Screen
from console.triage.session import Triage
from console.tty import TerminalKeys
from desk.agreed import agreed
from desk.choices import worded
from desk.dossier import read_dossier
from desk.inert import inert
from desk.likeness import Likenesses
from storage.case_list import CaseOrder, list_cases, place_of, summaries
from storage.errors import CaseNotFound
from storage.export import exported_cases, exported_items
from storage.views import CaseFilters, drop_view, saved_views

PAGE = 200  # cases of a list read at once

as_order = click.option(
    "--order", type=click.Choice(("priority", "score", "age")), default="priority", show_default=True
)


@click.group()
def cases() -> None:
    """Look at what was flagged."""


for command in (cases_merge, cases_split, cases_why):
    cases.add_command(command)


@cases.command("list")
@with_app
@case_filters
@as_order
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--after", metavar="CASE", type=int, help="Go on behind this case of the list.")
@as_person
@as_json
def cases_list(
    app: App, filters: CaseFilters, order: CaseOrder, limit: int, after: int | None, who: str, as_json: bool
) -> None:
    """List cases: by default those that wait for a person, the most urgent first."""
    now = utc_now()
    found: list[Any] = []
    with app.snapshot() as session:
        last = summaries(session, [after], now) if after is not None else []
        if after is not None and not last:
            raise CaseNotFound(f"there is no case {after}")
        while len(found) < limit:
            place = place_of(last[-1], order) if last else None
            wanted = min(PAGE, limit - len(found))
            last = list_cases(session, filters.of(who), order=order, after=place, limit=wanted, now=now)
            found += last
            if len(last) < wanted:
                break
    if as_json:
        print_json(found)
    elif found:
        terminal().print(case_list(found, now))
    else:
        click.echo("no such cases")


@cases.command("show")
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--items", type=click.IntRange(1, 1000), default=5, show_default=True, help="Most items shown.")
@click.option("--no-pictures", is_flag=True, help="Draw no pictures (none are drawn without colours).")
@as_json
@with_app
def cases_show(app: App, case_id: int, items: int, no_pictures: bool, as_json: bool) -> None:
    """Show one case: what, why, where, who decided what, who was told."""
    with app.snapshot() as session:
        dossier = read_dossier(session, case_id, now=utc_now(), items=items)
    detail = dossier.detail
    if as_json:
        print_json(detail)
    else:
        screen = terminal()
        drawn = screen.color_system is not None and not no_pictures
        screen.print(
            case_page(
                detail, app.media, pictures=drawn, items=items, together=dossier.together, notices=dossier.notices
            )
        )


@cases.command("export")
@click.argument("out", metavar="OUT", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@with_app
@case_filters
@as_order
@click.option("--format", "form", type=click.Choice(get_args(Format)), help="Default: as OUT ends, else csv.")
@click.option("--items", is_flag=True, help="A row for each item instead of each case.")
@click.option("--language", type=click.Choice(get_args(Language)), default="en", show_default=True, help="Of headings.")
@click.option("--force", is_flag=True, help="Write over OUT.")
@as_person
def cases_export(
    app: App,
    out: Path,
    filters: CaseFilters,
    order: CaseOrder,
    form: Format | None,
    items: bool,
    language: Language,
    force: bool,
    who: str,
) -> None:
    """Write cases, or all their items, to OUT; `-` is standard output. No cell is ever a formula."""
    ending = out.suffix.lstrip(".").lower()
    chosen: Format = form or (ending if ending in get_args(Format) else "csv")  # type: ignore[assignment]
    with app.snapshot() as session:
        if items:
            rows = exported_items(session, filters.of(who), order=order, now=utc_now())
            count = write_items(out, chosen, rows, language=language, force=force)
        else:
            found = exported_cases(session, filters.of(who), order=order, now=utc_now())
            count = write_cases(out, chosen, found, language=language, force=force)
    what = "item" if items else "case"
    click.echo(f"mekiki: {count} {what if count == 1 else what + 's'} written", err=True)


@click.group(invoke_without_command=True)
@with_app
@case_filters
@as_order
@click.option("--save", metavar="NAME", help="Save this choice of cases as a view, for everybody.")
@click.option(
    "--pictures",
    type=click.Choice(("auto", *get_args(Protocol))),
    default="auto",
    show_default=True,
    help="How pictures are drawn; by default as well as the terminal can.",
)
@as_person
@as_json
@click.pass_context
def triage(
    ctx: click.Context,
    app: App,
    filters: CaseFilters,
    order: CaseOrder,
    save: str | None,
    pictures: str,
    who: str,
    as_json: bool,
) -> None:
    """Walk the cases that wait for a person, one screen each, with single keys; `?` tells them.

    Keys may also come through a pipe; with --json a script gets one JSON object a line.
    """
    if ctx.invoked_subcommand is not None:
        return
    if save is not None:
        keep_view(app, save, filters, who=who)
        click.echo(f"mekiki: view {save} saved: {inert(worded(filters)) or 'all that waits'}", err=True)
    with Likenesses(app.config.brand, app.media) as likenesses:
        easel = Easel(app.media, likenesses, "none")
        session = Triage(
            app.engine,
            _screen(app, easel, pictures, as_json=as_json),
            easel,
            who=who,
            now=utc_now,
            filters=filters,
            order=order,
            agreed=lambda judgement, now: agreed(judgement, app.config, now),
        )
        tally = session.run()
    click.echo(summary_line("triage", msgspec.to_builtins(tally)), err=True)


def _screen(app: App, easel: Easel, pictures: Any, *, as_json: bool) -> Screen:
    """Return what fits standard input and output."""
    if as_json:
        return JsonScreen(sys.stdout, sys.stdin)
    console = terminal()
    asked: Protocol | None = None if pictures == "auto" else pictures
    if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        keys = TerminalKeys(sys.stdin.fileno(), sys.stdout.fileno())
        return FullScreen(console, sys.stdout, keys, app.media, easel, asked=asked, environment=os.environ)
    easel.protocol = "none" if console.color_system is None or asked == "none" else "blocks"
    return PlainScreen(console, sys.stdin, app.media)


@triage.command("views")
@click.option("--remove", metavar="NAME", help="Forget this view.")
@as_json
@with_app
def triage_views(app: App, remove: str | None, as_json: bool) -> None:
    """List the saved views: name, choice of cases, who saved it when."""
    if remove is not None:
        with app.transaction() as session:
            drop_view(session, remove)
        click.echo(f"view {remove} removed")
        return
    with app.snapshot() as session:
        found = saved_views(session)
    if as_json:
        print_json(found)
        return
    for view in found:
        who = inert(view.saved_by, limit=40)
        click.echo(
            f"{view.name:<20} {inert(worded(view.filters)) or 'all that waits':<50} {who}, {moment(view.saved_at)}"
        )
    if not found:
        click.echo("no view is saved; `mekiki triage --save NAME` with other options saves one")
