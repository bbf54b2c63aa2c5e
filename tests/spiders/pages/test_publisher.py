"""Pages: hostile ones, real ones, and what belongs to whom."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.sandbox import Sandbox
from spiders.pages.publisher import MAX_HTML, MAX_TEXT, parse_page

NEWS = "https://news.example/a.html"
TARGET = "spiders.pages.publisher:parse_page"
REAL = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, wall_seconds=30) as sandbox:
        yield sandbox


def body_text(page: dict[str, Any]) -> str:
    return "".join(text["text"] for text in page["texts"] if text["role"] == "body")


@pytest.mark.parametrize("depth", [300, 2_100, 100_000])
def test_fraud_behind_deep_nesting_is_seen(depth: int, sandbox: Sandbox) -> None:
    html = (
        "<title>星野電機</title>"
        + "<div>" * depth
        + '<div id="div-gpt-ad-1"><a href="https://sale.test/">90%OFF</a></div><a href="/next">星野電機 公式</a>'
    )
    page = sandbox.call(TARGET, html.encode(), url=NEWS)
    assert page["title"] == "星野電機"
    assert "星野電機 公式" in body_text(page)
    assert page["links"] == ["https://news.example/next"]
    assert [(ad["slot"], ad["links"]) for ad in page["ads"]] == [("google:div-gpt-ad-1", ["https://sale.test/"])]
    assert page["degraded"]


@pytest.mark.parametrize(
    "html",
    [
        "<p " + " ".join(f"x{number}={number}" for number in range(100_000)) + ">半額",
        "<a href=/x>" * 200_000 + "半額",
        '<div id="div-gpt-ad-1">' * 120_000 + "半額",
        '<div class="videoCube"><a href="https://x.test/">' * 50_000 + "半額",
        "<p>PR<a href='https://x.test/'>x</a>" * 70_000,
        "<i><b>広告</b>" * 150_000,
    ],
)
def test_hostile_pages_stay_within_the_sandbox(html: str, sandbox: Sandbox) -> None:
    page = sandbox.call(TARGET, html.encode(), url=NEWS)
    assert page["texts"] or page["ads"]
    assert len(page["ads"]) <= 300


def test_size_limits_are_said() -> None:
    page = parse_page(b"<p>" + "星".encode() * MAX_HTML, url=NEWS)
    assert page["degraded"]
    assert MAX_TEXT - 3 < len(body_text(page).encode()) <= MAX_TEXT
    assert not parse_page(b"<p>short", url=NEWS)["degraded"]


def test_ads_take_no_part_in_the_page() -> None:
    ad = b'<div id="div-gpt-ad-1">foreign<img src=/ad.png><a href="https://ad.test/">x</a></div>'
    html = b"<p>own " + ad + b"<img src=/own.png>"
    page = parse_page(html, url=NEWS)
    assert body_text(page) == "own"
    assert page["images"] == ["https://news.example/own.png"]
    assert page["links"] == []
    whole = parse_page(html, url=NEWS, ads=False)
    assert body_text(whole) == "own foreign x"
    assert whole["images"] == ["https://news.example/ad.png", "https://news.example/own.png"]
    assert whole["links"] == [], "a paid link is never followed"
    assert whole["ads"] == []


def test_an_address_that_an_ad_pays_for_is_not_followed_elsewhere() -> None:
    html = b'<a href="https://x.test/">x</a><a href="/own">own</a><a rel=sponsored href="https://x.test/">x</a>'
    assert parse_page(html, url=NEWS)["links"] == ["https://news.example/own"]


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("5; url=https://x.test/a", "https://x.test/a"),
        ("0;URL='/next'", "https://news.example/next"),
        ("0 /next", "https://news.example/next"),
        ("30", None),
        ("0; url=javascript:alert(1)", None),
        ("0" + " " * 2_000 + "'x", "https://news.example/x"),
    ],
)
def test_refresh(content: str, target: str | None) -> None:
    assert parse_page(f'<meta http-equiv=refresh content="{content}">'.encode(), url=NEWS)["refresh"] == target


@given(st.binary(max_size=600), st.none() | st.sampled_from(["shift_jis", "utf-16", "x"]))
def test_any_bytes_are_survived(body: bytes, encoding: str | None) -> None:
    msgspec.msgpack.encode(parse_page(body, url=NEWS, encoding=encoding))


PIECES = st.sampled_from(
    [
        *(
            "<div>",
            "</div>",
            "<p>",
            "<ul><li>",
            "</ul>",
            "広告",
            "PR",
            "text",
            "<span>Sponsored</span>",
            '<img src="/i.png">',
        ),
        *(
            '<a href="https://x.test/">x</a>',
            '<a href="/own">own</a>',
            '<a rel=sponsored href="https://y.test/">',
            "</a>",
        ),
        *(
            '<div id="div-gpt-ad-1">',
            '<div class="OUTBRAIN">',
            '<div class="videoCube">',
            "<iframe id=ad>",
            "</iframe>",
        ),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_paid_links_are_not_followed_and_ads_are_found_once(html: str) -> None:
    page = parse_page(html.encode(), url=NEWS)
    msgspec.msgpack.encode(page)
    assert not set(page["links"]) & {link for ad in page["ads"] for link in ad["links"] if ".test" in link}
    assert html.count("https://x.test/") >= sum(ad["links"].count("https://x.test/") for ad in page["ads"])
    for ad in page["ads"]:
        if ad["slot"] in ("rel-sponsored", "taboola", "labelled"):
            assert any("test" in link for link in ad["links"])


# Ads with a link to follow, of each kind, as counted by hand in the stored pages; only what must be there.
REAL_PAGES = {
    "bbc-1.html": ("http://www.bbc.co.uk/news/", {"google", "outbrain", "redirect"}, 9),
    "breitbart.html": ("http://www.breitbart.com/x", {"google", "taboola", "zergnet"}, 25),
    "cnet.html": ("https://www.cnet.com/x", {"google", "taboola"}, 4),
    "cnn.html": ("http://money.cnn.com/x", {"google", "outbrain", "labelled"}, 5),
    "hellogiggles.com.html": ("https://hellogiggles.com/x", {"google", "outbrain"}, 10),
    "japan.cnet.com.html": ("https://japan.cnet.com/x", {"outbrain"}, 0),
    "msn.html": ("http://www.msn.com/x", {"taboola"}, 15),
    "nytimes-1.html": ("https://www.nytimes.com/x", {"google"}, 0),
    "weekly.ascii.jp.html": ("https://weekly.ascii.jp/x", {"adsense"}, 0),
    "www.asahi.com.html": ("https://www.asahi.com/x", {"google", "outbrain"}, 0),
    "www.itmedia.co.jp.html": ("https://www.itmedia.co.jp/x", {"google"}, 0),
    "www.yomiuri.co.jp.html": ("https://www.yomiuri.co.jp/x", {"outbrain"}, 0),
    "www.youtube.com.html": ("https://www.youtube.com/watch", {"redirect"}, 1),
}


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "publisher_pages").is_dir(), reason="../shared/data/publisher_pages is not here")
@pytest.mark.parametrize("name", sorted(REAL_PAGES))
def test_real_publisher_pages(name: str, sandbox: Sandbox) -> None:
    url, kinds, least = REAL_PAGES[name]
    page = sandbox.call(TARGET, (REAL / "publisher_pages" / name).read_bytes(), url=url)
    assert kinds <= {ad["slot"].partition(":")[0] for ad in page["ads"]}
    assert sum(bool(ad["links"]) for ad in page["ads"]) >= least
    assert page["title"]
    assert len(body_text(page)) > 1_000
    assert not page["degraded"]
    assert "\ufffd" not in page["title"]


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "phish_pages").is_dir(), reason="../shared/data/phish_pages is not here")
def test_real_phishing_pages(sandbox: Sandbox) -> None:
    for folder in sorted((REAL / "phish_pages").iterdir()):
        page = sandbox.call(TARGET, (folder / "html.txt").read_bytes(), url=f"https://{folder.name}/")
        assert page["title"], folder.name
        assert body_text(page), folder.name


def test_the_icon_of_a_page_is_one_of_its_pictures() -> None:
    head = '<link rel="shortcut icon" href="/favicon.png"><link rel="apple-touch-icon" href="touch.png?v=2">'
    page = parse_page(f"{head}<img src=a.jpg>".encode(), url="https://shop.test/x/")
    assert page["images"] == ["https://shop.test/x/touch.png?v=2", "https://shop.test/x/a.jpg"]
    plain = parse_page(b'<link rel="icon" href="/favicon.ico"><link rel=canonical href=/>', url="https://shop.test/")
    assert plain["images"] == []
    only = parse_page(b'<link rel="shortcut icon" href="/f.png">', url="https://shop.test/x/")
    assert only["images"] == ["https://shop.test/f.png"]
