"""What the watch tells because time has passed, and how often."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from storage.database import transaction
from storage.schema import Case
from tests.alerts.bureau import Bureau, told
from tests.servers.sink import Sink
from watch.messenger import Messenger


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    opened = Bureau(tmp_path)
    yield opened
    opened.close()


async def passes(bureau: Bureau, times: list[datetime]) -> list[str]:
    """Run a messenger through these moments; return what it said."""
    said: list[str] = []
    messenger = Messenger(
        config=bureau.config, engine=bureau.engine, media=bureau.media, now=bureau.now, say=said.append
    )
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
