"""Which channels fit an actor, and in which order."""

from datetime import date
from typing import Any

import pytest

from storage.database import snapshot
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.catalogue import load_catalogue
from takedown.channel import Channel
from takedown.fitting import fitting, named
from takedown.story import tell_story
from tests.takedown.stage import NOW, Stage


def channel(key: str, match: dict[str, Any] | None = None, **more: Any) -> Channel:
    return Channel.model_validate(
        {
            "key": key,
            "name": {"en": key, "ja": "窓口"},
            "operator": key,
            "kind": "host",
            "way": "form",
            "url": "https://desk.example/",
            "who": ["anyone"],
            "languages": ["en"],
            "template": "hosting_abuse",
            "match": {"actors": ["host"], **(match or {})},
            "source": "https://desk.example/",
            "checked": date(2026, 11, 30),
            "unconfirmed": ["answer"],
            **more,
        }
    )


def actor(kind: Any = "host", subject: str = "203.0.113.7", name: str = "", **more: Any) -> Actor:
    return Actor(kind=kind, name=name, subject=subject, targets=more.pop("targets", ()), **more)


def keys(channels: list[Channel], somebody: Actor) -> list[str]:
    return [one.key for one in fitting(channels, somebody)]


def test_one_of_another_kind_never_fits() -> None:
    assert keys([channel("general"), channel("cdn", {"actors": ["cdn"]})], actor()) == ["general"]


def test_one_that_names_somebody_else_never_fits() -> None:
    desks = [channel("aws", {"networks": ["amazon"]}), channel("general")]
    assert keys(desks, actor(name="Sakura Internet Inc.")) == ["general"]


def test_who_is_named_comes_before_all_of_its_kind() -> None:
    desks = [channel("a-general"), channel("z-aws", {"networks": ["amazon"]})]
    assert keys(desks, actor(name="AMAZON-02")) == ["z-aws", "a-general"]


def test_a_next_step_comes_after_the_one_that_leads_to_it() -> None:
    desks = [channel("a-later"), channel("b-first", next=["a-later"]), channel("c-other")]
    assert keys(desks, actor()) == ["b-first", "c-other", "a-later"]


def test_a_next_step_of_one_that_does_not_fit_keeps_its_place() -> None:
    desks = [channel("a-later"), channel("b-first", {"networks": ["amazon"]}, next=["a-later"]), channel("c-other")]
    assert keys(desks, actor()) == ["a-later", "c-other"]


def test_owners_come_before_anyone_and_victims_last() -> None:
    desks = [
        channel("a-victim", who=["victim"]),
        channel("b-anyone", who=["anyone", "owner"]),
        channel("c-owner", who=["owner", "agent"]),
    ]
    assert keys(desks, actor()) == ["c-owner", "b-anyone", "a-victim"]


def test_then_by_kind_and_key() -> None:
    desks = [
        channel("a", {"actors": ["everyone"]}, kind="police"),
        channel("c", {"actors": ["everyone"]}, kind="blocklist"),
        channel("b", {"actors": ["everyone"]}, kind="blocklist"),
    ]
    assert keys(desks, actor("everyone", "everyone")) == ["b", "c", "a"]


def test_a_last_resort_is_for_those_whom_nobody_names() -> None:
    desks = [channel("resort", {"last_resort": True}), channel("aws", {"networks": ["amazon"]}), channel("general")]
    assert keys(desks, actor(name="AMAZON-02")) == ["aws", "general"]
    assert keys(desks, actor(name="Sakura")) == ["general", "resort"]
    desks = [channel("resort", {"last_resort": True}), channel("jp", {"suffixes": ["jp"]})]
    assert keys(desks, actor(subject="shop.jp")) == ["jp", "resort"]


def test_the_end_of_a_domain_counts_less_than_a_name() -> None:
    desks = [
        channel("a-suffix", {"actors": ["registrar"], "suffixes": ["jp"]}),
        channel("b-general", {"actors": ["registrar"]}),
        channel("c-named", {"actors": ["registrar"], "registrars": ["gmo"]}),
    ]
    somebody = actor("registrar", "shop.jp", "GMO Internet", facts={"domain": "shop.jp", "suffix": "jp"})
    assert keys(desks, somebody) == ["c-named", "a-suffix", "b-general"]


@pytest.mark.parametrize(
    ("match", "somebody", "expected"),
    [
        ({"platforms": ["meta"]}, actor(platform="meta"), "platform: meta"),
        ({"platforms": ["meta"]}, actor(platform="metafora"), ""),
        ({"handoffs": ["line"]}, actor(subject="line:@shop"), "handoff: line"),
        ({"handoffs": ["line"]}, actor(subject="x", facts={"handoff": "line"}), "handoff: line"),
        ({"handoffs": ["line"]}, actor(subject="line.example"), ""),
        ({"registrars": ["49"]}, actor(facts={"registrar_id": "49"}), "registrar: 49"),
        ({"registrars": ["49"]}, actor(name="Names 149 Inc.", facts={"registrar_id": "149"}), ""),
        ({"registrars": ["onamae"]}, actor(facts={"registrar": "d/b/a ONAMAE.com"}), "registrar: onamae"),
        ({"networks": ["cloudflare"]}, actor(facts={"network": "CLOUDFLARENET"}), "network: cloudflare"),
        ({"networks": ["cloudflare"]}, actor(facts={"owner": "Cloudflare, Inc."}), "network: cloudflare"),
        ({"hosts": ["pages.dev"]}, actor(subject="shop.pages.dev"), "host: pages.dev"),
        ({"hosts": ["pages.dev"]}, actor(facts={"host": "pages.dev"}), "host: pages.dev"),
        ({"hosts": ["pages.dev"]}, actor(targets=("https://a.pages.dev/x?y",)), "host: pages.dev"),
        ({"hosts": ["pages.dev"]}, actor(subject="webpages.dev"), ""),
        ({"hosts": ["pages.dev"]}, actor(targets=("https://shop.test/?to=a.pages.dev",)), ""),
        ({"suffixes": ["jp"]}, actor("registry", "jp"), "suffix: jp"),
        ({"suffixes": ["jp"]}, actor("registry", "co.jp"), "suffix: jp"),
        ({"suffixes": ["jp"]}, actor("registrar", "星野.jp"), "suffix: jp"),
        ({"suffixes": ["jp"]}, actor("registry", "xjp"), ""),
        ({"suffixes": ["gtld"]}, actor("registrar", "shop.info"), "suffix: gtld"),
        ({"suffixes": ["gtld"]}, actor("registrar", "shop.co.jp"), ""),
        ({"suffixes": ["gtld"]}, actor("host", "203.0.113.7"), ""),
        ({"headers": {"server": "cloudflare"}}, actor(facts={"header.server": "Cloudflare"}), "header: server"),
        ({"headers": {"cf-ray": ""}}, actor(facts={"header.cf-ray": "8f2-NRT"}), "header: cf-ray"),
        ({"headers": {"cf-ray": ""}}, actor(facts={"header.server": "nginx"}), ""),
    ],
)
def test_what_an_entry_names_is_found_in_an_actor(match: dict[str, Any], somebody: Actor, expected: str) -> None:
    assert named(channel("desk", {"actors": [somebody.kind], **match}), somebody) == expected


def test_a_scam_ad_on_meta_goes_to_the_rights_owners_way_first() -> None:
    found = [one.key for one in load_catalogue(None).fitting(actor("platform", "meta", platform="meta"))]
    assert found[:3] == ["meta-brand-rights", "meta-trademark", "meta-report-ad"]


def test_icann_has_no_say_in_japan_and_comes_after_the_registrar() -> None:
    catalogue = load_catalogue(None)
    jp = actor("registrar", "shop.jp", facts={"domain": "shop.jp", "suffix": "jp"})
    com = actor("registrar", "shop.com", facts={"domain": "shop.com", "suffix": "com"})
    assert [one.key for one in catalogue.fitting(jp)] == ["registrar"]
    assert [one.key for one in catalogue.fitting(com)] == ["registrar", "icann-compliance"]


def test_every_actor_of_a_case_has_a_channel(stage: Stage) -> None:
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=NOW)
    catalogue = load_catalogue(None)
    found = {actor.subject: [one.key for one in catalogue.fitting(actor)] for actor in actors_of(story)}
    assert len(found) > 5
    assert all(found.values()), found
