"""How channels dealt with what was filed with them: only what is known counts."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from storage.database import transaction
from storage.notice_figures import ChannelFigures, Days, Share, channel_figures
from storage.notices import add_reply, set_state
from tests.storage.examples import NOW
from tests.storage.noticed import WEEK, a_case, a_reply, draft, file

DAY = timedelta(days=1)
MONTH = timedelta(days=30)


def figures(engine: Engine, since: timedelta = -DAY, until: timedelta = MONTH) -> dict[str, ChannelFigures]:
    with transaction(engine) as session:
        return {one.channel: one for one in channel_figures(session, NOW + since, NOW + until)}


def learned(engine: Engine, number: int, state: str, after: float) -> None:
    with transaction(engine) as session:
        now = NOW + after * DAY
        set_state(session, number, state, who="aki", now=now, due=WEEK, note="no")  # type: ignore[arg-type]


def test_each_channel_by_what_became_of_what_it_got(engine: Engine) -> None:
    case = a_case(engine)
    numbers = [file(engine, case, channel="slow", subject=str(number)) for number in range(10)]
    for number, days in zip(numbers, range(1, 11), strict=True):
        learned(engine, number, "acknowledged", days)
    for number in numbers[:4]:
        learned(engine, number, "down", 12)
    learned(engine, numbers[0], "back", 20)
    learned(engine, numbers[4], "refused", 13)
    learned(engine, numbers[5], "refused", 13)
    learned(engine, numbers[5], "down", 14)  # by somebody else
    file(engine, case, channel="mute")
    draft(engine, case, channel="none")
    found = figures(engine)
    assert list(found) == ["slow", "mute"], "the one with which most was filed first; a draft is nothing filed"
    slow = found["slow"]
    assert (slow.filed, slow.open) == (10, 4)
    assert slow.answered == Days(count=10, median=5.5, p90=9.0)
    assert slow.down == Days(count=5, median=12.0, p90=14.0)
    assert slow.refused == Share(count=2, of=6), "of those that were refused or are gone"
    assert slow.back == Share(count=1, of=5)
    assert slow.back.rate == pytest.approx(0.2)
    mute = found["mute"]
    assert (mute.answered, mute.down) == (Days(count=0), Days(count=0))
    assert (mute.refused.rate, mute.back.rate) == (None, None), "of nothing there is no rate"


def test_only_what_was_filed_in_the_time_counts_but_all_that_is_open(engine: Engine) -> None:
    case = a_case(engine)
    file(engine, case, channel="old", subject="1")
    file(engine, case, channel="old", subject="2", now=NOW + 5 * DAY)
    learned(engine, file(engine, case, channel="done", subject="3"), "down", 1)
    assert figures(engine, since=5 * DAY)["old"].filed == 1
    assert figures(engine, until=5 * DAY)["old"].filed == 1
    later = figures(engine, since=10 * DAY)
    assert {key: (one.filed, one.open) for key, one in later.items()} == {"old": (0, 2)}


def test_a_refusal_that_was_thought_over_is_none(engine: Engine) -> None:
    case = a_case(engine)
    number = file(engine, case)
    learned(engine, number, "refused", 1)
    learned(engine, number, "acknowledged", 2)
    assert figures(engine)["example-registrar"].refused == Share(count=0, of=0)


def test_what_did_not_arrive_took_nothing_down_whenever_that_is_learned(engine: Engine) -> None:
    case = a_case(engine)
    numbers = [file(engine, case, subject=str(number)) for number in range(3)]
    learned(engine, numbers[0], "down", 1)
    learned(engine, numbers[1], "down", 1)
    with transaction(engine) as session:
        reply = a_reply(answers=False, lost=True)
        for number in numbers[1:]:
            add_reply(session, number, reply, who="aki", now=NOW + 2 * DAY, due=WEEK)
    found = figures(engine)["example-registrar"]
    assert (found.filed, found.lost, found.open) == (3, 2, 1)
    assert found.down == Days(count=1, median=1.0, p90=1.0)
