"""Merging and splitting: what moves, what the logs say, what an undo brings back, and what never joins again."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from detector.items import Advertiser
from storage.case_log import log_faults
from storage.cases import case_detail
from storage.database import transaction
from storage.errors import CaseConflict, CaseNotFound, JudgementRefused
from storage.items import Recorded, record_many
from storage.judgements import Judgement, judge, undo
from storage.merging import family, merge, root_of, unmerge
from storage.outbox import route_intents
from storage.reasons import why
from storage.schema import AlertIntent, CampaignKeyRow, Case, CaseItem, CaseKey, CasePair
from storage.splitting import split, unsplit
from tests.storage.examples import MINUTE, NOW, a_look, a_verdict, an_item, see, see_all

LATER = NOW + MINUTE


def two_cases(engine: Engine) -> tuple[Recorded, Recorded]:
    """Record one item each for two cases."""
    first = see(engine, an_item(1))
    other = an_item(2, host="hoshino-outlet.test")
    return first, see(engine, other, a_verdict(other, score=0.99), at=LATER)


def items_of(engine: Engine, case: int) -> set[int]:
    with transaction(engine) as session:
        return set(session.scalars(select(CaseItem.item_id).where(CaseItem.case_id == case)))


def pending(engine: Engine) -> dict[int | None, int]:
    with transaction(engine) as session:
        query = select(AlertIntent.case_id, AlertIntent.count).where(AlertIntent.state == "pending")
        return dict(session.execute(query).all())


def test_the_younger_case_becomes_a_part_of_the_older(engine: Engine) -> None:
    first, second = two_cases(engine)
    (old,), (young,) = first.cases, second.cases
    with transaction(engine) as session:
        assert merge(session, [young, old], who="aki", now=LATER, note="same LINE account") == old
    assert items_of(engine, old) == {first.item_id, second.item_id}
    assert items_of(engine, young) == set()
    assert pending(engine) == {old: 2}
    with transaction(engine) as session:
        part, whole = session.get_one(Case, young), session.get_one(Case, old)
        assert (part.state, part.merged_into) == ("duplicate", old)
        assert (whole.score, whole.items, whole.state) == (0.99, 2, "open")
        assert [(entry.action, entry.who) for entry in case_detail(session, old).log][-1] == ("merged", "aki")
        assert [(entry.action, entry.who) for entry in case_detail(session, young).log][-1] == ("duplicate", "aki")
        assert (root_of(session, young), family(session, old)) == (old, [old, young])
    assert list(log_faults(engine)) == []


def test_a_case_that_waits_for_approval_is_merged_with_none(engine: Engine) -> None:
    """Else who asked for a takedown could approve it as a part of another case."""
    one, other = (see(engine, an_item(number, host=f"shop-{number}.test")).cases[0] for number in (1, 9))

    def say(case: int, action: Any, who: str, **more: Any) -> None:
        with transaction(engine) as session:
            judge(session, case, Judgement(who=who, action=action, **more), now=NOW)

    for case, who in ((one, "aki"), (other, "ren")):
        say(case, "confirm", who)
        say(case, "takedown", who, approvers=("aki", "ren"))
    for case, into in ((one, other), (other, one)):
        with pytest.raises(JudgementRefused, match="waits for the approval of a takedown that"):
            say(case, "duplicate", "aki", into=into)
    for case, who in ((one, "aki"), (other, "ren")):
        with transaction(engine) as session:
            undo(session, case, who=who, now=NOW)
    say(one, "duplicate", "aki", into=other)


def test_later_arrivals_follow(engine: Engine) -> None:
    first, second = two_cases(engine)
    with transaction(engine) as session:
        merge(session, [*first.cases, *second.cases], who="aki", now=LATER)
    later = see(engine, an_item(3, host="hoshino-outlet.test", advertiser=None), at=LATER + MINUTE)
    assert later.cases == first.cases
    assert see(engine, an_item(2, host="hoshino-outlet.test"), at=LATER + MINUTE).cases == first.cases


def test_a_merge_is_taken_back_with_what_had_moved(engine: Engine) -> None:
    first, second = two_cases(engine)
    (old,), (young,) = first.cases, second.cases
    with transaction(engine) as session:
        merge(session, [young, old], who="aki", now=LATER)
    with transaction(engine) as session:
        assert unmerge(session, young, who="ken", now=LATER + MINUTE) == old
    assert (items_of(engine, old), items_of(engine, young)) == ({first.item_id}, {second.item_id})
    with transaction(engine) as session:
        part, whole = session.get_one(Case, young), session.get_one(Case, old)
        assert (part.state, part.merged_into, part.score, part.items) == ("open", None, 0.99, 1)
        assert (whole.score, whole.items) == (0.97, 1)
        keys = select(CampaignKeyRow.value, CaseKey.case_id).join(CaseKey).where(CampaignKeyRow.kind == "host")
        held = {(host, case) for host, case in session.execute(keys)}
        assert held == {("hoshino-denki-sale.test", old), ("hoshino-outlet.test", young)}
    later = see(engine, an_item(3, host="hoshino-outlet.test", advertiser=None), at=LATER + MINUTE)
    assert later.cases == (young,)
    assert list(log_faults(engine)) == []


def test_what_arrived_for_a_part_goes_with_it_when_the_merge_is_taken_back(engine: Engine) -> None:
    """It left nothing of its own behind: its keys stay strong, and what is dismissed stays quiet."""
    first, second = two_cases(engine)
    (old,), (young,) = first.cases, second.cases
    with transaction(engine) as session:
        merge(session, [young, old], who="aki", now=LATER)
    host = "hoshino-outlet.test"
    joined = see(engine, an_item(3, host=host, advertiser=Advertiser(id="a3")), at=LATER + MINUTE)
    chained = see(engine, an_item(4, host="hoshino-4.test", advertiser=Advertiser(id="a3")), at=LATER + 2 * MINUTE)
    stays = see(engine, an_item(5, advertiser=Advertiser(id="a5")), at=LATER + 2 * MINUTE)
    of_both = see(engine, an_item(6, host=host, advertiser=an_item(1).advertiser), at=LATER + 3 * MINUTE)
    assert joined.cases == chained.cases == stays.cases == of_both.cases == (old,)
    with transaction(engine) as session:
        unmerge(session, young, who="ken", now=LATER + 4 * MINUTE)
    assert items_of(engine, young) == {second.item_id, joined.item_id, chained.item_id}
    assert items_of(engine, old) == {first.item_id, stays.item_id, of_both.item_id}
    with transaction(engine) as session:
        log = case_detail(session, young).log
        assert [(entry.who, entry.data["items"]) for entry in log if entry.action == "items_added"] == [
            ("mekiki", [joined.item_id, chained.item_id])
        ]
    assert list(log_faults(engine)) == []


def test_what_was_dismissed_after_a_merge_was_taken_back_stays_quiet(engine: Engine) -> None:
    first, second = two_cases(engine)
    (old,), (young,) = first.cases, second.cases
    host, other = "hoshino-outlet.test", an_item(2, host="hoshino-outlet.test").advertiser
    with transaction(engine) as session:
        merge(session, [young, old], who="aki", now=LATER)
    see(engine, an_item(3, host=host, advertiser=other), at=LATER + MINUTE)
    with transaction(engine) as session:
        unmerge(session, young, who="ken", now=LATER + 2 * MINUTE)
        assert set(session.scalars(select(CampaignKeyRow.parted).where(CampaignKeyRow.value.contains(host)))) == {0}
        judge(session, young, Judgement(who="aki", action="dismiss", reason="reseller"), now=LATER + 3 * MINUTE)
    again = see(engine, an_item(4, host=host, advertiser=None), at=LATER + 4 * MINUTE)
    assert again.cases == (young,)
    with transaction(engine) as session:
        assert session.get_one(Case, young).state == "dismissed"
    assert young not in pending(engine)


def test_what_people_took_out_of_the_whole_does_not_come_back_with_a_part(engine: Engine) -> None:
    first, second = two_cases(engine)
    (old,), (young,) = first.cases, second.cases
    with transaction(engine) as session:
        merge(session, [young, old], who="aki", now=LATER)
    later = see(engine, an_item(3, host="hoshino-outlet.test", advertiser=Advertiser(id="a3")), at=LATER + MINUTE)
    with transaction(engine) as session:
        new = split(session, old, [later.item_id], who="aki", now=LATER + 2 * MINUTE)
    with transaction(engine) as session:
        unmerge(session, young, who="ken", now=LATER + 3 * MINUTE)
    assert (items_of(engine, young), items_of(engine, new)) == ({second.item_id}, {later.item_id})


def test_a_link_leads_its_page_back_with_the_part_that_it_came_for(engine: Engine) -> None:
    first, second = two_cases(engine)
    (old,), (young,) = first.cases, second.cases
    with transaction(engine) as session:
        merge(session, [young, old], who="aki", now=LATER)
    page = an_item(7, kind="page", host="hoshino-page.test", advertiser=None)
    with transaction(engine) as session:
        look = a_look(page, at=LATER + MINUTE, cases=(young,), led_from=(second.item_id,))
        [seen] = record_many(
            session,
            [(look, [a_verdict(page)])],
            judged_by="judge-1",
            now=LATER + MINUTE,
            group_wait=MINUTE,
            group_interval=MINUTE,
        )
    assert seen.cases == (old,)
    with transaction(engine) as session:
        unmerge(session, young, who="ken", now=LATER + 2 * MINUTE)
    assert items_of(engine, young) == {second.item_id, seen.item_id}


def test_judging_a_case_as_a_duplicate_merges_it_and_undo_takes_it_out(engine: Engine) -> None:
    first, second = two_cases(engine)
    (old,), (young,) = first.cases, second.cases
    with transaction(engine) as session:
        judge(session, young, Judgement(who="aki", action="duplicate", into=old), now=LATER)
    assert items_of(engine, old) == {first.item_id, second.item_id}
    with transaction(engine) as session:
        undo(session, young, who="aki", now=LATER)
    assert items_of(engine, young) == {second.item_id}


def test_what_cannot_be_merged_is_refused_in_one_line(engine: Engine) -> None:
    first, second = two_cases(engine)
    item = an_item(4)
    foreign = see(engine, item, a_verdict(item, brand="other"))
    with transaction(engine) as session:
        with pytest.raises(CaseNotFound, match="no case 99"):
            merge(session, [*first.cases, 99], who="aki", now=LATER)
        with pytest.raises(JudgementRefused, match="two different cases"):
            merge(session, [*first.cases, *first.cases], who="aki", now=LATER)
        with pytest.raises(JudgementRefused, match=r"several brands \(hoshino, other\)"):
            merge(session, [*first.cases, *foreign.cases], who="aki", now=LATER)
        with pytest.raises(JudgementRefused, match="is no part of another case"):
            unmerge(session, *second.cases, who="aki", now=LATER)
    with transaction(engine) as session:
        merge(session, [*first.cases, *second.cases], who="aki", now=LATER)
        with pytest.raises(JudgementRefused, match="is a part of case 1 already"):
            merge(session, [*first.cases, *second.cases], who="aki", now=LATER)


def test_an_item_that_belongs_to_two_cases_makes_one_of_them(engine: Engine) -> None:
    first, second = two_cases(engine)
    bridge = see(engine, an_item(5, advertiser=Advertiser(id="hoshino-outlet.test")), at=LATER + MINUTE)
    assert bridge.cases == first.cases
    with transaction(engine) as session:
        assert session.get_one(Case, second.cases[0]).merged_into == first.cases[0]
        found = why(session, first.cases[0])
    [merged] = found.merged
    assert (merged.who, merged.item) == ("mekiki", bridge.item_id)
    assert {"host:hoshino-denki-sale.test", "advertiser:meta:hoshino-outlet.test"} <= set(merged.keys)
    assert pending(engine) == {first.cases[0]: 3}


def test_cases_that_a_person_judged_are_suggested_and_not_merged(engine: Engine) -> None:
    first, second = two_cases(engine)
    with transaction(engine) as session:
        judge(session, second.cases[0], Judgement(who="aki", action="confirm"), now=LATER)
    bridge = see(engine, an_item(5, advertiser=Advertiser(id="hoshino-outlet.test")), at=LATER + MINUTE)
    assert bridge.cases == second.cases
    with transaction(engine) as session:
        assert session.get_one(Case, first.cases[0]).state == "open"
        [suggestion] = why(session, first.cases[0]).suggestions
    assert (suggestion.case_id, suggestion.item) == (second.cases[0], bridge.item_id)
    assert "hoshino-denki-sale.test" in suggestion.says


def test_split_items_get_a_case_of_their_own_and_stay_there(engine: Engine) -> None:
    seen = [see(engine, an_item(number, advertiser=Advertiser(id=f"a{number}"))) for number in (1, 2, 3)]
    [case] = seen[0].cases
    with transaction(engine) as session:
        route_intents(session, {1: []}, NOW)
    with transaction(engine) as session:
        new = split(session, case, [seen[2].item_id], who="aki", now=LATER, note="another group")
    assert (items_of(engine, case), items_of(engine, new)) == (
        {seen[0].item_id, seen[1].item_id},
        {seen[2].item_id},
    )
    changed = an_item(3, advertiser=Advertiser(id="a3"), countries=("JP",))
    assert see(engine, changed, at=LATER + MINUTE).cases == (new,)
    assert see(engine, an_item(8, advertiser=Advertiser(id="a3")), at=LATER + MINUTE).cases == (new,)
    bridge = see(engine, an_item(9, advertiser=Advertiser(id="a1")), at=LATER + MINUTE)
    assert bridge.cases == (case,)
    with transaction(engine) as session:
        assert [row.state for row in session.scalars(select(CasePair))] == ["apart"]
        assert session.get_one(Case, new).merged_into is None
        assert session.scalar(select(CampaignKeyRow.parted).where(CampaignKeyRow.kind == "host")) == 1
    assert list(log_faults(engine)) == []


def test_a_split_is_taken_back(engine: Engine) -> None:
    seen = [see(engine, an_item(number)) for number in (1, 2)]
    [case] = seen[0].cases
    with transaction(engine) as session:
        new = split(session, case, [seen[1].item_id], who="aki", now=LATER)
    with transaction(engine) as session:
        assert unsplit(session, new, who="aki", now=LATER + MINUTE) == case
    assert items_of(engine, case) == {one.item_id for one in seen}
    with transaction(engine) as session:
        assert session.scalar(select(func.count()).select_from(CasePair)) == 0
        assert set(session.scalars(select(CampaignKeyRow.parted))) == {0}
    assert see(engine, an_item(3), at=LATER + MINUTE).cases == (case,)


def test_what_cannot_be_split_is_refused_in_one_line(engine: Engine) -> None:
    first = see(engine, an_item(1))
    second = see(engine, an_item(2))
    [case] = first.cases
    with transaction(engine) as session:
        with pytest.raises(JudgementRefused, match="item 99 is not in case 1"):
            split(session, case, [99], who="aki", now=LATER)
        with pytest.raises(JudgementRefused, match="not all and not none"):
            split(session, case, [first.item_id, second.item_id], who="aki", now=LATER)
        with pytest.raises(JudgementRefused, match="was not split off"):
            unsplit(session, case, who="aki", now=LATER)
        with pytest.raises(CaseNotFound):
            split(session, 99, [1], who="aki", now=LATER)


def test_what_has_changed_since_it_was_seen_is_neither_merged_nor_split(engine: Engine) -> None:
    first, second = two_cases(engine)
    (old,), (young,) = first.cases, second.cases
    see(engine, an_item(3))
    with transaction(engine) as session:
        seen = case_detail(session, old).log_id
        judge(session, old, Judgement(who="ben", action="note", note="look"), now=LATER)
    with pytest.raises(CaseConflict, match=r"changed meanwhile \(note by ben\)"), transaction(engine) as session:
        merge(session, [old, young], who="aki", now=LATER, expect={old: seen})
    with pytest.raises(CaseConflict, match="changed meanwhile"), transaction(engine) as session:
        split(session, old, [first.item_id], who="aki", now=LATER, expect=seen)
    with transaction(engine) as session:
        now = case_detail(session, old).log_id
        split(session, old, [first.item_id], who="aki", now=LATER, expect=now)


def test_what_was_put_apart_from_a_case_stays_apart_from_what_that_becomes(engine: Engine) -> None:
    seen = [see(engine, an_item(number, advertiser=Advertiser(id=f"a{number}"))) for number in (1, 2)]
    [case] = seen[0].cases
    older = see(engine, an_item(7, host="hoshino-first.test"), at=NOW - timedelta(days=1))
    with transaction(engine) as session:
        new = split(session, case, [seen[1].item_id], who="aki", now=LATER)
        merge(session, [case, *older.cases], who="aki", now=LATER)
        pairs = {(row.low, row.high) for row in session.scalars(select(CasePair))}
    root = older.cases[0]
    assert tuple(sorted((root, new))) in pairs


def test_two_workers_with_items_of_one_campaign_make_one_case(engine: Engine) -> None:
    """They record what the other one has, too, in another order: nobody waits in a circle, and cases become one."""
    together = threading.Barrier(2, timeout=60)
    failed: list[BaseException] = []

    def work(order: int) -> None:
        try:
            for start in range(0, 24, 8):
                hosts = [f"hoshino-{number}.test" for number in range(start, start + 8)]
                items = [
                    an_item(100 * (order + 2) + start + n, host=host, advertiser=Advertiser(id=f"a{(start + n) // 2}"))
                    for n, host in enumerate(hosts)
                ]
                together.wait()
                see_all(engine, items[::order])
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with transaction(engine) as session:
        live = select(func.count()).select_from(Case).where(Case.state != "duplicate")
        assert session.scalar(live) == 12  # one for each advertiser, whoever came first
        assert session.scalar(select(func.count()).select_from(CaseItem)) == 48


def test_what_people_put_apart_no_item_makes_one_again(engine: Engine) -> None:
    first, second = two_cases(engine)
    with transaction(engine) as session:
        case = merge(session, [*first.cases, *second.cases], who="aki", now=LATER)
        new = split(session, case, [second.item_id], who="aki", now=LATER)
    bridge = see(engine, an_item(5, advertiser=Advertiser(id="hoshino-outlet.test")), at=LATER + MINUTE)
    assert len(bridge.cases) == 1
    with transaction(engine) as session:
        assert [session.get_one(Case, number).merged_into for number in (case, new)] == [None, None]
        assert [row.state for row in session.scalars(select(CasePair))] == ["apart"]
        assert why(session, case).suggestions == ()
