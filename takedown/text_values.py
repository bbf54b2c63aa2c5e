"""Values of the texts of notices, each safe to write, and never more of them than fit. Pure.

Everything that strangers wrote went through `takedown.formatter`: one line, nothing hidden, no link where the channel
wants none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from alerts.words import WORDS as SENTENCES
from config.takedown import Trademark
from detector.evidence import LEARNED, Evidence, accusing, expects_file
from detector.handoffs import Handoff, HandoffKind
from detector.hosts import parse_host
from detector.visits import Hop, Visit
from storage.case_views import CaseItemView
from storage.notice_views import NoticeView
from takedown.channel import Fact, Kind
from takedown.context import (
    Context,
    answers_of,
    confirmed_at,
    domain_of,
    former_of,
    hosts_of,
    items_of,
    landings_of,
    leads_of,
    registration_of,
    reported_of,
    seen_between,
    sightings_of,
    sites_of,
    visits_of,
)
from takedown.formatter import LONGEST_URL, Formatter
from takedown.parties import brand_name, filer_of, owner_of, short_name
from takedown.rights import letter_of_authority
from takedown.translation import observed_in
from takedown.vocabulary import WORDS

T = TypeVar("T")
S = TypeVar("S")
TELLING = 0.5  # log-odds; what weighs less is told to nobody outside: that a text names the brand
ACCOUNTS = ("chat", "phone", "payee")  # kinds of actors whose targets are accounts
PORTS = {"http": 80, "https": 443}
_CHATS: frozenset[HandoffKind] = frozenset(("line", "telegram", "whatsapp"))
# Which accounts a reader is told of, beside those that the notice is about: who can do something about them. The others
# need no account of anybody's to stop a page.
_TOLD_OF: Mapping[Kind, frozenset[HandoffKind]] = {
    "platform": _CHATS,
    "marketplace": _CHATS,
    **dict.fromkeys(("payment", "association", "authority", "police"), frozenset(get_args(HandoffKind))),
}
# Who is told what an advertiser is called, and who pays.
_TOLD_OF_ADVERTISERS: frozenset[Kind] = frozenset(
    ("platform", "marketplace", "payment", "association", "authority", "police")
)


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


def values_of(context: Context, room: Room) -> dict[str, Any]:
    """Return what every text of a notice knows; see docs/takedown.md for each name."""
    formatter = formatter_of(context)
    words = WORDS[context.language]
    story, actor = context.story, context.actor
    between = seen_between(story, actor)
    confirmed = confirmed_at(story)
    registration = registration_of(story, actor)
    domain = domain_of(story, actor)
    letter = letter_of_authority(context.brand, context.filer, context.today)
    return {
        "reference": context.reference,
        "today": context.today.isoformat(),
        "channel": {
            "name": getattr(context.channel.name, context.language),
            "operator": context.channel.operator_in(context.language),
            "kind": context.channel.kind,
            "generic": context.channel.address == "contact",  # for any of its kind: the reader is the actor
        },
        "actor": {
            "kind": actor.kind,
            "what": _what(context),
            "name": formatter.line(actor.name),
            "subject": formatter.url(actor.subject, LONGEST_URL),
            "platform": platform_name(context, actor.platform),
            "facts": {name: formatter.line(value) for name, value in actor.facts.items()},
        },
        "filer": filer_of(context.filer, context.language),
        "owner": owner_of(context.brand, context.filer, context.language),
        "brand": {
            "name": short_name(context.brand, context.language),
            "full": brand_name(context.brand, context.language),
            "domains": context.brand.domains,
            "accounts": context.brand.accounts,
        },
        "agent": context.filer.relation == "agent",
        "authority_until": letter.until.isoformat() if letter is not None and letter.until is not None else None,
        "marks": [mark_of(mark, context) for mark in context.marks],
        "targets": _listed(context.targets, room.targets, lambda one: _target(one, context)),
        "hosts": [formatter.url(host.ascii) for host in hosts_of(sites_of(context))],
        "addresses": _listed(tuple(answers_of(context)), room.targets, lambda hop: _answer(hop, formatter)),
        "items": _listed(items_of(story, actor), room.items, lambda view: _item(view, context, formatter, room.words)),
        "journeys": _listed(
            _journeys(context) if room.journeys else (),
            room.journeys,
            lambda visit: _journey(visit, context, formatter, room),
        ),
        "landings": _listed(landings_of(story, actor), room.targets, lambda url: formatter.url(url, LONGEST_URL)),
        "landing_here": _landing_here(context),
        "domain": formatter.url(domain) if domain else None,
        "registration": {
            "registrar": formatter.line(str(registration.facts.get("registrar") or "")),
            "on": formatter.line(str(registration.facts.get("created") or ""))[:10],
            "told": formatter.moment(registration.asked_at),
        }
        if registration is not None
        else None,
        "network": formatter.line(actor.facts["network"]) if actor.facts.get("network") else None,
        "handoffs": _listed(leads_for(context), room.items, lambda one: _lead(one, context)),
        "findings": _listed(findings_of(context), room.findings, lambda one: _finding(one, context, formatter)),
        "policy": story.case.items[0].verdict.policy if story.case.items else "",
        "confirmed": f"{confirmed.astimezone(context.zone):%Y-%m-%d}" if confirmed is not None else None,
        "seen": {"first": formatter.moment(between[0]), "last": formatter.moment(between[1])}
        if between is not None
        else None,
        "countries": countries_of(context),
        "evidence": _listed(
            context.attachments,
            room.files,
            lambda one: {
                "name": one.name,
                "says": words.proofs.get(one.kind, one.kind),
                "sha256": one.sha256,
                "bytes": one.bytes,
            },
        ),
        "former": [_former(one, formatter) for one in former_of(story, context.channel, actor)],
        "reported": [_former(one, formatter) for one in reported_of(story, context.channel, actor)],
    }


def formatter_of(context: Context) -> Formatter:
    """Return how a notice is written."""
    return Formatter(language=context.language, zone=context.zone, inert=context.channel.defang)


def asks_for(context: Context, fact: Fact) -> bool:
    """Tell whether a form has a field for a fact."""
    return any(field.fill == fact for field in context.channel.field)


def platform_name(context: Context, platform: str | None) -> str:
    """Return what a platform is called."""
    return WORDS[context.language].platforms.get(platform or "", formatter_of(context).line(platform or ""))


def mark_of(mark: Trademark, context: Context) -> dict[str, str]:
    """Return a registration as the configuration has it."""
    words = WORDS[context.language]
    numbers = words.comma.join(words.class_.format(number=number) for number in mark.classes)
    return {
        "mark": mark.mark,
        "number": mark.number,
        "office": mark.office,
        "classes": words.classes.format(numbers=numbers) if numbers else "",
        "goods": mark.goods,
        "until": mark.until.isoformat() if mark.until is not None else "",
    }


def target_text(target: str, context: Context, limit: int | None = None) -> str:
    """Write a target: an address or an id as it stood; a bank account as people write one."""
    account = context.actor.subject.startswith("bank:")
    return formatter_of(context).url(_account("bank" if account else "", target), limit)


def _target(target: str, context: Context) -> str:
    """Write a target in a list; an id of something shown is called one."""
    text = target_text(target, context, LONGEST_URL)
    return (
        f"{WORDS[context.language].shown_id} {text}"
        if context.actor.kind == "platform" and "://" not in target
        else text
    )


def handoff_text(one: Handoff, context: Context) -> str:
    """Write an account that people are led to, on one line."""
    formatter = formatter_of(context)
    return formatter.url(formatter.line(_account(one.kind, one.value)))


def _account(kind: str, value: str) -> str:
    """Write an account: a bank's with blanks between its parts, any other as it is."""
    return " ".join(value.split("/")) if kind == "bank" else value


def _lead(one: Handoff, context: Context) -> Mapping[str, str]:
    kinds = WORDS[context.language].handoffs
    return {"kind": kinds.get(one.kind, one.kind), "value": handoff_text(one, context)}


def leads_for(context: Context) -> tuple[Handoff, ...]:
    """Return the accounts that people are led to, as far as the reader has something to do with them."""
    told = _TOLD_OF.get(context.channel.kind, frozenset())
    own = context.actor.subject.partition(":")[0] if context.actor.kind in ACCOUNTS else None
    return tuple(one for one in leads_of(context.story, context.actor) if one.kind in told or one.kind == own)


def countries_of(context: Context) -> str:
    """Return in which countries it was shown, as far as platforms tell."""
    words = WORDS[context.language]
    codes = {code for view in items_of(context.story, context.actor) for code in view.item.countries}
    formatter = formatter_of(context)
    return words.comma.join(words.countries.get(code, formatter.line(code, 40)) for code in sorted(codes))


def findings_of(context: Context) -> tuple[Evidence, ...]:
    """Return what speaks against the actor's items, the most telling first, each signal once."""
    told = [one for view in items_of(context.story, context.actor) for one in view.verdict.told if one.weight > 0]
    found: dict[str, Evidence] = {}
    for one in sorted(told, key=accusing):
        if one.weight >= TELLING and not one.signal.startswith(LEARNED):  # what many cases taught proves nothing
            found.setdefault(one.signal, one)
    return tuple(found.values())


def _what(context: Context) -> str:
    """Say what kind of account the targets are; nothing where they are addresses."""
    words, actor = WORDS[context.language], context.actor
    if actor.kind == "advertiser":
        return words.advertiser
    return words.handoffs.get(actor.subject.partition(":")[0], "") if actor.kind in ACCOUNTS else ""


def _landing_here(context: Context) -> bool:
    """Tell whether what the actor keeps up shows the offer itself, and does not only pass people on."""
    names = {host.ascii for host in hosts_of((context.actor.subject, *context.targets))}
    return any({host.ascii, host.registrable} & names for host in hosts_of(landings_of(context.story, context.actor)))


def _listed(things: Sequence[S], most: int, write: Callable[[S], T]) -> Listed[T]:
    return Listed(shown=tuple(write(one) for one in things[:most]), more=max(0, len(things) - most))


def _item(view: CaseItemView, context: Context, formatter: Formatter, words: int) -> Mapping[str, Any]:
    item = view.item
    advertiser = item.advertiser if context.channel.kind in _TOLD_OF_ADVERTISERS else None
    says = next((text.text for text in item.texts if text.text.strip()), "") if words else ""
    return {
        "kind": WORDS[context.language].kinds.get(item.kind, item.kind),
        "platform": platform_name(context, item.platform),
        "id": formatter.url(item.id, LONGEST_URL),
        "url": formatter.url(item.url, LONGEST_URL) if item.url and item.url != item.id else "",
        "advertiser": formatter.line(advertiser.name or "") if advertiser else "",
        "advertiser_id": formatter.line(advertiser.id or "") if advertiser else "",
        "payer": formatter.line(advertiser.payer or "") if advertiser else "",
        "says": formatter.quote(says, words) if says else "",
        "links": [formatter.url(link, LONGEST_URL) for link in item.links[:5]],
        "publisher": formatter.url(item.publisher_url, LONGEST_URL) if item.publisher_url else "",
        "first": formatter.moment(view.first_seen),
        "last": formatter.moment(view.last_seen),
    }


def _journeys(context: Context) -> tuple[Visit, ...]:
    """Return the journeys worth telling: those that saw the offer, else the latest, that say what could not be seen."""
    return sightings_of(context.story, context.actor) or visits_of(context.story, context.actor)[:2]


def _journey(visit: Visit, context: Context, formatter: Formatter, room: Room) -> Mapping[str, Any]:
    words = WORDS[context.language]
    return {
        "at": formatter.moment(visit.started_at),
        "visitor": formatter.line(words.visitor(visit), 100),
        "country": formatter.line(words.countries.get(visit.country or "", visit.country or ""), 40),
        "says": words.outcomes[visit.outcome],
        "title": formatter.quote(visit.landing.title, 120) if visit.landing and visit.landing.title.strip() else "",
        "hops": _listed(visit.hops, room.hops, lambda hop: _answer(hop, formatter)),
    }


def _answer(hop: Hop, formatter: Formatter) -> Mapping[str, Any]:
    """Return one address on the way, and which machine answered when."""
    host = parse_host(hop.url)
    return {
        "url": formatter.url(hop.url, LONGEST_URL),
        "host": formatter.url(host.ascii) if host is not None else "",
        "address": formatter.url(hop.address) if hop.address else "",
        "port": port_of(hop.url),
        "status": hop.status,
        "at": formatter.moment(hop.at),
    }


def port_of(url: str) -> int | None:
    """Return the port that an address names, or its scheme's; None where it has neither."""
    scheme, _, rest = url.partition("://")
    tail = rest.partition("/")[0].partition("?")[0].rpartition("]")[2].rpartition("@")[2].rpartition(":")
    if tail[1] and tail[2].isascii() and tail[2].isdigit():
        return int(tail[2][:5])
    return PORTS.get(scheme.lower())


def _finding(found: Evidence, context: Context, formatter: Formatter) -> str:
    """Say what a signal found, and what it saw; what the brand's own files are called is nobody's business."""
    says = _signal_words(context).get(found.signal, found.says)
    whose = found.signal.startswith("advertiser.") and context.channel.kind not in _TOLD_OF_ADVERTISERS
    if expects_file(found) or whose or not found.observed.strip():
        return says
    space = "" if context.language == "ja" else " "
    return f"{says}{space}{formatter.quote(observed_in(context.language, found), 120)}"


def _signal_words(context: Context) -> Mapping[str, str]:
    return SENTENCES[context.language].signals


def _former(one: NoticeView, formatter: Formatter) -> Mapping[str, str]:
    return {
        "reference": one.reference,
        "theirs": formatter.line(one.their_reference or "", 100),
        "filed": formatter.moment(one.filed_at) if one.filed_at else "",
        "answered": formatter.moment(one.answered_at) if one.answered_at else "",
        "refused": formatter.quote(one.refused_for, 200) if one.refused_for else "",
        "down": formatter.moment(one.down_at) if one.down_at else "",
        "back": formatter.moment(one.back_at) if one.down_at and one.back_at else "",
        "state": one.state,
    }


def joined(parts: Iterable[str | None]) -> str | None:
    """Return values, each on a line of its own and once; None where there are none."""
    found = list(dict.fromkeys(part for part in parts if part))
    return "\n".join(found) if found else None
