"""What is a key of a campaign, what is none, and when keys join."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageOps

from detector import campaign_picture, campaign_text
from detector.brands import OfficialPage, ReferencePicture, Scope
from detector.campaign import CampaignKey, KeyKind, campaign_keys
from detector.campaign_assets import BrandAssets
from detector.campaign_rule import Match, alone, differing, enough
from detector.evidence import Evidence
from detector.images.hash import PictureHash, hash_picture
from detector.items import Advertiser, Item, Text
from detector.page_facts import PageFacts, Seller
from detector.verdict import Verdict
from tests.detector.hoshino import HOSHINO, ON
from tests.detector.images.drawn import photo

PAGE = Item(id="p", kind="page", url="https://kaze-shop.test/lp")
SIZE = (800, 600)
AD = Item(id="a", kind="ad", platform="meta")
TEMPLATE = (
    "退職金を半分失ってから、この先生に出会いました。星野電機株で＋{}％。同じ講義を無料で公開します。定員は{}名まで。"
)


def keys(
    item: Item,
    *evidence: Evidence,
    pictures: Mapping[str, PictureHash] | None = None,
    assets: BrandAssets | None = None,
) -> dict[tuple[str, str], bool]:
    """Return kind and value of each key of an item, and whether it is strong."""
    verdict = Verdict(id=item.id, brand="hoshino", score=0.9, decision="impersonation", evidence=evidence, policy="1")
    found = campaign_keys(item, verdict, pictures=pictures, assets=assets, on=ON)
    return {(key.kind, key.value): key.strong for key in found}


def said(text: str) -> Item:
    return replace(AD, texts=(Text(role="body", text=text),))


def key(kind: KeyKind, value: str, *, strong: bool = True) -> CampaignKey:
    return CampaignKey(kind=kind, value=value, strong=strong, says="")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("LINE ID: @hsn_soudan まで", "line:hsn_soudan"),
        ("お電話は050-5555-0110へ", "phone:+815055550110"),
        ("フリーダイヤル ０１２０−５５５−０１６０", "phone:+811205550160"),
        ("WhatsApp +44 7700 900149（日本語可）", "phone:+447700900149"),
        ("お申し込みは Yume.kouji@gmail.com", "mail:yume.kouji@gmail.com"),
        ("振込先はみなと中央銀行 青葉通支店 普通 4410231", "bank:青葉通支店/普通/4410231"),
        ("差額を みなと中央銀行 青葉通支店 普通 4410231 へ", "bank:青葉通支店/普通/4410231"),
    ],
)
def test_where_people_are_led_to_is_a_strong_key(text: str, value: str) -> None:
    assert keys(said(text))["handoff", value] is True


def test_what_the_brand_owns_is_no_key() -> None:
    own = hash_picture(photo(seed=4, size=SIZE))
    brand = replace(
        HOSHINO,
        accounts=(*HOSHINO.accounts, Scope.parse("account:line:@hoshino-official"), Scope.parse("account:meta:9")),
        pages=(OfficialPage(name="c.html", text="お問い合わせ 0120-555-0100"),),
        pictures=(ReferencePicture(name="heater.jpg", role="picture", hash=own),),
    )
    item = Item(
        id="x",
        kind="ad",
        platform="meta",
        advertiser=Advertiser(id="9"),
        texts=(Text(role="body", text="LINE ID: @hoshino-official 電話 0120-555-0100 a@hoshino-denki.example"),),
        links=("https://www.hoshino-denki.example/shop", "https://yamada-outlet.example/"),
        images=("a.png",),
    )
    assert keys(item, pictures={"a.png": own}, assets=BrandAssets(brand)) == {}
    unknown = {kind for kind, _ in keys(item, pictures={"a.png": own})}
    assert unknown == {"host", "handoff", "handle", "advertiser", "picture"}


def test_a_fraud_that_was_judged_is_no_picture_of_the_brands_own() -> None:
    seen = hash_picture(photo(seed=4, size=SIZE))
    brand = replace(HOSHINO, pictures=(ReferencePicture(name="case 4", role="fraud", hash=seen),))
    found = keys(replace(AD, images=("a.png",)), pictures={"a.png": seen}, assets=BrandAssets(brand))
    assert [kind for kind, _ in found] == ["picture"]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://a.kaze-shop.test/lp", ("host", "kaze-shop.test")),
        ("https://hoshino-outlet.myshopify.com/", ("host", "hoshino-outlet.myshopify.com")),
        ("https://sites.google.com/view/hoshino-sale/home", ("page", "sites.google.com/view/hoshino-sale")),
        ("https://linktr.ee/hoshino_sale", ("page", "linktr.ee/hoshino_sale")),
        ("https://jp.mercari.com/item/m912", ("page", "jp.mercari.com/item/m912")),
        ("https://www.facebook.com/", None),
    ],
)
def test_a_page_is_where_it_stands_and_a_shared_host_is_nobodys(url: str, found: tuple[str, str] | None) -> None:
    assert [place for place in keys(replace(PAGE, url=url)) if place[0] in ("host", "page")] == [found] * bool(found)


@pytest.mark.parametrize(
    ("links", "display", "strong"),
    [
        (("https://kaze-shop.test/lp",), "kaze-shop.test", True),
        (("https://kaze-shop.test/lp",), None, True),
        (("https://kaze-shop.test/lp",), "other.test", False),
        (("https://kaze-shop.test/article/20260731-hoshino",), None, False),
        (("https://go.kaze-shop.test/x7",), None, False),
        (("https://kaze-shop.test/lp", "https://shimbun.example/a"), None, False),
    ],
)
def test_what_an_item_only_cites_is_weak(links: tuple[str, ...], display: str | None, strong: bool) -> None:
    assert keys(replace(AD, links=links, display_url=display))["host", "kaze-shop.test"] is strong


def test_a_short_link_belongs_to_who_made_it() -> None:
    assert keys(replace(AD, links=("https://bit.ly/hsn-q2",))) == {("page", "bit.ly/hsn-q2"): True}


def test_who_places_for_several_payers_is_told_apart_by_them() -> None:
    one = replace(AD, advertiser=Advertiser(id="77", payer="QX Trade  Ltd"))
    assert keys(one) == {("payer", "qx trade ltd"): True, ("advertiser", "meta:77"): False}
    assert keys(replace(AD, advertiser=Advertiser(id="77"))) == {("advertiser", "meta:77"): True}
    assert enough([Match(kind="advertiser", strong=False)]) is False


def test_infrastructure_of_a_host_of_ones_own() -> None:
    facts = PageFacts(trackers=("Google Analytics G-ABC1234567",), certificate="ab" * 32)
    assert {kind for kind, _ in keys(replace(PAGE, page=facts))} == {"host", "tracker", "certificate"}
    shop = replace(PAGE, url="https://hoshino.myshopify.com/", page=facts)
    assert {kind for kind, _ in keys(shop)} == {"host"}
    carried = replace(PAGE, page=replace(facts, cname="edge-17.fastlayer.example"))
    assert {kind for kind, _ in keys(carried)} == {"host", "tracker"}
    own = replace(PAGE, page=replace(facts, cname="shops.hsn-origin.test"))
    assert ("cname", "shops.hsn-origin.test") in keys(own)


def test_the_sellers_telephone_and_mail_count() -> None:
    facts = PageFacts(seller=Seller(phone="03-5555-0129", mail="Desk@kaze-shop.test"))
    found = keys(replace(PAGE, page=facts))
    assert ("handoff", "mail:desk@kaze-shop.test") in found
    assert ("handoff", "phone:+81355550129") in found


def test_a_template_is_known_with_other_numbers_and_goods() -> None:
    one, other = (
        campaign_text.template(said(TEMPLATE.format(*numbers)), ("星野電機",)) for numbers in ((38, 30), (52, 8))
    )
    assert one is not None
    assert other is not None
    assert campaign_text.alike(one, other) == 1.0
    assert set(campaign_text.parts(one)) & set(campaign_text.near_parts(other))
    unlike = campaign_text.template(
        said("加湿器のリコールに伴い、お一人一万円を返金いたします。事務手数料を下記の口座へお振込みください。")
    )
    assert unlike is not None
    assert campaign_text.alike(one, unlike) == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "80％OFF 在庫限り！ 公式通販 本日限り 送料無料 詳しくはこちら",
        "特定商取引法に基づく表記\n販売業者：キューエックス商事\n代金以外の必要料金：消費税、送料\n引き渡し時期：ご注文から7営業日以内\n返品・交換：商品到着後8日以内",
        "当サイトは下記に基づき運営しております。お客様の個人情報は、法令に基づく場合を除き第三者に開示いたしません。準拠法は日本法とします。",
    ],
)
def test_what_everybody_says_is_no_template(text: str) -> None:
    assert campaign_text.template(said(text)) is None


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_has_a_template_or_none(text: str, name: str) -> None:
    value = campaign_text.template(said(text), (name,))
    assert value is None or (len(value) == 4 * campaign_text.VALUES and campaign_text.alike(value, value) == 1.0)


def test_pictures_are_known_compressed_cropped_and_mirrored() -> None:
    image = photo(seed=11, size=SIZE)
    value = campaign_picture.picture_value(hash_picture(image))
    assert value is not None
    others = [
        image.resize((640, 480)),
        image.crop((32, 24, 768, 576)),
        ImageOps.mirror(image),
    ]
    for other in others:
        changed = campaign_picture.picture_value(hash_picture(other))
        assert changed is not None
        assert campaign_picture.alike(value, changed) > 0
        assert set(campaign_picture.parts(value)) & set(campaign_picture.near_parts(changed))
    foreign = campaign_picture.picture_value(hash_picture(photo(seed=12, size=SIZE)))
    assert foreign is not None
    assert campaign_picture.alike(value, foreign) == 0


def test_a_picture_without_structure_is_no_key() -> None:
    blank = PictureHash(width=10, height=10, phash="0" * 16, flat=True)
    assert campaign_picture.picture_value(blank) is None
    assert campaign_picture.picture_value(replace(hash_picture(photo(seed=3, size=SIZE)), plain=True)) is None


@pytest.mark.parametrize(
    ("matches", "joins"),
    [
        ([("host", True)], True),
        ([("picture", False), ("text", False)], True),
        ([("picture", False)], None),
        ([("tracker", False), ("certificate", False)], None),
        ([("tracker", False), ("picture", False)], True),
        ([("host", False)], False),
        ([("advertiser", False)], False),
        ([], False),
    ],
)
def test_when_keys_suffice(matches: list[tuple[KeyKind, bool]], joins: bool | None) -> None:
    assert enough([Match(kind=kind, strong=strong) for kind, strong in matches]) is joins


def test_one_weak_key_joins_where_little_else_differs() -> None:
    ours = [key("host", "a.test"), key("handoff", "line:a"), key("advertiser", "meta:1")]
    theirs = [key("host", "b.test"), key("handoff", "line:b"), key("advertiser", "meta:2")]
    assert differing(ours, theirs) == 3
    assert not alone("picture", ours, theirs)
    assert alone("picture", ours[2:], theirs)
    assert alone("picture", ours, [*theirs, *ours[1:]])
    assert not alone("handle", ours[2:], theirs)
    assert not alone("host", [], [])


def test_the_day_decides_whether_a_register_entry_still_holds() -> None:
    assets = BrandAssets(HOSHINO)
    item = replace(AD, links=("https://yamada-outlet.example/",))
    verdict = Verdict(id="a", brand="hoshino", score=0.9, decision="impersonation", evidence=(), policy="1")
    later = campaign_keys(item, verdict, assets=assets, on=date(2027, 4, 1))
    assert [one.value for one in later] == ["yamada-outlet.example"]
    assert campaign_keys(item, verdict, assets=assets, on=ON) == ()
