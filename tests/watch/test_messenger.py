"""What the watch tells because time has passed, and how often."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import update

from alerts.dispatch import LOOK_AGAIN
from alerts.report import DispatchReport
from storage.database import transaction
from storage.errors import StorageUnavailable
from storage.schema import Case
from tests.alerts.bureau import Bureau, told
from tests.servers.sink import Reply, Sink
from tests.storage.conftest import sqlite_template
from watch.due import due_jobs
from watch.messenger import Messenger

__all__ = ["sqlite_template"]


@pytest.fixture
def bureau(tmp_path: Path, sqlite_template: Path) -> Iterator[Bureau]:
    shutil.copy(sqlite_template, tmp_path / "mekiki.db")
    opened = Bureau(tmp_path)
    yield opened
    opened.close()


def messenger_of(bureau: Bureau, say: Callable[[str], None], warn: Callable[[str], None]) -> Messenger:
    return Messenger(config=bureau.config, engine=bureau.engine, media=bureau.media, now=bureau.now, say=say, warn=warn)


async def passes(bureau: Bureau, times: list[datetime]) -> list[str]:
    """Run a messenger through these moments; return what it said."""
    said: list[str] = []
    messenger = messenger_of(bureau, said.append, said.append)
    for moment in times:
        bureau.at = moment
        await messenger.remind()
        await messenger.deliver()
    return said


def test_the_watch_reminds_escalates_and_ends_silences(bureau: Bureau) -> None:
    with Sink() as sink, Sink() as chief:
        bureau.webhook("desk", sink.url(), repeat_interval="1d", escalate_after="4h", escalate_to=["chief"])
        bureau.webhook("chief", chief.url(), routed=False)
        start = bureau.at
        silenced, case = bureau.flag_all(range(2))
        bureau.silence(cases=[silenced], hours=2)
        hours = [start + timedelta(minutes=1), *(start + timedelta(hours=hour, minutes=2) for hour in range(1, 27))]
        said = asyncio.run(passes(bureau, hours))
        assert told(sink) == [("first", case), ("first", silenced), ("repeat", case), ("repeat", silenced)]
        assert told(chief) == [("escalated", case), ("escalated", silenced)]
    assert all(line.startswith("alerts: 1 sent") for line in said)


def test_a_case_past_its_due_time_is_told_by_the_next_watch_after_a_kill(bureau: Bureau) -> None:
    """Noting it and telling it are one transaction; a watch that dies before it has not noted it."""
    with Sink() as sink:
        bureau.webhook("desk", sink.url())
        case = bureau.flag()
        with transaction(bureau.engine) as session:
            session.execute(update(Case).values(due_at=bureau.at + timedelta(hours=1)))
        start = bureau.at
        asyncio.run(passes(bureau, [start + timedelta(minutes=1)]))
        asyncio.run(passes(bureau, [start + timedelta(hours=30), start + timedelta(hours=31)]))
        assert told(sink) == [("first", case), ("escalated", case)]


def test_an_alert_that_no_route_wants_is_not_due_for_ever_but_looked_at_again(bureau: Bureau) -> None:
    bureau.webhook("desk", "http://127.0.0.1:1/", brands=["other"])
    bureau.flag()
    bureau.wait(minutes=1)
    said: list[str] = []
    warned: list[str] = []
    messenger = messenger_of(bureau, said.append, warned.append)
    assert _due(bureau) == ["deliver"]
    asyncio.run(messenger.deliver())
    assert (said, len(warned)) == ([], 1)
    bureau.wait(seconds=2)
    assert _due(bureau) == []
    bureau.flag(2)
    bureau.wait(minutes=1)
    assert _due(bureau) == ["deliver"]  # another one, that nobody has tried yet
    asyncio.run(messenger.deliver())
    assert _due(bureau) == []
    bureau.wait(minutes=5)
    assert _due(bureau) == ["deliver"]
    late = messenger_of(bureau, said.append, warned.append)  # of another worker
    asyncio.run(late.deliver())
    assert _due(bureau) == []
    bureau.wait(minutes=5)
    asyncio.run(late.deliver())
    asyncio.run(messenger.deliver())
    assert _due(bureau) == []


def test_what_no_route_wanted_is_told_at_once_when_there_is_such_a_route(bureau: Bureau) -> None:
    with Sink() as sink:
        bureau.webhook("desk", sink.url(), brands=["other"])
        case = bureau.flag()
        bureau.wait(minutes=1)
        asyncio.run(passes(bureau, [bureau.at]))
        assert _due(bureau) == []
        bureau.webhook("chief", sink.url())
        bureau.wait(seconds=2)
        assert _due(bureau) == ["deliver"]
        asyncio.run(passes(bureau, [bureau.at]))
        assert told(sink) == [("first", case)]


def test_what_did_not_arrive_is_a_warning(bureau: Bureau) -> None:
    with Sink(Reply(status=500), Reply(status=400)) as sink:
        bureau.webhook("desk", sink.url())
        bureau.flag()
        said: list[str] = []
        warned: list[str] = []
        messenger = messenger_of(bureau, said.append, warned.append)
        for _ in range(2):
            bureau.wait(hours=1)
            asyncio.run(messenger.deliver())
    assert said == []
    assert any("500" in line for line in warned)
    assert any(line.endswith("1 dead") for line in warned), warned


def test_told_to_stop_it_ends_what_is_on_its_way_and_a_restart_sends_nothing_twice(bureau: Bureau) -> None:
    answered = Event()
    with Sink(Reply(after=answered)) as sink:
        bureau.webhook("desk", sink.url())
        cases = bureau.flag_all(range(2))
        bureau.wait(minutes=1)
        said: list[str] = []

        async def stopped() -> None:
            delivering = asyncio.create_task(messenger_of(bureau, said.append, said.append).deliver())
            await asyncio.to_thread(sink.wait_for, 1)
            delivering.cancel()
            await asyncio.wait([delivering], timeout=1.5 * LOOK_AGAIN)
            assert not delivering.done(), "its message is on its way"
            answered.set()
            with pytest.raises(asyncio.CancelledError):
                await delivering

        asyncio.run(stopped())
        assert said == ["alerts: 1 sent, 0 to be tried again, 0 dead"]
        asyncio.run(passes(bureau, [bureau.at]))  # at once: what was not sent holds no lease
        bureau.wait(minutes=10)
        asyncio.run(passes(bureau, [bureau.at]))
        assert told(sink) == [("first", case) for case in cases]


def test_told_to_stop_while_the_database_is_away_it_stops_all_the_same(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, stop: asyncio.Event, **__: Any) -> DispatchReport:
        await stop.wait()
        raise StorageUnavailable("the database cannot be used: connection refused")

    monkeypatch.setattr("watch.messenger.dispatch_due", away)

    async def stopped() -> None:
        delivering = asyncio.create_task(messenger_of(bureau, print, print).deliver())
        await asyncio.sleep(0.1)
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering

    asyncio.run(asyncio.wait_for(stopped(), 30))


def _due(bureau: Bureau) -> list[str]:
    return [one.job.kind for one in due_jobs(bureau.config, bureau.engine, bureau.at)]
