"""Networks as registries tell of them, and who answers for which address."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.pages.rdap_networks import bases, covers, parse_network, prefixes, question

ABUSE = {"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "abuse@hosting.example"]]]}
HOLDER = {
    "roles": ["registrant"],
    "vcardArray": ["vcard", [["fn", {}, "text", "EH-MNT"], ["org", {}, "text", "Example Hosting KK"]]],
    "entities": [ABUSE],
}
NETWORK: dict[str, Any] = {
    "objectClassName": "ip network",
    "handle": "NET-203-0-113-0",
    "name": "EXAMPLE-NET",
    "country": "JP",
    "startAddress": "203.0.113.0",
    "endAddress": "203.0.113.255",
    "entities": [HOLDER],
}
V4 = {
    "services": [
        [["203.0.0.0/8", "bad"], ["http://a.example/", "https://a.example/"]],
        [["203.0.113.0/24"], ["https://b.example/rdap/"]],
        [["198.51.100.0/24"], []],
        "x",
    ]
}


def read(body: Any) -> dict[str, str]:
    return parse_network(json.dumps(body).encode())


def test_a_network_with_its_holder_and_who_takes_complaints() -> None:
    assert read(NETWORK) == {
        "name": "EXAMPLE-NET",
        "handle": "NET-203-0-113-0",
        "owner": "Example Hosting KK",
        "country": "JP",
        "first": "203.0.113.0",
        "last": "203.0.113.255",
        "abuse_email": "abuse@hosting.example",
        "error": "",
    }


def test_a_holder_that_only_remarks_name() -> None:
    """As registries of Asia tell it: entities are people to write to, the description is the company."""
    people = {"roles": ["administrative"], "vcardArray": ["vcard", [["fn", {}, "text", "Network Desk"]]]}
    remark = {"title": "description", "description": ["Example Hosting KK", "Tokyo"]}
    assert read({**NETWORK, "entities": [people], "remarks": [{"title": "x", "description": ["y"]}, remark]})[
        "owner"
    ] == ("Example Hosting KK")
    handle = {"roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "EH-MNT"]]]}
    assert read({**NETWORK, "entities": [handle]})["owner"] == "EH-MNT"


def test_an_error_is_told_and_anything_else_is_refused() -> None:
    assert read({"errorCode": 404, "title": "Not Found", "description": ["none"]})["error"] == "404 Not Found; none"
    wrongs: list[Any] = [[], {}, {"objectClassName": "domain", "ldhName": "x.test"}, "x"]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="network"):
            read(wrong)
    with pytest.raises(ValueError, match="JSON"):
        parse_network(b"<html>")


def test_the_longest_prefix_says_who_answers() -> None:
    known = bases(prefixes(json.dumps(V4).encode()))
    assert question("203.0.113.7", known) == "https://b.example/rdap/ip/203.0.113.7"
    assert question("203.1.0.1", known) == "https://a.example/ip/203.1.0.1"
    assert question("198.51.100.1", known) is None
    v6 = bases(prefixes(json.dumps({"services": [[["2001:db8::/32"], ["https://c.example"]]]}).encode()))
    assert question("2001:db8::0:7", v6) == "https://c.example/ip/2001:db8::7"
    assert question("203.0.113.7", v6) is None
    with pytest.raises(ValueError, match="services"):
        prefixes(b"{}")


def test_a_network_covers_its_range_only() -> None:
    facts = read(NETWORK)
    assert covers(facts, "203.0.113.255")
    assert not covers(facts, "203.0.114.0")
    assert not covers(facts, "2001:db8::1")
    assert not covers({"first": "", "last": ""}, "203.0.113.1")


def test_a_block_of_a_registry_says_nothing_of_the_networks_in_it() -> None:
    assert covers({"first": "198.51.0.0", "last": "198.51.255.255"}, "198.51.7.1")
    assert not covers({"first": "198.50.0.0", "last": "198.51.255.255"}, "198.51.7.1")
    assert not covers({"first": "0.0.0.0", "last": "255.255.255.255"}, "198.51.7.1")
    assert covers({"first": "2001:db8::", "last": "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"}, "2001:db8:1::1")
    assert not covers({"first": "2001::", "last": "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, "2001:db8:1::1")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(NETWORK)), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_whatever_comes_is_facts_in_texts_or_refused(body: Any) -> None:
    try:
        facts = read(body)
    except ValueError:
        return
    assert all(isinstance(value, str) for value in facts.values())
