"""Days and times that people type are of the zone of the team, wherever the machine stands."""

from datetime import UTC, date, datetime, timedelta

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cli import main
from console.app import Misused
from console.moments import Moment, moment_of
from storage.database import snapshot
from storage.schema import SilenceRow
from tests.console.conftest import Store


@pytest.mark.parametrize(
    ("typed", "zone", "moment"),
    [
        ("2026-12-01", "Asia/Tokyo", datetime(2026, 12, 1, 15, tzinfo=UTC)),
        ("2026-12-01", "UTC", datetime(2026, 12, 2, tzinfo=UTC)),
        ("2026-03-29", "Europe/Berlin", datetime(2026, 3, 29, 22, tzinfo=UTC)),  # a day of 23 hours
        ("2026-12-01T18:00", "Asia/Tokyo", datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ("2026-12-01T18:00+01:00", "Asia/Tokyo", datetime(2026, 12, 1, 17, tzinfo=UTC)),
    ],
)
def test_what_a_typed_moment_means(typed: str, zone: str, moment: datetime) -> None:
    assert moment_of(Moment().convert(typed, None, None), zone) == moment


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(click.BadParameter, match="expected 2026-12-01, the end of that day"):
        Moment().convert("tomorrow", None, None)


@pytest.mark.parametrize(("typed", "zone"), [("9999-12-31", "UTC"), ("0001-01-01T00:00", "Asia/Tokyo")])
def test_the_edges_of_the_calendar_are_refused(typed: str, zone: str) -> None:
    with pytest.raises(Misused, match="is too far away"):
        moment_of(Moment().convert(typed, None, None), zone)


@pytest.mark.parametrize(("zone", "hours"), [("Asia/Tokyo", 15), ("UTC", 24)])
def test_a_silence_ends_with_the_day_of_the_team(store: Store, zone: str, hours: int) -> None:
    store.config.write_text(f'[triage]\nzone = "{zone}"\n{store.config.read_text("utf-8")}', "utf-8")
    day = datetime.now(UTC).date() + timedelta(days=5)
    asked = ("alerts", "silence", "--everything", "--until", str(day), "--reason", "exercise", "--as", "aya")
    result = CliRunner().invoke(main, [*asked, "-c", str(store.config)])
    assert result.exit_code == 0, result.output
    with snapshot(store.engine) as session:
        [ends] = session.scalars(select(SilenceRow.ends_at))
    assert ends == _midnight(day) + timedelta(hours=hours)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
