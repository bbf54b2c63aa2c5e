"""Lists of fraud hosts, as resolvers, proxies and browsers read them."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.sharing import Sharing
from detector.brands import BrandProfile
from storage.fraud_hosts import FraudCase
from takedown.sharing.errors import NotShareable
from takedown.sharing.feed import FORMS, Form, Made, entries_of, feed, head, unchanged, write
from takedown.sharing.fences import Fences

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BRAND = BrandProfile(key="hoshino", name="星野電機", domains=("hoshino-denki.example",))
FENCES = Fences([BRAND], (), date(2026, 11, 24))
PROFILE = Sharing(key="filters")


def case(*urls: str, hosts: Iterable[str] = ("sale.test",), **values: Any) -> FraudCase:
    base: dict[str, Any] = {
        "id": 1, "brand": "hoshino", "state": "confirmed", "pages": frozenset(), "gone": {}, "there": frozenset(),
        "down_since": None,
    }  # fmt: skip
    return FraudCase(**{**base, "hosts": frozenset(hosts), "urls": urls, **values})


def made(form: Form, *cases: FraudCase, profile: Sharing = PROFILE, now: datetime = NOW) -> tuple[Made, list[str]]:
    """Return a list and its lines."""
    with feed(form) as entries:
        done = entries.fill(entries_of(cases, form, profile, FENCES, now=now))
        return done, list(entries.lines())


def lines(form: Form, *cases: FraudCase, **options: Any) -> list[str]:
    return made(form, *cases, **options)[1]


def whole(form: Form, *cases: FraudCase, now: datetime = NOW) -> str:
    """Return a list as it is written."""
    done, found = made(form, *cases, now=now)
    out = StringIO()
    write(out, head(done, PROFILE, version="0.1.0", now=now), found)
    return out.getvalue()


ONE = case(
    "https://sale.test/lp", "https://sale.test/lp?fbclid=IwAR0aB", "https://m.sale.test/", "https://cited.test/x"
)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("hosts", ["0.0.0.0 m.sale.test", "0.0.0.0 sale.test", "0.0.0.0 www.sale.test"]),
        ("domains", ["m.sale.test", "sale.test", "www.sale.test"]),
        ("rpz", ["m.sale.test CNAME .", "*.m.sale.test CNAME .", "sale.test CNAME .", "*.sale.test CNAME ."]),
        ("urls", ["https://m.sale.test/", "https://sale.test/lp"]),
        ("adblock", ["||m.sale.test^", "||sale.test^"]),
    ],
)
def test_a_list_holds_what_is_the_campaigns_own_once_and_sorted(form: Form, expected: list[str]) -> None:
    assert lines(form, ONE, ONE) == expected


def test_pages_on_shared_hosts_are_addresses_and_never_hosts() -> None:
    page = case("https://sites.google.com/view/x", hosts=(), pages=frozenset(("sites.google.com/view/x",)))
    assert lines("hosts", page) == []
    assert lines("urls", page) == ["https://sites.google.com/view/x"]


def test_official_hosts_and_numbers_never_get_into_a_list_even_if_a_case_has_them_for_its_own() -> None:
    wrong = case(
        "https://www.hoshino-denki.example/x", "http://203.0.113.7/x", "https://facebook.com/x", "https://bit.ly/x",
        hosts=("hoshino-denki.example", "203.0.113.7", "facebook.com", "bit.ly"),
    )  # fmt: skip
    for form in FORMS:
        found = lines(form, wrong)
        assert not any("hoshino-denki" in line for line in found)
        assert form == "urls" or found == []


def test_what_a_redirector_carries_is_what_is_named() -> None:
    link = "https://l.facebook.com/l.php?u=https%3A%2F%2Fsale.test%2Flp%3Fc%3D7&h=AT0"
    assert lines("urls", case(link)) == ["https://sale.test/lp?c=7"]
    assert lines("domains", case(link)) == ["sale.test", "www.sale.test"]


def test_a_domain_that_was_seen_by_name_alone_is_a_host_and_no_address() -> None:
    assert lines("urls", case("sale.test")) == []
    assert lines("adblock", case("sale.test")) == ["||sale.test^"]


def test_a_host_leaves_the_list_a_while_after_all_of_it_is_gone() -> None:
    one, two = "https://sale.test/a", "https://sale.test/b"
    day = timedelta(days=1)
    gone = case(one, two, gone={one: NOW - 40 * day, two: NOW - 20 * day})
    assert lines("adblock", gone) == ["||sale.test^"]  # two went 20 days ago
    assert lines("adblock", gone, now=NOW + 11 * day) == []
    back = case(one, two, gone={one: NOW - 40 * day}, there=frozenset((two,)))
    assert lines("adblock", back) == ["||sale.test^"]
    down = case(one, state="down", down_since=NOW - 40 * day)
    assert lines("adblock", down) == []
    assert lines("adblock", down, profile=Sharing(key="x", gone=timedelta(days=60))) == ["||sale.test^"]
    nobody_looked = case(one)
    assert lines("adblock", nobody_looked, now=NOW + 400 * day) == ["||sale.test^"]


def test_a_profile_that_does_not_let_hosts_out_makes_no_list_of_them() -> None:
    with pytest.raises(NotShareable, match=r"^profile quiet does not include hosts$"):
        lines("rpz", ONE, profile=Sharing(key="quiet", include=("urls",)))


def test_the_head_says_what_and_when_and_is_a_comment_of_the_format() -> None:
    assert whole("hosts", ONE).splitlines()[:3] == [
        "# Hosts of confirmed cases: 2, profile filters, TLP:AMBER",
        "# mekiki 0.1.0, 2026-11-24T09:00:00Z",
        f"# sha256 of the lines below: {made('hosts', ONE)[0].digest}",
    ]
    assert whole("rpz", ONE).splitlines()[3:6] == [
        "$TTL 300",
        "@ SOA localhost. nobody.localhost. (1795510800 3600 600 86400 300)",
        "@ NS localhost.",
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_with_the_same_lines_is_known_whatever_its_head_and_one_with_others_is_not(
    form: Form, tmp_path: Path
) -> None:
    file = tmp_path / "list"
    done, _ = made(form, ONE)
    assert not unchanged(file, done)
    file.write_text(whole(form, ONE, now=NOW - timedelta(days=3)), "utf-8")
    assert unchanged(file, done)
    file.write_text(file.read_text("utf-8") + "more\n", "utf-8")
    assert not unchanged(file, done)
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:-2]), "utf-8")
    assert not unchanged(file, done)


BODY: dict[Form, str] = {
    "hosts": r"0\.0\.0\.0 [a-z0-9._-]+",
    "domains": r"[a-z0-9._-]+",
    "rpz": r"(\*\.)?[a-z0-9._-]+ CNAME \.",
    "urls": r"https?://[!$&()*+,;=:@/?%~._\[\]A-Za-z0-9-]+",
    "adblock": r"\|\|[a-z0-9._-]+\^",
}
hostile = st.one_of(
    st.text(st.characters(codec=None), max_size=40),
    st.sampled_from(
        ["$INCLUDE /etc/passwd", "a\n0.0.0.0 bank.example", 'a"b', "a;b", "a" * 300, "a..b", "a.", "*.a", "(", "@"]
    ),
)


@given(parts=st.lists(hostile, min_size=1, max_size=6), form=st.sampled_from(FORMS))
@example(parts=["a\r\n$INCLUDE x\r\n"], form="rpz")
@settings(max_examples=150, deadline=None)
def test_whatever_hosts_strangers_choose_no_line_is_theirs(parts: list[str], form: Form) -> None:
    urls = [url for part in parts for url in (f"https://{part}.sale.test/{part}", f"https://{part}", part)]
    found = lines(form, case(*urls, hosts=("sale.test", *parts, "bank.example")))
    for line in found:
        assert re.fullmatch(BODY[form], line), line
        assert len(line) < 2100
    assert not any(line == "0.0.0.0 bank.example" for line in found) or "bank.example" in parts


def test_a_name_that_is_too_long_for_a_zone_is_left_out_and_counted() -> None:
    long = ".".join(["a" * 60] * 4)[:235] + ".sale.test"
    done, found = made("rpz", case(f"https://{long}/", "https://sale.test/"))
    assert (done.entries, done.left_out) == (1, 1)
    assert found == ["sale.test CNAME .", "*.sale.test CNAME ."]
    assert made("hosts", case(f"https://{long}/"))[0].left_out == 0


@pytest.mark.skipif(shutil.which("named-checkzone") is None, reason="named-checkzone is not installed")
def test_a_zone_is_one_that_bind_loads(tmp_path: Path) -> None:
    hosts = ("sale.test", "xn--kiv758g.test", "a_b.test", f"{'a' * 63}.{'b' * 63}.{'c' * 60}.test")
    zone = tmp_path / "zone"
    zone.write_text(whole("rpz", case(*(f"https://{host}/" for host in hosts), hosts=hosts)), "utf-8")
    done = subprocess.run(
        ["named-checkzone", "fraud-hosts.rpz.intern.example", os.fspath(zone)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "loaded serial 1795510800" in done.stdout
