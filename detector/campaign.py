"""Campaign keys: what flagged items of one campaign have in common, each key with its kind and its strength. Pure.

Strong are the things that one party has alone: an own landing domain, a chat account, a telephone number, a wallet, the
advertiser. Weak are the things that another party may have, too: a picture that was copied, a text that goes round, a
tracker that came with a page. How many of them join is for `detector.campaign_rule`. What the brand itself owns, and
what anybody can use (shared hosts, redirectors), is no key at all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from detector import campaign_picture, campaign_text
from detector.campaign_assets import BrandAssets
from detector.contacts import account, contacts, handles
from detector.evidence import ImageBox, LinkAt, TextSpan
from detector.handoffs import find_handoffs
from detector.hosts import Host, destination, is_carried, is_shared, parse_host, redirector
from detector.images.hash import PictureHash
from detector.items import Advertiser, Item
from detector.normalize import fold
from detector.pictured import pictured
from detector.places import places_of
from detector.verdict import Verdict

KeyKind = Literal[
    "host", "page", "handoff", "advertiser", "payer", "handle", "picture", "text", "tracker", "certificate", "cname"
]
LIKE: frozenset[KeyKind] = frozenset(("picture", "text"))  # compared by likeness; the others are equal or not
MOST_READ: int = 20_000  # characters of an item that are read for hand-offs
MOST_PICTURES: int = 12  # of an item
MOST_KEYS: int = 60
LEAST_HANDLE: int = 6  # letters of an account's name that somebody chose
MOST_LINKS: int = 3  # of a post or a comment; one with more is a list of links
# Hosts where each page belongs to somebody: how many steps of the path name whom.
_PAGES: Mapping[str, int] = {
    "linktr.ee": 1, "lit.link": 1, "note.com": 1, "ameblo.jp": 1, "forms.gle": 1, "medium.com": 1, "t.me": 1,
    "sites.google.com": 2, "docs.google.com": 4, "drive.google.com": 3, "play.google.com": 0,
}  # fmt: skip


_NUMBERED = re.compile(r"(?:uc[\w-]{10,}|ar\d+|lap-\d+|[\d_-]+)")  # an account's number, given by its platform


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignKey:
    """One thing that items of a campaign have in common."""

    kind: KeyKind
    value: str  # normalised: equal keys are the same thing; of the kinds in LIKE, a hash
    strong: bool
    says: str  # what it is, for people


def campaign_keys(
    item: Item,
    verdict: Verdict,
    *,
    pictures: Mapping[str, PictureHash] | None = None,
    assets: BrandAssets | None = None,
    on: date | None = None,
) -> tuple[CampaignKey, ...]:
    """Return what joins an item with others of its campaign, strong keys first, each once.

    Args:
        item: what was flagged.
        verdict: that flagged it, for one brand.
        pictures: what was seen of its pictures, by the string in `item.images`.
        assets: what the brand owns; None where that is not known.
        on: the day on which register entries must be valid; without it they all are.
    """
    seen = pictures or {}
    day = on or date.min
    found = [
        *_hosts(item, verdict, assets, day),
        *_handoffs(item, seen, assets),
        *_advertiser(item, assets, day),
        *_infrastructure(item),
        *_pictures(item, seen, assets),
        *_text(item, assets),
    ]
    keys: dict[tuple[str, str], CampaignKey] = {}
    for key in sorted(found, key=lambda key: not key.strong):
        keys.setdefault((key.kind, key.value), key)
    return tuple(keys.values())[:MOST_KEYS]


def campaign_name(item: Item, keys: Sequence[CampaignKey]) -> str:
    """Return what a case that an item opens is called by: `kind:value` of its first strong key, else of itself.

    A landing domain (`host:`) is best, then a page on a shared host, a hand-off, an advertiser.
    """
    for kind in ("host", "page", "handoff", "advertiser", "payer"):
        for key in keys:
            if key.kind == kind:
                advertiser = item.advertiser
                if kind == "payer" and advertiser is not None:
                    return f"advertiser:{item.platform or '-'}:{advertiser.id}"
                return f"{kind}:{key.value}"
    return f"item:{item.kind}:{item.platform or '-'}:{item.id}"


# --- landing ----------------------------------------------------------------------------------------------------


def _hosts(item: Item, verdict: Verdict, assets: BrandAssets | None, on: date) -> Iterator[CampaignKey]:
    """Yield where an item leads; strong only where that is its own place, rather than something that it cites."""
    shown = parse_host(item.display_url) if item.display_url else None
    places = []
    for url, imitates in _landing_urls(item, verdict).items():
        told = destination(url) or parse_host(url)
        if told is not None and (assets is None or not assets.host(told, on)):
            places.append((url, told, imitates))
    one = len({told.registrable or told.ascii for _, told, _ in places if _one_partys(told)}) == 1
    for url, told, imitates in places:
        host = destination(url)
        if shown is not None:
            own = told.registrable == shown.registrable
        else:
            own = one and not _ARTICLE.search(told.path) and not _PASSING.search(told.subdomain)
        own = own or imitates
        if host is not None and _one_partys(host):
            value = host.registrable or host.ascii
            yield CampaignKey(kind="host", value=value, strong=own, says=f"leads to {value}")
        elif page := _page(told):
            yield CampaignKey(kind="page", value=page, strong=own or host is None, says=f"leads to {page}")


def _landing_urls(item: Item, verdict: Verdict) -> dict[str, bool]:
    """Return the addresses in question, and whether each is the item's own: its host, or one that imitates the brand's.

    What evidence names comes first; official addresses are left out.
    """
    if item.kind in ("page", "domain"):
        return {item.url: True} if item.url else {}
    urls: dict[str, bool] = {}
    official: set[str] = {host for evidence in verdict.evidence for host in (evidence.expected,)}
    for evidence in verdict.evidence:
        url = evidence.observed  # read off a picture
        if isinstance(evidence.where, LinkAt):
            url = item.links[evidence.where.link]
        elif isinstance(evidence.where, TextSpan) and evidence.where.text < len(item.texts):
            start, end = evidence.where.span
            url = item.texts[evidence.where.text].text[start:end]
        elif not isinstance(evidence.where, ImageBox):
            continue
        if evidence.signal.startswith("host."):
            urls[url] = urls.get(url, False) or evidence.signal in _IMITATES
        elif evidence.signal.startswith("official."):
            official.add(url)
    links = [
        place.url
        for place in places_of(item)
        if place.role == "link" or (place.role == "written" and place.url.lower().startswith(("http://", "https://")))
    ]
    if item.kind == "ad" or len(links) <= MOST_LINKS:
        for url in links:
            host = destination(url)
            if url not in official and (host is None or not {host.ascii, host.registrable} & official):
                urls.setdefault(url, False)
    return urls


_ARTICLE = re.compile(r"(?i)/(?:articles?|news|archives?|entry|press|blog|story|topics)/|/\d{4}/\d{2}/|/\d{8}")
_PASSING = re.compile(r"^(?:go|l|r|t|s|to|link|links|lnk|url|click|clk|trk|track|redirect)$")
_IMITATES = frozenset(("host.lookalike", "host.combosquat", "host.imitated_suffix"))


def _one_partys(host: Host) -> bool:
    if redirector(host) is not None or not host.suffix:
        return not host.suffix
    return not is_shared(host)


def _page(host: Host) -> str | None:
    """Return the page that belongs to somebody on a host where anybody has pages, or a short link."""
    name = host.ascii.removeprefix("www.")
    steps = [step for step in host.path.split("/") if step]
    if redirector(host) == []:  # a shortener: who made the link is one party
        return "/".join((name, *steps)) if steps else None
    if not is_shared(host):
        return None
    depth = _PAGES.get(name, max(2, len(steps)))
    return "/".join((name, *steps[:depth])) if 0 < depth <= len(steps) else None


# --- who, and where to ------------------------------------------------------------------------------------------


def _handoffs(item: Item, pictures: Mapping[str, PictureHash], assets: BrandAssets | None) -> Iterator[CampaignKey]:
    left, texts = MOST_READ, []
    for text in pictured(item, pictures).item.texts:
        texts.append(text.text[:left])
        left -= len(texts[-1])
    if item.page is not None and item.page.seller.phone:
        texts.append(f"TEL {item.page.seller.phone}")
    for one in find_handoffs(texts, item.links):
        if assets is None or not assets.handoff(one):
            says = f"leads to {_CALLED.get(one.kind, one.kind)} {one.value}"
            kind = "phone" if one.kind == "whatsapp" and one.value.startswith("+") else one.kind
            yield CampaignKey(kind="handoff", value=f"{kind}:{account(one)}", strong=True, says=says)
            if one.kind in ("line", "telegram"):
                yield CampaignKey(
                    kind="handle", value=account(one), strong=False, says=f"names the account {one.value}"
                )
    for value in contacts("\n".join(texts), item):
        if assets is None or not assets.contact(value):
            yield CampaignKey(kind="handoff", value=value, strong=True, says=f"names {value.replace(':', ' ', 1)}")
    for value in handles("\n".join(texts)):
        if assets is not None and assets.handle(value):
            continue
        yield CampaignKey(kind="handle", value=value, strong=False, says=f"names the account {value}")


_CALLED = {"line": "LINE", "telegram": "Telegram", "whatsapp": "WhatsApp", "phone": "the telephone number",
           "wallet": "the wallet", "bank": "the bank account"}  # fmt: skip


def _advertiser(item: Item, assets: BrandAssets | None, on: date) -> Iterator[CampaignKey]:
    """Yield the advertiser; where somebody pays, the id alone is weak: an agency places for many."""
    sender = item.advertiser or Advertiser()
    if not sender.id or (assets is not None and assets.advertiser(item.platform, sender.id, on)):
        return
    value = f"{item.platform or '-'}:{sender.id}"
    named = f"{item.platform or ''} {sender.id}".strip() + (f" ({sender.name})" if sender.name else "")
    payer = " ".join(fold(sender.payer).text.split()) if sender.payer else ""
    if payer:
        yield CampaignKey(kind="payer", value=payer, strong=True, says=f"is paid by {sender.payer}")
    yield CampaignKey(kind="advertiser", value=value, strong=not payer, says=f"is placed by {named}")
    handle = sender.id.lstrip("@").lower()
    if len(handle) >= LEAST_HANDLE and re.search("[a-z]", handle) and not _NUMBERED.fullmatch(handle):
        yield CampaignKey(kind="handle", value=handle, strong=False, says=f"calls itself {sender.id}")


# --- what may be somebody else's, too ---------------------------------------------------------------------------


_CARRIER = re.compile(r"cdn|edge|cache|cloud|proxy|waf|hosting|akamai|fastly")  # in the names of who carries many


def _infrastructure(item: Item) -> Iterator[CampaignKey]:
    facts = item.page
    if facts is None:
        return
    host = parse_host(item.url) if item.url else None
    if host is None or host.shared or is_shared(host) or is_carried(host):
        return  # a tenant's page has its landlord's trackers and certificate, too
    for tracker in facts.trackers:
        yield CampaignKey(kind="tracker", value=tracker, strong=False, says=f"counts its visitors with {tracker}")
    named = parse_host(facts.cname) if facts.cname else None
    if named is not None and (is_carried(named) or named.shared or _CARRIER.search(named.ascii)):
        return  # the certificate is that of whoever carries the host
    if named is not None and named.registrable != host.registrable:
        yield CampaignKey(kind="cname", value=named.ascii, strong=False, says=f"stands on {named.ascii}")
    if facts.certificate:
        says = f"shows the server certificate {facts.certificate[:16]}…"
        yield CampaignKey(kind="certificate", value=facts.certificate, strong=False, says=says)


def _pictures(item: Item, pictures: Mapping[str, PictureHash], assets: BrandAssets | None) -> Iterator[CampaignKey]:
    for reference in item.images[:MOST_PICTURES]:
        picture = pictures.get(reference)
        value = campaign_picture.picture_value(picture) if picture is not None else None
        if picture is None or value is None or (assets is not None and assets.picture(picture)):
            continue
        yield CampaignKey(kind="picture", value=value, strong=False, says="shows a picture")


def _text(item: Item, assets: BrandAssets | None) -> Iterator[CampaignKey]:
    value = campaign_text.template(item, assets.names if assets is not None else ())
    if value is not None:
        yield CampaignKey(kind="text", value=value, strong=False, says="follows a template of texts")
