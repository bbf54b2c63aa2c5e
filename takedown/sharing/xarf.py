"""XARF: one case as a report that machines of hosts, registrars and networks read (XARF v4, content category).

The type is what the pages do: ask for secrets (phishing), take money (fraud), pose as the brand (brand_infringement); a
domain where nobody has seen anything yet is a suspicious_registration. A report for one actor and reference is always
the same report, so that sending it twice opens one ticket there.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from config import Config
from config.sharing import Sharing
from detector.handoffs import Handoff
from detector.hosts import parse_host
from detector.presence import SHOWN
from detector.visits import Visit
from safety.screen import screen
from takedown.actor import Actor
from takedown.sharing.errors import NotShareable, SharingError
from takedown.sharing.personal import shared_url
from takedown.sharing.profile import profile_of, sharer
from takedown.sharing.select import ROOM, named, opaque, reference_of
from takedown.story import Story, handoffs_of

Type = Literal["phishing", "fraud", "brand_infringement", "suspicious_registration"]
LARGEST_PICTURE = 3 * 2**20  # bytes; the format takes 5 MiB for one piece of evidence, mail relays often 10 for all
MOST_HOPS = 20
MOST_FIELDS = 20
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<domain>(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63})")
_DOMAIN = re.compile(r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}")  # what the schema takes: no punycode, no underscore
_SECRETS = frozenset(("login", "card", "bank", "otp"))
_PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}
_ELEMENTS = {
    "picture.logo": "logo",
    "picture.copy": "product_images",
    "picture.seen_before": "product_images",
    "copied.assets": "layout",
    "copied.text": "layout",
    "name.": "brand_name",
    "advertiser.uses_name": "brand_name",
    "host.": "domain_name",
}
_SUSPICIOUS = {
    "host.lookalike": "typosquatting",
    "host.combosquat": "brand_keyword",
    "host.imitated_suffix": "brand_keyword",
    "page.young_domain": "immediate_activation",
}
_FRAUDS = (  # the first that fits
    ("lure.investment", "investment"),
    ("lure.giveaway", "lottery"),
    ("page.price", "shopping"),
    ("lure.clearance", "shopping"),
    ("lure.offer", "shopping"),
)


def xarf_of(
    story: Story,
    actor: Actor,
    config: Config,
    *,
    now: datetime,
    reference: str | None = None,
    screenshot: bytes | None = None,
    exact: bool = False,
    profile: Sharing | None = None,
) -> dict[str, Any]:
    """Return one case as a report to one actor.

    Args:
        story: the case.
        actor: to whom it goes.
        config: for who reports: `[takedown.filer]`, else who shares by the profile.
        now: for the age of the domain.
        reference: of the notice; without one the name under which the case is shared.
        screenshot: of the landing page; left out where it is larger than `LARGEST_PICTURE`.
        exact: addresses as they were followed, with click ids, which cloakers look at; else without.
        profile: by which it is shared; default: the first.

    Raises:
        NotShareable: there is no address to report.
        SharingError: nobody with a mail address reports.
    """
    from xarf import SPEC_VERSION  # slow to import, and every command would wait for it

    url = _address(story, actor, exact=exact)
    last = _latest(story)
    seen = last.started_at if last is not None else story.case.last_seen
    name = reference or reference_of(opaque(story.case))
    reporter, sender = _parties(story, config, profile or profile_of(config))
    host = parse_host(url)
    made = {
        "xarf_version": SPEC_VERSION,
        "report_id": str(named(ROOM, f"xarf {name} {actor.kind} {actor.subject}")),
        "timestamp": _moment(seen),
        "reporter": reporter,
        "sender": sender,
        "source_identifier": _source(actor, url),
        "source_port": _port(url),
        "category": "content",
        "evidence_source": "crawler",
        "confidence": round(story.case.score, 2),
        "tags": ["abuse:impersonation"],
        "url": url,
        "target_brand": screen(story.brand.name),
        "verification_method": "manual",  # a person has confirmed the case
        "description": _description(story, name),
        "evidence": [*_journey(story, name, exact=exact), *_picture(screenshot)],
    }
    if host is not None and _DOMAIN.fullmatch(host.ascii):
        made["domain"] = host.ascii
    if last is not None:
        made["verified_at"] = _moment(seen)
    registered = story.registrations.get(host.registrable or "") if host is not None else None
    if registered is not None and registered.facts.get("registrar"):
        made["registrar"] = screen(str(registered.facts["registrar"]), limit=200)
    if registered is not None and registered.facts.get("nameservers"):
        made["nameservers"] = [screen(str(one), limit=253) for one in registered.facts["nameservers"]][:10]
    operator = actor.facts.get("owner") or actor.facts.get("network")
    if actor.kind in ("host", "cdn") and operator:
        made["hosting_provider"] = screen(operator, limit=200)
    created = _created(registered.facts if registered is not None else {})
    return made | _by_type(story, actor, created, now, exact=exact)


def _by_type(story: Story, actor: Actor, created: datetime | None, now: datetime, *, exact: bool) -> dict[str, Any]:
    pages = [view.item.page for view in story.case.items if view.item.page is not None]
    forms = [form for page in pages for form in page.forms]
    secrets = [form for form in forms if form.kind in _SECRETS]
    handoffs = {(one.kind, one.value): one for view in story.case.items for one, _ in handoffs_of(view)}
    signals = {one.signal for view in story.case.items for one in view.verdict.told}
    genuine = f"https://{quote(story.brand.domains[0])}/" if story.brand.domains else None
    if secrets:
        made: dict[str, Any] = {
            "type": "phishing",
            "credential_fields": [screen(name, limit=100) for form in secrets for name in form.fields][:MOST_FIELDS],
            "lure_type": "prize_notification" if "lure.giveaway" in signals else "other",
            "redirect_chain": _chain(story, exact=exact),
        }
        action = next((shared_url(form.action) for form in secrets if form.action), None)
        return made | ({"submission_url": action} if action else {}) | ({"cloned_site": genuine} if genuine else {})
    paid = any(page.sells for page in pages) or any(kind in ("bank", "wallet") for kind, _ in handoffs)
    if paid or any(signal.startswith("lure.") for signal in signals):
        return _fraud(story, handoffs.values(), signals, cards=any(form.kind == "card" for form in forms), paid=paid)
    suspicious = sorted({word for signal, word in _SUSPICIOUS.items() if signal in signals})
    if actor.kind in ("registrar", "registry") and created is not None and suspicious:
        return {
            "type": "suspicious_registration",
            "registration_date": _moment(created),
            "days_since_registration": max(0, (now - created).days),
            "suspicious_indicators": suspicious,
            "targeted_brands": [screen(story.brand.name)],
            "predicted_usage": ["brand_abuse", "fraud"],
        }
    if genuine is None:
        return _fraud(story, handoffs.values(), signals, cards=False, paid=paid)
    elements = {word for start, word in _ELEMENTS.items() if any(signal.startswith(start) for signal in signals)}
    return {
        "type": "brand_infringement",
        "infringement_type": "lookalike" if "host.lookalike" in signals else "brand_impersonation",
        "legitimate_site": genuine,
        "infringing_elements": sorted(elements) or ["other"],
    }


def _fraud(story: Story, handoffs: Iterable[Handoff], signals: set[str], *, cards: bool, paid: bool) -> dict[str, Any]:
    kind = next((word for signal, word in _FRAUDS if signal in signals), "shopping" if paid else "other")
    found = list(handoffs)
    methods = ["bank_transfer"] * any(one.kind == "bank" for one in found)
    methods += ["credit_card"] * cards + ["cryptocurrency"] * any(one.kind == "wallet" for one in found)
    wallets = [{"currency": _currency(one.value), "address": one.value} for one in found if one.kind == "wallet"]
    made = {"type": "fraud", "fraud_type": kind, "claimed_entity": screen(story.brand.name)}
    return (
        made
        | ({"payment_methods": methods} if methods else {})
        | ({"cryptocurrency_addresses": wallets} if wallets else {})
    )


def _currency(address: str) -> str:
    if address.startswith("0x"):
        return "ethereum"
    return "other" if address.startswith("T") else "bitcoin"


def _parties(story: Story, config: Config, profile: Sharing) -> tuple[dict[str, str], dict[str, str]]:
    """Return whose complaint it is, and who files it: the same, unless somebody acts for the owner."""
    filer, owner = config.takedown.filer, story.brand.owner
    if filer is None:
        identity = sharer(config, profile, story.brand)
        sender = _party(identity.name, identity.contact)
        return sender, sender
    sender = _party(filer.organization_en or filer.organization, filer.email)
    if filer.relation == "owner" or owner is None:
        return sender, sender
    return _party(owner.name_en or owner.name, owner.email or filer.email), sender


def _party(name: str, contact: str | None) -> dict[str, str]:
    found = _MAIL.fullmatch(contact or "")
    if found is None:
        raise SharingError("XARF needs a mail address of who reports; set [takedown.filer] email")
    return {"org": screen(name, limit=200), "contact": found[0], "domain": found["domain"].lower()}


def _address(story: Story, actor: Actor, *, exact: bool) -> str:
    """Return the address that it is about: one of the actor's targets, else where journeys end, else a link."""
    visits = [visit.end.url for visit in story.case.visits if visit.outcome in SHOWN]
    pages = [view.item.url or "" for view in story.case.items if view.item.kind in ("page", "domain")]
    links = [link for view in story.case.items for link in view.item.links]
    permalinks = [view.item.url or "" for view in story.case.items]
    for url in (*actor.targets, *visits, *pages, *links, *permalinks):
        if url.lower().startswith(("http://", "https://")) and (made := _uri(url, exact=exact)):
            return made
    raise NotShareable(f"case {story.case.id} has no address that a report for machines could name")


def _uri(url: str, *, exact: bool) -> str | None:
    if not exact or parse_host(url) is None:
        return shared_url(url)
    bare = url.strip().replace("\\", "/")
    head, _, rest = bare.partition("//")
    authority, slash, path = rest.partition("/")
    host = shared_url(f"{head}//{authority.rpartition('@')[2]}")
    if host is None:
        return None
    return host.rstrip("/") + (f"/{quote(path, safe='!$&()*+,;=:@/?%~-._', errors='replace')}" if slash else "/")


def _source(actor: Actor, url: str) -> str:
    """Return what of theirs it comes from: an IP address for those who have it, else a name."""
    address = actor.facts.get("address")
    if actor.kind in ("host", "cdn") and address:
        return screen(address, limit=100)
    host = parse_host(url)
    return host.ascii if host is not None and actor.kind in ("host", "cdn") else screen(actor.subject, limit=200)


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _latest(story: Story) -> Visit | None:
    """Return the latest journey that saw a page."""
    shown = (visit for visit in story.case.visits if visit.outcome in SHOWN)
    return next(shown, None)


def _chain(story: Story, *, exact: bool) -> list[str]:
    visit = _latest(story)
    hops = visit.hops[:MOST_HOPS] if visit is not None else ()
    return [url for hop in hops if (url := _uri(hop.url, exact=exact))]


def _description(story: Story, name: str) -> str:
    items = story.case.item_count
    told = (
        f"Impersonation of {screen(story.brand.name)}, confirmed by a person. Seen in {items} "
        f"{'item' if items == 1 else 'items'} since {_moment(story.case.opened_at)}. Reference: {name}."
    )
    return told[:1000]


def _journey(story: Story, name: str, *, exact: bool) -> list[dict[str, Any]]:
    """Return the latest journey that saw a page, hop by hop, as a piece of evidence."""
    visit = _latest(story)
    if visit is None:
        return []
    facts = {
        "reference": name,
        "started_at": _moment(visit.started_at),
        "hops": [
            {
                "at": _moment(hop.at),
                "url": _uri(hop.url, exact=exact),
                "status": hop.status,
                "address": hop.address,
                "certificate_sha256": hop.certificate,
            }
            for hop in visit.hops[:MOST_HOPS]
        ],
        "manifest_sha256": visit.evidence,
        "screenshot_sha256": visit.screenshot,
    }
    data = json.dumps(facts, indent=1, sort_keys=True).encode()
    return [_piece("application/json", data, "One visit: every hop with its time (UTC), answer and IP address")]


def _picture(data: bytes | None) -> Sequence[dict[str, Any]]:
    if not data or len(data) > LARGEST_PICTURE:
        return ()
    kind = next((kind for start, kind in _PICTURES.items() if data.startswith(start)), "application/octet-stream")
    return (_piece(kind, data, "Screenshot of the landing page"),)


def _piece(kind: str, data: bytes, description: str) -> dict[str, Any]:
    return {
        "content_type": kind,
        "description": description,
        "payload": b64encode(data).decode("ascii"),
        "hash": f"sha256:{sha256(data).hexdigest()}",
        "size": len(data),
    }


def _created(facts: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(facts.get("created") or ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
