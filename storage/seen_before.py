"""Seen before: which items show a picture or say a text like one, their cases, and what people decided.

1. The index proposes pictures and versions by their codes (`storage.likeness`); what has no row any more is left out.
2. Every proposal is compared in full: pictures by `detector.images.likeness`, texts by the runs that they share.
3. Pictures lead to the versions that show them, versions to items, items to cases and to what was decided of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.images.likeness import Comparison, How
from detector.text_likeness import ALIKE, runs, shared, signature, words_of
from storage.batches import batched
from storage.errors import CaseNotFound, ItemNotFound
from storage.forgetting import PURGED
from storage.items import item_from
from storage.likeness import LikenessIndex
from storage.likeness.index import prefix_of
from storage.schema import Case, CaseItem, CaseLog, CaseState, ItemRow, ItemVersion, Picture, Sighting, VersionPicture
from storage.similar import held_judgements

MOST_COMPARED = 300  # proposals, the nearest first, that are compared in full for one picture or text
MOST_VERSIONS = 5_000  # that show the pictures found, the newest first
MOST_ASKED = 12  # pictures, and as many texts, of an item or a case that are looked up
_RANGES = 50  # of SHA-256 in one statement
_TITLE = 120  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPicture:
    """A picture that is looked up."""

    name: str
    hash: PictureHash
    sha256: str | None = None  # of its bytes; None where only what was seen of it is at hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked up."""

    pictures: tuple[AskedPicture, ...] = ()
    texts: tuple[str, ...] = ()
    without: frozenset[int] = frozenset()  # items that are asked about themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How an item is like what was asked."""

    by: Literal["picture", "text"]
    how: Literal["the same file", "the same text", "much the same text"] | How
    asked: str  # which picture; empty for a text
    distance: int | None = None  # bits of 256 between two pictures; None for texts
    windows: int = 0  # of a picture that agree in place, where those made the match
    shared: float | None = None  # which share of their runs of letters two texts have in common
    sha256: str | None = None  # of the picture that was found

    @property
    def nearness(self) -> float:
        """Return 1 for what is the same, less for what is less alike."""
        return self.shared if self.shared is not None else 1 - (self.distance or 0) / 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenItem:
    """An item that is like what was asked."""

    item_id: int
    kind: str
    platform: str | None
    external_id: str
    advertiser: str | None
    title: str  # its first words
    matches: tuple[Match, ...]  # the best of each kind
    first_seen: datetime
    last_seen: datetime
    sightings: int
    cases: tuple[int, ...]

    @property
    def nearness(self) -> float:
        """Return that of the best match."""
        return max(match.nearness for match in self.matches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person decided about a case, as it holds."""

    action: str  # confirm or dismiss
    reason: str | None  # of a dismissal
    who: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCase:
    """A case with items that are like what was asked."""

    id: int
    brand: str
    title: str
    state: CaseState
    decided: Decided | None
    items: tuple[SeenItem, ...]  # the most alike first
    first_seen: datetime  # of those items
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBefore:
    """What was seen before that is like what was asked."""

    cases: tuple[SeenCase, ...]  # judged ones first, each kind by when it was seen last
    loose: tuple[SeenItem, ...]  # items of no case: judged harmless by the machine; the most alike first
    items: int  # all that were found
    first_seen: datetime | None
    last_seen: datetime | None
    compared: int  # proposals of the index that were compared in full
    more: bool  # there are more than `MOST_COMPARED` proposals, or `MOST_VERSIONS` places
    unusable: tuple[str, ...] = ()  # what was asked and says too little to be looked up


def seen_before(session: Session, index: LikenessIndex, asked: Asked) -> SeenBefore:
    """Look up what is like some pictures and texts."""
    search = _Search(session, index)
    for picture in asked.pictures:
        search.picture(picture)
    for text in asked.texts:
        search.text(text)
    items = search.items(asked.without)
    cases = _cases(session, items)
    return SeenBefore(
        cases=cases,
        loose=tuple(
            sorted((item for item in items if not item.cases), key=lambda item: (-item.nearness, item.item_id))
        ),
        items=len(items),
        first_seen=min((item.first_seen for item in items), default=None),
        last_seen=max((item.last_seen for item in items), default=None),
        compared=search.compared,
        more=search.more,
        unusable=tuple(search.unusable),
    )


def asked_of_item(session: Session, item_id: int) -> Asked:
    """Return what an item shows and says, in its latest version.

    Raises:
        ItemNotFound: no item has this number.
    """
    version = session.scalar(select(func.max(ItemVersion.id)).where(ItemVersion.item_id == item_id))
    if version is None:
        raise ItemNotFound(f"there is no item {item_id}")
    return _asked(session, [version], {item_id})


def asked_of_case(session: Session, case_id: int) -> Asked:
    """Return what the items of a case show and say, the latest first.

    Raises:
        CaseNotFound: no case has this id.
    """
    if session.get(Case, case_id) is None:
        raise CaseNotFound(f"there is no case {case_id}")
    members = select(CaseItem.item_id, CaseItem.version_id).where(CaseItem.case_id == case_id)
    rows = session.execute(members.order_by(CaseItem.version_id.desc())).all()
    return _asked(session, [row[1] for row in rows], {row[0] for row in rows})


def _asked(session: Session, versions: Sequence[int], without: Iterable[int]) -> Asked:
    pictures: dict[str, AskedPicture] = {}
    texts: dict[str, None] = {}
    for some in batched(versions, 50):
        shown = (
            select(VersionPicture.reference, Picture.sha256, Picture.hash)
            .join(Picture, Picture.sha256 == VersionPicture.sha256)
            .where(VersionPicture.version_id.in_(some))
            .order_by(VersionPicture.version_id.desc(), VersionPicture.number)
        )
        for reference, sha256, known in session.execute(shown):
            if known is not None and len(pictures) < MOST_ASKED:
                picture = AskedPicture(name=reference, hash=picture_hash_from_dict(known), sha256=sha256)
                pictures.setdefault(sha256, picture)
        for content in session.scalars(select(ItemVersion.content).where(ItemVersion.id.in_(some))):
            words = words_of(item_from(content))
            if words and len(texts) < MOST_ASKED:
                texts[words] = None
        if len(pictures) >= MOST_ASKED and len(texts) >= MOST_ASKED:
            break
    return Asked(pictures=tuple(pictures.values()), texts=tuple(texts), without=frozenset(without))


class _Search:
    """What was found so far, by version."""

    def __init__(self, session: Session, index: LikenessIndex) -> None:
        self._session, self._index = session, index
        self._pictures: dict[str, Match] = {}  # by SHA-256
        self._texts: dict[int, Match] = {}  # by version
        self.compared = 0
        self.more = False
        self.unusable: list[str] = []

    def picture(self, asked: AskedPicture) -> None:
        if not asked.hash.protectable:
            self.unusable.append(asked.name)
        near = self._nearest(self._index.pictures(asked.hash))
        comparison = Comparison(asked.hash)
        for sha256, known in self._proposed(near, asked.sha256):
            if sha256 == asked.sha256:
                match = Match(by="picture", how="the same file", asked=asked.name, distance=0, sha256=sha256)
            else:
                self.compared += 1
                found = comparison.with_picture(picture_hash_from_dict(known)) if known is not None else None
                if found is None:
                    continue
                match = Match(
                    by="picture",
                    how=found.how,
                    asked=asked.name,
                    distance=found.distance,
                    windows=found.windows,
                    sha256=sha256,
                )
            if sha256 not in self._pictures or match.nearness > self._pictures[sha256].nearness:
                self._pictures[sha256] = match

    def text(self, text: str) -> None:
        own = runs(text)
        code = signature(own)
        if code is None:
            self.unusable.append(text)
            return
        near = self._nearest(self._index.texts(code))
        for some in batched(near):
            versions = select(ItemVersion.id, ItemVersion.content).where(ItemVersion.id.in_(some))
            for version, content in self._session.execute(versions):
                self.compared += 1
                both = shared(own, runs(words_of(item_from(content))))
                if both < ALIKE:
                    continue
                match = Match(
                    by="text", how="the same text" if both == 1 else "much the same text", asked="", shared=both
                )
                if version not in self._texts or match.nearness > self._texts[version].nearness:
                    self._texts[version] = match

    def items(self, without: frozenset[int]) -> list[SeenItem]:
        """Return the items of all that was found."""
        matches: dict[int, list[Match]] = defaultdict(list)
        latest: dict[int, int] = {}  # the version of each item that is told of
        for version, item_id, match in self._places():
            if item_id not in without:
                matches[item_id].append(match)
                latest[item_id] = max(version, latest.get(item_id, 0))
        return _items(self._session, matches, latest)

    def _places(self) -> Iterable[tuple[int, int, Match]]:
        for some in batched(sorted(self._pictures)):
            shown = (
                select(VersionPicture.version_id, ItemVersion.item_id, VersionPicture.sha256)
                .join(ItemVersion, ItemVersion.id == VersionPicture.version_id)
                .where(VersionPicture.sha256.in_(some))
                .order_by(VersionPicture.version_id.desc())
                .limit(MOST_VERSIONS + 1)
            )
            rows = self._session.execute(shown).all()
            self.more = self.more or len(rows) > MOST_VERSIONS
            yield from ((version, item_id, self._pictures[sha256]) for version, item_id, sha256 in rows[:MOST_VERSIONS])
        for numbers in batched(sorted(self._texts)):
            versions = select(ItemVersion.id, ItemVersion.item_id).where(ItemVersion.id.in_(numbers))
            yield from ((version, item, self._texts[version]) for version, item in self._session.execute(versions))

    def _nearest(self, near: Mapping[int, int]) -> list[int]:
        self.more = self.more or len(near) > MOST_COMPARED
        return sorted(near, key=lambda number: (near[number], number))[:MOST_COMPARED]

    def _proposed(self, near: Sequence[int], same: str | None) -> Iterable[tuple[str, dict[str, Any] | None]]:
        """Yield SHA-256 and hash of the pictures with some ids, and of the very file."""
        wanted = set(near)
        if same is not None and (row := self._session.get(Picture, same)) is not None:
            yield row.sha256, row.hash
        for some in batched(near, _RANGES):
            prefixes = [prefix_of(number) for number in some]
            ranges = [and_(Picture.sha256 >= prefix, Picture.sha256 < f"{prefix}g") for prefix in prefixes]
            for sha256, known in self._session.execute(select(Picture.sha256, Picture.hash).where(or_(*ranges))):
                if sha256 != same and int.from_bytes(bytes.fromhex(sha256[:16]), signed=True) in wanted:
                    yield sha256, known


def _items(session: Session, matches: Mapping[int, Sequence[Match]], latest: Mapping[int, int]) -> list[SeenItem]:
    found = []
    for some in batched(sorted(matches)):
        span = (func.min(Sighting.seen_at), func.max(Sighting.seen_at), func.count())
        looks = select(Sighting.item_id, *span).where(Sighting.item_id.in_(some)).group_by(Sighting.item_id)
        seen = {row[0]: row[1:] for row in session.execute(looks)}
        members: dict[int, list[int]] = defaultdict(list)
        of_cases = select(CaseItem.item_id, CaseItem.case_id).where(CaseItem.item_id.in_(some))
        for item_id, case_id in session.execute(of_cases):
            members[item_id].append(case_id)
        rows = (
            select(ItemRow, ItemVersion.content)
            .join(ItemVersion, ItemVersion.item_id == ItemRow.id)
            .where(ItemVersion.id.in_([latest[item_id] for item_id in some]), ItemRow.external_id != PURGED)
        )
        for row, content in session.execute(rows):
            item = item_from(content)
            best: dict[str, Match] = {}
            for match in matches[row.id]:
                if match.by not in best or match.nearness > best[match.by].nearness:
                    best[match.by] = match
            first, last, count = seen.get(row.id, (row.recorded_at, row.recorded_at, 0))
            found.append(
                SeenItem(
                    item_id=row.id,
                    kind=row.kind,
                    platform=row.platform,
                    external_id=row.external_id,
                    advertiser=item.advertiser.name or item.advertiser.id if item.advertiser else None,
                    title=" ".join(words_of(item)[:_TITLE].split()),
                    matches=tuple(best[by] for by in sorted(best)),
                    first_seen=first,
                    last_seen=last,
                    sightings=count,
                    cases=tuple(sorted(members[row.id])),
                )
            )
    return found


def _cases(session: Session, items: Sequence[SeenItem]) -> tuple[SeenCase, ...]:
    by_case: dict[int, list[SeenItem]] = defaultdict(list)
    for item in items:
        for case_id in item.cases:
            by_case[case_id].append(item)
    found = []
    for some in batched(sorted(by_case)):
        held = held_judgements(session, list(some))
        for case in session.scalars(select(Case).where(Case.id.in_(some))):
            entry = held.get(case.id)
            of_case = sorted(by_case[case.id], key=lambda item: (-item.nearness, item.item_id))
            found.append(
                SeenCase(
                    id=case.id,
                    brand=case.brand,
                    title=case.title,
                    state=case.state,
                    decided=_decided(entry) if entry is not None else None,
                    items=tuple(of_case),
                    first_seen=min(item.first_seen for item in of_case),
                    last_seen=max(item.last_seen for item in of_case),
                )
            )
    return tuple(sorted(found, key=lambda case: (case.decided is not None, case.last_seen, case.id), reverse=True))


def _decided(entry: CaseLog) -> Decided:
    return Decided(action=entry.action, reason=entry.reason, who=entry.who, at=entry.at, note=entry.note)
