from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from detector.items import Advertiser, Item, Text
from storage.cases import case_detail
from storage.columns import digest_of
from storage.database import transaction
from storage.items import item_from, record_many
from storage.pictures import PictureRecord, save_picture
from storage.runs import start_run, tried_before
from storage.schema import (
    AlertIntent,
    Case,
    CaseItem,
    ItemRow,
    ItemVersion,
    Sighting,
    VerdictRow,
    VersionPicture,
)
from tests.storage.examples import INTERVAL, MINUTE, NOW, WAIT, a_look, a_verdict, an_item, count, see

SHA = "ab" * 32
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
ITEMS = st.builds(
    Item,
    id=ANY_TEXT.filter(bool),
    kind=st.sampled_from(["ad", "post", "comment", "page", "domain"]),
    platform=st.none() | ANY_TEXT,
    url=st.none() | ANY_TEXT,
    advertiser=st.none() | st.builds(Advertiser, id=ANY_TEXT, name=ANY_TEXT, payer=st.none()),
    texts=st.lists(st.builds(Text, role=st.sampled_from(["title", "ocr"]), text=ANY_TEXT)).map(tuple),
    links=st.lists(ANY_TEXT, max_size=2).map(tuple),
    images=st.lists(ANY_TEXT, max_size=2).map(tuple),
    seen_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    raw=st.dictionaries(ANY_TEXT, JSON, max_size=3),
)


def last_seen(session: Session, item_id: int) -> Item:
    """Return an item as it was when seen last."""
    query = select(ItemVersion.content).join(Sighting, Sighting.version_id == ItemVersion.id)
    latest = query.where(Sighting.item_id == item_id).order_by(Sighting.seen_at.desc(), Sighting.id.desc())
    return item_from(session.scalars(latest).first() or {})


@given(item=ITEMS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_item_comes_back_equal(engine: Engine, item: Item) -> None:
    recorded = see(engine, item, at=NOW)
    with transaction(engine) as session:
        stored = last_seen(session, recorded.item_id)
        judged = case_detail(session, recorded.cases[0]).items
    if recorded.new:
        assert stored == item
    assert item.id in {view.item.id for view in judged}


def test_first_sight(engine: Engine) -> None:
    item = an_item()
    recorded = see(engine, item)
    assert (recorded.new, recorded.changed, recorded.flagged) == (True, False, True)
    assert recorded.opened == recorded.cases
    assert len(recorded.cases) == 1


def test_seen_again_is_one_item_and_two_sightings(engine: Engine) -> None:
    first = see(engine, an_item())
    second = see(engine, an_item(seen_at=NOW + MINUTE, raw={"sent": 2}, last_shown="2026-11-22"), at=NOW + MINUTE)
    assert second.item_id == first.item_id
    assert (second.new, second.changed) == (False, False)
    assert (second.cases, second.opened) == (first.cases, ())
    assert [count(engine, table) for table in (ItemRow, ItemVersion, Sighting, VerdictRow)] == [1, 1, 2, 1]


def test_what_a_killed_run_has_recorded_the_one_that_does_it_again_does_not(engine: Engine) -> None:
    """A round that is done twice is one look: else cases would seem to be seen more often than they were."""
    known, other = an_item(publisher_url="https://news.example/a"), an_item(id="other")
    elsewhere = replace(known, publisher_url="https://news.example/b")

    def look(items: list[Item], at: datetime, *, source: str = "tips") -> tuple[int, ...]:
        with transaction(engine) as session:
            run = start_run(session, source, at, slice="query=hoshino", round_at=NOW)
            looks = [(a_look(item, at=at, run_id=run, source=source), [a_verdict(item)]) for item in items]
            again = tried_before(session, run)
            recorded = record_many(
                session, looks, judged_by="j", now=at, group_wait=WAIT, group_interval=INTERVAL, again=again
            )
            return recorded[0].cases

    [case] = look([known], NOW)  # killed here
    assert look([known, elsewhere, other], NOW + MINUTE) == (case,)
    assert count(engine, Sighting) == 3
    with transaction(engine) as session:
        assert session.scalars(select(CaseItem.counted).order_by(CaseItem.item_id)).first() == 2
    look([known], NOW + 2 * MINUTE, source="ads")  # another source is another look
    assert count(engine, Sighting) == 4


def test_new_content_is_a_new_version_and_the_old_one_stays(engine: Engine) -> None:
    first = see(engine, an_item())
    changed = an_item(texts=(Text(role="title", text="星野電機 公式 80%OFF"),))
    second = see(engine, changed, at=NOW + MINUTE)
    assert (second.new, second.changed) == (False, True)
    assert count(engine, ItemVersion) == 2
    with transaction(engine) as session:
        assert last_seen(session, first.item_id) == changed
    see(engine, an_item(), at=NOW + 2 * MINUTE)
    assert count(engine, ItemVersion) == 2
    with transaction(engine) as session:
        assert last_seen(session, first.item_id) == an_item()


@pytest.mark.parametrize("change", [{"kind": "post"}, {"platform": "x"}, {"platform": None}, {"id": "ad-2"}])
def test_kind_platform_and_id_make_an_item(engine: Engine, change: dict[str, str | None]) -> None:
    see(engine, an_item())
    assert see(engine, replace(an_item(), **change)).new  # type: ignore[arg-type]


def test_ids_and_campaigns_of_any_length(engine: Engine) -> None:
    item = an_item(id="x" * 50_000, links=(), advertiser=Advertiser(id="y" * 50_000))
    assert see(engine, item).item_id == see(engine, item).item_id
    assert count(engine, Case) == 1


def test_a_picture_that_could_be_fetched_later_is_judged_anew(engine: Engine) -> None:
    item = an_item()
    see(engine, item)
    with transaction(engine) as session:
        save_picture(
            session,
            PictureRecord(sha256=SHA, mime="image/png", bytes=9, width=1, height=1, hash=None, rendition=None),
            NOW,
        )
    better = a_verdict(item, score=0.99)
    shown = {item.images[0]: SHA}
    assert see(engine, item, better, pictures=shown).changed
    assert count(engine, VersionPicture) == 1
    moved = replace(item, images=("https://cdn.example/a.jpg?signature=2",))
    assert not see(engine, moved, better, pictures={moved.images[0]: SHA}).changed
    assert not see(engine, item, a_verdict(item)).changed
    with transaction(engine) as session:
        [view] = case_detail(session, 1).items
    assert view.verdict.score == 0.99
    assert [picture.sha256 for picture in view.pictures] == [SHA]


def test_a_picture_that_was_never_saved_is_refused(engine: Engine) -> None:
    item = an_item()
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        see(engine, item, pictures={item.images[0]: SHA})
    assert count(engine, ItemRow) == 0


def test_verdicts_are_kept_once_for_each_judge(engine: Engine) -> None:
    item = an_item()
    mention = a_verdict(item, brand="other", score=0.2, decision="mention")
    nothing = a_verdict(item, brand="third", score=0.0, decision="none")
    for judge in ("judge-1", "judge-1", "judge-2"):
        see(engine, item, a_verdict(item), mention, nothing, judged_by=judge)
    with transaction(engine) as session:
        rows = session.execute(select(VerdictRow.brand, VerdictRow.judged_by, VerdictRow.decision))
        kept = sorted(tuple(row) for row in rows)
    assert kept == [
        ("hoshino", "judge-1", "impersonation"),
        ("hoshino", "judge-2", "impersonation"),
        ("other", "judge-1", "mention"),
        ("other", "judge-2", "mention"),
    ]
    assert count(engine, Case) == 1


def test_what_is_not_flagged_opens_no_case(engine: Engine) -> None:
    item = an_item()
    recorded = see(engine, item, a_verdict(item, decision="mention", score=0.3))
    assert (recorded.flagged, recorded.cases, recorded.opened) == (False, (), ())
    assert [count(engine, table) for table in (Case, AlertIntent)] == [0, 0]


def test_many_at_once_answer_in_order(engine: Engine) -> None:
    looks = [a_look(an_item(number)) for number in (3, 1, 2, 1)]
    with transaction(engine) as session:
        recorded = record_many(
            session,
            [(look, [a_verdict(look.item)] if look.item.id != "ad-2" else []) for look in looks],
            judged_by="judge-1",
            now=NOW,
            group_wait=WAIT,
            group_interval=INTERVAL,
        )
        stored = [last_seen(session, one.item_id).id for one in recorded]
        empty = record_many(session, [], judged_by="j", now=NOW, group_wait=WAIT, group_interval=timedelta(0))
    assert stored == ["ad-3", "ad-1", "ad-2", "ad-1"]
    assert [bool(one.cases) for one in recorded] == [True, True, False, True]
    assert count(engine, Sighting) == 4
    assert empty == []


def test_the_fingerprint_leaves_out_what_is_empty(engine: Engine) -> None:
    """Or every known item would get a new version when Item gets another optional field."""
    see(engine, Item(id="x", kind="page", seen_at=NOW, raw={"a": 1}))
    with transaction(engine) as session:
        fingerprint = session.scalars(select(ItemVersion.fingerprint)).one()
    assert fingerprint == digest_of({"kind": "page", "id": "x"})


def test_sighting_keeps_what_the_version_does_not(engine: Engine) -> None:
    see(engine, an_item(publisher_url="https://news.example/1"))
    later = datetime(2026, 11, 23, tzinfo=UTC)
    see(engine, an_item(publisher_url="https://news.example/2"), at=later, source="web-1")
    with transaction(engine) as session:
        query = select(Sighting).order_by(Sighting.id)
        rows = [(row.publisher_url, row.source, row.seen_at) for row in session.scalars(query)]
    assert rows == [("https://news.example/1", "tips", NOW), ("https://news.example/2", "web-1", later)]
