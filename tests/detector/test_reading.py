from dataclasses import replace

from detector.items import Advertiser, Item, Text
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
