"""Grouping: what a route does with what it keeps. Pure: everything it asks of clock and store is an argument.

For each case that a route is to tell of, in this order:

1. What a person asked for by hand leaves at once.
2. Quiet hours hold it until they end, a digest until its time; neither holds what is urgent. An escalation is not for
   those who read the digest, so it passes it.
3. News of a case or of a fold (`group_by`) leave together: after `group_wait` the first time, then `group_interval`
   apart. What was back, escalated or repeated waits for nothing.
4. Of all that may leave now, as many messages do as the hour has left; the last of them is a digest of the rest.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.quiet import last_digest, next_digest
from config.routes import Route
from storage.routed import Waiting
from storage.schema import Held

HOUR = timedelta(hours=1)  # of `most_per_hour`
SOON = timedelta(seconds=1)
SCHEDULED, OVERFLOW = "digest", "limit"  # folds of the digests that come by time, and of what the hour had no room for
_FIRST: Mapping[str, int] = {"relapsed": 0, "escalated": 0}  # leave before all others


Holds = dict[tuple[datetime, Held], list[Waiting]]  # until when and why -> what


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a route has told before."""

    folds: Mapping[str, datetime] = field(default_factory=dict)  # when it last let something of a fold go
    lately: Sequence[datetime] = ()  # when it let messages go within the last hour, latest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Keep these until then."""

    kept: tuple[Waiting, ...]
    until: datetime
    why: Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """Tell these in one digest."""

    told: tuple[Waiting, ...]
    fold: str
    end: datetime  # of the time that it covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What becomes of all that a route keeps."""

    holds: tuple[Hold, ...] = ()
    releases: tuple[Waiting, ...] = ()  # each a message of its own
    digests: tuple[Gather, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The times of a route, those it leaves open filled in."""

    wait: timedelta
    interval: timedelta
    quiet_until: datetime | None  # None: it is not quiet now


def plan(route: Route, kept: Sequence[Waiting], told: Told, timing: Timing, now: datetime) -> Plan:
    """Decide about everything that a route keeps and should look at, oldest first."""
    holds: Holds = defaultdict(list)
    digest: list[Waiting] = []
    pressing: list[Waiting] = []
    free: list[Waiting] = []
    end = last_digest(route.digest, route.zone, now) if route.digest else None
    left_at = told.folds.get(SCHEDULED)
    for one in kept:
        urgent = route.urgent_score is not None and one.score >= route.urgent_score
        if one.pressing:
            pressing.append(one)
        elif timing.quiet_until is not None and not urgent:
            holds[timing.quiet_until, "quiet"].append(one)
        elif route.digest is None or end is None or urgent or one.reason == "escalated":
            free.append(one)
        elif one.created_at <= end and (left_at is None or left_at < end):
            digest.append(one)
        else:
            holds[next_digest(route.digest, route.zone, now), "digest"].append(one)
    groups = _groups(free, told, timing, now, holds)
    singles, digests = _share_out(groups, route.most_per_hour, told.lately, len(pressing), now, holds)
    if digest and end is not None:
        digests.append(Gather(told=tuple(digest), fold=SCHEDULED, end=end))
    return Plan(
        holds=tuple(Hold(kept=tuple(some), until=until, why=why) for (until, why), some in holds.items()),
        releases=(*pressing, *singles),
        digests=tuple(digests),
    )


def _groups(free: Iterable[Waiting], told: Told, timing: Timing, now: datetime, holds: Holds) -> list[list[Waiting]]:
    """Return what may leave now, by what leaves together; what waits for its group goes into `holds`."""
    folds: dict[str, list[Waiting]] = defaultdict(list)
    groups: list[list[Waiting]] = []
    for one in free:
        if one.reason in ("first", "new_items"):
            folds[one.fold].append(one)
        else:
            groups.append([one])
    for fold, members in folds.items():
        before = told.folds.get(fold)
        why: Held = "wait" if before is None else "interval"
        until = min(one.created_at for one in members) + timing.wait if before is None else before + timing.interval
        if until > now:
            holds[until, why].extend(members)
        else:
            groups.append(members)
    return groups


def _share_out(
    groups: Sequence[list[Waiting]],
    most: int | None,
    lately: Sequence[datetime],
    taken: int,
    now: datetime,
    holds: Holds,
) -> tuple[list[Waiting], list[Gather]]:
    """Return single messages and digests, as many as the hour has left; else all of it goes into `holds`."""
    order = sorted(groups, key=lambda group: (min(_FIRST.get(one.reason, 1) for one in group), -_best(group)))
    left = len(order) if most is None else max(0, most - len(lately) - taken)
    if order and not left:
        oldest = lately[-1] if lately else now
        holds[max(oldest + HOUR, now + SOON), "limit"].extend(_flat(order))
        return [], []
    leaving, rest = (order, []) if len(order) <= left else (order[: left - 1], order[left - 1 :])
    digests = [Gather(told=tuple(group), fold=group[0].fold, end=now) for group in leaving if _cases(group) > 1]
    if rest:
        digests.append(Gather(told=tuple(_flat(rest)), fold=OVERFLOW, end=now))
    return _flat(group for group in leaving if _cases(group) == 1), digests


def _cases(group: Sequence[Waiting]) -> int:
    return len({one.case_id for one in group})


def _best(group: Sequence[Waiting]) -> float:
    return max(one.score for one in group)


def _flat(groups: Iterable[Sequence[Waiting]]) -> list[Waiting]:
    return [one for group in groups for one in group]
