"""Reporting: report."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from console.app import App, Misused, utc_now, with_app
from console.appearing import appearing
from console.moments import Day
from desk.reports.document import document
from desk.reports.html import report_html
from desk.reports.period import Period
from desk.reports.report import Report, make_report
from desk.reports.sections import SECTIONS
from desk.reports.text import report_csv, report_json, report_markdown
from desk.reports.words import Language, words
from watch.telling import healths

DAYS = 30  # that are reported on unless others are asked for
FORMATS = {".html": "html", ".htm": "html", ".md": "md", ".csv": "csv", ".json": "json"}


@click.command()
@click.option("--from", "first", metavar="DATE", type=Day(), help="First day  [default: 29 days before the last].")
@click.option("--to", "last", metavar="DATE", type=Day(), help="Last day  [default: today].")
@click.option("--zone", help="Time zone of days and times.  [default: that of [triage]]")
@click.option("--brand", help="Only cases of this brand.")
@click.option("--language", type=click.Choice(["en", "ja"]), help="[default: that of alerts]")
@click.option("--format", "form", type=click.Choice(["html", "md", "csv", "json"]), help="[default: by FILE, or md]")
@click.option("-o", "--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")
@click.option("--force", is_flag=True, help="Write over FILE.")
@with_app
def report(
    app: App,
    first: date | None,
    last: date | None,
    zone: str | None,
    brand: str | None,
    language: str | None,
    form: str | None,
    out: Path | None,
    force: bool,
) -> None:
    """Say what was found in a period and what became of it, for management and the team."""
    names = {known.key: known.name for known in app.config.brand}
    if brand is not None and brand not in names:
        raise Misused(f"there is no brand {brand!r}; known: {', '.join(names) or 'none'}")
    form = form or FORMATS.get(out.suffix.lower() if out else ".md")
    if form is None:
        raise Misused(f"{out}: expected a name that ends in {', '.join(FORMATS)}, or --format")
    now = utc_now()
    period = _period(first, last, zone or app.config.triage.zone, now)
    well = healths(app.config, app.engine, now) if period.running else ()
    with app.snapshot() as session:
        made = make_report(session, period, brand=brand, names=names, healths=well)
    text = _written(made, form, cast("Language", language or app.config.alerting.language))
    if out is None:
        click.echo(text, nl=False)
        return
    encoding = "utf-8-sig" if form == "csv" else "utf-8"  # spreadsheets want the mark
    with appearing(out, force=force) as aside, aside.open("w", encoding=encoding, newline="") as file:
        file.write(text)
    click.echo(f"{out}: written", err=True)


def _period(first: date | None, last: date | None, zone: str, now: datetime) -> Period:
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misused(f"--zone: there is no time zone {zone!r}; expected one such as Asia/Tokyo") from None
    today = now.astimezone(place).date()
    end = last or today
    start = first or _earlier(end, DAYS - 1)
    if start > end:
        raise Misused(f"--from {start} is after --to {end}")
    if start > today:
        raise Misused(f"--from {start} is in the future")
    period = Period(first=start, last=min(end, today), zone=place, now=now)
    try:
        period.before()
    except (OverflowError, ValueError):
        raise Misused(f"--from {start} is too early: there is no period before it") from None
    return period


def _earlier(day: date, days: int) -> date:
    try:
        return day - timedelta(days=days)
    except OverflowError:
        raise Misused(f"--to {day} is too early") from None


def _written(made: Report, form: str, language: Language) -> str:
    if form == "json":
        return report_json(made)
    told = words(language)
    doc = document(made, told, SECTIONS)
    match form:
        case "html":
            return report_html(doc)
        case "csv":
            return report_csv(doc, told)
    return report_markdown(doc)
