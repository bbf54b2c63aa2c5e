"""What of a case leaves by a profile."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from config.sharing import Part
from detector.brands import Ownership, Scope
from detector.evidence import Evidence, ImageBox
from storage.schema import CaseState
from takedown.sharing.errors import NotShareable
from takedown.sharing.misp import misp_of
from takedown.sharing.select import Shared
from takedown.sharing.stix import stix_of
from takedown.sharing.table import rows
from takedown.story import Story
from tests.takedown.sharing.stories import PERSONAL, peopled, shared, story_of
from tests.takedown.stage import ADDRESS, HOP, LANDING, NOW, SHOP, Stage

PARTS: tuple[Part, ...] = get_args(Part)
# What each part lets out: kinds of things, or another field.
KINDS: dict[Part, set[str]] = {
    "hosts": {"host"},
    "urls": {"url"},
    "servers": {"ip", "certificate"},
    "evidence_hashes": {"evidence"},
    "pictures": {"picture"},
    "handoffs": {"line", "phone"},
    "payees": {"bank"},
    "advertisers": {"advertiser"},
    "texts": set(),
    "contacts": set(),
}


def told(case: Shared) -> str:
    """Return all that any format writes of a case, unescaped."""
    table = "\n".join(str(cell) for row in rows([case], "ja", tlp="amber", defanged=False) for cell in row)
    machines = (json.loads(stix_of([case], "amber")), json.loads(misp_of([case], "amber")))
    return "\n".join((table, *(json.dumps(one, ensure_ascii=False) for one in machines), repr(case)))


def test_a_fraud_is_what_the_campaign_has_itself_and_what_was_passed_is_none(stage: Stage) -> None:
    case = shared(stage, story_of(stage), *PARTS)
    frauds = {(thing.kind, thing.value) for thing in case.things if thing.fraud}
    passed = {(thing.kind, thing.value) for thing in case.things if not thing.fraud}
    assert {("host", SHOP), ("url", LANDING), ("line", "@hoshino-sale88"), ("advertiser", "meta:1088554433")} <= frauds
    assert {("host", "go.short-hop.test"), ("url", HOP), ("ip", ADDRESS)} <= passed
    assert not frauds & passed


def test_by_default_nothing_personal_leaves_in_any_format(stage: Stage) -> None:
    everything = told(shared(stage, peopled(stage)))
    assert {canary for canary in PERSONAL if canary in everything} == set()
    assert SHOP in everything  # it does say something


@pytest.mark.parametrize("part", PARTS)
def test_a_part_lets_out_its_own_and_nothing_else(stage: Stage, part: Part) -> None:
    case = shared(stage, peopled(stage), part)
    everything = told(case)
    expected = {canary for canary, by in PERSONAL.items() if by == part}
    if part == "contacts":  # is said of hosts, so both are needed
        everything = told(shared(stage, peopled(stage), "contacts", "hosts"))
    if part == "handoffs":
        assert {thing.value for thing in case.of("phone")} == {"+819055550101"}
        expected -= {"090-5555-0101"}  # told in one spelling
    assert {canary for canary in PERSONAL if canary in everything} == expected
    assert {thing.kind for thing in case.things} == KINDS[part]


def test_all_parts_together_still_hide_whose_account_it_is_and_who_judged(stage: Stage) -> None:
    everything = told(shared(stage, peopled(stage), *PARTS))
    assert {canary for canary, by in PERSONAL.items() if by is None and canary in everything} == set()


def test_no_number_of_a_case_leaves_and_its_name_outside_stays(stage: Stage) -> None:
    story = story_of(stage)
    numbered = replace(story, case=replace(story.case, id=777001))
    case = shared(stage, numbered, *PARTS)
    assert "777001" not in told(case)
    assert case.id == shared(stage, story).id
    later = replace(story.case, opened_at=story.case.opened_at + timedelta(microseconds=1))
    assert shared(stage, replace(story, case=later)).id != case.id


@pytest.mark.parametrize("state", ["open", "dismissed", "snoozed", "duplicate"])
def test_a_case_that_nobody_confirmed_is_not_shared(stage: Stage, state: CaseState) -> None:
    story = story_of(stage)
    with pytest.raises(NotShareable, match=rf"^case {stage.case} is {state}; profile test shares cases that are conf"):
        shared(stage, replace(story, case=replace(story.case, state=state)))


def test_a_state_that_the_profile_leaves_out_is_not_shared(stage: Stage) -> None:
    with pytest.raises(NotShareable, match=r"is confirmed; profile test shares cases that are down$"):
        shared(stage, story_of(stage), states=("down",))


def test_a_brand_is_named_unless_the_profile_says_no(stage: Stage) -> None:
    assert "星野電機" in told(shared(stage, story_of(stage)))
    quiet = shared(stage, story_of(stage), brand_names=False, identity={"name": "Desk"})
    assert "星野電機" not in told(quiet)


def test_a_picture_that_copies_the_brands_own_is_not_the_campaigns(stage: Stage) -> None:
    story = story_of(stage)
    [picture] = shared(stage, story, "pictures").things
    assert picture.fraud
    copied = Evidence(
        signal="picture.copy",
        weight=1.5,
        strength=1.0,
        observed="creative.jpg",
        expected="ruscool.jpg",
        where=ImageBox(image=0, box=(0, 0, 9, 9)),
        says="The picture is one of the brand's.",
    )
    items = tuple(
        replace(view, verdict=replace(view.verdict, evidence=(*view.verdict.evidence, copied)))
        for view in story.case.items
    )
    [picture] = shared(stage, replace(story, case=replace(story.case, items=items)), "pictures").things
    assert not picture.fraud


def with_link(story: Story, *links: str) -> Story:
    first, *rest = story.case.items
    item = replace(first.item, links=(*first.item.links, *links))
    return replace(story, case=replace(story.case, items=(replace(first, item=item), *rest)))


def test_official_registered_and_shared_hosts_never_leave(stage: Stage) -> None:
    story = with_link(
        story_of(stage),
        "https://www.hoshino-denki.example/support",
        "https://yamada-outlet.example/hoshino",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fbad-shop.test%2Fx&h=AT0",
        "https://www.facebook.com/",
        "https://sites.google.com/view/hoshino-sale",
        "http://127.0.0.1/x",
        "http://10.1.2.3/x",
        "https://partner.example/x",
    )
    reseller = Ownership(who="reseller", scope=Scope.parse("domain:yamada-outlet.example"))
    own = replace(story.profiles[0], ownership=(reseller,))
    case = shared(stage, replace(story, profiles=(own,)), *PARTS, never=("partner.example",))
    hosts = {thing.value for thing in case.of("host")}
    urls = {thing.value for thing in case.of("url")}
    assert hosts == {SHOP, "go.short-hop.test", "bad-shop.test"}
    assert "https://bad-shop.test/x" in urls  # what the redirector carried
    assert "https://sites.google.com/view/hoshino-sale" in urls  # a page on a shared host, the host not
    assert not any(
        word in url for url in urls for word in ("hoshino-denki.example", "yamada", "facebook", "127.", "10.1")
    )
    assert not any("partner" in url for url in urls)


def test_an_entry_that_has_ended_protects_nobody(stage: Stage) -> None:
    story = with_link(story_of(stage), "https://yamada-outlet.example/hoshino")
    ended = Ownership(who="reseller", scope=Scope.parse("domain:yamada-outlet.example"), until=NOW.date())
    own = replace(story.profiles[0], ownership=(ended,))
    case = shared(stage, replace(story, profiles=(own,)), *PARTS)
    assert "yamada-outlet.example" in {thing.value for thing in case.of("host")}


def test_a_case_changes_when_its_log_does(stage: Stage) -> None:
    story = story_of(stage)
    before = shared(stage, story)
    entry = replace(story.case.log[-1], at=NOW + timedelta(days=9))
    after = shared(stage, replace(story, case=replace(story.case, log=(*story.case.log, entry))))
    assert (before.id, before.things) == (after.id, after.things)
    assert after.changed_at == NOW + timedelta(days=9) > before.changed_at
