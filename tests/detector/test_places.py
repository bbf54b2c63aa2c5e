from detector.evidence import LinkAt, TextSpan
from detector.items import Item, Text
from detector.places import MOST_LINKS, places_of


def test_a_page_is_judged_by_its_own_address() -> None:
    item = Item(id="1", kind="page", url="https://news.example/a", links=("https://evil.test/",))
    assert [place.url for place in places_of(item)] == ["https://news.example/a"]


def test_an_ad_by_its_links_the_shown_and_the_written_address() -> None:
    text = "詳しくは https://evil.test/a?b=c。または shop.evil.test へ。価格は 3.14 円、e.g. 明日"
    item = Item(
        id="1",
        kind="ad",
        url="https://facebook.com/ads/1",
        links=("https://l.example/",),
        display_url="hoshino-denki.example",
        texts=(Text(role="body", text=text),),
    )
    places = places_of(item)
    assert [(place.role, place.url) for place in places] == [
        ("link", "https://l.example/"),
        ("shown", "hoshino-denki.example"),
        ("written", "https://evil.test/a?b=c"),
        ("written", "shop.evil.test"),
    ]
    assert places[0].where == LinkAt(link=0)
    written = places[3].where
    assert isinstance(written, TextSpan)
    assert text[slice(*written.span)] == "shop.evil.test"


def test_mail_addresses_are_no_places() -> None:
    item = Item(id="1", kind="post", texts=(Text(role="body", text="info@hoshino-denki.example"),))
    assert places_of(item) == ()


def test_links_are_cut() -> None:
    item = Item(id="1", kind="ad", links=("https://evil.test/",) * 100)
    assert len(places_of(item)) == MOST_LINKS
