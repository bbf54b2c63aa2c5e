"""What became of cases, as it is read for figures."""

from datetime import date, timedelta

from sqlalchemy import Engine

from detector.items import Advertiser
from storage.database import snapshot
from storage.outcomes import (
    QUARTER,
    CaseHistory,
    RunEnd,
    case_histories,
    deliveries_by_receiver,
    first_recorded,
    first_runs,
    runs_between,
    seen_per_quarter,
    visits_by_outcome,
)
from storage.schema import ItemRow, Sighting
from tests.storage.examples import a_verdict, see
from tests.storage.november import END, START, an_ad, at, notice, november, run, visit


def histories(engine: Engine, **wanted: str) -> dict[int, CaseHistory]:
    with snapshot(engine) as session:
        return {history.id: history for history in case_histories(session, START, END, **wanted)}


def test_cases_are_read_as_they_stood_at_the_end(engine: Engine) -> None:
    cases = november(engine)
    found = histories(engine)
    assert sorted(found) == sorted(cases[name] for name in "ABCDEFGIJ")  # F is older, but judged within; H is younger
    assert [entry.action for entry in found[cases["A"]].log] == ["confirm", "takedown", "down", "relapse"]
    assert [entry.action for entry in found[cases["G"]].log] == ["confirm", "undo"]
    assert found[cases["G"]].log[1].undoes == found[cases["G"]].log[0].id
    assert found[cases["I"]].log == ()  # it was judged later
    assert found[cases["B"]].log[0].reason == "reseller"
    assert histories(engine, brand="other") == {}


def test_a_case_is_told_with_its_first_message_or_the_digest_that_names_it(engine: Engine) -> None:
    cases = november(engine)
    found = histories(engine)
    told = {name: found[cases[name]].told_at for name in "ACDI"}
    assert told["A"] == at(11, 3) + timedelta(seconds=60)
    assert told["C"] == at(11, 10) + timedelta(seconds=120)
    assert told["D"] is None  # it waits
    assert told["I"] is None  # it was given up


def test_a_case_is_filed_with_its_first_notice(engine: Engine) -> None:
    cases = november(engine)
    notice(engine, cases["A"], at(11, 3, 5), at(11, 8))
    notice(engine, cases["A"], at(11, 3, 6), at(11, 3, 7))
    notice(engine, cases["C"], at(11, 10), None)
    notice(engine, cases["F"], at(11, 2), at(12, 1))  # after the month
    found = histories(engine)
    filed = {name: found[cases[name]].filed_at for name in "ACF"}
    assert filed == {"A": at(11, 3, 7), "C": None, "F": None}


def test_items_say_since_when_where_and_why(engine: Engine) -> None:
    cases = november(engine)
    found = histories(engine)
    first, second = found[cases["A"]].items
    assert (first.added_at, first.source, first.platform, first.advertiser) == (
        at(11, 3), "meta", "meta", "アウトレット本店",
    )  # fmt: skip
    assert first.first_shown == at(11, 2)
    assert first.publishers == {"news.example"}
    assert first.signals == {"name.exact", "host.lookalike"}
    assert (second.source, second.platform, second.first_shown) == ("news", "instagram", None)
    assert found[cases["C"]].items[0].first_shown == at(11, 9, 23)  # as another zone had it
    assert found[cases["B"]].registered == date(2026, 11, 1)
    assert found[cases["D"]].registered is None


def test_text_that_is_no_time_and_half_a_character_are_no_trouble(engine: Engine) -> None:
    item = an_ad("A", first_shown="yesterday \ud800", advertiser=Advertiser(id="7 \ud800"))
    see(engine, item, a_verdict(item), at=at(11, 3), source="web")
    [history] = histories(engine).values()
    assert history.items[0].first_shown is None
    assert history.items[0].advertiser == "7 \ud800"
    assert history.items[0].publishers == frozenset()


def test_rows_are_counted_by_the_quarter_of_an_hour(engine: Engine) -> None:
    november(engine)
    with snapshot(engine) as session:
        seen = seen_per_quarter(session, ItemRow.recorded_at, START, END)
        sightings = seen_per_quarter(session, Sighting.recorded_at, START, END)
        assert first_recorded(session) == at(10, 20)
    assert seen[int(at(11, 3).timestamp()) // QUARTER] == 1
    assert sum(seen.values()) == 9  # A has two items; F came before, H after
    assert sum(sightings.values()) == 10


def test_messages_are_counted_by_receiver_and_state(engine: Engine) -> None:
    november(engine)
    with snapshot(engine) as session:
        found = deliveries_by_receiver(session, START, END)
        assert found == {("desk", "sent"): 3, ("desk", "dead"): 1, ("desk", "pending"): 1}
        assert deliveries_by_receiver(session, START, at(11, 4)) == {("desk", "sent"): 1}
        # A digest is about no brand.
        hoshino = deliveries_by_receiver(session, START, END, brand="hoshino")
        assert hoshino == {("desk", "sent"): 2, ("desk", "dead"): 1, ("desk", "pending"): 1}


def test_a_message_that_was_settled_later_was_still_waiting(engine: Engine) -> None:
    november(engine)
    with snapshot(engine) as session:
        found = deliveries_by_receiver(session, START, at(11, 25, 1))
        assert found[("desk", "pending")] == 1
        assert ("desk", "dead") not in found


def test_runs_and_visits_of_the_time_are_counted(engine: Engine) -> None:
    cases = november(engine)
    run(engine, "meta", at(10, 1), "ok", items=1)
    run(engine, "meta", at(11, 1), "failed", **{"error.timeout": 2})
    run(engine, "ct", at(11, 2), "ok", items=5)
    visit(engine, cases["A"], at(11, 4), "desk", "offer_seen")
    visit(engine, cases["A"], at(11, 5), "desk", "blocked")
    visit(engine, cases["A"], at(12, 5), "desk", "gone")
    with snapshot(engine) as session:
        assert list(runs_between(session, START, END)) == [
            RunEnd(source="ct", started_at=at(11, 2), outcome="ok", counts={"items": 5}),
            RunEnd(source="meta", started_at=at(11, 1), outcome="failed", counts={"error.timeout": 2}),
        ]
        assert first_runs(session) == {"meta": at(10, 1), "ct": at(11, 2)}
        assert visits_by_outcome(session, START, END) == {("desk", "offer_seen"): 1, ("desk", "blocked"): 1}
        assert visits_by_outcome(session, START, END, brand="other") == {}
