"""What a log comes to."""

from datetime import UTC, datetime, timedelta

from desk.reports.story import Story, story
from storage.outcomes import CaseHistory, LoggedAction

START = datetime(2026, 11, 1, tzinfo=UTC)


def after(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def told(*actions: str) -> Story:
    """Replay actions, one an hour; `undo N` takes back the Nth, `dismiss REASON` has a reason, `takedown?` is asked."""
    log = []
    for number, action in enumerate(actions, start=1):
        word, _, rest = action.partition(" ")
        log.append(
            LoggedAction(
                id=number,
                at=after(number),
                who="aki",
                action=word.removesuffix("?"),
                reason=rest if word == "dismiss" else None,
                undoes=int(rest) if word == "undo" else None,
                to_approve=word.endswith("?"),
            )
        )
    history = CaseHistory(
        id=1, brand="hoshino", opened_at=START, log=tuple(log), told_at=None, filed_at=None, registered=None, items=()
    )
    return story(history)


def test_a_case_that_nobody_touched_waits() -> None:
    assert told("note", "assign") == Story()
    assert told().standing == "waiting"
    assert told("snooze").standing == "waiting"


def test_a_whole_life() -> None:
    found = told("confirm", "takedown", "down", "relapse", "takedown", "down", "close")
    assert (found.standing, found.confirmed, found.verdict_at) == ("closed", True, after(1))
    assert (found.judged_at, found.confirmed_at, found.takedown_at) == (after(1), after(1), after(2))
    assert (found.down_at, found.relapsed_at, found.closed_at) == ([after(3), after(6)], [after(4)], after(7))


def test_what_was_taken_back_never_happened_nor_what_rested_on_it() -> None:
    assert told("confirm", "undo 1") == Story()
    found = told("confirm", "takedown", "undo 1")
    assert (found.standing, found.takedown_at, found.confirmed) == ("waiting", None, None)


def test_the_last_word_counts_and_a_double_says_nothing() -> None:
    assert told("confirm", "dismiss reseller").confirmed is False
    found = told("dismiss reseller", "confirm")
    assert (found.confirmed, found.judged_at, found.verdict_at, found.reason) == (True, after(1), after(2), None)
    assert told("dismiss duplicate").confirmed is None
    assert told("dismiss duplicate").judged_at == after(1)


def test_saying_it_twice_is_not_a_second_judgement() -> None:
    assert told("confirm", "note", "confirm").verdict_at == after(1)


def test_a_case_that_was_reopened_has_no_verdict_any_more() -> None:
    found = told("confirm", "reopen")
    assert (found.standing, found.confirmed, found.verdict_at) == ("waiting", None, None)


def test_a_takedown_that_must_be_approved_counts_from_the_approval() -> None:
    assert told("confirm", "takedown?").takedown_at is None
    assert told("confirm", "takedown?", "approve").takedown_at == after(3)
    assert told("confirm", "approve").takedown_at is None


def test_a_merged_case_is_none_until_that_is_taken_back() -> None:
    assert told("duplicate").merged
    assert not told("duplicate", "undo 1").merged
