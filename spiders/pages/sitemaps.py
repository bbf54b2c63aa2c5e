"""A sitemap in any of its forms -> the addresses it lists: XML, index, gzip, plain text, robots.txt.

Called through the sandbox with bytes, returns builtin values. XML is searched for its few tags, not parsed: no entity,
no reference and no nesting means anything, so that hostile XML has nothing to work with.
"""

import re
import zlib

from spiders.pages.encoding import decode
from spiders.pages.linear import unescape
from spiders.pages.links import web_url

MAX_BYTES = 50 * 2**20  # of one sitemap after unpacking; the protocol's own limits
MAX_URLS = 50_000
_GZIP = b"\x1f\x8b"
_ROOT = re.compile(r"<(?:[\w-]{1,40}:)?(?:urlset|sitemapindex)[\s>]")
_TAG = re.compile(r"<((?:[\w-]{1,40}:)?)(url|sitemap|loc)(?:\s[^<>]{0,500})?>")
_CDATA = "<![CDATA["
_ROBOTS = re.compile(r"(?im)^[ \t]*sitemap[ \t]*:[ \t]*(\S+)")


def parse_sitemap(body: bytes, *, url: str) -> dict[str, list[str]]:
    """Return {"urls": pages, "sitemaps": further sitemaps}, absolute http(s) URLs, each once, at most `MAX_URLS`.

    Args:
        body: XML (`urlset` or `sitemapindex`), one URL a line, or a robots.txt; any of them may be gzipped.
        url: where it came from.

    Raises:
        ValueError: it is another document, or unpacks to more than `MAX_BYTES`.
    """
    text, _ = decode(_unpack(body))
    if text.lstrip()[:1] == "<":
        if not _ROOT.search(text[:65536]):
            raise ValueError("the document is no sitemap")
        urls, sitemaps = _locations(text)
    elif listed := _ROBOTS.findall(text):
        urls, sitemaps = [], listed
    else:
        urls, sitemaps = [line for line in text.splitlines() if line.lstrip().lower().startswith("http")], []
    return {"urls": _absolute(urls, url), "sitemaps": _absolute(sitemaps, url)}


def _unpack(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    stream = zlib.decompressobj(wbits=31)
    try:
        data = stream.decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise ValueError(f"the gzip stream is broken: {error}") from None
    if len(data) > MAX_BYTES:
        raise ValueError(f"the sitemap unpacks to more than {MAX_BYTES} bytes")
    return data


def _locations(text: str) -> tuple[list[str], list[str]]:
    """Return the `loc` of `url` and of `sitemap` elements; others, as `image:loc`, have another prefix."""
    found: dict[str, list[str]] = {"url": [], "sitemap": []}
    parent = prefix = ""
    for tag in _TAG.finditer(text):
        if tag[2] != "loc":
            prefix, parent = tag[1], tag[2]
        elif parent and tag[1] == prefix:
            start = tag.end()
            while text[start : start + 1].isspace():
                start += 1
            if text.startswith(_CDATA, start):
                location = text[start + len(_CDATA) : max(start, text.find("]]>", start, start + 10_000))]
            else:
                location = unescape(text[start : max(start, text.find("<", start, start + 10_000))])
            found[parent].append(location)
            if len(found[parent]) > 2 * MAX_URLS:
                break
    return found["url"], found["sitemap"]


def _absolute(locations: list[str], base: str) -> list[str]:
    urls: dict[str, None] = {}
    for location in locations:
        if location.strip() and (url := web_url(location, base)):
            urls[url] = None
        if len(urls) == MAX_URLS:
            break
    return list(urls)
