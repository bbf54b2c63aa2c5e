"""A visit as a WARC file: readers of others read it back, whatever a server sent."""

import gzip
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]

from spiders.visits.exchange import Exchange, Resource
from spiders.visits.warc import check_warc, warc_of

NOW = datetime(2026, 11, 22, 3, 4, 5, 678901, tzinfo=UTC)
SHOP = Exchange(
    url="https://shop.test/lp?x=%41&y=1#top",
    at=NOW,
    address="192.0.2.7",
    sent=(("User-Agent", "Mozilla/5.0"), ("Accept-Language", "ja"), ("Cookie", "a=1; b=2")),
    status=302,
    headers=(("Location", "/offer"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Transfer-Encoding", "chunked")),
    body=b"moved",
)
OFFER = Exchange(
    url="https://shop.test/offer",
    at=NOW + timedelta(seconds=1),
    address="2001:db8::7",
    status=200,
    headers=(("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "br"), ("Content-Length", "77")),
    body="<html><h1>星野電機 公式アウトレット</h1></html>\r\n\r\nWARC/1.1\r\nWARC-Type: response\r\n".encode(),
)
EMPTY = Exchange(url="http://shop.test", at=NOW, status=204, headers=(("Server", "x"),))
BINARY = Exchange(url="http://shop.test/a.bin", at=NOW, status=200, body=random.Random(1).randbytes(300_000))
LOST = Exchange(url="https://gone.test/", at=NOW, problem="dns")
BROKEN = Exchange(url="https://shop.test/big", at=NOW, status=200, body=b"half", problem="truncated")
PICTURE = Resource(uri="urn:mekiki:screenshot:https://shop.test/offer", media_type="image/png", at=NOW, body=b"\x89PNG")
ALL = (SHOP, OFFER, EMPTY, BINARY, LOST, BROKEN)


def archive(*exchanges: Exchange, resources: tuple[Resource, ...] = ()) -> bytes:
    return warc_of(exchanges, about={}, software="mekiki 0.5", at=NOW, resources=resources)


def read_back(data: bytes) -> list[dict[str, Any]]:
    """Read a WARC file with nothing of ours nor of its libraries: gzip, lines, lengths."""
    plain, found = gzip.decompress(data), []
    while plain:
        head, _, plain = plain.partition(b"\r\n\r\n")
        first, _, lines = head.partition(b"\r\n")
        assert first == b"WARC/1.1"
        fields = dict(line.split(": ", 1) for line in lines.decode().split("\r\n"))
        length = int(fields["Content-Length"])
        block, end, plain = plain[:length], plain[length : length + 4], plain[length + 4 :]
        assert end == b"\r\n\r\n"
        record: dict[str, Any] = {"fields": fields, "block": block, "type": fields["WARC-Type"]}
        if fields["Content-Type"].startswith("application/http"):
            head, _, body = block.partition(b"\r\n\r\n")
            start, _, lines = head.partition(b"\r\n")
            headers = BytesHeaderParser().parsebytes(lines + b"\r\n\r\n")
            record |= {"start": start.decode(), "headers": headers, "body": body}
        found.append(record)
    return found


def of_type(data: bytes, kind: str) -> list[dict[str, Any]]:
    return [record for record in read_back(data) if record["type"] == kind]


def edited(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return a WARC file with something replaced, each record in its gzip member still."""
    stream, places = ArchiveIterator(BytesIO(data)), []
    for _ in stream:
        start = stream.get_record_offset()
        places.append((start, start + stream.get_record_length()))
    return b"".join(gzip.compress(gzip.decompress(data[start:end]).replace(old, new)) for start, end in places)


def warcio(tmp_path: Path, data: bytes, *command: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "visit.warc.gz"
    file.write_bytes(data)
    program = Path(sys.executable).with_name("warcio")
    return subprocess.run([program, *command, file], capture_output=True, text=True, check=False)


def test_an_independent_reader_replays_each_url() -> None:
    data = archive(*ALL)
    replayed = {record["fields"]["WARC-Target-URI"]: record for record in of_type(data, "response")}
    answered = [one for one in ALL if one.status is not None]
    assert list(replayed) == [one.url for one in answered]
    for one in answered:
        record = replayed[one.url]
        assert record["body"] == one.body
        assert int(record["headers"]["Content-Length"]) == len(one.body)
        assert record["start"].startswith(f"HTTP/1.1 {one.status} ")


def test_one_gzip_member_for_each_record() -> None:
    data = archive(SHOP, LOST, resources=(PICTURE,))
    assert [record["type"] for record in read_back(data)] == ["warcinfo", "response", "request", "metadata", "resource"]
    stream = ArchiveIterator(BytesIO(data))
    sizes = [stream.get_record_length() for _ in stream]
    assert sum(sizes) == len(data)
    assert len(sizes) == 5


def test_warcio_reads_it_and_its_digests_fit(tmp_path: Path) -> None:
    data = archive(*ALL, resources=(PICTURE,))
    records = []
    for record in ArchiveIterator(BytesIO(data), check_digests="raise"):
        body = record.content_stream().read()
        records.append((record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), body))
        assert record.digest_checker.passed
    bodies = {uri: body for kind, uri, body in records if kind == "response"}
    assert bodies == {one.url: one.body for one in ALL if one.status is not None}
    assert ("resource", PICTURE.uri, PICTURE.body) in records
    checked = warcio(tmp_path, data, "check", "-v")
    assert (checked.returncode, checked.stdout.count("digest pass")) == (0, len(records))
    indexed = warcio(tmp_path, data, "index")
    assert indexed.returncode == 0
    assert len(indexed.stdout.splitlines()) == len(records)
    assert check_warc(BytesIO(data)) == (len(records), [])


def test_the_records_of_one_exchange_say_so() -> None:
    [response], [request] = (of_type(archive(SHOP), kind) for kind in ("response", "request"))
    assert request["fields"]["WARC-Concurrent-To"] == response["fields"]["WARC-Record-ID"]
    for record in (request, response):
        assert record["fields"]["WARC-IP-Address"] == "192.0.2.7"
        assert record["fields"]["WARC-Date"] == "2026-11-22T03:04:05.678901Z"
    assert request["start"] == "GET /lp?x=%41&y=1 HTTP/1.1"
    assert request["headers"].items() == [
        ("Host", "shop.test"),
        ("User-Agent", "Mozilla/5.0"),
        ("Accept-Language", "ja"),
        ("Cookie", "a=1; b=2"),
    ]
    assert response["headers"].get_all("Set-Cookie") == ["a=1", "b=2"]


def test_a_query_without_a_path_and_a_host_with_a_port_are_asked_for_as_they_are() -> None:
    [request] = of_type(archive(replace(SHOP, url="http://user@shop.test:8080?q=1", sent=())), "request")
    assert (request["start"], request["headers"]["Host"]) == ("GET /?q=1 HTTP/1.1", "shop.test:8080")


def test_a_scheme_is_written_as_readers_expect_it() -> None:
    records = ArchiveIterator(BytesIO(archive(replace(EMPTY, url="HTTP://shop.test/"))))
    kinds = {one.rec_type: one for one in records}
    assert kinds["response"].rec_headers.get_header("WARC-Target-URI") == "http://shop.test/"
    assert kinds["response"].http_headers.get_statuscode() == "204"


def test_what_described_the_body_on_the_wire_is_kept_under_another_name() -> None:
    [record] = of_type(archive(OFFER), "response")
    assert record["headers"].items() == [
        ("Content-Type", "text/html; charset=utf-8"),
        ("X-Archive-Orig-Content-Encoding", "br"),
        ("X-Archive-Orig-Content-Length", "77"),
        ("Content-Length", str(len(OFFER.body))),
    ]


def test_an_exchange_without_an_answer_says_why_and_one_that_broke_off_too() -> None:
    lost, broken = of_type(archive(LOST, BROKEN), "metadata")
    assert lost["fields"]["WARC-Target-URI"] == "https://gone.test/"
    assert lost["block"] == b"method: GET\r\nproblem: dns\r\n"
    assert b"problem: truncated" in broken["block"]
    assert "WARC-Concurrent-To" in broken["fields"]


def test_the_first_record_tells_of_the_visit() -> None:
    hostile = "星野\r\n\r\nWARC/1.1\r\n\ud800"
    about = {"visitor": "telephone", "subject": hostile, "country": None, "a b\r\n": 1}
    first = read_back(warc_of([SHOP], about=about, software="mekiki 0.5", at=NOW))[0]
    assert first["type"] == "warcinfo"
    lines = first["block"].decode().split("\r\n")
    assert lines[0] == "software: mekiki 0.5"
    assert "visitor: telephone" in lines
    assert "subject: 星野    WARC/1.1  \\ud800" in lines
    assert "a_b__: 1" in lines
    assert not any(line.startswith("country") for line in lines)


def test_equal_visits_have_equal_files_and_records_have_names_of_their_own() -> None:
    data = archive(SHOP, SHOP, OFFER)
    assert data == archive(SHOP, SHOP, OFFER)
    names = [record["fields"]["WARC-Record-ID"] for record in read_back(data)]
    assert len(set(names)) == len(names) == 7


HOSTILE = "\r\n\r\nWARC/1.1\r\nWARC-Type: response\r\n\x00\x0b\x85\xa0\u2028星\ud800"


@pytest.mark.parametrize(
    "change",
    [
        {"headers": (("X-Name", HOSTILE), (HOSTILE, "value"), ("", ""), (":status", "200"), ("A:B", "c"))},
        {"sent": (("User-Agent", HOSTILE), (HOSTILE, "value"))},
        {"url": f"https://shop.test/{HOSTILE}"},
        {"url": HOSTILE},
        {"url": "http://[::1/ bad"},
        {"url": "HTTP://shop.test/"},
        {"method": f"GET {HOSTILE}"},
        {"address": HOSTILE},
        {"status": 7},
        {"status": 999},
        {"problem": HOSTILE},
    ],
    ids=str,
)
def test_nothing_that_a_server_sends_breaks_a_record(tmp_path: Path, change: dict[str, Any]) -> None:
    picture = replace(PICTURE, uri=f"urn:x:{HOSTILE}", media_type=f"image/png{HOSTILE}")
    data = archive(replace(OFFER, **change), SHOP, resources=(picture,))
    kinds = [record["type"] for record in read_back(data)]
    more = ["metadata"] * ("problem" in change)
    assert kinds == ["warcinfo", "response", "request", *more, "response", "request", "resource"]
    assert of_type(data, "response")[0]["body"] == OFFER.body
    assert warcio(tmp_path, data, "check").returncode == 0


def test_bytes_of_a_header_come_through_as_they_were() -> None:
    [record] = of_type(archive(replace(SHOP, headers=(("X-Title", "星".encode().decode("latin-1")),))), "response")
    assert b"X-Title: " + "星".encode() + b"\r\n" in record["block"]


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(max_size=20),
    value=st.text(max_size=50),
    url=st.text(max_size=50),
    body=st.binary(max_size=200),
)
def test_any_text_anywhere_leaves_whole_records(name: str, value: str, url: str, body: bytes) -> None:
    one = Exchange(url=url, method=name, at=NOW, sent=((name, value),), status=200, headers=((name, value),), body=body)
    data = warc_of([one], about={name: value}, software=value, at=NOW)
    assert [record["type"] for record in read_back(data)] == ["warcinfo", "response", "request"]
    assert of_type(data, "response")[0]["body"] == body
    assert check_warc(BytesIO(data)) == (3, [])


def test_a_changed_byte_is_found_and_the_record_named() -> None:
    records, problems = check_warc(BytesIO(edited(archive(SHOP, OFFER), "公式".encode(), b"------")))
    assert records == 5
    assert len(problems) == 1
    assert problems[0].startswith("record 4: block digest failed")


def test_what_is_cut_off_or_no_warc_is_told() -> None:
    data = archive(SHOP, OFFER)
    assert check_warc(BytesIO(data[:-60]))[1]
    assert check_warc(BytesIO(b"")) == (0, ["holds no record"])
    assert check_warc(BytesIO(b"GIF89a"))[1] == ["unreadable after record 0: BadGzipFile"]
    assert check_warc(BytesIO(gzip.compress(b"GIF89a")))[1] == ["unreadable after record 0: ArchiveLoadFailed"]
    assert check_warc(BytesIO(b"\x1f\x8b\x08garbage"))[1]
    bare = edited(edited(data, b"WARC-Block-Digest", b"X-Block-Digest"), b"WARC-Payload", b"X-Payload")
    assert check_warc(BytesIO(bare))[1][0] == "record 1: cut off, or without a digest"
