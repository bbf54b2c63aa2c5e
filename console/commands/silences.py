"""Silences: `mekiki alerts silence`, `unsilence` and `silences`."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, get_args

import click
from rich.table import Table

from console.app import App, Misused, as_json, as_person, print_json, utc_now, with_app
from console.moments import Length, Moment, moment_of
from console.show import moment, terminal
from desk.silencing import NoSilence, meaning, silenced_of
from detector.items import Kind
from safety.screen import screen
from storage.silences import LONGEST, SilenceView, add_silence, expire_silence, list_silences


@click.command("silence")
@click.option(
    "--brand", "brands", multiple=True, help="Key of a brand; each option may be repeated, any of them counts."
)
@click.option("--source", "sources", multiple=True, help="Key of a source.")
@click.option("--signal", "signals", multiple=True, help="Why it was flagged: host.lookalike, or host for the family.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(get_args(Kind)))
@click.option("--platform", "platforms", multiple=True)
@click.option("--country", "countries", multiple=True, metavar="CC", help="Where it was shown, e.g. JP.")
@click.option("--advertiser", "advertisers", multiple=True, metavar="PLATFORM:ID")
@click.option("--tag", "tags", multiple=True)
@click.option("--decision", "decisions", multiple=True, type=click.Choice(["impersonation", "suspicious"]))
@click.option("--case", "cases", multiple=True, type=int)
@click.option("--min-score", type=click.FloatRange(0, 1))
@click.option("--everything", is_flag=True, help="Every case there is.")
@click.option("--until", type=Moment(), help="Last day, or a moment; at most 90 days from now.")
@click.option("--for", "length", type=Length(), help="Instead of --until: 8h, 3d.")
@click.option("--reason", required=True, help="Why; others read it.")
@as_person
@with_app
def silence_command(
    app: App, who: str, reason: str, until: date | datetime | None, length: timedelta | None, **asked: Any
) -> None:
    """Tell nobody of the cases that match ALL of this, until it ends; told once then, if they still want a person.

    Cases are found, judged and shown as before.
    """
    now = utc_now()
    if (until is None) == (length is None):
        raise Misused("say when it ends: --until DATE or --for 3d")
    try:
        silenced = silenced_of(app.config, {name: value for name, value in asked.items() if value})
    except NoSilence as error:
        raise Misused(str(error)) from error
    longest = now + min(length or LONGEST, LONGEST + timedelta(seconds=1))  # longer ones are refused as such
    end = moment_of(until, app.config.triage.zone) if until else longest
    with app.transaction() as session:
        number = add_silence(session, silenced.stored(), who=who, reason=reason, until=end, now=now)
    click.echo(f"silence {number} until {moment(end)}: {meaning(silenced.stored())}")
    click.echo(f"end it with: mekiki alerts unsilence {number}", err=True)


@click.command("unsilence")
@click.argument("number", type=int)
@as_person
@with_app
def unsilence_command(app: App, number: int, who: str) -> None:
    """End a silence now; what it kept back is told once, if it still wants a person."""
    with app.transaction() as session:
        expire_silence(session, number, who=who, now=utc_now())
    click.echo(f"silence {number} is over; `mekiki alerts send` tells what it kept back")


@click.command("silences")
@click.option("--all", "over", is_flag=True, help="Also those that are over.")
@as_json
@with_app
def silences_command(app: App, over: bool, as_json: bool) -> None:
    """List silences: what they mean, until when, who said so and why, what they kept back."""
    with app.snapshot() as session:
        views = list_silences(session, utc_now(), over=over)
    if as_json:
        print_json(views)
    else:
        terminal().print(_table(views) if views else "nothing is silenced")


def _table(views: Sequence[SilenceView]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("silence", "state", "until", "what", "by", "reason", "kept back"):
        table.add_column(name, overflow="fold")
    for view in views:
        ended = f" (ended by {screen(view.expired_by, limit=40)})" if view.expired_by else ""
        table.add_row(
            str(view.id),
            view.state + ended,
            moment(view.ends_at),
            meaning(view.matches),
            screen(view.created_by, limit=40),
            screen(view.reason, limit=120),
            _counted(view.messages, "message") + ", " + _counted(view.cases, "case"),
        )
    return table


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
