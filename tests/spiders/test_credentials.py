"""A source's credentials go to its own origin and to no other: not along redirects, links or pictures."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers.crawling import Crawling
from tests.servers.interfaces import INTERFACES, QUERIES
from tests.servers.web import Answer, Hit, WebServer

KINDS: Mapping[str, tuple[str, str]] = {
    "header": ("X-Api-Key", "k-2718281828"),
    "token": ("Authorization", "Bearer t-3141592653"),
    "basic": ("Authorization", "Basic " + b64encode(b"brand:p-1618033988").decode()),
    "cookie": ("Cookie", "session=c-1414213562"),
}
STATUSES = (301, 302, 303, 307, 308)
# Another host, another port of the same host, and another name of the same machine.
ELSEWHERE = ("other", "port", "name")


class Moved(WebServer):
    """Every interface on it has moved to another host."""

    to = ""

    def answer(self, hit: Hit) -> Answer:
        if hit.path.startswith("/interface"):
            self.hits.append(hit)
            return Answer(status=307, headers={"Location": f"{self.to}/interface"})
        return super().answer(hit)


class World:
    """Each kind of credential on each way to somewhere else, and each interface that answers with a redirect."""

    def __init__(self, folder: Path) -> None:
        self.crawling = Crawling(folder)
        with Moved() as own, WebServer(address="127.0.0.2") as other, WebServer() as port:
            self.own, self.others = own, (other, port)
            own.to = other.url
            places = {"other": other.url, "port": port.url, "name": f"http://alias.test:{own.port}"}
            with pytest.MonkeyPatch.context() as patch:
                for kind, (_, value) in KINDS.items():
                    patch.setenv(f"SECRET_{kind}", value)
                patch.setenv("CANARY", "i-5772156649")
                self.crawling.configure(
                    self._pages(places) + self._interfaces(),
                    allow=[own.allow, other.allow, port.allow],
                    hosts={"alias.test": "127.0.0.1"},
                    crawler="timeout = 5",
                )
                self.report = self.crawling.crawl()

    def _pages(self, places: Mapping[str, str]) -> str:
        tables = []
        for kind, (header, _) in KINDS.items():
            for where, place in places.items():
                key = f"{kind}-{where}"
                body = [f'<title>{key}</title><p>words</p><img src="{place}/picture/{key}.png" width=300>']
                for status in STATUSES:
                    self.own.pages[f"/{key}/{status}"] = Answer(
                        status=status, headers={"Location": f"{place}/redirected/{key}/{status}"}
                    )
                    body.append(f'<a href="/{key}/{status}">x</a>')
                body.append(f'<a href="{place}/linked/{key}">x</a>')
                self.own.html(f"/{key}", "".join(body))
                headers = f'headers = {{ {header} = "env:SECRET_{kind}" }}'
                urls = f'urls = ["{self.own.url}/{key}"]\nfollow = ["."]\ndelay = 0'
                tables.append(f'[[source]]\nkey = "{key}"\nkind = "web"\n{urls}\n{headers}\n')
        return "".join(tables)

    def _interfaces(self) -> str:
        tables = []
        for kind, interface in INTERFACES.items():
            queries = 'queries = ["hoshino"]\n' if kind in QUERIES else ""
            table = interface.table.format(home=f"{self.own.url}/interface/{kind}")
            tables.append(f'[[source]]\nkey = "{kind}"\nkind = "{kind}"\ndelay = 0\n{queries}{table}\n')
        return "".join(tables)

    def strangers(self) -> list[Hit]:
        """Return what was asked of everybody but the source's own origin."""
        return [hit for server in self.others for hit in server.hits] + [
            hit for hit in self.own.hits if hit.host.startswith("alias.test")
        ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("credentials"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_own_origin_gets_them(kind: str, world: World) -> None:
    header, value = KINDS[kind]
    for hit in world.own.hits:
        if hit.path.startswith(f"/{kind}-") and not hit.host.startswith("alias"):
            assert hit.headers[header.lower()] == value


@pytest.mark.parametrize("where", ELSEWHERE)
@pytest.mark.parametrize("kind", KINDS)
def test_every_way_leads_elsewhere(kind: str, where: str, world: World) -> None:
    """Prove that the next test looks at something."""
    key = f"{kind}-{where}"
    reached = {hit.path for hit in world.strangers()}
    ways = {f"/redirected/{key}/{status}" for status in STATUSES}
    assert {*ways, f"/linked/{key}", f"/picture/{key}.png"} <= reached


def test_nobody_else_gets_any(world: World) -> None:
    secrets = [value.rpartition(" ")[2].rpartition("=")[2] for _, value in KINDS.values()] + ["i-5772156649"]
    for hit in world.strangers():
        shown = json.dumps([hit.path, dict(hit.headers), hit.body.decode("latin-1")])
        assert not [secret for secret in secrets if secret in shown], hit
        assert "cookie" not in hit.headers
        assert "authorization" not in hit.headers


def test_an_interface_that_leads_elsewhere_is_not_followed(world: World) -> None:
    assert not [hit for hit in world.strangers() if hit.path.startswith("/interface")]
    for kind in INTERFACES:
        assert set(world.report[kind].errors) <= {"http_307", "token"}, world.report[kind]
        assert world.report[kind].errors
