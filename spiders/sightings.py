"""What a parsed page shows, as Items: the page itself, and each ad on it.

Ids are fingerprints. A page's is its URL without the fragment; an ad's is what it shows and where it leads, so that one
creative on two pages, with two click ids, is one item.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urlsplit

from detector.items import Advertiser, Item, Text
from detector.page_facts import page_facts
from spiders.found import fingerprint

PICTURES = 20  # of a page or an ad
LINKS = 1000  # of a page

# Other names of an ad system: of its products and of the hosts that count its clicks.
_SYSTEMS = {
    "adsense": "google",
    "doubleclick.net": "google",
    "googleadservices.com": "google",
    "paid.outbrain.com": "outbrain",
    "trc.taboola.com": "taboola",
}


def page_item(
    page: Mapping[str, Any],
    url: str,
    seen_at: datetime,
    *,
    certificate_from: date | None = None,
    certificate: str | None = None,
    cname: str | None = None,
    registered_on: date | None = None,
) -> Item:
    """Return the page as an item of kind "page".

    Args:
        page: what `spiders.pages.publisher.parse_page` read.
        url: where it stands.
        seen_at: in UTC.
        certificate_from: day from which the host's certificate is valid, where somebody looked.
        certificate: SHA-256 of that certificate.
        cname: what the host's name is another name of.
        registered_on: day on which the host's domain was registered, where somebody asked.
    """
    address = urldefrag(url).url
    facts = page_facts(page["facts"]) if page.get("facts") is not None else None
    if facts is not None:
        facts = replace(
            facts,
            certificate_from=certificate_from,
            certificate=certificate,
            cname=cname,
            registered_on=registered_on,
        )
    return Item(
        id=fingerprint("page", address),
        kind="page",
        url=address,
        texts=_texts(page["texts"]),
        links=tuple(page["links"][:LINKS]),
        images=tuple(dict.fromkeys(page["images"]))[:PICTURES],
        seen_at=seen_at,
        page=facts,
    )


def ad_items(page: Mapping[str, Any], url: str, seen_at: datetime) -> Iterator[Item]:
    """Yield each ad of the page as an item of kind "ad"; an empty slot is none."""
    address = urldefrag(url).url
    for ad in page["ads"]:
        texts = _texts(ad["texts"])
        links = tuple(ad["links"])
        images = tuple(dict.fromkeys(ad["images"]))[:PICTURES]
        if not (texts or links or images):
            continue
        advertiser = ad.get("advertiser")
        yield Item(
            id=fingerprint("ad", *targets(links), *(text.text for text in texts), *targets(images)),
            kind="ad",
            platform=platform(ad["slot"]),
            advertiser=Advertiser(name=advertiser) if advertiser else None,
            texts=texts,
            links=links,
            images=images,
            seen_at=seen_at,
            publisher_url=address,
            raw={"slot": ad["slot"], "frames": ad["frames"]},
        )


def platform(slot: str) -> str | None:
    """Return the ad system that a slot belongs to; None when a label, a frame or a link's mark is all there is."""
    mark, _, rest = slot.partition(":")
    if mark in ("iframe", "labelled", "rel-sponsored"):
        return None
    name = rest if mark == "redirect" else mark
    return _SYSTEMS.get(name, name)


def targets(links: Iterable[str]) -> Iterator[str]:
    """Yield host and path of each URL, and of each URL it carries in its query; click ids and signatures stay out."""
    for link in links:
        try:
            parts = urlsplit(link)
            carried = [urlsplit(value) for _, value in parse_qsl(parts.query) if "://" in value[:12]]
        except ValueError:
            yield link
            continue
        for part in (parts, *carried):
            yield f"{part.netloc.lower()}{part.path}"


def _texts(texts: Iterable[Mapping[str, Any]]) -> tuple[Text, ...]:
    return tuple(Text(role=text["role"], text=text["text"], lang=text.get("lang")) for text in texts)
