"""An answer of a search-page interface -> the ads on that page. A sandbox target.

Reads SerpApi's form (https://serpapi.com/search-api: `ads`, `shopping_results`, …) and flat lists of typed results
(`results` with `type`). Organic results are never taken: only sections and types that are sold, and rows that say
so or lead through the engine's paid click address, such as a sponsored place among others.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from spiders.pages.answers import (
    Answer,
    answer,
    failed,
    failed_by_status,
    kept_row,
    read_json,
    texts_of,
    word,
)
from spiders.pages.links import click_url, host

# Sections of SerpApi that hold ads; `shopping_results` of the engine google_shopping are offers that nobody paid for.
_SECTIONS = ("ads", "local_ads", "inline_ads", "shopping_ads", "immersive_ads", "inline_shopping_results")
_SOLD_ON_PAGES = "shopping_results"  # on a search page; not in the results of a shopping search
_TYPES = frozenset({"ad", "ads", "shopping_ads"})
_SAID = frozenset({"sponsored", "ad", "スポンサー", "広告"})
NOTHING = "hasn't returned any results"  # said as an error, with status 200
HOUR = 3600.0
ENGINE = "https://www.google.com/"  # what relative addresses of a search page are relative to
OPAQUE = "/goto"  # google.com/goto?url=CAES…: leads on, but does not say where


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one search page.

    Raises:
        ValueError: the body of a good answer is no JSON, or no search page.
    """
    try:
        parsed = read_json(body)
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    page: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}
    says = word(page.get("error"))
    if says and NOTHING not in says:
        return refused(status, says)
    if status >= 400:
        return failed_by_status(status)
    if not says and not page.keys() & {"search_metadata", "search_parameters", "results", *_SECTIONS}:
        raise ValueError(f"no search page; the answer has {', '.join(sorted(map(str, page))[:10])}")
    asked = page.get("search_parameters")
    parameters = {name: word(value) for name, value in asked.items()} if isinstance(asked, dict) else {}
    parameters.pop("api_key", None)
    items, bad = {}, []
    for number, (section, row) in enumerate(_rows(page, parameters), 1):
        item = _item(section, row, parameters) if isinstance(row, dict) else None
        if item is None:
            bad.append((number, f"of {section} has neither words nor an address"))
        else:
            items[item["id"]] = item
    return answer(list(items.values()), bad=bad)


def refused(status: int, says: str) -> Answer:
    """Name what SerpApi says when it refuses."""
    lower = says.lower()
    if status == 401 or "api key" in lower:
        return failed("token", f"{says}; set a valid key (docs/sources.md)")
    if status == 429 or "run out of searches" in lower or "limit" in lower:
        return failed("rate_limited", says, wait=HOUR if "run out" in lower else None)
    return failed_by_status(status, says) if status >= 400 else failed("api_error", says)


def _rows(page: Mapping[str, Any], parameters: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield every sold row with the section it stands in."""
    sections = _SECTIONS if "shopping" in parameters.get("engine", "") else (*_SECTIONS, _SOLD_ON_PAGES)
    for section in sections:
        rows = page.get(section)
        if isinstance(rows, dict):  # local_ads: {"title": …, "ads": […]}
            rows = rows.get("ads")
        yield from ((section, row) for row in rows) if isinstance(rows, list) else ()
    results = page.get("results")
    for row in results if isinstance(results, list) else ():
        if isinstance(row, dict) and _sold(row):
            yield word(row.get("type")), row


def _sold(row: Mapping[str, Any]) -> bool:
    """Tell a paid row of a flat list: by its type, by what it says of itself, or by where its own links lead."""
    more = _details(row)
    said = word(more.get("category")).lower()
    own = (row.get("url"), row.get("tracking_link"), more.get("website"))
    return row.get("type") in _TYPES or said in _SAID or any("/aclk?" in word(link) for link in own)


def _details(row: Mapping[str, Any]) -> Mapping[str, Any]:
    details = row.get("details")
    return details if isinstance(details, dict) else {}


def _item(section: str, row: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any] | None:
    title, said = word(row.get("title")), word(row.get("description")) or word(row.get("text"))
    named = [
        *(row.get(name) for name in ("tracking_link", "link", "product_link", "url")),
        _details(row).get("website"),
    ]
    clicks = [click_url(word(link), ENGINE) for link in named if word(link)]
    links = [link for link in clicks if link is not None and not _opaque(link)]
    shown = word(row.get("displayed_link")) or word(row.get("cite"))
    if not (title or said or links):
        return None
    name = word(row.get("source"))
    identity = "\n".join((section, title, said, shown or (host(links[-1]) if links else ""), name))
    item: dict[str, Any] = {
        "id": sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32],  # no interface names ads
        "kind": "ad",
        "platform": parameters.get("engine") or "search",
        "advertiser": {"name": name} if name else {},
        "texts": [*texts_of("title", title), *(texts_of("description", said) if said != title else [])],
        "links": list(dict.fromkeys(links)),
        "display_url": shown.partition(" ")[0],  # "https://shop.example › outlet"
        "images": [picture for one in ("thumbnail", "image") if (picture := word(row.get(one)))[:4] == "http"],
        "publisher_url": _page(parameters),
        "raw": kept_row({"section": section, "search": dict(parameters), "row": dict(row)}),
    }
    return {name: value for name, value in item.items() if value}


def _opaque(link: str) -> bool:
    return host(link).startswith("google.") and link.partition("?")[0].endswith(OPAQUE)


def _page(parameters: Mapping[str, str]) -> str:
    """Return where the ad was seen: the engine's own name stands for a page that nobody else can open."""
    return f"https://{parameters['google_domain']}/search" if parameters.get("google_domain") else ""
