"""Letter: the values that the texts of notices are made of, each safe to write, and never more of them than fit. Pure.

Everything that strangers wrote went through the pen: one line, nothing hidden, no link where the channel wants none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from alerts.words import WORDS as SENTENCES
from config.takedown import Trademark
from detector.evidence import LEARNED, Evidence, accusing, expects_file
from detector.handoffs import Handoff
from detector.hosts import parse_host
from detector.visits import Hop, Visit
from storage.case_views import CaseItemView
from storage.notice_views import NoticeView
from takedown.channel import Fact
from takedown.ground import (
    Ground,
    answers_of,
    confirmed_at,
    domain_of,
    former_of,
    hosts_of,
    items_of,
    landings_of,
    leads_of,
    registration_of,
    seen_between,
    sightings_of,
    sites_of,
    visits_of,
)
from takedown.parties import brand_name, filer_of, owner_of, short_name
from takedown.pen import LONGEST_URL, Pen
from takedown.rights import authority_of, in_force
from takedown.vocabulary import WORDS

T = TypeVar("T")
S = TypeVar("S")
TELLING = 0.5  # log-odds; what weighs less is told to nobody outside: that a text names the brand
ACCOUNTS = ("chat", "phone", "payee")  # kinds of actors whose targets are accounts
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many of each thing a text has room for."""

    targets: int
    items: int
    journeys: int
    hops: int
    findings: int
    files: int
    words: int  # characters of what an item says; 0: nothing of it


# From everything that anybody reads down to the facts alone.
ROOMS = (
    Room(targets=100, items=20, journeys=6, hops=12, findings=6, files=40, words=200),
    Room(targets=50, items=10, journeys=3, hops=8, findings=5, files=15, words=100),
    Room(targets=20, items=5, journeys=1, hops=6, findings=3, files=6, words=60),
    Room(targets=10, items=3, journeys=0, hops=0, findings=0, files=3, words=0),
    Room(targets=5, items=1, journeys=0, hops=0, findings=0, files=0, words=0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[T]):
    """As many of some things as there is room for."""

    shown: tuple[T, ...]
    more: int  # that are left out

    def __bool__(self) -> bool:
        return bool(self.shown)


def values_of(ground: Ground, room: Room) -> dict[str, Any]:
    """Return what every text of a notice knows; see docs/takedown.md for each name."""
    pen = pen_of(ground)
    words = WORDS[ground.language]
    story, actor = ground.story, ground.actor
    between = seen_between(story, actor)
    confirmed = confirmed_at(story)
    registration = registration_of(story, actor)
    domain = domain_of(story, actor)
    letter = authority_of(ground.brand, ground.filer, ground.today)
    return {
        "reference": ground.reference,
        "today": ground.today.isoformat(),
        "channel": {
            "name": getattr(ground.channel.name, ground.language),
            "operator": ground.channel.operator,
            "kind": ground.channel.kind,
            "generic": ground.channel.address == "contact",  # for any of its kind: the reader is the actor
        },
        "actor": {
            "kind": actor.kind,
            "what": _what(ground),
            "name": pen.line(actor.name),
            "subject": pen.url(actor.subject, LONGEST_URL),
            "platform": platform_name(ground, actor.platform),
            "facts": {name: pen.line(value) for name, value in actor.facts.items()},
        },
        "filer": filer_of(ground.filer, ground.language),
        "owner": owner_of(ground.brand, ground.filer, ground.language),
        "brand": {
            "name": short_name(ground.brand, ground.language),
            "full": brand_name(ground.brand, ground.language),
            "domains": ground.brand.domains,
            "accounts": ground.brand.accounts,
        },
        "agent": ground.filer.relation == "agent",
        "authority_until": letter.until.isoformat() if letter is not None and letter.until is not None else None,
        "marks": [mark_of(mark, ground) for mark in in_force(ground.brand, ground.today)],
        "targets": _listed(ground.targets, room.targets, lambda one: _target(one, ground)),
        "hosts": [pen.url(host.ascii) for host in hosts_of(sites_of(ground))],
        "addresses": _listed(tuple(answers_of(ground)), room.targets, lambda hop: _answer(hop, pen)),
        "items": _listed(items_of(story, actor), room.items, lambda view: _item(view, ground, pen, room.words)),
        "journeys": _listed(
            _journeys(ground) if room.journeys else (), room.journeys, lambda visit: _journey(visit, ground, pen, room)
        ),
        "landings": _listed(landings_of(story, actor), room.targets, lambda url: pen.url(url, LONGEST_URL)),
        "landing_here": _landing_here(ground),
        "domain": pen.url(domain) if domain else None,
        "registration": {
            "registrar": pen.line(str(registration.facts.get("registrar") or "")),
            "on": str(registration.facts.get("created") or "")[:10],
            "told": pen.moment(registration.asked_at),
        }
        if registration is not None
        else None,
        "network": pen.line(actor.facts["network"]) if actor.facts.get("network") else None,
        "handoffs": _listed(leads_of(story, actor), room.items, lambda one: _lead(one, ground, pen)),
        "findings": _listed(findings_of(ground), room.findings, lambda one: _finding(one, ground, pen)),
        "policy": story.case.items[0].verdict.policy if story.case.items else "",
        "confirmed": f"{confirmed.astimezone(ground.zone):%Y-%m-%d}" if confirmed is not None else None,
        "seen": {"first": pen.moment(between[0]), "last": pen.moment(between[1])} if between is not None else None,
        "countries": countries_of(ground),
        "evidence": _listed(
            ground.attachments,
            room.files,
            lambda one: {
                "name": one.name,
                "says": words.proofs.get(one.kind, one.kind),
                "sha256": one.sha256,
                "bytes": one.bytes,
            },
        ),
        "former": [_former(one, pen) for one in former_of(story, ground.channel, actor)],
    }


def pen_of(ground: Ground) -> Pen:
    """Return how a notice is written."""
    return Pen(language=ground.language, zone=ground.zone, inert=ground.channel.defang)


def asks_for(ground: Ground, fact: Fact) -> bool:
    """Tell whether a form has a field for a fact."""
    return any(field.fill == fact for field in ground.channel.field)


def platform_name(ground: Ground, platform: str | None) -> str:
    """Return what a platform is called."""
    return WORDS[ground.language].platforms.get(platform or "", pen_of(ground).line(platform or ""))


def mark_of(mark: Trademark, ground: Ground) -> dict[str, str]:
    """Return a registration as the configuration has it."""
    words = WORDS[ground.language]
    numbers = words.comma.join(map(str, mark.classes))
    return {
        "mark": mark.mark,
        "number": mark.number,
        "office": mark.office,
        "classes": words.classes.format(numbers=numbers) if numbers else "",
        "goods": mark.goods,
        "until": mark.until.isoformat() if mark.until is not None else "",
    }


def target_text(target: str, ground: Ground, limit: int | None = None) -> str:
    """Write a target: an address or an id as it stood; a bank account as people write one."""
    account = ground.actor.subject.startswith("bank:")
    return pen_of(ground).url(account_text("bank" if account else "", target), limit)


def _target(target: str, ground: Ground) -> str:
    """Write a target in a list; an id of something shown is called one."""
    text = target_text(target, ground, LONGEST_URL)
    return (
        f"{WORDS[ground.language].shown_id} {text}" if ground.actor.kind == "platform" and "://" not in target else text
    )


def account_text(kind: str, value: str) -> str:
    """Write an account: a bank's with blanks between its parts, any other as it is."""
    return " ".join(value.split("/")) if kind == "bank" else value


def _lead(one: Handoff, ground: Ground, pen: Pen) -> Mapping[str, str]:
    kinds = WORDS[ground.language].handoffs
    return {"kind": kinds.get(one.kind, one.kind), "value": pen.url(pen.line(account_text(one.kind, one.value)))}


def countries_of(ground: Ground) -> str:
    """Return in which countries it was shown, as far as platforms tell."""
    words = WORDS[ground.language]
    codes = {code for view in items_of(ground.story, ground.actor) for code in view.item.countries}
    pen = pen_of(ground)
    return words.comma.join(words.countries.get(code, pen.line(code, 40)) for code in sorted(codes))


def findings_of(ground: Ground) -> tuple[Evidence, ...]:
    """Return what speaks against the actor's items, the most telling first, each signal once."""
    told = [one for view in items_of(ground.story, ground.actor) for one in view.verdict.told if one.weight > 0]
    found: dict[str, Evidence] = {}
    for one in sorted(told, key=accusing):
        if one.weight >= TELLING and not one.signal.startswith(LEARNED):  # what many cases taught proves nothing
            found.setdefault(one.signal, one)
    return tuple(found.values())


def _what(ground: Ground) -> str:
    """Say what kind of account the targets are; nothing where they are addresses."""
    words, actor = WORDS[ground.language], ground.actor
    if actor.kind == "advertiser":
        return words.advertiser
    return words.handoffs.get(actor.subject.partition(":")[0], "") if actor.kind in ACCOUNTS else ""


def _landing_here(ground: Ground) -> bool:
    """Tell whether what the actor keeps up shows the offer itself, and does not only pass people on."""
    names = {host.ascii for host in hosts_of((ground.actor.subject, *ground.targets))}
    return any({host.ascii, host.registrable} & names for host in hosts_of(landings_of(ground.story, ground.actor)))


def _listed(things: Sequence[S], most: int, write: Callable[[S], T]) -> Listed[T]:
    return Listed(shown=tuple(write(one) for one in things[:most]), more=max(0, len(things) - most))


def _item(view: CaseItemView, ground: Ground, pen: Pen, words: int) -> Mapping[str, Any]:
    item = view.item
    advertiser = item.advertiser
    says = next((text.text for text in item.texts if text.text.strip()), "") if words else ""
    return {
        "kind": WORDS[ground.language].kinds.get(item.kind, item.kind),
        "platform": platform_name(ground, item.platform),
        "id": pen.url(item.id, LONGEST_URL),
        "url": pen.url(item.url, LONGEST_URL) if item.url and item.url != item.id else "",
        "advertiser": pen.line(advertiser.name or "") if advertiser else "",
        "advertiser_id": pen.line(advertiser.id or "") if advertiser else "",
        "payer": pen.line(advertiser.payer or "") if advertiser else "",
        "says": pen.quote(says, words) if says else "",
        "links": [pen.url(link, LONGEST_URL) for link in item.links[:5]],
        "publisher": pen.url(item.publisher_url, LONGEST_URL) if item.publisher_url else "",
        "first": pen.moment(view.first_seen),
        "last": pen.moment(view.last_seen),
    }


def _journeys(ground: Ground) -> tuple[Visit, ...]:
    """Return the journeys worth telling: those that saw the offer, else the latest, that say what could not be seen."""
    return sightings_of(ground.story, ground.actor) or visits_of(ground.story, ground.actor)[:2]


def _journey(visit: Visit, ground: Ground, pen: Pen, room: Room) -> Mapping[str, Any]:
    return {
        "at": pen.moment(visit.started_at),
        "visitor": pen.line(visit.visitor, 60),
        "country": pen.line(visit.country or "", 40),
        "says": WORDS[ground.language].outcomes[visit.outcome],
        "title": pen.quote(visit.landing.title, 120) if visit.landing and visit.landing.title.strip() else "",
        "hops": _listed(visit.hops, room.hops, lambda hop: _answer(hop, pen)),
    }


def _answer(hop: Hop, pen: Pen) -> Mapping[str, Any]:
    """Return one address on the way, and which machine answered when."""
    host = parse_host(hop.url)
    return {
        "url": pen.url(hop.url, LONGEST_URL),
        "host": pen.url(host.ascii) if host is not None else "",
        "address": pen.url(hop.address) if hop.address else "",
        "port": port_of(hop.url),
        "status": hop.status,
        "at": pen.moment(hop.at),
    }


def port_of(url: str) -> int | None:
    """Return the port that an address names, or its scheme's; None where it has neither."""
    scheme, _, rest = url.partition("://")
    tail = rest.partition("/")[0].partition("?")[0].rpartition("]")[2].rpartition("@")[2].rpartition(":")
    if tail[1] and tail[2].isascii() and tail[2].isdigit():
        return int(tail[2][:5])
    return PORTS.get(scheme.lower())


def _finding(found: Evidence, ground: Ground, pen: Pen) -> str:
    """Say what a signal found, and what it saw; what the brand's own files are called is nobody's business."""
    says = _signal_words(ground).get(found.signal, found.says)
    if expects_file(found) or not found.observed.strip():
        return says
    return f"{says} {pen.quote(found.observed, 120)}"


def _signal_words(ground: Ground) -> Mapping[str, str]:
    return SENTENCES[ground.language].signals


def _former(one: NoticeView, pen: Pen) -> Mapping[str, str]:
    return {
        "reference": one.reference,
        "theirs": pen.line(one.their_reference or "", 100),
        "filed": pen.moment(one.filed_at) if one.filed_at else "",
        "refused": pen.quote(one.refused_for, 200) if one.refused_for else "",
        "down": pen.moment(one.down_at) if one.down_at else "",
        "back": pen.moment(one.back_at) if one.down_at and one.back_at else "",
        "state": one.state,
    }


def joined(parts: Iterable[str | None]) -> str | None:
    """Return values, each on a line of its own and once; None where there are none."""
    found = list(dict.fromkeys(part for part in parts if part))
    return "\n".join(found) if found else None
