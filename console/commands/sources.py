"""Sources: how they are, and a try of one."""

import sys
from dataclasses import replace
from typing import Any

import click
from rich.table import Table

from config import Source
from console.app import FAILED, PARTLY, App, Misused, as_json, print_json, utc_now, with_app
from console.show import described, moment, terminal
from console.source_trial import explained
from safety.screen import screen
from spiders.crawl import CrawlOptions, run_crawl
from spiders.slices import slices_of
from storage.runs import last_ended, last_run
from watch.health import Health
from watch.healths import healths
from watch.lag import lags

TRIAL_ITEMS = 5


@click.group("sources", invoke_without_command=True)
@as_json
@with_app
@click.pass_context
def sources_group(context: click.Context, app: App, as_json: bool) -> None:
    """Show how every source is: its state, its last good run, what it gave, what is missing.

    Below the table stands how far each certificate log was read. A source that fell silent, lost fields or lost its
    planted item is no good run, although every request was answered. One of which only a part was read says how much.
    """
    if context.invoked_subcommand is not None:
        return
    now = utc_now()
    found = healths(app.config, app.engine, now)
    if as_json:
        print_json(found)
    else:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("source", "kind", "state", "last run", "last good run", "lag", "items", "usual", "fields filled"):
            table.add_column(name)
        for health, source in zip(found, app.config.source, strict=True):
            lag = str(now - health.last_success).partition(".")[0] if health.last_success else "-"
            table.add_row(
                health.source,
                source.kind,
                f"{health.state}, partial" if health.partial else health.state,
                moment(health.last_run) if health.last_run else "never",
                moment(health.last_success) if health.last_success else "never",
                lag,
                str(health.items),
                f"{health.usual_items:.0f}" if health.usual_items else "-",
                _filled(health),
            )
        terminal().print(table if table.row_count else "there is no source; add a [[source]]")
        for left in lags(app.config, app.engine):
            entry = f"; the last entry read was logged {moment(left.logged_at)}" if left.logged_at else ""
            click.echo(
                f"{left.source}: {screen(left.log)}: {left.behind:,} entries behind at {moment(left.read_at)}{entry}"
            )
        for health in found:
            if health.says:
                click.echo(f"mekiki: {health.source}: {screen(health.says)}", err=True)
            if health.partial and health.state not in ("shaky", "failing"):  # these say it themselves
                click.echo(f"mekiki: {health.source}: the last run was partial: {screen(health.partial)}", err=True)
    if not all(health.well for health in found):
        raise SystemExit(PARTLY)


def _filled(health: Health) -> str:
    if health.filled is None:
        return "-"
    return ", ".join(f"{name} {share:.0%}" for name, share in sorted(health.filled.items()))


@sources_group.command("parts")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@as_json
@with_app
def sources_parts(app: App, keys: tuple[str, ...], as_json: bool) -> None:
    """List the parts in which sources are read, each with its last run: names for `mekiki crawl --slice`.

    A part that has begun and not ended is under way, or its process was killed: then it is done again.
    """
    for key in keys:
        _named(app, key)
    rows: list[dict[str, Any]] = []
    with app.snapshot() as session:
        for source in app.config.source:
            for part in slices_of(app.config, source, session) if source.key in keys or not keys else ():
                run, ended = last_run(session, source.key, part), last_ended(session, source.key, part)
                rows.append(
                    {
                        "source": source.key,
                        "part": part,
                        "finished_at": ended.finished_at if ended else None,
                        "outcome": ended.outcome if ended else None,
                        "going_since": run.started_at if run and run.finished_at is None else None,
                    }
                )
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("source", "part", "last run ended", "outcome", "under way since"):
        table.add_column(name)
    for row in rows:
        ended_at, since = (moment(row[name]) if row[name] else "-" for name in ("finished_at", "going_since"))
        table.add_row(row["source"], screen(row["part"]) or "(whole)", ended_at, row["outcome"] or "-", since)
    terminal().print(table)


def _named(app: App, key: str) -> Source:
    """Return a source by its key."""
    source = next((source for source in app.config.source if source.key == key), None)
    if source is None:
        known = ", ".join(sorted(source.key for source in app.config.source)) or "none"
        raise Misused(f"there is no source {key!r}; known: {known}")
    return source


@sources_group.command("test")
@click.argument("key")
@with_app
def sources_test(app: App, key: str) -> None:
    """Ask the source KEY once, store nothing, and explain what came back."""
    source = _named(app, key)
    own = tuple(domain for brand in app.config.brand for domain in brand.domains)[:1]
    bounds: dict[str, dict[str, object]] = {  # what one question is, of kinds that begin with a table or a length
        "permutations": {"most": 20},
        "rdap": {"max_pages": 2, "domains": own},
        "ct": {"max_pages": 2},
    }
    bound = {"max_pages": 1, "pictures": False, "videos": False, **bounds.get(source.kind, {})}
    once = source.model_copy(update=bound)
    others = [other for other in app.config.source if other.key != key]
    config = app.config.model_copy(update={"source": (*others, once)})
    profiles = replace(app.profiles(), problems=())
    report = run_crawl(
        config,
        CrawlOptions(sources=(key,), limit=TRIAL_ITEMS),
        profiles=profiles,
        store=None,
        stdin=sys.stdin.buffer,
    )
    (result,) = report.sources
    for line in explained(source, result):
        click.echo(line)
    for item, verdict in report.flagged:
        terminal().print(*described(item, verdict), sep="\n")
    if result.outcome != "ok":
        raise SystemExit(FAILED)
