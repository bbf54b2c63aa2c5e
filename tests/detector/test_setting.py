import pytest

from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.items import Advertiser, Item, Text
from detector.places import places_of
from detector.setting import MOST_HOSTS, MOST_TOLD, learned, marks, read
from tests.detector.hoshino import HOSHINO, ON

EYE = Assessor([HOSHINO])


def seen(item: Item, brand: BrandProfile = HOSHINO) -> set[str]:
    return {mark for mark, _ in marks(item, brand, places_of(item))}


def ad(*links: str, **fields: object) -> Item:
    return Item(id="1", kind="ad", texts=(Text(role="body", text="星野電機の扇風機"),), links=links, **fields)  # type: ignore[arg-type]


def test_kind_platform_sender_and_missing_links_are_marks() -> None:
    sender = Advertiser(name="誰か", payer="誰か")
    assert seen(ad(platform="sms")) == {"kind:ad", "platform:sms", "links:none"}
    assert seen(ad(advertiser=sender)) == {"kind:ad", "links:none", "advertiser:named", "advertiser:payer"}


def test_hosts_are_told_by_words_and_pieces_without_their_suffix() -> None:
    assert seen(ad("https://fan-sale.co.jp/x")) == {
        "kind:ad", "host:fan", "host:sale", "piece:fan-", "piece:an-s", "piece:n-sa", "piece:-sal", "piece:sale",
    }  # fmt: skip


def test_the_brands_own_words_say_the_same_for_every_brand() -> None:
    found = seen(ad("https://hoshino-hd-denki.test"))
    assert {"host:name", "host:initials"} <= found
    assert not any("hosh" in mark or "denk" in mark for mark in found)


def test_hostile_numbers_of_hosts_are_cut_off() -> None:
    many = seen(ad(*(f"https://shop{number:04}.test" for number in range(30))))
    assert sum(mark.startswith("host:") for mark in many) == MOST_HOSTS


def test_each_mark_counts_once_and_the_heaviest_are_told_with_their_place() -> None:
    item = ad("https://free-sale.test/a", "https://free-sale.test/b", platform="sms")
    weights = {mark: learned().get(mark, 0.0) for mark in seen(item)}
    setting = read(item, HOSHINO, places_of(item))
    assert setting.odds == pytest.approx(sum(weights.values()))
    assert [trait.mark for trait in setting.traits] == sorted(weights, key=lambda mark: -weights[mark])[:MOST_TOLD]
    places = {trait.mark: trait.place for trait in setting.traits}
    assert all((place is None) == (mark.partition(":")[0] not in ("host", "piece")) for mark, place in places.items())


def test_the_setting_counts_only_where_the_brand_is_named() -> None:
    def signals(text: str) -> set[str]:
        item = Item(id="1", kind="post", platform="sms", texts=(Text(role="body", text=text),))
        return {one.signal for verdict in EYE.assess(item, on=ON) for one in verdict.evidence}

    assert "setting.fraud" in signals("星野電機")
    assert signals("別の会社") == set()
