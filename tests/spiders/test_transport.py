"""What the crawler does to others and lets others do to it: schemes, headers, bombs, loops, robots."""

import gzip
import json
import zlib
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest

from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer

KEY = "k-2718281828"
MEGABYTE = 2**20


def source(key: str, urls: list[str], more: str = "", kind: str = "web") -> str:
    return f"""
[[source]]
key = "{key}"
kind = "{kind}"
delay = 0
urls = {json.dumps(urls)}
{more}
"""


class World:
    """One crawl of everything a transport can go wrong with."""

    def __init__(self, folder: Path) -> None:
        self.crawling = Crawling(folder)
        (folder / "key.txt").write_text(KEY)
        with WebServer() as own, WebServer(address="127.0.0.2") as other:
            self.own, self.other = own, other
            self._schemes()
            self._headers()
            self._bombs()
            self._loops()
            self._robots()
            secret = 'headers = { X-Api-Key = "file:key.txt", Authorization = "file:key.txt", Cookie = "file:key.txt" }'
            self.crawling.configure(
                "".join(
                    [
                        source("schemes", [f"{own.url}/schemes"], 'follow = ["."]\ndepth = 2'),
                        source("secret", [f"{own.url}/secret"], f'{secret}\nfollow = ["127.0.0.2"]\ndepth = 1'),
                        source("missing", [f"{own.url}/missing"], 'headers = { X-Api-Key = "env:MEKIKI_NOT_SET" }'),
                        source(
                            "bombs", [f"{own.url}/bomb/{name}" for name in ("gzip", "deflate", "br", "twice", "long")]
                        ),
                        source("loops", [f"{own.url}/loop/{name}" for name in ("self", "pair", "endless", "refresh")]),
                        source("robots", [f"{other.url}/page", f"{other.url}/private/page"]),
                        source("down", [f"http://down.example:{other.port}/page"]),
                        source("silent", [f"http://silent.example:{other.port}/page"]),
                        source("slow", [f"{own.url}/slow"]),
                        source("none", ["http://nowhere.test/"]),
                        source("missing_page", [f"{own.url}/not-there", f"{own.url}/document.pdf"]),
                        source("broken", [f"{own.url}/broken"]),
                    ]
                ),
                allow=[own.allow, other.allow],
                hosts={"down.example": "127.0.0.2", "silent.example": "127.0.0.2"},
                crawler="max_bytes = 1048576\ntimeout = 2\n",
            )
            self.report = self.crawling.crawl()

    def _schemes(self) -> None:
        own = self.own
        targets = (
            "file:///etc/passwd",
            "ftp://127.0.0.1/x",
            "data:text/html,<p>x</p>",
            "s3://bucket/x",
            "gopher://127.0.0.1/x",
        )
        links = "".join(f'<a href="{target}">x</a><img src="{target}" width=300 height=250>' for target in targets)
        links += "".join(f'<a href="/to/{number}">x</a>' for number in range(len(targets)))
        own.html("/schemes", f"<title>schemes</title><p>text</p>{links}")
        for number, target in enumerate(targets):
            own.pages[f"/to/{number}"] = Answer(status=302, headers={"Location": target})

    def _headers(self) -> None:
        own, other = self.own, self.other
        own.pages["/secret"] = Answer(status=302, headers={"Location": "/away"})
        own.pages["/away"] = Answer(status=302, headers={"Location": f"{other.url}/redirected"})
        other.html("/linked", "<title>linked</title>")
        other.html("/redirected", f'<title>redirected</title><a href="{other.url}/linked">x</a>')

    def _bombs(self) -> None:
        zeros = bytes(MEGABYTE)
        packer, raw = zlib.compressobj(9, zlib.DEFLATED, 31), zlib.compressobj(9)
        squeezer = brotli.Compressor(quality=1)
        bodies = {
            "gzip": b"".join(packer.compress(zeros) for _ in range(200)) + packer.flush(),
            "deflate": b"".join(raw.compress(zeros) for _ in range(200)) + raw.flush(),
            "br": b"".join(squeezer.process(zeros) for _ in range(200)) + squeezer.finish(),
        }
        for name, body in bodies.items():
            self.own.pages[f"/bomb/{name}"] = Answer(body=body, headers={"Content-Encoding": name})
        twice = gzip.compress(bodies["gzip"])
        self.own.pages["/bomb/twice"] = Answer(body=twice, headers={"Content-Encoding": "gzip, gzip"})
        self.own.pages["/bomb/long"] = Answer(body=b"<p>" + b"x" * (2 * MEGABYTE))

    def _loops(self) -> None:
        pages = self.own.pages
        pages["/loop/self"] = Answer(status=302, headers={"Location": "/loop/self"})
        pages["/loop/pair"] = Answer(status=302, headers={"Location": "/loop/pair2"})
        pages["/loop/pair2"] = Answer(status=302, headers={"Location": "/loop/pair"})
        pages["/loop/endless"] = lambda hit: Answer(status=302, headers={"Location": f"{hit.path}x"})
        pages["/loop/refresh"] = self._refresh
        for length in range(40):
            pages["/loop/endless" + "x" * length] = pages["/loop/endless"]
            pages["/loop/refresh" + "x" * length] = self._refresh

    def _refresh(self, hit: Hit) -> Answer:
        return Answer(body=f'<meta http-equiv="refresh" content="0; url={hit.path}x"><p>wait</p>'.encode())

    def _robots(self) -> None:
        def robots(hit: Hit) -> Answer:
            if hit.host.startswith("down.example"):
                return Answer(status=503)
            if hit.host.startswith("silent.example"):
                return Answer(pause=4)
            return Answer(body=b"User-agent: *\nDisallow: /private/\n", kind="text/plain")

        self.other.pages["/robots.txt"] = robots
        self.other.html("/page", "<title>page</title>")
        self.other.html("/private/page", "<title>private</title>")
        forbidding = Answer(body=b"User-agent: *\nDisallow: /\n", status=404, kind="text/plain")
        self.own.pages["/robots.txt"] = forbidding
        self.own.html("/slow", "<title>slow</title>", pause=4)
        self.own.pages["/document.pdf"] = Answer(body=b"%PDF-1.7", kind="application/pdf")
        self.own.pages["/broken"] = Answer(body=b"<p>half", claims=1000)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("transport"))


def test_other_schemes_are_not_fetched(world: World) -> None:
    report = world.report["schemes"]
    assert report.items == 1
    assert sum(path.startswith("/to/") for path in world.own.paths()) == 5
    assert set(report.errors) == {"http_302"}, report
    assert world.crawling.rows("SELECT count(*) FROM pictures") == [(0,)]


def test_secrets_reach_the_own_host_only(world: World) -> None:
    asked = {hit.path: hit for hit in world.own.hits}
    assert asked["/secret"].headers["x-api-key"] == KEY
    assert asked["/away"].headers["cookie"] == KEY
    reached = [hit for hit in world.other.hits if hit.path in ("/redirected", "/linked")]
    assert {hit.path for hit in reached} == {"/redirected", "/linked"}
    for hit in world.other.hits:
        assert KEY not in str(dict(hit.headers))


def test_secrets_are_in_no_output(world: World) -> None:
    assert KEY not in world.crawling.log
    assert KEY not in str(world.report.sources)


def test_a_missing_secret_skips_its_source(world: World) -> None:
    report = world.report["missing"]
    assert report.outcome == "failed"
    assert report.errors == {"missing_secret": 1}
    assert "env:MEKIKI_NOT_SET" in report.problems[0]
    assert "/missing" not in world.own.paths()


def test_bombs_are_too_large(world: World) -> None:
    report = world.report["bombs"]
    assert report.errors == {"too_large": 5}, report


def test_loops_end_after_nine_requests(world: World) -> None:
    paths = world.own.paths()
    assert paths.count("/loop/self") <= 9
    assert sum(path.startswith("/loop/pair") for path in paths) <= 9
    assert sum(path.startswith("/loop/endless") for path in paths) <= 9
    assert sum(path.startswith("/loop/refresh") for path in paths) <= 9
    assert world.report["loops"].errors["redirect_loop"] == 3


def test_robots_is_obeyed(world: World) -> None:
    assert "/page" in world.other.paths()
    assert "/private/page" not in world.other.paths()
    assert world.report["robots"].errors == {"robots": 1}


def test_robots_4xx_allows_everything_whatever_it_says(world: World) -> None:
    assert "/secret" in world.own.paths()


@pytest.mark.parametrize("key", ["down", "silent"])
def test_unreadable_robots_allows_nothing(world: World, key: str) -> None:
    report = world.report[key]
    assert report.outcome == "blocked"
    assert report.errors == {"robots": 1}
    assert not [hit for hit in world.other.hits if hit.path == "/page" and hit.host.startswith(key)]


def test_failures_are_named(world: World) -> None:
    assert world.report["slow"].errors == {"timeout": 1}
    assert world.report["missing_page"].errors == {"http_404": 1, "no_page": 1}
    assert world.report["broken"].errors == {"truncated": 1}
    assert world.report["none"].errors == {"robots": 1}
    assert "unknown" in world.report["none"].problems[0]


def test_the_user_agent_says_whom_to_write_to(world: World) -> None:
    agents = {hit.headers["user-agent"] for hit in world.own.hits}
    assert len(agents) == 1
    assert agents.pop().endswith("(+abuse@hoshino-denki.example)")
