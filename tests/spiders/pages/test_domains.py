"""Registrations and lists of bad addresses: documented answers, and real ones where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from detector.items import decode_item
from spiders.pages import rdap, urlhaus, urlscan
from spiders.pages.answers import Answer

REAL = Path(__file__).resolve().parents[4] / "shared/data/rdap"
FAX, TELEPHONE = ["tel", {"type": ["fax"]}, "uri", "tel:+1"], ["tel", {}, "uri", "tel:+81.3"]
CARD = ["vcard", [["email", {}, "text", "abuse@registrar.example"], FAX, TELEPHONE]]
ABUSE = {"roles": ["abuse"], "vcardArray": CARD}
REDACTED = ["vcard", [["fn", {}, "text", ""], ["adr", {}, "text", ["", "", ["a", "b"], "", "", "", "JP"]]]]
DOMAIN: dict[str, Any] = {
    "objectClassName": "domain",
    "ldhName": "HOSHINO-denki-sale.test",
    "status": ["client transfer prohibited"],
    "events": [{"eventAction": "registration", "eventDate": "2026-11-09T02:11:00Z"}, None],
    "nameservers": [{"ldhName": "NS1.example.net"}, {}],
    "entities": [
        {
            "roles": ["registrar"],
            "publicIds": [{"type": "IANA Registrar ID", "identifier": "9999"}],
            "vcardArray": ["vcard", [["fn", {}, "text", "Example Registrar Inc."]]],
            "entities": [ABUSE],
        },
        {"roles": ["registrant"], "vcardArray": REDACTED},
    ],
    "links": [{"rel": "related", "type": "application/rdap+json", "href": "https://rdap.registrar.example/domain/x"}],
    "redacted": [{"name": {"description": "Registrant Name"}}],
}
SCAN: dict[str, Any] = {
    "task": {"time": "2026-11-20T01:02:03.000Z"},
    "page": {"url": "https://hoshino-denki-sale.test/lp", "title": "星野電機 公式"},
    "screenshot": "https://urlscan.test/s.png",
    "sort": [1763600000000, "abc"],
}
BAD = {"id": "3", "url": "http://hoshino-denki.test/a.exe", "date_added": "2026-11-21 10:00:00 UTC", "tags": None}


def read(module: Any, answer: Any, **options: Any) -> Answer:
    parsed: Answer = module.parse_answer(json.dumps(answer).encode(), **options)
    return parsed


def test_a_registration() -> None:
    found = rdap.parse_domain(json.dumps(DOMAIN).encode())
    assert found == {
        **found,
        "domain": "hoshino-denki-sale.test",
        "registrar": "Example Registrar Inc.",
        "registrar_id": "9999",
        "abuse_email": "abuse@registrar.example",
        "abuse_phone": "+81.3",
        "registrant": "",
        "country": "JP",
        "created": "2026-11-09T02:11:00Z",
        "expires": "",
        "nameservers": ["ns1.example.net"],
        "related": "https://rdap.registrar.example/domain/x",
        "redacted": ["Registrant Name"],
        "error": "",
    }


def test_an_abuse_contact_of_the_domain_itself_comes_last() -> None:
    """Whoever registered it may have named it."""
    own = {**ABUSE, "vcardArray": ["vcard", [["email", {}, "text", "me@mail.hoshino-denki-sale.TEST"]]]}
    registrar = {**DOMAIN["entities"][0], "entities": [own]}
    told = {**DOMAIN, "entities": [registrar, ABUSE]}
    assert rdap.parse_domain(json.dumps(told).encode())["abuse_email"] == "abuse@registrar.example"
    alone = {**DOMAIN, "entities": [registrar]}
    assert rdap.parse_domain(json.dumps(alone).encode())["abuse_email"] == "me@mail.hoshino-denki-sale.TEST"


def test_an_error_and_what_is_no_registration() -> None:
    body = b'{"errorCode": 404, "title": "Not Found", "description": ["no such domain"]}'
    assert rdap.parse_domain(body)["error"] == "404 Not Found; no such domain"
    for broken in (b"<html>", b"{}", b'{"objectClassName": "entity", "ldhName": "x"}', b"[]"):
        with pytest.raises(ValueError, match=r"not JSON|no RDAP"):
            rdap.parse_domain(broken)
    odd = {"ldhName": "a.test", "entities": [7, {"roles": 1, "vcardArray": [1, [[], ["fn"], "x"]]}], "events": "x"}
    assert rdap.parse_domain(json.dumps(odd).encode())["domain"] == "a.test"


def test_where_to_ask() -> None:
    services = [[["test", "example"], ["http://a.test/", "https://a.test/rdap"]], [["co.test"], ["https://b.test/"]], 7]
    known = rdap.servers(json.dumps({"services": services}).encode())
    assert rdap.address("Shop.Example", known) == "https://a.test/rdap/domain/shop.example"
    assert rdap.address("shop.co.test.", known) == "https://b.test/domain/shop.co.test"  # the longest suffix
    assert rdap.address("hoshino.jp", known) == "https://rdap.jprs.jp/rdap/domain/hoshino.jp"
    assert rdap.address("shop.nowhere", known) is None


@pytest.mark.real_data
def test_real_registrations() -> None:
    if not REAL.is_dir():
        pytest.skip("../shared/data/rdap is absent")
    found = {
        path.stem: rdap.parse_domain(path.read_bytes()) for path in REAL.glob("*.json") if "bootstrap" not in path.name
    }
    assert all(row["domain"] or row["error"] for row in found.values())
    redacted = found["lookup_with_redaction"]
    assert redacted["abuse_email"] == "abuse@organization.example"
    assert "Registrant Name" in redacted["redacted"]
    assert found["lemonde.fr"]["created"].startswith("2005-08-02")
    assert "501" in found["error_ripe_net"]["error"]
    known = rdap.servers((REAL / "bootstrap_dns.json").read_bytes())
    assert rdap.address("shop.cz", known) == "https://rdap.nic.cz/domain/shop.cz"


def test_scanned_pages() -> None:
    parsed = read(urlscan, {"results": [{"page": {}}, SCAN], "has_more": True})
    item = decode_item(json.dumps(parsed["items"][0]))
    assert (item.url, item.kind, item.texts[0].text) == (SCAN["page"]["url"], "page", "星野電機 公式")
    assert (parsed["next"], len(parsed["bad"])) == ("1763600000000,abc", 1)
    assert read(urlscan, {"results": [SCAN], "has_more": False})["next"] is None


def test_reported_addresses() -> None:
    parsed = read(urlhaus, {"query_status": "ok", "urls": [BAD, {}]})
    item = decode_item(json.dumps(parsed["items"][0]))
    assert (item.url, item.first_shown) == (BAD["url"], "2026-11-21T10:00:00Z")
    assert len(parsed["bad"]) == 1
    assert read(urlhaus, {"query_status": "no_results"})["items"] == []


@pytest.mark.parametrize(
    ("module", "status", "body", "kind"),
    [
        (urlscan, 400, {"message": "Invalid API key format"}, "token"),
        (urlscan, 403, {}, "token"),
        (urlscan, 429, {"message": "slow down"}, "rate_limited"),
        (urlscan, 400, {"message": "query"}, "bad_request"),
        (urlhaus, 403, {"query_status": "unknown_auth_key"}, "token"),
        (urlhaus, 200, {"query_status": "no_api_key_auth"}, "token"),
        (urlhaus, 200, {"query_status": "http_get_expected"}, "api_error"),
        (urlhaus, 503, {}, "transient"),
    ],
)
def test_a_refusal_has_a_name(module: Any, status: int, body: Any, kind: str) -> None:
    refusal = read(module, body, status=status)["failed"]
    assert refusal is not None
    assert refusal["kind"] == kind
    for broken in (b"<html>", b"[]"):
        with pytest.raises(ValueError, match=r"not JSON|no `"):
            module.parse_answer(broken)
