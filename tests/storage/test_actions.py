"""What may be done with a case in which state, and what a log leads to."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.actions import ACTIONS, RULES, SUPPRESS, allowed, judgement_of, refusal, standing
from storage.schema import CaseLog, CaseState
from tests.storage.examples import MINUTE, NOW


def a_log(*entries: tuple[str, dict[str, Any]] | str, who: str = "aki") -> list[CaseLog]:
    """Make a log, `opened` first, a minute between entries; a bare action has no data."""
    rows = [("opened", {"items": [1]}), *((one, {}) if isinstance(one, str) else one for one in entries)]
    return [
        CaseLog(
            id=number,
            case_id=1,
            at=NOW + number * MINUTE,
            who="mekiki" if action == "opened" else who,
            action=action,
            reason=None,
            note="",
            data=data,
        )
        for number, (action, data) in enumerate(rows)
    ]


def test_the_way_of_a_fraud() -> None:
    steps = ("confirm", "takedown", "down", "relapse", "takedown", "down", "close", "relapse", "close", "reopen")
    states = [standing(a_log(*steps[:number])).state for number in range(len(steps) + 1)]
    assert states == [
        "open", "confirmed", "takedown", "down", "relapsed", "takedown", "down", "closed", "relapsed", "closed", "open"
    ]  # fmt: skip


def test_what_needs_a_judgement_is_refused_before_there_is_one() -> None:
    assert refusal("takedown", 7, "open", None) == "case 7 is open; takedown needs one that is confirmed or relapsed"
    assert refusal("close", 7, "open", None) is not None
    assert refusal("relapse", 7, "confirmed", None) is not None
    assert refusal("confirm", 7, "open", None) is None


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"note", "hold", "release"}))
def test_a_part_of_another_case_is_judged_there(action: Any) -> None:
    said = refusal(action, 7, "duplicate", 3)
    assert said == "case 7 is a part of case 3 now; judge that one, or undo the merge"


def test_every_state_but_duplicate_can_be_left() -> None:
    for state in set(get_args(CaseState)) - {"duplicate"}:
        assert any(RULES[action].to not in (None, state) for action in allowed(state)), state


def test_a_dismissal_is_never_for_good() -> None:
    told = standing(a_log(("dismiss", {"until": (NOW + 2 * MINUTE).isoformat()})))
    assert told.suppressed_until == NOW + 2 * MINUTE
    untold = standing(a_log("dismiss"))
    assert untold.suppressed_until == NOW + MINUTE + SUPPRESS
    assert standing(a_log("dismiss", "reopen")).suppressed_until is None


def test_an_approval_counts_only_while_somebody_asks() -> None:
    asked = ("takedown", {"approval": True})
    assert (standing(a_log("confirm", asked)).state, standing(a_log("confirm", asked)).takedown_asked) == (
        "confirmed",
        "aki",
    )
    assert standing(a_log("confirm", asked, "approve")).state == "takedown"
    taken_back = standing(a_log("confirm", asked, "approve", ("undo", {"undoes": 2})))
    assert (taken_back.state, taken_back.void) == ("confirmed", frozenset({3}))
    assert standing(a_log("confirm", "approve")).void == {2}


def test_a_case_waits_since_it_was_opened_woke_or_came_back() -> None:
    assert standing(a_log()).waiting_since == NOW
    end = NOW + timedelta(days=1)
    assert standing(a_log(("snooze", {"until": end.isoformat()}))).waiting_since == end
    assert standing(a_log("confirm", "down", "relapse")).waiting_since == NOW + 3 * MINUTE


def test_tags_harm_due_and_hold_are_what_was_said_last() -> None:
    log = a_log(
        ("tag", {"tag": "緊急"}),
        ("tag", {"tag": "a"}),
        ("tag", {"tag": "b"}),
        ("untag", {"tag": "a"}),
        ("harm", {"harm": "high"}),
        ("due", {"due": NOW.isoformat()}),
        "hold",
    )
    at = standing(log)
    assert (at.tags, at.harm, at.due, at.held) == (("b", "緊急"), "high", NOW, True)
    assert standing([*log, *a_log(("harm", {"harm": None}), ("due", {"due": None}), "release")[1:]]).harm is None


def test_a_judgement_holds_until_somebody_reopens_the_case_by_hand() -> None:
    assert judgement_of(a_log("note")) is None
    held = judgement_of(a_log("confirm", "takedown", "down", "close"))
    assert held is not None
    assert held.action == "confirm"
    assert judgement_of(a_log("dismiss", "reopen")) is None
    by_machine = [*a_log("dismiss"), *a_log("reopen", who="mekiki")[1:]]
    assert judgement_of(by_machine) is not None


@given(st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_any_log_replays_to_a_state_that_its_entries_allow(actions: list[str]) -> None:
    """Whatever stands in a log, what makes no sense counts for nothing and the rest is a walk through the table."""
    data: dict[str, dict[str, Any]] = {
        "snooze": {"until": (NOW + timedelta(days=1)).isoformat()},
        "duplicate": {"into": 9},
        "assign": {"assignee": "ren"},
        "tag": {"tag": "x"},
        "untag": {"tag": "x"},
        "harm": {"harm": "low"},
        "due": {"due": None},
    }
    log = a_log(*((action, data.get(action, {})) for action in actions))
    at = standing(log)
    state: CaseState = "open"
    for entry in log[1:]:
        if entry.id not in at.void:
            rule = RULES[entry.action]  # type: ignore[index]
            assert state in rule.of
            state = rule.to or state
    assert at.state == state
    assert (at.state == "duplicate") == (at.merged_into is not None)
    assert (at.state == "snoozed") == (at.snoozed_until is not None)
    assert (at.state == "dismissed") == (at.suppressed_until is not None)
