"""Turns: when a host may be asked next, and how long it wants to be left alone, for all processes together.

A process takes the next turns of a host in one short transaction, a few at a time (`spiders.pace` says how many), and
gives back what it did not use. Whoever is killed with turns in hand leaves no more than those unused: nothing has to be
cleaned up. On PostgreSQL time is the database's, so clocks of machines do not matter; SQLite is used by one machine.

Names are hosts, and, for what was said to one source alone, names that `spiders.pace.interface` makes.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from storage.columns import UtcDateTime
from storage.schema import HostTurn
from storage.upsert import insert, table_of

LONGEST_HELD = 86400.0  # seconds; a host that asks for more could hide for good
STILL_WANTED = timedelta(seconds=10)  # a delay outlives the last turn of whoever wants it: time to take the next
KEPT = timedelta(hours=1)  # after its last turn a host is forgotten
MOST_AHEAD = 64  # turns that all processes together may have in hand; more was written by a clock that went wrong
LEAST_AHEAD = 600.0  # seconds, of hosts with a short delay
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Turns that a process wants."""

    host: str
    delay: float  # seconds between two of them, more than 0
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a host stands."""

    pause: float = 0.0  # seconds for which it is to be left alone
    delay: float = 0.0  # seconds between two requests that somebody wants; 0: nobody does


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """Turns that a process has."""

    host: str
    first: float  # when, on the monotonic clock of this process
    delay: float  # seconds from one to the next: what this process wanted, or more
    count: int  # as many as wanted; 0 while the host is to be left alone
    pause: float  # seconds for which it is
    end: datetime  # of the last one; what tells these turns when they are given back


def reserve(
    session: Session, wanted: Sequence[Wanted], monotonic: Callable[[], float] = time.monotonic
) -> list[Reserved]:
    """Take the next turns of some hosts, each named once; the longest delay that anybody wants holds for all."""
    rows = _locked(session, sorted({want.host for want in wanted}))
    now, here = clock(session), monotonic()
    taken, changed = [], []
    for want in wanted:
        row = rows.get(want.host, _Row())
        pause = _left(row.paused_until, now)
        held = row.delay if row.wanted_until > now else 0.0
        gap = max(want.delay, held)
        start = max(now, row.free_at + timedelta(seconds=gap - row.delay))
        if (start - now).total_seconds() > max(LEAST_AHEAD, MOST_AHEAD * gap):
            start = now
        count = 0 if pause else want.count
        end = start + timedelta(seconds=gap) * count
        taken.append(
            Reserved(
                host=want.host,
                first=here + (start - now).total_seconds(),
                delay=gap,
                count=count,
                pause=pause,
                end=end,
            )
        )
        if count:
            until = end + STILL_WANTED if want.delay >= held else row.wanted_until
            changed.append({"host": want.host, "free_at": end, "delay": gap, "wanted_until": until})
    if changed:
        statement = insert(session, HostTurn)
        told = {name: statement.excluded[name] for name in ("free_at", "delay", "wanted_until")}
        session.execute(statement.on_conflict_do_update(index_elements=["host"], set_=told), _ascending(changed))
    return taken


def give_back(session: Session, reserved: Reserved, unused: int) -> None:
    """Give the last turns back, so that others need not wait; not where somebody took later ones."""
    columns = table_of(HostTurn).c
    session.execute(
        update(table_of(HostTurn))
        .where(columns.host == reserved.host, columns.free_at == reserved.end)
        .values(free_at=reserved.end - timedelta(seconds=reserved.delay) * unused)
    )


def pause(session: Session, seconds: Mapping[str, float]) -> None:
    """Have everybody leave hosts alone for so long, and no shorter than they asked for before."""
    now = clock(session)
    rows = [
        {
            "host": name,
            "free_at": now,
            "delay": 0.0,
            "wanted_until": now,
            "paused_until": now + timedelta(seconds=min(length, LONGEST_HELD)),
        }
        for name, length in seconds.items()
    ]
    statement = insert(session, HostTurn)
    before, told = table_of(HostTurn).c.paused_until, statement.excluded.paused_until
    longer = case((or_(before.is_(None), before < told), told), else_=before)
    statement = statement.on_conflict_do_update(index_elements=["host"], set_={"paused_until": longer})
    session.execute(statement, _ascending(rows))


def look(session: Session, names: Iterable[str]) -> dict[str, Standing]:
    """Return how hosts stand; those of which nothing is known are left out."""
    columns = table_of(HostTurn).c
    query = select(columns.host, columns.paused_until, columns.delay, columns.wanted_until)
    rows = session.execute(query.where(columns.host.in_(list(names)))).all()
    if not rows:
        return {}
    now = clock(session)
    return {
        row.host: Standing(pause=_left(row.paused_until, now), delay=row.delay if row.wanted_until > now else 0.0)
        for row in rows
    }


def paused_sources(session: Session, *, longest: float) -> frozenset[str]:
    """Return the keys of sources that an interface wants to be left alone by, for no longer than so many seconds."""
    columns = table_of(HostTurn).c
    query = select(columns.host, columns.paused_until).where(columns.paused_until.is_not(None))
    rows = [(host.partition(" ")[2], until) for host, until in session.execute(query)]
    if not any(source for source, _ in rows):
        return frozenset()
    now = clock(session)
    return frozenset(source for source, until in rows if source and 0 < _left(until, now) <= longest)


def resting(session: Session, seconds: float) -> set[str]:
    """Return the hosts that want to be left alone for longer than so many seconds from now."""
    rest = select(HostTurn.host).where(HostTurn.paused_until > clock(session) + timedelta(seconds=seconds))
    return set(session.scalars(rest))


def forget(session: Session) -> int:
    """Remove hosts that nobody has asked for some time, and that need not be left alone; return how many."""
    now = clock(session)
    columns = table_of(HostTurn).c
    over = or_(columns.paused_until.is_(None), columns.paused_until < now)
    # Not those that somebody has locked: they are in use.
    old = select(columns.host).where(columns.free_at < now - KEPT, over).with_for_update(skip_locked=True)
    gone = session.execute(delete(table_of(HostTurn)).where(columns.host.in_(old.scalar_subquery())))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # of a DELETE


def clock(session: Session) -> datetime:
    """Return the time that all processes share: the database's, and with SQLite this machine's."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    return session.execute(select(func.clock_timestamp(type_=UtcDateTime()))).scalar_one()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    free_at: datetime = LONG_AGO
    delay: float = 0.0
    wanted_until: datetime = LONG_AGO
    paused_until: datetime | None = None


def _locked(session: Session, hosts: Sequence[str]) -> dict[str, _Row]:
    """Return what is known of hosts; nobody else changes it until the transaction ends."""
    columns = table_of(HostTurn).c
    if session.get_bind().dialect.name == "postgresql":  # a row that is not there cannot be locked
        blank = {"free_at": LONG_AGO, "delay": 0.0, "wanted_until": LONG_AGO}
        session.execute(insert(session, HostTurn).on_conflict_do_nothing(), [{"host": host, **blank} for host in hosts])
    query = select(columns.host, columns.free_at, columns.delay, columns.wanted_until, columns.paused_until)
    query = query.where(columns.host.in_(hosts)).order_by(columns.host).with_for_update()
    return {
        host: _Row(free_at=free_at, delay=gap, wanted_until=wanted_until, paused_until=paused_until)
        for host, free_at, gap, wanted_until, paused_until in session.execute(query)
    }


def _ascending(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: str(row["host"]))


def _left(until: datetime | None, now: datetime) -> float:
    return 0.0 if until is None else max(0.0, (until - now).total_seconds())
