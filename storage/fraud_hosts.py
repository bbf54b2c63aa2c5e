"""Fraud hosts: where the items of confirmed cases lead, which hosts there are the campaign's own, and what is gone.

For lists that filters read: all cases, some at a time, so that memory does not grow with their number.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from storage.columns import unescape
from storage.schema import CampaignKeyRow, Case, CaseItem, CaseKey, CaseLog, CaseState, ItemVersion

CASES = 200  # read at once
ROWS = 500  # of items, read at once


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudCase:
    """Where the items of one case lead."""

    id: int
    brand: str
    state: CaseState
    hosts: frozenset[str]  # registrable domains that are the campaign's own, see `detector.campaign`
    pages: frozenset[str]  # the same of pages on hosts that many share: host and path
    urls: tuple[str, ...]  # as they stood, each once: links of its items, and its pages themselves
    gone: dict[str, datetime]  # by link, those that were seen to be gone: since when
    there: frozenset[str]  # links that were seen to be there again, or elsewhere
    down_since: datetime | None  # the whole case, if it is


class _Content(msgspec.Struct):
    """What is needed of an item's JSON."""

    kind: str
    url: str | None = None
    links: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(_Content)


def fraud_cases(session: Session, states: Collection[CaseState], *, brand: str | None = None) -> Iterator[FraudCase]:
    """Yield all cases in some states, by number."""
    after = 0
    while True:
        query = select(Case.id, Case.brand, Case.state).where(Case.id > after, Case.state.in_(states))
        if brand is not None:
            query = query.where(Case.brand == brand)
        cases = session.execute(query.order_by(Case.id).limit(CASES)).all()
        if not cases:
            return
        yield from _read(session, [(row[0], row[1], row[2]) for row in cases])
        after = cases[-1][0]
        session.expunge_all()


def _read(session: Session, cases: Sequence[tuple[int, str, CaseState]]) -> Iterator[FraudCase]:
    ids = [case_id for case_id, _, _ in cases]
    own = _own_places(session, ids)
    urls = _urls(session, [case_id for case_id in ids if case_id in own])
    seen, down = _presences(session, ids)
    for case_id, brand, state in cases:
        if case_id not in own:
            continue
        latest = seen.get(case_id, {})
        yield FraudCase(
            id=case_id,
            brand=brand,
            state=state,
            hosts=frozenset(value for kind, value in own[case_id] if kind == "host"),
            pages=frozenset(value for kind, value in own[case_id] if kind == "page"),
            urls=tuple(urls.get(case_id, ())),
            gone={url: at for url, (reason, at) in latest.items() if reason == "down"},
            there=frozenset(url for url, (reason, _) in latest.items() if reason != "down"),
            down_since=down.get(case_id) if state in ("down", "closed") else None,
        )


def _own_places(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    query = (
        select(CaseKey.case_id, CampaignKeyRow.kind, CampaignKeyRow.value)
        .join(CampaignKeyRow, CampaignKeyRow.id == CaseKey.key_id)
        .where(CaseKey.case_id.in_(ids), CaseKey.strong, CampaignKeyRow.kind.in_(("host", "page")))
    )
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for case_id, kind, value in session.execute(query):
        found[case_id].append((kind, value))
    return found


def _urls(session: Session, ids: Sequence[int]) -> dict[int, dict[str, None]]:
    query = (
        select(CaseItem.case_id, type_coerce(ItemVersion.content, Text))
        .join(ItemVersion, ItemVersion.id == CaseItem.version_id)
        .where(CaseItem.case_id.in_(ids))
        .order_by(CaseItem.case_id, CaseItem.item_id)
        .execution_options(yield_per=ROWS)
    )
    found: dict[int, dict[str, None]] = defaultdict(dict)
    for case_id, stored in session.execute(query):
        content = _decoder.decode(unescape(stored).encode("utf-8", "replace"))
        if content.kind not in ("page", "domain"):
            found[case_id].update(dict.fromkeys(content.links))
        elif content.url:  # what a page links to says nothing of who made it
            found[case_id][content.url] = None
    return found


def _presences(
    session: Session, ids: Sequence[int]
) -> tuple[dict[int, dict[str, tuple[str | None, datetime]]], dict[int, datetime]]:
    """Return what the latest look at each link said and when, and when each case went down; merged ones' logs, too."""
    roots = {case_id: case_id for case_id in ids}
    new = list(ids)
    while new:
        query = select(Case.id, Case.merged_into).where(Case.merged_into.in_(new)).order_by(Case.id)
        merged = {case_id: roots[into] for case_id, into in session.execute(query) if into is not None}
        roots |= merged
        new = list(merged)
    rows = session.execute(
        select(CaseLog.case_id, CaseLog.at, CaseLog.action, CaseLog.reason, CaseLog.data)
        .where(CaseLog.case_id.in_(roots), CaseLog.action.in_(("recheck", "down")))
        .order_by(CaseLog.id)
        .execution_options(yield_per=ROWS)
    )
    seen: dict[int, dict[str, tuple[str | None, datetime]]] = defaultdict(dict)
    down: dict[int, datetime] = {}
    for case_id, at, action, reason, data in rows:
        if action == "recheck":
            seen[roots[case_id]][data["url"]] = (reason, at)
        elif case_id in ids:
            down[case_id] = at
    return seen, down
