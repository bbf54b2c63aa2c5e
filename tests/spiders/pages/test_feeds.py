"""Feeds: what settings and hostile or broken input do. Golden files show whole feeds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.items import decode_item
from safety.sandbox import Sandbox
from spiders.pages.feeds import MAX_BAD, parse_feed

REAL = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, wall_seconds=30) as sandbox:
        yield sandbox


def rows(text: str, **options: Any) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = parse_feed(text.encode(), **options)["rows"]
    return result


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("<?xml version='1.0'?><rss version='2.0'><channel><title>x</title></channel></rss>", "rss"),
        ('\ufeff{"url": "https://a.test/"}', "jsonl"),
        ("# list\nhttps://a.test/?x=1,2\nb.test\n", "urls"),
        ("hxxps://a[.]test/", "urls"),
        ("url\nhttps://a.test/\n", "csv"),
        ("https://a.test/,2026-01-01\n", "csv"),
        ("a.test,b", "csv"),
    ],
)
def test_format_is_recognised(text: str, format: str) -> None:
    assert parse_feed(text.encode())["format"] == format


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"columns": {"url": "Link"}}, "no column 'Link'; the columns are url, title"),
        ({"columns": {"link_url": "url"}}, "columns.link_url: expected one of advertiser"),
        ({"time_zone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"format": "xls"}, "format: expected auto"),
        ({"format": "rss"}, "no RSS"),
    ],
)
def test_wrong_settings_are_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_feed(b"url,title\nhttps://a.test/,x\n", **options)


@pytest.mark.parametrize(
    "prolog",
    ['<!DOCTYPE rss [<!ENTITY a "b">]>', "<!DOCTYPE rss\n[]>", '<!ENTITY % a SYSTEM "file:///etc/passwd">'],
)
def test_xml_with_declarations_is_refused(prolog: str) -> None:
    feed = f"<?xml version='1.0'?>{prolog}<rss version='2.0'><channel><item><title>&a;</title></item></channel></rss>"
    with pytest.raises(ValueError, match="declares"):
        parse_feed(feed.encode(), format="rss")
    assert rows("<!DOCTYPE rss PUBLIC 'x' 'http://x.test/x.dtd'>" + feed[feed.index("<rss") :])[0]["texts"]


def test_ids_are_stable_and_tell_kinds_apart() -> None:
    first, again = rows("https://a.test/\nhttps://a.test/\n")
    assert first["id"] == again["id"]
    assert len(first["id"]) == 32
    assert rows("https://a.test/\n", item="domain")[0]["id"] != first["id"]
    assert rows("title\none\ntwo\n")[0]["id"] != rows("title\none\ntwo\n")[1]["id"]
    assert rows("nr,url\n7,https://a.test/\n", columns={"id": "nr", "url": "url"})[0]["id"] == "7"


def test_where_a_link_goes_depends_on_the_kind() -> None:
    table = "url,link\nhttps://post.example/1,https://fake.test/\n"
    for kind in ("ad", "post", "comment"):
        (row,) = rows(table, item=kind)
        assert (row["url"], row["links"]) == ("https://post.example/1", ["https://fake.test/"])
    assert rows("link\nhttps://fake.test/\n", item="page")[0]["url"] == "https://fake.test/"
    assert rows("link\nhttps://fake.test/\n", item="ad")[0]["links"] == ["https://fake.test/"]


def test_times_take_the_zone() -> None:
    table = (
        "url,date\nhttps://a.test/,2025/10/01 10:25:00\nhttps://a.test/,2025-10-01T10:25:00Z\nhttps://a.test/,soon\n"
    )
    tokyo, utc, soon = rows(table, time_zone="Asia/Tokyo")
    assert tokyo["seen_at"] == "2025-10-01T01:25:00Z"
    assert utc["seen_at"] == "2025-10-01T10:25:00Z"
    assert "seen_at" not in soon
    assert soon["raw"] == {"date": "soon"}


def test_huge_field_and_nul_cost_one_line() -> None:
    result = parse_feed(("url,title\nhttps://a.test/," + "x" * 200_000 + "\nhttps://b.test/,\x00\n").encode())
    assert result["bad"] == [{"line": 2, "why": "field larger than field limit (131072)"}]
    assert [row["url"] for row in result["rows"]] == ["https://b.test/"]


def test_bad_lines_are_counted_beyond_the_list() -> None:
    result = parse_feed(b"url,title\n" + b"x\n" * 3_000 + b"https://a.test/,x\n")
    assert (len(result["bad"]), result["bad_count"], len(result["rows"])) == (MAX_BAD, 3_000, 1)
    assert result["bad"][0] == {"line": 2, "why": "1 columns instead of 2"}


def test_quotes_that_never_close_cost_their_own_lines() -> None:
    result = parse_feed(b"url,title,x\n" + b'https://a.test/,"x,1\nhttps://b.test/,y,2\n' * 50)
    assert [row["url"] for row in result["rows"]].count("https://b.test/") >= 25


def test_chained_quotes_stay_within_the_default_limits(sandbox: Sandbox) -> None:
    body = b"url,title,x\n" + b'1,x","2\n' * 200_000 + b"https://a.test/,x,1\n"
    assert sandbox.call("spiders.pages.feeds:parse_feed", body, format="csv")["bad_count"] > 200


def test_big_csv_fits_the_default_limits(sandbox: Sandbox) -> None:
    line = "2025/10/01 10:25:00,https://hoshino-{0}.test/login/{0}?{1},星野電機を騙るページ\n"
    body = "date,URL,note\n" + "".join(line.format(number, "x" * 40) for number in range(40_000))
    assert len(body.encode()) > 5_000_000
    result = sandbox.call("spiders.pages.feeds:parse_feed", body.encode(), columns={"url": "URL", "seen_at": "date"})
    assert (len(result["rows"]), result["bad_count"]) == (40_000, 0)


@pytest.mark.parametrize("format", ["auto", "csv", "jsonl", "urls"])
@given(body=st.binary(max_size=400) | st.text('{}[]":,\n\r\\ua1.x<> ', max_size=200).map(str.encode))
def test_any_bytes_are_survived(format: str, body: bytes) -> None:
    try:
        result = parse_feed(body, format=format, item="ad")
    except ValueError:
        return
    msgspec.msgpack.encode(result)
    for row in result["rows"]:
        decode_item(json.dumps(row))


@given(
    st.lists(
        st.sampled_from(
            ["<rss>", "<channel>", "<item>", "<title>", "</item>", "&amp;", "&x;", "<![CDATA[", "]]>", "a", "<link>"]
        )
    )
)
def test_any_markup_is_survived(parts: list[str]) -> None:
    try:
        msgspec.msgpack.encode(parse_feed(("<rss>" + "".join(parts)).encode(), format="rss"))
    except ValueError:
        return


@pytest.mark.parametrize(
    "line",
    [
        '{"url": "\\ud800.test"}',
        '{"a":' * 3_000,
        '{"n": 1e999}',
        '{"url": NaN}',
        '{"a": {"b": [9999999999999999999999]}, "url": "a.test"}',
    ],
)
def test_odd_json_costs_at_most_its_line(line: str) -> None:
    result = parse_feed(f'{line}\n{{"url": "https://b.test/"}}'.encode(), format="jsonl")
    msgspec.msgpack.encode(result)
    assert result["rows"][-1]["url"] == "https://b.test/"


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "jpcert").is_dir(), reason="../shared/data/jpcert is not here")
def test_real_phishing_list(sandbox: Sandbox) -> None:
    total = 0
    for path in sorted((REAL / "jpcert").glob("*.csv")):
        columns = {"url": "URL", "seen_at": "date"}
        result = sandbox.call(
            "spiders.pages.feeds:parse_feed", path.read_bytes(), columns=columns, time_zone="Asia/Tokyo"
        )
        assert result["bad_count"] == 0, (path.name, result["bad"][:3])
        undated = [row["raw"]["date"] for row in result["rows"] if "seen_at" not in row]
        assert set(undated) <= {" "}, "the list has a few rows without a date"
        total += len(result["rows"])
    assert total > 100_000
