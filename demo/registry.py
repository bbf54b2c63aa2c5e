"""What the registries of the demo world answer over RDAP (RFC 9083), and IANA's tables that lead to them (RFC 9224)."""

import json
from typing import Any

from demo.site import LOOKALIKE, REGISTRY, SHOP

REGISTERED = (
    SHOP,
    LOOKALIKE,
    "short-hop.test",
    "hoshino-cool-store.test",
    "hoshinodenki-login.test",
    "xn--hshinodenki-rnj.test",
)


def answers(port: int) -> dict[tuple[str, str], tuple[str, bytes]]:
    """Return (host, path) -> (content type, body), for a world on a port."""
    base = f"http://{REGISTRY}:{port}/"
    tables = {
        "/dns.json": {"services": [[["test"], [base]]]},
        "/ipv4.json": {"services": [[["127.0.0.0/8"], [base]]]},
        "/ipv6.json": {"services": []},
    }
    told = {
        **tables,
        **{f"/domain/{name}": _domain(name) for name in REGISTERED},
        "/ip/127.0.0.1": _network(),
    }
    kind = "application/rdap+json"
    return {(REGISTRY, path): (kind, json.dumps(answer).encode()) for path, answer in told.items()}


def _domain(name: str) -> dict[str, Any]:
    return {
        "objectClassName": "domain",
        "ldhName": name,
        "status": ["client transfer prohibited"],
        "events": [
            {"eventAction": "registration", "eventDate": "2026-11-15T00:00:00Z"},
            {"eventAction": "expiration", "eventDate": "2027-11-15T00:00:00Z"},
        ],
        "nameservers": [{"ldhName": "ns1.dns.example"}],
        "entities": [
            {
                "objectClassName": "entity",
                "roles": ["registrar"],
                "handle": "9999",
                "publicIds": [{"type": "IANA Registrar ID", "identifier": "9999"}],
                "vcardArray": _card("Example Registrar, Inc."),
                "entities": [{"roles": ["abuse"], "vcardArray": _card("Abuse Desk", "abuse@registrar.example")}],
            }
        ],
    }


def _network() -> dict[str, Any]:
    return {
        "objectClassName": "ip network",
        "handle": "NET-DEMO-1",
        "startAddress": "127.0.0.0",
        "endAddress": "127.255.255.255",
        "ipVersion": "v4",
        "name": "EXAMPLE-HOSTING",
        "country": "JP",
        "entities": [
            {"roles": ["registrant"], "vcardArray": _card("Example Hosting K.K.")},
            {"roles": ["abuse"], "vcardArray": _card("Abuse Desk", "abuse@hosting.example")},
        ],
    }


def _card(name: str, mail: str | None = None) -> list[Any]:
    rows = [["version", {}, "text", "4.0"], ["fn", {}, "text", name]]
    return ["vcard", [*rows, *([["email", {}, "text", mail]] if mail else [])]]
