"""Answers that are built to fill the memory or to keep us busy: each costs itself, is named, and is no way to hide."""

import hashlib
import json
from pathlib import Path

import pytest

from spiders.handler import MOST_PACKED
from tests.servers import bombs
from tests.servers.crawling import Crawling
from tests.servers.web import Answer, WebServer

DEEP_JSON = '{"data": ' + "[" * 200_000
ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "'
    + "x" * 1000
    + '"><!ENTITY b "'
    + "&a;" * 1000
    + '">]><rss version="2.0"><channel><item><title>'
    + "&b;" * 1000
    + "</title></item></channel></rss>"
)
TYPES = "<!DOCTYPE a" * 100_000 + '<rss version="2.0"></rss>'


def source(key: str, kind: str, url: str, more: str = "") -> str:
    return f'[[source]]\nkey = "{key}"\nkind = "{kind}"\ndelay = 0\nurls = ["{url}"]\n{more}\n'


class World:
    """One crawl of all of them, a source each, and a healthy one."""

    def __init__(self, folder: Path) -> None:
        self.pictures = dict(bombs.pictures())
        self.markup = list(bombs.markup().values())
        self.crawling = Crawling(folder)
        with WebServer() as site:
            tables = [*self._unpacking(site), *self._markup(site), *self._lists(site), *self._pictures(site)]
            site.html("/healthy", "<title>healthy</title><p>words</p>")
            tables.append(source("healthy", "web", f"{site.url}/healthy"))
            self.crawling.configure(
                "".join(tables),
                allow=[site.allow],
                hosts={"trap.test": "127.0.0.1"},
                crawler="timeout = 30\nmax_bytes = 3500000\n[detector]\nwords = false",
            )
            self.report = self.crawling.crawl()
            self.site = site

    def _unpacking(self, site: WebServer) -> list[str]:
        tables = []
        packed = {
            **bombs.encodings(),
            ", ".join(["gzip"] * MOST_PACKED): bombs.layers(MOST_PACKED),
            ", ".join(["gzip"] * (MOST_PACKED + 1)): bombs.layers(MOST_PACKED + 1),
            ", ".join(["gzip"] * 2000): bombs.layers(100),
        }
        for number, (encoding, body) in enumerate(packed.items()):
            site.pages[f"/packed/{number}"] = Answer(body=body, headers={"Content-Encoding": encoding})
            tables.append(source(f"packed{number}", "web", f"{site.url}/packed/{number}"))
        return tables

    def _markup(self, site: WebServer) -> list[str]:
        pages = [bombs.buried(depth) for depth in bombs.DEPTHS] + self.markup
        for number, page in enumerate(pages):
            site.html(f"/page/{number}", page)
        return [source(f"page{number}", "web", f"{site.url}/page/{number}") for number in range(len(pages))]

    def _lists(self, site: WebServer) -> list[str]:
        bomb = bombs.encodings()["gzip"]
        site.pages["/list.csv.gz"] = site.pages["/sitemap.xml.gz"] = Answer(body=bomb, kind="application/gzip")
        site.pages["/entities.xml"] = Answer(body=ENTITIES.encode(), kind="text/xml")
        site.pages["/types.xml"] = Answer(body=TYPES.encode(), kind="text/xml")
        site.pages["/deep.json"] = Answer(body=DEEP_JSON.encode(), kind="application/json")
        rules = "".join(f"User-agent: a{number}\n" for number in range(15_000))
        trap = rules + "".join(f"Disallow: /{number}\n" for number in range(15_000))
        site.pages["/robots.txt"] = lambda hit: (
            Answer(body=trap.encode(), kind="text/plain") if hit.host.startswith("trap") else Answer(status=404)
        )
        site.html("/trap", "<title>trap</title>")
        return [
            source("list", "feed", f"{site.url}/list.csv.gz", 'format = "csv"'),
            source("sitemap", "web", f"{site.url}/healthy", f'sitemaps = ["{site.url}/sitemap.xml.gz"]'),
            source("entities", "feed", f"{site.url}/entities.xml"),
            source("types", "feed", f"{site.url}/types.xml", 'format = "rss"'),
            f'[[source]]\nkey = "deep"\nkind = "json"\ndelay = 0\nurl = "{site.url}/deep.json"\n'
            'items = "data"\nfields = { id = "id" }\n',
            source("robots", "web", f"http://trap.test:{site.port}/trap"),
        ]

    def _pictures(self, site: WebServer) -> list[str]:
        for number, data in enumerate(self.pictures.values()):
            site.pages[f"/picture/{number}.png"] = Answer(body=data, kind="image/png")
        shown = "".join(f'<img src="/picture/{number}.png" width=300>' for number in range(len(self.pictures)))
        site.html("/gallery", f"<title>gallery</title><p>words</p>{shown}")
        return [source("gallery", "web", f"{site.url}/gallery")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("bombs"))


@pytest.mark.parametrize("number", range(5))
def test_a_gigabyte_in_any_packing_is_too_large(number: int, world: World) -> None:
    report = world.report[f"packed{number}"]
    assert (report.items, report.errors) == (0, {"too_large": 1}), report


def test_what_is_packed_a_few_times_is_read_and_more_is_refused(world: World) -> None:
    assert (world.report["packed5"].items, world.report["packed5"].errors) == (1, {})
    for key, times in (("packed6", MOST_PACKED + 1), ("packed7", 2000)):
        assert world.report[key].errors == {"too_large": 1}
        assert f"packed {times} times over" in world.report[key].problems[0]


def test_fraud_behind_any_depth_is_flagged(world: World) -> None:
    flagged = {depth: world.report[f"page{number}"].flagged for number, depth in enumerate(bombs.DEPTHS)}
    assert flagged == dict.fromkeys(bombs.DEPTHS, 1)
    assert all("parse_degraded" in world.report[f"page{number}"].errors for number in range(len(bombs.DEPTHS)))


def test_hostile_markup_is_read_or_given_up_and_named(world: World) -> None:
    named = {"parse_degraded", "parse_timeout", "parse_crash"}
    for number, name in enumerate(bombs.markup(), len(bombs.DEPTHS)):
        report = world.report[f"page{number}"]
        pages = {kind for kind in report.errors if not kind.startswith("picture_")}
        assert pages <= named, (name, report)
        assert report.items or pages & {"parse_timeout", "parse_crash"}, (name, report)


def test_lists_and_answers_of_interfaces_cost_themselves(world: World) -> None:
    assert world.report["list"].errors == {"too_large": 1}
    assert world.report["sitemap"].errors == {"too_large": 1}
    assert world.report["sitemap"].items == 1
    assert world.report["entities"].errors == {"unreadable": 1}
    assert world.report["types"].items == 0
    assert "parse_timeout" not in world.report["types"].errors
    assert world.report["deep"].items == 0
    assert world.report["deep"].errors
    assert world.report["robots"].outcome == "ok"


def test_hostile_pictures_are_refused_and_keep_their_hash(world: World) -> None:
    report = world.report["gallery"]
    assert report.items == 1
    assert report.errors == {"picture_refused": len(world.pictures)}, report
    rows = world.crawling.rows("SELECT sha256, refused, hash, rendition FROM pictures")
    kept = {address: refused for address, refused, found, rendition in rows if found is None and rendition is None}
    assert set(kept) == {hashlib.sha256(data).hexdigest() for data in world.pictures.values()}
    assert all(kept.values())
    content = json.dumps(world.crawling.rows("SELECT content FROM item_versions WHERE content LIKE '%gallery%'"))
    assert all(f"/picture/{number}.png" in content for number in range(len(world.pictures)))


def test_the_healthy_source_is_read(world: World) -> None:
    assert (world.report["healthy"].outcome, world.report["healthy"].items) == ("ok", 1)
