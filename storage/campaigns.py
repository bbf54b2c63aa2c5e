"""Campaigns: how flagged items come together in cases.

A case is one campaign against one brand. An item that arrives opens it or joins it; either way the case, its
log and the alert intent are written here together. The rows of the cases are locked first, so that a
judgement made at the same moment comes wholly before or wholly after.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from detector.hosts import parse_host
from detector.items import Item
from detector.verdict import Decision, Verdict
from storage.actions import SILENT
from storage.case_log import NewEntry, append_log
from storage.columns import digest_of
from storage.intents import Grouping, tell_of_items
from storage.schema import Case, CaseItem, ItemVersion, VerdictRow
from storage.suppression import wake
from storage.upsert import Key, find_or_add, table_of

MACHINE = "mekiki"  # who, in log entries that no person made
_GRAVITY: Mapping[Decision, int] = {"impersonation": 2, "suspicious": 1}
_TITLE_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """An item that a person should see, with the verdict that says so."""

    item_id: int
    version_id: int
    verdict_id: int
    item: Item
    verdict: Verdict
    campaign: str  # from `detector.campaign.campaign_key`
    cases: tuple[int, ...] = ()  # whose links led to it
    led_from: tuple[int, ...] = ()  # items whose links led to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Which cases the flagged items are in."""

    cases: Mapping[int, tuple[int, ...]]  # version id -> case ids
    opened: frozenset[int]

    def of(self, version_id: int) -> tuple[int, ...]:
        """Return the cases of one version; none when it was not flagged."""
        return self.cases.get(version_id, ())


def join_cases(
    session: Session, flagged: Sequence[Flagged], grouping: Grouping, seen: Mapping[int, datetime]
) -> Joined:
    """Put flagged items into their cases, open the ones that are missing, and note whom to tell.

    Args:
        seen: when each item of these observations was seen, flagged or not, by item id: its cases were seen then, too.
    """
    groups: dict[Key, list[Flagged]] = defaultdict(list)
    led = _led_to(session, flagged)
    for number, one in enumerate(flagged):
        if number not in led:
            groups[(digest_of([one.verdict.brand, one.campaign]),)].append(one)
    rows = {key: _new_case(key[0], group, grouping.now) for key, group in groups.items()}
    ids, added = find_or_add(session, Case, ("identity",), rows)
    opened = frozenset(ids[key] for key in added)
    members_of = _cases_of(session, seen)
    cases = lock_cases(session, {*ids.values(), *(case for found in led.values() for case in found), *members_of})
    members = {ids[key]: list(group) for key, group in groups.items()}
    for number, found in led.items():
        for case_id in found:
            members.setdefault(case_id, []).append(flagged[number])
    arrived = _place(session, members, cases, opened, grouping.now)
    wake(session, cases, _news(members, arrived), who=MACHINE, now=grouping.now)  # before they raise the scores
    for case_id, group in members.items():
        _bring_along(session, cases[case_id], group, grouping.now)
    for case_id, group in members.items():
        _raise_score(cases[case_id], group)
    for case_id, items in members_of.items():
        cases[case_id].last_seen = max(cases[case_id].last_seen, *(seen[item_id] for item_id in items))
    for case_id, group in members.items():
        cases[case_id].last_seen = max(cases[case_id].last_seen, *(seen[one.item_id] for one in group))
    tell_of_items(session, "first", _counts(arrived, opened), grouping)
    grown = [case_id for case_id in arrived if case_id not in opened and cases[case_id].state not in SILENT]
    tell_of_items(session, "new_items", _counts(arrived, grown), grouping)
    of_version: dict[int, dict[int, None]] = defaultdict(dict)  # ordered sets
    for case_id, group in members.items():
        for one in group:
            of_version[one.version_id][case_id] = None
    return Joined(cases={version: tuple(of) for version, of in of_version.items()}, opened=opened)


def _led_to(session: Session, flagged: Sequence[Flagged]) -> dict[int, list[int]]:
    """Return the cases, by number of the flagged item, whose links led to it: of its brand, and not done with."""
    named = {case for one in flagged for case in one.cases}
    if not named:
        return {}
    rows = session.execute(select(Case.id, Case.brand).where(Case.id.in_(named), Case.state.not_in(SILENT)))
    brands = {row.id: row.brand for row in rows}
    found = {
        number: [case for case in one.cases if brands.get(case) == one.verdict.brand]
        for number, one in enumerate(flagged)
    }
    return {number: cases for number, cases in found.items() if cases}


def _cases_of(session: Session, item_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the cases that these items are in, with the items of each."""
    found: dict[int, list[int]] = defaultdict(list)
    for case_id, item_id in session.execute(
        select(CaseItem.case_id, CaseItem.item_id).where(CaseItem.item_id.in_(list(item_ids)))
    ):
        found[case_id].append(item_id)
    return found


def _bring_along(session: Session, case: Case, group: Sequence[Flagged], now: datetime) -> None:
    """Put the items whose links led to a flagged page into its case, with what they were judged as themselves."""
    sources = {item_id for one in group for item_id in one.led_from}
    if not sources:
        return
    present = set(session.scalars(select(CaseItem.item_id).where(CaseItem.case_id == case.id)))
    rows = session.execute(
        select(ItemVersion.item_id, VerdictRow.version_id, VerdictRow.id)
        .join(ItemVersion, ItemVersion.id == VerdictRow.version_id)
        .where(ItemVersion.item_id.in_(sources - present), VerdictRow.brand == group[0].verdict.brand)
        .order_by(VerdictRow.id)
    )
    latest = {item_id: (version_id, verdict_id) for item_id, version_id, verdict_id in rows}
    if latest:
        session.execute(
            insert(table_of(CaseItem)),
            [
                {"case_id": case.id, "item_id": item, "version_id": version, "verdict_id": verdict, "added_at": now}
                for item, (version, verdict) in sorted(latest.items())
            ],
        )
        case.items += len(latest)
        append_log(session, {case.id: case}, [_entry(case.id, now, "items_added", sorted(latest))])


def lock_cases(session: Session, case_ids: Iterable[int]) -> dict[int, Case]:
    """Return cases as they are now, held until the transaction ends; always locked in the same order."""
    query = select(Case).where(Case.id.in_(list(case_ids))).order_by(Case.id)
    rows = session.scalars(query.with_for_update(key_share=True), execution_options={"populate_existing": True})
    return {case.id: case for case in rows}


def case_title(campaign: str, item: Item) -> str:
    """Name a case for people: what its items have in common, as it reads, and the kind of the first one."""
    joined_by, _, rest = campaign.partition(":")
    if joined_by == "advertiser":
        advertiser = item.advertiser and item.advertiser.name
        rest = advertiser or rest.replace(":", " ", 1)
    elif joined_by == "item":
        rest = item.url or item.id
    host = parse_host(rest) if "xn--" in rest else None
    if host and host.unicode != host.ascii:
        rest = f"{rest} = {host.unicode}"
    if len(rest) > _TITLE_CHARACTERS:
        rest = rest[: _TITLE_CHARACTERS - 1] + "…"
    return f"{rest} ({item.kind})"


def _new_case(identity: str, group: Sequence[Flagged], now: datetime) -> dict[str, Any]:
    first = group[0]
    best = max(group, key=lambda one: one.verdict.score)
    return {
        "identity": identity,
        "brand": first.verdict.brand,
        "campaign": first.campaign,
        "title": case_title(first.campaign, first.item),
        "opened_at": now,
        "state": "open",
        "score": best.verdict.score,
        "decision": best.verdict.decision,
        "verdict_id": best.verdict_id,
        "last_seen": now,
        "priority": best.verdict.score,
    }


def _place(
    session: Session,
    members: Mapping[int, Sequence[Flagged]],
    cases: Mapping[int, Case],
    opened: Set[int],
    now: datetime,
) -> dict[int, list[int]]:
    """Write memberships and the log; return which items arrived in each case.

    A membership only moves forward, to a newer version or a newer verdict, so that two versions seen in turns
    (picture fetched, picture not fetched) do not fill the log.
    """
    known = _memberships(session, {one.item_id for group in members.values() for one in group})
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}  # by: new in its case
    log: list[NewEntry] = []
    arrived: dict[int, list[int]] = {}
    for case_id, group in members.items():
        items: dict[bool, list[int]] = {True: [], False: []}
        latest = {one.item_id: one for one in sorted(group, key=lambda one: (one.version_id, one.verdict_id))}
        for item_id, one in latest.items():
            before = known.get((case_id, item_id))
            if before is None or before < (one.version_id, one.verdict_id):
                new = before is None
                items[new].append(item_id)
                place = {"case_id": case_id, "item_id": item_id}
                rows[new].append({**place, "version_id": one.version_id, "verdict_id": one.verdict_id})
        if items[True]:
            arrived[case_id] = items[True]
            cases[case_id].items += len(items[True])
            action = "opened" if case_id in opened else "items_added"
            log.append(_entry(case_id, now, action, items[True]))
        if items[False]:
            log.append(_entry(case_id, now, "items_changed", items[False]))
    if rows[True]:
        session.execute(insert(table_of(CaseItem)), [{**row, "added_at": now} for row in rows[True]])
    if rows[False]:
        session.execute(update(CaseItem), rows[False])
    append_log(session, cases, log)
    return arrived


def _memberships(session: Session, item_ids: Set[int]) -> dict[tuple[int, int], tuple[int, int]]:
    columns = table_of(CaseItem).c
    rows = session.execute(
        select(columns.case_id, columns.item_id, columns.version_id, columns.verdict_id).where(
            columns.item_id.in_(item_ids)
        )
    )
    return {(row.case_id, row.item_id): (row.version_id, row.verdict_id) for row in rows}


def _entry(case_id: int, now: datetime, action: str, items: list[int]) -> NewEntry:
    return NewEntry(case_id=case_id, at=now, who=MACHINE, action=action, data={"items": items})


def _raise_score(case: Case, group: Sequence[Flagged]) -> None:
    for one in group:
        if one.verdict.score > case.score:
            case.score, case.verdict_id = one.verdict.score, one.verdict_id
            case.priority = max(case.priority, case.score)
        if _GRAVITY[one.verdict.decision] > _GRAVITY[case.decision]:
            case.decision = one.verdict.decision


def _counts(arrived: Mapping[int, Sequence[int]], case_ids: Iterable[int]) -> dict[int, int]:
    return {case_id: len(arrived[case_id]) for case_id in case_ids if case_id in arrived}


def _news(
    members: Mapping[int, Sequence[Flagged]], arrived: Mapping[int, Sequence[int]]
) -> dict[int, list[tuple[Item, float]]]:
    """Return what arrived in each case, with its score."""
    return {
        case_id: [(one.item, one.verdict.score) for one in members[case_id] if one.item_id in item_ids]
        for case_id, item_ids in arrived.items()
    }
