"""Stories for the tests of sharing: the stage's confirmed case, and one with something of people in every field."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from config.sharing import Part, Sharing
from detector.brands import Ownership, Scope
from detector.items import Advertiser, Text
from detector.page_facts import Form, PageFacts, Seller
from storage.database import snapshot
from storage.registrations import Registration
from takedown.sharing.profile import sharer
from takedown.sharing.select import Shared, select
from takedown.story import Story, tell_story
from tests.takedown.stage import ADDRESS, NOW, SHOP, Stage

# What tells of people, and the part of a profile that lets it out; None: nothing ever does.
PERSONAL: Mapping[str, Part | None] = {
    "QXMAIL01": None,  # mail addresses: in texts, links, pages
    "090-5555-0101": "handoffs",
    "05555010": "handoffs",
    "QXPAYER02": "advertisers",
    "QXADVERTISER03": "advertisers",
    "QXHOLDER04": None,  # of a bank account
    "7654321": "payees",
    "QXJUDGE05": None,
    "QXNOTE06": None,
    "QXASSIGNEE07": None,
    "QXTAG08": None,
    "QXSELLER09": None,
    "QXREGISTRANT10": None,
    "qxabuse11": "contacts",
    "QXREGISTRAR12": "contacts",
    "QXTITLE13": None,
    "QXUSER14": None,  # the user of a link, its fragment, a long value of its query
    "QXWORDS15": "texts",
    "@qxline16": "handoffs",
    "QXPUBLISHER17": None,
    "QXRAW18": None,
    "QXOWNER19": None,  # note of the register
    "QXFORM20": None,
}


def story_of(stage: Stage) -> Story:
    """Read the stage's confirmed case."""
    with snapshot(stage.engine) as session:
        return tell_story(session, stage.config, stage.case, now=NOW + timedelta(days=1))


def shared(stage: Stage, story: Story, *include: Part, **other: object) -> Shared:
    """Take of a story what a profile lets out; without parts those of the default."""
    values = {"key": "test", **other, **({"include": include} if include else {})}
    profile = Sharing.model_validate(values)
    return select(story, profile, sharer(stage.config, profile, story.brand))


def peopled(stage: Stage) -> Story:
    """Return the case with something of people wherever a stranger, a registry or a colleague can write."""
    story = story_of(stage)
    first, *rest = story.case.items
    item = replace(
        first.item,
        advertiser=Advertiser(id="1088554433", name="QXADVERTISER03", payer="QXPAYER02"),
        texts=(
            *first.item.texts,
            Text(role="body", text="QXWORDS15 連絡先 QXMAIL01@mail.example QXMAIL01＠mail.example 090-5555-0101"),
            Text(role="body", text="口座名義：QXHOLDER04 QXHOLDER04 みどり銀行 架空支店 普通 7654321 LINE @qxline16"),
        ),
        links=(
            *first.item.links,
            f"https://QXUSER14:QXUSER14@{SHOP}/lp/?c=7&email=QXMAIL01%40mail.example&name=QXUSER14#QXUSER14",
            f"https://{SHOP}/u/QXMAIL01@mail.example/QXUSER14?x=1",
            f"https://{SHOP}/t?n=090-5555-0101&v=QXUSER14QXUSER14QXUSER14QXUSER14&b=UVhNQUlMMDFAbWFpbC5leGFtcGxl",
            "mailto:QXMAIL01@mail.example",
            "tel:+819055550101",
        ),
        publisher_url="https://blog.example/QXPUBLISHER17",
        raw={"person": "QXRAW18"},
        page=PageFacts(
            forms=(Form(kind="card", fields=("QXFORM20",), action=f"https://{SHOP}/pay"),),
            seller=Seller(name="QXSELLER09", person="QXSELLER09", phone="090-5555-0101", mail="QXMAIL01@mail.example"),
        ),
    )
    visits = tuple(
        replace(
            visit,
            hops=tuple(replace(hop, url=f"{hop.url}?email=QXMAIL01%40mail.example#QXUSER14") for hop in visit.hops),
            landing=visit.landing and replace(visit.landing, title="QXTITLE13", excerpt="QXUSER14 090-5555-0101"),
        )
        for visit in story.case.visits
    )
    noted = Ownership(who="reseller", scope=Scope.parse("domain:yamada-outlet.example"), note="QXOWNER19")
    profiles = (replace(story.profiles[0], ownership=(noted,)), *story.profiles[1:])
    log = tuple(replace(entry, who="QXJUDGE05", note="QXNOTE06") for entry in story.case.log)
    case = replace(
        story.case,
        items=(replace(first, item=item), *rest),
        visits=visits,
        log=log,
        assignee="QXASSIGNEE07",
        tags=("QXTAG08",),
        title="QXTITLE13",
        takedown_asked="QXJUDGE05",
    )
    known = story.registrations[SHOP]
    facts = {**known.facts, "registrant": "QXREGISTRANT10", "abuse_email": "qxabuse11@registrar.example"}
    registered = Registration(
        domain=SHOP, asked_at=NOW, facts={**facts, "registrar": "QXREGISTRAR12"}, answer=known.answer
    )
    return replace(story, case=case, profiles=profiles, registrations={**story.registrations, SHOP: registered})


__all__ = ["ADDRESS", "PERSONAL", "peopled", "shared", "story_of"]
