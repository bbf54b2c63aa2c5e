"""Campaigns: how flagged items come together in cases.

A case is one campaign against one brand. An item that arrives opens it or joins it (`storage.placing`); either way the
case, its log, why it joined and the alert intent are written here together. The rows of the cases are locked first, so
that a judgement made at the same moment comes wholly before or wholly after.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from detector.campaign import CampaignKey, campaign_keys
from detector.campaign_assets import BrandAssets
from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.items import Item
from detector.verdict import Verdict
from storage.actions import SILENT
from storage.campaign_keys import KeptKey, doubt_passed_on, give_keys, holders, keep_keys
from storage.case_locks import MACHINE, lock_campaigns, lock_cases
from storage.case_titles import case_title
from storage.columns import digest_of
from storage.intents import Grouping, tell_of_items, tell_of_relapse
from storage.memberships import Memberships, bring_along, cases_of, memberships, put_in
from storage.merging import root_of
from storage.parting import raise_score
from storage.placing import Arrival, Placed, Placing
from storage.schema import Case, CaseJoin, JoinedBy, Picture
from storage.suppression import wake
from storage.upsert import find_or_add, table_of

__all__ = ["MACHINE", "Flagged", "Joined", "case_title", "join_cases", "lock_cases"]

Assets = Mapping[str, BrandAssets]  # by brand


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """An item that a person should see, with the verdict that says so."""

    item_id: int
    version_id: int
    verdict_id: int
    item: Item
    verdict: Verdict
    on: date  # of the verdict
    pictures: Mapping[str, str] = field(default_factory=dict)  # reference in Item.images -> SHA-256
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
    session: Session,
    flagged: Sequence[Flagged],
    grouping: Grouping,
    seen: Mapping[int, datetime],
    assets: Assets | None = None,
) -> Joined:
    """Put flagged items into their cases, open the ones that are missing, and note whom to tell.

    Args:
        session: of a transaction; everything is written in it.
        flagged: in the order in which they came.
        grouping: when messages may leave.
        seen: when each item of these observations was seen, flagged or not, by item id: its cases were seen then, too.
        assets: what the brands own themselves; nothing is taken for theirs without it.
    """
    now = grouping.now
    if flagged:
        lock_campaigns(session, {one.verdict.brand for one in flagged})
    members_of = cases_of(session, seen)
    known = memberships(session, {one.item_id for one in flagged})
    homes = _homes(session, flagged, known)
    kept = _kept_keys(session, flagged, known, homes, assets or {})
    held = holders(session, {key.id for keys in kept.values() for key in keys if not key.hub})
    wanted = {holder.case_id for found in held.values() for holder in found}
    cases = lock_cases(session, {*wanted, *(case for found in homes.values() for case in found), *members_of})
    placed = _placed(session, flagged, kept, homes, held, cases, now)
    opened = _open(session, flagged, placed, cases, now)
    where = {number: tuple(opened.get(case, case) for case in found) for number, found in placed.cases.items()}
    members: dict[int, list[Flagged]] = defaultdict(list)
    for number, found in where.items():
        for case_id in found:
            members[case_id].append(flagged[number])
    first = frozenset(opened.values())
    arrived = put_in(session, members, cases, first, now)
    owners = [(case, number) for number in kept for case in where[number]]
    give_keys(session, ((case, flagged[number].item_id, key) for case, number in owners for key in kept[number]))
    _note_reasons(session, flagged, placed, opened, arrived, now)
    for number, one in enumerate(flagged):
        hosts = [key.key.value for key in kept.get(number, ()) if key.key.kind == "host"]
        if one.led_from and hosts:
            doubt_passed_on(session, one.verdict.brand, one.led_from, hosts)
    woken = wake(session, cases, _news(members, arrived), who=MACHINE, now=now)  # before they raise the scores
    for case_id, group in members.items():
        brought = bring_along(session, cases[case_id], {item for one in group for item in one.led_from}, now)
        _note_links(session, case_id, group, brought, now)
    for case_id, group in members.items():
        for one in group:
            raise_score(cases[case_id], one.verdict.score, one.verdict_id, one.verdict.decision)
            cases[case_id].last_seen = max(cases[case_id].last_seen, seen[one.item_id])
    for case_id, items in members_of.items():
        root = cases[case_id].merged_into or case_id  # it may have become a part of another one just now
        cases[root].last_seen = max(cases[root].last_seen, *(seen[item_id] for item_id in items))
    tell_of_items(session, "first", _counts(arrived, first), grouping)
    relapsed = sorted(case_id for case_id, action in woken.items() if action == "relapse")
    for case_id in relapsed:
        tell_of_relapse(session, case_id, now)
    told = first.union(relapsed)
    grown = [case_id for case_id in arrived if case_id not in told and cases[case_id].state not in SILENT]
    tell_of_items(session, "new_items", _counts(arrived, grown), grouping)
    of_version: dict[int, dict[int, None]] = defaultdict(dict)  # ordered sets
    for case_id, group in members.items():
        for one in group:
            of_version[one.version_id][case_id] = None
    return Joined(cases={version: tuple(of) for version, of in of_version.items()}, opened=first)


# --- where items belong -----------------------------------------------------------------------------------------


def _homes(session: Session, flagged: Sequence[Flagged], known: Memberships) -> dict[int, tuple[int, ...]]:
    """Return the cases that each flagged item (by number) is in already, and those whose links led to it."""
    led = {case for one in flagged for case in one.cases}
    roots = {case: root_of(session, case) for case in sorted(led)}
    of_item: dict[int, list[int]] = defaultdict(list)
    for case_id, item_id in known:
        of_item[item_id].append(case_id)
    named = {*roots.values(), *(case for case, _ in known)}
    rows = session.execute(select(Case.id, Case.brand, Case.state).where(Case.id.in_(named))).all() if named else ()
    brand = {row.id: row.brand for row in rows}
    done = {row.id for row in rows if row.state in SILENT}
    found: dict[int, tuple[int, ...]] = {}
    for number, one in enumerate(flagged):
        lead = [roots[case] for case in one.cases if roots[case] not in done]
        homes = dict.fromkeys((*lead, *of_item[one.item_id]))
        found[number] = tuple(case for case in homes if brand.get(case) == one.verdict.brand)
    return found


def _kept_keys(
    session: Session,
    flagged: Sequence[Flagged],
    known: Memberships,
    homes: Mapping[int, Sequence[int]],
    assets: Assets,
) -> dict[int, list[KeptKey]]:
    """Return the keys of flagged items by number: of those that are new, or of which a new version was flagged."""
    fresh = [
        number
        for number, one in enumerate(flagged)
        if not homes[number]
        or any(known.get((case, one.item_id), (0, 0)) < (one.version_id, one.verdict_id) for case in homes[number])
    ]
    hashes = _hashes(session, {address for number in fresh for address in flagged[number].pictures.values()})
    keys: dict[int, tuple[CampaignKey, ...]] = {}
    for number in fresh:
        one = flagged[number]
        keys[number] = campaign_keys(
            one.item,
            one.verdict,
            pictures={name: hashes[address] for name, address in one.pictures.items() if address in hashes},
            assets=assets.get(one.verdict.brand),
            on=one.on,
        )
    found: dict[int, list[KeptKey]] = {}
    for brand in sorted({flagged[number].verdict.brand for number in fresh}):
        mine = [number for number in fresh if flagged[number].verdict.brand == brand]
        rows = keep_keys(session, brand, (key for number in mine for key in keys[number]))
        for number in mine:
            alike = (rows[key.kind, key.value] for key in keys[number])
            found[number] = list({kept.id: kept for kept in alike}.values())
    return found


def _hashes(session: Session, addresses: Collection[str]) -> dict[str, PictureHash]:
    if not addresses:
        return {}
    query = select(Picture.sha256, Picture.hash).where(Picture.sha256.in_(addresses), Picture.hash.is_not(None))
    return {address: picture_hash_from_dict(hashed) for address, hashed in session.execute(query) if hashed}


def _placed(
    session: Session,
    flagged: Sequence[Flagged],
    kept: Mapping[int, Sequence[KeptKey]],
    homes: Mapping[int, tuple[int, ...]],
    held: Mapping[int, Any],
    cases: dict[int, Case],
    now: datetime,
) -> Placed:
    """Place the items of each brand."""
    everything = Placed()
    for brand in sorted({one.verdict.brand for one in flagged}):
        placing = Placing(session, brand, cases, held, now, first=-1 - len(everything.names))
        placed = placing.place(
            Arrival(
                number=number,
                item_id=one.item_id,
                item=one.item,
                verdict=one.verdict,
                keys=kept.get(number, ()),
                homes=homes[number],
            )
            for number, one in enumerate(flagged)
            if one.verdict.brand == brand
        )
        everything.add(placed)
    return everything


def _open(
    session: Session, flagged: Sequence[Flagged], placed: Placed, cases: dict[int, Case], now: datetime
) -> dict[int, int]:
    """Open the cases that are missing, add them to `cases`, and return their ids by their numbers in `placed`."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    numbers: dict[int, tuple[Any, ...]] = {}
    groups: dict[int, list[Flagged]] = defaultdict(list)
    for number, found in placed.cases.items():
        for place in found:
            groups[place].append(flagged[number])
    for place, number in placed.new.items():
        one = flagged[number]
        key = (digest_of([one.verdict.brand, "opened", one.item_id, one.verdict_id]),)
        numbers[place] = key
        rows[key] = _new_case(key[0], placed.names[place], one, groups[place], now)
    ids, _ = find_or_add(session, Case, ("identity",), rows)
    opened = {place: ids[key] for place, key in numbers.items()}
    if opened:
        cases |= lock_cases(session, opened.values())
    return opened


def _new_case(identity: str, campaign: str, first: Flagged, group: Sequence[Flagged], now: datetime) -> dict[str, Any]:
    best = max(group, key=lambda one: one.verdict.score)
    return {
        "identity": identity,
        "brand": first.verdict.brand,
        "campaign": campaign,
        "title": case_title(campaign, first.item),
        "opened_at": now,
        "state": "open",
        "score": best.verdict.score,
        "decision": best.verdict.decision,
        "verdict_id": best.verdict_id,
        "last_seen": now,
        "priority": best.verdict.score,
    }


# --- why, and whom to tell --------------------------------------------------------------------------------------


def _note_reasons(
    session: Session,
    flagged: Sequence[Flagged],
    placed: Placed,
    opened: Mapping[int, int],
    arrived: Mapping[int, Sequence[int]],
    now: datetime,
) -> None:
    """Write down what each item that joined had in common with its case, or whose link led to it."""
    rows: list[dict[str, Any]] = []
    for number, (place, reasons) in placed.reasons.items():
        case_id, item_id = opened.get(place, place), flagged[number].item_id
        if item_id in arrived.get(case_id, ()):
            rows += (
                {
                    **_row(case_id, item_id, "key", reason.holder.item_id, now),
                    "key_id": reason.kept.id,
                    "likeness": reason.kept.likeness,
                }
                for reason in reasons
            )
    for number, one in enumerate(flagged):
        if one.cases:
            origin = min(one.led_from, default=None)
            joined = (opened.get(place, place) for place in placed.cases[number])
            rows += (
                {**_row(case_id, one.item_id, "link", origin, now), "key_id": None, "likeness": None}
                for case_id in joined
                if one.item_id in arrived.get(case_id, ())
            )
    if rows:
        session.execute(insert(table_of(CaseJoin)), rows)


def _note_links(
    session: Session, case_id: int, group: Sequence[Flagged], brought: Sequence[int], now: datetime
) -> None:
    """Write down why items are in the case of a page that their links led to."""
    led = {item: one.item_id for one in group for item in one.led_from}
    if brought:
        session.execute(insert(table_of(CaseJoin)), [_row(case_id, item, "link", led[item], now) for item in brought])


def _row(case_id: int, item_id: int, joined_by: JoinedBy, with_item: int | None, now: datetime) -> dict[str, Any]:
    return {"case_id": case_id, "item_id": item_id, "joined_by": joined_by, "with_item": with_item, "at": now}


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
