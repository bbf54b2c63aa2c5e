"""mekiki status: what a person on a bad Monday reads, and the exit code for a script."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from cli import main
from storage.database import transaction
from storage.runs import finish_run, start_run
from storage.schema import Case, ReceiverState
from tests.console.conftest import Store
from tests.storage.noticed import draft, send

SOURCE = '[[source]]\nkey = "shop"\nkind = "web"\nurls = ["https://shop.test/"]\nevery = "1h"\n'
RECEIVER = '[[receiver]]\nkey = "desk"\nchannel = "slack"\nurl = "env:DESK"\n[[route]]\nreceivers = ["desk"]\n'
HOSTILE = "refused\u202e \x1b]0;pwned\x07"


def status(store: Store, *options: str) -> Result:
    return CliRunner().invoke(main, ["status", "--config", str(store.config), *options])


@pytest.fixture
def store(store: Store) -> Store:
    """An installation in which nothing is late."""
    with transaction(store.engine) as session:
        for case in session.scalars(select(Case)):
            case.due_at = datetime.now(UTC) + timedelta(days=1)
    store.config.write_text(store.config.read_text("utf-8") + SOURCE + RECEIVER, "utf-8")
    _ran(store, timedelta(minutes=30), "ok")
    CliRunner().invoke(main, ["alerts", "pending", "--config", str(store.config)])
    with transaction(store.engine) as session:
        session.connection().exec_driver_sql(
            "UPDATE alert_intents SET state = 'suppressed', settled_at = created_at WHERE state = 'pending'"
        )
    return store


def _ran(store: Store, ago: timedelta, outcome: str, **counts: int) -> None:
    began = datetime.now(UTC) - ago
    with transaction(store.engine) as session:
        named = {name.replace("__", "."): count for name, count in counts.items()}
        number = start_run(session, "shop", began)
        finish_run(session, number, began, outcome, named)  # type: ignore[arg-type]


def test_all_is_well(store: Store) -> None:
    result = status(store)
    assert result.exit_code == 0, result.output
    assert "nobody has to look at anything" in result.output
    assert "last run 30 minutes ago (shop)" in result.output
    assert "3 to judge" in result.output
    assert "1 of 1 well" in result.output
    assert "(current)" in result.output


def test_each_trouble_comes_with_the_command_to_type(store: Store) -> None:
    with transaction(store.engine) as session:
        session.add(
            ReceiverState(
                key="desk",
                failing_since=datetime.now(UTC) - timedelta(hours=1),
                last_failed_at=datetime.now(UTC),
                last_error=HOSTILE,
                reason="",
            )
        )
        case = session.scalars(select(Case).order_by(Case.id)).first()
        assert case is not None
        case.due_at = datetime.now(UTC) - timedelta(days=1)
    for _ in range(2):
        _ran(store, timedelta(minutes=1), "failed", error__http_500=3)
    result = status(store)
    assert result.exit_code == 4
    lines = [line.strip() for line in result.output.splitlines()]
    assert "3 things somebody has to look at" in lines
    for command in ("mekiki sources test shop", "mekiki alerts test desk", "mekiki triage"):
        assert command in lines
    assert "http_500" in result.output
    assert "0 of 1 well" in result.output
    assert not set(result.output) & set("\u202e\x1b\x07")


def test_nobody_does_what_is_due(store: Store) -> None:
    with transaction(store.engine) as session:
        session.connection().exec_driver_sql(
            "UPDATE runs SET started_at = datetime(started_at, '-2 hours'), "
            "finished_at = datetime(finished_at, '-2 hours')"
        )
    result = status(store)
    assert result.exit_code == 4
    assert "1 job is due and not begun, the first (shop) since" in result.output
    assert "mekiki watch" in result.output.splitlines()[-1]
    with transaction(store.engine) as session:
        start_run(session, "shop", datetime.now(UTC))  # somebody does
    assert status(store).exit_code == 0


def test_notices_wait_for_somebody_but_drafts_are_no_trouble(store: Store) -> None:
    with transaction(store.engine) as session:
        case = session.scalars(select(Case).order_by(Case.id)).first()
        assert case is not None
        case.state = "takedown"
        number = case.id
    notice = draft(store.engine, number, now=datetime.now(UTC))
    result = status(store)
    assert result.exit_code == 0, result.output
    assert "1 draft" in result.output
    send(store.engine, notice, now=datetime.now(UTC) - timedelta(days=8))
    result = status(store)
    assert result.exit_code == 4
    assert "notices wait for somebody: 1 overdue" in result.output
    assert "mekiki takedown due" in result.output


def test_machines_read_the_same(store: Store) -> None:
    found = json.loads(status(store, "--json").output)
    assert found["well"] is True
    assert found["troubles"] == []
    assert found["cases"]["overdue"] == 0
    assert found["sources"][0]["state"] == "ok"
    assert found["room"]["database"] > 0
    assert found["workers"] is None
