"""When a source is due."""

from datetime import UTC, datetime, timedelta

import pytest

from config import ImportSource
from watch.schedule import next_start

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def source(**keys: object) -> ImportSource:
    return ImportSource.model_validate({"key": "s", "kind": "import", "path": "-", **keys})


def test_never_run_is_due_now() -> None:
    assert next_start(source(every="1h"), None, NOW) == NOW
    assert next_start(source(schedule="0 6 * * *"), None, NOW) == NOW


@pytest.mark.parametrize("keys", [{}, {"every": "1h", "enabled": False}])
def test_without_schedule_or_switched_off_it_never_runs(keys: dict[str, object]) -> None:
    assert next_start(source(**keys), None, NOW) is None


def test_interval_counts_from_the_last_start() -> None:
    last = NOW - timedelta(minutes=20)
    assert next_start(source(every="15m"), last, NOW) == last + timedelta(minutes=15)


def test_cron_gives_the_next_time_after_the_last_start_and_missed_ones_once() -> None:
    last = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
    assert next_start(source(schedule="0 6 * * *"), last, NOW) == datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    assert next_start(source(schedule="0 6 * * *"), NOW, NOW) == datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
