"""Health of the delivery: how each receiver is doing, what waits in the outbox, and what a person has to look at.

Pure: rows and time are arguments.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from storage.outbox import OutboxTotals
from storage.receivers import ReceiverView

ReceiverHealth = Literal["well", "new", "late", "failing", "paused", "disabled", "unknown"]

LATE = timedelta(minutes=15)  # a message that waits longer and is due is not being sent: does anything dispatch?


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverStatus:
    """How one receiver is doing."""

    view: ReceiverView
    health: ReceiverHealth
    says: str  # in words, and what to do; "" when it is well
    well: bool  # nobody has to look


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """How the delivery as a whole is doing."""

    receivers: tuple[ReceiverStatus, ...]  # those of the configuration first, in its order
    outbox: OutboxTotals
    problems: tuple[str, ...]  # of the outbox, one line each

    @property
    def well(self) -> bool:
        """Tell whether nobody has to look."""
        return not self.problems and all(one.well for one in self.receivers)


def delivery_status(
    configured: Collection[str], views: Mapping[str, ReceiverView], totals: OutboxTotals, now: datetime
) -> DeliveryStatus:
    """Judge how the delivery is doing; receivers that are not configured count while something of theirs is left."""
    left = [key for key, view in views.items() if key not in configured and (view.waiting or view.dead)]
    receivers = tuple(
        _receiver(views.get(key, ReceiverView(key=key)), known=key in configured, now=now)
        for key in (*configured, *sorted(left))
    )
    problems = []
    if totals.due_since is not None and now - totals.due_since > LATE:
        since = f"{totals.due} due and not routed, the first since {_minute(totals.due_since)}"
        problems.append(
            f"{since}: does a route want them, and is `mekiki watch` running? `mekiki alerts pending` lists them"
        )
    return DeliveryStatus(receivers=receivers, outbox=totals, problems=tuple(problems))


def _receiver(view: ReceiverView, *, known: bool, now: datetime) -> ReceiverStatus:
    health, says = _health(view, known=known, now=now)
    if view.dead:
        dead = f"{view.dead} given up; `mekiki alerts replay --receiver {view.key}` sends them again"
        says = f"{says}; {dead}" if says else dead
    return ReceiverStatus(view=view, health=health, says=says, well=health in ("well", "new") and not view.dead)


def _health(view: ReceiverView, *, known: bool, now: datetime) -> tuple[ReceiverHealth, str]:
    if not known:
        return "unknown", "not in the configuration any more"
    if view.disabled_at is not None:
        off = f"switched off since {_minute(view.disabled_at)} ({view.disabled_because})"
        return "disabled", f"{off}; `mekiki alerts test {view.key}` switches it on again"
    if view.failing_since is not None:
        failing = f"failing since {_minute(view.failing_since)} ({view.last_error})"
        if view.paused_until is not None and view.paused_until > now:
            return "paused", f"{failing}, tried again from {_minute(view.paused_until)} on"
        return "failing", failing
    if view.due_since is not None and now - view.due_since > LATE:
        return "late", f"a message is due since {_minute(view.due_since)}; is `mekiki watch` running?"
    return ("well" if view.last_ok_at else "new"), ""


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"
