"""The page of a case: what it is, what may be done, its best item in full, and all that is known around it.

    GET /case/{case}?in=LINE&order=…    LINE as on the wall: the cases before and behind it are that list's
    GET /case/{case}/log?before=ENTRY   older entries of its log

What takes its time is asked for by itself: what would have changed the score, further items and links, the plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from board.cards import case_address
from board.case.around import entries_of, registered
from board.case.evidence import sentence_of
from board.case.items import shown_item
from board.case.journey import journeys_of
from board.case.sum import sum_of
from board.judging import said_of
from board.paper import page
from board.ways import Asked
from desk.acts import HARMS, REASONS, SNOOZES, Act, fitting
from desk.choices import NoFilter, read_filters
from desk.dossier import MOST_KEYS
from storage.actions import UNJUDGED
from storage.case_list import CaseOrder, list_cases, place_of, summaries
from storage.case_views import CaseDetail
from storage.cases import case_detail, log_entries
from storage.database import snapshot
from storage.errors import CaseNotFound
from storage.notices import notices_of
from storage.reasons import why
from storage.schema import CaseLog

MOST_LOG = 40  # entries at once
MOST_TEXT = 3000  # characters of a text of the best item
MOST_LINE = 500  # characters of a line of filters
MOST_SUGGESTED = 6
MOST_DELIVERIES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The list that a case is looked at in, and what stands beside it there."""

    line: str
    order: CaseOrder
    before: int | None
    behind: int | None

    def to(self, case_id: int | None) -> str:
        """Return the address of a case in the same list; of the list where there is none."""
        return self.wall if case_id is None else case_address(case_id, self.line, self.order)

    @property
    def wall(self) -> str:
        """The address of the list."""
        order = "" if self.order == "priority" else self.order
        words = {name: value for name, value in (("q", self.line), ("order", order)) if value}
        return "/wall" + (f"?{urlencode(words)}" if words else "")


def case(asked: Asked) -> Response:
    """Show a case."""
    case_id = asked.request.path_params["case"]
    with snapshot(asked.board.engine) as session:
        detail = case_detail(session, case_id, now=asked.now, max_items=1, max_log=MOST_LOG + 1)
        walk = walk_of(session, detail, asked)
        found = journeys_of(detail.visits, session, asked)
        around, notices = why(session, case_id, most=0), notices_of(session, case_id)
        began = session.scalar(select(CaseLog.data).where(CaseLog.case_id == case_id).order_by(CaseLog.id).limit(1))
    best = detail.items[0] if detail.items else None
    return page(
        asked,
        "case/case.html.j2",
        case=detail,
        item=shown_item(best, case_id, asked, most=MOST_TEXT) if best is not None else None,
        sum=sum_of(best.verdict, best.item, asked) if best is not None else None,
        top=sentence_of(detail.top_evidence, asked) if detail.top_evidence is not None else "",
        acts=acts_for(detail, asked),
        reasons=REASONS,
        snoozes=SNOOZES,
        harms={key: harm or "auto" for key, harm in HARMS.items()},
        walk=walk,
        said=said_of(asked),
        late=detail.due_at is not None and detail.due_at <= asked.now and detail.state in UNJUDGED,
        journeys=found,
        keys=around.keys[:MOST_KEYS],
        merged=around.merged,
        suggestions=around.suggestions[:MOST_SUGGESTED],
        split_from=(began or {}).get("split_from"),
        notices=notices[::-1],
        log=entries_of(detail.log[-MOST_LOG:], asked),
        older=detail.log[-MOST_LOG].id if len(detail.log) > MOST_LOG else None,
        deliveries=detail.deliveries[: -MOST_DELIVERIES - 1 : -1],
        registered=registered(detail.registration),
    )


def log(asked: Asked) -> Response:
    """Show older entries of a case's log."""
    case_id = asked.request.path_params["case"]
    before = asked.query.get("before", "")
    last = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
    with snapshot(asked.board.engine) as session:
        known = summaries(session, [case_id], asked.now)
        if not known:
            raise CaseNotFound(f"there is no case {case_id}")
        found = log_entries(session, case_id, most=MOST_LOG + 1, before=last)
    older = found[-MOST_LOG].id if len(found) > MOST_LOG else None
    template = "case/log_piece.html.j2" if asked.partial else "case/log.html.j2"
    return page(asked, template, case=known[0], log=entries_of(found[-MOST_LOG:], asked), older=older)


def acts_for(detail: CaseDetail, asked: Asked) -> Sequence[Act]:
    """Return the acts that make sense for a case and that the person may do."""
    if not asked.may("analyst"):
        return ()
    acts = fitting(detail.state, "asked" if detail.takedown_asked else "none")
    return [act for act in acts if act.action != "approve" or asked.may("approver")]


def walk_of(session: Session, detail: CaseDetail, asked: Asked) -> Walk:
    """Return what stands beside a case in the list that it was opened from."""
    line = asked.query.get("in", "")[:MOST_LINE].strip()
    wanted = asked.query.get("order", "priority")
    known: tuple[CaseOrder, ...] = get_args(CaseOrder)
    order: CaseOrder = next((one for one in known if one == wanted), "priority")
    try:
        filters = read_filters(line).of(asked.person.login)
    except NoFilter:
        line, filters = "", read_filters("")
    place = place_of(detail, order)

    def beside(*, backwards: bool) -> int | None:
        found = list_cases(session, filters, order=order, after=place, limit=2, now=asked.now, backwards=backwards)
        return next((one.id for one in found if one.id != detail.id), None)

    return Walk(line=line, order=order, before=beside(backwards=True), behind=beside(backwards=False))
