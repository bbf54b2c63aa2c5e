"""Is a source still seeing what it should? Every fault has a history that shows it, and one beside it that does not."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config import Source, WebSource
from storage.runs import RunRecord
from storage.schema import RunOutcome
from watch.health import FEWEST_ROWS, FEWEST_RUNS, judge

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FULL = {"items": 20, "filled.title": 20, "filled.links": 18, "filled.first_shown": 2}


def source(**options: Any) -> Source:
    return WebSource(key="ads", kind="web", urls=("https://shop.example/",), **options)


def run(age: float, outcome: RunOutcome | None = "ok", counts: Mapping[str, int] = FULL) -> RunRecord:
    """Return a run that began `age` hours ago."""
    began = NOW - timedelta(hours=age)
    return RunRecord(
        id=1,
        source="ads",
        started_at=began,
        finished_at=began + timedelta(minutes=5) if outcome else None,
        outcome=outcome,
        counts=counts,
    )


GOOD = [run(age) for age in range(2, 2 + FEWEST_RUNS)]


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (run(1), "ok"),
        (run(1, counts={"items": 0}), "silent"),
        (run(1, counts={"items": 0, "unchanged": 3}), "ok"),  # every page said that nothing has changed
        (run(1, counts={"items": 20, "filled.title": 20, "filled.links": 1}), "broken"),
        (run(1, counts={"items": 20, "filled.title": 20, "filled.links": 12}), "ok"),
        (run(1, counts={"items": 20, "filled.title": 20, "filled.links": 18}), "ok"),  # first_shown was always rare
        (run(1, counts={"items": FEWEST_ROWS - 1, "filled.title": 9}), "ok"),  # too few to tell
        (run(1, None), "ok"),  # still going: the run before counts
        (run(1, "failed", {"error.dns": 1}), "shaky"),
        (run(1, "blocked", {"error.http_403": 1}), "shaky"),
    ],
)
def test_the_last_run_is_compared_with_the_source_itself(last: RunRecord, state: str) -> None:
    assert judge(source(), [last, *GOOD], NOW).state == state


def test_a_second_failure_is_told_and_so_is_the_first_of_a_new_source() -> None:
    failed = [run(1, "failed", {"error.dns": 1}), run(2, "failed", {"error.dns": 2})]
    health = judge(source(), [*failed, *GOOD], NOW)
    assert (health.state, health.well) == ("failing", False)
    assert "dns" in health.says
    assert judge(source(), failed[:1], NOW).state == "failing"
    assert judge(source(), [run(1, "blocked", {"error.blocked": 1})], NOW).state == "blocked"


def test_one_empty_run_of_a_source_that_hardly_gives_anything_is_no_silence() -> None:
    assert (
        judge(
            source(),
            [run(1, counts={"items": 0}), run(2), run(3, counts={"items": 0}), run(4, counts={"items": 0})],
            NOW,
        ).state
        == "ok"
    )


def test_a_planted_item_that_does_not_come_back_is_told() -> None:
    planted = source(canary="spring-7")
    assert judge(planted, [run(1), *GOOD], NOW).state == "canary"
    assert judge(planted, [run(1, counts={**FULL, "canary": 1}), *GOOD], NOW).state == "ok"


def test_a_source_that_has_not_run_in_time_is_late() -> None:
    hourly = source(every="1h")
    assert judge(hourly, [run(2.9)], NOW).state == "ok"
    late = judge(hourly, [run(1, None), run(5)], NOW)
    assert (late.state, late.last_success) == ("late", NOW - timedelta(hours=5) + timedelta(minutes=5))


def test_a_part_that_cannot_be_read_twice_in_a_row_is_told() -> None:
    whole, lame = {**FULL, "parts": 8}, {**FULL, "parts": 8, "parts.failed": 1}
    assert judge(source(), [run(1, "partial", lame), run(2, "ok", whole), *GOOD], NOW).state == "shaky"
    health = judge(source(), [run(1, "partial", lame), run(2, "partial", lame), *GOOD], NOW)
    assert health.state == "failing"
    assert health.says.startswith("1 of 8 parts could not be read")


def test_a_source_without_runs_and_one_switched_off_are_no_news() -> None:
    assert judge(source(), [], NOW).state == "new"
    assert judge(source(enabled=False), [run(1, "failed")], NOW).state == "off"
