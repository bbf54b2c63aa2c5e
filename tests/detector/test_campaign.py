from dataclasses import replace

import pytest

from detector.assess import Assessor
from detector.campaign import campaign_keys, campaign_name
from detector.items import Advertiser, Item, Text
from tests.detector.hoshino import HOSHINO, ON

ASSESSOR = Assessor([HOSHINO])
BASE = Item(
    id="77",
    kind="ad",
    platform="meta",
    texts=(Text(role="body", text="星野電機 閉店セール"),),
    advertiser=Advertiser(id="9", name="QX"),
)


def key(item: Item) -> str:
    return campaign_name(item, campaign_keys(item, ASSESSOR.assess(item, on=ON)[0]))


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (("https://a.shop.qx.test/p",), "host:qx.test"),
        (("https://www.hoshino-denki.example/", "https://qx.test/"), "host:qx.test"),
        (("https://l.facebook.com/l.php?u=https://qx.test/",), "host:qx.test"),
        (("https://tenant.workers.dev/",), "host:tenant.workers.dev"),
        (("https://facebook.com/x",), "advertiser:meta:9"),
        (("https://bit.ly/x",), "page:bit.ly/x"),
        (("https://hoshino-denki.example/",), "advertiser:meta:9"),
        (("http://203.0.113.9/",), "host:203.0.113.9"),
        ((), "advertiser:meta:9"),
    ],
)
def test_key_of_an_ad(links: tuple[str, ...], expected: str) -> None:
    assert key(replace(BASE, links=links)) == expected


def test_without_link_and_advertiser_the_item_stands_alone() -> None:
    assert key(replace(BASE, advertiser=None)) == "item:ad:meta:77"


def test_addresses_written_in_the_text_count() -> None:
    text = Text(role="body", text="星野電機 閉店セール sub.qx.test/a まで")
    assert key(replace(BASE, texts=(text,))) == "host:qx.test"


@pytest.mark.parametrize("kind", ["page", "domain"])
def test_pages_join_by_their_own_host(kind: str) -> None:
    item = Item(id="1", kind=kind, url="https://a.hoshino-denki-sale.test/x")  # type: ignore[arg-type]
    assert key(item) == "host:hoshino-denki-sale.test"
