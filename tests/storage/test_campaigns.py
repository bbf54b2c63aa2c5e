from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, select, update

from detector.brands import Scope
from detector.campaign_assets import BrandAssets
from detector.campaign_rule import HUB
from detector.images.hash import hash_picture
from detector.items import Advertiser, Item, Text
from storage.campaigns import case_title
from storage.cases import Judgement, case_detail, judge
from storage.database import transaction
from storage.items import Recorded, record_many
from storage.outbox import route_intents
from storage.pictures import PictureRecord, save_picture
from storage.reasons import why
from storage.schema import AlertIntent, CampaignKeyRow, Case
from tests.detector.hoshino import HOSHINO
from tests.detector.images.drawn import photo
from tests.storage.examples import (
    INTERVAL,
    MINUTE,
    NOW,
    WAIT,
    a_look,
    a_verdict,
    an_item,
    count,
    see,
    see_all,
)


def intents(engine: Engine) -> list[AlertIntent]:
    with transaction(engine) as session:
        return list(session.scalars(select(AlertIntent).order_by(AlertIntent.id)))


def test_items_of_one_landing_domain_are_one_case(engine: Engine) -> None:
    first = see(engine, an_item(1))
    second = see(engine, an_item(2, advertiser=Advertiser(id="88")), at=NOW + MINUTE)
    other = see(engine, an_item(3, host="hoshino-outlet.test"))
    assert second.cases == first.cases
    assert second.opened == ()
    assert other.opened != first.cases
    with transaction(engine) as session:
        log = case_detail(session, first.cases[0]).log
    assert [(entry.who, entry.action, entry.data) for entry in log] == [
        ("mekiki", "opened", {"items": [first.item_id]}),
        ("mekiki", "items_added", {"items": [second.item_id]}),
    ]


def test_each_brand_has_its_own_case(engine: Engine) -> None:
    item = an_item()
    recorded = see(engine, item, a_verdict(item), a_verdict(item, brand="other"))
    assert len(recorded.cases) == len(recorded.opened) == 2


def test_score_and_decision_are_the_highest_of_the_verdicts(engine: Engine) -> None:
    weak, strong, weaker = (an_item(number) for number in (1, 2, 3))
    see(engine, weak, a_verdict(weak, score=0.6, decision="suspicious"))
    see(engine, strong, a_verdict(strong, score=0.9, decision="impersonation"))
    case = see(engine, weaker, a_verdict(weaker, score=0.5, decision="suspicious")).cases[0]
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert (detail.score, detail.decision, detail.item_count) == (0.9, "impersonation", 3)
    assert [view.verdict.score for view in detail.items] == [0.9, 0.6, 0.5]


def test_first_message_waits_for_its_group_and_tells_of_all(engine: Engine) -> None:
    see_all(engine, [an_item(number) for number in range(3)])
    see(engine, an_item(7), at=NOW + WAIT / 2)
    [intent] = intents(engine)
    assert (intent.reason, intent.state, intent.count) == ("first", "pending", 4)
    assert intent.due_at == NOW + WAIT


def test_later_items_make_one_message_that_keeps_its_distance(engine: Engine) -> None:
    see(engine, an_item(1))
    with transaction(engine) as session:
        route_intents(session, {1: []}, NOW)
    for number in (2, 3, 4):
        see(engine, an_item(number), at=NOW + number * MINUTE)
    _, later = intents(engine)
    assert (later.reason, later.count) == ("new_items", 3)
    assert later.due_at == NOW + 2 * MINUTE + INTERVAL


def test_a_changed_item_is_logged_and_not_told_again(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    changed = an_item(countries=("JP",))
    see(engine, changed, at=NOW + MINUTE)
    see(engine, an_item(), at=NOW + 2 * MINUTE)
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert [entry.action for entry in detail.log] == ["opened", "items_changed"]
    assert [view.item for view in detail.items] == [changed]
    assert [intent.count for intent in intents(engine)] == [1]


def test_a_dismissed_case_gets_items_but_no_alert(engine: Engine) -> None:
    case = see(engine, an_item(1)).cases[0]
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="dismiss", reason="reseller"), now=NOW)
    assert see(engine, an_item(2), at=NOW + MINUTE).cases == (case,)
    with transaction(engine) as session:
        assert case_detail(session, case).item_count == 2
    assert [(intent.reason, intent.state) for intent in intents(engine)] == [("first", "suppressed")]


def test_a_confirmed_case_is_told_about_further_items(engine: Engine) -> None:
    case = see(engine, an_item(1)).cases[0]
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="confirm"), now=NOW)
        route_intents(session, {1: []}, NOW)
    see(engine, an_item(2), at=NOW + MINUTE)
    assert [intent.reason for intent in intents(engine)] == ["first", "new_items"]


def test_a_failing_transaction_leaves_nothing_behind(engine: Engine) -> None:
    broken = a_verdict(an_item(2), score=7.0)
    with pytest.raises(Exception, match=r"(?i)check"):
        see(engine, an_item(2), a_verdict(an_item(2), brand="other"), broken)
    assert count(engine, Case) == 0
    assert intents(engine) == []


@pytest.mark.parametrize(
    ("campaign", "title"),
    [
        ("host:hoshino-denki-sale.test", "hoshino-denki-sale.test (ad)"),
        ("host:xn--hshinodenki-rnj.test", "xn--hshinodenki-rnj.test = h\u043eshinodenki.test (ad)"),
        ("advertiser:meta:77", "Hoshino Denki Outlet 公式 (ad)"),
        ("item:ad:meta:ad-1", "ad-1 (ad)"),
        ("host:" + "a" * 200, "" + "a" * 99 + "… (ad)"),
    ],
)
def test_titles_are_short_and_say_what_joins_the_items(campaign: str, title: str) -> None:
    assert case_title(campaign, an_item()) == title


def test_title_of_a_nameless_advertiser() -> None:
    item = an_item(advertiser=Advertiser(id="77"))
    assert case_title("advertiser:meta:77", item) == "meta 77 (ad)"


def an_ad(number: int, **changes: Any) -> Item:
    """Make an ad that has nothing in common with any other."""
    return Item(**{"id": f"x{number}", "kind": "ad", "platform": "meta", "seen_at": NOW, **changes})


def keep_picture(engine: Engine, address: str, image: Image.Image) -> None:
    with transaction(engine) as session:
        hashed = hash_picture(image)
        record = PictureRecord(
            sha256=address, mime="image/png", bytes=9, width=800, height=600, hash=hashed, rendition=None
        )
        save_picture(session, record, NOW)


def reasons(engine: Engine, case: int) -> list[str]:
    with transaction(engine) as session:
        return [reason.says for item in why(session, case).items for reason in item.reasons]


def test_the_same_fraud_on_youtube_a_publishers_page_and_a_ct_host_is_one_case(engine: Engine) -> None:
    comment = Item(
        id="c1",
        kind="comment",
        platform="youtube",
        advertiser=Advertiser(id="UC1"),
        texts=(Text(role="body", text="星野電機の無料講座 LINE ID: @hsn_soudan"),),
    )
    ad = Item(
        id="a1",
        kind="ad",
        platform="google",
        links=("https://kaze-shop.test/lp",),
        display_url="kaze-shop.test",
        publisher_url="https://news.example/1",
    )
    host = Item(id="kaze-shop.test", kind="domain", url="www.kaze-shop.test")
    page = Item(id="p1", kind="page", url="https://kaze-shop.test/lp", links=("https://line.me/R/ti/p/@hsn_soudan",))
    seen = [see(engine, one, source=source) for one, source in ((comment, "yt"), (ad, "web"), (host, "ct"))]
    assert seen[0].cases != seen[1].cases == seen[2].cases
    landed = led(engine, page, seen[1])
    [case] = {case for one in (landed, see(engine, comment), see(engine, ad), see(engine, host)) for case in one.cases}
    with transaction(engine) as session:
        assert {view.item.id for view in case_detail(session, case).items} == {"c1", "a1", "kaze-shop.test", "p1"}


def led(engine: Engine, page: Item, source: Recorded) -> Recorded:
    """Record a page that an item's link led to."""
    with transaction(engine) as session:
        [recorded] = record_many(
            session,
            [(a_look(page, cases=source.cases, led_from=(source.item_id,)), [a_verdict(page)])],
            judged_by="judge-1",
            now=NOW,
            group_wait=WAIT,
            group_interval=INTERVAL,
        )
        return recorded


def test_every_join_keeps_its_reasons_in_words(engine: Engine) -> None:
    first = see(engine, an_ad(1, links=("https://kaze-shop.test/",), advertiser=Advertiser(id="1")))
    see(engine, an_ad(2, links=("https://kaze-shop.test/a",), advertiser=Advertiser(id="2")))
    page = led(engine, Item(id="p", kind="page", url="https://kaze-shop.test/b"), first)
    assert page.cases == first.cases
    assert reasons(engine, first.cases[0]) == [
        "leads to the same domain: kaze-shop.test, as item 1",
        "a link led from the one to the other: item 1",
    ]


def test_near_copies_of_a_picture_with_the_same_words_are_one_campaign(engine: Engine) -> None:
    image = photo(seed=21, size=(800, 600))
    keep_picture(engine, "a" * 64, image)
    keep_picture(engine, "b" * 64, image.resize((640, 480)).crop((10, 10, 630, 470)))
    text = Text(
        role="body",
        text="元・財務部の講師が教える決算書の読みかた、資料をお送りします、今夜の講義にどうぞ",
    )
    ads = [
        an_ad(n, links=(f"https://shop{n}.test/",), advertiser=Advertiser(id=str(n)), images=("i",), texts=(text,))
        for n in (1, 2)
    ]
    first = see(engine, ads[0], pictures={"i": "a" * 64})
    assert see(engine, ads[1], pictures={"i": "b" * 64}).cases == first.cases
    assert any("the same picture" in one for one in reasons(engine, first.cases[0]))


def test_one_picture_used_by_two_groups_stays_two_cases(engine: Engine) -> None:
    keep_picture(engine, "a" * 64, photo(seed=21, size=(800, 600)))
    ads = [an_ad(n, links=(f"https://shop{n}.test/",), advertiser=Advertiser(id=str(n)), images=("i",)) for n in (1, 2)]
    first, second = (see(engine, ad, pictures={"i": "a" * 64}) for ad in ads)
    assert first.cases != second.cases


def test_two_frauds_on_a_shared_host_stay_two_cases(engine: Engine) -> None:
    first, second = (see(engine, Item(id=n, kind="page", url=f"https://{n}.myshopify.com/")) for n in ("one", "two"))
    assert first.cases != second.cases


def test_what_the_brand_owns_joins_nobody(engine: Engine) -> None:
    brand = replace(HOSHINO, accounts=(Scope.parse("account:line:@hoshino_official"),))
    text = Text(role="body", text="公式LINE ID: @hoshino_official")
    ads = [an_ad(n, texts=(text,), advertiser=Advertiser(id=str(n))) for n in (1, 2)]
    with transaction(engine) as session:
        recorded = record_many(
            session,
            [(a_look(ad), [a_verdict(ad)]) for ad in ads],
            judged_by="judge-1",
            now=NOW,
            group_wait=WAIT,
            group_interval=INTERVAL,
            assets={"hoshino": BrandAssets(brand)},
        )
    assert recorded[0].cases != recorded[1].cases


def test_a_host_that_only_passed_a_visitor_on_joins_nobody_any_more(engine: Engine) -> None:
    first = see(engine, an_ad(1, links=("https://kuru.test/a82",), advertiser=Advertiser(id="1")))
    led(engine, Item(id="p", kind="page", url="https://kaze-shop.test/"), first)
    second = see(engine, an_ad(2, links=("https://kuru.test/b91",), advertiser=Advertiser(id="2")))
    assert second.cases != first.cases


def test_a_key_of_very_many_cases_joins_nobody(engine: Engine) -> None:
    ads = [an_ad(n, advertiser=Advertiser(id=f"shop_number_{n}")) for n in range(3)]
    first = see(engine, an_ad(9, advertiser=Advertiser(id="77")))
    with transaction(engine) as session:
        session.execute(update(CampaignKeyRow).values(cases=HUB))
    assert see(engine, an_ad(10, advertiser=Advertiser(id="77"))).cases != first.cases
    assert len({case for ad in ads for case in see(engine, ad).cases}) == 3


def test_items_of_one_batch_join_each_other(engine: Engine) -> None:
    recorded = see_all(
        engine,
        [
            an_ad(1, advertiser=Advertiser(id="1")),
            an_ad(2, links=("https://kaze-shop.test/",), advertiser=Advertiser(id="2")),
            an_ad(3, links=("https://kaze-shop.test/",), advertiser=Advertiser(id="1")),
        ],
    )
    assert len({case for one in recorded for case in one.cases}) == 1
    assert count(engine, Case) == 1
    assert [intent.count for intent in intents(engine)] == [3]


def test_what_is_seen_again_changes_no_case(engine: Engine) -> None:
    first = see(engine, an_item(1))
    again = see(engine, an_item(1), at=NOW + MINUTE)
    assert (again.cases, again.opened) == (first.cases, ())
    assert reasons(engine, first.cases[0]) == []
