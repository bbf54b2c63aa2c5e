"""Parts of sources: together they are the whole, each thing is in one of them, and what is small stays whole."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import config as configuration
from spiders.api import ApiSpider
from spiders.crawl import KINDS, spider_of
from spiders.parts import FEWEST, MOST, SHALLOW, host_part, named, parted
from spiders.run import Intent
from spiders.slices import slices_of
from storage.database import open_engine, snapshot, upgrade
from tests.servers.crawling import BRAND, Crawling
from tests.servers.interfaces import INTERFACES
from tests.servers.names import nobody
from tests.servers.programs import mekiki
from tests.servers.web import Answer, Hit, WebServer

QUERIES = [f"星野電機 {number}" for number in range(70)]


@pytest.mark.parametrize("least", [1, SHALLOW])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 63, 64, 65, 500, 5000])
def test_each_unit_is_in_one_part_and_few_units_make_none(count: int, least: int) -> None:
    units = [f"query=星野電機 {number}" for number in range(count)]
    parts = parted(units, word="queries", least=least)
    assert sorted(unit for part in parts.values() for unit in part) == sorted(units)
    assert len(parts) <= MOST
    assert (set(parts) == {""}) == (count // least < FEWEST)
    assert len(parts) == 1 or len(parts) * least <= count


def test_names_of_parts_hold_while_a_source_grows() -> None:
    before, after = (parted([f"q{n}" for n in range(count)], word="queries", least=1) for count in (200, 900))
    assert all(before[name] <= after[name] for name in before)


@pytest.mark.parametrize(
    ("about", "name"),
    [
        ({"query": "星野電機", "place": "Japan"}, "query=星野電機&place=Japan"),
        ({"query": "星野電機", "place": ""}, "query=星野電機"),
        ({}, ""),
    ],
)
def test_parts_are_called_by_what_they_ask_for(about: dict[str, str], name: str) -> None:
    assert named(about) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Shop.Test/a:1", "host=shop.test"),
        ("http://127.0.0.1:8080/x", "host=127.0.0.1:8080"),
        ("https://星野電機.example/", "host=xn--kivo8gj38bple.example"),
    ],
)
def test_addresses_of_a_host_are_one_unit(url: str, name: str) -> None:
    assert host_part(url) == name


API_KINDS = [kind for kind, spider in KINDS.items() if issubclass(spider, ApiSpider) and kind in INTERFACES]


@pytest.mark.parametrize("kind", API_KINDS)
def test_questions_of_all_parts_are_those_of_the_whole(kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CANARY", "t0ken-of-the-brand-team")
    interface = INTERFACES[kind]
    brands = BRAND.replace('"hoshinodenki"]', ", ".join(f'"{query}"' for query in ("hoshinodenki", *QUERIES)) + "]")
    file = tmp_path / "mekiki.toml"
    table = interface.table.format(home="https://api.example") + "\n" + interface.more
    file.write_text(f'[crawler]\ncontact = "a@b.example"\n{brands}\n[[source]]\nkey = "ads"\nkind = "{kind}"\n{table}')
    config = configuration.load(file)
    source = config.source[0]
    spider: Any = spider_of(source)
    whole = list(spider(Intent(source=source, config=config)).questions())
    parts = spider(Intent(source=source, config=config))._parted() if spider.questions_a_part else {"": whole}
    together = [question for questions in parts.values() for question in questions]
    assert sorted(question.identity for question in together) == sorted(question.identity for question in whole)
    assert (len(parts) > 1) == (spider.questions_a_part > 0 and len(whole) >= FEWEST * spider.questions_a_part)


class Library(WebServer):
    """Ads of the Meta Ad Library: two pages for each query, one ad on each."""

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        query = parse_qs(urlsplit(hit.path).query)
        number, second = query["search_terms"][0].rpartition(" ")[2], "after" in query
        paging = {} if second else {"paging": {"cursors": {"after": "two"}, "next": "https://graph.facebook.com/?a"}}
        row = {"id": f"{number}-{'two' if second else 'one'}"}
        return Answer(body=json.dumps({"data": [row], **paging}).encode(), kind="application/json")


def test_parts_go_on_where_the_whole_ended_and_find_what_it_would_have_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t0ken-of-the-brand-team")
    crawling = Crawling(tmp_path)
    source = '[[source]]\nkey = "ads"\nkind = "meta"\ntoken = "env:TOKEN"\nurl = "{}"\nqueries = {}\ndelay = 0.0\n'
    table = source.format("{}", json.dumps(QUERIES[:4], ensure_ascii=False))
    with Library() as library:
        crawling.configure(table.format(library.url) + "max_pages = 4\n", allow=[library.allow])
        crawling.crawl()
        assert not any("after=" in hit.path for hit in library.hits)
        crawling.configure(table.format(library.url), allow=[library.allow])
        parts = slices(crawling)
        assert parts == tuple(f"query={query}" for query in QUERIES[:4])
        for part in parts:
            library.hits.clear()
            report = crawling.crawl(sources=["ads"], slice=part)["ads"]
            assert (report.outcome, report.items) == ("ok", 1), report.problems
            [hit] = library.hits
            assert "after=two" in hit.path
            assert part.removeprefix("query=") in parse_qs(urlsplit(hit.path).query)["search_terms"]
    ids = [row for (row,) in crawling.rows("SELECT external_id FROM items ORDER BY 1")]
    assert ids == [f"{number}-{page}" for number in range(4) for page in ("one", "two")]
    assert crawling.rows("SELECT count(*) FROM sightings") == [(8,)]
    noted = crawling.rows("SELECT slice, outcome FROM runs ORDER BY id")
    assert noted == [("", "ok"), *[(part, "ok") for part in parts]]


def test_the_parts_of_a_round_share_its_budget_of_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t0ken-of-the-brand-team")
    crawling = Crawling(tmp_path)
    with Library() as library:
        crawling.configure(
            f'[[source]]\nkey = "ads"\nkind = "meta"\ntoken = "env:TOKEN"\nurl = "{library.url}"\nmax_pages = 3\n'
            f"queries = {json.dumps(QUERIES[:4], ensure_ascii=False)}\ndelay = 0.0\n",
            allow=[library.allow],
        )
        for query, asked in ((QUERIES[0], 2), (QUERIES[1], 1), (QUERIES[2], 0)):
            library.hits.clear()
            part = ("--source", "ads", "--slice", f"query={query}", "--round", "2026-11-30T00:00:00+00:00")
            told = mekiki("crawl", "-c", crawling.file, *part)
            assert (told.returncode, len(library.hits)) == (0, asked), told.stderr
    assert "max_pages = 3" in told.stderr


def test_lists_of_many_hosts_are_read_in_parts_and_what_has_not_changed_is_known_to_all(tmp_path: Path) -> None:
    crawling, hosts = Crawling(tmp_path), [f"list{number}.example" for number in range(8)]
    with WebServer() as server:
        for number in range(64):
            body = f"https://shop{number}.test/\n".encode()
            server.pages[f"/{number}.txt"] = Answer(body=body, kind="text/plain", headers={"ETag": f'"{number}"'})
        urls = [f"http://{hosts[number % 8]}:{server.port}/{number}.txt" for number in range(64)]
        crawling.configure(
            f'[[source]]\nkey = "lists"\nkind = "feed"\nformat = "urls"\ndelay = 0.0\nurls = {json.dumps(urls)}\n',
            allow=[server.allow],
            hosts=dict.fromkeys(hosts, "127.0.0.1"),
        )
        parts = slices(crawling)
        assert set(parts) <= {f"hosts={number}/4" for number in range(1, 5)}
        for part in parts:
            assert crawling.crawl(sources=["lists"], slice=part)["lists"].outcome == "ok"
        assert crawling.rows("SELECT count(DISTINCT external_id), count(*) FROM items") == [(64, 64)]
        assert sorted(server.paths()) == sorted(f"/{number}.txt" for number in range(64))
        server.hits.clear()
        crawling.crawl()
        asked = [hit for hit in server.hits if hit.path != "/robots.txt"]
    assert len(asked) == 64
    assert all("if-none-match" in hit.headers for hit in asked)


def test_neighbours_of_each_domain_are_looked_up_from_where_the_whole_ended(tmp_path: Path) -> None:
    crawling, near = Crawling(tmp_path), ("ab", "cd", "ef", "gh", "z-b", "z-f", "z-h")
    source = (
        '[[source]]\nkey = "near"\nkind = "permutations"\nmost = {}\nat_once = 500\nseconds = 2.0\nresolver = "{}"\n'
    )
    source += 'domains = ["a-b.example", "c-d.example", "e-f.example", "g-h.example"]\n'
    hosts = {f"{name}.example": "203.0.113.7" for name in near}
    with nobody() as resolver:
        crawling.configure(source.format(500, resolver), allow=[], hosts=hosts)
        first = crawling.crawl()["near"]
        assert 0 < first.items < len(near)
        crawling.configure(source.format(1000, resolver), allow=[], hosts=hosts)
        parts = slices(crawling)
        assert len(parts) == 4
        for part in parts:
            crawling.crawl(sources=["near"], slice=part)
    seen = crawling.rows("SELECT external_id, count(*) FROM items JOIN sightings ON item_id = items.id GROUP BY 1")
    assert sorted(seen) == sorted((f"{name}.example", 1) for name in near)


def test_a_part_that_a_source_does_not_have_is_told_with_those_that_it_has(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    domains = json.dumps([f"hoshino{number}.example" for number in range(9)])
    crawling.configure(f'[[source]]\nkey = "near"\nkind = "permutations"\ndomains = {domains}\n', allow=[])
    told = mekiki("crawl", "-c", crawling.file, "--source", "near", "--slice", "domain=other.example")
    assert told.returncode == 2
    assert "no part 'domain=other.example'; known: domain=hoshino0.example" in told.stderr
    assert "… (9 in all)" in told.stderr
    assert len(told.stderr.splitlines()) == 1


def slices(crawling: Crawling) -> tuple[str, ...]:
    """Return the parts of the first source."""
    settings = configuration.load(crawling.file)
    engine = open_engine(settings.storage.database)
    upgrade(engine)
    with snapshot(engine) as session:
        found = slices_of(settings, settings.source[0], session)
    engine.dispose()
    return found
