"""Parties: whom a dossier names besides the items: the brand, who has a part in the journey, where people are led."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detector.handoffs import Handoff
from storage.registrations import Registration
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.bundle.dossier import Block, Column, Fact, Facts, Table
from takedown.bundle.locale import Locale
from takedown.story import Story, handoffs_of
from takedown.translation import odd_in

MOST_HANDOFFS = 60
MOST_READ = 100  # items whose texts are searched for accounts
MOST_DOMAINS = 40
MOST_CLAIMS = 20
MOST_TARGETS = 3  # of one actor; all of them are in its notices


def imitated(story: Story, locale: Locale) -> Iterator[Block]:
    """Yield the brand: names, official places, registered rights, as the configuration has them."""
    words, brand = locale.words, story.brand
    owner = brand.owner
    named = [brand.name, *brand.aliases]
    facts = [
        (words.owner, locale.own(_name(owner.name, owner.name_en, locale)) if owner is not None else "", False),
        (words.names, locale.own(" / ".join(named), 400), False),
        (words.domains, locale.own("  ".join(brand.domains), 600), True),
        (words.accounts, locale.own("  ".join(brand.accounts), 600), True),
        *((words.false_claims, locale.own(claim, 300), False) for claim in brand.false_claims[:MOST_CLAIMS]),
    ]
    yield Facts(facts=tuple(Fact(label=label, text=text, code=code) for label, text, code in facts if text))
    if brand.trademark:
        yield Table(
            title=words.trademarks,
            columns=(
                Column(title=words.mark, width=3),
                Column(title=words.number, width=3),
                Column(title=words.office, width=2),
                Column(title=words.classes, width=2),
                Column(title=words.goods, width=5),
                Column(title=words.until, width=2),
            ),
            rows=tuple(
                (
                    locale.own(mark.mark, 200),
                    locale.own(mark.number, 100),
                    locale.own(mark.office, 60),
                    ", ".join(map(str, mark.classes)),
                    locale.own(mark.goods, 400),
                    mark.until.isoformat() if mark.until is not None else "",
                )
                for mark in brand.trademark
            ),
        )


@dataclass(frozen=True, slots=True)
class Led:
    """An account that people are led to, and where that was seen first."""

    account: Handoff
    item: int  # number in the dossier
    kind: str  # of the item
    where: str  # in its picture; "" where it stands in a text or a link


def led_to(story: Story) -> tuple[Led, ...]:
    """Return where people are led, each account once; of the best items, for hostile texts take their time."""
    found: dict[tuple[str, str], Led] = {}
    for number, view in enumerate(story.case.items[:MOST_READ], 1):
        for one, where in handoffs_of(view):
            found.setdefault((one.kind, one.value), Led(one, number, view.item.kind, where))
    return tuple(found.values())


def actors(story: Story, led: Sequence[Led], locale: Locale) -> Iterator[Block]:
    """Yield who has a part in the journey, where people are led, and what registries told of domains."""
    words = locale.words
    rows = tuple(_actor(actor, locale) for actor in actors_of(story) if actor.kind != "everyone")
    if rows:
        yield Table(
            columns=(
                Column(title=words.role, width=4),
                Column(title=words.name, width=4),
                Column(title=words.subject, width=5, code=True),
                Column(title=words.known, width=5),
                Column(title=words.contact, width=5),
            ),
            rows=rows,
        )
    if led:
        columns = (
            Column(title=words.kind, width=2),
            Column(title=words.handoff, width=4),
            Column(title=words.observed, width=4),
            Column(title=words.where, width=4),
        )
        yield Table(
            title=words.handoffs, columns=columns, rows=tuple(_handoff(one, locale) for one in led[:MOST_HANDOFFS])
        )
    told = [_registration(one, locale) for one in list(story.registrations.values())[:MOST_DOMAINS]]
    if told:
        yield Table(
            title=words.registrations,
            columns=(
                Column(title=words.domain, width=4, code=True),
                Column(title=words.registered, width=2),
                Column(title=words.registrar, width=4),
                Column(title=words.registrant, width=3),
                Column(title=words.nameservers, width=4),
                Column(title=words.asked_at, width=3),
            ),
            rows=tuple(told),
        )


def handoffs(led: Sequence[Led], locale: Locale) -> list[str]:
    """Return where people are led, in words."""
    return [_named(one.account, locale) for one in led]


def _named(account: Handoff, locale: Locale) -> str:
    return locale.account(account.kind, account.value, 80)


def _actor(actor: Actor, locale: Locale) -> tuple[str, ...]:
    words = locale.words
    colon = locale.of_notices.colon
    known = [
        f"{label}{colon}{_fact(name, value, locale)}"
        for name, label in words.told.items()
        if (value := actor.facts.get(name))
    ]
    contacts = [f"{contact.address} ({contact.origin})" for contact in actor.contacts[:5]]
    targets = list(dict.fromkeys(actor.targets or (actor.subject,)))[:MOST_TARGETS]
    account = actor.facts.get("handoff", "")
    if account:  # its name and its target are the account
        name = locale.account_value(account, actor.name, 120)
        shown = [locale.account_value(account, one, 200) for one in targets]
    else:
        name = locale.of_notices.platforms.get(actor.name) or locale.text(actor.name, 120)
        shown = [locale.url(one, 200) if "://" in one else locale.text(one, 200) for one in targets]
    return (
        words.parts[actor.kind],
        name or words.unknown,
        "  ".join(shown),
        " · ".join(known),
        locale.text(", ".join(contacts), 300),
    )


def _fact(name: str, value: str, locale: Locale) -> str:
    if name == "address":
        return locale.own(value, 120)
    if name == "odd":
        return locale.text(odd_in(locale.language, value), 120)
    if name == "country":
        return locale.countries((value,))
    return locale.text(value[:10] if name == "registered" else value, 120)


def _handoff(led: Led, locale: Locale) -> tuple[str, ...]:
    words, one = locale.words, led.account
    placed = {"code in the picture": words.in_code, "words in the picture": words.in_words}.get(led.where, "")
    item = f"{words.item.format(number=led.item)} · {locale.kind(led.kind)}"
    return (
        locale.of_notices.handoffs.get(one.kind, one.kind),
        locale.account_value(one.kind, one.value, 120),
        locale.text(one.observed, 120),
        f"{item} ({placed})" if placed else item,
    )


def _registration(told: Registration, locale: Locale) -> tuple[str, ...]:
    facts = told.facts
    number = f" (IANA {facts['registrar_id']})" if facts.get("registrar_id") else ""
    registrant = " / ".join(str(value) for value in (facts.get("registrant"), facts.get("country")) if value)
    return (
        locale.url(told.domain, 120),
        locale.text(str(facts.get("created") or "")[:10], 20),
        locale.text(str(facts.get("error") or f"{facts.get('registrar') or ''}{number}"), 160),
        locale.text(registrant, 160),
        locale.text(", ".join(map(str, facts.get("nameservers") or ())), 200),
        locale.utc(told.asked_at),
    )


def _name(name: str, english: str | None, locale: Locale) -> str:
    return english or name if locale.language == "en" else name
