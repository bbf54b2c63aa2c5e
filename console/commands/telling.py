"""Telling: the alerts group."""

import asyncio

import click
import msgspec

from alerts.dispatch import dispatch_due, send_test
from alerts.errors import DeliveryError
from alerts.health import delivery_status
from console.alerting import status_lines, waiting_table
from console.app import OUTSIDE, PARTLY, App, Misused, OutsideFailed, as_json, print_json, utc_now, with_app
from console.commands.silences import silence_command, silences_command, unsilence_command
from console.show import summary_line, terminal
from safety.screen import screen
from storage import outbox
from storage.deliveries import list_waiting
from storage.receivers import disabled_receivers, receiver_views
from storage.silences import list_silences
from watch.reminders import remind_due
from watch.telling import tell_changes


@click.group()
def alerts() -> None:
    """See, send and repeat alerts."""


for command in (silence_command, unsilence_command, silences_command):
    alerts.add_command(command)


@alerts.command("status")
@as_json
@with_app
def alerts_status(app: App, as_json: bool) -> None:
    """Say how each receiver is doing, what is on its way and what is silenced; exit code 4 when something is amiss."""
    now = utc_now()
    with app.snapshot() as session:
        configured = [row.key for row in app.config.receiver]
        views, totals = receiver_views(session, now), outbox.outbox_totals(session, now)
        silences = list_silences(session, now)
    status = delivery_status(configured, views, totals, now)
    if as_json:
        print_json({"well": status.well, **msgspec.to_builtins(status), "silences": msgspec.to_builtins(silences)})
    else:
        for line in status_lines(status, silences, now):
            terminal().print(line)
    if not status.well:
        raise SystemExit(PARTLY)


@alerts.command("pending")
@as_json
@with_app
def alerts_pending(app: App, as_json: bool) -> None:
    """List what waits to be sent and why, and what could not be."""
    with app.snapshot() as session:
        waiting = list_waiting(session)
        stuck = outbox.list_deliveries(session, states=("pending", "dead"))
    if as_json:
        print_json({"waiting": waiting, "deliveries": stuck})
    else:
        terminal().print(waiting_table(waiting, stuck))


@alerts.command("send")
@with_app
def alerts_send(app: App) -> None:
    """Send what is due now."""
    remind_due(app.engine, utc_now())
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
@click.argument("case_id", metavar="CASE", type=int)
@with_app
def alerts_resend(app: App, case_id: int) -> None:
    """Tell of a case once more, in a new message; `replay` sends those again that were given up."""
    with app.transaction() as session:
        outbox.add_repeat(session, case_id, utc_now())
    click.echo("queued; `mekiki alerts send` sends it now")


@alerts.command("replay")
@click.argument("alert", metavar="[ALERT]", required=False)
@click.option("--receiver", metavar="KEY", help="All that were given up for this receiver.")
@click.option("--all", "everything", is_flag=True, help="All that were given up.")
@with_app
def alerts_replay(app: App, alert: str | None, receiver: str | None, everything: bool) -> None:
    """Send alerts that were given up again, unchanged: one (msg_…), those for a receiver, or all."""
    if [alert is not None, receiver is not None, everything].count(True) != 1:
        raise Misused(
            "name one alert (msg_…), --receiver KEY, or --all; `mekiki alerts pending` lists what was given up"
        )
    now = utc_now()
    with app.transaction() as session:
        if alert is not None:
            outbox.replay(session, alert, now)
            count = 1
        else:
            count = outbox.replay_dead(session, now, receiver=receiver)
        off = disabled_receivers(session)
    click.echo(f"{count} queued; `mekiki alerts send` sends them now" if count else "nothing was given up")
    for key in sorted(off if receiver is None else off & {receiver}):
        click.echo(f"mekiki: {screen(key)} is switched off; `mekiki alerts test {screen(key)}` ends that", err=True)


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
