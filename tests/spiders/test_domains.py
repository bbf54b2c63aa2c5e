"""Names close to one's own that resolve, services that collect bad addresses, and plain lists, over the network."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.crawling import Crawling
from tests.servers.names import nobody
from tests.servers.web import Answer, Hit, WebServer
from tests.spiders.pages.test_domains import BAD, SCAN

SHARED = Path(__file__).resolve().parents[3] / "shared/data"
SOURCES = """
[[source]]
key = "scanned"
kind = "urlscan"
token = "env:SCAN_KEY"
url = "{url}/search/"
pictures = false
delay = 0.0
[[source]]
key = "malware"
kind = "urlhaus"
token = "env:SCAN_KEY"
url = "{url}/recent/"
delay = 0.0
"""


class Services(WebServer):
    """urlscan.io, two pages a search, and URLhaus."""

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        path, query = urlsplit(hit.path).path, parse_qs(urlsplit(hit.path).query)
        key = hit.headers.get("api-key") or hit.headers.get("auth-key")
        if key != "a-key-of-ours":
            return Answer(status=403, body=b"{}")
        first = "search_after" not in query
        row = {**SCAN, "page": {**SCAN["page"], "url": f"https://hoshino-sale{len(self.hits)}.test/"}}
        found: dict[str, Any] = (
            {"results": [row], "has_more": first} if path == "/search/" else {"query_status": "ok", "urls": [BAD]}
        )
        return Answer(body=json.dumps(found).encode(), kind="application/json")


@pytest.fixture
def services() -> Iterator[Services]:
    with Services() as server:
        yield server


def test_services_that_collect_addresses(tmp_path: Path, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAN_KEY", "a-key-of-ours")
    crawling = Crawling(tmp_path)
    crawling.configure(SOURCES.format(url=services.url), allow=[services.allow])
    report = crawling.crawl()
    assert {source.key: (source.outcome, source.items) for source in report.sources} == {
        "scanned": ("ok", 4),  # two names that differ in hosts, two pages each
        "malware": ("ok", 1),
    }, [source.problems for source in report.sources]
    asked = {parse_qs(urlsplit(hit.path).query).get("q", [""])[0] for hit in services.hits}
    assert '(page.title:"星野電機" AND NOT page.apexDomain:hoshino-denki.example) AND date:>now-7d' in asked
    assert "(page.domain:*hoshinodenki* AND NOT page.apexDomain:hoshino-denki.example) AND date:>now-7d" in asked
    assert b"a-key-of-ours" not in (tmp_path / "mekiki.db").read_bytes() + crawling.log.encode()


def test_names_close_to_ours_that_resolve(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    hosts = {"hosh1no.example": "203.0.113.7", "hoshino.shop": "203.0.113.8", "garden.example": "203.0.113.9"}
    source = """
[[source]]
key = "near"
kind = "permutations"
domains = ["hoshino.example"]
suffixes = ["shop"]
most = 100000
at_once = 500
seconds = 2.0
"""
    with nobody() as resolver:
        crawling.configure(f'{source}resolver = "{resolver}"\n', allow=[], hosts=hosts)
        report = crawling.crawl()["near"]
    assert report.outcome == "ok", report.problems
    contents = [json.loads(text) for (text,) in crawling.rows("SELECT content FROM item_versions")]
    found = {item["id"]: item["raw"] for item in contents}
    assert set(found) == {"hosh1no.example", "hoshino.shop"}
    assert found["hosh1no.example"]["addresses"] == ["203.0.113.7"]
    assert found["hoshino.shop"]["trick"] == "tld-swap"
    assert crawling.rows("SELECT value FROM cursors") == [('{"next": 0}',)]


def test_a_run_takes_so_many_names_and_the_next_goes_on(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    source = '[[source]]\nkey = "near"\nkind = "permutations"\ndomains = ["a-b.example"]\nmost = 40\nresolver = "{}"\n'
    with nobody() as resolver:
        crawling.configure(source.format(resolver), allow=[])
        first = crawling.crawl()["near"]
        assert "names are left for the next run" in first.problems[0]
        assert crawling.rows("SELECT value FROM cursors") == [('{"next": 40}',)]
        crawling.crawl()
    assert crawling.rows("SELECT value FROM cursors") == [('{"next": 80}',)]


def test_a_resolver_that_does_not_answer_is_no_proof_that_names_are_free(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    source = '[[source]]\nkey = "near"\nkind = "permutations"\ndomains = ["a-b.example"]\nmost = 20\nseconds = 0.1\n'
    crawling.configure(source + 'resolver = "127.0.0.1:9"\n', allow=[])
    report = crawling.crawl()["near"]
    assert (report.outcome, report.errors) == ("failed", {"dns": 1}), report.problems
    assert "gave no answer to 20 of 20 names" in report.problems[0]
    assert crawling.rows("SELECT count(*) FROM cursors") == [(0,)]


@pytest.mark.real_data
def test_plain_lists_are_read_as_documented(tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("../shared/data is absent")
    (table,) = sorted((SHARED / "jpcert").rglob("*.csv"))[:1]
    crawling = Crawling(tmp_path)
    crawling.configure(
        f'[[source]]\nkey = "openphish"\nkind = "feed"\npaths = ["{SHARED}/feeds/openphish_feed.txt"]\n'
        'format = "urls"\n'
        f'[[source]]\nkey = "jpcert"\nkind = "feed"\npaths = ["{table}"]\nformat = "csv"\n'
        'columns = { url = "URL", seen_at = "date", description = "description" }\ntime_zone = "Asia/Tokyo"\n',
        allow=[],
    )
    report = crawling.crawl(limit=300)
    assert {source.key: (source.outcome, source.items) for source in report.sources} == {
        "openphish": ("ok", 300),
        "jpcert": ("ok", 300),
    }
