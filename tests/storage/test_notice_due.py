"""What somebody has to do about notices, and that it is told once for each due date."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from storage.cases import Judgement, judge
from storage.database import transaction
from storage.merging import merge
from storage.notice_due import due_notices, remind_of_notices, to_tell
from storage.notice_steps import ATTEND, SENDING
from storage.notices import add_reply, approve, begin_sending, set_state, withdraw
from storage.schema import AlertIntent
from tests.storage.examples import MINUTE, NOW
from tests.storage.noticed import WEEK, a_case, a_reply, draft, file, look_up, send

DAY = timedelta(days=1)
LATER = NOW + WEEK + DAY


def due(engine: Engine, now: datetime = NOW, *, approvals: bool = False, **asked: Any) -> list[tuple[int, str]]:
    with transaction(engine) as session:
        found = due_notices(session, now, approvals=approvals, **asked)
    assert sum(found.counts.values()) >= len(found.notices)
    return [(one.notice.id, one.why) for one in found.notices]


def learned(engine: Engine, number: int, state: Any, now: datetime = NOW, note: str = "no") -> None:
    with transaction(engine) as session:
        set_state(session, number, state, who="aki", now=now, due=WEEK, note=note)


def told(engine: Engine, now: datetime) -> int:
    """Let the watch look; return how many messages about notices wait then."""
    with transaction(engine) as session:
        remind_of_notices(session, now, limit=100)
        query = select(AlertIntent.id).where(AlertIntent.reason == "notice", AlertIntent.state == "pending")
        return len(session.scalars(query).all())


def settle_messages(engine: Engine) -> None:
    with transaction(engine) as session:
        for intent in session.scalars(select(AlertIntent).where(AlertIntent.reason == "notice")):
            intent.state, intent.settled_at = "routed", NOW


def test_the_most_pressing_comes_first(engine: Engine) -> None:
    case = a_case(engine)
    numbers = {
        name: file(engine, case, subject=name) for name in ("overdue", "back", "information_requested", "refused", "ok")
    }
    for state in ("information_requested", "refused", "down", "back"):
        learned(engine, numbers["back" if state in ("down", "back") else state], state)
    numbers["sending"], numbers["draft"] = draft(engine, case, subject="sending"), draft(engine, case, subject="draft")
    with transaction(engine) as session:
        begin_sending(session, numbers["sending"], who="aki", approvers=(), now=NOW)
    learned(engine, numbers["ok"], "acknowledged", NOW + 2 * DAY)
    assert [why for _, why in due(engine, NOW)] == ["back", "information_requested", "refused", "draft"]
    order = ["sending", "back", "information_requested", "refused", "overdue", "draft"]
    assert due(engine, LATER) == [(numbers[why], why) for why in order]
    assert due(engine, LATER, limit=2) == [(numbers[why], why) for why in order[:2]]
    with transaction(engine) as session:
        assert dict(due_notices(session, LATER, approvals=False, limit=1).counts) == dict.fromkeys(order, 1)


def test_of_the_same_kind_what_waits_longest_comes_first(engine: Engine) -> None:
    case = a_case(engine)
    late = file(engine, case, subject="late", now=NOW + DAY)
    early = file(engine, case, subject="early")
    assert due(engine, NOW + 9 * DAY) == [(early, "overdue"), (late, "overdue")]


def test_a_draft_waits_for_approval_only_where_somebody_approves(engine: Engine) -> None:
    case = a_case(engine)
    number = draft(engine, case)
    assert due(engine) == [(number, "draft")]
    assert due(engine, approvals=True) == [(number, "approval")]
    with transaction(engine) as session:
        approve(session, number, who="boss", approvers=("boss",), now=NOW)
    assert due(engine, approvals=True) == [(number, "draft")]


def test_what_is_settled_waits_for_nobody(engine: Engine) -> None:
    case = a_case(engine)
    learned(engine, file(engine, case, subject="down"), "down")
    with transaction(engine) as session:
        withdraw(session, draft(engine, case, subject="withdrawn"), who="aki", now=NOW)
    assert due(engine, LATER) == []


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("dismiss", ["dismissed", "dismissed"]),
        ("close", []),
        ("down", []),  # takes its notices along
        ("reopen", ["refused", "overdue", "draft"]),
    ],
)
def test_notices_of_a_case_that_is_settled(engine: Engine, action: Any, left: list[str]) -> None:
    case = a_case(engine)
    filed, refused, asked = (file(engine, case, subject=name) for name in ("filed", "refused", "asked"))
    learned(engine, refused, "refused")
    learned(engine, asked, "acknowledged", LATER)
    draft(engine, case, subject="draft")
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action=action, reason="other"), now=NOW)
    found = due(engine, LATER)
    assert [why for _, why in found] == left
    if action == "dismiss":
        assert [number for number, _ in found] == [filed, asked], "the channels should know"


def test_notices_of_a_part_are_due_with_the_whole(engine: Engine) -> None:
    whole, part = a_case(engine, 1), a_case(engine, 2, "confirm", host="hoshino-outlet.test")
    mine = draft(engine, part)
    with transaction(engine) as session:
        merge(session, [whole, part], who="aki", now=NOW)
    other = draft(engine, whole, subject="whole")
    assert sorted(due(engine)) == sorted([(mine, "draft"), (other, "draft")])
    assert sorted(due(engine, case_id=part)) == sorted(due(engine, case_id=whole)) == sorted(due(engine))
    with transaction(engine) as session:
        assert {one.case for one in due_notices(session, NOW, approvals=False).notices} == {whole}
        judge(session, whole, Judgement(who="aki", action="close"), now=NOW)
    assert due(engine) == []


def test_each_due_date_is_told_once(engine: Engine) -> None:
    case = a_case(engine)
    number = file(engine, case)
    assert told(engine, NOW + WEEK - MINUTE) == 0
    assert told(engine, NOW + WEEK) == 1
    settle_messages(engine)
    assert told(engine, LATER) == 0
    learned(engine, number, "acknowledged", LATER)
    assert told(engine, LATER + WEEK) == 1
    assert look_up(engine, number).reminded_at == LATER + WEEK


def test_a_try_that_did_not_end_is_told_soon(engine: Engine) -> None:
    number = draft(engine, a_case(engine))
    with transaction(engine) as session:
        begin_sending(session, number, who="aki", approvers=(), now=NOW)
    assert told(engine, NOW + SENDING - MINUTE) == 0
    assert told(engine, NOW + SENDING) == 1


def test_a_draft_that_nobody_files_is_told(engine: Engine) -> None:
    draft(engine, a_case(engine))
    assert told(engine, NOW + ATTEND) == 1


def test_of_a_settled_case_nothing_is_told(engine: Engine) -> None:
    case = a_case(engine)
    file(engine, case)
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="dismiss", reason="other"), now=NOW)
    assert told(engine, LATER) == 0


def test_a_message_tells_what_is_over_and_which_answers_came(engine: Engine) -> None:
    case = a_case(engine)
    late, fresh = file(engine, case, subject="late"), file(engine, case, subject="fresh", now=NOW + 5 * DAY)
    with transaction(engine) as session:
        add_reply(session, fresh, a_reply(), who="aki", now=LATER, due=WEEK)
        found = to_tell(session, case, LATER, LATER, approvals=False)
        assert [(one.notice.id, one.why) for one in found.due] == [(late, "overdue")]
        assert [one.id for one in found.answered] == [fresh]
        assert to_tell(session, case, LATER + MINUTE, LATER, approvals=False).answered == ()
        reasons = session.scalars(select(AlertIntent.reason).where(AlertIntent.case_id == case)).all()
        assert list(reasons).count("notice") == 1, "an answer is told at once"


def test_looking_reads_indexes(engine: Engine) -> None:
    case = a_case(engine)
    for number in range(20):
        send(engine, draft(engine, case, subject=str(number)))
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    due(engine, LATER)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            for statement in [one for one in statements if "notices" in one and one.startswith("SELECT")]:
                blanks = ("",) * statement.count("?")
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", blanks).all()
                assert not [row for row in plan if str(row[-1]) == "SCAN notices"], statement
