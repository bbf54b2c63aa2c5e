"""Telling: the alerts group."""

import asyncio
from datetime import UTC, datetime

import click
from rich.table import Table

from alerts.dispatch import dispatch_due, send_test
from alerts.errors import DeliveryError
from console.app import OUTSIDE, PARTLY, App, Misused, OutsideFailed, as_json, print_json, utc_now, with_app
from console.show import moment, summary_line, terminal
from safety.screen import screen
from storage import outbox
from watch.telling import tell_changes


@click.group()
def alerts() -> None:
    """See, send and repeat alerts."""


@alerts.command("pending")
@as_json
@with_app
def alerts_pending(app: App, as_json: bool) -> None:
    """List what is waiting to be sent, and what could not be."""
    with app.snapshot() as session:
        waiting = outbox.pending_intents(session, datetime.max.replace(tzinfo=UTC), limit=1000)
        stuck = outbox.list_deliveries(session, states=("pending", "dead"))
    if as_json:
        print_json({"waiting": waiting, "deliveries": stuck})
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("alert", "case", "reason", "receiver", "state", "attempts", "next", "last answer"):
        table.add_column(name)
    for intent in waiting:
        table.add_row(
            str(intent.id),
            str(intent.case_id),
            intent.reason,
            "-",
            "waiting",
            "0",
            moment(intent.due_at),
            "",
        )
    for row in stuck:
        last = screen(row.detail or "", limit=80)
        cells = (
            row.id,
            str(row.case_id),
            row.reason,
            row.receiver,
            row.state,
            str(row.attempts),
            moment(row.next_at),
            last,
        )
        table.add_row(*cells)
    terminal().print(table if table.row_count else "nothing is waiting")


@alerts.command("send")
@with_app
def alerts_send(app: App) -> None:
    """Send what is due now."""
    report = asyncio.run(dispatch_due(app.config, app.engine, app.media, now=utc_now))
    unheard = asyncio.run(tell_changes(app.config, app.engine, app.media, now=utc_now))
    for problem in (*report.problems, *unheard):
        click.echo(f"mekiki: {screen(problem)}", err=True)
    counts = {
        "sent": report.sent,
        "to be tried again": report.retried,
        "dead": report.dead,
        "without a route": report.unrouted,
    }
    click.echo(summary_line("alerts", counts))
    if report.dead or report.retried or report.unrouted or unheard:
        raise SystemExit(PARTLY if report.sent else OUTSIDE)


@alerts.command("resend")
@click.argument("target", metavar="ALERT|CASE")
@with_app
def alerts_resend(app: App, target: str) -> None:
    """Send a dead alert (msg_…) again unchanged, or a new alert about a case (its number)."""
    with app.transaction() as session:
        if target.isdigit():
            outbox.add_repeat(session, int(target), utc_now())
        else:
            outbox.replay(session, target, utc_now())
    click.echo("queued; `mekiki alerts send` sends it now")


@alerts.command("test")
@click.argument("receiver")
@with_app
def alerts_test(app: App, receiver: str) -> None:
    """Send a test message to RECEIVER, say what it answered, and switch it on again if it had been given up."""
    if receiver not in {known.key for known in app.config.receiver}:
        known = ", ".join(entry.key for entry in app.config.receiver)
        raise Misused(f"there is no receiver {receiver!r}; known: {known or 'none'}")
    try:
        receipt = asyncio.run(send_test(app.config, receiver, app.media, now=utc_now))
    except DeliveryError as error:
        raise OutsideFailed(str(error)) from error
    with app.transaction() as session:
        outbox.enable_receiver(session, receiver)
    click.echo(f"{receiver}: delivered, {screen(receipt.detail)}")
