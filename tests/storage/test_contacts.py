"""Whom to ask next about cases, and what was told: append-only, the latest answer counts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from detector.hosts import parse_host
from detector.visits import Hop, Visit
from storage.cases import Judgement, judge
from storage.contacts import (
    ContactAnswer,
    ToAsk,
    authority_of,
    networks,
    operator_of,
    save_contact,
    security_texts,
    to_ask,
)
from storage.database import transaction
from storage.registrations import Registration, save_registration
from storage.schema import Case, ContactRow
from storage.visits import LinkToVisit, save_visits
from tests.storage.examples import NOW, an_item, see

WAY = (
    ("https://l.facebook.com/l.php?u=x", "157.240.1.1"),
    ("https://bit.ly/x7", "67.199.248.10"),
    ("https://go.short-hop.test:8443/x", "198.51.100.9"),
    ("http://203.0.113.50/x", "203.0.113.50"),
    ("https://hoshino-denki-sale.test/lp", "203.0.113.7"),
)


def follow(engine: Engine, case: int, way: Sequence[tuple[str, str]] = WAY, at: datetime = NOW) -> None:
    hops = tuple(Hop(url=url, how="redirect", at=at, seconds=0.1, status=200, address=ip) for url, ip in way)
    visit = Visit(
        url=way[0][0],
        visitor="v",
        started_at=at,
        hops=hops,
        landing=None,
        outcome="could_not_tell",
        says="",
    )
    with transaction(engine) as session:
        save_visits(session, LinkToVisit(url=way[0][0], cases=(case,)), [visit], who="mekiki", authority=None, now=at)


def asked(engine: Engine, before: datetime = NOW - timedelta(days=30)) -> ToAsk:
    with transaction(engine) as session:
        return to_ask(session, before)


def keep(engine: Engine, kind: str, subject: str, at: datetime = NOW, **facts: object) -> None:
    with transaction(engine) as session:
        save_contact(session, ContactAnswer(kind=kind, subject=subject, asked_at=at, facts=facts, answer=None))  # type: ignore[arg-type]  # of two


@pytest.fixture
def case(engine: Engine) -> int:
    see(engine, an_item())
    with transaction(engine) as session:
        return session.scalars(select(Case.id)).one()


def test_domains_addresses_and_hosts_of_journeys_are_asked_for_but_not_platforms(engine: Engine, case: int) -> None:
    follow(engine, case)
    found = asked(engine)
    assert {"hoshino-denki-sale.test", "short-hop.test"} <= set(found.domains)
    assert found.addresses == ("203.0.113.7", "203.0.113.50", "198.51.100.9")
    assert found.hosts == ("hoshino-denki-sale.test", "go.short-hop.test:8443", "bit.ly")
    assert "facebook" not in repr(found)


def test_pages_that_carried_ads_are_asked_but_not_those_of_everybody(engine: Engine, case: int) -> None:
    pages = ("https://news.example/a", "https://ameblo.jp/x", "http://plain.example/", "https://news.example/b")
    for number, page in enumerate(pages):
        see(engine, an_item(number + 10, publisher_url=page))
    assert asked(engine).hosts == ("news.example",)
    keep(engine, "security", "news.example")
    assert asked(engine).hosts == ()


def test_what_was_asked_is_left_alone_until_it_is_old(engine: Engine, case: int) -> None:
    follow(engine, case)
    keep(engine, "network", "203.0.113.7")
    keep(engine, "security", "hoshino-denki-sale.test")
    keep(engine, "network", "198.51.100.9", at=NOW - timedelta(days=31))
    found = asked(engine)
    assert found.addresses == ("203.0.113.50", "198.51.100.9")
    assert found.hosts == ("go.short-hop.test:8443", "bit.ly")


def test_domains_of_those_whom_registries_named_are_asked_too(engine: Engine, case: int) -> None:
    follow(engine, case)
    keep(engine, "network", "203.0.113.7", abuse_email="abuse@noc.hosting.example")
    with transaction(engine) as session:
        for mail in ("abuse@registrar.example", "someone@gmail.com\r\nBcc: x@y.example", "", "a@b@c.example"):
            facts = {"abuse_email": mail}
            save_registration(session, Registration(domain="x.test", asked_at=NOW, facts=facts, answer=None))
    assert set(asked(engine).hosts) >= {"registrar.example", "hosting.example"}
    assert "c.example" not in asked(engine).hosts


def test_of_dismissed_cases_nobody_is_asked(engine: Engine, case: int) -> None:
    follow(engine, case)
    with transaction(engine) as session:
        judge(session, case, Judgement(who="keiko", action="dismiss", reason="unrelated"), now=NOW)
    assert asked(engine) == ToAsk()


def test_the_latest_answer_counts_and_none_is_lost(engine: Engine) -> None:
    keep(engine, "network", "203.0.113.7", name="OLD", abuse_email="old@h.example")
    keep(engine, "network", "203.0.113.7", at=NOW + timedelta(days=31), name="NEW", owner="株式会社\x00\udc80")
    keep(engine, "security", "shop.test", contacts=["a@shop.test"], expires="2027-01-01T00:00:00+00:00", error="")
    keep(engine, "security", "none.test", error="answered 404")
    with transaction(engine) as session:
        found = networks(session, ["203.0.113.7", "192.0.2.1"])
        told = security_texts(session, ["shop.test", "none.test"])
        assert session.scalar(select(func.count()).select_from(ContactRow)) == 4
    assert set(found) == {"203.0.113.7"}
    assert (found["203.0.113.7"].name, found["203.0.113.7"].abuse_email) == ("NEW", "")
    assert found["203.0.113.7"].owner == "株式会社\x00\udc80", "hostile text is kept as it stood"
    assert told["shop.test"].contacts == ("a@shop.test",)
    assert told["shop.test"].expires is not None
    assert told["none.test"].error == "answered 404"


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://shop.test/x", "shop.test"),
        ("https://shop.test:443/x", "shop.test"),
        ("https://shop.test:08443\\x", "shop.test:8443"),
        ("https://user:99@shop.test?x:7", "shop.test"),
        ("https://shop.test:99999/", "shop.test"),
        ("https://SHOP.test.:8443/", "shop.test:8443"),
    ],
)
def test_a_port_belongs_to_the_host(url: str, authority: str) -> None:
    host = parse_host(url)
    assert host is not None
    assert authority_of(url, host) == authority


@pytest.mark.parametrize(
    ("mail", "domain"),
    [
        ("abuse@noc.hosting.example", "hosting.example"),
        ("abuse@hosting.example, evil@other.example", None),
        ("abuse@sites.google.com", None),
        ("abuse", None),
        ("https://x.example/@y.example", None),
        ("a@evil.github.io", None),
        ("hoster@gmail.com", None),
        ("a@203.0.113.7", None),
    ],
)
def test_an_operator_is_known_by_the_domain_of_its_mail(mail: str, domain: str | None) -> None:
    assert operator_of(mail) == domain
