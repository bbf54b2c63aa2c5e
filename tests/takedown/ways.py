"""Stories made by hand for the tests of actors and plans: any items, any journeys, nothing of a database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from config import Brand
from detector.brands import BrandProfile, Ownership, Scope, Who
from detector.items import Advertiser, Item, Text
from detector.verdict import Verdict
from detector.visits import Hop, Landing, Outcome, Visit, text_hash
from storage.case_views import CaseDetail, CaseItemView
from storage.contacts import NetworkFacts, SecurityFacts
from storage.notice_views import NoticeView
from storage.registrations import Registration
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.story import Story
from tests.takedown.stage import NOW

CDN = (("Server", "cloudflare"), ("CF-RAY", "8f00-NRT"))


def ad(*links: str, identity: str = "ad-1", text: str = "", **more: Any) -> Item:
    """An ad on Meta."""
    fields: dict[str, Any] = {"platform": "meta", "advertiser": Advertiser(id="77", name="QX"), **more}
    texts = (Text(role="body", text=text),) if text else ()
    return Item(**{"id": identity, "kind": "ad", "links": links, "texts": texts, "seen_at": NOW, **fields})


def journey(
    *urls: str,
    visitor: str = "telephone",
    address: str | Sequence[str | None] | None = "203.0.113.7",
    headers: tuple[tuple[str, str], ...] = (("Server", "nginx"),),
    outcome: Outcome = "offer_seen",
    at: datetime = NOW,
    says: str = "",
) -> Visit:
    """One visitor's way through these addresses; `address` of all answers, or of each."""
    answered = [address] * len(urls) if address is None or isinstance(address, str) else list(address)
    hops = tuple(
        Hop(
            url=url,
            how="redirect" if number else "start",
            at=at + timedelta(seconds=number),
            seconds=0.1,
            status=302 if number < len(urls) - 1 else 200,
            address=answered[number],
            headers=headers,
        )
        for number, url in enumerate(urls)
    )
    words = text_hash("x")
    landing = (
        Landing(title="shop", text=words, shape=words, length=9, excerpt=says) if outcome == "offer_seen" else None
    )
    return Visit(
        url=urls[0], visitor=visitor, started_at=at, hops=hops, landing=landing, outcome=outcome, says="", browser=False
    )


def telling(
    items: Sequence[Item] = (),
    visits: Sequence[Visit] = (),
    *,
    owned: Mapping[str, Who] | None = None,
    until: Mapping[str, Any] | None = None,
    domains: Sequence[str] = ("hoshino-denki.example",),
    accounts: Sequence[str] = (),
    registrations: Mapping[str, Mapping[str, Any]] | None = None,
    networks: Mapping[str, Mapping[str, str]] | None = None,
    security: Mapping[str, SecurityFacts] | None = None,
    notices: Sequence[NoticeView] = (),
    **case: Any,
) -> Story:
    """A story. `owned` maps scopes of the register to who they are, `until` to their last day."""
    register = tuple(
        Ownership(who=who, scope=Scope.parse(scope), until=(until or {}).get(scope))
        for scope, who in (owned or {}).items()
    )
    profile = BrandProfile(
        key="hoshino",
        name="星野電機",
        aliases=("Hoshino Denki", "hoshinodenki"),
        domains=tuple(domains),
        accounts=tuple(Scope.parse(f"account:{account}") for account in accounts),
        ownership=register,
    )
    brand = Brand(key="hoshino", name="星野電機", domains=tuple(domains), accounts=tuple(accounts))
    return Story(
        case=_case(items, visits, **case),
        brand=brand,
        registrations={
            domain: Registration(domain=domain, asked_at=NOW, facts=facts, answer=None)
            for domain, facts in (registrations or {}).items()
        },
        presences={},
        notices=tuple(notices),
        told_at=NOW + timedelta(days=1),
        profiles=(profile,),
        networks={
            address: NetworkFacts(address=address, asked_at=NOW, **facts) for address, facts in (networks or {}).items()
        },
        security=security or {},
    )


def _case(items: Sequence[Item], visits: Sequence[Visit], **more: Any) -> CaseDetail:
    verdict = Verdict(id="x", brand="hoshino", score=0.9, decision="impersonation", evidence=(), policy="test")
    views = tuple(
        CaseItemView(
            item_id=number,
            item=item,
            version_id=number,
            first_seen=NOW,
            last_seen=NOW,
            sightings=1,
            sources=("test",),
            verdict=verdict,
            pictures=(),
        )
        for number, item in enumerate(items, start=1)
    )
    fields: dict[str, Any] = {
        "id": 1,
        "brand": "hoshino",
        "campaign": "host:x",
        "state": "confirmed",
        "snoozed_until": None,
        "score": 0.9,
        "decision": "impersonation",
        "item_count": len(items),
        "opened_at": NOW,
        "last_seen": NOW,
        "assignee": None,
        "title": "a case",
        "top_evidence": None,
        "log_id": 1,
        "priority": 0.5,
        "harm": "medium",
        "due_at": None,
        "judged_at": NOW,
        "merged_into": None,
        "tags": (),
        "held": False,
        "suppressed_until": None,
        "takedown_asked": None,
        "sightings": len(items),
        "publishers": 0,
        "registration": None,
        "similar": (),
        "log": (),
        "deliveries": (),
        **more,
    }
    return CaseDetail(items=views, visits=tuple(sorted(visits, key=lambda one: one.started_at, reverse=True)), **fields)


def of(actors: Sequence[Actor], kind: str) -> list[Actor]:
    return [actor for actor in actors if actor.kind == kind]


def only(story: Story, kind: str) -> Actor:
    [actor] = of(actors_of(story), kind)
    return actor
