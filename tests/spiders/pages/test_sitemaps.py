"""Sitemaps: hostile and oversized ones. Golden files show each form."""

import gzip
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.sandbox import Refused, Sandbox
from spiders.pages.sitemaps import MAX_URLS, parse_sitemap

SHOP = "https://shop.example/sitemap.xml"


def test_urls_are_bounded_and_unique() -> None:
    entries = "".join(f"<url><loc>https://shop.example/{number}</loc></url>" for number in range(MAX_URLS + 10))
    urls = parse_sitemap(f"<urlset>{entries}</urlset>".encode(), url=SHOP)["urls"]
    assert len(urls) == len(set(urls)) == MAX_URLS


def test_gzip_bomb_is_refused_before_it_is_unpacked() -> None:
    packer = zlib.compressobj(1, wbits=31)
    parts = [packer.compress(b" " * 2**24) for _ in range(32)]
    bomb = b"".join(parts) + packer.flush()
    with (
        Sandbox(workers=1, wall_seconds=30, memory_bytes=2**29) as sandbox,
        pytest.raises(Refused, match="unpacks to more"),
    ):
        sandbox.call("spiders.pages.sitemaps:parse_sitemap", bomb, url=SHOP)


def test_broken_gzip_is_refused_and_a_cut_one_is_read() -> None:
    packed = gzip.compress(b"<urlset><url><loc>https://shop.example/1</loc></url>" + b" " * 9_999)
    assert parse_sitemap(packed[:-8], url=SHOP)["urls"] == ["https://shop.example/1"]
    with pytest.raises(ValueError, match="broken"):
        parse_sitemap(packed[:4] + b"\xff" * 20, url=SHOP)


def test_another_document_is_refused() -> None:
    with pytest.raises(ValueError, match="no sitemap"):
        parse_sitemap(b"<!DOCTYPE html><title>404</title>", url=SHOP)


def test_entities_stay_what_they_are() -> None:
    laughs = '<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY a{n} "{"&a;" * 10}">' for n in range(10))
    xml = f"<!DOCTYPE urlset [{laughs}]><urlset><url><loc>https://shop.example/&a9;</loc></url></urlset>"
    assert parse_sitemap(xml.encode(), url=SHOP)["urls"] == ["https://shop.example/&a9;"]


@pytest.mark.parametrize("part", ["<url><loc> <loc ", "<url>" + "<loc>" * 3, "<" * 9, "<loc><![CDATA["])
def test_hostile_xml_is_read_in_linear_time(part: str) -> None:
    result = parse_sitemap(("<urlset>" + part * (4_000_000 // len(part))).encode(), url=SHOP)
    assert len(result["urls"]) <= 1


@given(
    st.binary(max_size=300)
    | st.text("<>/urlsetloc: \nh.[]&;", max_size=200).map(lambda text: b"<urlset>" + text.encode())
)
def test_any_bytes_are_survived(body: bytes) -> None:
    try:
        result = parse_sitemap(body, url=SHOP)
    except ValueError:
        return
    msgspec.msgpack.encode(result)
    assert set(result) == {"urls", "sitemaps"}
