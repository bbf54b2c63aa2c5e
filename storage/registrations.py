"""Registrations: what registries told of the domains that cases are about; append-only, so that changes show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from detector.hosts import parse_host
from storage.schema import CampaignKeyRow, Case, CaseKey, RegistrationRow

_OF_A_HOST = "host:"  # as `detector.campaign` begins the key of a campaign with a landing domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One answer about one domain."""

    domain: str  # registrable, ASCII
    asked_at: datetime
    facts: Mapping[str, Any]  # as `spiders.pages.rdap` gives them
    answer: str | None  # SHA-256 of the registry's answer in the media store; None where none was to be had


def landing_domain(campaign: str) -> str | None:
    """Return the domain that somebody registered for a campaign; None where there is none, or only a tenant's name."""
    host = parse_host(campaign.removeprefix(_OF_A_HOST)) if campaign.startswith(_OF_A_HOST) else None
    return host.registrable if host is not None and not host.shared else None


def domains_to_ask(session: Session, before: datetime) -> list[str]:
    """Return the domains of cases that nobody dismissed and that were not asked for since, the newest cases first."""
    hosts = session.scalars(
        select(CampaignKeyRow.value)
        .join(CaseKey, CaseKey.key_id == CampaignKeyRow.id)
        .join(Case, Case.id == CaseKey.case_id)
        .where(Case.state != "dismissed", CampaignKeyRow.kind == "host", CaseKey.strong)
        .order_by(Case.opened_at.desc(), Case.id.desc(), CampaignKeyRow.id)
    )
    wanted = dict.fromkeys(domain for host in hosts if (domain := landing_domain(_OF_A_HOST + host)))
    asked = set(session.scalars(select(RegistrationRow.domain).where(RegistrationRow.asked_at >= before)))
    return [domain for domain in wanted if domain not in asked]


def save_registration(session: Session, registration: Registration) -> None:
    """Append an answer."""
    session.add(
        RegistrationRow(
            domain=registration.domain,
            asked_at=registration.asked_at,
            facts=dict(registration.facts),
            answer=registration.answer,
        )
    )


def registrations(session: Session, domains: Collection[str]) -> dict[str, Registration]:
    """Return the latest answer for each domain that was asked for."""
    latest = (
        select(func.max(RegistrationRow.id)).where(RegistrationRow.domain.in_(domains)).group_by(RegistrationRow.domain)
    )
    rows = session.scalars(select(RegistrationRow).where(RegistrationRow.id.in_(latest)))
    return {
        row.domain: Registration(domain=row.domain, asked_at=row.asked_at, facts=row.facts, answer=row.answer)
        for row in rows
    }


def registered_on(session: Session, domain: str) -> date | None:
    """Return the day on which a domain was registered, as the latest answer has it."""
    known = registrations(session, [domain]).get(domain)
    try:
        return date.fromisoformat(str(known.facts.get("created", ""))[:10]) if known is not None else None
    except ValueError:
        return None
