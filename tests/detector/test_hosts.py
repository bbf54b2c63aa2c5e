import pytest
import tldextract
from hypothesis import given
from hypothesis import strategies as st

from detector.hosts import destination, is_carried, is_shared, parse_host

ORACLE = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


@pytest.mark.parametrize(
    ("text", "ascii_host", "registrable"),
    [
        (
            "https://user:pw@Shop.Hoshino-Denki.example:8443/a?b#c",
            "shop.hoshino-denki.example",
            "hoshino-denki.example",
        ),
        ("https://hoshino-denki.example@evil.test/", "evil.test", "evil.test"),
        ("http:\\\\evil.test\\path", "evil.test", "evil.test"),
        ("//evil.test/x", "evil.test", "evil.test"),
        ("evil.test.", "evil.test", "evil.test"),
        ("evil.test:8080/x", "evil.test", "evil.test"),
        ("ｅｖｉｌ．ｔｅｓｔ", "evil.test", "evil.test"),
        ("evil。test/x", "evil.test", "evil.test"),
        ("http://ev\til.test", "evil.test", "evil.test"),
        ("http://ev%69l.test", "evil.test", "evil.test"),
        ("a.b.co.jp", "a.b.co.jp", "b.co.jp"),
        ("shop.tenant.workers.dev", "shop.tenant.workers.dev", "tenant.workers.dev"),
        ("tenant.onedumb.com", "tenant.onedumb.com", "tenant.onedumb.com"),
        ("co.jp", "co.jp", None),
        ("http://127.1/", "127.0.0.1", None),
        ("http://0x7f000001/", "127.0.0.1", None),
        ("http://017700000001/", "127.0.0.1", None),
        ("http://[::1]:80/", "::1", None),
    ],
)
def test_reads_what_a_browser_would_open(text: str, ascii_host: str, registrable: str | None) -> None:
    host = parse_host(text)
    assert host is not None
    assert (host.ascii, host.registrable) == (ascii_host, registrable)


def test_keeps_both_forms_of_an_international_name() -> None:
    host = parse_host("https://星野電機.test/p")
    assert host is not None
    assert host.ascii.startswith("xn--")
    assert host.unicode == "星野電機.test"
    assert parse_host(host.ascii) is not None
    assert parse_host(host.ascii).unicode == "星野電機.test"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        *("", "localhost", "mailto:a@b.test", "javascript:alert(1)", "data:text/html,x", "http://a..b", "no host", "-"),
        *("http://[2001:db8::1%25eth0]/", "http://[2001:db8::1%é]/", "http://[2001:db8::1%a\u2028b]/"),
    ],
)
def test_what_is_no_host_is_none(text: str) -> None:
    assert parse_host(text) is None


def test_path_and_query_are_kept_apart() -> None:
    host = parse_host("https://evil.test/a/b?c=d#e")
    assert host is not None
    assert (host.path, host.query) == ("/a/b", "c=d")


@given(st.text(max_size=200))
def test_never_raises(text: str) -> None:
    for form in (text, f"https://{text}", f"//{text}.test/", f"xn--{text}.test"):
        host = parse_host(form)
        assert host is None or (host.ascii.isascii() and host.raw == form)
        destination(form)


LABELS = st.sampled_from(
    ["a", "shop", "co", "jp", "com", "uk", "ck", "www", "workers", "dev", "kawasaki", "city", "test"]
)


@given(st.lists(LABELS, min_size=2, max_size=5))
def test_suffixes_agree_with_the_library(labels: list[str]) -> None:
    name = ".".join(labels)
    host, oracle = parse_host(name), ORACLE(name)
    assert host is not None
    if oracle.suffix:
        assert host.suffix == oracle.suffix
        assert (host.registrable or "") == (f"{oracle.domain}.{oracle.suffix}" if oracle.domain else "")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fevil.test%2Fa&h=x", "evil.test"),
        ("https://www.googleadservices.com/pagead/aclk?sa=L&adurl=https://evil.test/", "evil.test"),
        ("https://www.google.com/aclk?sa=L&q&adurl=https%3A%2F%2Fevil.test%2Flp%3Fa%3D1&ctype=21", "evil.test"),
        ("https://www.google.com/aclk?sa=L&sig=x&q&adurl", "www.google.com"),  # empty
        ("https://www.google.com/aclk?adurl=https%253A%252F%252Fevil.test%252F", "evil.test"),  # encoded twice
        ("https://www.google.com/goto?url=CAESaAHr", "www.google.com"),  # opaque
        (
            "https://ad.doubleclick.net/ddm/clk/1;2;tag_for_child_directed_treatment=;%3Fhttps://evil.test/x",
            "evil.test",
        ),
        ("https://duckduckgo.com/l/?uddg=https%3A%2F%2Fevil.test%2F&rut=1", "evil.test"),
        ("https://www.bing.com/ck/a?!&p=1&u=a1aHR0cHM6Ly9ldmlsLnRlc3QvYQ&ntb=1", "evil.test"),
        ("https://www.awin1.com/cread.php?awinmid=1&ued=https%3A%2F%2Fevil.test%2F", "evil.test"),
        ("https://t.umblr.com/redirect?z=https%3A%2F%2Fevil.test%2F&t=1", "evil.test"),
        ("https://paid.outbrain.com/network/redir?p=abc&c=1", None),  # opaque
        ("https://evil.test/?url=https://hoshino-denki.example/", "evil.test"),
        ("https://bit.ly/abc", None),
        ("https://www.youtube.com/watch?v=1", "www.youtube.com"),
    ],
)
def test_destination_unwraps_redirectors(link: str, expected: str | None) -> None:
    host = destination(link)
    assert (host.ascii if host else None) == expected


def test_redirectors_that_wrap_each_other_end() -> None:
    link = "https://evil.test/"
    for _ in range(5):
        link = f"https://l.facebook.com/l.php?u={link}"
    assert destination(link) is None


def test_shared_hosts_and_carriers() -> None:
    shared, own, carried = map(parse_host, ("www.facebook.com/shop", "shop.example", "a.example.com.edgekey.net"))
    assert shared is not None
    assert own is not None
    assert carried is not None
    assert (is_shared(shared), is_shared(own)) == (True, False)
    assert (is_carried(carried), is_carried(own)) == (True, False)
