"""What the demo world publishes: host and path -> content.

The fraudulent things are listed in `PLANTED`, by the address an analyst would see; everything else here is honest.
"""

from importlib.resources import files

from demo.pictures import jpeg, product_photo, stolen_copy, travel_banner

PUBLISHER = "news-portal.example"
OFFICIAL = "hoshino-denki.example"
RESELLER = "yamada-outlet.example"
FEED = "feed.example"
SHOP = "hoshino-denki-sale.test"
SHORTENER = "go.short-hop.test"
REGISTRY = "rdap.registry.test"
LOOKALIKE = "h0shino-denki.test"

# Kind and address of everything that must be flagged; for ads the exact click URL. `{port}` is the server's.
PLANTED = frozenset(
    {
        ("ad", f"http://{SHOP}:{{port}}/lp/?c=7"),
        ("ad", f"http://{SHOP}:{{port}}/lp/?c=9"),
        (
            "ad",
            "https://googleads.g.doubleclick.net/aclk?sa=l&ai=C1"
            "&adurl=https://hoshino-cool-store.test/aircon%3Fgclid%3DAbC-1",
        ),
        ("page", f"http://{SHOP}:{{port}}/"),
        ("page", f"http://{LOOKALIKE}:{{port}}/"),
        ("page", "https://hoshinodenki-login.test/member/"),
        ("page", "https://xn--hshinodenki-rnj.test/"),
    }
)

_HTML = "text/html; charset=utf-8"
_PAGES = {
    (PUBLISHER, "/"): (_HTML, "publisher.html"),
    (PUBLISHER, "/article/warning.html"): (_HTML, "warning.html"),
    (PUBLISHER, "/article/summer.html"): (_HTML, "summer.html"),
    (SHOP, "/"): (_HTML, "shop.html"),
    (LOOKALIKE, "/"): (_HTML, "lookalike.html"),
    (RESELLER, "/hoshino/"): (_HTML, "reseller.html"),
    (OFFICIAL, "/"): (_HTML, "official.html"),
    (FEED, "/tips.csv"): ("text/csv; charset=utf-8", "tips.csv"),
}


def content(port: int) -> dict[tuple[str, str], tuple[str, bytes]]:
    """Return (host, path) -> (content type, body), for a world on a port."""
    copy = jpeg(stolen_copy(), 60)
    pages = files("demo").joinpath("pages")
    texts = {
        key: (kind, pages.joinpath(name).read_text("utf-8").replace("{port}", str(port)).encode())
        for key, (kind, name) in _PAGES.items()
    }
    return {
        **texts,
        (PUBLISHER, "/ads/copy.jpg"): ("image/jpeg", copy),
        (PUBLISHER, "/ads/travel.jpg"): ("image/jpeg", jpeg(travel_banner())),
        (SHOP, "/copy.jpg"): ("image/jpeg", copy),
    }


def redirects(port: int) -> dict[tuple[str, str], str]:
    """Return (host, path) -> where that leads: ads to their shop, through a shortener."""
    ways: dict[tuple[str, str], str] = {(SHORTENER, "/x7"): f"http://{SHOP}:{port}/"}
    return ways | {(SHOP, f"/lp/?c={number}"): f"http://{SHORTENER}:{port}/x7" for number in (7, 9)}


def handed_over(port: int) -> tuple[bytes, bytes]:
    """Return what another department hands over: Item JSON with one ad of a social network, and its picture."""
    lines = files("demo").joinpath("pages", "handover.jsonl").read_text("utf-8").replace("{port}", str(port))
    return lines.encode(), jpeg(stolen_copy(), 75)


def protected_picture() -> bytes:
    """Return the photo that the demo brand protects, as JPEG."""
    return jpeg(product_photo(), 92)
