"""Contacts: what registries told of the networks that journeys lead through, and what hosts tell of themselves in
security.txt; whom of these to ask next. Append-only, so that changes show.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from detector.hosts import Host, is_shared, parse_host, redirector
from detector.seller import FREE_MAIL
from detector.visits import Hop, Visit
from storage.actions import SILENT
from storage.registrations import domains_to_ask
from storage.schema import Case, CaseItem, ContactKind, ContactRow, RegistrationRow, Sighting, VisitRow

MOST_JOURNEYS = 2_000  # that are looked through for whom to ask, the latest
MOST_PUBLISHERS = 2_000  # sightings that are looked through for pages that carried ads, the latest
MOST_OPERATORS = 2_000  # answers that are looked through for domains of operators, the latest


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAnswer:
    """One answer about one address or host."""

    kind: ContactKind
    subject: str  # an IP address; a host, with its port where that is not 443
    asked_at: datetime
    # network: `name`, `handle`, `owner`, `country`, `first`, `last`, `abuse_email`, `error`;
    # security: `contacts`, `expires`, `error`
    facts: Mapping[str, Any]
    answer: str | None  # SHA-256 of the answer in the media store; None where none came


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """What a registry told of the network of an address; "" where it told nothing."""

    address: str
    asked_at: datetime
    name: str = ""  # hostile, like all that follows
    handle: str = ""
    owner: str = ""
    country: str = ""
    first: str = ""  # of the range
    last: str = ""
    abuse_email: str = ""
    error: str = ""
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityFacts:
    """What a host tells in its security.txt (RFC 9116)."""

    host: str
    asked_at: datetime
    contacts: tuple[str, ...] = ()  # mail addresses and URLs, in the order of preference; hostile
    expires: datetime | None = None
    error: str = ""
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAsk:
    """Whom to ask, the most recent first."""

    domains: tuple[str, ...] = ()  # registries, for a registration
    addresses: tuple[str, ...] = ()  # registries, for a network
    hosts: tuple[str, ...] = ()  # themselves, for a security.txt


def to_ask(session: Session, before: datetime) -> ToAsk:
    """Return whom nobody asked since, for cases that somebody may act on.

    Domains of cases and of hops; addresses that hops were answered from; hosts that journeys passed, those of pages
    that carried ads, then the domains of those whom registries named for complaints: see `security_subject`.
    """
    domains = dict.fromkeys(domains_to_ask(session, before))
    addresses: dict[str, None] = {}
    hosts: dict[str, None] = {}
    for hop in _hops(session):
        host = parse_host(hop.url)
        if host is None:
            continue
        asked_as = security_subject(hop.url, host)
        if asked_as is not None:
            hosts[asked_as] = None
        if _of_everybody(host):
            continue
        if host.registrable is not None:
            domains[host.registrable] = None
        if hop.address and is_address(hop.address):
            addresses[hop.address] = None
    hosts |= dict.fromkeys((*_publishers(session), *_operators(session)))
    registered = set(session.scalars(select(RegistrationRow.domain).where(RegistrationRow.asked_at >= before)))
    return ToAsk(
        domains=tuple(domain for domain in domains if domain not in registered),
        addresses=_without(addresses, _asked(session, "network", before)),
        hosts=_without(hosts, _asked(session, "security", before)),
    )


def save_contact(session: Session, contact: ContactAnswer) -> None:
    """Append an answer."""
    session.add(
        ContactRow(
            kind=contact.kind,
            identity=_identity(contact.subject),
            subject=contact.subject,
            asked_at=contact.asked_at,
            facts=dict(contact.facts),
            answer=contact.answer,
        )
    )


def networks(session: Session, addresses: Collection[str]) -> dict[str, NetworkFacts]:
    """Return the latest answer for each address that was asked for."""
    return {
        row.subject: msgspec.convert(
            {**row.facts, "address": row.subject, "asked_at": row.asked_at, "answer": row.answer}, NetworkFacts
        )
        for row in _latest(session, "network", addresses)
    }


def security_texts(session: Session, hosts: Collection[str]) -> dict[str, SecurityFacts]:
    """Return the latest answer of each host that was asked."""
    return {
        row.subject: msgspec.convert(
            {**row.facts, "host": row.subject, "asked_at": row.asked_at, "answer": row.answer}, SecurityFacts
        )
        for row in _latest(session, "security", hosts)
    }


def authority_of(url: str, host: Host) -> str:
    """Return a URL's host, with its port where that is not the usual one."""
    netloc = re.split(r"[/\\?#]", url.partition("://")[2], maxsplit=1)[0]
    port = re.search(r":0*([1-9][0-9]{0,4})$", netloc)
    usual = port is None or port[1] in ("80", "443") or int(port[1]) > 65535
    return host.ascii if usual or port is None else f"{host.ascii}:{port[1]}"


def security_subject(url: str, host: Host) -> str | None:
    """Return as what the host of a URL is asked for its security.txt; None where nobody asks it.

    Of hosts of everybody only link shorteners are asked, for themselves: platforms and hosting have forms for
    complaints.
    """
    if redirector(host) == []:  # a shortener: the service can be told of an address of its own
        return host.registrable or host.ascii
    if host.registrable is None or _of_everybody(host) or not url.lower().startswith("https:"):
        return None
    return authority_of(url, host)


def operator_of(mail: str) -> str | None:
    """Return the domain of whom a mail address belongs to; None where that says nothing about them."""
    host = parse_host(mail.rpartition("@")[2]) if mail.count("@") == 1 and "/" not in mail else None
    if host is None or host.registrable is None or host.shared or is_shared(host) or host.registrable in FREE_MAIL:
        return None
    return host.registrable


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _hops(session: Session) -> Iterator[Hop]:
    """Yield the hops of the latest journeys of cases that somebody may act on."""
    rows = session.scalars(
        select(VisitRow.visit)
        .join(Case, Case.id == VisitRow.case_id)
        .where(Case.state.not_in(SILENT))
        .order_by(VisitRow.started_at.desc(), VisitRow.id.desc())
        .limit(MOST_JOURNEYS)
    )
    for visit in rows:
        yield from reversed(msgspec.convert(visit, Visit).hops)


def _of_everybody(host: Host) -> bool:
    if host.registrable is None:  # an address
        return False
    return host.shared or is_shared(host) or redirector(host) is not None


def _publishers(session: Session) -> Iterator[str]:
    """Yield the hosts of the pages that carried ads of cases that somebody may act on, the latest first."""
    pages = session.scalars(
        select(Sighting.publisher_url)
        .join(CaseItem, CaseItem.item_id == Sighting.item_id)
        .join(Case, Case.id == CaseItem.case_id)
        .where(Sighting.publisher_url.is_not(None), Case.state.not_in(SILENT))
        .order_by(Sighting.id.desc())
        .limit(MOST_PUBLISHERS)
    )
    for url in filter(None, pages):
        host = parse_host(url)
        asked_as = security_subject(url, host) if host is not None else None
        if asked_as is not None:
            yield asked_as


def _operators(session: Session) -> Iterator[str]:
    """Yield the domains of whom registries named for complaints."""
    for facts in (
        *session.scalars(select(RegistrationRow.facts).order_by(RegistrationRow.id.desc()).limit(MOST_OPERATORS)),
        *session.scalars(
            select(ContactRow.facts)
            .where(ContactRow.kind == "network")
            .order_by(ContactRow.id.desc())
            .limit(MOST_OPERATORS)
        ),
    ):
        operator = operator_of(str(facts.get("abuse_email") or ""))
        if operator is not None:
            yield operator


def _asked(session: Session, kind: ContactKind, before: datetime) -> set[str]:
    return set(
        session.scalars(select(ContactRow.subject).where(ContactRow.kind == kind, ContactRow.asked_at >= before))
    )


def _without(wanted: Mapping[str, None], asked: Collection[str]) -> tuple[str, ...]:
    return tuple(one for one in wanted if one not in asked)


def _latest(session: Session, kind: ContactKind, subjects: Collection[str]) -> Sequence[ContactRow]:
    latest = (
        select(func.max(ContactRow.id))
        .where(ContactRow.kind == kind, ContactRow.identity.in_([_identity(subject) for subject in subjects]))
        .group_by(ContactRow.identity)
    )
    return session.scalars(select(ContactRow).where(ContactRow.id.in_(latest))).all()


def _identity(subject: str) -> str:
    return sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
