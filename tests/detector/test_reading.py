from dataclasses import replace

import pytest

from detector.items import Advertiser, Item, Text
from detector.names import MISSPELT
from detector.reading import ADVERTISER_NAME, MOST_PLACES, NameHit, TextIndex
from tests.detector.hoshino import HOSHINO


def read(*texts: str, advertiser: str | None = None) -> list[NameHit]:
    item = Item(
        id="1",
        kind="ad",
        texts=tuple(Text(role="body", text=text) for text in texts),
        advertiser=Advertiser(name=advertiser),
    )
    return TextIndex([HOSHINO]).read(item).names.get(0, [])


def test_finds_names_where_they_stand() -> None:
    hits = read("セールです", "新しい星野電機のエアコン")
    assert [(hit.name, hit.text, hit.span) for hit in hits] == [("星野電機", 1, (3, 7))]


def test_excluded_phrases_mask_the_name() -> None:
    brand = replace(HOSHINO, exclude=("星野電機通り",))
    item = Item(id="1", kind="ad", texts=(Text(role="body", text="星野電機通り商店街と星野電機"),))
    hits = TextIndex([brand]).read(item).names[0]
    assert [hit.span for hit in hits] == [(10, 14)]


def test_ambiguous_names_need_company() -> None:
    assert read("Hoshino came by") == []
    assert {hit.name for hit in read("Hoshino sells the Ruscool")} == {"Hoshino", "Ruscool"}
    assert {hit.name for hit in read("Hoshino: limited offer")} == {"Hoshino"}


def test_ambiguous_names_inside_sure_ones_do_not_count_again() -> None:
    assert {hit.name for hit in read("Hoshino Denki")} == {"Hoshino Denki", "hoshinodenki"}


def test_advertiser_names_are_read() -> None:
    assert [hit.text for hit in read(advertiser="星野電機 公式")] == [ADVERTISER_NAME]


def test_many_places_of_one_name_are_cut() -> None:
    assert len(read("星野電機、" * 50)) == MOST_PLACES


def test_masks_do_not_use_up_the_places() -> None:
    brand = replace(HOSHINO, exclude=("星野電機通り",))
    item = Item(id="1", kind="ad", texts=(Text(role="body", text="星野電機通り、" * 50 + "星野電機"),))
    assert len(TextIndex([brand]).read(item).names[0]) == 1


def test_two_brands_keep_their_names_apart() -> None:
    other = replace(HOSHINO, key="north", name="北海家電", aliases=(), ambiguous=(), products=())
    item = Item(id="1", kind="ad", texts=(Text(role="body", text="星野電機と北海家電"),))
    names = TextIndex([HOSHINO, other]).read(item).names
    assert {index: [hit.name for hit in hits] for index, hits in names.items()} == {0: ["星野電機"], 1: ["北海家電"]}


def seen_of(name: str, text: str) -> list[str]:
    brand = replace(HOSHINO, name=name, aliases=(), ambiguous=(), products=(), exclude=())
    item = Item(id="1", kind="ad", texts=(Text(role="body", text=text),))
    return [hit.seen for hit in TextIndex([brand]).read(item).names.get(0, [])]


@pytest.mark.parametrize(
    ("name", "text", "seen"),
    [
        ("ソニカー", "新しいソニカーの", "ソニカー"),  # skeletons have no long vowels and no voice marks
        ("ソニー", "ｿﾆｰの", "ｿﾆｰ"),
        ("マツダ", "ﾏﾂﾀﾞの車", "ﾏﾂﾀﾞ"),
        ("Hosho!", "at Hosho today", "Hosho"),
    ],
)
def test_the_end_of_a_name_belongs_to_it(name: str, text: str, seen: str) -> None:
    assert seen_of(name, text) == [seen]


@pytest.mark.parametrize("text", ["Hoshimo Denki", "Hoshino Demki", "Hosino Denki", "hohsinodenki", "ホシデノンキ"])
def test_names_with_one_slip_are_found_and_told(text: str) -> None:
    hits = read(f"新しい {text} の半額")
    assert {(hit.seen, hit.likeness.disguises) for hit in hits} == {(text, (MISSPELT,))}


@pytest.mark.parametrize(
    "text", ["Hoshimo Demki", "Hoshino Denko", "Oshino Denki", "ホシノテンコ", "Rusco0l2", "ホンダデンキ"]
)
def test_two_slips_or_one_at_an_end_make_another_name(text: str) -> None:
    assert not [hit for hit in read(text) if hit.likeness.disguises == (MISSPELT,)]


def test_a_slip_in_a_short_name_needs_company() -> None:
    assert read("星野電気の本社") == []
    assert [hit.seen for hit in read("星野電気の在庫一掃")] == ["星野電気"]
    assert read("Rusccool arrived") == []
    assert [hit.seen for hit in read("Rusccool 半額")] == ["Rusccool"]


def test_a_slip_that_is_another_brand_is_that_brand() -> None:
    other = replace(HOSHINO, key="other", name="星野電気", aliases=(), ambiguous=(), products=())
    item = Item(id="1", kind="ad", texts=(Text(role="body", text="星野電気の在庫一掃"),))
    assert list(TextIndex([HOSHINO, other]).read(item).names) == [1]


def test_very_short_latin_names_need_company_and_their_own_letters() -> None:
    assert seen_of("HDK", "the HDK format") == []
    assert seen_of("HDK", "HDK 期間限定") == ["HDK"]
    assert seen_of("HDK", "hdk 期間限定") == []
    brand = replace(HOSHINO, name="HDK", aliases=())
    item = Item(id="1", kind="ad", advertiser=Advertiser(name="HDK"))
    assert [hit.seen for hit in TextIndex([brand]).read(item).names[0]] == ["HDK"]
