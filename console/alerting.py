"""What a person reads of alerts on their way: what waits and why, what was given up, how the receivers are doing."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from alerts.health import DeliveryStatus, ReceiverStatus
from console.show import moment, summary_line
from safety.screen import screen
from storage.case_views import DeliveryView
from storage.deliveries import WaitingView
from storage.schema import Held
from storage.silences import SilenceView

HELD: dict[Held, str] = {
    "wait": "its case may still grow",
    "interval": "the last message is not long ago",
    "quiet": "quiet hours",
    "digest": "comes with the digest",
    "limit": "its route has told enough this hour",
    "inhibited": "a graver case tells of it",
}
STYLES = {"well": "green", "new": "dim", "disabled": "bold red", "failing": "red", "paused": "yellow", "late": "red"}


def waiting_table(waiting: Sequence[WaitingView], stuck: Sequence[DeliveryView]) -> RenderableType:
    """Return what is to be told and what is to be sent, one line each."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("alert", "case", "reason", "to", "state", "attempts", "next", "why"):
        table.add_column(name, overflow="fold")
    for one in waiting:
        why = HELD[one.held] if one.held else "" if one.route else "not routed yet"
        table.add_row(
            str(one.id),
            _case(one.case_id),
            one.reason,
            f"route {screen(one.route, limit=40)}" if one.route else "-",
            "held" if one.held else "waiting",
            "0",
            moment(one.due_at),
            screen("; ".join(filter(None, (why, one.note))), limit=120),
        )
    for row in stuck:
        table.add_row(
            row.id,
            _case(row.case_id),
            row.reason,
            screen(row.receiver, limit=40),
            row.state,
            str(row.attempts),
            moment(row.next_at),
            screen(row.detail or "", limit=120),
        )
    return table if table.row_count else "nothing is waiting"


def _case(case_id: int | None) -> str:
    return "-" if case_id is None else str(case_id)


def status_lines(status: DeliveryStatus, silences: Sequence[SilenceView], now: datetime) -> Iterator[RenderableType]:
    """Yield how the delivery is doing: receivers, then the outbox, silences and what somebody has to look at."""
    if status.receivers:
        yield _receivers(status.receivers, now)
    else:
        yield "no receiver is configured"
    totals = status.outbox
    yield summary_line(
        "outbox",
        {
            "messages to send": totals.deliveries,
            "alerts to route": totals.waiting,
            "alerts held by their routes": totals.held,
            "given up": totals.dead,
            "sent in the last day": totals.sent_last_day,
        },
    )
    for silence in silences:
        who, why = screen(silence.created_by, limit=40), screen(silence.reason, limit=80)
        yield (
            f"silence {silence.id} until {moment(silence.ends_at)} by {who}: {why} "
            f"({silence.messages} message{'' if silence.messages == 1 else 's'} kept back)"
        )
    for one in status.receivers:
        if one.says:
            yield Text(f"{screen(one.view.key, limit=40)}: {screen(one.says, limit=300)}", "" if one.well else "red")
    for problem in status.problems:
        yield Text(screen(problem, limit=300), "red")


def _receivers(receivers: Sequence[ReceiverStatus], now: datetime) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("receiver", "state", "last success", "last failure"):
        table.add_column(name, overflow="fold")
    for name in ("waiting", "oldest", "dead"):
        table.add_column(name, justify="right")
    for one in receivers:
        view = one.view
        table.add_row(
            screen(view.key, limit=40),
            Text(one.health, STYLES.get(one.health, "")),
            moment(view.last_ok_at),
            moment(view.last_failed_at),
            str(view.waiting),
            _age(now - view.oldest_waiting) if view.oldest_waiting else "-",
            str(view.dead),
        )
    return table


def _age(length: timedelta) -> str:
    """Write how long ago something was, in its largest unit."""
    seconds = max(0, int(length.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
