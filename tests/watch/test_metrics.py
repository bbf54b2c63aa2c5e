"""What Prometheus is told: facts of the database, the same in every process."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from config import Config, load
from storage.database import open_engine, transaction, upgrade
from storage.errors import StorageUnavailable
from storage.runs import finish_run, start_run
from storage.schema import AlertIntent, Delivery, ReceiverState
from watch.observability.facts import Facts, FactsReader
from watch.observability.meter import Meter
from watch.observability.metrics import Metrics

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[[source]]
key = "shop"
kind = "web"
urls = ["https://shop.test/"]
every = "1h"
[[receiver]]
key = "desk"
channel = "slack"
url = "env:DESK"
[[route]]
receivers = ["desk"]
"""
HOSTILE = 'x"}\n\u202emekiki_forged 1'
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "mekiki.toml").write_text(CONFIG, "utf-8")
    return load(tmp_path / "mekiki.toml")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the whole schema and no rows."""
    file = tmp_path_factory.mktemp("template") / "mekiki.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture
def engine(config: Config, template: Path, tmp_path: Path) -> Iterator[Engine]:
    shutil.copy(template, tmp_path / "mekiki.db")
    engine = open_engine(config.storage.database)
    yield engine
    engine.dispose()


def run(engine: Engine, began: datetime, outcome: str | None = "ok", **counts: int) -> None:
    with transaction(engine) as session:
        number = start_run(session, "shop", began)
        if outcome is not None:
            named = {name.replace("__", "."): count for name, count in counts.items()}
            finish_run(session, number, began + timedelta(minutes=1), outcome, named)  # type: ignore[arg-type]


def message(engine: Engine) -> None:
    """Put a message that is due since an hour into the outbox, for a receiver that fails since two."""
    past = NOW - timedelta(hours=1)
    with transaction(engine) as session:
        intent = AlertIntent(
            reason="digest",
            state="routed",
            count=1,
            created_at=past,
            due_at=past,
            settled_at=past,
            route="all",
            fold="day",
        )
        session.add(intent)
        session.flush()
        session.add(
            Delivery(
                id="msg_1",
                intent_id=intent.id,
                receiver="desk",
                payload="{}",
                state="pending",
                attempts=1,
                created_at=past,
                next_at=past,
            )
        )
        session.add(
            ReceiverState(key="desk", failing_since=NOW - timedelta(hours=2), last_error=HOSTILE, reason=HOSTILE)
        )


def samples(text: bytes) -> Samples:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text.decode())
        for one in family.samples
    }


def told(config: Config, engine: Engine, now: datetime = NOW) -> Samples:
    return samples(Metrics(FactsReader(config, engine, lambda: now).read, Meter()).text())


def test_every_process_tells_the_same_of_what_runs_came_to(config: Config, engine: Engine) -> None:
    reader = FactsReader(config, engine, lambda: NOW)
    run(engine, NOW - timedelta(hours=3), items=7, new=3, flagged=1, requests=9, error__http_403=2)
    run(engine, NOW - timedelta(hours=2), None)
    first = samples(Metrics(reader.read, Meter()).text())
    run(engine, NOW - timedelta(hours=1), "failed", requests=1, error__http_403=1)
    later = samples(Metrics(lambda: reader.read(fresh=timedelta(0)), Meter()).text())
    anew = told(config, engine)
    shop = (("source", "shop"),)
    assert first["mekiki_source_items_total", shop] == later["mekiki_source_items_total", shop] == 7
    assert first["mekiki_source_errors_total", (("class", "http_403"), *shop)] == 2
    assert later["mekiki_source_errors_total", (("class", "http_403"), *shop)] == 3
    assert later["mekiki_source_runs_total", (("outcome", "failed"), *shop)] == 1
    facts = {key: value for key, value in later.items() if key[0].startswith("mekiki_source")}
    assert facts == {key: value for key, value in anew.items() if key[0].startswith("mekiki_source")}


def test_a_run_that_ends_after_a_younger_one_is_counted_once(config: Config, engine: Engine) -> None:
    reader = FactsReader(config, engine, lambda: NOW)
    with transaction(engine) as session:
        long = start_run(session, "shop", NOW - timedelta(hours=2))
    run(engine, NOW - timedelta(hours=1), items=1)
    assert reader.read().totals["shop"].counts["items"] == 1
    with transaction(engine) as session:
        finish_run(session, long, NOW, "ok", {"items": 10})
    for _ in range(2):
        assert reader.read(fresh=timedelta(0)).totals["shop"].counts["items"] == 11


def test_facts_are_kept_for_some_seconds(config: Config, engine: Engine) -> None:
    clock = [NOW]
    reader = FactsReader(config, engine, lambda: clock[0])
    assert reader.read() is reader.read()
    before = reader.read()
    clock[0] += timedelta(seconds=11)
    assert reader.read() is not before


def test_what_waits_and_fails_is_told_by_key_and_never_in_words_of_others(config: Config, engine: Engine) -> None:
    message(engine)
    text = Metrics(FactsReader(config, engine, lambda: NOW).read, Meter()).text()
    found = samples(text)
    desk = (("receiver", "desk"),)
    assert found["mekiki_receiver_waiting", desk] == 1
    assert found["mekiki_receiver_oldest_due_seconds", desk] == 3600
    assert found["mekiki_receiver_failing_seconds", desk] == 7200
    assert found["mekiki_receiver_well", desk] == 0
    assert b"forged" not in text


def test_a_job_that_somebody_has_begun_does_not_wait_any_more(config: Config, engine: Engine) -> None:
    crawl = (("kind", "crawl"),)
    run(engine, NOW - timedelta(hours=3), items=1)
    assert told(config, engine)["mekiki_due_jobs", crawl] == 1
    assert told(config, engine)["mekiki_due_jobs_oldest_seconds", crawl] == 2 * 3600
    run(engine, NOW - timedelta(minutes=1), None)
    assert told(config, engine)["mekiki_due_jobs", crawl] == 0


def test_without_the_database_a_process_tells_of_itself() -> None:
    def away() -> Facts:
        raise StorageUnavailable("the database cannot be used: gone")

    meter = Meter(["deliver"])
    with meter.job("deliver"):
        pass
    found = samples(Metrics(away, meter).text())
    assert found["mekiki_database_up", ()] == 0
    assert found["mekiki_jobs_total", (("kind", "deliver"), ("outcome", "done"))] == 1
    assert found["mekiki_job_duration_seconds_count", (("kind", "deliver"),)] == 1
    assert not any(name.startswith("mekiki_source") for name, _ in found)


def test_jobs_and_children_are_counted_by_what_became_of_them() -> None:
    meter = Meter(["crawl"])
    with pytest.raises(ZeroDivisionError), meter.job("crawl"):
        raise ZeroDivisionError
    with meter.job("crawl"):
        running = samples(Metrics(_no_facts, meter).text())
    meter.child("crawl", peak=300 << 20, killed="memory")
    found = samples(Metrics(_no_facts, meter).text())
    assert running["mekiki_jobs_running", (("kind", "crawl"),)] == 1
    assert found["mekiki_jobs_running", (("kind", "crawl"),)] == 0
    assert found["mekiki_jobs_total", (("kind", "crawl"), ("outcome", "failed"))] == 1
    assert found["mekiki_jobs_total", (("kind", "crawl"), ("outcome", "done"))] == 1
    assert found["mekiki_children_killed_total", (("kind", "crawl"), ("reason", "memory"))] == 1
    assert found["mekiki_child_peak_memory_bytes_bucket", (("kind", "crawl"), ("le", "2.68435456e+08"))] == 0
    assert found["mekiki_child_peak_memory_bytes_bucket", (("kind", "crawl"), ("le", "4.02653184e+08"))] == 1


def _no_facts() -> Facts:
    raise StorageUnavailable("gone")
