"""What is due is a fact in the database and the configuration."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from config import Config, FeedSource
from config.models import Evidence, Storage
from spiders.pace import LONGEST_PAUSE, interface
from storage.cursors import save_cursor
from storage.database import transaction
from storage.schema import HostTurn, Run
from storage.stamps import want_stamp
from storage.turns import pause
from tests.alerts.bureau import Bureau
from tests.storage.conftest import database, engine, postgres_url, sqlite_template
from watch.due import OURS, PRUNED, due_jobs, round_of
from watch.job import Job

__all__ = ["database", "engine", "postgres_url", "sqlite_template"]
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def bureau(tmp_path: Path, engine: Engine) -> Iterator[Bureau]:
    opened = Bureau(tmp_path, engine.url.render_as_string(hide_password=False))
    opened.at = NOON
    yield opened
    opened.close()


def sources(*keys: str, every: str = "1h", **more: Any) -> tuple[FeedSource, ...]:
    known = {"kind": "feed", "paths": ["list.txt"], "format": "urls", "every": every, **more}
    return tuple(FeedSource.model_validate({"key": key, **known}) for key in keys)


def ran(engine: Engine, source: str, at: datetime, **more: Any) -> None:
    with transaction(engine) as session:
        ended = {"finished_at": at, "outcome": "ok", **more}
        session.add(Run(source=source, round_at=at, started_at=at, counts={}, **ended))


def due(config: Config, engine: Engine, now: datetime) -> list[tuple[str, str]]:
    """Return kinds and sources; not the months that PostgreSQL wants to be made."""
    jobs = [one.job for one in due_jobs(config, engine, now)]
    return [(job.kind, job.source) for job in jobs if job.kind != "prune" or config.storage.keep_items]


def test_sources_are_due_by_their_schedules_the_longest_first(bureau: Bureau) -> None:
    config = bureau.config.model_copy(update={"source": sources("a", "b", "c", "d")})
    ran(bureau.engine, "a", NOON - timedelta(minutes=70))
    ran(bureau.engine, "b", NOON - timedelta(minutes=90))
    ran(bureau.engine, "c", NOON - timedelta(minutes=59))
    ran(bureau.engine, "d", NOON - timedelta(minutes=20), finished_at=None, outcome=None)  # killed, or under way
    assert due(config, bureau.engine, NOON) == [("crawl", "b"), ("crawl", "d"), ("crawl", "a")]
    found = {one.job.source: one.due_at for one in due_jobs(config, bureau.engine, NOON)}
    assert found["a"] == NOON - timedelta(minutes=10)
    assert found["d"] == NOON - timedelta(minutes=20)  # its own round, not a new one


def test_what_is_done_is_not_due_and_a_source_that_is_gone_neither(bureau: Bureau) -> None:
    config = bureau.config.model_copy(update={"source": sources("a")})
    job = Job(kind="crawl", source="a")
    with transaction(bureau.engine) as session:
        assert round_of(config, session, job, NOON) == NOON
        assert round_of(config, session, Job(kind="crawl", source="gone"), NOON) is None
        assert round_of(config, session, Job(kind="crawl", source="a", slice="host=gone.test"), NOON) is None
    ran(bureau.engine, "a", NOON)
    with transaction(bureau.engine) as session:
        assert round_of(config, session, job, NOON) is None
    assert due(config, bureau.engine, NOON) == []


def test_messages_are_due_before_crawls_and_reminders_when_time_has_passed(bureau: Bureau) -> None:
    bureau.webhook("desk", "http://127.0.0.1:1/", repeat_interval="1d")
    config = bureau.config.model_copy(update={"source": sources("a")})
    assert due(config, bureau.engine, NOON) == [("crawl", "a")]
    bureau.flag()
    ran(bureau.engine, "a", NOON)
    assert due(config, bureau.engine, NOON) == []  # the first message waits for the rest of its group
    assert due(config, bureau.engine, NOON + timedelta(hours=2)) == [("deliver", ""), ("crawl", "a")]


def test_a_digest_of_nothing_is_due_where_a_route_wants_it(bureau: Bureau) -> None:
    bureau.webhook("desk", "http://127.0.0.1:1/", digest="daily 08:00", empty=True)
    assert due(bureau.config, bureau.engine, NOON) == [("deliver", "")]


def test_time_stamps_are_due_only_where_an_authority_is_configured(bureau: Bureau) -> None:
    with transaction(bureau.engine) as session:
        want_stamp(session, "0" * 64, "https://stamps.example/", NOON)
    assert due(bureau.config, bureau.engine, NOON) == []
    evidence = Evidence(authority="https://stamps.example/")
    config = bureau.config.model_copy(update={"evidence": evidence})
    assert due(config, bureau.engine, NOON) == [("stamp", "")]
    assert due(config, bureau.engine, NOON - timedelta(seconds=1)) == []


def test_pruning_is_due_by_its_cron_once_something_is_not_kept_for_ever(bureau: Bureau) -> None:
    assert due(bureau.config, bureau.engine, NOON) == []
    config = bureau.config.model_copy(update={"storage": Storage(keep_items=timedelta(days=365))})
    assert due(config, bureau.engine, NOON) == [("prune", "")]
    with transaction(bureau.engine) as session:
        save_cursor(session, OURS, PRUNED, NOON.isoformat(), NOON)
    assert due(config, bureau.engine, NOON + timedelta(hours=15)) == []
    assert due(config, bureau.engine, NOON + timedelta(hours=15, minutes=30)) == [("prune", "")]


def test_postgresql_wants_its_months_where_everything_is_kept(bureau: Bureau) -> None:
    kinds = [one.job.kind for one in due_jobs(bureau.config, bureau.engine, NOON)]
    assert kinds == (["prune"] if bureau.engine.dialect.name == "postgresql" else [])


def test_a_source_whose_interface_wants_patience_is_begun_when_that_is_over(bureau: Bureau) -> None:
    config = bureau.config.model_copy(update={"source": sources("a", "b", "c", "d")})
    with transaction(bureau.engine) as session:
        pauses = {
            interface("api.example", "a"): 60.0,
            interface("api.example", "b"): LONGEST_PAUSE + 60,  # no crawl waits so long: it ends, and says so
            "c": 60.0,  # a host of this name, whose pages others read, too
        }
        pause(session, pauses)
    assert due(config, bureau.engine, NOON) == [("crawl", "b"), ("crawl", "c"), ("crawl", "d")]
    with transaction(bureau.engine) as session:
        for row in session.scalars(select(HostTurn).where(HostTurn.paused_until.is_not(None))):
            row.paused_until = (row.paused_until or NOON) - timedelta(seconds=61)
    assert due(config, bureau.engine, NOON) == [("crawl", "a"), ("crawl", "c"), ("crawl", "d")]


def test_more_sources_cost_no_more_statements(bureau: Bureau) -> None:
    statements: list[str] = []
    event.listen(bureau.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    counts = []
    for number in (1, 40):
        statements.clear()
        config = bureau.config.model_copy(update={"source": sources(*(f"s{one}" for one in range(number)))})
        assert len(due(config, bureau.engine, NOON)) == number
        counts.append(len(statements))
    assert counts[0] == counts[1]
