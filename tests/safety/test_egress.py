"""The egress rule lets public unicast through, and nothing else but exact exceptions."""

from ipaddress import ip_address

import pytest

from safety.egress import EgressRule, is_public

# Where requests must never go by default: loopback, private, link-local, shared, reserved, multicast,
# documentation, and IPv6 forms that carry an IPv4 address.
INTERNAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.0.192",
    "168.63.129.16",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2606:4700::1%eth0",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "fec0::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses_are_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not EgressRule().permits(address)
    assert not EgressRule().permits(address, 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    assert is_public(ip_address(address))
    assert EgressRule().permits(address, 443)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "017700000001",
        "１２７.0.0.1",
        " 1.1.1.1",
        "1.1.1.1/8",
    ],
)
def test_text_that_is_no_plain_address_is_refused(text: str) -> None:
    assert not EgressRule().permits(text)


def test_exceptions_are_exact() -> None:
    rule = EgressRule.parse(["127.0.0.1:8080", "[::1]:*", "10.0.0.5:*"])
    assert rule.permits("127.0.0.1", 8080)
    assert rule.permits("::ffff:127.0.0.1", 8080), "the mapped form is the same address"
    assert rule.permits("127.0.0.1"), "some port of it is open"
    assert not rule.permits("127.0.0.1", 8081)
    assert not rule.permits("127.0.0.2", 8080)
    assert rule.permits("::1", 1)
    assert rule.permits("10.0.0.5", 65535)
    assert not rule.permits("10.0.0.6", 80)


def test_pinned_names_are_lower_case_and_their_addresses_checked() -> None:
    rule = EgressRule.parse([], {"Shop.Example": "127.0.0.1"})
    assert rule.hosts == {"shop.example": "127.0.0.1"}
    assert not rule.permits("127.0.0.1"), "a pinned name opens no address"
    with pytest.raises(ValueError):
        EgressRule.parse([], {"shop.example": "localhost"})


@pytest.mark.parametrize("entry", ["127.0.0.1", "localhost:80", "127.0.0.1:http", "10.0.0.0/8:*", ":80", ""])
def test_malformed_exceptions_are_named(entry: str) -> None:
    with pytest.raises(ValueError, match="ADDRESS:PORT"):
        EgressRule.parse([entry])
