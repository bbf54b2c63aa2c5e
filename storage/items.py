"""Items: one row for each thing seen, its versions, sightings and verdicts; what is flagged joins a case.

1. The item is found or added by kind, platform and external id.
2. Its content is found or added as a version, unless only what differs on every sighting has changed.
3. The sighting is appended, unless a run that this one does again has recorded it.
4. Verdicts are kept once for each version, brand and judge.
5. Flagged ones join their cases (`storage.campaigns`), which writes the alert intents.
6. The cases of what was seen, flagged or not, count it (`storage.reach`).

All of it happens in the caller's transaction: a flagged item without its case and intent cannot exist.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from detector.items import Item
from detector.verdict import Verdict
from storage.batches import batched
from storage.campaigns import Assets, Flagged, Joined, join_cases
from storage.columns import digest_of
from storage.intents import Grouping
from storage.priority import JudgeWithin
from storage.reach import Asked, Look, keep_up
from storage.schema import ItemRow, ItemVersion, Sighting, VerdictRow, VersionPicture
from storage.upsert import find_or_add, table_of

# Differ between two looks at the same ad; each sighting keeps its own time and publisher page.
_VOLATILE = frozenset({"seen_at", "raw", "last_shown", "publisher_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at an item."""

    item: Item
    source: str  # key of the configured source
    run_id: int | None
    seen_at: datetime
    visitor: str | None = None  # visitor profile
    pictures: Mapping[str, str] = field(default_factory=dict)  # reference in Item.images -> SHA-256
    cases: tuple[int, ...] = ()  # whose links led here; it joins those of its brand
    led_from: tuple[int, ...] = ()  # items whose links led here; they join its case, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What recording an observation did."""

    item_id: int
    new: bool  # the item had never been seen
    changed: bool  # it was known, and this content of it was not
    flagged: bool
    cases: tuple[int, ...]  # that the item is in because of these verdicts
    opened: tuple[int, ...]  # of those, the ones that this call opened


def record_many(
    session: Session,
    entries: Sequence[tuple[Observation, Sequence[Verdict]]],
    *,
    judged_by: str,
    now: datetime,
    group_wait: timedelta,
    group_interval: timedelta,
    judge_within: JudgeWithin | None = None,
    assets: Assets | None = None,
    again: Collection[int] = (),
) -> list[Recorded]:
    """Store observations with their verdicts, in the caller's transaction; answers in the same order.

    Made for some hundred entries a call, one call a transaction. Pictures named by an observation must be
    saved (`storage.pictures.save_picture`) before the transaction ends.

    Args:
        judged_by: `Assessor.fingerprint` of the judge.
        group_wait: from the opening of a case to its first message.
        group_interval: least time between later messages of a case.
        judge_within: how soon a person should judge; None: nothing is agreed.
        assets: what the brands own themselves, by key: no item joins a case by that.
        again: runs that came to no end and are done again: what they have seen is not seen a second time.
    """
    item_ids, new_items = _find_or_add_items(session, entries, now)
    versions, new_versions = _find_or_add_versions(session, entries, item_ids, now)
    looked = _without_repeats(session, entries, versions, again)
    _append_sightings(session, looked, now)
    verdict_ids = _keep_verdicts(session, entries, versions, judged_by, now)
    flagged = [
        Flagged(
            item_id=item_id,
            version_id=version_id,
            verdict_id=verdict_ids[version_id, verdict.brand, judged_by],
            item=observation.item,
            verdict=verdict,
            on=observation.seen_at.date(),
            pictures=observation.pictures,
            cases=observation.cases,
            led_from=observation.led_from,
        )
        for (observation, verdicts), (item_id, version_id) in zip(entries, versions, strict=True)
        for verdict in verdicts
        if verdict.flagged
    ]
    grouping = Grouping(now=now, wait=group_wait, interval=group_interval)
    seen: dict[int, datetime] = {}
    for (observation, _), (item_id, _) in zip(entries, versions, strict=True):
        seen[item_id] = max(observation.seen_at, seen.get(item_id, observation.seen_at))
    joined = join_cases(session, flagged, grouping, seen, assets)
    _keep_reach(session, looked, flagged, joined, new_versions, judge_within)
    answers = []
    for (_, verdicts), (item_id, version_id) in zip(entries, versions, strict=True):
        cases = joined.of(version_id)
        answers.append(
            Recorded(
                item_id=item_id,
                new=item_id in new_items,
                changed=item_id not in new_items and version_id in new_versions,
                flagged=any(verdict.flagged for verdict in verdicts),
                cases=cases,
                opened=tuple(case for case in cases if case in joined.opened),
            )
        )
    return answers


def item_from(content: Mapping[str, Any]) -> Item:
    """Return the Item that a version's content holds."""
    return msgspec.convert(content, Item)


Entries = Sequence[tuple[Observation, Sequence[Verdict]]]
VersionOf = list[tuple[int, int]]  # (item id, version id) of each entry
Looked = Sequence[tuple[Observation, int, int]]  # with item id and version id


def _find_or_add_items(session: Session, entries: Entries, now: datetime) -> tuple[list[int], set[int]]:
    keys = [
        (digest_of([observation.item.kind, observation.item.platform, observation.item.id]),)
        for observation, _ in entries
    ]
    rows = {
        key: {
            "identity": key[0],
            "kind": observation.item.kind,
            "platform": observation.item.platform,
            "external_id": observation.item.id,
            "recorded_at": now,
        }
        for key, (observation, _) in zip(keys, entries, strict=True)
    }
    ids, added = find_or_add(session, ItemRow, ("identity",), rows)
    return [ids[key] for key in keys], {ids[key] for key in added}


def _find_or_add_versions(
    session: Session, entries: Entries, item_ids: list[int], now: datetime
) -> tuple[VersionOf, set[int]]:
    keys = []
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    pictures: dict[tuple[Any, ...], Mapping[str, str]] = {}
    for (observation, _), item_id in zip(entries, item_ids, strict=True):
        content = msgspec.to_builtins(observation.item)
        key = (item_id, _fingerprint(content, observation.pictures))
        keys.append(key)
        if key not in rows:
            rows[key] = {"item_id": item_id, "fingerprint": key[1], "content": content, "recorded_at": now}
            pictures[key] = observation.pictures
    ids, added = find_or_add(session, ItemVersion, ("item_id", "fingerprint"), rows)
    shown = [
        {"version_id": ids[key], "number": number, "reference": reference, "sha256": address}
        for key in sorted(added)
        for number, (reference, address) in enumerate(pictures[key].items())
    ]
    if shown:
        session.execute(insert(table_of(VersionPicture)), shown)
    return [(key[0], ids[key]) for key in keys], {ids[key] for key in added}


def _fingerprint(content: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """Digest what was judged: the item without its volatile and empty fields, pictures by their content.

    A picture that could not be fetched at first, and then could, makes a new version: the verdict may differ.
    A picture whose address alone has changed (signed URLs) does not. Leaving out empty fields keeps known
    fingerprints valid when Item gets another optional field.
    """
    judged = {name: value for name, value in content.items() if value and name not in _VOLATILE}
    if "images" in judged:
        judged["images"] = [pictures.get(reference, reference) for reference in judged["images"]]
    return digest_of(judged)


def _without_repeats(session: Session, entries: Entries, versions: VersionOf, again: Collection[int]) -> Looked:
    """Return the observations that no run of these has recorded."""
    looked = [(observation, *ids) for (observation, _), ids in zip(entries, versions, strict=True)]
    if not again:
        return looked
    known = set[tuple[int, int, str | None, str | None]]()
    for some in batched([item_id for item_id, _ in versions]):
        query = select(Sighting.item_id, Sighting.version_id, Sighting.visitor, Sighting.publisher_url)
        rows = session.execute(query.where(Sighting.item_id.in_(some), Sighting.run_id.in_(again)))
        known.update((row.item_id, row.version_id, row.visitor, row.publisher_url) for row in rows)
    return [one for one in looked if (one[1], one[2], one[0].visitor, one[0].item.publisher_url) not in known]


def _append_sightings(session: Session, looked: Looked, now: datetime) -> None:
    if not looked:
        return
    session.execute(
        insert(table_of(Sighting)),
        [
            {
                "item_id": item_id,
                "version_id": version_id,
                "run_id": observation.run_id,
                "source": observation.source,
                "visitor": observation.visitor,
                "publisher_url": observation.item.publisher_url,
                "seen_at": observation.seen_at,
                "recorded_at": now,
            }
            for observation, item_id, version_id in looked
        ],
    )


def _keep_reach(
    session: Session,
    looked: Looked,
    flagged: Sequence[Flagged],
    joined: Joined,
    new_versions: set[int],
    judge_within: JudgeWithin | None,
) -> None:
    looks = [
        Look(
            item_id=item_id,
            kind=observation.item.kind,
            source=observation.source,
            publisher_url=observation.item.publisher_url,
        )
        for observation, item_id, _ in looked
    ]
    asked: dict[int, list[Asked]] = {}
    for one in flagged:
        for case_id in joined.of(one.version_id):
            changed = one.version_id in new_versions
            asked.setdefault(case_id, []).append(
                Asked(item_id=one.item_id, item=one.item, decision=one.verdict.decision, changed=changed)
            )
    keep_up(
        session,
        looks,
        asked,
        brought=(item_id for one in flagged for item_id in one.led_from),
        opened=joined.opened,
        judge_within=judge_within,
    )


def _keep_verdicts(
    session: Session, entries: Entries, versions: VersionOf, judged_by: str, now: datetime
) -> dict[tuple[Any, ...], int]:
    rows = {
        (version_id, verdict.brand, judged_by): {
            "version_id": version_id,
            "brand": verdict.brand,
            "judged_by": judged_by,
            "policy": verdict.policy,
            "score": verdict.score,
            "decision": verdict.decision,
            "evidence": msgspec.to_builtins(verdict.evidence),
            "judged_at": now,
        }
        for (_, verdicts), (_, version_id) in zip(entries, versions, strict=True)
        for verdict in verdicts
        if verdict.decision != "none"
    }
    return find_or_add(session, VerdictRow, ("version_id", "brand", "judged_by"), rows)[0]
