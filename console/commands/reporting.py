"""Reporting: report."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from console.app import App, Misused, utc_now, with_app
from console.appearing import appearing
from console.moments import Day
from desk.reports.forms import FORMATS, Form, encoded, written
from desk.reports.period import NoPeriod, Period, chosen
from desk.reports.report import make_report
from desk.reports.words import LANGUAGES, Language
from watch.healths import healths

SUFFIXES: dict[str, Form] = {".htm": "html", **{f".{form}": form for form in FORMATS}}


@click.command()
@click.option("--from", "first", metavar="DATE", type=Day(), help="First day  [default: 29 days before the last].")
@click.option("--to", "last", metavar="DATE", type=Day(), help="Last day  [default: today].")
@click.option("--zone", help="Time zone of days and times.  [default: that of [triage]]")
@click.option("--brand", help="Only cases of this brand.")
@click.option("--language", type=click.Choice(LANGUAGES), help="[default: that of alerts]")
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: by FILE, or md]")
@click.option("-o", "--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")
@click.option("--force", is_flag=True, help="Write over FILE.")
@with_app
def report(
    app: App,
    first: date | None,
    last: date | None,
    zone: str | None,
    brand: str | None,
    language: Language | None,
    form: Form | None,
    out: Path | None,
    force: bool,
) -> None:
    """Say what was found in a period and what became of it, for management and the team."""
    names = {known.key: known.name for known in app.config.brand}
    if brand is not None and brand not in names:
        raise Misused(f"there is no brand {brand!r}; known: {', '.join(names) or 'none'}")
    form = form or SUFFIXES.get(out.suffix.lower() if out else ".md")
    if form is None:
        raise Misused(f"{out}: expected a name that ends in {', '.join(SUFFIXES)}, or --format")
    now = utc_now()
    period = _period(first, last, zone or app.config.triage.zone, now)
    well = healths(app.config, app.engine, now) if period.running else ()
    with app.snapshot() as session:
        made = make_report(session, period, brand=brand, names=names, healths=well)
    text = written(made, form, language or app.config.alerting.language)
    if out is None:
        click.echo(text, nl=False)
        return
    with appearing(out, force=force) as aside:
        aside.write_bytes(encoded(text, form))
    click.echo(f"{out}: written", err=True)


def _period(first: date | None, last: date | None, zone: str, now: datetime) -> Period:
    try:
        return chosen(first, last, ZoneInfo(zone), now)
    except NoPeriod as error:
        raise Misused(str(error)) from None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misused(f"--zone: there is no time zone {zone!r}; expected one such as Asia/Tokyo") from None
