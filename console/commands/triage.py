"""Triage: cases, triage."""

import sys
from typing import cast, get_args

import click
import msgspec

from console.app import App, Misused, as_json, as_person, print_json, utc_now, with_app
from console.show import case_list, case_page, summary_line, terminal
from console.triage import Filters, Triage, keys_of
from storage import cases as case_store
from storage.schema import CaseState
from storage.views import CaseFilters


@click.group()
def cases() -> None:
    """Look at what was flagged."""


@cases.command("list")
@click.option("--state", "states", multiple=True, default=("open",), show_default=True, help="May be repeated; `all`.")
@click.option("--brand")
@click.option("--source")
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.0)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@as_json
@with_app
def cases_list(
    app: App,
    states: tuple[str, ...],
    brand: str | None,
    source: str | None,
    min_score: float,
    limit: int,
    as_json: bool,
) -> None:
    """List cases, best score first."""
    if unknown := set(states) - {*get_args(CaseState), "all"}:
        raise Misused(f"there is no state {sorted(unknown)[0]!r}; known: {', '.join(get_args(CaseState))}, all")
    wanted = cast("tuple[CaseState, ...]", get_args(CaseState) if "all" in states else states)
    with app.snapshot() as session:
        found = case_store.list_cases(
            session,
            CaseFilters(states=wanted, brand=brand, source=source, min_score=min_score),
            limit=limit,
            now=utc_now(),
        )
    if as_json:
        print_json(found)
    elif found:
        terminal().print(case_list(found))
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
        detail = case_store.case_detail(session, case_id, now=utc_now(), max_items=items)
    if as_json:
        print_json(detail)
    else:
        screen = terminal()
        drawn = screen.color_system is not None and not no_pictures
        screen.print(case_page(detail, app.media, pictures=drawn, items=items))


@click.command()
@click.option("--brand")
@click.option("--source")
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.0)
@as_person
@with_app
def triage(app: App, brand: str | None, source: str | None, min_score: float, who: str) -> None:
    """Walk the open cases by score with single keys; keys may also come through a pipe."""
    session = Triage(
        app.engine,
        app.media,
        who=who,
        keys=keys_of(sys.stdin),
        screen=terminal(),
        now=utc_now,
        filters=Filters(brand=brand, source=source, min_score=min_score),
    )
    tally = session.run()
    click.echo(summary_line("triage", msgspec.to_builtins(tally)), err=True)
