"""takedown stats: how long channels take, how often they refuse, how often it comes back."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.table import Table

from console.app import App, Misused, as_json, print_json, utc_now, with_app
from console.moments import Day, end_of
from console.show import terminal
from desk.counted import counted
from safety.screen import screen
from storage.notice_figures import ChannelFigures, Days, Share, channel_figures

DAYS = 90  # that are looked at unless others are asked for


@click.command("stats")
@click.option("--since", type=Day(), help=f"First day on which notices were filed.  [default: {DAYS - 1} days ago]")
@click.option("--until", type=Day(), help="Last day.  [default: today]")
@as_json
@with_app
def stats_command(app: App, since: date | None, until: date | None, as_json: bool) -> None:
    """Say how channels dealt with what was filed with them: days to the first answer and until it was gone, refusals.

    Days begin and end in `[triage] zone`. Only what is known counts; n says of how many. lost: the mail came back.
    likely by them: of what is gone, what went the way that only those who were asked have.
    """
    zone = app.config.triage.zone
    last = until or utc_now().astimezone(ZoneInfo(zone)).date()
    first = since or last - timedelta(days=DAYS - 1)
    if first > last:
        raise Misused(f"--since {first} is after --until {last}")
    with app.snapshot() as session:
        figures = channel_figures(session, end_of(first - timedelta(days=1), zone), end_of(last, zone))
    if as_json:
        print_json({"since": first, "until": last, "zone": zone, "channels": [_plain(one) for one in figures]})
        return
    click.echo(f"{counted(sum(one.filed for one in figures), 'notice')} filed from {first} to {last} ({zone})")
    if figures:
        terminal().print(_table(figures))


def _table(figures: Sequence[ChannelFigures]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("channel", overflow="fold")
    for name in ("filed", "open", "days to answer", "days to gone", "likely by them", "refused", "came back"):
        table.add_column(name, justify="right")
    for one in figures:
        table.add_row(
            screen(one.channel, limit=40),
            f"{one.filed} ({one.lost} lost)" if one.lost else str(one.filed),
            str(one.open),
            _days(one.answered),
            _days(one.down),
            f"{one.by_them} of {one.down.count}" if one.down.count else "-",
            _share(one.refused),
            _share(one.back),
        )
    return table


def _days(days: Days) -> str:
    """Write median and nine tenths, with of how many."""
    if days.median is None or days.p90 is None:
        return "-"
    return f"{days.median:.1f}, 90 % {days.p90:.1f} (n={days.count})"


def _share(share: Share) -> str:
    return "-" if share.rate is None else f"{share.rate:.0%} ({share.count} of {share.of})"


def _plain(one: ChannelFigures) -> dict[str, object]:
    """Return figures with their rates, for machines."""
    plain: dict[str, object] = msgspec.to_builtins(one)
    for name, share in (("refused", one.refused), ("back", one.back)):
        plain[name] = {"count": share.count, "of": share.of, "rate": share.rate}
    return plain
