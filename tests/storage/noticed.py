"""Notices that the tests of this folder share."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from storage.cases import Judgement, judge
from storage.database import transaction
from storage.notice_steps import Step
from storage.notice_views import NoticeView
from storage.notices import Reply, begin_sending, filed, history, new_reference, notice, save_draft
from tests.storage.examples import FAKE_HOST, NOW, an_item, see

WEEK = timedelta(days=7)


def a_content(case: int, **changes: Any) -> dict[str, Any]:
    """A notice as it is sent, as builtins."""
    return {
        "reference": new_reference(case),
        "case_id": case,
        "channel": "example-registrar",
        "language": "en",
        "actor": "registrar",
        "subject": FAKE_HOST,
        "targets": [FAKE_HOST],
        "links": [],
        "title": "Impersonation of 星野電機",
        "body": "Please suspend the domain.",
        **changes,
    }


def a_reply(digest: str = "a" * 64, **changes: Any) -> Reply:
    values: dict[str, Any] = {
        "digest": digest,
        "received_at": NOW,
        "sender": "abuse@registrar.example",
        "subject": "Re: Impersonation",
        "text": "We are looking into it.",
        "matched_by": "reference",
    }
    return Reply(**{**values, **changes})


def a_case(engine: Engine, number: int = 1, *actions: str, host: str = FAKE_HOST, **item: Any) -> int:
    """Open a case and judge it; by default it is in takedown."""
    [case] = see(engine, an_item(number, host=host, **item)).cases
    with transaction(engine) as session:
        for action in actions or ("confirm", "takedown"):
            judgement: Any = Judgement(who="aki", action=action, approvers=(), reason="other")  # type: ignore[arg-type]
            judge(session, case, judgement, now=NOW)
    return case


def draft(
    engine: Engine, case: int, *, who: str = "aki", now: datetime = NOW, again: bool = False, **content: Any
) -> int:
    with transaction(engine) as session:
        return save_draft(session, a_content(case, **content), who=who, now=now, again=again)


def send(engine: Engine, number: int, *, who: str = "aki", now: datetime = NOW, **told: Any) -> int:
    """File a draft."""
    with transaction(engine) as session:
        begin_sending(session, number, who=who, approvers=(), now=now)
        filed(session, number, who=who, now=now, due=WEEK, **told)
    return number


def file(engine: Engine, case: int, *, now: datetime = NOW, again: bool = False, **content: Any) -> int:
    """Draft a notice and file it."""
    return send(engine, draft(engine, case, now=now, again=again, **content), now=now)


def look_up(engine: Engine, number: int) -> NoticeView:
    with transaction(engine) as session:
        return notice(session, number)


def steps(session: Session, case: int, number: int) -> Sequence[Step | str]:
    """Return the names of what happened to a notice; what was taken back in brackets."""
    return [f"({one.step})" if one.undone else one.step for one in history(session, case) if one.notice_id == number]
