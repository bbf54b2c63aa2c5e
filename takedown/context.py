"""Context: what a notice is made of, and what of the case belongs to the actor that it is about. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from alerts.message import Language
from config import Brand, Config
from config.takedown import Filer, Trademark
from detector.handoffs import Handoff
from detector.hosts import Host, parse_host
from detector.items import Item
from detector.presence import SHOWN
from detector.visits import Hop, Visit
from storage.case_views import CaseItemView
from storage.notice_steps import FILED, OPEN
from storage.notice_views import NoticeView
from storage.registrations import Registration
from storage.visits import links_of
from takedown.actor import Actor
from takedown.channel import Channel
from takedown.notice import Attachment
from takedown.owned import owned_by
from takedown.story import SHOWN_THERE, Story, handoffs_of, led_by

# Kinds of actors who are asked about sites; the others keep accounts, ads and posts.
WITH_SITES = ("redirect", "registrar", "registry", "host", "cdn", "everyone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one notice is made of."""

    story: Story
    actor: Actor
    channel: Channel
    config: Config
    filer: Filer
    language: Language
    today: date  # in the zone of the team
    reference: str  # ours
    targets: tuple[str, ...]  # those of the actor that this notice is about
    marks: tuple[Trademark, ...]  # in force, on which the notice rests
    attachments: tuple[Attachment, ...] = ()

    @property
    def brand(self) -> Brand:
        """Whose name is misused."""
        return self.story.brand

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of the team."""
        return ZoneInfo(self.config.triage.zone)


def items_of(story: Story, actor: Actor) -> tuple[CaseItemView, ...]:
    """Return the items that are the actor's: shown by it, placed by it, or leading to it; all where none can be told.

    Best first, as the case has them.
    """
    views = story.case.items
    if actor.kind == "everyone":
        return views
    if actor.kind in ("platform", "advertiser"):
        account = actor.subject.partition(":")[2] if actor.kind == "advertiser" else None
        return tuple(view for view in views if _shown_by(view.item, actor.platform, account))
    mine = {*actor.links, *actor.targets}
    found = tuple(view for view in views if mine & {*links_of(view.item), view.item.url, view.item.publisher_url})
    return found or views


def shown_of(story: Story, actor: Actor) -> tuple[CaseItemView, ...]:
    """Return the ads, posts and comments among the actor's items."""
    return tuple(view for view in items_of(story, actor) if view.item.kind in SHOWN_THERE)


def visits_of(story: Story, actor: Actor) -> tuple[Visit, ...]:
    """Return the journeys that lead to the actor or pass it, newest first; all where the actor has no links."""
    if not actor.links:
        return story.case.visits
    mine = {*actor.links, *actor.targets}
    return tuple(visit for visit in story.case.visits if mine & {visit.url, *(hop.url for hop in visit.hops)})


def sightings_of(story: Story, actor: Actor) -> tuple[Visit, ...]:
    """Return for each link and visitor the latest journey that saw the offer, newest first."""
    seen: dict[tuple[str, str], Visit] = {}
    for visit in sorted(visits_of(story, actor), key=lambda visit: visit.started_at, reverse=True):
        if visit.outcome in SHOWN:
            seen.setdefault((visit.url, visit.visitor), visit)
    return tuple(seen.values())


def landings_of(story: Story, actor: Actor) -> tuple[str, ...]:
    """Return the addresses at which the offer was seen, each once; never one that is somebody's by right."""
    owned = owned_by(story.profiles, story.told_at.date())
    ends = [visit.end.url for visit in sightings_of(story, actor)]
    pages = [view.item.url for view in items_of(story, actor) if view.item.kind not in SHOWN_THERE and view.item.url]
    return tuple(url for url in dict.fromkeys((*ends, *pages)) if not owned.url(url))


def hosts_of(urls: Iterable[str]) -> tuple[Host, ...]:
    """Return the hosts of addresses, each once; what is no address has none."""
    named = (url for url in urls if "." in url or ":" in url)  # a bare number is somebody's id
    found = {host.ascii: host for url in named if (host := parse_host(url)) is not None}
    return tuple(found.values())


def sites_of(context: Context) -> tuple[str, ...]:
    """Return the addresses on the web that a notice is about: its targets, else, of accounts, where they lead."""
    return context.targets if context.actor.kind in WITH_SITES else landings_of(context.story, context.actor)


def domain_of(story: Story, actor: Actor) -> str | None:
    """Return the registrable domain that it is about: of the actor's sites, else of the first landing."""
    own = (actor.facts.get("domain"), actor.subject, *actor.targets) if actor.kind in WITH_SITES else ()
    for host in hosts_of((*(one for one in own if one), *landings_of(story, actor))):
        if host.registrable is not None and (host.registrable in story.registrations or not host.shared):
            return host.registrable
    return None


def registration_of(story: Story, actor: Actor) -> Registration | None:
    """Return what the registry told of that domain; None where nobody asked, or it told nothing."""
    domain = domain_of(story, actor)
    known = story.registrations.get(domain) if domain else None
    return known if known is not None and not known.facts.get("error") else None


def answers_of(context: Context) -> Iterator[Hop]:
    """Yield the hops that the actor's machines answered, or the hosts that it is about; latest of each address."""
    mine = {host.ascii for host in hosts_of(sites_of(context))}
    address = context.actor.facts.get("address") or context.actor.subject
    seen = set()
    for visit in visits_of(context.story, context.actor):
        for hop in reversed(visit.hops):  # where it ends, first
            host = parse_host(hop.url)
            if hop.address is None or host is None or not (hop.address == address or host.ascii in mine):
                continue
            if (hop.address, host.ascii) not in seen:
                seen.add((hop.address, host.ascii))
                yield hop


def leads_of(story: Story, actor: Actor) -> tuple[Handoff, ...]:
    """Return the accounts that people are led to, each once; a chat's, a telephone's or a payee's own first.

    Never one that is somebody's by right.
    """
    owned = owned_by(story.profiles, story.told_at.date())
    found = {(one.kind, one.value): one for view in story.case.items for one, _ in handoffs_of(view)}
    for visit in story.case.visits:
        for one in led_by(visit):
            found.setdefault((one.kind, one.value), one)
    led = (one for one in found.values() if not owned.handoff(one))
    return tuple(sorted(led, key=lambda one: f"{one.kind}:{one.value}" != actor.subject))


def seen_between(story: Story, actor: Actor) -> tuple[datetime, datetime] | None:
    """Return when what the actor has a part in was first and last seen, UTC; None where it never was."""
    moments = [at for view in items_of(story, actor) for at in (view.first_seen, view.last_seen)]
    moments += [visit.started_at for visit in sightings_of(story, actor)]
    return (min(moments), max(moments)) if moments else None


def confirmed_at(story: Story) -> datetime | None:
    """Return when a person confirmed the case, UTC."""
    confirmed = [entry.at for entry in story.case.log if entry.action == "confirm"]
    return confirmed[-1] if confirmed else story.case.judged_at


def former_of(story: Story, channel: Channel, actor: Actor) -> tuple[NoticeView, ...]:
    """Return the notices that went to this channel about this actor, oldest first."""
    same = channel.key, actor.kind, actor.subject
    return tuple(one for one in _arrived(story) if (one.channel, one.actor, one.subject) == same)


def reported_of(story: Story, channel: Channel, actor: Actor) -> tuple[NoticeView, ...]:
    """Return the notices about the same to those who have to be told before this channel is, oldest first."""
    return tuple(
        one
        for one in _arrived(story)
        if one.actor in channel.after
        and one.channel != channel.key
        and (one.subject == actor.subject or set(one.targets) & set(actor.targets))
    )


def _arrived(story: Story) -> tuple[NoticeView, ...]:
    """Return the notices that were filed, but for those whose mail came back: nobody there knows of them."""
    return tuple(one for one in story.notices if one.state in FILED and one.lost_at is None)


def unfiled(story: Story, channel: Channel, actor: Actor) -> tuple[str, ...]:
    """Return the actor's targets that no pending notice to this channel names."""
    pending = {target for one in former_of(story, channel, actor) if one.state in OPEN for target in one.targets}
    return tuple(target for target in actor.targets if target not in pending)


def _shown_by(item: Item, platform: str | None, account: str | None) -> bool:
    if item.platform != platform or item.kind not in SHOWN_THERE:
        return False
    return account is None or (item.advertiser is not None and account in (item.advertiser.id, item.advertiser.name))
