"""Campaign keys as rows: kept once for each brand, looked up by equality or by likeness, with the cases that have them.

What is compared by likeness (pictures, templates of texts) is kept once for all that are alike: the first one seen
stands for the others, so that a campaign of a thousand nearly equal creatives has one key. It is found by its parts
(`campaign_bands`), an ordinary index on both databases, and then compared in full.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from detector import campaign_picture, campaign_text
from detector.campaign import LIKE, CampaignKey, KeyKind
from detector.campaign_rule import HUB, TELLING
from storage.batches import batched
from storage.columns import digest_of
from storage.schema import CampaignBand, CampaignKeyRow, Case, CaseItem, CaseKey, ItemKey
from storage.upsert import find_or_add, insert, table_of

Place = tuple[KeyKind, str]
_MOST_TELLING = 500  # keys of a case
_AT_ONCE = 5_000  # parameters of one statement


class _Measure(Protocol):
    """How values of a kind are compared."""

    def parts(self, value: str, /) -> Iterable[str]:
        """Return the parts under which a value is kept."""

    def near_parts(self, value: str, /) -> Iterable[str]:
        """Return the parts under which values like this are kept."""

    def alike(self, one: str, other: str, /) -> float:
        """Return how alike two values are, 0-1; 0 where they are not the same thing."""


_MEASURES: Mapping[KeyKind, _Measure] = {"picture": campaign_picture, "text": campaign_text}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """A key that an item has, and the row that stands for it."""

    key: CampaignKey
    id: int
    likeness: float | None  # to what the row holds, of what is compared by likeness
    hub: bool  # so many cases have it that it joins nobody
    parted: bool  # people have put apart what had it


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A case that has a key."""

    case_id: int
    item_id: int  # of it, that brought the key
    strong: bool


@dataclass(slots=True, kw_only=True)
class _Known:
    """A key's row, or one that is about to be."""

    identity: str
    kind: KeyKind
    value: str
    id: int | None = None
    cases: int = 0
    parted: int = 0


def keep_keys(session: Session, brand: str, wanted: Iterable[CampaignKey]) -> dict[Place, KeptKey]:
    """Make sure that every key has a row; return them by kind and value."""
    keys = {(key.kind, key.value): key for key in wanted}
    known = _equal(session, brand, keys)
    alike = _alike(session, brand, [place for place in keys if place[0] in LIKE and place not in known])
    rows: dict[Place, tuple[_Known, float | None]] = {}
    for place in keys:
        kind, value = place
        if place in known:
            rows[place] = known[place], 1.0 if kind in LIKE else None
        elif place in alike:
            rows[place] = alike[place]
        else:
            rows[place] = _Known(identity=identity_of(brand, kind, value), kind=kind, value=value), None
    _add(session, brand, [row for row, _ in rows.values() if row.id is None])
    return {
        place: KeptKey(
            key=keys[place],
            id=row.id or 0,
            likeness=likeness,
            hub=row.cases >= HUB,
            parted=row.parted > 0,
        )
        for place, (row, likeness) in rows.items()
    }


def holders(session: Session, key_ids: Collection[int]) -> dict[int, list[Holder]]:
    """Return the live cases that have each key."""
    found: dict[int, list[Holder]] = defaultdict(list)
    for some in batched(sorted(key_ids), _AT_ONCE):
        for key_id, case_id, item_id, strong in session.connection().execute(_HOLDERS, {"keys": some}):
            found[key_id].append(Holder(case_id=case_id, item_id=item_id, strong=strong))
    return found


def keys_of_items(session: Session, item_ids: Collection[int], brand: str) -> dict[int, list[CampaignKey]]:
    """Return the keys of some items, without those that are compared by likeness."""
    found: dict[int, list[CampaignKey]] = defaultdict(list)
    query = (
        select(ItemKey.item_id, ItemKey.strong, CampaignKeyRow.kind, CampaignKeyRow.value)
        .join(CampaignKeyRow, CampaignKeyRow.id == ItemKey.key_id)
        .where(ItemKey.item_id.in_(item_ids), CampaignKeyRow.brand == brand, CampaignKeyRow.kind.not_in(LIKE))
    )
    for item_id, strong, kind, value in session.execute(query):
        found[item_id].append(CampaignKey(kind=kind, value=value, strong=strong, says=""))
    return found


def telling_keys(session: Session, case_id: int) -> list[CampaignKey]:
    """Return the keys of a case that tell it from others, the first ones."""
    query = (
        select(CampaignKeyRow.kind, CampaignKeyRow.value, CaseKey.strong)
        .join(CaseKey, CaseKey.key_id == CampaignKeyRow.id)
        .where(CaseKey.case_id == case_id, CampaignKeyRow.kind.in_(TELLING))
        .order_by(CaseKey.key_id)
        .limit(_MOST_TELLING)
    )
    return [
        CampaignKey(kind=kind, value=value, strong=strong, says="") for kind, value, strong in session.execute(query)
    ]


def give_keys(session: Session, given: Iterable[tuple[int, int, KeptKey]]) -> None:
    """Note that items (case, item, key) have keys, and so have their cases."""
    items: dict[tuple[int, int], bool] = {}
    cases: dict[tuple[int, int], tuple[int, bool]] = {}
    for case_id, item_id, kept in given:
        items[item_id, kept.id] = items.get((item_id, kept.id), False) or kept.key.strong
        first, strong = cases.get((kept.id, case_id), (item_id, False))
        cases[kept.id, case_id] = first, strong or kept.key.strong
    if not items:
        return
    session.execute(
        insert(session, ItemKey).on_conflict_do_nothing(),
        [{"item_id": item, "key_id": key, "strong": strong} for (item, key), strong in sorted(items.items())],
    )
    statement = insert(session, CaseKey).on_conflict_do_nothing(index_elements=["key_id", "case_id"])
    columns = table_of(CaseKey).c
    rows = [
        {"key_id": key, "case_id": case, "item_id": item, "strong": strong}
        for (key, case), (item, strong) in sorted(cases.items())
    ]
    added = {tuple(row) for row in session.execute(statement.returning(columns.key_id, columns.case_id), rows)}
    _count(session, (key for key, _ in added), 1)
    for key, case in sorted(cases.keys() - added):
        if cases[key, case][1]:
            change = update(CaseKey).where(CaseKey.key_id == key, CaseKey.case_id == case, ~CaseKey.strong)
            session.execute(change.values(strong=True), execution_options={"synchronize_session": False})


def doubt_passed_on(session: Session, brand: str, led_from: Collection[int], hosts: Collection[str]) -> None:
    """Let hosts that only passed a visitor on, to another host, join nobody by themselves any more.

    Args:
        session: a session.
        brand: whose keys.
        led_from: items whose link was followed; of those with one host it is clear which that was.
        hosts: where the journey ended.
    """
    single = (
        select(func.min(ItemKey.key_id))
        .join(CampaignKeyRow, CampaignKeyRow.id == ItemKey.key_id)
        .where(ItemKey.item_id.in_(led_from), CampaignKeyRow.kind == "host", CampaignKeyRow.brand == brand)
        .group_by(ItemKey.item_id)
        .having(func.count() == 1)
    )
    passing = update(CampaignKeyRow).where(
        CampaignKeyRow.id.in_(single), CampaignKeyRow.value.not_in(hosts), CampaignKeyRow.parted == 0
    )
    session.execute(passing.values(parted=1), execution_options={"synchronize_session": False})


def recount(session: Session, case_ids: Collection[int]) -> None:
    """Make `case_keys` say again what the items of some cases say, after items went from one to another."""
    before = set(session.scalars(select(CaseKey.key_id).where(CaseKey.case_id.in_(case_ids))))
    session.execute(table_of(CaseKey).delete().where(table_of(CaseKey).c.case_id.in_(case_ids)))
    query = (
        select(CaseItem.case_id, ItemKey.key_id, CaseItem.item_id, ItemKey.strong)
        .join(Case, Case.id == CaseItem.case_id)
        .join(ItemKey, ItemKey.item_id == CaseItem.item_id)
        .join(CampaignKeyRow, CampaignKeyRow.id == ItemKey.key_id)
        .where(CaseItem.case_id.in_(case_ids), CampaignKeyRow.brand == Case.brand)
        .order_by(CaseItem.added_at.desc(), CaseItem.item_id.desc())
    )
    rows: dict[tuple[int, int], tuple[int, bool]] = {}
    for case_id, key_id, item_id, strong in session.execute(query):
        rows[key_id, case_id] = item_id, strong or rows.get((key_id, case_id), (0, False))[1]
    if rows:
        session.execute(
            table_of(CaseKey).insert(),
            [
                {"key_id": key, "case_id": case, "item_id": item, "strong": strong}
                for (key, case), (item, strong) in sorted(rows.items())
            ],
        )
    count_cases(session, before | {key for key, _ in rows})


def count_cases(session: Session, key_ids: Collection[int]) -> None:
    """Count anew how many cases have each of some keys."""
    for some in batched(sorted(key_ids), _AT_ONCE):
        number = select(func.count()).where(CaseKey.key_id == CampaignKeyRow.id).scalar_subquery()
        change = update(CampaignKeyRow).where(CampaignKeyRow.id.in_(some)).values(cases=number)
        session.execute(change, execution_options={"synchronize_session": False})


def _count(session: Session, key_ids: Iterable[int], step: int) -> None:
    times: dict[int, int] = defaultdict(int)
    for key_id in key_ids:
        times[key_id] += step
    for key_id, more in sorted(times.items()):
        change = update(CampaignKeyRow).where(CampaignKeyRow.id == key_id)
        session.execute(
            change.values(cases=CampaignKeyRow.cases + more), execution_options={"synchronize_session": False}
        )


# Built once: with a few hundred parameters, building a statement takes longer than the database needs for it.
_EQUAL = select(*(table_of(CampaignKeyRow).c[name] for name in ("identity", "id", "cases", "parted"))).where(
    table_of(CampaignKeyRow).c.identity.in_(bindparam("identities", expanding=True))
)
_IN_BANDS = (
    select(
        table_of(CampaignBand).c.band,
        *(table_of(CampaignKeyRow).c[name] for name in ("id", "identity", "kind", "value", "cases", "parted")),
    )
    .join_from(
        table_of(CampaignBand),
        table_of(CampaignKeyRow),
        table_of(CampaignKeyRow).c.id == table_of(CampaignBand).c.key_id,
    )
    .where(table_of(CampaignBand).c.band.in_(bindparam("bands", expanding=True)))
)
_HOLDERS = select(*(table_of(CaseKey).c[name] for name in ("key_id", "case_id", "item_id", "strong"))).where(
    table_of(CaseKey).c.key_id.in_(bindparam("keys", expanding=True))
)


def _equal(session: Session, brand: str, keys: Collection[Place]) -> dict[Place, _Known]:
    identities = {identity_of(brand, kind, value): (kind, value) for kind, value in keys}
    found: dict[Place, _Known] = {}
    for some in batched(sorted(identities), _AT_ONCE):
        for identity, row_id, cases, parted in session.connection().execute(_EQUAL, {"identities": some}):
            kind, value = identities[identity]
            found[kind, value] = _Known(
                identity=identity, kind=kind, value=value, id=row_id, cases=cases, parted=parted
            )
    return found


def _alike(session: Session, brand: str, places: Sequence[Place]) -> dict[Place, tuple[_Known, float]]:
    """Return the row that stands for each value, the most alike one; for those of them that are alike, the first."""
    near = {
        (kind, value): [band_of(brand, kind, part) for part in _MEASURES[kind].near_parts(value)]
        for kind, value in places
    }
    by_band = _in_bands(session, {band for bands in near.values() for band in bands})
    found: dict[Place, tuple[_Known, float]] = {}
    for kind, value in places:
        candidates = {id(one): one for band in near[kind, value] for one in by_band.get(band, ()) if one.kind == kind}
        scored = [(_MEASURES[kind].alike(value, one.value), one) for one in candidates.values()]
        best = max(scored, key=lambda pair: (pair[0], -(pair[1].id or 1 << 62)), default=None)
        if best is not None and best[0] > 0:
            found[kind, value] = best[1], best[0]
            continue
        new = _Known(identity=identity_of(brand, kind, value), kind=kind, value=value)
        found[kind, value] = new, 1.0
        for part in _MEASURES[kind].parts(value):
            by_band.setdefault(band_of(brand, kind, part), []).append(new)
    return found


def _in_bands(session: Session, bands: Collection[int]) -> dict[int, list[_Known]]:
    found: dict[int, list[_Known]] = defaultdict(list)
    rows: dict[int, _Known] = {}
    for some in batched(sorted(bands), _AT_ONCE):
        for row in session.connection().execute(_IN_BANDS, {"bands": some}):
            if row.id not in rows:
                rows[row.id] = _Known(
                    identity=row.identity,
                    kind=row.kind,
                    value=row.value,
                    id=row.id,
                    cases=row.cases,
                    parted=row.parted,
                )
            found[row.band].append(rows[row.id])
    return found


def _add(session: Session, brand: str, new: Iterable[_Known]) -> None:
    rows = {(one.identity,): one for one in new}
    ids, _ = find_or_add(
        session,
        CampaignKeyRow,
        ("identity",),
        {
            key: {"identity": one.identity, "brand": brand, "kind": one.kind, "value": one.value}
            for key, one in rows.items()
        },
    )
    bands: list[dict[str, int]] = []
    for key, one in rows.items():
        one.id = ids[key]
        if one.kind in LIKE:
            parts = {band_of(brand, one.kind, part) for part in _MEASURES[one.kind].parts(one.value)}
            bands += [{"band": band, "key_id": ids[key]} for band in sorted(parts)]
    if bands:
        session.execute(insert(session, CampaignBand).on_conflict_do_nothing(), bands)


def identity_of(brand: str, kind: KeyKind, value: str) -> str:
    """Return the digest by which a key is unique."""
    return digest_of([brand, kind, value])


def band_of(brand: str, kind: KeyKind, part: str) -> int:
    """Return 63 bits for a part under which a key is kept."""
    digest = blake2b(f"{brand}\0{kind}\0{part}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
