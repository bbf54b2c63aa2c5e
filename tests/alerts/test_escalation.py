"""What is told because something is back, or because nobody has judged."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from storage.database import transaction
from storage.intents import add_repeat, tell_of_relapse
from tests.alerts.bureau import Bureau, told
from tests.servers.sink import Sink
from watch.reminders import Reminders, remind_due

pytestmark = pytest.mark.asyncio


async def told_once(bureau: Bureau) -> int:
    """Flag a case and have its first message sent."""
    case = bureau.flag()
    await bureau.step(seconds=30)
    return case


async def test_a_relapse_gives_exactly_one_message(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    case = await told_once(bureau)
    bureau.judge(case, "confirm")
    bureau.set_case(case, state="relapsed")
    for _ in range(3):  # two rechecks and a person see it at once
        with transaction(bureau.engine) as session:
            tell_of_relapse(session, case, bureau.at)
    bureau.flag(101, host="hoshino-denki-sale1.test")  # and what is back is seen again
    for _ in range(20):
        await bureau.step(seconds=60)
    assert told(sink) == [("first", case), ("relapsed", case), ("new_items", case)]
    for _ in range(10):
        await bureau.step(hours=3)
    assert len(told(sink)) == 3


async def test_a_relapse_and_what_came_with_it_are_one_message(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    case = await told_once(bureau)
    bureau.wait(hours=1)
    bureau.flag(101, host="hoshino-denki-sale1.test")
    bureau.wait(minutes=5)
    bureau.set_case(case, state="relapsed")
    with transaction(bureau.engine) as session:
        tell_of_relapse(session, case, bureau.at)
    await bureau.step(seconds=1)
    await bureau.step(hours=1)
    assert told(sink)[1:] == [("relapsed", case)]
    assert json.loads(sink.bodies[1])["data"]["new_items"] == 1


async def test_a_case_past_its_due_time_is_escalated_once(bureau: Bureau, sink: Sink) -> None:
    with Sink() as chief:
        bureau.webhook("chief", chief.url(), routed=False)
        bureau.webhook("desk", sink.url(), escalate_to=["chief"])
        late, judged, asleep = bureau.flag_all(range(3))
        await bureau.step(seconds=30)
        for case in (late, judged, asleep):
            bureau.set_case(case, due_at=bureau.at + timedelta(hours=1))
        bureau.judge(judged, "confirm")
        bureau.judge(asleep, "snooze", until=bureau.at + timedelta(days=9))
        await bureau.step(minutes=59)
        assert chief.received == []
        bureau.wait(minutes=1)
        await asyncio.gather(*(asyncio.to_thread(remind_due, bureau.engine, bureau.at) for _ in range(3)))
        await asyncio.gather(bureau.dispatch(), bureau.dispatch())
        for _ in range(5):
            await bureau.step(hours=3)
        assert told(chief) == [("escalated", late)]
        assert len(told(sink)) == 3
        bureau.set_case(late, due_at=bureau.at + timedelta(hours=1))  # agreed anew
        await bureau.step(hours=2)
        assert told(chief) == [("escalated", late)] * 2


async def test_a_route_escalates_after_its_own_time(bureau: Bureau, sink: Sink) -> None:
    with Sink() as chief:
        bureau.webhook("chief", chief.url(), routed=False)
        bureau.webhook("desk", sink.url(), escalate_after="4h", escalate_to=["chief"])
        case = await told_once(bureau)
        bureau.set_case(case, due_at=bureau.at + timedelta(hours=1))
        await bureau.step(hours=3)
        assert chief.received == []
        await bureau.step(hours=1)
        for _ in range(5):
            await bureau.step(hours=5)
        assert (told(chief), told(sink)) == ([("escalated", case)], [("first", case)])


async def test_nobody_is_told_that_something_is_late_once_it_is_judged(bureau: Bureau, sink: Sink) -> None:
    bureau.quiets = [{"key": "night", "hours": ["12:00", "20:00"]}]
    bureau.webhook("desk", sink.url(), escalate_after="4h", repeat_interval="1d")
    bureau.webhook("night", sink.url("/night"), escalate_after="4h", quiet="night", urgent_score=0.99)
    case = await told_once(bureau)
    await bureau.step(hours=4)
    assert [(one.route, one.held) for one in bureau.waiting()] == [("night", "quiet")]
    bureau.judge(case, "confirm")
    for _ in range(30):
        await bureau.step(hours=2)
    assert [(path.path, reason) for path, (reason, _) in zip(sink.received, told(sink), strict=True)] == [
        ("/hook", "first"),
        ("/hook", "escalated"),
        ("/night", "first"),
    ]


async def test_a_case_is_repeated_until_somebody_judges_it(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), repeat_interval="1d")
    bureau.webhook("never", sink.url("/never"))
    case = await told_once(bureau)
    for _ in range(9):
        await bureau.step(hours=6)
    bureau.judge(case, "confirm")
    for _ in range(9):
        await bureau.step(hours=6)
    assert sorted(request.path for request in sink.received) == ["/hook", "/hook", "/hook", "/never"]
    assert [reason for reason, _ in told(sink)] == ["first", "first", "repeat", "repeat"]


async def test_any_message_puts_the_next_repeat_off(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), repeat_interval="1d")
    case = await told_once(bureau)
    await bureau.step(hours=20)
    bureau.flag(101, host="hoshino-denki-sale1.test")
    await bureau.step(hours=1)
    await bureau.step(hours=10)
    assert [reason for reason, _ in told(sink)] == ["first", "new_items"]
    await bureau.step(hours=14)
    assert told(sink)[2:] == [("repeat", case)]


async def test_a_case_that_sleeps_is_reminded_of_when_it_wakes(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), repeat_interval="1d")
    case = await told_once(bureau)
    bureau.judge(case, "snooze", until=bureau.at + timedelta(days=3))
    for _ in range(5):
        await bureau.step(hours=14)
    assert len(told(sink)) == 1
    await bureau.step(hours=14)
    assert told(sink)[1:] == [("repeat", case)]


async def test_a_message_asked_for_by_hand_passes_quiet_hours_and_reasons(bureau: Bureau, sink: Sink) -> None:
    bureau.quiets = [{"key": "day", "hours": ["00:00", "23:59"]}]
    bureau.webhook("desk", sink.url(), quiet="day", reasons=["first"])
    case = await told_once(bureau)
    assert sink.received == []
    with transaction(bureau.engine) as session:
        add_repeat(session, case, bureau.at)
    await bureau.step(seconds=1)
    assert told(sink) == [("first", case)]  # it had not been told yet


async def test_a_look_for_reminders_reads_an_index_and_writes_nothing_when_none_is_due(bureau: Bureau) -> None:
    """Whatever the number of cases: `mekiki watch` looks once a second."""
    bureau.flag_all(range(30))
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    event.listen(bureau.engine, "before_cursor_execute", note)
    try:
        assert remind_due(bureau.engine, bureau.at) == Reminders()
    finally:
        event.remove(bureau.engine, "before_cursor_execute", note)
    looks = [one for one in statements if one.startswith("SELECT")]
    assert len(looks) == 5
    assert not [one for one in statements if one.startswith(("INSERT", "UPDATE", "DELETE"))]
    if bureau.engine.dialect.name == "sqlite":
        assert all("USING" in plan_of(bureau.engine, look) for look in looks)


def plan_of(engine: Engine, statement: str) -> str:
    """Return how SQLite runs a statement; what is bound to it does not matter."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("",) * statement.count("?"))
        return " / ".join(str(row[-1]) for row in rows)
