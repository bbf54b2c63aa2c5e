"""security.txt: the examples of RFC 9116, and what else stands at that address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.pages.security_txt import MOST_CONTACTS, parse_security

SIGNED = b"""-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

# Canonical URI
Canonical: https://shop.test/.well-known/security.txt

# Our security address
Contact: mailto:security@shop.test
Contact: https://shop.test/report
contact: tel:+1-201-555-0123
Expires: 2027-01-31T23:59:00+09:00
Preferred-Languages: ja, en
-----BEGIN PGP SIGNATURE-----
Contact
-----END PGP SIGNATURE-----
"""


def test_contacts_in_their_order_and_when_it_expires() -> None:
    assert parse_security(SIGNED) == {
        "contacts": ["security@shop.test", "https://shop.test/report", "tel:+1-201-555-0123"],
        "expires": "2027-01-31T14:59:00+00:00",
        "error": "",
    }


@pytest.mark.parametrize(
    ("value", "contact"),
    [
        ("mailto:a%2Bb@shop.test?subject=x", "a+b@shop.test"),
        ("abuse@shop.test", "abuse@shop.test"),
        ("mailto:a@shop.test%0d%0aBcc:x@y.test", None),
        ("mailto:a@shop.test,b@shop.test", None),
        ("http://shop.test/report", None),
        ("javascript:alert(1)", None),
        ("a b@shop.test", None),
        ("https://shop.test/\u202egpj", None),
        ("@shop.test", None),
    ],
)
def test_what_is_a_contact(value: str, contact: str | None) -> None:
    assert parse_security(f"Contact: {value}\n".encode())["contacts"] == ([contact] if contact else [])


def test_a_page_instead_of_it_is_none() -> None:
    page = b"<!doctype html><html><title>shop</title><p>Contact: us</p></html>"
    assert parse_security(page) == {"contacts": [], "expires": None, "error": "no security.txt"}


def test_two_ends_are_no_end_and_contacts_are_bounded() -> None:
    lines = [f"Contact: a{number}@shop.test" for number in range(99)]
    text = "\r\n".join((*lines, "Expires: 2027-01-01T00:00:00Z", "Expires: 2028-01-01T00:00:00Z"))
    found = parse_security(text.encode())
    assert len(found["contacts"]) == MOST_CONTACTS
    assert found["expires"] is None
    assert parse_security(b"Contact: a@b.test\nExpires: tomorrow")["expires"] is None


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"Contact: {text}".encode("utf-8", "replace")))
def test_no_contact_ever_holds_a_blank_or_a_control(body: bytes) -> None:
    for contact in parse_security(body)["contacts"]:
        assert contact.isprintable()
        assert " " not in contact
