"""Every path on which something is fetched: with a target inside it ends at the guard, with one outside it goes on.

The second half proves the first: a path that fetches nothing would pass it for nothing.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.sources import KINDS as MODELS
from spiders.crawl import KINDS
from tests.servers.crawling import Crawling
from tests.servers.interfaces import INTERFACES, QUERIES
from tests.servers.programs import mekiki
from tests.servers.web import Answer, Canary, WebServer

OUTSIDE = "outside.test"
INSIDE = "inside.test"
NOT_HTTP = {"import", "google-export", "permutations"}  # read files, or ask the resolver of the machine only


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """One path as it is laid out: a source, and what its own server answers."""

    table: str
    pages: dict[str, Answer] = field(default_factory=dict)


Layer = Callable[[str, str, str], Laid]  # address of the source's own server, path on it, address of the target


def web(here: str, path: str, body: str, more: str = "") -> Laid:
    return Laid(
        table=f'kind = "web"\nurls = ["{here}{path}"]\n{more}',
        pages={path: Answer(body=body.encode(), kind="text/html")},
    )


def redirect(status: int) -> Layer:
    def layer(here: str, path: str, target: str) -> Laid:
        return Laid(
            table=f'kind = "web"\nurls = ["{here}{path}"]',
            pages={path: Answer(status=status, headers={"Location": target})},
        )

    return layer


def feed(here: str, path: str, rows: str, columns: str) -> Laid:
    return Laid(
        table=f'kind = "feed"\nformat = "csv"\nitem = "ad"\nurls = ["{here}{path}"]\ncolumns = {{ {columns} }}',
        pages={path: Answer(body=rows.encode(), kind="text/csv")},
    )


def answers(here: str, path: str, body: object, table: str) -> Laid:
    return Laid(table=table, pages={path: Answer(body=json.dumps(body).encode(), kind="application/json")})


def json_source(here: str, path: str) -> str:
    fields = 'fields = { id = "id", images = "images", videos = "videos" }'
    return f'kind = "json"\nurl = "{here}{path}"\nitems = "data"\n{fields}'


def registry(here: str, path: str, target: str) -> Laid:
    return answers(
        here,
        path,
        {"services": [[["test"], [f"{target}/"]]]},
        f'kind = "rdap"\nurl = "{here}{path}"\ndomains = ["shop.test"]',
    )


def registrar(here: str, path: str, target: str) -> Laid:
    related = {"rel": "related", "type": "application/rdap+json", "href": f"{target}/domain/shop.test"}
    told = {"objectClassName": "domain", "ldhName": "SHOP.TEST", "links": [related]}
    laid = registry(here, path, f"{here}{path}")
    return Laid(
        table=laid.table,
        pages={
            path: laid.pages[path],
            f"{path}/domain/shop.test": Answer(body=json.dumps(told).encode(), kind="application/rdap+json"),
        },
    )


def visit(page: Callable[[str], Answer]) -> Layer:
    def layer(here: str, path: str, target: str) -> Laid:
        return Laid(table=f'kind = "visits"\nlinks = ["{here}{path}"]', pages={path: page(target)})

    return layer


def shown(body: str) -> Callable[[str], Answer]:
    return lambda target: Answer(body=body.format(target=target).encode())


def interface(kind: str) -> Layer:
    def layer(here: str, path: str, target: str) -> Laid:
        table = INTERFACES[kind].table.format(home=target)
        queries = 'queries = ["hoshino"]\n' if kind in QUERIES else ""
        return Laid(table=f'kind = "{kind}"\n{queries}{table}\n{INTERFACES[kind].more}')

    return layer


SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{}</loc></url></urlset>'
INDEX = (
    '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>{}</loc></sitemap></sitemapindex>'
)
PATHS: dict[str, Layer] = {
    "start": lambda here, path, to: Laid(table=f'kind = "web"\nurls = ["{to}"]'),
    "link": lambda here, path, to: web(here, path, f'<a href="{to}">x</a>', 'follow = ["."]'),
    "base": lambda here, path, to: web(here, path, f'<base href="{to}/"><a href="x">x</a>', 'follow = ["."]'),
    **{f"redirect{status}": redirect(status) for status in (301, 302, 303, 307, 308)},
    "refresh": lambda here, path, to: web(here, path, f'<meta http-equiv="refresh" content="0; url={to}">'),
    "sitemap": lambda here, path, to: Laid(table=f'kind = "web"\nsitemaps = ["{to}"]'),
    "sitemap-page": lambda here, path, to: Laid(
        table=f'kind = "web"\nsitemaps = ["{here}{path}"]', pages={path: Answer(body=SITEMAP.format(to).encode())}
    ),
    "sitemap-index": lambda here, path, to: Laid(
        table=f'kind = "web"\nsitemaps = ["{here}{path}"]', pages={path: Answer(body=INDEX.format(to).encode())}
    ),
    "picture": lambda here, path, to: web(here, path, f'<p>x</p><img src="{to}" width=300>'),
    "icon": lambda here, path, to: web(here, path, f'<p>x</p><link rel="icon" href="{to}.png">'),
    "preview": lambda here, path, to: web(here, path, f'<p>x</p><meta property="og:image" content="{to}">'),
    "background": lambda here, path, to: web(
        here, path, f'<div class="adsbygoogle" style="background:url({to})">x</div>'
    ),
    "ad-picture": lambda here, path, to: web(
        here,
        path,
        f'<div class="adsbygoogle"><a href="https://x.test/"><img src="{to}" width=300 height=250></a></div>',
    ),
    "feed": lambda here, path, to: Laid(table=f'kind = "feed"\nformat = "csv"\nurls = ["{to}"]'),
    "feed-picture": lambda here, path, to: feed(
        here, path, f"id,image,title\n1,{to},x\n", 'id = "id", image = "image", title = "title"'
    ),
    "json-picture": lambda here, path, to: answers(
        here, path, {"data": [{"id": "1", "images": [to]}]}, json_source(here, path)
    ),
    "json-video": lambda here, path, to: answers(
        here, path, {"data": [{"id": "1", "videos": [to]}]}, json_source(here, path)
    ),
    **{f"interface-{kind}": interface(kind) for kind in INTERFACES},
    "ct-static": lambda here, path, to: Laid(table=f'kind = "ct"\nurls = ["{to}"]'),
    "ct-rfc6962": lambda here, path, to: Laid(table=f'kind = "ct"\napi = "rfc6962"\nurls = ["{to}"]'),
    "registries": lambda here, path, to: Laid(table=f'kind = "rdap"\nurl = "{to}"\ndomains = ["shop.test"]'),
    "registries-of-addresses": lambda here, path, to: answers(
        here,
        path,
        {"services": []},
        f'kind = "rdap"\nurl = "{here}{path}"\nipv4_url = "{to}"\naddresses = ["192.0.2.1"]',
    ),
    "registry": registry,
    "registry-of-addresses": lambda here, path, to: answers(
        here,
        path,
        {"services": [[["192.0.2.0/24"], [f"{to}/"]]]},
        f'kind = "rdap"\nurl = "{here}{path}"\nipv4_url = "{here}{path}"\naddresses = ["192.0.2.1"]',
    ),
    "registrar": registrar,
    "visit": lambda here, path, to: Laid(table=f'kind = "visits"\nlinks = ["{to}"]'),
    "visit-redirect": visit(lambda to: Answer(status=302, headers={"Location": to})),
    "visit-refresh": visit(shown('<meta http-equiv="refresh" content="0; url={target}">')),
    "visit-script": visit(shown("<script>location.replace('{target}')</script>")),
    "visit-picture": visit(shown('<title>shop</title><p>words</p><img src="{target}" width=300>')),
}


class World:
    """Every path twice, in one crawl."""

    def __init__(self, folder: Path) -> None:
        self.crawling = Crawling(folder)
        with WebServer() as here, WebServer(address="127.0.0.2") as outside, Canary("127.0.0.3") as canary:
            outside.pages.clear()
            tables = []
            own = f"http://own.test:{here.port}"
            for name, layer in PATHS.items():
                for side, host, port in (("in", INSIDE, canary.port), ("out", OUTSIDE, outside.port)):
                    laid = layer(own, f"/{name}-{side}", f"http://{host}:{port}/{name}")
                    here.pages.update(laid.pages)
                    tables.append(f'[[source]]\nkey = "{name}-{side}"\ndelay = 0\n{laid.table}\n')
            visitor = '[[visitor]]\nkey = "v"\nuser_agent = "Mozilla/5.0"\n'
            self.crawling.configure(
                "".join(tables) + visitor,
                allow=[here.allow, outside.allow],
                hosts={"own.test": "127.0.0.1", OUTSIDE: "127.0.0.2", INSIDE: "127.0.0.3"},
                crawler="timeout = 10\n[detector]\nwords = false",
            )
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("CANARY", "s3cr3t-of-a-source")
                self.report = self.crawling.crawl()
        self.alarms = canary.alarms
        self.reached = {hit.path.split("/")[1].partition("?")[0].removesuffix(".png") for hit in outside.hits}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("paths"))


def test_every_kind_of_source_is_here() -> None:
    kinds = {kind for model in MODELS for kind in model.kinds()}
    assert kinds == set(KINDS)
    laid = {layer("http://own.test", "/x", "http://target.test").table for layer in PATHS.values()}
    assert {kind for kind in kinds if any(f'kind = "{kind}"' in table for table in laid)} == kinds - NOT_HTTP


def test_nothing_inside_is_reached(world: World) -> None:
    assert world.alarms == 0


@pytest.mark.parametrize("name", PATHS)
def test_the_target_inside_is_refused_and_named(name: str, world: World) -> None:
    report = world.report[f"{name}-in"]
    said = " ".join(report.problems)
    assert f"{INSIDE}: refused, it resolves to 127.0.0.3, which is not public" in said or (
        f"http://{INSIDE}:" in said and "no answer (refused_address)" in said
    ), report


@pytest.mark.parametrize("name", PATHS)
def test_the_target_outside_is_reached(name: str, world: World) -> None:
    assert name in world.reached, world.report[f"{name}-out"]


def test_a_refused_host_is_told_once_and_never_asked_again(tmp_path: Path) -> None:
    """Of many addresses at one refused host only the first is looked up; the next run asks once more, no more often."""
    with Canary() as canary, WebServer(address="127.0.0.2") as site:
        links = "".join(f'<a href="http://{INSIDE}:{canary.port}/{number}">x</a>' for number in range(40))
        shown = "".join(f'<img src="http://{INSIDE}:{canary.port}/{number}" width=300>' for number in range(40))
        site.html("/", f"<title>hub</title><p>words</p>{links}{shown}")
        crawling = Crawling(tmp_path)
        crawling.configure(
            f'[[source]]\nkey = "hub"\nkind = "web"\ndelay = 0\nfollow = ["."]\nurls = ["{site.url}/"]\n',
            allow=[site.allow],
            hosts={INSIDE: "127.0.0.1"},
        )
        report = crawling.crawl()["hub"]
        assert canary.alarms == 0
    assert report.errors == {"refused_address": 1}
    assert report.problems == (f"{INSIDE}: refused, it resolves to 127.0.0.1, which is not public",)
    assert report.requests <= 2 + 2 + 2, "the page and its robots.txt; that of the refused host, and what met it there"


@pytest.mark.parametrize("arguments", [["scan", "--fetch"], ["visit"]])
def test_what_a_person_types_is_held_to_the_same_rule(arguments: list[str], tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    crawling.configure("", allow=[], hosts={INSIDE: "127.0.0.1"})
    with Canary() as canary:
        for host in ("127.0.0.1", INSIDE, "2130706433"):
            done = mekiki(*arguments, f"http://{host}:{canary.port}/", "-c", crawling.file)
            assert done.returncode != 0, done.stdout
            assert "not public" in done.stderr or "refused_address" in done.stdout + done.stderr, done.stderr
        assert canary.alarms == 0


def test_a_source_is_tried_under_the_same_rule(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    with Canary() as canary:
        crawling.configure(
            f'[[source]]\nkey = "a"\nkind = "web"\nurls = ["http://127.0.0.1:{canary.port}/"]\n', allow=[]
        )
        done = mekiki("sources", "test", "a", "-c", crawling.file)
        assert canary.alarms == 0
    assert "not public" in done.stdout + done.stderr


def test_a_proxy_of_a_visitor_is_held_to_the_same_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Canary() as canary:
        monkeypatch.setenv("EXIT", f"http://user:word@127.0.0.1:{canary.port}")
        crawling = Crawling(tmp_path)
        crawling.configure('[[visitor]]\nkey = "v"\nuser_agent = "x"\nproxy = "env:EXIT"\n', allow=[])
        mekiki("visit", "http://192.0.2.1/", "-c", crawling.file)
        assert canary.alarms == 0
