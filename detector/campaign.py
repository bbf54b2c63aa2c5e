"""Campaign: what joins flagged items into one case."""

from detector.evidence import ImageBox, LinkAt, TextSpan
from detector.hosts import Host, destination, is_shared, redirector
from detector.items import Item
from detector.verdict import Verdict


def campaign_key(item: Item, verdict: Verdict) -> str:
    """Return the key of the campaign that an item belongs to, within one brand.

    `host:<registrable domain>` of the landing link if that is one party's own (a tenant of shared hosting is), else
    `advertiser:<platform>:<id>`, else `item:<kind>:<platform>:<id>`.
    """
    for url in _landing_urls(item, verdict):
        host = destination(url)
        if host and _one_partys(host):
            return f"host:{host.registrable or host.ascii}"
    if item.advertiser and item.advertiser.id:
        return f"advertiser:{item.platform or '-'}:{item.advertiser.id}"
    return f"item:{item.kind}:{item.platform or '-'}:{item.id}"


def _landing_urls(item: Item, verdict: Verdict) -> list[str]:
    """Return the addresses in question, those that evidence names first; official ones are left out."""
    if item.kind in ("page", "domain"):
        return [item.url] if item.url else []
    urls = []
    for evidence in verdict.evidence:
        if evidence.signal.startswith("host."):
            if isinstance(evidence.where, LinkAt):
                urls.append(item.links[evidence.where.link])
            elif isinstance(evidence.where, TextSpan):
                start, end = evidence.where.span
                urls.append(item.texts[evidence.where.text].text[start:end])
            elif isinstance(evidence.where, ImageBox):
                urls.append(evidence.observed)  # read off the picture
    return urls


def _one_partys(host: Host) -> bool:
    if redirector(host) is not None or not host.suffix:
        return not host.suffix
    return not is_shared(host)
