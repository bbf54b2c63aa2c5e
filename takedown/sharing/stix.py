"""STIX 2.1: shared cases as one bundle: who shares, campaign, indicators, what was observed, a report; with TLP 2.0.

Ids are made of what they name, so that sharing again brings the same objects up to date instead of adding others. Their
digests are written as version 4, which the specification (2.9) wants for all objects but observables.
Everything that strangers wrote is screened, hosts and addresses are ASCII, and patterns are escaped (9.2).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from types import ModuleType
from typing import Any
from uuid import UUID

from config.sharing import SharingIdentity, Tlp
from safety.screen import screen
from takedown.sharing.errors import NotInstalled
from takedown.sharing.select import NAMES, ROOM, Shared, Thing

# TLP 2.0 as the OASIS committee defines it (cti-stix-common-objects, extension "TLP 2.0").
_TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_TLP: dict[Tlp, str] = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
_TLP_CREATED = datetime(2022, 10, 1, tzinfo=UTC)
_FIXED = datetime(2026, 1, 1, tzinfo=UTC)  # of objects that are the same for every case
_TECHNIQUES = (  # of MITRE ATT&CK
    ("Phishing", "T1566"),
    ("Acquire Infrastructure: Domains", "T1583.001"),
)
_MOMENT = timedelta(milliseconds=1)


def stix_of(cases: Sequence[Shared], tlp: Tlp) -> str:
    """Return a bundle as JSON.

    Raises:
        NotInstalled: the library that writes STIX is not there.
    """
    stix = _library()
    made: dict[str, Any] = {}
    for case in cases:
        for one in _Writer(stix, case, tlp).objects():
            made.setdefault(one["id"], one)
    digest = _id("bundle", *(f"{one['id']} {one.get('modified', '')}" for one in made.values()))
    text: str = stix.Bundle(objects=list(made.values()), id=digest, allow_custom=True).serialize(indent=2)
    return text + "\n"


def _library() -> ModuleType:
    try:
        import stix2.v21  # an extra: only who writes STIX needs it
    except ImportError:
        raise NotInstalled("STIX needs more libraries; install mekiki[sharing]") from None
    found: ModuleType = stix2.v21
    return found


def pattern(path: str, value: str) -> str:
    """Return a comparison of the pattern language with any value as its constant."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"[{path} = '{escaped}']"


def _id(kind: str, *parts: str) -> str:
    digest = sha256("\0".join((str(ROOM), kind, *parts)).encode("utf-8", "surrogatepass")).digest()
    return f"{kind}--{UUID(bytes=digest[:16], version=4)}"


class _Writer:
    """Writes the objects of one case."""

    def __init__(self, stix: ModuleType, case: Shared, tlp: Tlp) -> None:
        self._stix = stix
        self._case = case
        self._key = str(case.id)
        self._marking = stix.MarkingDefinition(
            id=_TLP[tlp],
            created=_TLP_CREATED,
            name=f"TLP:{tlp.upper()}",
            extensions={_TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp}},
            allow_custom=True,
        )
        self._by = self._party(case.by)
        self._common = {"created_by_ref": self._by["id"], "object_marking_refs": [_TLP[tlp]]}
        self._dated = {**self._common, "created": case.opened_at, "modified": max(case.changed_at, case.opened_at)}

    def objects(self) -> Iterator[Any]:
        """Yield everything, what is referred to before what refers to it; the report last."""
        made = [*self._about()]
        campaign = next(one for one in made if one["type"] == "campaign")
        observed = {thing: one for thing in self._case.things if (one := self._observable(thing)) is not None}
        made += observed.values()
        made += self._sightings(campaign, observed)
        made += self._notes(campaign)
        yield self._marking
        yield self._by
        yield from made
        yield self._report([self._by, *made])

    def _party(self, by: SharingIdentity) -> Any:
        name, contact = screen(by.name), screen(by.contact or "")
        return self._stix.Identity(
            id=_id("identity", name, contact),
            created=_FIXED,
            modified=_FIXED,
            name=name,
            identity_class="organization",
            object_marking_refs=[self._marking["id"]],
            **({"contact_information": contact} if contact else {}),
        )

    def _about(self) -> Iterator[Any]:
        """Yield the campaign, whom it is against, and how it works."""
        stix, case = self._stix, self._case
        whom = screen(case.brand) if case.brand else "a brand"
        campaign = stix.Campaign(
            id=_id("campaign", self._key),
            name=case.reference,
            description=f"Impersonation of {whom}, confirmed by a person. State: {case.state}.",
            first_seen=case.first_seen,
            last_seen=max(case.last_seen, case.first_seen),
            labels=["impersonation", f"state-{case.state}"],
            confidence=self._confidence,
            **self._dated,
        )
        yield campaign
        if case.brand:
            victim = stix.Identity(
                id=_id("identity", "brand", screen(case.brand)),
                created=_FIXED,
                modified=_FIXED,
                name=screen(case.brand),
                identity_class="organization",
                **self._common,
            )
            yield victim
            yield self._tie(campaign, "targets", victim)
        for name, number in _TECHNIQUES:
            technique = stix.AttackPattern(
                id=_id("attack-pattern", str(self._by["id"]), number),
                created=_FIXED,
                modified=_FIXED,
                name=name,
                external_references=[{"source_name": "mitre-attack", "external_id": number}],
                **self._common,
            )
            yield technique
            yield self._tie(campaign, "uses", technique)

    def _observable(self, thing: Thing) -> Any | None:
        stix = self._stix
        marked = {"object_marking_refs": [self._marking["id"]]}
        match thing.kind:
            case "host":
                return stix.DomainName(value=thing.value, **marked)
            case "url":
                return stix.URL(value=thing.value, **marked)
            case "ip":
                return (stix.IPv4Address if ip_address(thing.value).version == 4 else stix.IPv6Address)(
                    value=thing.value, **marked
                )
            case "certificate":
                return stix.X509Certificate(hashes={"SHA-256": thing.value}, **marked)
            case "picture":
                return stix.File(hashes={"SHA-256": thing.value}, **marked)
            case "line" | "telegram" | "whatsapp":
                return stix.UserAccount(
                    user_id=screen(thing.value), display_name=f"{NAMES[thing.kind]} {screen(thing.value)}", **marked
                )
        return None

    def _sightings(self, campaign: Any, observed: dict[Thing, Any]) -> Iterator[Any]:
        """Yield what was observed when, and for the campaign's own hosts and addresses what to look for."""
        stix, case = self._stix, self._case
        if not observed:
            return
        data = stix.ObservedData(
            id=_id("observed-data", self._key),
            first_observed=min(thing.first_seen for thing in observed),
            last_observed=max(thing.last_seen for thing in observed),
            number_observed=1,
            object_refs=list(dict.fromkeys(one["id"] for one in observed.values())),
            **self._dated,
        )
        yield data
        hosts: dict[str, Any] = {}
        for thing in (thing for thing in observed if thing.kind == "host" and thing.fraud):
            hosts[thing.value] = stix.Infrastructure(
                id=_id("infrastructure", self._key, thing.value),
                name=thing.value,
                infrastructure_types=["phishing"],
                first_seen=thing.first_seen,
                last_seen=thing.last_seen,
                **self._dated,
            )
            yield hosts[thing.value]
            yield self._tie(campaign, "uses", hosts[thing.value])
        for thing, one in observed.items():
            host = thing.host or (thing.value if thing.kind == "host" else None)
            if host in hosts:
                yield self._tie(hosts[host], "consists-of", one)
            if not thing.fraud or thing.kind not in ("host", "url"):
                continue
            path = "domain-name:value" if thing.kind == "host" else "url:value"
            indicator = stix.Indicator(
                id=_id("indicator", self._key, thing.kind, thing.value),
                name=thing.value,
                description=f"Belongs to {case.reference}",
                indicator_types=["malicious-activity"],
                labels=["impersonation"],
                pattern=pattern(path, thing.value),
                pattern_type="stix",
                pattern_version="2.1",
                valid_from=thing.first_seen,
                valid_until=max(case.changed_at, thing.first_seen + _MOMENT) if case.state == "down" else None,
                confidence=self._confidence,
                **self._dated,
            )
            yield indicator
            yield self._tie(indicator, "indicates", campaign)
            yield self._tie(indicator, "based-on", data)

    def _notes(self, campaign: Any) -> Iterator[Any]:
        """Yield what the format has no place for."""
        case = self._case
        lines = [
            f"{NAMES[thing.kind]}: {screen(thing.value)}" + (f" ({screen(thing.note)})" if thing.note else "")
            for thing in case.of("phone", "bank", "wallet", "advertiser")
        ]
        lines += [
            f"Domain {one.domain}: registered {screen(one.created) or 'on an unknown day'}"
            + (f" through {screen(one.registrar)}" if one.registrar else "")
            + (f", complaints to {screen(one.abuse)}" if one.abuse else "")
            for one in case.registered
        ]
        lines += [f"Text ({role}): {screen(text)}" for role, text in case.texts]
        if lines:
            yield self._stix.Note(
                id=_id("note", self._key),
                abstract="Accounts, registrations and texts",
                content="\n".join(lines),
                object_refs=[campaign["id"]],
                **self._dated,
            )

    def _report(self, objects: Sequence[Any]) -> Any:
        case = self._case
        proofs = [
            {
                "source_name": "evidence",
                "description": f"{thing.note} of a visit, held by who shares this",
                "external_id": thing.value,
            }
            for thing in case.of("evidence")
        ]
        return self._stix.Report(
            id=_id("report", self._key),
            name=f"{case.reference}: brand impersonation",
            report_types=["campaign", "indicator"],
            published=case.opened_at,
            object_refs=list(dict.fromkeys(one["id"] for one in objects)),
            **({"external_references": proofs} if proofs else {}),
            **self._dated,
        )

    def _tie(self, source: Any, kind: str, target: Any) -> Any:
        opened = self._case.opened_at
        return self._stix.Relationship(
            id=_id("relationship", self._key, source["id"], kind, target["id"]),
            relationship_type=kind,
            source_ref=source["id"],
            target_ref=target["id"],
            **{**self._common, "created": opened, "modified": opened},
        )

    @property
    def _confidence(self) -> int:
        return round(100 * self._case.score)
