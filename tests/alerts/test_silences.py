"""Nothing during a silence; after it one message, if the case still wants a person. SAFETY 31."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from alerts.silences import Silenced
from storage.database import transaction
from storage.errors import SilenceNotFound, SilenceRefused
from storage.intents import add_repeat, tell_of_relapse
from storage.silences import LONGEST, SilenceView, active_silences, add_silence, expire_silence, list_silences
from tests.alerts.bureau import Bureau, told
from tests.alerts.samples import NOW
from tests.servers.sink import Sink


def views(bureau: Bureau, *, over: bool = True) -> list[SilenceView]:
    with transaction(bureau.engine) as session:
        return list_silences(session, bureau.at, over=over)


@pytest.mark.asyncio
async def test_nothing_during_a_silence_and_one_message_after_it(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    silence = bureau.silence(brands=["hoshino"], hours=2)
    case = bureau.flag(1, host="one.test")
    for number in range(2, 12):
        await bureau.step(minutes=10)
        bureau.flag(number, host="one.test")
    with transaction(bureau.engine) as session:
        tell_of_relapse(session, case, bureau.at)
        add_repeat(session, case, bureau.at)
    await bureau.step(minutes=10)
    assert sink.received == []
    [view] = views(bureau)
    assert (view.id, view.state, view.cases) == (silence, "active", 1)
    assert view.messages > 1
    assert {row.silence_id for row in bureau.rows() if row.state == "suppressed"} == {silence}
    for _ in range(20):
        await bureau.step(minutes=1)
    assert told(sink) == [("first", case)]
    for _ in range(20):
        await bureau.step(minutes=10)
    assert told(sink) == [("first", case)]
    assert [view.state for view in views(bureau)] == ["over"]


@pytest.mark.asyncio
@pytest.mark.parametrize("action", ["confirm", "dismiss"])
async def test_after_a_silence_nothing_is_told_of_what_was_judged(bureau: Bureau, sink: Sink, action: str) -> None:
    bureau.webhook("desk", sink.url())
    bureau.silence(brands=["hoshino"])
    case = bureau.flag()
    await bureau.step(minutes=1)
    bureau.judge(case, action, **({"reason": "reseller"} if action == "dismiss" else {}))
    await bureau.step(hours=2)
    assert sink.received == []


@pytest.mark.asyncio
async def test_a_case_that_sleeps_is_told_after_its_sleep(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    case = bureau.flag()
    bureau.silence(cases=[case])
    await bureau.step(minutes=1)
    bureau.judge(case, "snooze", until=bureau.at + timedelta(hours=5))
    await bureau.step(hours=2)
    assert sink.received == []
    await bureau.step(hours=4)
    assert told(sink) == [("first", case)]


@pytest.mark.asyncio
async def test_only_what_is_meant_is_silenced(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    bureau.silence(platforms=["meta"], signals=["host"])
    bureau.silence(signals=["picture"])
    bureau.silence(cases=[999])
    bureau.flag(1)
    other = bureau.flag(2, platform="x")
    await bureau.step(minutes=1)
    assert told(sink) == [("first", other)]


@pytest.mark.asyncio
async def test_a_silence_that_is_ended_early_tells_at_once(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    silence = bureau.silence(everything=True, hours=24)
    cases = bureau.flag_all(range(3))
    await bureau.step(minutes=1)
    with transaction(bureau.engine) as session:
        expire_silence(session, silence, who="ren", now=bureau.at)
    await bureau.step(seconds=1)
    await bureau.step(seconds=1)
    assert told(sink) == [("first", case) for case in cases]
    [view] = views(bureau)
    assert (view.expired_by, view.state, view.ends_at) == ("ren", "over", bureau.at - timedelta(seconds=2))


@pytest.mark.asyncio
async def test_of_two_silences_the_later_end_counts(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    bureau.silence(brands=["hoshino"], hours=1)
    bureau.silence(sources=["news-ads"], hours=3)
    case = bureau.flag()
    await bureau.step(minutes=1)
    await bureau.step(hours=2)
    assert sink.received == []
    await bureau.step(hours=2)
    assert told(sink) == [("first", case)]


@pytest.mark.asyncio
async def test_a_digest_leaves_out_what_is_silenced(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), digest="daily 09:00", zone="UTC")
    quiet, loud = bureau.flag(1), bureau.flag(2, platform="x")
    await bureau.step(minutes=1)
    bureau.silence(platforms=["meta"], hours=12)
    await bureau.step(hours=7)
    assert told(sink) == [("digest", [loud])]
    await bureau.step(hours=6)
    await bureau.step(hours=18)
    assert told(sink)[1:] == [("digest", [quiet])]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"reason": " "}, "a person and a reason"),
        ({"who": ""}, "a person and a reason"),
        ({"until": NOW}, "an end in the future"),
        ({"until": NOW + LONGEST + timedelta(seconds=1)}, "at most 90 days"),
    ],
)
def test_a_silence_without_a_person_a_reason_or_an_end_is_refused(
    bureau: Bureau, fields: dict[str, Any], why: str
) -> None:
    values: dict[str, Any] = {"who": "aki", "reason": "exercise", "until": NOW + LONGEST, "now": NOW, **fields}
    with pytest.raises(SilenceRefused, match=why), transaction(bureau.engine) as session:
        add_silence(session, {"brands": ["hoshino"]}, **values)


def test_only_a_silence_that_holds_can_be_ended(bureau: Bureau) -> None:
    silence = bureau.silence(everything=True)
    with pytest.raises(SilenceNotFound, match="no silence 99"), transaction(bureau.engine) as session:
        expire_silence(session, 99, who="aki", now=bureau.at)
    bureau.wait(hours=2)
    with pytest.raises(SilenceRefused, match="is over already"), transaction(bureau.engine) as session:
        expire_silence(session, silence, who="aki", now=bureau.at)


def test_everything_is_silenced_only_on_purpose() -> None:
    with pytest.raises(ValidationError, match="it would silence every case"):
        Silenced()
    with pytest.raises(ValidationError, match="leave out the others"):
        Silenced(everything=True, brands=("hoshino",))
    with pytest.raises(ValidationError, match="did you mean 'host'"):
        Silenced(signals=("hots",))


def stored(engine: Engine) -> Silenced:
    with transaction(engine) as session:
        [(_, matches)] = active_silences(session, NOW)
    return Silenced.read(matches)


def test_a_silence_is_read_as_it_was_written(bureau: Bureau) -> None:
    bureau.silence(brands=["hoshino"], min_score=0.5, cases=[3])
    read = stored(bureau.engine)
    assert (list(read.brands), read.min_score, list(read.cases), read.everything) == (["hoshino"], 0.5, [3], False)
