"""Which parts of a source are due, and in which round."""

from datetime import UTC, datetime, timedelta
from typing import Any

from config import FeedSource, Source
from storage.rounds import Round, Tries
from watch.rounds import WAITS, due_parts

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PARTS = ("a", "b")


def source(**schedule: Any) -> Source:
    return FeedSource.model_validate({"key": "list", "kind": "feed", "paths": ["x"], "format": "urls", **schedule})


def round_at(at: datetime, *, by_hand: bool = False, **tries: Tries) -> Round:
    return Round(at=at, began=at + timedelta(seconds=2), by_hand=by_hand, tries=tries)


def due(
    source: Source, latest: Round | None, now: datetime, *, slices: tuple[str, ...] = PARTS, early: bool = False
) -> list[tuple[str, datetime]]:
    return [(part.slice, part.round_at) for part in due_parts(source, latest, slices, now, early=early)]


READ = Tries(outcome="ok", last_start=NOON)


def test_a_source_that_never_ran_is_in_one_first_round_whoever_asks() -> None:
    for schedule in ({"every": "1h"}, {"schedule": "0 * * * *"}):
        shop = source(**schedule)
        assert due(shop, None, NOON + timedelta(minutes=7)) == [("a", NOON), ("b", NOON)]
        assert due(shop, None, NOON) == due(shop, None, NOON + timedelta(minutes=59, seconds=59))
    assert due(source(), None, NOON) == []
    assert due(source(every="1h", enabled=False), None, NOON) == []


def test_a_round_is_over_when_every_part_was_read_and_the_next_begins_by_the_schedule() -> None:
    shop = source(every="1h")
    half = round_at(NOON, a=READ)
    whole = round_at(NOON, a=READ, b=Tries(outcome="failed", last_start=NOON))
    assert due(shop, half, NOON + timedelta(minutes=10)) == [("b", NOON)]
    assert due(shop, whole, NOON + timedelta(minutes=10)) == []
    assert due(shop, whole, NOON + timedelta(hours=1)) == []  # an hour after its begin
    began = NOON + timedelta(hours=1, seconds=2)
    assert due(shop, whole, began) == [("a", began), ("b", began)]
    assert due(shop, whole, NOON + timedelta(days=3)) == [("a", began), ("b", began)]  # made up for once


def test_a_source_slower_than_its_schedule_leaves_no_part_out() -> None:
    assert due(source(every="1h"), round_at(NOON, a=READ), NOON + timedelta(hours=5)) == [("b", NOON)]


def test_a_part_without_an_end_is_due_at_once_then_after_longer_waits_then_no_more_in_this_round() -> None:
    shop = source(every="1d")
    for failures in range(1, len(WAITS) + 1):
        killed = round_at(NOON, a=READ, b=Tries(unfinished=failures, last_start=NOON))
        wait = WAITS[failures - 1]
        assert due(shop, killed, NOON + wait) == [("b", NOON)]
        if wait:
            assert due(shop, killed, NOON + wait - timedelta(seconds=1)) == []
            assert due(shop, killed, NOON, early=True) == [("b", NOON)]
    poison = round_at(NOON, a=READ, b=Tries(unfinished=len(WAITS) + 1, last_start=NOON))
    assert due(shop, poison, NOON + timedelta(hours=20), early=True) == []
    assert len(due(shop, poison, NOON + timedelta(days=2))) == 2


def test_a_part_that_was_told_to_stop_is_due_at_once_however_often() -> None:
    stopped = round_at(NOON, a=READ, b=Tries(unfinished=0, last_start=NOON))
    assert due(source(every="1d"), stopped, NOON) == [("b", NOON)]


def test_what_was_found_on_the_way_is_due_at_once_and_holds_up_no_round() -> None:
    shop, slices = source(every="1h"), (*PARTS, "visit=shop.test")
    read = round_at(NOON, a=READ, b=READ)
    assert due(shop, read, NOON + timedelta(minutes=1), slices=slices) == [("visit=shop.test", NOON)]
    began = NOON + timedelta(hours=1, seconds=2)
    assert due(shop, read, began, slices=slices) == [(part, began) for part in slices]


def test_a_whole_run_by_hand_leaves_only_found_parts_over() -> None:
    by_hand = round_at(NOON, by_hand=True)
    shop = source(every="1h")
    assert due(shop, by_hand, NOON + timedelta(minutes=1), slices=("a", "visit=shop.test")) == [
        ("visit=shop.test", NOON)
    ]
