"""MISP: shared cases as events; only the campaign's own hosts and addresses are for detection (`to_ids`).

Ids are made of what they name and times are those of the case, so that an event that is imported again is brought up to
date. An event is not published and goes as far as its TLP allows: whoever imports it decides.
"""

import json
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from config.sharing import Tlp
from detector.hosts import parse_host
from safety.screen import screen
from takedown.sharing.errors import NotInstalled
from takedown.sharing.select import NAMES, ROOM, Shared, Thing, named

# 0 your organisation, 1 this community, 2 connected communities, 3 all communities.
_DISTRIBUTION: dict[Tlp, int] = {"clear": 3, "green": 2, "amber": 1, "amber+strict": 0, "red": 0}
_HIGH, _MEDIUM = 1, 2  # threat levels
_COMPLETED = 2  # analysis


def misp_of(cases: Sequence[Shared], tlp: Tlp) -> str:
    """Return one event, or a list of events as MISP imports it, as JSON.

    Raises:
        NotInstalled: the library that writes MISP events is not there.
    """
    misp = _library()
    events = [{"Event": json.loads(_event(misp, case, tlp).to_json())} for case in cases]
    made = events[0] if len(events) == 1 else {"response": events}
    return json.dumps(made, ensure_ascii=True, indent=1, sort_keys=True) + "\n"


def _library() -> ModuleType:
    try:
        import pymisp  # an extra: only who writes MISP events needs it
    except ImportError:
        raise NotInstalled("MISP needs more libraries; install mekiki[sharing]") from None
    return pymisp


def _event(misp: ModuleType, case: Shared, tlp: Tlp) -> Any:
    event = misp.MISPEvent(strict_validation=True, force_timestamps=True)
    whom = screen(case.brand) if case.brand else "a brand"
    event.from_dict(
        uuid=str(case.id),
        info=f"{case.reference}: impersonation of {whom}",
        date=case.first_seen.date(),
        timestamp=int(case.changed_at.timestamp()),
        distribution=_DISTRIBUTION[tlp],
        threat_level_id=_HIGH if case.asks else _MEDIUM,
        analysis=_COMPLETED,
        published=False,
    )
    event.Orgc = misp.MISPOrganisation()
    name = screen(case.by.name)
    event.Orgc.from_dict(name=name, uuid=str(named(ROOM, f"organisation {name}")))
    for tag in (f"tlp:{tlp}", 'rsit:fraud="phishing"' if case.asks else 'rsit:fraud="masquerade"'):
        event.add_tag(tag)
    for thing in case.things:
        for attribute in _attributes(thing):
            event.add_attribute(**attribute, **_times(case, thing, f"{thing.kind} {thing.value} {thing.host}"))
    for number, words in enumerate(_words(case)):
        moments = {"timestamp": int(case.changed_at.timestamp()), "uuid": str(named(case.id, f"words {number}"))}
        event.add_attribute(
            type="text", category="Other", value=words, to_ids=False, disable_correlation=True, **moments
        )
    return event


def _times(case: Shared, thing: Thing, key: str) -> dict[str, Any]:
    return {
        "uuid": str(named(case.id, key)),
        "timestamp": int(case.changed_at.timestamp()),
        "first_seen": thing.first_seen,
        "last_seen": thing.last_seen,
    }


def _attributes(thing: Thing) -> Iterator[dict[str, Any]]:
    network = {"category": "Network activity", "value": thing.value, "to_ids": thing.fraud}
    quiet = {"to_ids": False, "disable_correlation": True}
    seen = f"seen on {thing.platform}" if thing.platform else ""
    match thing.kind:
        case "host":
            host = parse_host(thing.value)
            whole = host is not None and host.registrable == thing.value
            yield {**network, "type": "domain" if whole else "hostname", "comment": seen}
        case "url":
            yield {**network, "type": "url", "comment": seen}
        case "ip":
            yield {**network, "type": "ip-dst", "to_ids": False, "comment": f"served {thing.host}"}
        case "certificate":
            yield {**network, "type": "x509-fingerprint-sha256", "to_ids": False, "comment": f"of {thing.host}"}
        case "picture" | "evidence":
            what = f"picture, perceptual hash {thing.note}" if thing.kind == "picture" else f"{thing.note} of a visit"
            yield {"type": "sha256", "category": "External analysis", "value": thing.value, "comment": what, **quiet}
        case "phone":
            yield {
                "type": "phone-number", "category": "Financial fraud", "value": screen(thing.value), "to_ids": False,
            }  # fmt: skip
        case _:
            financial = thing.kind in ("bank", "wallet")
            bitcoin = thing.kind == "wallet" and not thing.value.startswith(("0x", "T"))
            yield {
                "type": "btc" if bitcoin else "text",
                "category": "Financial fraud" if financial else "Social network",
                "value": screen(thing.value),
                "comment": NAMES[thing.kind] + (f": {screen(thing.note)}" if thing.note else ""),
                "to_ids": False,
            }


def _words(case: Shared) -> Iterator[str]:
    """Yield what there is no type for."""
    for one in case.registered:
        told = (
            f"{one.domain} registered {screen(one.created) or 'on an unknown day'}",
            f"through {screen(one.registrar)}" if one.registrar else "",
            f"complaints to {screen(one.abuse)}" if one.abuse else "",
        )
        yield ", ".join(filter(None, told))
    yield from (f"{role}: {screen(text)}" for role, text in case.texts)
