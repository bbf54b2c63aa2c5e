"""Where an actor takes complaints, and whom nobody writes to."""

from dataclasses import replace
from datetime import timedelta

from storage.contacts import SecurityFacts
from takedown.actor import Contact, mails_of
from takedown.actors import actors_of
from tests.takedown.stage import NOW, SHOP
from tests.takedown.ways import ad, journey, of, only, telling

SHOP_LINK = f"https://{SHOP}/lp"


def test_a_security_txt_counts_until_it_expires() -> None:
    told = SecurityFacts(host="registrar.example", asked_at=NOW, contacts=("security@registrar.example",))
    facts = {SHOP: {"registrar": "R", "abuse_email": "abuse@registrar.example"}}
    for expires, count in ((None, 2), (NOW + timedelta(days=9), 2), (NOW, 1)):
        security = {"registrar.example": replace(told, expires=expires)}
        story = telling([ad(SHOP_LINK)], [journey(SHOP_LINK)], registrations=facts, security=security)
        assert len(only(story, "registrar").contacts) == count, expires


def test_no_notice_goes_to_whom_a_site_names_itself() -> None:
    """The fraud may have written its own security.txt: an analyst is told, nobody is mailed."""
    hop, tenant = "https://go.hop.test/x", "https://hoshino-sale.github.io/lp"
    hosts = (SHOP, "go.hop.test", "hoshino-sale.github.io", "bit.ly")
    security = {host: SecurityFacts(host=host, asked_at=NOW, contacts=(f"me@{host}",)) for host in hosts}
    way = journey("https://bit.ly/x", hop, SHOP_LINK)
    actors = actors_of(telling([ad(way.url, tenant)], [way, journey(tenant)], security=security))
    assert {contact.address for actor in actors for contact in actor.contacts} == {"me@bit.ly"}
    assert {actor.facts["site_contacts"] for actor in actors if "site_contacts" in actor.facts} == {
        f"me@{SHOP}",
        "me@go.hop.test",
    }


def test_a_contact_at_the_accused_domain_is_known_for_what_it_is() -> None:
    """A fraud may register its own contact: another one goes first, and where there is none it is said."""
    mine = f"abuse@noc.{SHOP}"
    network = {"203.0.113.7": {"name": "N", "abuse_email": mine}}
    facts = {SHOP: {"registrar": "R", "abuse_email": mine}}
    hop = "https://go.hop.test/x"
    way = journey(hop, SHOP_LINK, address=("198.51.100.9", "203.0.113.7"))
    told = telling([ad(way.url)], [way], registrations=facts, networks=network)
    for kind in ("registrar", "host"):
        actor = next(one for one in of(actors_of(told), kind) if mine in mails_of(one.contacts))
        assert actor.facts["own_contacts"] == mine
    other = SecurityFacts(host="hop.test", asked_at=NOW, contacts=("abuse@real.example", "https://hop.test/report"))
    hops = {SHOP: {"registrar": "R", "abuse_email": "abuse@hop.test"}}
    among = actors_of(telling([ad(way.url)], [way], registrations=hops, security={"hop.test": other}))
    shop = next(one for one in of(among, "registrar") if one.subject == SHOP)
    assert shop.contacts == (Contact(address="abuse@hop.test", origin="rdap"),), "nor does its security.txt count"
    assert shop.facts["own_contacts"] == "abuse@hop.test", "the other domain of the same fraud"
    security = {"registrar.example": SecurityFacts(host="registrar.example", asked_at=NOW, contacts=(mine,))}
    real = {SHOP: {"registrar": "R", "abuse_email": "abuse@registrar.example"}}
    known = only(telling([ad(SHOP_LINK)], [journey(SHOP_LINK)], registrations=real, security=security), "registrar")
    assert (mails_of(known.contacts)[0], "own_contacts" in known.facts) == ("abuse@registrar.example", False)
    same = {"registrar": "R", "registrar_id": "9999"}
    both = {SHOP: {**same, "abuse_email": mine}, "hop.test": {**same, "abuse_email": "abuse@registrar.example"}}
    network["203.0.113.7"]["name"] = "CLOUDFLARENET"
    fronted = actors_of(telling([ad(way.url)], [way], networks=network, registrations=both))
    [front] = of(fronted, "cdn")
    assert front.facts["own_contacts"] == mine
    for actor in of(fronted, "registrar"):  # the registrar's own address is known of another domain
        assert (mails_of(actor.contacts)[0], "own_contacts" in actor.facts) == ("abuse@registrar.example", False)


def test_a_provider_of_many_is_told_at_its_own_address() -> None:
    network = {"203.0.113.7": {"name": "ISP", "abuse_email": "abuse@provider.example"}}
    for link in ("https://www7b.provider.example/~fraud/lp", "https://fraud.github.io/lp"):
        told = {"203.0.113.7": {"name": "N", "abuse_email": "abuse@github.io"}} if "github" in link else network
        facts = {"provider.example": {"registrar": "R", "abuse_email": "abuse@provider.example"}}
        for actor in actors_of(telling([ad(link)], [journey(link)], networks=told, registrations=facts)):
            assert "own_contacts" not in actor.facts, actor
    tenant = "https://fraud.github.io/lp"
    facts = {SHOP: {"registrar": "R", "abuse_email": "me@fraud.github.io"}}
    links = [ad(tenant, SHOP_LINK)]
    registrar = only(telling(links, [journey(tenant), journey(SHOP_LINK)], registrations=facts), "registrar")
    assert registrar.facts["own_contacts"] == "me@fraud.github.io", "a tenant is nobody but itself"


def test_when_shorteners_and_publishers_were_asked_is_known() -> None:
    way = journey("https://www.bit.ly/x", "https://go.hop.test/x", SHOP_LINK)
    page = "https://news.example/a"
    items = [ad(way.url, publisher_url=page)]
    before = actors_of(telling(items, [way]))
    assert not any("asked" in actor.facts for kind in ("redirect", "publisher") for actor in of(before, kind))
    security = {
        host: SecurityFacts(host=host, asked_at=NOW, error="answered 404") for host in ("bit.ly", "news.example")
    }
    facts = {"hop.test": {"registrar": "R"}}
    after = actors_of(telling(items, [way], security=security, registrations=facts))
    assert {
        actor.subject: actor.facts.get("asked") for kind in ("redirect", "publisher") for actor in of(after, kind)
    } == dict.fromkeys(("www.bit.ly", "go.hop.test", "news.example"), NOW.isoformat())
