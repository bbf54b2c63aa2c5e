"""robots.txt as RFC 9309 reads it; a slow, obvious matcher is the oracle for wildcards."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.pages.robots import PARSED_BYTES, Robots, RobotsTrap

HOST = "https://site.test"


def allows(text: str, path: str, robot: str = "mekiki") -> bool:
    return Robots(text.encode(), robot).allows(HOST + path)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /\n", "/a", False),
        ("User-agent: *\nDisallow: /\n", "/robots.txt", True),
        ("User-agent: *\nDisallow:\n", "/a", True),
        ("Disallow: /\n", "/a", True),  # a rule of no group
        ("user-AGENT :  *  # all\r\ndisallow:/a # not here\r\n", "/a/b", False),
        ("User-agent: *\rDisallow: /a\r", "/a", False),
        ("\ufeffUser-agent: *\nDisallow: /a\n", "/a", False),
        ("User-agent: *\nDisalow: /a\n", "/a", False),
        ("User-agent: *\nDisallow: /a\n", "/A", True),  # paths keep their case
        # The example of section 5.1: groups of one robot are put together, others are not looked at.
        ("User-agent: *\nDisallow: /\nUser-agent: mekiki\nDisallow: /x\n", "/a", True),
        ("User-agent: mekiki\nDisallow: /a\nUser-agent: b\nAllow: /\nUser-agent: MEKIKI\nDisallow: /c\n", "/a", False),
        ("User-agent: mekiki\nDisallow: /a\nUser-agent: b\nAllow: /\nUser-agent: MEKIKI\nDisallow: /c\n", "/c", False),
        ("User-agent: a\nUser-agent: mekiki\nUser-agent: b\nDisallow: /\n", "/a", False),
        ("User-agent: mekiki\nCrawl-delay: 9\nSitemap: /s\nUser-agent: b\nDisallow: /a\n", "/a", False),
        ("User-agent: mekiki/2.0\nDisallow: /\n", "/a", False),
        ("User-agent: mekikibot\nDisallow: /\n", "/a", True),
        ("User-agent: mek\nDisallow: /\n", "/a", True),
        ("User-agent: mekiki\n\nUser-agent: *\nAllow: /a\nDisallow: /\n", "/b", False),
        ("User-agent: *\nDisallow: /\nUser-agent: mekiki\n", "/b", True),  # a group without rules
        # Section 2.2.2: the most octets win, and of two equal rules the one that allows.
        ("User-agent: *\nAllow: /example/page/\nDisallow: /example/page/not.gif\n", "/example/page/not.gif", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a\n", "/a", True),
        # Section 2.2.2: what is escaped, and what is not, is the same.
        ("User-agent: *\nDisallow: /foo/bar?baz=quz\n", "/foo/bar?baz=quz", False),
        ("User-agent: *\nDisallow: /foo/bar/ツ\n", "/foo/bar/%E3%83%84", False),
        ("User-agent: *\nDisallow: /foo/bar/%E3%83%84\n", "/foo/bar/ツ", False),
        ("User-agent: *\nDisallow: /foo/bar/%62%61%7A\n", "/foo/bar/baz", False),
        ("User-agent: *\nDisallow: /foo/bar/baz\n", "/foo/bar/%62%61%7a", False),
        ("User-agent: *\nDisallow: /a%2Fb\n", "/a/b", True),  # a reserved character is another one when it is escaped
        ("User-agent: *\nDisallow: /a%2fb\n", "/a%2Fb", False),
        # Section 2.2.3: "*" and "$".
        ("User-agent: *\nDisallow: *.gif$\n", "/a/b.gif", False),
        ("User-agent: *\nDisallow: *.gif$\n", "/a/b.gif?x", True),
        ("User-agent: *\nDisallow: /a$\n", "/a", False),
        ("User-agent: *\nDisallow: /a$\n", "/ab", True),
        ("User-agent: *\nDisallow: /*/x**y\n", "/a/xzzy", False),
        ("User-agent: *\nDisallow: /path/file-with-a-%2A.html\n", "/path/file-with-a-*.html", False),
        ("User-agent: *\nDisallow: /path/file-with-a-%2A.html\n", "/path/file-with-a-b.html", True),
        ("User-agent: *\nDisallow: /path/foo-%24\n", "/path/foo-$", False),
        ("User-agent: *\nDisallow: /a$b\n", "/a$b", False),
        ("User-agent: *\nDisallow: /$\n", "", False),
    ],
)
def test_what_the_standard_says(text: str, path: str, expected: bool) -> None:
    assert allows(text, path) is expected


def test_the_robot_is_its_product_token_in_any_case() -> None:
    assert not allows("User-agent: Mekiki\nDisallow: /\n", "/", robot="MEKIKI/0.1 (+someone)")


def test_what_is_too_long_ends_at_a_line() -> None:
    """The first 500 kB count; half of a rule would forbid more than the whole."""
    head = b"User-agent: *\nDisallow: /a\n#"
    filled = head + b"x" * (PARSED_BYTES - len(head) - 13) + b"\nDisallow: /private/\n"
    robots = Robots(filled + b"Disallow: /\n", "mekiki")
    assert filled[:PARSED_BYTES].endswith(b"Disallow: /p")
    assert not robots.allows(f"{HOST}/a")
    assert robots.allows(f"{HOST}/p")


@pytest.mark.parametrize(
    "lines",
    [
        [f"User-agent: a{number}" for number in range(15_000)] + [f"Disallow: /{number}" for number in range(15_000)],
        ["User-agent: *", "Disallow: /" + "%41" * 160_000],
        ["User-agent: *", "Disallow: /" + "*a" * 200_000],
        ["User-agent: *"] + ["Disallow: /*aab"] * 30_000,
        ["User-agent: *"] * 30_000,
    ],
    ids=["robots", "escapes", "stars", "rules", "groups"],
)
def test_no_file_keeps_us_busy(lines: list[str]) -> None:
    """With a list of rules for each robot the first takes minutes."""
    assert Robots("\n".join(lines).encode(), "mekiki").allows(f"{HOST}/" + "b" * 8000)


def test_too_many_wildcards_for_so_long_an_address_are_a_trap() -> None:
    text = "User-agent: *\n" + "".join(f"Disallow: /*{number}x\n" for number in range(28_000))
    assert allows(text, "/short")
    with pytest.raises(RobotsTrap):
        allows(text, "/" + "a" * 8000)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_are_a_file(body: bytes, path: str) -> None:
    assert Robots(b"User-agent: *\n" + body, "mekiki").allows(f"{HOST}/{path}") in (True, False)


RULE = st.lists(st.sampled_from(["/", "a", "b", "*", "$"]), min_size=1, max_size=7).map("".join)


@given(st.lists(st.tuples(st.booleans(), RULE), max_size=4), st.text("/ab", max_size=7))
def test_wildcards_match_as_a_regular_expression_would(rules: list[tuple[bool, str]], path: str) -> None:
    text = "User-agent: *\n" + "".join(f"{'Allow' if allow else 'Disallow'}: {rule}\n" for allow, rule in rules)
    matching = [
        (len(re.sub(r"\*+", "*", rule.removesuffix("$")).replace("$", "%24")) + rule.endswith("$"), allow)
        for allow, rule in rules
        if re.match(_expression(rule), f"/{path}", re.DOTALL)
    ]
    assert allows(text, f"/{path}") is max(matching, default=(0, True))[1]


def _expression(rule: str) -> str:
    parts = map(re.escape, rule.removesuffix("$").split("*"))
    return ".*".join(parts) + (r"\Z" if rule.endswith("$") else "")
