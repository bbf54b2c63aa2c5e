"""Actors: who has a part in the journey of a case, from the ad to where people are led. Pure.

Flow: what is a brand's own, or registered for somebody, is left out -> who showed it and who placed it (`items`) -> who
keeps up the addresses on the way (`takedown.sites`) -> where people are led -> each kind bounded.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from detector.handoffs import Handoff
from detector.hosts import parse_host
from storage.case_views import CaseItemView
from storage.contacts import authority_of
from takedown.actor import Actor
from takedown.channel import ActorKind
from takedown.operators import is_chat, passes_on, platform_of
from takedown.owned import Owned, owned_by
from takedown.passages import Passage, links_through, passages
from takedown.sites import asked_itself, security_contacts, sites_of
from takedown.story import SHOWN_THERE, Story, handoffs_of, led_by

MOST_ACTORS = 12  # of one kind
MOST_TARGETS = 100  # of one actor; `left_out` says how many more there are
_NO_PLATFORM = frozenset(("tip", "mail", "urlscan", "urlhaus"))  # where others told of it, not where it was shown
_KIND_OF: dict[str, ActorKind] = {"phone": "phone", "wallet": "payee", "bank": "payee"}  # any other: chat


def actors_of(story: Story) -> tuple[Actor, ...]:
    """Return every actor of a case in the order of the journey, those of one kind best first.

    Nothing that is a brand's own, or that the register holds for somebody on that day, is ever a target; nor are the
    clicks that platforms and ad networks count on the way. A site of somebody on a service of many is the service's to
    close, and its domain nobody's. Behind a content network the host is not known.
    """
    owned = owned_by(story.profiles, story.told_at.date())
    ways = [one for one in passages(story) if not owned.host(one.host)]
    found = sites_of(story, [one for one in ways if _is_site(one)], owned)
    return tuple(
        _bounded(
            (
                *_platforms(story, ways, owned),
                *_advertisers(story, ways, owned),
                *_publishers(story, ways, owned),
                *found.redirects,
                *found.registrars,
                *found.registries,
                *found.hosts,
                *found.networks,
                *_led_to(story, ways, owned),
                *_everyone(story, ways, owned),
            )
        )
    )


def _is_site(one: Passage) -> bool:
    return not (is_chat(one.host) or platform_of(one.host) or passes_on(one.host))


def _shown(story: Story, owned: Owned) -> Iterator[CaseItemView]:
    """Yield what stands on platforms, but for what a brand's own accounts placed there."""
    for view in story.case.items:
        item = view.item
        account = item.advertiser.id if item.advertiser else None
        mine = owned.account(item.platform, account) or (item.url is not None and owned.url(item.url))
        if item.kind in SHOWN_THERE and item.platform and item.platform not in _NO_PLATFORM and not mine:
            yield view


def _platforms(story: Story, ways: Sequence[Passage], owned: Owned) -> list[Actor]:
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for view in _shown(story, owned):
        targets, links = found.setdefault(view.item.platform or "", ({}, {}))
        targets[view.item.url or view.item.id] = None
        links |= dict.fromkeys(links_through(view.item, ways))
    for one in ways:  # a page that stands on a platform is the platform's to remove
        platform = platform_of(one.host) if one.landing else None
        if platform is not None and one.host.path.strip("/"):
            targets, links = found.setdefault(platform, ({}, {}))
            targets[one.url] = links[one.link] = None
    return [
        Actor(kind="platform", name=name, subject=name, platform=name, targets=tuple(targets), links=tuple(links))
        for name, (targets, links) in found.items()
    ]


def _advertisers(story: Story, ways: Sequence[Passage], owned: Owned) -> list[Actor]:
    found: dict[str, Actor] = {}
    for view in _shown(story, owned):
        advertiser, platform = view.item.advertiser, view.item.platform
        who = (advertiser.id or advertiser.name) if advertiser else None
        if advertiser is None or who is None:
            continue
        subject, links = f"{platform}:{who}", links_through(view.item, ways)
        known = found.get(subject)
        if known is not None:
            links = tuple(dict.fromkeys((*known.links, *links)))
        facts = {"advertiser": advertiser.name, "advertiser_id": advertiser.id, "payer": advertiser.payer}
        told = {name: value for name, value in facts.items() if value}
        found[subject] = Actor(
            kind="advertiser",
            name=(known.name if known else "") or advertiser.name or who,
            subject=subject,
            platform=platform,
            targets=(who,),
            links=links,
            facts={**told, **(known.facts if known else {})},
        )
    return list(found.values())


def _publishers(story: Story, ways: Sequence[Passage], owned: Owned) -> list[Actor]:
    """Return the pages that carried ads; a platform's own page is the platform's."""
    found: dict[str, tuple[list[Passage], dict[str, None]]] = {}
    for view in story.case.items:
        url = view.item.publisher_url
        host = parse_host(url) if url else None
        if url is None or host is None or owned.host(host) or platform_of(host) or is_chat(host):
            continue
        pages, links = found.setdefault(host.ascii, ([], {}))
        pages.append(Passage(url=url, host=host, link=url, landing=False, shown=False))
        links |= dict.fromkeys(links_through(view.item, ways))
    return [
        Actor(
            kind="publisher",
            name=pages[0].host.unicode,
            subject=name,
            targets=tuple(dict.fromkeys(page.url for page in pages)),
            links=tuple(links),
            contacts=tuple(security_contacts(story, authority_of(pages[0].url, pages[0].host))),
            facts=_of_page(story, pages[0], name),
        )
        for name, (pages, links) in found.items()
    ]


def _of_page(story: Story, page: Passage, name: str) -> dict[str, str]:
    asked = asked_itself(story, page.url, page.host)
    return {"host": page.host.registrable or name, **({"asked": asked} if asked else {})}


def _led_to(story: Story, ways: Sequence[Passage], owned: Owned) -> list[Actor]:
    """Return the accounts that people are led to: of chats first, then numbers, then who is paid."""
    found: dict[tuple[str, str], tuple[Handoff, str, dict[str, None]]] = {}
    for view in story.case.items:
        for one, where in handoffs_of(view):
            _, _, links = found.setdefault((one.kind, one.value), (one, where, {}))
            links |= dict.fromkeys(links_through(view.item, ways))
    for visit in story.case.visits:
        for one in led_by(visit):
            _, _, links = found.setdefault((one.kind, one.value), (one, "", {}))
            links[visit.url] = None
    actors = [_account(*one) for one in found.values() if not owned.handoff(one[0])]
    return sorted(actors, key=lambda actor: ("chat", "phone", "payee").index(actor.kind))


def _account(one: Handoff, where: str, links: Iterable[str]) -> Actor:
    return Actor(
        kind=_KIND_OF.get(one.kind, "chat"),
        name=one.value,
        subject=f"{one.kind}:{one.value}",
        targets=(one.value,),
        links=tuple(links),
        facts={"handoff": one.kind, "account": one.value, **({"where": where} if where else {})},
    )


def _everyone(story: Story, ways: Sequence[Passage], owned: Owned) -> Iterator[Actor]:
    """Yield who takes reports about any address: browsers, associations, authorities, police."""
    sites = [one for one in ways if _is_site(one)]
    shown = [view.item.url or view.item.id for view in _shown(story, owned)]
    targets = [one.url for one in sites if one.landing] or [one.url for one in sites] or shown
    if targets:
        yield Actor(
            kind="everyone",
            name="",
            subject="everyone",
            targets=tuple(dict.fromkeys(targets)),
            links=tuple(dict.fromkeys(one.link for one in sites)),
        )


def _bounded(actors: Iterable[Actor]) -> Iterator[Actor]:
    seen: dict[ActorKind, int] = {}
    for actor in actors:
        seen[actor.kind] = seen.get(actor.kind, 0) + 1
        if seen[actor.kind] > MOST_ACTORS:
            continue
        more = len(actor.targets) - MOST_TARGETS
        if more > 0:
            facts = {**actor.facts, "left_out": str(more)}
            actor = replace(actor, targets=actor.targets[:MOST_TARGETS], facts=facts)
        yield replace(actor, links=actor.links[:MOST_TARGETS])
