"""Registrations of the domains that cases lead to, asked of registries and registrars that answer in every way."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage.cases import case_detail, list_cases
from storage.database import open_engine, transaction
from storage.registrations import Registration, domains_to_ask
from tests.servers.crawling import Crawling, Report
from tests.servers.web import Answer, WebServer

NOW = datetime(2026, 11, 25, tzinfo=UTC)
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
delay = 0.0
{more}
"""
DOMAIN = {
    "objectClassName": "domain",
    "ldhName": "HOSHINO-DENKI-SALE.TEST",
    "events": [{"eventAction": "registration", "eventDate": "2026-11-09T02:11:00Z"}],
    "entities": [
        {
            "roles": ["registrar"],
            "publicIds": [{"type": "IANA Registrar ID", "identifier": "9999"}],
            "vcardArray": ["vcard", [["fn", {}, "text", "Example Registrar Inc."]]],
        }
    ],
}
ABUSE = {"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "abuse@registrar.example"]]]}
REGISTRAR: dict[str, Any] = {
    **DOMAIN,
    "entities": [{**DOMAIN["entities"][0], "entities": [ABUSE]}],  # type: ignore[dict-item]  # a list of tables
}


def answered(body: Any, status: int = 200) -> Answer:
    return Answer(body=json.dumps(body).encode(), status=status, kind="application/rdap+json")


class Registry:
    """A case about one domain, and a registry to ask about it."""

    def __init__(self, folder: Path, server: WebServer) -> None:
        self.server = server
        self.crawling = Crawling(folder)
        self.has_case = False
        server.pages["/dns.json"] = answered({"services": [[["test"], [f"{server.url}/"]]]})
        (folder / "tips.csv").write_text("url\nhttps://hoshino-denki-sale.test/lp\n", "utf-8")

    def crawl(self, more: str = "") -> Report:
        self.crawling.configure(SOURCES.format(url=self.server.url, more=more), allow=[self.server.allow])
        if not self.has_case:
            self.crawling.crawl(sources=["tips"])
            self.has_case = True
        return self.crawling.crawl(sources=["registries"])

    def registration(self) -> Registration | None:
        engine = open_engine(f"sqlite:///{self.crawling.folder / 'mekiki.db'}")
        with transaction(engine) as session:
            [case] = list_cases(session, now=NOW)
            return case_detail(session, case.id).registration

    def facts(self) -> dict[str, Any]:
        found = self.registration()
        assert found is not None
        return dict(found.facts)

    def asked(self) -> list[str]:
        return [path for path in self.server.paths() if path != "/dns.json"]


@pytest.fixture
def registry(tmp_path: Path) -> Any:
    with WebServer() as server:
        yield Registry(tmp_path, server)


def test_the_registrar_is_asked_where_the_registry_names_nobody_for_complaints(registry: Registry) -> None:
    related = {"rel": "related", "type": "application/rdap+json", "href": f"{registry.server.url}/registrar/domain/x"}
    registry.server.pages["/domain/hoshino-denki-sale.test"] = answered({**DOMAIN, "links": [related]})
    registry.server.pages["/registrar/domain/x"] = answered(REGISTRAR)
    report = registry.crawl()
    assert report["registries"].outcome == "ok", report["registries"].problems
    facts = registry.facts()
    assert (facts["created"], facts["registrar"], facts["registrar_id"], facts["abuse_email"]) == (
        "2026-11-09T02:11:00Z", "Example Registrar Inc.", "9999", "abuse@registrar.example",
    )  # fmt: skip
    assert registry.server.hits[-1].headers["accept"].startswith("application/rdap+json")
    kept = registry.registration()
    assert kept is not None
    assert kept.answer is not None
    media = list((registry.crawling.folder / "media").rglob(f"{kept.answer}*"))
    assert json.loads(media[0].read_bytes())["ldhName"] == "HOSHINO-DENKI-SALE.TEST"  # the registry's own words
    registry.crawl()
    assert len(registry.asked()) == 2  # not asked again within 30 days


def test_what_the_registry_told_is_kept_when_its_registrar_fails(registry: Registry) -> None:
    related = {"rel": "related", "type": "application/rdap+json", "href": "http://192.168.0.1/domain/x"}
    registry.server.pages["/domain/hoshino-denki-sale.test"] = answered({**DOMAIN, "links": [related]})
    report = registry.crawl()
    assert "refused_address" in report["registries"].errors
    assert registry.facts()["registrar"] == "Example Registrar Inc."


def test_a_domain_that_is_gone_and_a_suffix_nobody_answers_for(registry: Registry) -> None:
    registry.server.pages["/domain/hoshino-denki-sale.test"] = answered({"errorCode": 404, "title": "Not Found"}, 404)
    assert registry.crawl()["registries"].outcome == "ok"
    assert registry.facts()["error"] == "404 Not Found"
    assert registry.crawl('domains = ["shop.nowhere"]')["registries"].outcome == "ok"
    rows = registry.crawling.rows("SELECT domain, facts FROM registrations ORDER BY id")
    assert [domain for domain, _ in rows] == ["hoshino-denki-sale.test", "shop.nowhere"]
    assert "no registry answers" in rows[1][1]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=429), "http_429"),
        (Answer(status=503), "http_503"),
        (Answer(body=b"<html>down</html>"), "unreadable"),
    ],
)
def test_what_may_pass_is_asked_again_by_the_next_run(registry: Registry, answer: Answer, kind: str) -> None:
    registry.server.pages["/domain/hoshino-denki-sale.test"] = answer
    report = registry.crawl()
    assert set(report["registries"].errors) == {kind}
    assert registry.registration() is None
    registry.server.pages["/domain/hoshino-denki-sale.test"] = answered(REGISTRAR)
    registry.crawl()
    assert registry.facts()["abuse_email"] == "abuse@registrar.example"


def test_dismissed_cases_and_tenants_of_hosting_are_not_asked_for(registry: Registry) -> None:
    (registry.crawling.folder / "tips.csv").write_text("url\nhttps://hoshinodenki-sale.github.io/\n", "utf-8")
    registry.crawl()
    engine = open_engine(f"sqlite:///{registry.crawling.folder / 'mekiki.db'}")
    with transaction(engine) as session:
        [case] = list_cases(session, now=NOW)
        assert case.campaign == "host:hoshinodenki-sale.github.io"
        assert domains_to_ask(session, case.opened_at) == []


def test_a_registry_that_refuses_is_left_alone_and_a_redirect_is_followed(registry: Registry) -> None:
    names = [f"shop{number}.test" for number in range(6)]
    registry.server.pages["/domain/shop0.test"] = Answer(status=302, headers={"Location": "/moved"})
    registry.server.pages["/moved"] = answered({**DOMAIN, "ldhName": "shop0.test"})
    registry.server.pages["/domain/shop1.test"] = Answer(status=429, headers={"Retry-After": "3600"})
    report = registry.crawl(f"domains = {json.dumps(names)}")["registries"]
    assert registry.asked() == ["/domain/shop0.test", "/moved", "/domain/shop1.test"]
    assert any("4 domains are left for the next run" in problem for problem in report.problems)
    assert registry.crawling.rows("SELECT domain FROM registrations") == [("shop0.test",)]
