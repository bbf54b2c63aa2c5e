"""Hosts that are never named as somebody's fraud."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.brands import BrandProfile, Ownership, Scope
from detector.hosts import parse_host
from takedown.sharing.fences import Fences

DAY = date(2026, 11, 24)
BRAND = BrandProfile(
    key="hoshino",
    name="星野電機",
    aliases=("Hoshino Denki",),
    domains=("hoshino-denki.example", "shop.mall.example"),
    accounts=(Scope.parse("account:meta:108855443322110"),),
    ownership=(
        Ownership(who="reseller", scope=Scope.parse("domain:outlet.yamada.example")),
        Ownership(who="reseller", scope=Scope.parse("path:dealers.example/hoshino")),
        Ownership(who="press", scope=Scope.parse("domain:old.example"), until=date(2026, 11, 23)),
    ),
)
FENCES = Fences([BRAND], ["kept.example"], DAY)


def may_name(text: str) -> bool:
    host = parse_host(text)
    assert host is not None
    return FENCES.may_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "hoshino-denki.example",
        "www.hoshino-denki.example",
        "mall.example",  # a shop of the brand is below it
        "shop.mall.example",
        "outlet.yamada.example",
        "yamada.example",
        "dealers.example",  # a dealer has a path there
        "kept.example",
        "a.kept.example",
        "facebook.com",
        "m.facebook.com",
        "google.com",
        "sites.google.com",
        "amazon.co.jp",
        "bit.ly",
        "t.co",
        "lin.ee",
        "l.facebook.com",
        "ad.doubleclick.net",
        "e1.g.akamaiedge.net",
        "203.0.113.7",
        "[2001:db8::7]",
        "github.io",  # all of a host of many
        "blogspot.com",
    ],
)
def test_a_host_that_others_need_is_never_named(host: str) -> None:
    assert not may_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "hoshino-denki-sale.test",
        "d111.cloudfront.net",
        "hoshino.github.io",
        "hoshino.blogspot.com",
        "old.example",
        "b.yamada.example",
    ],
)
def test_a_campaigns_own_host_is_named_that_of_a_tenant_too(host: str) -> None:
    assert may_name(host)


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://dealers.example/hoshino/fan", False),
        ("https://dealers.example/other", True),
        ("https://sites.google.com/view/x", True),
        ("https://sites.google.com/", False),
        ("https://bit.ly/x7", True),
        ("https://l.facebook.com/l.php?h=AT0", False),
        ("https://ad.doubleclick.net/clk/x", False),
        ("http://203.0.113.7/", True),
        ("http://127.0.0.1/", False),
        ("http://192.168.1.5/x", False),
        ("http://[fd00::1]/x", False),
        ("http://[::ffff:10.0.0.1]/x", False),
        ("http://169.254.1.1/x", False),
        ("https://kept.example/x", False),
    ],
)
def test_one_address_is_told_where_the_host_may_not_be_named(url: str, may: bool) -> None:
    host = parse_host(url)
    assert host is not None
    assert FENCES.may_point_at(host) is may


@given(
    label=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
    owned=st.sampled_from(["hoshino-denki.example", "outlet.yamada.example", "shop.mall.example", "kept.example"]),
)
def test_nothing_below_what_is_owned_is_ever_named_or_pointed_at(label: str, owned: str) -> None:
    host = parse_host(f"https://{label}.{owned}/x")
    if host is not None:
        assert not FENCES.may_name(host)
        assert not FENCES.may_point_at(host)


def test_a_brands_own_account_is_not_accused() -> None:
    assert not FENCES.may_accuse("meta", "108855443322110")
    assert FENCES.may_accuse("meta", "1088554433")
