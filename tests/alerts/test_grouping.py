from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.grouping import OVERFLOW, SCHEDULED, Plan, Timing, Told, plan
from config.routes import Route
from storage.routed import Waiting
from tests.alerts.samples import NOW

MINUTE = timedelta(minutes=1)


def kept(number: int = 1, *, age: timedelta = MINUTE, **fields: Any) -> Waiting:
    defaults: dict[str, Any] = {
        "id": number,
        "case_id": number,
        "reason": "first",
        "count": 1,
        "created_at": NOW - age,
        "fold": f"case {number}",
        "pressing": False,
        "score": 0.9,
        "state": "open",
        "snoozed_until": None,
    }
    return Waiting(**{**defaults, **fields})


def decide(
    *some: Waiting,
    folds: Mapping[str, datetime] | None = None,
    lately: Sequence[datetime] = (),
    quiet: datetime | None = None,
    **route: Any,
) -> Plan:
    timing = Timing(wait=timedelta(seconds=30), interval=5 * MINUTE, quiet_until=quiet)
    told = Told(folds=folds or {}, lately=lately)
    return plan(Route.model_validate({"receivers": ["desk"], **route}), some, told, timing, NOW)


def released(found: Plan) -> list[int]:
    return [one.id for one in found.releases]


def held(found: Plan) -> dict[tuple[str, datetime], list[int]]:
    return {(hold.why, hold.until): [one.id for one in hold.kept] for hold in found.holds}


def gathered(found: Plan) -> dict[str, list[int]]:
    return {digest.fold: [one.id for one in digest.told] for digest in found.digests}


def test_the_first_message_waits_for_its_group_later_ones_keep_their_distance() -> None:
    young, old = kept(1, age=timedelta(seconds=10)), kept(2)
    again = kept(3, reason="new_items")
    found = decide(young, old, again, folds={"case 3": NOW - MINUTE})
    assert released(found) == [2]
    assert held(found) == {("wait", NOW + timedelta(seconds=20)): [1], ("interval", NOW + 4 * MINUTE): [3]}


@pytest.mark.parametrize("reason", ["relapsed", "escalated", "repeat"])
def test_what_is_back_late_or_repeated_keeps_no_distance(reason: str) -> None:
    assert released(decide(kept(reason=reason, age=timedelta(0)), folds={"case 1": NOW})) == [1]


def test_a_fold_leaves_whole_when_its_oldest_has_waited() -> None:
    some = [kept(number, age=age * MINUTE, fold="brand hoshino") for number, age in ((1, 1), (2, 0), (3, 0))]
    assert gathered(decide(*some)) == {"brand hoshino": [1, 2, 3]}
    assert released(decide(some[0])) == [1]  # one case is told by itself


def test_quiet_hours_hold_what_is_not_urgent() -> None:
    until = NOW + timedelta(hours=9)
    found = decide(kept(1), kept(2, score=0.99), quiet=until, urgent_score=0.95)
    assert (released(found), held(found)) == ([2], {("quiet", until): [1]})


def test_what_a_person_asks_for_passes_everything() -> None:
    asked = kept(reason="repeat", pressing=True)
    assert released(decide(asked, quiet=NOW + MINUTE, digest="daily 09:00", lately=[NOW], most_per_hour=1)) == [1]


def test_a_digest_takes_what_is_older_than_its_time_and_leaves_once() -> None:
    times: dict[str, Any] = {"digest": f"daily {NOW - MINUTE:%H:%M}", "zone": "UTC"}  # NOW is at 03:04:05
    end = NOW.replace(minute=3, second=0)
    early, late, urgent = kept(1, age=2 * MINUTE), kept(2, age=timedelta(0)), kept(3, score=1.0)
    escalated = kept(4, reason="escalated", age=2 * MINUTE)
    found = decide(early, late, urgent, escalated, urgent_score=1.0, **times)
    assert gathered(found) == {SCHEDULED: [1]}
    assert found.digests[0].end == end
    assert sorted(released(found)) == [3, 4]
    assert held(found) == {("digest", end + timedelta(days=1)): [2]}
    assert held(decide(early, folds={SCHEDULED: end}, **times)) == {("digest", end + timedelta(days=1)): [1]}


def test_the_last_message_of_an_hour_is_a_digest_of_the_rest() -> None:
    some = [kept(number, score=number / 10) for number in range(1, 8)]
    found = decide(*some, lately=[NOW - MINUTE], most_per_hour=4)
    assert released(found) == [7, 6]  # the best scored leave by themselves
    assert gathered(found) == {OVERFLOW: [5, 4, 3, 2, 1]}
    assert held(found) == {}


def test_a_full_hour_holds_until_its_oldest_message_is_an_hour_old() -> None:
    lately = [NOW - MINUTE, NOW - 50 * MINUTE]
    assert held(decide(kept(), lately=lately, most_per_hour=2)) == {("limit", NOW + 10 * MINUTE): [1]}
    assert released(decide(kept(), lately=lately[:1], most_per_hour=2)) == [1]


def test_relapses_leave_before_others_when_there_is_room_for_few() -> None:
    found = decide(kept(1, score=1.0), kept(2, reason="relapsed", score=0.5), kept(3), most_per_hour=2)
    assert (released(found), gathered(found)) == ([2], {OVERFLOW: [1, 3]})
