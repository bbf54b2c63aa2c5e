"""Who has a part in a journey, and who is never asked to take anything down."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import load
from detector.brands import Who
from detector.hosts import parse_host
from detector.items import Advertiser, Item
from storage.contacts import SecurityFacts
from storage.database import snapshot
from takedown.actor import Actor, Contact
from takedown.actors import MOST_ACTORS, MOST_TARGETS, actors_of
from takedown.catalogue import load_catalogue
from takedown.story import tell_story
from tests.takedown.stage import NOW, SHOP, Stage
from tests.takedown.ways import CDN, ad, journey, of, only, telling

SHOP_LINK = f"https://{SHOP}/lp"


def named(actors: Sequence[Actor]) -> set[tuple[str, str]]:
    return {(actor.kind, actor.subject) for actor in actors}


def test_every_actor_of_a_journey_in_its_order(stage: Stage) -> None:
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=NOW + timedelta(days=1))
    actors = actors_of(story)
    assert [(actor.kind, actor.subject) for actor in actors] == [
        ("platform", "meta"),
        ("platform", "youtube"),
        ("advertiser", "meta:1088554433"),
        ("advertiser", "youtube:AR07"),
        ("redirect", "go.short-hop.test"),
        ("registrar", SHOP),
        ("registrar", "short-hop.test"),
        ("registry", SHOP),
        ("host", "198.51.100.9"),
        ("cdn", SHOP),
        ("chat", "line:@hoshino-sale88"),
        ("payee", "bank:みどり銀行/架空支店/普通/1234567"),
        ("everyone", "everyone"),
    ]
    registrar = next(actor for actor in actors if actor.subject == SHOP and actor.kind == "registrar")
    assert registrar.contacts == (Contact(address="abuse@registrar.example", origin="rdap"),)
    assert registrar.facts["registrar_id"] == "9999"
    assert registrar.targets == (SHOP,)
    cdn = only(story, "cdn")
    assert cdn.contacts[0].address == "abuse@cdn.example"
    host = only(story, "host")
    assert host.name == "Example Hosting KK"
    assert "Cloudflare" in host.facts["odd"], "its headers claim a content network, its address is none of it"
    assert actors == actors_of(story), "two looks, one answer"


def test_behind_a_content_network_the_address_is_not_the_hosts() -> None:
    fronted = telling([ad(SHOP_LINK)], [journey(SHOP_LINK, headers=CDN)])
    assert of(actors_of(fronted), "host") == []
    front = only(fronted, "cdn")
    assert (front.name, front.subject, front.facts["cdn"]) == ("Cloudflare", SHOP, "cloudflare")
    assert front.facts["address"] == "203.0.113.7"
    plain = telling([ad(SHOP_LINK)], [journey(SHOP_LINK)])
    assert of(actors_of(plain), "cdn") == []
    assert only(plain, "host").subject == "203.0.113.7"


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ((("X-Amz-Cf-Id", "abc"),), "cloudfront"),
        ((("Via", "1.1 x.cloudfront.net (CloudFront)"),), "cloudfront"),
        ((("Server", "AkamaiGHost"),), "akamai"),
        ((("X-Served-By", "cache-nrt1234-NRT"),), "fastly"),
        ((("Server", "ddos-guard"),), "ddos-guard"),
    ],
)
def test_content_networks_are_told_by_their_headers(headers: tuple[tuple[str, str], ...], key: str) -> None:
    assert only(telling([ad(SHOP_LINK)], [journey(SHOP_LINK, headers=headers)]), "cdn").facts["cdn"] == key


def test_a_content_network_is_told_by_whose_the_address_is() -> None:
    told = {"203.0.113.7": {"name": "CLOUDFLARENET", "owner": "Cloudflare, Inc.", "abuse_email": "abuse@cdn.example"}}
    front = only(telling([ad(SHOP_LINK)], [journey(SHOP_LINK)], networks=told), "cdn")
    assert (front.facts["cdn"], front.contacts[0].address) == ("cloudflare", "abuse@cdn.example")


def test_headers_that_claim_a_content_network_do_not_hide_the_host() -> None:
    told = {"203.0.113.7": {"name": "EXAMPLE-NET", "owner": "Example Hosting KK", "abuse_email": "abuse@host.example"}}
    host = only(telling([ad(SHOP_LINK)], [journey(SHOP_LINK, headers=CDN)], networks=told), "host")
    assert host.contacts == (Contact(address="abuse@host.example", origin="rdap"),)
    assert host.facts["odd"] == "its headers name Cloudflare, but its address is not of that network"
    assert "cloudflare" not in {channel.key.partition("-")[0] for channel in load_catalogue(None).fitting(host)}


def test_a_bare_address_has_a_host_and_no_registrar() -> None:
    link = "http://203.0.113.99:8080/lp"
    actors = actors_of(telling([ad(link)], [journey(link, address="203.0.113.99")]))
    assert [(actor.kind, actor.subject) for actor in actors if actor.kind in ("registrar", "registry", "host")] == [
        ("host", "203.0.113.99")
    ]
    unseen = actors_of(telling([ad("http://[2001:db8::7]/lp")]))
    assert ("host", "2001:db8::7") in named(unseen), "it names its host without a visit"


def test_a_name_in_another_script_is_asked_for_in_ascii() -> None:
    link = "https://星野電機-公式.test/lp"
    ascii_name = parse_host(link)
    assert ascii_name is not None
    actors = actors_of(telling([ad(link)], [journey(link)]))
    registrar = next(actor for actor in actors if actor.kind == "registrar")
    assert registrar.targets == (ascii_name.ascii,)
    assert ascii_name.ascii.startswith("xn--")
    assert next(actor for actor in actors if actor.kind == "host").targets == (link,), "byte for byte"


def test_of_a_shared_host_only_the_tenant_is_a_target() -> None:
    pages = ("https://hoshino-sale.github.io/lp", "https://note.com/hoshino_sale/n/1", "https://note.com/other/n/2")
    actors = actors_of(telling([ad(*pages)], [journey(page) for page in pages]))
    assert {(actor.subject, actor.name) for actor in of(actors, "host")} == {
        ("hoshino-sale.github.io", "github.io"),
        ("note.com/hoshino_sale", "note.com"),
        ("note.com/other", "note.com"),
    }
    assert of(actors, "registrar") == of(actors, "registry") == of(actors, "cdn") == []


def test_five_hops_of_which_platforms_and_networks_of_ads_are_nobodys_redirects() -> None:
    way = (
        "https://l.facebook.com/l.php?u=x",
        "https://ad.doubleclick.net/clk?adurl=x",
        "https://bit.ly/3xYz",
        "https://track.clicks-hop.test/r?a=1",
        "https://cat.criteo.com/x?dest=y",
        SHOP_LINK,
    )
    actors = actors_of(telling([ad(way[0])], [journey(*way)]))
    assert [(actor.subject, actor.targets) for actor in of(actors, "redirect")] == [
        ("bit.ly", ("https://bit.ly/3xYz",)),
        ("track.clicks-hop.test", ("https://track.clicks-hop.test/r?a=1",)),
    ]
    assert [actor.subject for actor in of(actors, "registrar")] == [SHOP, "clicks-hop.test"], "nobody suspends bit.ly"
    assert [actor.subject for actor in of(actors, "registry")] == [SHOP]
    assert all(actor.links == (way[0],) for actor in actors if actor.kind not in ("advertiser",))


def test_visitors_who_end_elsewhere_are_all_followed() -> None:
    """A cloaker shows its shop to one and the genuine site to another."""
    link = f"https://{SHOP}/go"
    visits = [
        journey(link, "https://hoshino-outlet.test/a", visitor="telephone", address=("203.0.113.7", "203.0.113.8")),
        journey(link, "https://hoshino-denki.example/", visitor="desk", address=("203.0.113.7", "192.0.2.80")),
        journey(link, "https://hoshino-store.test/b", visitor="abroad", address=("203.0.113.7", "203.0.113.9")),
    ]
    actors = actors_of(telling([ad(link)], visits))
    assert {actor.subject for actor in of(actors, "registrar")} == {SHOP, "hoshino-outlet.test", "hoshino-store.test"}
    assert "192.0.2.80" not in {actor.subject for actor in of(actors, "host")}
    assert not any("hoshino-denki.example" in target for actor in actors for target in actor.targets)


def test_who_showed_it_is_asked_also_once_it_is_gone() -> None:
    shown = journey(SHOP_LINK, at=NOW)
    gone = journey(SHOP_LINK, at=NOW + timedelta(days=2), outcome="gone", address=None)
    assert only(telling([ad(SHOP_LINK)], [shown, gone]), "host").subject == "203.0.113.7"


def test_a_host_keeps_its_first_address_as_its_name() -> None:
    told = {f"203.0.113.{n}": {"name": "N", "owner": "Example Hosting", "abuse_email": "a@h.example"} for n in (7, 3)}
    first = journey(SHOP_LINK, address="203.0.113.7", at=NOW)
    later = journey(SHOP_LINK, address="203.0.113.3", at=NOW + timedelta(days=1))
    host = only(telling([ad(SHOP_LINK)], [first, later], networks=told), "host")
    assert (host.subject, host.facts["addresses"]) == ("203.0.113.7", "203.0.113.7 203.0.113.3")


def test_official_and_registered_places_on_the_way_are_no_targets() -> None:
    official, reseller = "https://shop.hoshino-denki.example/sale", "https://yamada-outlet.example/hoshino"
    links = (official, reseller, SHOP_LINK)
    story = telling(
        [ad(*links)],
        [
            journey(official),
            journey(reseller, address="192.0.2.1"),
            journey("https://yamada-outlet.example/x", SHOP_LINK),
        ],
        owned={"domain:yamada-outlet.example": "reseller"},
    )
    actors = actors_of(story)
    text = repr(actors)
    assert "hoshino-denki.example" not in text
    assert "yamada-outlet.example/hoshino" not in text
    assert [actor.subject for actor in of(actors, "registrar")] == [SHOP]
    assert not any(official in actor.links or reseller in actor.links for actor in actors), "they never go down"


def test_a_reseller_whose_entry_has_ended_is_a_target_and_it_is_said() -> None:
    link = "https://yamada-outlet.example/hoshino"
    scope = "domain:yamada-outlet.example"
    ended = telling([ad(link)], [journey(link)], owned={scope: "reseller"}, until={scope: date(2026, 11, 1)})
    registrar = only(ended, "registrar")
    assert registrar.subject == "yamada-outlet.example"
    assert "expired on 2026-11-01" in registrar.facts["ended"]


def test_nobody_suspends_a_domain_below_which_a_partner_is_registered() -> None:
    link = "https://fake.mall.example/hoshino"
    story = telling([ad(link)], [journey(link)], owned={"domain:partner.mall.example": "reseller"})
    actors = actors_of(story)
    assert of(actors, "registrar") == of(actors, "registry") == []
    assert only(story, "host").targets == (link,)


def test_a_brands_own_accounts_and_advertisers_are_left_out() -> None:
    mine = ad(SHOP_LINK, identity="own", advertiser=Advertiser(id="108855443322110", name="星野電機"))
    theirs = ad(SHOP_LINK, text="LINE @hoshino_official で、LINE @hoshino-sale88 で")
    story = telling(
        [mine, theirs],
        [journey(SHOP_LINK)],
        accounts=("meta:108855443322110", "line:@hoshino_official"),
        owned={"advertiser:meta:5": "agency"},
    )
    actors = actors_of(story)
    assert [actor.targets for actor in of(actors, "platform")] == [("ad-1",)]
    assert [actor.subject for actor in of(actors, "advertiser")] == ["meta:77"]
    assert [actor.subject for actor in of(actors, "chat")] == ["line:@hoshino-sale88"]


def test_numbers_and_accounts_on_a_brands_saved_pages_are_its_own(stage: Stage) -> None:
    """Frauds copy the genuine page, with the number of the genuine desk."""
    (stage.folder / "pages").mkdir()
    (stage.folder / "pages" / "desk.txt").write_text("お客様窓口 03-5555-0123 LINE @hoshino-sale88", "utf-8")
    file = stage.folder / "mekiki.toml"
    file.write_text(file.read_text("utf-8").replace("pictures =", 'pages = ["pages/"]\npictures ='), "utf-8")
    with snapshot(stage.engine) as session:
        story = tell_story(session, load(file), stage.case, now=NOW + timedelta(days=1))
    assert of(actors_of(story), "chat") == []
    assert of(actors_of(story), "payee")
    item = replace(story.case.items[0], item=ad(text="お客様窓口 03-5555-0123 または 03-5555-0199"))
    assert [
        actor.subject
        for actor in actors_of(replace(story, case=replace(story.case, items=(item,))))
        if actor.kind == "phone"
    ] == ["phone:+81355550199"]


def test_a_page_on_a_platform_is_the_platforms_to_remove() -> None:
    link = "https://www.facebook.com/HoshinoOutlet"
    actors = actors_of(telling([ad(link, platform="tiktok")], [journey(link)]))
    assert {(actor.subject, actor.targets) for actor in of(actors, "platform")} == {
        ("tiktok", ("ad-1",)),
        ("meta", (link,)),
    }
    assert of(actors, "host") == of(actors, "registrar") == []


def test_a_link_into_a_chat_is_a_hand_off_and_no_host() -> None:
    link = "https://line.me/R/ti/p/~hoshino88"
    actors = actors_of(telling([ad(link)], [journey(link)]))
    assert ("chat", "line:hoshino88") in named(actors)
    assert of(actors, "host") == of(actors, "redirect") == of(actors, "registrar") == []


def test_where_people_are_led_by_number_and_wallet() -> None:
    wallet = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
    actors = actors_of(telling([ad(text=f"電話 03-5555-0123 / {wallet}")]))
    assert ("phone", "phone:+81355550123") in named(actors)
    assert ("payee", f"wallet:{wallet}") in named(actors)


def test_without_visits_the_links_tell_what_they_can() -> None:
    redirector = f"https://www.google.com/url?q=https%3A%2F%2F{SHOP}%2Flp"
    actors = actors_of(telling([ad(redirector, "https://bit.ly/abc", "https://hoshino-b.test/")]))
    assert {actor.subject for actor in of(actors, "registrar")} == {SHOP, "hoshino-b.test"}
    assert [actor.subject for actor in of(actors, "redirect")] == ["bit.ly"]
    assert of(actors, "host") == [], "no address answered"


def test_without_links_there_is_the_platform_and_those_who_take_any_report() -> None:
    story = telling([ad(url="https://ads.platform.example/?id=1")])
    assert [actor.kind for actor in actors_of(story)] == ["platform", "advertiser", "everyone"]
    assert only(story, "everyone").targets == ("https://ads.platform.example/?id=1",)
    assert actors_of(telling([Item(id="t", kind="page", url="https://hoshino-denki.example/")])) == ()
    assert actors_of(telling()) == ()


def test_a_publisher_is_named_unless_it_is_a_platform() -> None:
    pages = ("https://news.example/a", "https://news.example/b", "https://www.youtube.com/watch?v=1")
    items = [ad(SHOP_LINK, identity=f"ad-{n}", publisher_url=page) for n, page in enumerate(pages)]
    told = SecurityFacts(host="news.example", asked_at=NOW, contacts=("https://news.example/report",))
    publisher = only(telling(items, [journey(SHOP_LINK)], security={"news.example": told}), "publisher")
    assert publisher.targets == pages[:2]
    assert publisher.contacts == (Contact(address="https://news.example/report", origin="security.txt"),)


def test_what_a_registry_said_instead_of_facts_is_told() -> None:
    facts = {SHOP: {"error": "404 Not Found"}}
    registrar = only(telling([ad(SHOP_LINK)], [journey(SHOP_LINK)], registrations=facts), "registrar")
    assert (registrar.name, registrar.contacts, registrar.facts["error"]) == ("", (), "404 Not Found")


def test_a_case_of_five_hundred_items_stays_bounded_and_says_what_is_left_out() -> None:
    items = [
        ad(f"https://shop{n}.test/lp?{n}", identity=f"ad-{n}", advertiser=Advertiser(id=str(n % 60)))
        for n in range(500)
    ]
    actors = actors_of(telling(items, [journey(f"https://shop{n}.test/lp?{n}") for n in range(70)]))
    kinds = [actor.kind for actor in actors]
    assert max(kinds.count(kind) for kind in set(kinds)) <= MOST_ACTORS
    platform = next(actor for actor in actors if actor.kind == "platform")
    assert len(platform.targets) == MOST_TARGETS
    assert platform.facts["left_out"] == str(500 - MOST_TARGETS)


HOSTS = st.sampled_from(
    (
        "hoshino-denki.example", "www.hoshino-denki.example", "a.b.hoshino-denki.example", "yamada-outlet.example",
        "shop.yamada-outlet.example", "mall.example", "partner.mall.example", "hoshino-sale.test", "evil.test",
        "203.0.113.5", "hoshinodenki.github.io", "fake.github.io", "bit.ly", "l.facebook.com", "note.com", "line.me",
        "HOSHINO-DENKI.example.", "xn--hoshino-9h3h.test",
    )
)  # fmt: skip
PATHS = st.sampled_from(("", "/", "/hoshino", "/hoshino/x", "/hoshinox", "/a?b=c", "\\..\\x", "/%2e%2e/"))
URLS = st.builds(
    lambda scheme, host, port, path: f"{scheme}{host}{port}{path}",
    st.sampled_from(("https://", "http://", "HTTPS://")),
    HOSTS,
    st.sampled_from(("", ":8443")),
    PATHS,
)
OWNED: dict[str, Who] = {
    "domain:yamada-outlet.example": "reseller",
    "path:mall.example/hoshino": "group",
    "domain:partner.mall.example": "agency",
    "domain:hoshinodenki.github.io": "own",
}


@settings(max_examples=60, deadline=None)
@given(
    ways=st.lists(st.lists(URLS, min_size=1, max_size=4), max_size=4),
    links=st.lists(URLS, max_size=4),
    pages=st.lists(URLS, max_size=2),
    publishers=st.lists(URLS, max_size=2),
)
def test_nothing_official_or_registered_is_ever_a_target(
    ways: list[list[str]], links: list[str], pages: list[str], publishers: list[str]
) -> None:
    items = [ad(*links, *(way[0] for way in ways), publisher_url=url) for url in (*publishers, None)]
    items += [Item(id=f"page-{number}", kind="page", url=url) for number, url in enumerate(pages)]
    story = telling(items, [journey(*way) for way in ways], owned=OWNED)
    for actor in actors_of(story):
        for target in (*actor.targets, actor.subject):
            host = parse_host(target)
            if host is None or "." not in host.ascii:
                continue
            below = (f".{name}" for name in ("hoshino-denki.example", "yamada-outlet.example", "partner.mall.example"))
            assert not any(f".{host.ascii}".endswith(name) for name in below), actor
            assert host.ascii != "hoshinodenki.github.io", actor
            if host.ascii == "mall.example":
                assert host.path.rstrip("/") != "/hoshino", actor
                assert not host.path.startswith("/hoshino/"), actor
                assert actor.kind not in ("registrar", "registry"), "a partner's pages would go with the domain"
