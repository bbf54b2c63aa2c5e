"""No request reaches an address that `egress` does not permit, by whatever spelling or path it is asked for."""

import json
from pathlib import Path

import pytest

from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Canary, Hit, WebServer

PINNED = {
    "loop.test": "127.0.0.1",
    "loop6.test": "::1",
    "mapped.test": "::ffff:127.0.0.1",
    "nat.test": "64:ff9b::7f00:1",
    "cloud.test": "169.254.169.254",
    "office.test": "10.1.2.3",
}

# Hosts as they may stand in a URL. Those that are no loopback address would be met with a timeout if they were dialled.
HOSTS = (
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1",
    "0177.0.0.1", "017700000001", "0177.0x0.0.1", "0", "0.0.0.0", "0x0", "127.0.0.1.", "localhost", "LocalHost",
    "localhost.", "１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1", "ｌｏｃａｌｈｏｓｔ", "someone@127.0.0.1",
    "shop.example@127.0.0.1", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "10.0.0.1", "172.16.0.1",
    "192.168.0.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255",
    "240.0.0.1", *PINNED,
)  # fmt: skip

# Some spellings are no name at all; their robots.txt cannot be read, and so nothing of them is.
KINDS = {"refused_address", "robots", "picture_robots"}


class World:
    """What one hostile crawl left behind."""

    def __init__(self, folder: Path) -> None:
        self.crawling = Crawling(folder)
        with WebServer(address="127.0.0.2") as site, Canary() as canary, Canary("127.0.0.2") as neighbour:
            self.site = site
            self.targets = [f"http://{host}:{canary.port}/{number}" for number, host in enumerate(HOSTS)]
            self._lay_out()
            public = f"http://public.example:{site.port}"
            plain = [*(target for target in self.targets if "@" not in target), f"{public}/control"]
            self.crawling.configure(
                f"""
[[source]]
key = "plain"
kind = "web"
delay = 0
urls = {json.dumps(plain)}

[[source]]
key = "port"
kind = "web"
delay = 0
urls = ["http://127.0.0.2:{neighbour.port}/1", "http://127.0.0.2:{neighbour.port}/2"]

[[source]]
key = "paths"
kind = "web"
delay = 0
follow = ["."]
depth = 2
urls = {json.dumps([f"{public}/hub", f"{public}/pictures"])}
sitemaps = {json.dumps([f"{public}/sitemap.xml", f"http://loop.test:{canary.port}/sitemap.xml"])}

[[source]]
key = "lists"
kind = "feed"
delay = 0
item = "ad"
columns = {{ id = "id", image = "image", title = "title" }}
format = "csv"
urls = {json.dumps([f"http://loop.test:{canary.port}/feed.csv", f"{public}/redirect/0", f"{public}/list.csv"])}

[[source]]
key = "robots"
kind = "web"
delay = 0
urls = ["http://robots.example:{site.port}/control"]
""",
                allow=["127.0.0.2:" + str(site.port)],
                hosts={**PINNED, "public.example": "127.0.0.2", "robots.example": "127.0.0.2"},
            )
            self.report = self.crawling.crawl()
            self.alarms = canary.alarms + neighbour.alarms

    def _lay_out(self) -> None:
        site, targets = self.site, self.targets
        numbers = range(len(targets))
        links = "".join(f'<a href="/redirect/{n}">{n}</a><a href="/refresh/{n}">{n}</a>' for n in numbers)
        site.html("/control", "<title>control</title><p>public page</p>")
        site.html("/hub", f"<title>hub</title>{links}")
        for n in numbers:
            site.pages[f"/redirect/{n}"] = Answer(status=302, headers={"Location": _ascii(targets[n])})
            site.html(f"/refresh/{n}", f'<meta http-equiv="refresh" content="0; url={targets[n]}"><p>wait</p>')
        pictures = "".join(f'<img src="{target}.png" width="300" height="250">' for target in targets[:20])
        site.html("/pictures", f"<title>pictures</title><p>text</p>{pictures}")
        rows = "".join(f"<url><loc>{target}</loc></url>" for target in targets if "@" not in target)
        site.pages["/sitemap.xml"] = Answer(
            body=f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode(),
            kind="text/xml",
        )
        lines = "".join(f"a{n},{target}.png,Ad {n}\n" for n, target in enumerate(targets))
        site.pages["/list.csv"] = Answer(body=f"id,image,title\n{lines}".encode(), kind="text/csv")
        site.pages["/robots.txt"] = self._robots

    def _robots(self, hit: Hit) -> Answer:
        if hit.host.startswith("robots.example"):
            return Answer(status=302, headers={"Location": _ascii(self.targets[0])})
        return Answer(status=404)


def _ascii(url: str) -> str:
    return url.encode("utf-8").decode("latin-1")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("egress"))


def test_the_list_is_long_enough() -> None:
    assert len(HOSTS) >= 50


def test_nothing_reaches_a_refused_address(world: World) -> None:
    assert world.alarms == 0


def test_the_public_page_is_fetched(world: World) -> None:
    assert "/control" in world.site.paths()
    assert world.report["plain"].items == 1


@pytest.mark.parametrize("key", ["plain", "paths", "lists"])
def test_every_target_was_refused_not_tried(world: World, key: str) -> None:
    errors = world.report[key].errors
    assert errors["refused_address"] >= 1
    assert set(errors) <= KINDS, world.report[key]


def test_each_spelling_was_asked_for(world: World) -> None:
    asked = set(world.site.paths())
    assert {f"/redirect/{n}" for n in range(len(HOSTS))} <= asked
    assert {f"/refresh/{n}" for n in range(len(HOSTS))} <= asked


def test_a_host_is_told_of_once(world: World) -> None:
    lines = [line for line in world.report["paths"].problems if line.startswith("loop.test:")]
    assert len(lines) == 1, world.report["paths"].problems
    assert "127.0.0.1" in lines[0]


def test_robots_that_lead_inside_end_there(world: World) -> None:
    report = world.report["robots"]
    assert report.items == 0
    assert report.errors == {"robots": 1}
    assert "not public" in report.problems[0]


def test_a_port_that_is_not_allowed_is_refused_once(world: World) -> None:
    report = world.report["port"]
    assert report.errors == {"refused_address": 1}
    assert "not permitted" in report.problems[0]
