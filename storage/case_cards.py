"""Cases as cards: what a list of cases shows of each besides its line, read for all of them in a few statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.items import Item
from detector.verdict import Verdict
from storage.batches import batched
from storage.case_items import pictures_of, verdict_from
from storage.case_views import CaseSummary, PictureView
from storage.items import item_from
from storage.schema import Case, CaseSource, ItemRow, ItemVersion, VerdictRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """One case, and the item whose verdict gave it its score."""

    case: CaseSummary
    item: Item
    verdict: Verdict
    pictures: tuple[PictureView, ...]  # of that item
    sources: tuple[str, ...]  # keys of all that saw an item of the case


def case_cards(session: Session, cases: Sequence[CaseSummary]) -> list[CaseCard]:
    """Return cards of cases, in their order."""
    found: list[CaseCard] = []
    for some in batched(cases):
        found += _read(session, some)
    return found


def _read(session: Session, cases: Sequence[CaseSummary]) -> list[CaseCard]:
    ids = [case.id for case in cases]
    best = (
        select(Case.id, ItemRow.external_id, ItemVersion.id, ItemVersion.content, VerdictRow)
        .join(VerdictRow, VerdictRow.id == Case.verdict_id)
        .join(ItemVersion, ItemVersion.id == VerdictRow.version_id)
        .join(ItemRow, ItemRow.id == ItemVersion.item_id)
        .where(Case.id.in_(ids))
    )
    rows = {row[0]: row for row in session.execute(best)}
    pictures = pictures_of(session, [row[2] for row in rows.values()])
    sources = _sources(session, ids)
    cards = []
    for case in cases:
        _, external_id, version_id, content, verdict = rows[case.id]
        cards.append(
            CaseCard(
                case=case,
                item=item_from(content),
                verdict=verdict_from(verdict, external_id),
                pictures=tuple(pictures[version_id]),
                sources=tuple(sources[case.id]),
            )
        )
    return cards


def _sources(session: Session, case_ids: Sequence[int]) -> dict[int, list[str]]:
    query = select(CaseSource.case_id, CaseSource.source).where(CaseSource.case_id.in_(case_ids)).distinct()
    sources: dict[int, list[str]] = defaultdict(list)
    for case_id, source in session.execute(query.order_by(CaseSource.case_id, CaseSource.source)):
        sources[case_id].append(source)
    return sources
