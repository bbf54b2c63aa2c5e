"""Actors: who has a part in the journey of a case, from the ad to where people are led. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from takedown.channel import ActorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where an actor takes complaints."""

    address: str  # mail address or URL, as it was told
    origin: str  # who told: "rdap", "security.txt", "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One actor, and what of the case is theirs."""

    kind: ActorKind
    name: str  # for people; hostile
    # What of theirs it is about, stable: a platform, PLATFORM:ID, a host, a domain, an IP address, KIND:ACCOUNT.
    subject: str
    targets: tuple[str, ...]  # what they could take down: addresses, ids; exact, best first
    platform: str | None = None
    links: tuple[str, ...] = ()  # of the case, whose journeys lead there: their presence tells whether it is gone
    contacts: tuple[Contact, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)  # e.g. registrar_id, network, address, header.server
