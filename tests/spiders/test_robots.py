"""What a robots.txt lets the crawler fetch, by every answer that it can give; one crawl, a host name for each."""

import json
from pathlib import Path

import pytest

from spiders.pages.robots import PARSED_BYTES
from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer

FORBIDS = "User-agent: *\nDisallow: /\n"
PAGE = Answer(body=b'<title>page</title><p>words</p><img src="/picture.png" width="300" height="250">')


def text(body: str, **more: int) -> Answer:
    return Answer(body=body.encode(), kind="text/plain", **more)  # type: ignore[arg-type]  # status and pause only


def redirect(to: str) -> Answer:
    return Answer(status=302, headers={"Location": to})


# Name of a host -> what its /robots.txt answers; what comes of it stands in the tests.
ANSWERS = {
    "ours": text("User-agent: mekiki\nDisallow: /page\nUser-agent: *\nAllow: /\n"),
    "others": text("User-agent: somebot\nDisallow: /\n"),
    "wildcard": text("User-agent: *\nDisallow: /*.gif$\nDisallow: /p*ge\n"),
    "longest": text("User-agent: *\nDisallow: /\nAllow: /page\n"),
    "empty": text(""),
    "binary": Answer(body=bytes(range(256)) * 40, kind="image/png"),
    "401": text(FORBIDS, status=401),
    "403": text(FORBIDS, status=403),
    "404": text(FORBIDS, status=404),
    "410": text(FORBIDS, status=410),
    "429": text("", status=429),
    "500": text("", status=500),
    "503": text("", status=503),
    "silent": text("", pause=4),
    "broken": Answer(body=b"User-agent: *\n", claims=1000),
    "moved": redirect("/moved-1"),
    "moved-away": redirect("http://elsewhere.test:{port}/forbids.txt"),
    "moved-round": redirect("/robots.txt?again"),
    "moved-inside": redirect("http://inside.test/robots.txt"),
    "moved-scheme": redirect("file:///etc/hosts"),
    "long": text("User-agent: *\nDisallow: /private\n#" + "x" * PARSED_BYTES + "\nDisallow: /\n"),
    "too-long": text("User-agent: *\n#" + "x" * (2 * 2**20) + "\nDisallow: /\n"),
    "picture": text("User-agent: *\nDisallow: /picture\n"),
    "leads-away": text("User-agent: *\nDisallow: /x\n"),
}
FETCHED = {
    "others", "longest", "empty", "binary", "401", "403", "404", "410", "moved-scheme", "long", "picture",
}  # fmt: skip
FORBIDDEN = {"ours", "wildcard", "moved", "moved-away"}
UNREADABLE = {"429", "500", "503", "silent", "broken", "moved-round", "moved-inside", "too-long"}


class World:
    """One source for each host."""

    def __init__(self, folder: Path) -> None:
        self.crawling = Crawling(folder)
        with WebServer() as site:
            self.site = site
            site.pages["/robots.txt"] = self._robots
            for step in range(1, 5):
                site.pages[f"/moved-{step}"] = redirect(f"/moved-{step + 1}")
            site.pages["/moved-5"] = site.pages["/forbids.txt"] = text(FORBIDS)
            site.pages["/page"] = self._page
            site.pages["/target"] = Answer(body=b"<title>target</title>")
            names = [f"{name}.test" for name in (*ANSWERS, "elsewhere")]
            sources = "".join(
                f'[[source]]\nkey = "{name}"\nkind = "web"\ndelay = 0\n'
                f"urls = {json.dumps([f'http://{name}.test:{site.port}/page'])}\n"
                for name in ANSWERS
            )
            self.crawling.configure(
                sources,
                allow=[site.allow],
                hosts={**dict.fromkeys(names, "127.0.0.1"), "inside.test": "10.0.0.1"},
                crawler="timeout = 2\nmax_bytes = 1048576\n",
            )
            self.report = self.crawling.crawl()
        self.fetched = {self._name(hit) for hit in site.hits if hit.path == "/page"}

    def _name(self, hit: Hit) -> str:
        return hit.host.partition(".")[0]

    def _robots(self, hit: Hit) -> Answer:
        name = self._name(hit)
        answer = ANSWERS.get(name, text(FORBIDS))
        to = answer.headers.get("Location")
        return redirect(to.format(port=self.site.port)) if to else answer

    def _page(self, hit: Hit) -> Answer:
        if self._name(hit) == "leads-away":
            return redirect(f"http://elsewhere.test:{self.site.port}/target")
        return PAGE


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("robots"))


def test_every_answer_is_in_a_list() -> None:
    assert set(ANSWERS) == FETCHED | FORBIDDEN | UNREADABLE | {"leads-away"}


def test_what_is_allowed_is_fetched(world: World) -> None:
    assert world.fetched >= FETCHED, world.report.sources


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_what_is_forbidden_is_not_fetched(name: str, world: World) -> None:
    assert name not in world.fetched
    assert world.report[name].errors == {"robots": 1}
    assert "robots.txt forbids it" in world.report[name].problems[0]


@pytest.mark.parametrize("name", sorted(UNREADABLE))
def test_where_nothing_can_be_read_nothing_is_fetched(name: str, world: World) -> None:
    assert name not in world.fetched
    assert world.report[name].errors == {"robots": 1}
    assert "could not be read" in world.report[name].problems[0]
    assert world.report[name].outcome == "blocked"


def test_a_redirect_is_asked_for_by_the_rules_of_the_host_it_leads_to(world: World) -> None:
    assert "leads-away" in world.fetched
    assert "/target" not in world.site.paths()
    assert world.report["leads-away"].errors == {"robots": 1}


def test_pictures_are_asked_for_by_the_same_rules(world: World) -> None:
    pictures = {hit.host.partition(".")[0] for hit in world.site.hits if hit.path == "/picture.png"}
    assert "picture" not in pictures
    assert "empty" in pictures
    assert world.report["picture"].errors == {"picture_robots": 1}


def test_each_host_is_asked_once(world: World) -> None:
    asked = [hit.host for hit in world.site.hits if hit.path == "/robots.txt"]
    again = {"500", "503", "broken"}  # a server that stumbles is asked twice more
    assert {host for host in asked if asked.count(host) > 1} == {f"{name}.test:{world.site.port}" for name in again}
