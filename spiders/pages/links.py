"""Which URL an attribute means: what a browser would open, without opening it."""

import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from spiders.pages.markup import Document

_STRIPPED = "".join(map(chr, range(0x21)))  # C0 controls and space, as in the WHATWG URL standard
_DROPPED = str.maketrans("", "", "\t\n\r")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WEB = re.compile(r"(?i)https?://")
# What most addresses are, and what the general rules would say of them too, in far more time: with a host of plain
# letters, or a path from the root without empty parts, dots that mean folders, or anything that is written anew.
_PLAIN_WEB = re.compile(r"(?i)https?://([a-z0-9-]++(?:\.[a-z0-9-]++)*+)(?::[0-9]*+)?+(?:[/?#]|\Z)")
_PLAIN_PATH = re.compile(r"/(?:[A-Za-z0-9_~%-]++[/.]?+)*+(?:\?[A-Za-z0-9_~%&=.,:/+-]++)?+\Z")
_BACKSLASHES = re.compile(r"\A[^?#]*\\[^?#]*")
_HAND_OFF = ("http:", "https:", "line:", "tel:", "sms:", "mailto:", "whatsapp:", "tg:")
# Who explains that something is an ad; such a link is never the ad's.
_DISCLOSURES = (
    "youradchoices.com", "aboutads.info", "popup.taboola.com", "outbrain.com", "adssettings.google.com",
    "inread-experience.teads.tv", "newsmaxfeednetwork.com", "go.microsoft.com",
)  # fmt: skip
LONGEST = 8192  # characters of a URL; longer ones are data, or an attack


def base_of(document: Document, url: str) -> str:
    """Return what relative addresses of a page are relative to: its `base`, or where it came from."""
    for element in document.elements:
        if element.tag == "base" and "href" in element.attributes:
            return web_url(element.attributes["href"], url) or url
    return url


@lru_cache(maxsize=4096)
def web_url(href: str, base: str) -> str | None:
    """Return the absolute http(s) URL, or None when it is something else or has no host."""
    if len(href) <= LONGEST:
        if _PLAIN_PATH.match(href) and (root := _root(base)):
            return root + href
        if "\\" not in href and href.isprintable() and " " not in href and _PLAIN_WEB.match(href):
            return href
    cleaned = _BACKSLASHES.sub(lambda head: head[0].replace("\\", "/"), href.strip(_STRIPPED).translate(_DROPPED))
    if len(cleaned) > LONGEST:
        return None
    try:
        url = cleaned if _WEB.match(cleaned) else urljoin(base, cleaned)  # joining would normalise an absolute URL
        parts = urlsplit(url)
        return url if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:  # a malformed IPv6 host
        return None


@lru_cache(maxsize=64)
def _root(base: str) -> str | None:
    """Return scheme and host of a base, as joining writes them; None where it has none."""
    try:
        root = urljoin(base, "/")
        parts = urlsplit(root)
        return root[:-1] if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def click_url(href: str, base: str) -> str | None:
    """Return where a click leads, exactly as written; only a relative reference is made absolute.

    Chat, phone and mail links count; script, data and file links give None.
    """
    cleaned = href.strip(_STRIPPED)
    if _SCHEME.match(cleaned.translate(_DROPPED)):
        lower = cleaned.translate(_DROPPED).lower()
        return cleaned if lower.startswith(_HAND_OFF) and len(cleaned) <= LONGEST else None
    return web_url(href, base) if cleaned and not cleaned.startswith("#") else None


@lru_cache(maxsize=4096)
def host(url: str) -> str:
    """Return the lower-case host name without `www.`; empty when there is none."""
    if plain := _PLAIN_WEB.match(url):
        return plain[1].lower().removeprefix("www.")
    try:
        return (urlsplit(url.translate(_DROPPED)).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def under(url: str, domain: str) -> bool:
    """Tell whether a URL's host is this domain or below it."""
    name = host(url)
    return name == domain or name.endswith(f".{domain}")


def is_disclosure(url: str) -> bool:
    """Tell whether a link only explains that something is an ad."""
    return host(url) in _DISCLOSURES


def same_site(one: str, other: str) -> bool:
    """Tell whether one host is the other or a subdomain of it; only this much, so siblings are strangers."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
