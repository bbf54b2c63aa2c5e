"""Networks of the addresses on journeys, and security.txt of hosts, asked for over real sockets."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from detector.visits import Hop, Visit
from storage.contacts import networks, security_texts
from storage.database import open_engine, transaction
from storage.schema import Case
from storage.visits import LinkToVisit, save_visits
from tests.alerts.certificates import certificate
from tests.servers.crawling import Crawling, Report
from tests.servers.web import Answer, WebServer

NOW = datetime.now(UTC)
SOURCES = """
[[source]]
key = "tips"
kind = "feed"
paths = ["tips.csv"]
format = "csv"
[[source]]
key = "registries"
kind = "rdap"
url = "{url}/dns.json"
ipv4_url = "{url}/ipv4.json"
ipv6_url = "{url}/ipv6.json"
delay = 0.0
{more}
"""
SECURITY = b"Contact: mailto:abuse@shop.test\nExpires: 2099-01-01T00:00:00Z\n"


def network(first: str, last: str, mail: str) -> Answer:
    abuse = {"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", mail]]]}
    told = {"objectClassName": "ip network", "name": "NET", "startAddress": first, "endAddress": last}
    return json_of({**told, "entities": [abuse]})


def json_of(body: Any, status: int = 200) -> Answer:
    return Answer(body=json.dumps(body).encode(), status=status, kind="application/rdap+json")


class Asking:
    """A registry of addresses, and a shop that speaks TLS."""

    def __init__(self, folder: Path, registry: WebServer, shop: WebServer) -> None:
        self.registry, self.shop = registry, shop
        self.crawling = Crawling(folder)
        (folder / "tips.csv").write_text("url\nhttps://hoshino-denki-sale.test/lp\n", "utf-8")
        registry.pages |= {
            "/dns.json": json_of({"services": []}),
            "/ipv4.json": json_of({"services": [[["203.0.113.0/24", "198.51.100.0/24"], [f"{registry.url}/"]]]}),
            "/ipv6.json": json_of({"services": [[["2001:db8::/32"], [f"{registry.url}/six/"]]]}),
        }
        self.host = f"shop.test:{shop.port}"

    def crawl(self, sources: list[str], more: str = "") -> Report:
        self.crawling.configure(
            SOURCES.format(url=self.registry.url, more=more),
            allow=[self.registry.allow, self.shop.allow],
            hosts={"shop.test": "127.0.0.1", "inside.test": "127.0.0.9", "hosting.example": "127.0.0.9"},
        )
        return self.crawling.crawl(sources=sources)

    def follow(self, *passed: tuple[str, str]) -> None:
        hops = tuple(Hop(url=url, how="redirect", at=NOW, seconds=0.1, status=200, address=ip) for url, ip in passed)
        visit = Visit(
            url=passed[0][0], visitor="v", started_at=NOW, hops=hops, landing=None, outcome="could_not_tell", says=""
        )
        engine = open_engine(f"sqlite:///{self.crawling.folder / 'mekiki.db'}")
        with transaction(engine) as session:
            link = LinkToVisit(url=visit.url, cases=(session.scalars(select(Case.id)).one(),))
            save_visits(session, link, [visit], who="mekiki", authority=None, now=NOW)
        engine.dispose()

    def told(self, addresses: list[str], hosts: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        engine = open_engine(f"sqlite:///{self.crawling.folder / 'mekiki.db'}")
        with transaction(engine) as session:
            found = networks(session, addresses), security_texts(session, hosts)
        engine.dispose()
        return found

    def asked(self) -> list[str]:
        return [path for path in self.registry.paths() if not path.endswith(".json")]


@pytest.fixture
def asking(tmp_path: Path) -> Any:
    server, _ = certificate(tmp_path, "shop.test")
    with WebServer() as registry, WebServer(tls=server) as shop:
        yield Asking(tmp_path, registry, shop)


def test_networks_and_hosts_of_a_case_are_asked_once(asking: Asking) -> None:
    asking.crawl(["tips"])
    asking.follow(
        (f"https://{asking.host}/a", "203.0.113.7"),
        (f"https://{asking.host}/b", "203.0.113.200"),
        ("http://six.test/", "2001:db8::7"),
    )
    asking.registry.pages |= {
        "/ip/203.0.113.7": Answer(status=303, headers={"Location": "/elsewhere"}),
        "/ip/203.0.113.200": Answer(status=303, headers={"Location": "/elsewhere"}),
        "/elsewhere": network("203.0.113.0", "203.0.113.255", "abuse@hosting.example"),
        "/six/ip/2001:db8::7": json_of({"errorCode": 404, "title": "Not Found"}, 404),
    }
    asking.shop.pages["/.well-known/security.txt"] = Answer(body=SECURITY, kind="text/plain")
    report = asking.crawl(["registries"])["registries"]
    assert report.outcome == "ok", report.problems
    assert sorted(asking.asked()) == ["/elsewhere", "/ip/203.0.113.200", "/six/ip/2001:db8::7"], "one answer, one range"
    found, told = asking.told(["203.0.113.7", "203.0.113.200", "2001:db8::7"], [asking.host])
    assert {one.abuse_email for one in found.values() if not one.error} == {"abuse@hosting.example"}
    assert found["203.0.113.7"].answer == found["203.0.113.200"].answer
    assert found["2001:db8::7"].error == "404 Not Found"
    assert told[asking.host].contacts == ("abuse@shop.test",)
    kept = [*(asking.crawling.folder / "media").rglob(f"{told[asking.host].answer}*")]
    assert kept[0].read_bytes() == SECURITY, "its own words"
    asking.crawl(["registries"])
    assert len(asking.asked()) == 3, "not asked again within 30 days"
    assert asking.shop.paths() == ["/.well-known/security.txt"]


def test_a_registry_that_refuses_is_left_alone_and_hosts_without_an_answer_are_no_problem(asking: Asking) -> None:
    asking.registry.pages["/ip/198.51.100.1"] = Answer(status=429)
    asking.shop.pages["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /\n", kind="text/plain")
    addresses = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "192.0.2.1"]
    report = asking.crawl(
        ["registries"],
        f'addresses = {json.dumps(addresses)}\nhosts = ["{asking.host}", "nowhere.invalid", "inside.test"]',
    )["registries"]
    assert asking.asked() == ["/ip/198.51.100.1"]
    assert any("2 addresses are left for the next run" in problem for problem in report.problems), report.problems
    assert set(report.errors) == {"http_429", "refused_address"}, "what is inside is refused and counted"
    found, told = asking.told(addresses, [asking.host, "nowhere.invalid", "inside.test"])
    assert list(found) == ["192.0.2.1"]
    assert "no registry answers" in found["192.0.2.1"].error
    assert "robots.txt forbids it" in told[asking.host].error
    assert told["nowhere.invalid"].error
    assert asking.shop.paths() == []
    asking.crawl(["registries"], f'hosts = ["{asking.host}"]\nsecurity_txt = false')
    assert asking.shop.paths() == []
