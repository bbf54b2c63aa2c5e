"""Operators: whose a host is that many use, and which content network answers for a site. Data and look-ups, pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from detector.hosts import REDIRECTORS, Host, is_shared

# Hosts of those who show ads and posts, by registrable domain or host, with the name that items of theirs carry: what
# they pass readers on with is no redirect to be taken down, what stands on them is theirs to remove.
PLATFORMS: Mapping[str, str] = {
    **dict.fromkeys(
        ("facebook.com", "fb.com", "fb.me", "m.me", "messenger.com", "instagram.com", "threads.net", "threads.com"),
        "meta",
    ),
    **dict.fromkeys(
        ("google.com", "google.co.jp", "doubleclick.net", "googleadservices.com", "googlesyndication.com", "goo.gl"),
        "google",
    ),
    **dict.fromkeys(("youtube.com", "youtu.be"), "youtube"),
    **dict.fromkeys(("x.com", "twitter.com", "t.co"), "x"),
    **dict.fromkeys(("yahoo.co.jp", "yimg.jp"), "yahoo_japan"),
    **dict.fromkeys(("linkedin.com", "lnkd.in"), "linkedin"),
    "tiktok.com": "tiktok",
    "bing.com": "microsoft",
    "snapchat.com": "snap",
    "bsky.app": "bluesky",
    "reddit.com": "reddit",
    "pinterest.com": "pinterest",
}
# Hosts where people talk: what stands there is a hand-off, not a page.
CHATS = frozenset(("line.me", "lin.ee", "naver.jp", "t.me", "telegram.me", "telegram.dog", "wa.me", "whatsapp.com"))
# Below a platform's domain, but anybody's page, document or form.
_HOSTING = frozenset(("sites.google.com", "docs.google.com", "drive.google.com", "play.google.com"))
# Deep links that their customers set up: each is a redirect of one of them.
_CUSTOMERS = frozenset(("onelink.me", "app.link", "app.adjust.com"))
SHORTENERS: frozenset[str] = (
    frozenset(name for name, parameters in REDIRECTORS.items() if not parameters) | _CUSTOMERS
) - PLATFORMS.keys()


def platform_of(host: Host) -> str | None:
    """Return the platform whose own a host is; None for every other, pages of anybody below it included."""
    if host.ascii in _HOSTING:
        return None
    return PLATFORMS.get(host.ascii) or PLATFORMS.get(host.registrable or "")


def is_chat(host: Host) -> bool:
    """Tell whether a host leads into a messenger."""
    return host.registrable in CHATS or host.ascii in CHATS


def shortener_of(host: Host) -> str | None:
    """Return the service that passes readers on from a host by an address that somebody set up there."""
    return next((name for name in (host.ascii, host.registrable or "") if name in SHORTENERS), None)


def passes_on(host: Host) -> bool:
    """Tell whether a host only counts clicks for an ad network: nothing of the fraud is on it."""
    return shortener_of(host) is None and any(name in REDIRECTORS for name in (host.ascii, host.registrable))


def service_of(host: Host) -> str | None:
    """Return the domain of the service on which somebody has this site; None for a domain of one's own."""
    if host.shared:
        return host.suffix
    if host.registrable is not None and (is_shared(host) or host.ascii in _HOSTING):
        return host.ascii if host.ascii in _HOSTING else host.registrable
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentNetwork:
    """A network that answers for the sites of others, and how it is told."""

    key: str
    name: str
    headers: Mapping[str, str]  # name and a part of the value, lower case; "" for any
    networks: tuple[str, ...]  # parts of name or owner of its networks, folded
    elsewhere: bool = False  # its servers stand in networks of others, too


# Headers as the networks' documentation names them; names of networks as RDAP gives them for their ranges.
CONTENT_NETWORKS: tuple[ContentNetwork, ...] = (
    ContentNetwork(
        key="cloudflare", name="Cloudflare", headers={"cf-ray": "", "server": "cloudflare"}, networks=("cloudflare",)
    ),
    ContentNetwork(
        key="cloudfront",
        name="Amazon CloudFront",
        headers={"x-amz-cf-id": "", "x-amz-cf-pop": "", "via": "cloudfront"},
        networks=("cloudfront", "amazon"),
    ),
    ContentNetwork(
        key="akamai",
        name="Akamai",
        headers={"server": "akamai", "x-akamai-transformed": "", "akamai-grn": ""},
        networks=("akamai",),
        elsewhere=True,
    ),
    ContentNetwork(
        key="fastly",
        name="Fastly",
        headers={"x-fastly-request-id": "", "fastly-restarts": "", "x-served-by": "cache-"},
        networks=("fastly",),
    ),
    ContentNetwork(
        key="imperva", name="Imperva", headers={"x-iinfo": "", "x-cdn": "imperva"}, networks=("incapsula", "imperva")
    ),
    ContentNetwork(key="sucuri", name="Sucuri", headers={"x-sucuri-id": "", "server": "sucuri"}, networks=("sucuri",)),
    ContentNetwork(
        key="bunny",
        name="bunny.net",
        headers={"server": "bunnycdn", "cdn-pullzone": ""},
        networks=("bunny",),
        elsewhere=True,
    ),
    ContentNetwork(key="azure", name="Azure Front Door", headers={"x-azure-ref": ""}, networks=("microsoft", "msft")),
    ContentNetwork(key="ddos-guard", name="DDoS-Guard", headers={"server": "ddos-guard"}, networks=("ddos-guard",)),
    ContentNetwork(
        key="alibaba",
        name="Alibaba Cloud CDN",
        headers={"eagleid": "", "x-swift-cachetime": ""},
        networks=("alibaba", "alicloud", "taobao"),
        elsewhere=True,
    ),
    ContentNetwork(
        key="cdn77", name="CDN77", headers={"server": "cdn77", "x-77-cache": ""}, networks=("cdn77", "datacamp")
    ),
)
_ALSO_HOSTS = frozenset(("cloudfront", "azure", "alibaba", "cdn77"))  # their owners rent machines, too
TELLING: frozenset[str] = frozenset(name for one in CONTENT_NETWORKS for name in one.headers) | {"server", "via"}


def said_network(headers: Mapping[str, str]) -> ContentNetwork | None:
    """Return the content network that an answer's headers (names in lower case) say it came through."""
    for one in CONTENT_NETWORKS:
        for name, part in one.headers.items():
            if name in headers and part in headers[name].lower():
                return one
    return None


def content_network(headers: Mapping[str, str], network: str | None) -> tuple[ContentNetwork | None, str]:
    """Return the content network that answers for a site, and what is odd about that, "" where nothing is.

    A server may claim in its headers to stand behind a content network, so that complaints go there: what the registry
    told of the address counts more, where that network keeps to addresses of its own.

    Args:
        headers: of its answer, names in lower case.
        network: name and owner of the network of its address, as a registry told; None where nobody asked.
    """
    said = said_network(headers)
    folded = (network or "").casefold()
    if said is None:
        found = (one for one in CONTENT_NETWORKS if one.key not in _ALSO_HOSTS)
        return next((one for one in found if any(part in folded for part in one.networks)), None), ""
    if not folded.strip() or said.elsewhere or any(part in folded for part in said.networks):
        return said, ""
    return None, f"its headers name {said.name}, but its address is not of that network"
