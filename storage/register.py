"""Ownership register, the part that people's judgements fill: who may use the brand after all, and until when.

Whoever dismisses a case may enter its advertiser, its domain or its account, as `[[ownership]]` does in the
configuration. From then on the detector gets the entry with the profile of the brand (`with_register`). An entry ends
by itself on its last day, is removed by hand, or leaves with the judgement that is taken back; its row stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.brands import BrandProfile, Ownership, Scope, Who
from detector.hosts import is_shared, parse_host, redirector
from detector.items import Item
from detector.places import places_of
from storage.case_locks import lock_cases
from storage.case_log import NewEntry, append_log
from storage.errors import EntryNotFound, JudgementRefused
from storage.memberships import latest_items
from storage.schema import Case, CaseLog, RegisterRow

What = Literal["advertiser", "domain", "account"]
WHATS: tuple[What, ...] = get_args(What)
# Who somebody is who is dismissed for a reason; the other reasons make nobody a user of the brand.
WHO_OF: dict[str, Who] = {
    "reseller": "reseller",
    "official": "own",
    "news": "press",
    "review": "press",
    "parody": "parody",
}
MOST_READ = 500  # items of a case, the latest
MOST_TOLD = 5  # choices in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Registering:
    """What somebody asks to be entered."""

    what: str  # one of WHATS where the case has only one, else a scope: domain:HOST, path:HOST/PREFIX, …
    until: date  # last valid day
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """An entry as it will be written."""

    who: Who
    scope: str
    until: date
    note: str

    def as_data(self) -> dict[str, str]:
        """Return it for the case log."""
        return {"who": self.who, "scope": self.scope, "until": self.until.isoformat(), "note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """An entry of the register that came of a judgement."""

    id: int
    brand: str
    who: Who
    scope: str
    until: date | None
    note: str
    case_id: int
    added_by: str
    added_at: datetime
    valid: bool  # on the day asked for
    removed_by: str | None
    removed_at: datetime | None


def entering(session: Session, case: Case, asked: Registering, reason: str | None) -> Entering:
    """Return the entry that a dismissal of a case asks for.

    Raises:
        JudgementRefused: the reason makes nobody a user of the brand, or the case does not say whom to enter.
    """
    if reason not in WHO_OF:
        raise JudgementRefused(
            f"--register fits the reasons {', '.join(WHO_OF)}; {reason} makes nobody a user of a brand"
        )
    items = latest_items(session, case.id, MOST_READ)
    if asked.what in WHATS:
        scope = _only(case.id, asked.what, sorted(_scopes(items, asked.what)))
    else:
        scope = _named(case.id, items, asked.what)
    return Entering(who=WHO_OF[reason], scope=scope, until=asked.until, note=asked.note)


def enter(session: Session, case: Case, entry: Entering, because_of: CaseLog) -> None:
    """Write an entry that a judgement asks for."""
    session.add(
        RegisterRow(
            brand=case.brand,
            who=entry.who,
            scope=entry.scope,
            until=entry.until,
            note=entry.note,
            case_id=case.id,
            log_id=because_of.id,
            added_by=because_of.who,
            added_at=because_of.at,
        )
    )
    session.flush()


def take_back(session: Session, log_id: int, *, who: str, now: datetime) -> None:
    """Take what a judgement has entered out of the register; the judgement's case logs it."""
    for row in session.scalars(
        select(RegisterRow).where(RegisterRow.log_id == log_id, RegisterRow.removed_at.is_(None))
    ):
        row.removed_by, row.removed_at = who, now
    session.flush()


def remove_entry(session: Session, entry_id: int, *, who: str, note: str = "", now: datetime) -> None:
    """Take an entry out of the register, and say so in the log of the case that it came of.

    Raises:
        EntryNotFound: no entry has this id, or it was removed before.
    """
    row = session.get(RegisterRow, entry_id)
    cases = lock_cases(session, [row.case_id] if row else [])
    if row is not None:
        session.refresh(row)  # somebody may have removed it before the case was locked
    if row is None or row.removed_at is not None:
        raise EntryNotFound(
            f"there is no entry {entry_id} in the register; `mekiki register list` shows those there are"
        )
    row.removed_by, row.removed_at = who, now
    data = {"entry": row.id, "scope": row.scope}
    new = NewEntry(case_id=row.case_id, at=now, who=who, action="unregister", note=note, data=data)
    append_log(session, cases, [new])


def register_entries(
    session: Session, *, brand: str | None = None, on: date, everything: bool = False
) -> list[RegisterEntry]:
    """Return the entries that hold on a day, oldest first; `everything` adds those that have ended or were removed."""
    query = select(RegisterRow).order_by(RegisterRow.id)
    if brand is not None:
        query = query.where(RegisterRow.brand == brand)
    found = [_entry(row, on) for row in session.scalars(query)]
    return [entry for entry in found if entry.valid or everything]


def with_register(brands: Sequence[BrandProfile], session: Session) -> tuple[BrandProfile, ...]:
    """Add to each brand what people's judgements have entered for it; the detector knows the day when an entry ends."""
    rows = session.scalars(select(RegisterRow).where(RegisterRow.removed_at.is_(None)).order_by(RegisterRow.id))
    of: dict[str, list[Ownership]] = {}
    for row in rows:
        entry = Ownership(who=row.who, scope=Scope.parse(row.scope), until=row.until, note=row.note)
        of.setdefault(row.brand, []).append(entry)
    return tuple(replace(brand, ownership=(*brand.ownership, *of.get(brand.key, ()))) for brand in brands)


def scopes_of(items: Sequence[Item]) -> list[str]:
    """Return all that items of a case name and the register can hold: domains first."""
    found: list[str] = []
    for what in ("domain", "advertiser", "account"):
        found += sorted(_scopes(items, what))
    return found


def _entry(row: RegisterRow, on: date) -> RegisterEntry:
    return RegisterEntry(
        id=row.id,
        brand=row.brand,
        who=row.who,
        scope=row.scope,
        until=row.until,
        note=row.note,
        case_id=row.case_id,
        added_by=row.added_by,
        added_at=row.added_at,
        valid=row.removed_at is None and (row.until is None or on <= row.until),
        removed_by=row.removed_by,
        removed_at=row.removed_at,
    )


def _scopes(items: Sequence[Item], what: str) -> set[str]:
    """Return what the items of a case name: advertisers of its ads, accounts of its posts, domains of one party."""
    if what == "domain":
        return {f"domain:{host}" for host in _domains(items)}
    kinds = ("ad",) if what == "advertiser" else ("post", "comment")
    return {
        f"{what}:{item.platform}:{item.advertiser.id}"
        for item in items
        if item.kind in kinds and item.platform and item.advertiser and item.advertiser.id
    }


def _domains(items: Sequence[Item]) -> set[str]:
    places = [place for item in items for place in places_of(item) if place.role != "shown"]
    led = [place for place in places if place.role != "written"] or places  # what is written may be a name of a file
    hosts = [place.host for place in led if place.host]
    return {host.registrable or host.ascii for host in hosts if not is_shared(host) and redirector(host) is None}


def _only(case_id: int, what: str, scopes: Sequence[str]) -> str:
    if not scopes:
        hint = "; a page on a shared host is named path:HOST/PREFIX" if what == "domain" else ""
        raise JudgementRefused(f"case {case_id} names no {what} to register{hint}")
    if len(scopes) > 1:
        told = ", ".join(scopes[:MOST_TOLD]) + (" …" if len(scopes) > MOST_TOLD else "")
        raise JudgementRefused(f"case {case_id} has {len(scopes)} {what}s; name one of them: {told}")
    return scopes[0]


def _named(case_id: int, items: Sequence[Item], text: str) -> str:
    """Check a scope that somebody wrote out: of this case, and no shared host as a whole."""
    try:
        scope = Scope.parse(text)
    except ValueError as error:
        raise JudgementRefused(f"--register: {error}, or one of {', '.join(WHATS)}") from None
    if scope.kind in ("advertiser", "account"):
        if text not in _scopes(items, scope.kind):
            raise JudgementRefused(f"case {case_id} has no {text}")
        return text
    host = parse_host(scope.value)
    seen = {place.host.ascii for item in items for place in places_of(item) if place.host}
    if host is None or not any(one == host.ascii or one.endswith(f".{host.ascii}") for one in seen):
        raise JudgementRefused(f"case {case_id} leads to no {text.partition(':')[2]}")
    if scope.kind == "domain" and is_shared(host):
        raise JudgementRefused(f"anybody can have a page at {host.ascii}; name the page: path:{host.ascii}/…")
    return text
