from datetime import datetime, timedelta

from sqlalchemy import Engine

from storage.database import snapshot, transaction
from storage.runs import (
    FetchState,
    fetch_state,
    finish_run,
    last_rounds,
    last_run,
    save_fetch_states,
    start_run,
)
from storage.schema import RunOutcome
from tests.storage.examples import MINUTE, NOW

URL = "https://feed.example/all.csv"


def test_a_run_starts_and_ends(engine: Engine) -> None:
    with transaction(engine) as session:
        assert last_run(session, "tips") is None
        run_id = start_run(session, "tips", NOW)
    with transaction(engine) as session:
        run = last_run(session, "tips")
        assert run is not None
        assert (run.id, run.started_at, run.finished_at, run.outcome) == (run_id, NOW, None, None)
        finish_run(session, run_id, NOW + MINUTE, "partial", {"items": 3, "errors": 1})
    with transaction(engine) as session:
        run = last_run(session, "tips")
        assert run is not None
        assert (run.finished_at, run.outcome) == (NOW + MINUTE, "partial")
        assert run.counts == {"items": 3, "errors": 1}


def test_the_last_run_is_the_one_of_that_source_that_started_last(engine: Engine) -> None:
    with transaction(engine) as session:
        for minutes, source in ((2, "tips"), (3, "web-1"), (1, "tips")):
            start_run(session, source, NOW + minutes * MINUTE)
        run = last_run(session, "tips")
        assert run is not None
        assert (run.source, run.started_at) == ("tips", NOW + 2 * MINUTE)


def test_fetch_states_hold_for_one_judge_and_source(engine: Engine) -> None:
    state = FetchState(url=URL, etag='"a\\1"', last_modified="Sun, 22 Nov 2026 03:04:05 GMT")
    with transaction(engine) as session:
        save_fetch_states(session, "tips", [state, FetchState(url=URL + "?2")], "judge-1", NOW)
    with transaction(engine) as session:
        assert fetch_state(session, "tips", URL, "judge-1") == state
        assert fetch_state(session, "tips", URL + "?2", "judge-1") == FetchState(url=URL + "?2")
        assert fetch_state(session, "tips", URL, "judge-2") is None
        assert fetch_state(session, "web-1", URL, "judge-1") is None
        assert fetch_state(session, "tips", URL + "?3", "judge-1") is None


def test_a_later_fetch_state_replaces_the_earlier_one(engine: Engine) -> None:
    with transaction(engine) as session:
        save_fetch_states(session, "tips", [FetchState(url=URL, etag="1")], "judge-1", NOW)
        newer = [FetchState(url=URL, etag="2"), FetchState(url=URL, etag="3")]
        save_fetch_states(session, "tips", newer, "judge-2", NOW + timedelta(1))
        save_fetch_states(session, "tips", [], "judge-2", NOW)
        assert fetch_state(session, "tips", URL, "judge-1") is None
        assert fetch_state(session, "tips", URL, "judge-2") == FetchState(url=URL, etag="3")


def test_urls_of_any_length_and_content(engine: Engine) -> None:
    state = FetchState(url="https://feed.example/\x00\ud800" + "x" * 20_000)
    with transaction(engine) as session:
        save_fetch_states(session, "tips", [state], "judge-1", NOW)
        assert fetch_state(session, "tips", state.url, "judge-1") == state


def test_a_round_of_parts_is_one_look_at_the_source(engine: Engine) -> None:
    def part(slice: str, at: datetime, outcome: RunOutcome | None, round_at: datetime | None, **counts: int) -> None:
        with transaction(engine) as session:
            run = start_run(session, "shop", at, slice=slice, round_at=round_at)
            if outcome is not None:
                finish_run(session, run, at, outcome, counts)

    later = NOW + timedelta(hours=1)
    part("a", NOW, None, NOW)  # killed, and done again
    part("a", NOW + MINUTE, "ok", NOW, items=3, requests=2)
    part("b", NOW, "failed", NOW, requests=1)
    part("a", later, "ok", later, items=4)
    part("b", later + MINUTE, "ok", None, items=9)  # a person looked at a part
    with snapshot(engine) as session:
        newest, first = last_rounds(session, "shop", 5, ("a", "b"))
        assert last_rounds(session, "shop", 1, ("a", "b")) == [newest]
    assert (newest.outcome, newest.finished_at) == (None, None), "b has not been read in this round"
    assert first.outcome == "partial"
    assert first.counts == {"items": 3, "requests": 3, "parts": 2, "parts.failed": 1}
    part("b", later + MINUTE, "ok", later)
    with snapshot(engine) as session:
        assert last_rounds(session, "shop", 1, ("a", "b"))[0].counts["items"] == 4
