"""Select: what of one story leaves by a profile, as plain values; every format writes these and nothing else.

Things are frauds (to be acted upon: the campaign's own hosts, pages, accounts) or were only passed on the way. Which
hosts are the campaign's own is said by the same rule that joins items into cases (`detector.campaign`): a host that an
ad merely cites is none. Nothing here carries who judged, notes, payers, or the number of a case.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from config.sharing import Part, Sharing, SharingIdentity
from detector.campaign import campaign_keys
from detector.evidence import ImageBox
from detector.handoffs import Handoff
from detector.hosts import Host, parse_host
from storage.case_views import CaseDetail, CaseItemView
from takedown.sharing.errors import NotShareable
from takedown.sharing.fences import Fences
from takedown.sharing.personal import PART_OF, aim, shared_text, shared_url
from takedown.story import Story, handoffs_of

Kind = Literal[
    "host", "url", "ip", "certificate", "line", "telegram", "whatsapp", "phone", "wallet", "bank", "picture",
    "advertiser", "evidence",
]  # fmt: skip
NAMES: dict[Kind, str] = {  # in English, for formats that have no words of their own for them
    "host": "Host", "url": "URL", "ip": "IP address", "certificate": "Certificate (SHA-256)", "line": "LINE",
    "telegram": "Telegram", "whatsapp": "WhatsApp", "phone": "Telephone number", "wallet": "Wallet",
    "bank": "Bank account", "picture": "Picture (SHA-256)", "advertiser": "Advertiser",
    "evidence": "Evidence (SHA-256)",
}  # fmt: skip
PART: dict[Kind, Part] = {
    "host": "hosts",
    "url": "urls",
    "ip": "servers",
    "certificate": "servers",
    "picture": "pictures",
    "advertiser": "advertisers",
    "evidence": "evidence_hashes",
    "line": PART_OF["line"],
    "telegram": PART_OF["telegram"],
    "whatsapp": PART_OF["whatsapp"],
    "phone": PART_OF["phone"],
    "wallet": PART_OF["wallet"],
    "bank": PART_OF["bank"],
}
MOST_TEXTS = 50  # of a case
MOST_THINGS = 2000  # of a case, the frauds first
# Of what all ids of shared things are made; never to be changed, or what was shared before is shared twice.
ROOM = uuid5(NAMESPACE_URL, "https://mekiki.invalid/sharing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing that others can look for."""

    kind: Kind
    value: str  # host in ASCII, SHA-256 in hex, PLATFORM:ID of an advertiser; accounts as `detector.handoffs` has them
    first_seen: datetime
    last_seen: datetime
    fraud: bool = False  # the campaign's own
    platform: str | None = None  # where it was seen
    evidence: str | None = None  # SHA-256 of the manifest of the latest visit that saw it
    note: str = ""  # of a picture its perceptual hash; of an advertiser its name and who paid
    host: str | None = None  # of an IP address or a certificate: whose


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What a registry says of a host's domain."""

    domain: str
    created: str  # as it says; empty if it does not
    registrar: str = ""
    abuse: str = ""  # where the registrar takes complaints


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What leaves of one case."""

    id: UUID  # says nothing of the case's number
    by: SharingIdentity
    brand: str | None  # name
    state: str
    score: float
    opened_at: datetime
    changed_at: datetime  # when something of it last did
    first_seen: datetime
    last_seen: datetime
    kinds: tuple[str, ...]  # of its items
    platforms: tuple[str, ...]
    countries: tuple[str, ...]
    things: tuple[Thing, ...]  # frauds first, then by kind and value
    texts: tuple[tuple[str, str], ...] = ()  # role, text
    registered: tuple[Registered, ...] = ()
    asks: frozenset[str] = field(default=frozenset())  # what its pages ask for: login, card, bank, otp, personal
    sells: bool = False

    @property
    def reference(self) -> str:
        """Name the case to others."""
        return reference_of(self.id)

    def of(self, *kinds: Kind) -> list[Thing]:
        """Return the things of some kinds."""
        return [thing for thing in self.things if thing.kind in kinds]


def select(story: Story, profile: Sharing, by: SharingIdentity) -> Shared:
    """Take of a story what a profile lets out.

    Raises:
        NotShareable: nobody confirmed the case, or the profile leaves cases of its state out.
    """
    case = story.case
    if case.state not in profile.states:
        wanted = ", ".join(profile.states)
        raise NotShareable(f"case {case.id} is {case.state}; profile {profile.key} shares cases that are {wanted}")
    fences = Fences(story.profiles, profile.never, story.told_at.date())
    things = [thing for thing in _merged(_things(story, fences)) if PART[thing.kind] in profile.include]
    if "evidence_hashes" not in profile.include:
        things = [replace(thing, evidence=None) for thing in things]
    moments = [moment for view in case.items for moment in (view.first_seen, view.last_seen)]
    pages = [view.item.page for view in case.items if view.item.page is not None]
    return Shared(
        id=opaque(case),
        by=by,
        brand=story.brand.name if profile.brand_names else None,
        state=case.state,
        score=case.score,
        opened_at=case.opened_at,
        changed_at=max((case.opened_at, case.last_seen, *_changes(case))),
        first_seen=min(moments, default=case.opened_at),
        last_seen=max([*moments, case.last_seen]),
        kinds=tuple(sorted({view.item.kind for view in case.items})),
        platforms=tuple(sorted({view.item.platform for view in case.items if view.item.platform})),
        countries=tuple(sorted({country for view in case.items for country in view.item.countries})),
        things=tuple(things[:MOST_THINGS]),
        texts=_texts(case.items, profile.include) if "texts" in profile.include else (),
        registered=tuple(_registered(story, fences, profile.include)) if "hosts" in profile.include else (),
        asks=frozenset(form.kind for page in pages for form in page.forms),
        sells=any(page.sells for page in pages),
    )


def _changes(case: CaseDetail) -> Iterator[datetime]:
    yield from (entry.at for entry in case.log)
    yield from (visit.started_at for visit in case.visits)


def opaque(case: CaseDetail) -> UUID:
    """Return the name under which a case is known outside: always the same, and no number can be tried to find it."""
    return named(ROOM, f"case {case.brand} {case.campaign} {case.opened_at.isoformat()}")


def reference_of(name: UUID) -> str:
    """Return how a case is called to others: MKS- and twelve digits of its `opaque` name."""
    return f"MKS-{name.hex[:12].upper()}"


def named(room: UUID, name: str) -> UUID:
    """Return the id that a name has in a room, whatever stands in it; unpaired surrogates, too."""
    return uuid5(room, name.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace"))


def own_hosts(view: CaseItemView, brand: str, fences: Fences, on: datetime) -> tuple[set[str], set[str]]:
    """Return the registrable domains, and the pages on shared hosts, that are an item's own place."""
    keys = campaign_keys(view.item, view.verdict, assets=fences.assets(brand), on=on.date())
    strong = [key for key in keys if key.strong]
    return {key.value for key in strong if key.kind == "host"}, {key.value for key in strong if key.kind == "page"}


def is_own(host: Host, hosts: Collection[str], pages: Collection[str]) -> bool:
    """Tell whether an address is on a host, or below a page, of a campaign."""
    place = f"{host.ascii.removeprefix('www.')}{host.path}"
    return (host.registrable or host.ascii) in hosts or any(
        place == page or place.startswith(f"{page}/") for page in pages
    )


def _things(story: Story, fences: Fences) -> Iterator[Thing]:
    hosts: set[str] = set()
    pages: set[str] = set()
    for view in story.case.items:
        found = own_hosts(view, story.case.brand, fences, story.told_at)
        hosts |= found[0]
        pages |= found[1]
    for view in story.case.items:
        item = view.item
        seen = Thing(kind="url", value="", first_seen=view.first_seen, last_seen=view.last_seen, platform=item.platform)
        for url in (item.url, *item.links) if item.kind in ("page", "domain") else item.links:
            yield from _address(url, seen, fences, hosts, pages) if url else ()
        for one, _ in handoffs_of(view):
            yield from _account(one, seen, fences)
        own = _own_pictures(view)
        for picture in view.pictures:
            fraud = picture.reference not in own
            yield replace(seen, kind="picture", value=picture.sha256, fraud=fraud, note=picture.phash or "")
        advertiser = item.advertiser
        if advertiser is not None and advertiser.id and fences.may_accuse(item.platform, advertiser.id):
            names = " / ".join(filter(None, (advertiser.name, advertiser.payer)))
            yield replace(
                seen, kind="advertiser", value=f"{item.platform or '-'}:{advertiser.id}", fraud=True, note=names
            )
    yield from _passed(story, fences, hosts, pages)


def _own_pictures(view: CaseItemView) -> set[str]:
    """Return the pictures that copy one of the brand's: whoever looks for those finds the brand, too."""
    boxes = (one.where for one in view.verdict.evidence if one.signal == "picture.copy")
    images = view.item.images
    return {images[box.image] for box in boxes if isinstance(box, ImageBox) and box.image < len(images)}


def _address(url: str, seen: Thing, fences: Fences, hosts: set[str], pages: set[str]) -> Iterator[Thing]:
    host = aim(url)
    if host is None or not fences.may_point_at(host):
        return
    own = is_own(host, hosts, pages)
    shown = shared_url(host.raw) if "://" in host.raw else None  # of a domain nobody has seen a page
    if shown is not None:
        yield replace(seen, kind="url", value=shown, fraud=own)
    if fences.may_name(host):
        yield replace(seen, kind="host", value=host.ascii, fraud=own)


def _passed(story: Story, fences: Fences, hosts: set[str], pages: set[str]) -> Iterator[Thing]:
    """Yield where journeys passed, with what proves it."""
    for visit in story.case.visits:
        for hop in visit.hops:
            seen = Thing(kind="url", value="", first_seen=hop.at, last_seen=hop.at, evidence=visit.evidence)
            yield from _address(hop.url, seen, fences, hosts, pages)
            host = parse_host(hop.url)
            if host is not None and fences.may_name(host):
                if hop.address:
                    yield replace(seen, kind="ip", value=hop.address, host=host.ascii)
                if hop.certificate:
                    yield replace(seen, kind="certificate", value=hop.certificate, host=host.ascii)
        for digest in filter(None, (visit.evidence, visit.screenshot)):
            yield Thing(
                kind="evidence", value=digest, first_seen=visit.started_at, last_seen=visit.started_at,
                note="manifest" if digest == visit.evidence else "screenshot",
            )  # fmt: skip


def _account(one: Handoff, seen: Thing, fences: Fences) -> Iterator[Thing]:
    if fences.may_lead_to(one):
        yield replace(seen, kind=one.kind, value=one.value, fraud=True)


def _merged(things: Iterator[Thing]) -> list[Thing]:
    """Return each thing once: when it was first and last seen, with the latest proof; frauds first."""
    found: dict[tuple[str, str, str | None], Thing] = {}
    for thing in things:
        key = (thing.kind, thing.value, thing.host)
        known = found.get(key)
        if known is None:
            found[key] = thing
            continue
        later, earlier = (thing, known) if thing.last_seen >= known.last_seen else (known, thing)
        found[key] = replace(
            later,
            first_seen=min(thing.first_seen, known.first_seen),
            fraud=thing.fraud or known.fraud,
            platform=known.platform or thing.platform,
            evidence=later.evidence or earlier.evidence,
            note=later.note or earlier.note,
        )
    return sorted(found.values(), key=lambda thing: (not thing.fraud, thing.kind, thing.value, thing.host or ""))


def _texts(items: Sequence[CaseItemView], include: Sequence[Part]) -> tuple[tuple[str, str], ...]:
    texts = {(text.role, shared_text(text.text, include)): None for view in items for text in view.item.texts}
    return tuple(texts)[:MOST_TEXTS]


def _registered(story: Story, fences: Fences, include: Sequence[Part]) -> Iterator[Registered]:
    for domain, registration in sorted(story.registrations.items()):
        host = parse_host(domain)
        if host is None or not fences.may_name(host):
            continue
        facts = registration.facts
        named = "contacts" in include
        yield Registered(
            domain=domain,
            created=str(facts.get("created") or ""),
            registrar=str(facts.get("registrar") or "") if named else "",
            abuse=str(facts.get("abuse_email") or "") if named else "",
        )
