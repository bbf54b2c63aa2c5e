"""Drafts that are refused: each thing that is missing is told in one line, all of them at once."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from storage.case_views import CaseDetail
from storage.contacts import SecurityFacts
from takedown.actor import Contact
from takedown.actors import actors_of
from takedown.catalogue import load_catalogue
from takedown.drafting import missing_for
from takedown.errors import DraftRefused
from takedown.missing_words import SENTENCES
from takedown.plan import plan_of
from takedown.story import Story
from tests.takedown.drafts import (
    LATER,
    actor_of,
    branded,
    channel_of,
    configured,
    drafted,
    field,
    filed_by,
    lacks,
    story_of,
)
from tests.takedown.stage import SHOP, Stage
from tests.takedown.ways import ad, journey, telling


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("open", "case 1 is open: judge it first: `mekiki judge 1 --confirm`"),
        ("snoozed", "case 1 is snoozed: judge it first: `mekiki judge 1 --confirm`"),
        ("dismissed", "case 1 is dismissed: only for a confirmed one anything is asked of anybody"),
        ("closed", "case 1 is closed: only for a confirmed one anything is asked of anybody"),
    ],
)
def test_only_for_a_confirmed_case(stage: Stage, state: str, says: str) -> None:
    story = story_of(stage)
    unready = replace(story, case=case_in(story, state))
    assert lacks(stage, unready, actor_of(story, "platform"), channel_of()) == [says]


@pytest.mark.parametrize("state", ["confirmed", "takedown", "down", "relapsed"])
def test_a_case_that_somebody_confirmed_is_enough(stage: Stage, state: str) -> None:
    story = story_of(stage)
    assert lacks(stage, replace(story, case=case_in(story, state)), actor_of(story, "platform"), channel_of()) == []


def case_in(story: Story, state: str) -> CaseDetail:
    return replace(story.case, state=state)  # type: ignore[arg-type]  # one of CaseState


def test_a_part_of_another_case_says_which(stage: Stage) -> None:
    story = story_of(stage)
    part = replace(story, case=replace(case_in(story, "duplicate"), merged_into=7))
    assert lacks(stage, part, actor_of(story, "platform"), channel_of()) == [
        "case 1 is a part of case 7: draft for that one"
    ]


def test_everything_that_is_missing_is_told_at_once(stage: Stage) -> None:
    story = branded(replace(story_of(stage), case=case_in(story_of(stage), "open")), trademark=())
    channel = channel_of(needs=["trademark"], languages=["ja"], who=["owner"], evidence=[{"kind": "certificate"}])
    said = lacks(
        stage, story, actor_of(story_of(stage), "platform"), channel, config=filed_by(stage.config, relation="agent")
    )
    assert said == [
        "case 1 is open: judge it first: `mekiki judge 1 --confirm`",
        "trial reads ja: --language ja",
        "only the owner may file there, and [takedown.filer] relation is 'agent': let the owner file it",
        "brand hoshino has no trademark: add what the register has as [[brand.trademark]]",
        "[[brand.trademark]] certificate of brand hoshino: name a copy of it",
    ]


def test_somebody_must_be_named_who_files(stage: Stage) -> None:
    said = lacks(
        stage,
        story_of(stage),
        actor_of(story_of(stage), "platform"),
        channel_of(),
        config=configured(stage.config, filer=None),
    )
    assert said == ["nobody is named who files: fill in [takedown.filer]"]


def test_english_names_are_needed_for_english_alone(stage: Stage) -> None:
    config = filed_by(stage.config, name_en=None, organization_en=None)
    story = branded(story_of(stage), owner=None)
    platform = actor_of(story_of(stage), "platform")
    assert lacks(stage, story, platform, channel_of(), "ja", config=config) == []
    assert lacks(stage, story, platform, channel_of(), "en", config=config) == [
        "filer.name: [takedown.filer] name_en is missing",
        "filer.organization: [takedown.filer] organization_en is missing",
        "owner.name: name_en of [brand.owner] of brand hoshino is missing",
    ]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("screenshot", "no journey kept a screenshot of the offer: `mekiki visit 1`, as a visitor with a browser"),
        ("journey", "nobody followed its links: `mekiki visit 1`"),
        ("warc", "no journey that saw the offer was kept as WARC: `mekiki visit 1`"),
    ],
)
def test_evidence_that_a_channel_insists_on_is_asked_for(stage: Stage, kind: str, says: str) -> None:
    story = story_of(stage)
    platform = actor_of(story, "platform")
    channel = channel_of(evidence=[{"kind": kind}])
    bare = replace(story, case=replace(story.case, visits=()))
    assert lacks(stage, story, platform, channel) == []
    assert lacks(stage, bare, platform, channel) == [says]
    assert lacks(stage, bare, platform, channel_of(evidence=[{"kind": kind, "required": False}])) == []


def test_pictures_and_genuine_pages_that_a_channel_insists_on_are_asked_for(stage: Stage) -> None:
    story = story_of(stage)
    youtube = actor_of(story, "platform", "youtube")
    assert lacks(stage, story, youtube, channel_of(evidence=[{"kind": "ad_picture"}])) == [
        "no picture of the ad was kept: crawl its source with pictures, or add it to the form by hand"
    ]
    nameless = branded(story, domains=(), accounts=())
    assert lacks(stage, nameless, youtube, channel_of(evidence=[{"kind": "original"}])) == [
        "the genuine pages are not known: [[brand]] domains of brand hoshino"
    ]


def test_a_mail_needs_an_address_and_takes_no_forged_one(stage: Stage) -> None:
    story = story_of(stage)
    channel = channel_of("registrar_abuse", way="email", address="contact")
    registrar = actor_of(story, "registrar", SHOP)
    assert drafted(stage, story, registrar, channel).to == ("abuse@registrar.example",)
    forged = ("a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "<a@b.example>", "a b@c.example", "@", "")
    nobody = replace(registrar, contacts=tuple(Contact(address=address, origin="rdap") for address in forged))
    assert lacks(stage, story, nobody, channel) == [
        "no mail address for complaints of Example Registrar, Inc. is known: "
        "give it as an entry of your own, [takedown] channels"
    ], "its registry was asked"
    unasked = replace(nobody, facts={})
    assert lacks(stage, story, unasked, channel) == [
        "no mail address for complaints of Example Registrar, Inc. is known: "
        "add a source of kind rdap, which asks for it"
    ]
    usable = replace(
        nobody, contacts=(*nobody.contacts, Contact(address="mailto:x@y.example?cc=z", origin="security.txt"))
    )
    assert drafted(stage, story, usable, channel).to == ("x@y.example",)
    page = replace(registrar, contacts=(Contact(address="https://r.example/abuse", origin="rdap"),))
    assert lacks(stage, story, page, channel) == [
        "no mail address for complaints of Example Registrar, Inc. is known, but a page: hxxps://r[.]example/abuse"
    ]


def test_hints_of_whom_to_ask_end_once_they_were_asked(stage: Stage) -> None:
    page, short = "https://news.example/a", "https://bit.ly/x"
    hop, shared = "https://go.hop.test/x", "https://ameblo.jp/a"
    items = [ad(short, identity="ad-1", publisher_url=page), ad(hop, identity="ad-2", publisher_url=shared)]
    way = journey(short, hop, f"https://{SHOP}/lp")
    security = {
        host: SecurityFacts(host=host, asked_at=LATER, error="answered 404") for host in ("bit.ly", "news.example")
    }
    channel = channel_of("registrar_abuse", way="email", address="contact")

    def hinted(told: Mapping[str, SecurityFacts]) -> set[str]:
        story = telling(items, [way], security=told)
        actors = [one for one in actors_of(story) if one.kind in ("redirect", "publisher", "registry")]
        assert len(actors) == 5
        said = {one.subject: lacks(stage, branded(story, owner=None), one, channel) for one in actors}
        return {subject for subject, says in said.items() if any("which asks for it" in one for one in says)}

    assert hinted({}) == {"bit.ly", "news.example"}, "nobody would ask the others for their contact"
    assert hinted(security) == set()


def test_a_mail_to_the_accused_domain_itself_is_marked(stage: Stage) -> None:
    story = story_of(stage)
    channel = channel_of("registrar_abuse", way="email", address="contact")
    registrar = actor_of(story, "registrar", SHOP)
    assert not any("warn" in note for note in drafted(stage, story, registrar, channel).notes)
    known = story.registrations[SHOP]
    mine = replace(known, facts={**known.facts, "abuse_email": f"abuse@{SHOP}"})
    told = replace(story, registrations={**story.registrations, SHOP: mine})
    own = actor_of(told, "registrar", SHOP)
    notice = drafted(stage, told, own, channel)
    assert notice.to == (f"abuse@{SHOP}",)
    assert f"abuse@{SHOP} is of the very domain that the notice is about: it may warn the fraud" in notice.notes
    assert any("知られるおそれ" in note for note in drafted(stage, told, own, channel, "ja").notes)
    elsewhere = channel_of("registrar_abuse", way="email", address="desk@registrar.example")
    assert not any("warn" in note for note in drafted(stage, told, own, elsewhere).notes)
    [step] = [
        step
        for step in plan_of(told, load_catalogue(None), stage.config, today=LATER.date()).steps
        if (step.effect, step.actor.subject) == ("registrar", SHOP)
    ]
    assert ("own_contacts", f"abuse@{SHOP}") in [(note.kind, note.values["says"]) for note in step.notes if note.values]


def test_what_is_missing_is_told_in_both_languages(stage: Stage) -> None:
    for name, said in SENTENCES.items():
        assert set(re.findall(r"\{(\w+)", said.en)) == set(re.findall(r"\{(\w+)", said.ja)), name
        assert set(re.findall(r"`[^`]*`|\[+[a-z.]+\]+|--\w+", said.en)) == set(
            re.findall(r"`[^`]*`|\[+[a-z.]+\]+|--\w+", said.ja)
        ), name
        assert not re.search(r"[\u3040-\u9fff]", said.en), name
        assert re.search(r"[\u3040-\u9fff・]", said.ja), name
    story, catalogue = telling([ad(f"https://{SHOP}/lp")]), load_catalogue(None)
    opened = replace(story, case=replace(story.case, state="open"))
    bare = filed_by(stage.config, name_en=None, relation="agent", organization_en=None)
    for actor in actors_of(opened):
        for channel in catalogue.fitting(actor):
            for one in missing_for(opened, actor, channel, bare, "en", today=LATER.date()):
                assert re.search(r"[\u3040-\u9fff]", one.in_language("ja")), one
                assert one.in_language("en") == one.says


def test_an_interface_needs_its_account(stage: Stage) -> None:
    api = {"url": "https://api.example/{account}/reports", "headers": {"Authorization": "Bearer {token}"}}
    channel = channel_of("api", way="api", api=api)
    assert lacks(stage, story_of(stage), actor_of(story_of(stage), "platform"), channel) == [
        '[[takedown.account]] with channel = "trial": values.account, token is missing'
    ]


@pytest.mark.parametrize(
    ("fill", "says"),
    [
        ("filer.phone", "filer.phone: [takedown.filer] phone is missing"),
        ("owner.address", "owner.address: address_en of [brand.owner] of brand hoshino is missing"),
        ("landing.urls", "landing.urls: no journey shows it: `mekiki visit 1`"),
        (
            "publisher.pages",
            "publisher.pages: no ad of the case tells it: look at the ad's page, and crawl a source that does",
        ),
        (
            "registered.on",
            "registered.on: no registry told it of its domain: add a source of kind rdap, which asks for it",
        ),
        ("trademark.goods", "trademark.goods: goods of [[brand.trademark]] of brand hoshino, as the register has it"),
    ],
)
def test_a_required_field_that_nothing_fills_is_missing(stage: Stage, fill: str, says: str) -> None:
    story = story_of(stage)
    owner = story.brand.owner
    assert owner is not None
    marks = tuple(mark.model_copy(update={"goods": ""}) for mark in story.brand.trademark)
    bare = branded(
        replace(story, registrations={}, case=replace(story.case, visits=(), items=story.case.items[:1])),
        owner=owner.model_copy(update={"address_en": None}),
        trademark=marks,
    )
    config = filed_by(stage.config, phone=None)
    platform = actor_of(story, "platform")
    assert lacks(stage, bare, platform, channel_of(field=[field(fill)]), config=config) == [says]
    optional = channel_of(field=[field(fill, required=False)])
    assert drafted(stage, bare, platform, optional, config=config).fields[0].value is None


def test_files_that_retention_took_are_missed_when_a_draft_is_made(stage: Stage) -> None:
    story = story_of(stage)
    notice = drafted(stage, story, actor_of(story, "platform"), channel_of(evidence=[{"kind": "screenshot"}]))
    [shot] = notice.attachments
    stage.media.path(shot.sha256).unlink()
    with pytest.raises(DraftRefused, match="gone from the media store: `mekiki visit 1` makes new ones"):
        drafted(stage, story, actor_of(story, "platform"), channel_of(evidence=[{"kind": "screenshot"}]))
    optional = channel_of(evidence=[{"kind": "screenshot", "required": False}])
    assert drafted(stage, story, actor_of(story, "platform"), optional).notes == (
        "a file is gone from the media store: screenshot of the landing page",
    )
