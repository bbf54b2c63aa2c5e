"""The latest round of each source, from its runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event, select

from storage.database import snapshot, transaction
from storage.rounds import FAULT, STOPPED, Round, Tries, give_up, latest_rounds
from storage.runs import finish_run, requests_since, start_run
from storage.schema import Run

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def keep(engine: Engine, *runs: dict[str, Any]) -> None:
    with transaction(engine) as session:
        for run in runs:
            ended = run.get("outcome") is not None
            finished = run["started_at"] + timedelta(minutes=1) if ended else None
            more: dict[str, Any] = {"finished_at": finished, "counts": {}}
            session.add(Run(source="shop", **{**more, **run}))


def latest(engine: Engine, source: str = "shop") -> Round | None:
    with snapshot(engine) as session:
        return latest_rounds(session, [source, "other"]).get(source)


def test_the_runs_of_the_last_round_are_told_part_by_part(engine: Engine) -> None:
    keep(
        engine,
        {"slice": "a", "round_at": at(0), "started_at": at(1), "outcome": "ok"},
        {"slice": "a", "round_at": at(60), "started_at": at(61)},
        {"slice": "b", "round_at": at(60), "started_at": at(62), "outcome": "failed"},
        {"slice": "a", "round_at": at(60), "started_at": at(62), "outcome": "failed", "counts": {STOPPED: 1, FAULT: 1}},
        {"slice": "a", "round_at": at(60), "started_at": at(63), "outcome": "partial", "counts": {STOPPED: 1}},
    )
    found = latest(engine)  # told to stop the last time, which is no try
    assert found is not None
    assert (found.at, found.began, found.by_hand) == (at(60), at(61), False)
    assert found.of("a") == Tries(outcome=None, unfinished=2, last_start=at(63))
    assert found.of("b") == Tries(outcome="failed", unfinished=0, last_start=at(62))
    assert found.of("c") == Tries()
    assert latest(engine, "other") is None


def test_a_whole_run_is_one_of_every_part_and_by_hand_a_round_of_its_own(engine: Engine) -> None:
    keep(
        engine,
        {"slice": "a", "round_at": at(0), "started_at": at(1), "outcome": "ok"},
        {"slice": "", "started_at": at(30), "outcome": "ok"},
        {"slice": "b", "started_at": at(40), "outcome": "ok"},  # by hand, too: of one part, so no round
    )
    found = latest(engine)
    assert found is not None
    assert (found.at, found.by_hand) == (at(30), True)
    assert found.of("a").outcome == "ok"
    keep(engine, {"slice": "visit=shop.test", "round_at": at(30), "started_at": at(50), "outcome": "ok"})
    found = latest(engine)  # what was found on the way joins it
    assert found is not None
    assert (found.at, found.by_hand) == (at(30), True)
    assert set(found.tries) == {"", "visit=shop.test"}


def test_any_number_of_sources_costs_two_statements(engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    with snapshot(engine) as session:
        latest_rounds(session, [f"source-{number}" for number in range(50)])
        assert latest_rounds(session, []) == {}
    assert len([statement for statement in statements if "runs" in statement]) == 2


def test_what_took_too_much_is_given_up_for_its_round(engine: Engine) -> None:
    keep(
        engine,
        {"slice": "a", "round_at": at(0), "started_at": at(1), "outcome": "ok"},
        {"slice": "b", "round_at": at(0), "started_at": at(1)},
        {
            "slice": "c",
            "round_at": at(0),
            "started_at": at(1),
            "outcome": "partial",
            "counts": {STOPPED: 1, "items": 3},
        },
    )
    with transaction(engine) as session:
        for part in ("a", "b", "c"):
            give_up(session, "shop", part, at(0), why="memory", now=at(9))
    with snapshot(engine) as session:
        runs = {run.slice: run for run in session.scalars(select(Run))}
        assert (runs["a"].outcome, runs["a"].counts) == ("ok", {})
        assert (runs["b"].outcome, runs["b"].finished_at, runs["b"].counts) == ("failed", at(9), {"error.memory": 1})
        assert (runs["c"].outcome, runs["c"].finished_at) == ("partial", at(2))
        assert runs["c"].counts == {"items": 3, "error.memory": 1}


def test_what_a_machine_whose_clock_is_behind_has_read_counts_for_its_round(engine: Engine) -> None:
    with transaction(engine) as session:
        for part, began in (("a", at(1)), ("b", at(-2))):
            run = start_run(session, "shop", began, slice=part, round_at=at(0))
            finish_run(session, run, began + timedelta(seconds=30), "ok", {"requests": 3})
        assert requests_since(session, "shop", at(0)) == 6
        give_up(session, "shop", "c", at(0), why="time", now=at(-1))
    found = latest(engine)
    assert found is not None
    assert [found.of(part).outcome for part in ("a", "b", "c")] == ["ok", "ok", "failed"]
    with snapshot(engine) as session:
        assert all(
            run.finished_at >= run.started_at >= at(0) for run in session.scalars(select(Run)) if run.finished_at
        )


def test_a_part_of_the_round_before_that_began_later_or_on_a_fast_clock_does_not_hide_the_latest(
    engine: Engine,
) -> None:
    keep(
        engine,
        {"slice": "a", "round_at": at(0), "started_at": at(0), "outcome": "ok"},
        {"slice": "a", "round_at": at(60), "started_at": at(60), "outcome": "ok"},
        {"slice": "visit=shop.test", "round_at": at(0), "started_at": at(63)},
    )
    found = latest(engine)
    assert found is not None
    assert (found.at, found.of("a").outcome) == (at(60), "ok")
    assert "visit=shop.test" not in found.tries
