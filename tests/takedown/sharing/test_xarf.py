"""A case as a XARF report, as the format's own parser sees it."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, get_args

import pytest
import xarf
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.page_facts import Form, PageFacts
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.channel import ActorKind
from takedown.sharing.errors import NotShareable, SharingError
from takedown.sharing.xarf import LARGEST_PICTURE, xarf_of
from takedown.story import Story
from tests.takedown.sharing.hostile import TEXT
from tests.takedown.sharing.stories import story_of
from tests.takedown.stage import ADDRESS, LANDING, LINK, NOW, SHOP, Stage

HOST = Actor(kind="host", name="Net", subject=ADDRESS, targets=(LANDING,), facts={"address": ADDRESS})

KINDS: tuple[ActorKind, ...] = get_args(ActorKind)


def report(stage: Stage, story: Story, actor: Actor = HOST, **options: Any) -> dict[str, Any]:
    """Return a report that the format's parser takes without a word."""
    made = xarf_of(story, actor, stage.config, now=NOW + timedelta(days=1), **options)
    result = xarf.parse(json.dumps(made))
    assert (result.errors, result.warnings) == ([], [])
    assert result.report is not None
    return made


def with_page(story: Story, **facts: Any) -> Story:
    """Return the case without what its texts promise, with a page that shows something."""
    items = tuple(
        replace(
            view,
            item=replace(view.item, texts=(), page=PageFacts(**facts) if view.item.kind == "page" else None),
            verdict=replace(
                view.verdict, evidence=tuple(one for one in view.verdict.evidence if one.signal.startswith("host."))
            ),
        )
        for view in story.case.items
    )
    return replace(story, case=replace(story.case, items=items))


def test_every_actor_of_a_real_case_gets_a_report_of_its_own(stage: Stage) -> None:
    story = story_of(stage)
    actors = actors_of(story)
    assert {"platform", "advertiser", "registrar", "cdn", "chat", "payee"} <= {actor.kind for actor in actors}
    made = [report(stage, story, actor) for actor in actors]
    assert len({one["report_id"] for one in made}) == len(actors)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_actor_gets_a_report(stage: Stage, kind: ActorKind) -> None:
    made = report(stage, story_of(stage), replace(HOST, kind=kind))
    assert made["url"] == LANDING


def test_a_report_says_who_reports_what_was_seen_where_and_when(stage: Stage) -> None:
    made = report(stage, story_of(stage), reference="MK-1-ABCDEFGH")
    assert (
        made["reporter"]
        == made["sender"]
        == {
            "org": "Hoshino Denki Co., Ltd.",
            "contact": "brand-protection@hoshino-denki.example",
            "domain": "hoshino-denki.example",
        }
    )
    assert (made["source_identifier"], made["source_port"]) == (ADDRESS, 443)
    assert (made["domain"], made["target_brand"], made["type"]) == (SHOP, "星野電機", "fraud")
    assert (made["payment_methods"], made["fraud_type"]) == (["bank_transfer"], "shopping")
    assert made["timestamp"] == made["verified_at"] == "2026-11-24T09:00:00Z"
    assert "MK-1-ABCDEFGH" in made["description"]
    [journey] = made["evidence"]
    data = b64decode(journey["payload"])
    assert journey["hash"] == f"sha256:{sha256(data).hexdigest()}"
    hops = json.loads(data)["hops"]
    assert [hop["status"] for hop in hops] == [302, 302, 200]
    assert hops[-1]["address"] == ADDRESS


def test_the_same_report_keeps_its_id_and_another_reference_gets_another(stage: Stage) -> None:
    story = story_of(stage)
    assert report(stage, story, reference="MK-1-A") == report(stage, story, reference="MK-1-A")
    assert (
        report(stage, story, reference="MK-1-A")["report_id"] != report(stage, story, reference="MK-1-B")["report_id"]
    )


def test_click_ids_are_in_a_report_only_where_they_are_asked_for(stage: Stage) -> None:
    actor = replace(HOST, targets=(LINK,))
    assert report(stage, story_of(stage), actor)["url"] == f"https://{SHOP}/lp/?c=7"
    assert report(stage, story_of(stage), actor, exact=True)["url"] == LINK


def test_a_page_that_asks_for_secrets_is_phishing(stage: Stage) -> None:
    login = Form(kind="login", fields=("パスワード", "\u202eevil"), action=f"https://{SHOP}/steal?x={'a1' * 20}")
    made = report(stage, with_page(story_of(stage), forms=(login,)))
    assert made["type"] == "phishing"
    assert made["credential_fields"] == ["パスワード", "\\u{202E}evil"]
    assert made["submission_url"] == f"https://{SHOP}/steal"
    assert made["cloned_site"] == "https://hoshino-denki.example/"


def test_a_domain_where_nobody_has_seen_an_offer_is_a_suspicious_registration_to_its_registrar(stage: Stage) -> None:
    story = with_page(story_of(stage))
    made = report(stage, story, replace(HOST, kind="registrar", subject=SHOP))
    assert (made["type"], made["registration_date"]) == ("suspicious_registration", "2026-11-15T00:00:00Z")
    assert made["days_since_registration"] == 10
    assert made["suspicious_indicators"]
    hosted = report(stage, story)
    assert (hosted["type"], hosted["legitimate_site"]) == ("brand_infringement", "https://hoshino-denki.example/")
    assert "domain_name" in hosted["infringing_elements"]


def test_an_agent_reports_for_the_owner(stage: Stage) -> None:
    takedown = stage.config.takedown
    assert takedown.filer is not None
    agent = takedown.filer.model_copy(
        update={"relation": "agent", "organization_en": "Reiji IP", "email": "ip@agency.example"}
    )
    config = stage.config.model_copy(update={"takedown": takedown.model_copy(update={"filer": agent})})
    made = xarf_of(story_of(stage), HOST, config, now=NOW)
    assert (made["reporter"]["org"], made["sender"]["org"]) == ("Hoshino Denki Co., Ltd.", "Reiji IP")
    assert made["sender"]["domain"] == "agency.example"


def test_a_screenshot_goes_along_unless_it_is_too_large(stage: Stage) -> None:
    picture = b"\x89PNG" + bytes(100)
    shown = report(stage, story_of(stage), screenshot=picture)["evidence"][-1]
    assert (shown["content_type"], b64decode(shown["payload"]), shown["size"]) == ("image/png", picture, 104)
    large = report(stage, story_of(stage), screenshot=b"\x89PNG" + bytes(LARGEST_PICTURE))
    assert [one["content_type"] for one in large["evidence"]] == ["application/json"]


def test_a_case_without_an_address_or_a_reporter_without_mail_is_one_line(stage: Stage) -> None:
    story = story_of(stage)
    bare = tuple(replace(view, item=replace(view.item, links=(), url=None)) for view in story.case.items)
    nowhere = replace(story, case=replace(story.case, items=bare, visits=()))
    with pytest.raises(NotShareable, match=rf"^case {stage.case} has no address"):
        xarf_of(nowhere, replace(HOST, targets=("501",)), stage.config, now=NOW)
    nobody = stage.config.model_copy(
        update={
            "takedown": stage.config.takedown.model_copy(update={"filer": None}),
            "crawler": stage.config.crawler.model_copy(update={"contact": "https://hoshino-denki.example/bot"}),
        }
    )
    with pytest.raises(SharingError, match=r"^XARF needs a mail address of who reports; set \[takedown.filer\] email$"):
        xarf_of(story, HOST, nobody, now=NOW)


def test_whatever_strangers_write_the_report_is_valid(stage: Stage) -> None:
    story = story_of(stage)

    @given(texts=st.lists(TEXT, min_size=4, max_size=4), exact=st.booleans(), kind=st.sampled_from(KINDS))
    @settings(max_examples=25, deadline=None)
    def holds(texts: list[str], exact: bool, kind: ActorKind) -> None:
        targets = (f"https://{SHOP}/{texts[1]}",)
        actor = replace(HOST, kind=kind, subject=texts[0], targets=targets, facts={"address": texts[2]})
        form = Form(kind="card", fields=tuple(texts), action=f"https://{SHOP}/{texts[3]}")
        report(stage, with_page(story, forms=(form,)), actor, exact=exact)

    holds()
