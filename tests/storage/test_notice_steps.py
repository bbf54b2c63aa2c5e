"""Which step makes sense for a notice, and that its row is its steps replayed, whatever people and machine do."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from storage.cases import Judgement, judge, undo
from storage.database import transaction
from storage.errors import JudgementRefused, NoticeRefused
from storage.notice_entries import entries_of, standing_of
from storage.notice_steps import RULES, NoticeStanding, Step, refusal, replay
from storage.notices import (
    TOLD,
    add_reply,
    approve,
    begin_sending,
    filed,
    save_draft,
    sending_failed,
    set_reference,
    set_state,
    withdraw,
)
from storage.schema import NoticeRow, NoticeState
from tests.storage.examples import MINUTE, NOW
from tests.storage.noticed import WEEK, a_case, a_content, a_reply
from tests.storage.test_presences import ONE, look

STATES: tuple[NoticeState, ...] = get_args(NoticeState)
STEPS: tuple[Step, ...] = get_args(Step)


def test_every_step_has_its_rule_and_every_state_but_the_end_can_be_left() -> None:
    assert set(RULES) == set(STEPS)
    for state in set(STATES) - {"withdrawn"}:
        assert any(state in rule.of and rule.to not in (None, state) for rule in RULES.values()), state


@pytest.mark.parametrize("step", STEPS)
def test_a_refusal_is_one_line_that_says_how_it_stands(step: Step) -> None:
    for state in STATES:
        said = refusal(step, 5, state, NOW if RULES[step].sending else None)
        assert (said is None) == (state in RULES[step].of)
        if said is not None:
            assert said.startswith(f"notice 5 is {'a draft' if state == 'draft' else state}; ")
            assert "\n" not in said


def test_the_row_has_all_that_a_standing_has() -> None:
    assert {one.name for one in fields(NoticeStanding)} <= set(NoticeRow.__table__.columns.keys())


def _told(state: Any) -> Callable[[Session, int, int, datetime], object]:
    return lambda session, case, number, now: set_state(
        session, number, state, who="mika", now=now, due=WEEK, note="words", theirs=f"T-{number}"
    )


def _judged(action: Any) -> Callable[[Session, int, int, datetime], object]:
    judgement = Judgement(who="mika", action=action, approvers=(), reason="other")
    return lambda session, case, number, now: judge(session, case, judgement, now=now)


ACTS: dict[str, Callable[[Session, int, int, datetime], object]] = {
    "draft": lambda session, case, number, now: save_draft(
        session, a_content(case, subject="one"), who="aki", now=now, again=True
    ),
    "approve": lambda session, case, number, now: approve(session, number, who="boss", approvers=("boss",), now=now),
    "begin": lambda session, case, number, now: begin_sending(session, number, who="aki", approvers=(), now=now),
    "fail": lambda session, case, number, now: sending_failed(session, number, who="aki", now=now, note="no route"),
    "file": lambda session, case, number, now: filed(
        session, number, who="aki", now=now, due=WEEK, theirs="A-1", manifest="ab" * 32, message_id="<m@x.example>"
    ),
    "reply": lambda session, case, number, now: add_reply(
        session, number, a_reply(f"{now.minute:064x}"), who="aki", now=now, due=WEEK
    ),
    "returned": lambda session, case, number, now: add_reply(
        session, number, a_reply(f"{now.minute:064x}", answers=False), who="aki", now=now, due=WEEK
    ),
    "reference": lambda session, case, number, now: set_reference(session, number, "B-2", who="aki", now=now),
    "withdraw": lambda session, case, number, now: withdraw(session, number, who="aki", now=now, note="told them"),
    "undo": lambda session, case, number, now: undo(session, case, who="mika", now=now),
    **{f"told {state}": _told(state) for state in TOLD},
    **{f"judged {action}": _judged(action) for action in ("takedown", "down", "relapse", "confirm", "reopen")},
}
LOOKS = {f"{page} {status}": (page, status) for page in ("one", "two") for status in (200, 404)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(st.tuples(st.sampled_from([*ACTS, *LOOKS]), st.integers(0, 2)), min_size=4, max_size=25))
def test_the_row_of_a_notice_is_its_steps_replayed(engine: Engine, walk: list[tuple[str, int]]) -> None:
    _walks[0] += 1
    host = f"walk{_walks[0]}.test"
    one, two = (f"https://{host}/{page}" for page in ("one", "two"))
    case = a_case(engine, _walks[0], host=host, links=(one, two))
    with transaction(engine) as session:
        numbers = [
            save_draft(session, a_content(case, subject=subject, links=links), who="aki", now=NOW)
            for subject, links in (("one", [one]), ("both", [one, two]), ("none", []))
        ]
    for minutes, (name, which) in enumerate([("begin", 0), ("file", 0), ("begin", 1), ("file", 1), *walk], 1):
        now = NOW + minutes * MINUTE
        if name in LOOKS:
            page, status = LOOKS[name]
            look(engine, case, f"https://{host}/{page}", status, minutes)
        else:
            try:
                with transaction(engine) as session:
                    ACTS[name](session, case, numbers[which], now)
            except (NoticeRefused, JudgementRefused):
                continue
        with transaction(engine) as session:
            for row in session.scalars(select(NoticeRow).where(NoticeRow.case_id == case)):
                assert standing_of(row) == replay(entries_of(session, row)), name


_walks = [0]


def test_steps_that_rest_on_what_was_taken_back_count_for_nothing(engine: Engine) -> None:
    case = a_case(engine, 1, links=(ONE,))
    with transaction(engine) as session:
        number = save_draft(session, a_content(case, links=[ONE]), who="aki", now=NOW)
        begin_sending(session, number, who="aki", approvers=(), now=NOW)
        filed(session, number, who="aki", now=NOW, due=WEEK)
        judge(session, case, Judgement(who="mika", action="down"), now=NOW)
        set_state(session, number, "back", who="aki", now=NOW + timedelta(hours=1), due=WEEK)
        undo(session, case, who="mika", now=NOW + timedelta(hours=2))
        row = session.scalars(select(NoticeRow)).one()
        assert (row.state, row.down_at, row.back_at) == ("filed", None, None)
