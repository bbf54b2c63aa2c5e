"""How much waits, in numbers, on both databases."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.items import Item, Text
from storage.backlog import case_backlog, stamp_backlog, under_way
from storage.database import snapshot, transaction
from storage.items import Observation, record_many
from storage.runs import finish_run, start_run
from storage.schema import Case
from storage.stamps import want_stamp

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BRAND = BrandProfile(key="hoshino", name="星野電機", aliases=("Hoshino Denki",), domains=("hoshino-denki.example",))
OFFERS = ("閉店セール 80%OFF 残り88点", "エアコンを無料で差し上げます、土曜だけ", "heaters straight from the warehouse")


def cases(engine: Engine) -> list[int]:
    """Store three cases; return their numbers."""
    assessor = Assessor((BRAND,))
    with transaction(engine) as session:
        for number, offer in enumerate(OFFERS):
            link = (f"https://hoshinodenki-outlet{number}.test/lp",)
            item = Item(
                id=f"ad-{number}", kind="ad", texts=(Text(role="body", text=f"星野電機 公式 {offer}"),), links=link
            )
            seen = Observation(item=item, source="tips", run_id=None, seen_at=NOW)
            record_many(
                session,
                [(seen, assessor.assess(item, on=NOW.date()))],
                judged_by=assessor.fingerprint,
                now=NOW,
                group_wait=timedelta(seconds=1),
                group_interval=timedelta(minutes=5),
            )
        return list(session.scalars(Case.__table__.select().with_only_columns(Case.id).order_by(Case.id)))


def test_cases_wait_by_class_of_priority_and_are_overdue_by_their_date(engine: Engine) -> None:
    first, second, third = cases(engine)
    with transaction(engine) as session:
        for number, priority, due in ((first, 2.0, -3), (second, 0.3, 3), (third, 1.0, -1)):
            case = session.get_one(Case, number)
            case.priority, case.due_at = priority, NOW + timedelta(hours=due)
    with snapshot(engine) as session:
        found = case_backlog(session, NOW)
    assert found.open == {"high": 1, "normal": 1, "low": 1}
    assert (found.overdue, found.due_since) == (2, NOW - timedelta(hours=3))


def test_a_snooze_waits_again_once_it_has_run_out_and_what_was_judged_does_not(engine: Engine) -> None:
    first, second, third = cases(engine)
    with transaction(engine) as session:
        for number, hours in ((first, 1), (second, -1)):
            case = session.get_one(Case, number)
            case.state, case.snoozed_until, case.priority = "snoozed", NOW + timedelta(hours=hours), 1.0
        session.get_one(Case, third).state = "confirmed"
    with snapshot(engine) as session:
        assert case_backlog(session, NOW).open == {"high": 0, "normal": 1, "low": 0}
        later = case_backlog(session, NOW + timedelta(hours=2))
    assert later.open == {"high": 0, "normal": 2, "low": 0}


def test_nothing_waits_in_an_empty_database(engine: Engine) -> None:
    with snapshot(engine) as session:
        assert case_backlog(session, NOW).due_since is None
        assert stamp_backlog(session).pending == 0


def test_stamps_wait_until_they_come(engine: Engine) -> None:
    with transaction(engine) as session:
        for number, minutes in ((1, 5), (2, 9)):
            want_stamp(session, f"{number:064x}", "https://stamps.test/", NOW - timedelta(minutes=minutes))
    with snapshot(engine) as session:
        found = stamp_backlog(session)
    assert (found.pending, found.wanted_since) == (2, NOW - timedelta(minutes=9))


def test_under_way_is_what_has_begun_lately_and_has_no_end(engine: Engine) -> None:
    with transaction(engine) as session:
        finish_run(session, start_run(session, "done", NOW), NOW, "ok", {})
        start_run(session, "going", NOW - timedelta(hours=1), slice="query=a")
        start_run(session, "killed", NOW - timedelta(days=2))
        start_run(session, "elsewhere", NOW)
    with snapshot(engine) as session:
        found = under_way(session, ["done", "going", "killed"], NOW - timedelta(hours=6))
    assert found == {("going", "query=a")}
