"""Links mean what a browser would open."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.pages.links import click_url, host, is_disclosure, same_site, under, web_url

BASE = "https://news.example/dir/page.html?x=1"


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("a.html", "https://news.example/dir/a.html"),
        ("?q", "https://news.example/dir/page.html?q"),
        ("//shop.example/a", "https://shop.example/a"),
        (" \thttps://shop.\nexample/ ", "https://shop.example/"),
        ("\\\\shop.example\\a?b=\\", "https://shop.example/a?b=\\"),
        ("https://shop.example/a;?b;#c", "https://shop.example/a;?b;#c"),
        ("HTTPS://Shop.example/", "HTTPS://Shop.example/"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("ftp://shop.example/", None),
        ("https://", None),
        ("http://[::1", None),
        ("https://shop.example/" + "a" * 9000, None),
    ],
)
def test_web_url(href: str, url: str | None) -> None:
    assert web_url(href, BASE) == url


@pytest.mark.parametrize(
    ("href", "url"),
    [
        (
            "https://shop.test/%E6%98%9F?x=A%2fb&y=星;#a b",
            "https://shop.test/%E6%98%9F?x=A%2fb&y=星;#a b",
        ),
        ("https:\\\\shop.test\\", "https:\\\\shop.test\\"),
        ("/sale", "https://news.example/sale"),
        ("line://ti/p/@x", "line://ti/p/@x"),
        ("tel:0120-000-000", "tel:0120-000-000"),
        ("mailto:a@shop.test", "mailto:a@shop.test"),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("#", None),
        ("", None),
    ],
)
def test_click_url_is_exact(href: str, url: str | None) -> None:
    assert click_url(href, BASE) == url


PIECES = "http:// HTTPS:// // / ? # : @ a b.test X-y .. . %2e & = ; ~ 80 星 ｅ [ ] www. \xa0".split(" ")  # noqa: SIM905
BASES = (
    "http://shop.test/p/1",
    "https://u:p@WWW.Shop.Test:8443/a?x#y",
    "HTTP://shop.test",
    "http://[::1]/a",
    "http://[bad/",
    "about:blank",
    "file:///x",
    "http:///x",
    "",
    "http://ünï.test/a",
)


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.sampled_from(BASES))
def test_addresses_mean_what_the_general_rules_say(href: str, base: str) -> None:
    try:
        url = href if href.lower().startswith(("http://", "https://")) else urljoin(base, href)
        parts = urlsplit(url)
        expected = url if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        expected = None
    assert web_url(href, base) == expected
    try:
        name = (urlsplit(href).hostname or "").removeprefix("www.")
    except ValueError:
        name = ""
    assert host(href) == name


def test_sites() -> None:
    assert same_site("news.example", "m.news.example")
    assert same_site("m.news.example", "news.example")
    assert not same_site("news.example", "badnews.example")
    assert under("https://ads.tracker.test/x", "tracker.test")
    assert not under("https://mytracker.test/x", "tracker.test")
    assert is_disclosure("https://popup.taboola.com/en/?x")
    assert not is_disclosure("https://shop.test/popup.taboola.com")
