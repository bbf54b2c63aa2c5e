"""Addresses and texts without what could tell of people."""

import re
from base64 import urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detector.hosts import parse_host
from takedown.sharing.personal import HIDDEN, LONGEST_URL, shared_text, shared_url

MAIL = "taro.yamada@mail.example"
ENCODED = urlsafe_b64encode(MAIL.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.test/lp/?c=7&lang=ja", "https://shop.test/lp/?c=7&lang=ja"),
        ("HTTPS://Shop.Test", "https://shop.test/"),
        ("https://shop.test:8443/a", "https://shop.test:8443/a"),
        ("https://shop.test:443/a", "https://shop.test/a"),
        ("https://user:pw@shop.test/a#taro", "https://shop.test/a"),
        ("https://shop.test/a?fbclid=IwAR0aB&utm_source=meta&c=7", "https://shop.test/a?c=7"),
        (f"https://shop.test/a?x={MAIL}&c=7", "https://shop.test/a?c=7"),
        (f"https://shop.test/a?x={quote(quote(MAIL, safe=''), safe='')}", "https://shop.test/a"),
        (f"https://shop.test/a?x={ENCODED}", "https://shop.test/a"),
        ("https://shop.test/a?name=taro&tel=1&c=7", "https://shop.test/a?c=7"),
        ("https://shop.test/a?x=090-5555-0101&y=09055550101", "https://shop.test/a"),
        ("https://shop.test/a?x=203.0.113.9", "https://shop.test/a"),
        ("https://shop.test/a?x=山田", "https://shop.test/a"),
        (f"https://shop.test/u/{MAIL}/pay?c=7", "https://shop.test/u/"),
        (f"https://shop.test/u/{ENCODED}", "https://shop.test/u/"),
        ("https://shop.test/u/+819055550101", "https://shop.test/u/"),
        ("https://shop.test/a;jsessionid=F00BA4/b", "https://shop.test/a/b"),
        ("https://shop.test/扇風機", "https://shop.test/%E6%89%87%E9%A2%A8%E6%A9%9F"),
        ("https://星野.test/", "https://xn--kiv758g.test/"),
        ("http://[2001:db8::7]/a", "http://[2001:db8::7]/a"),
        ("https://shop.test/100%/a%2fb", "https://shop.test/100%25/a%2fb"),
        ("https://shop.test/a\r\nb\tc'\"<>`", "https://shop.test/abc%27%22%3C%3E%60"),
        ("javascript:alert(1)", None),
        ("mailto:taro@mail.example", None),
        ("tel:+819055550101", None),
        ("ftp://shop.test/a", None),
        ("https://shop.test:port/a", None),
    ],
)
def test_an_address_keeps_where_it_leads_and_loses_whom(url: str, expected: str | None) -> None:
    assert shared_url(url) == expected


def test_a_long_address_ends_with_a_whole_step() -> None:
    made = shared_url("https://shop.test/" + "/".join(["step"] * 2000))
    assert made is not None
    assert len(made) <= LONGEST_URL
    assert made.endswith("/step/")


hostile = st.text(st.characters(codec=None), max_size=80)
plain = st.text(st.characters(codec=None, exclude_characters="#?"), max_size=80)


@given(path=hostile, query=hostile, host=st.sampled_from(["shop.test", "星野.test", "203.0.113.7"]))
@example(path=f"{MAIL}", query=f"a={MAIL}", host="shop.test")
def test_whatever_an_address_holds_the_result_is_one_plain_line_to_the_same_host(
    path: str, query: str, host: str
) -> None:
    made = shared_url(f"https://{host}/{path}?{query}")
    if made is None:
        return
    expected, found = parse_host(f"https://{host}/"), parse_host(made)
    assert expected is not None
    assert found is not None
    assert found.ascii == expected.ascii
    assert re.fullmatch(r"[!$&()*+,;=:@/?%~._\[\]A-Za-z0-9-]+", made)
    assert shared_url(made) in (made, made.partition("?")[0])  # once more takes no more of the path


@given(before=plain, after=plain, how=st.integers(0, 3))
def test_no_mail_address_survives_in_a_path_or_a_query(before: str, after: str, how: int) -> None:
    written = [MAIL, quote(MAIL, safe=""), quote(quote(MAIL, safe=""), safe=""), ENCODED][how]
    for url in (
        f"https://shop.test/{written}/x",
        f"https://shop.test/x?{before}=1&v={written}&{after}=2",
    ):
        made = shared_url(url)
        assert made is not None
        assert written not in made
        assert "yamada" not in made


def test_a_text_loses_addresses_numbers_and_names_but_keeps_its_words() -> None:
    text = "閉店セール。連絡先 taro@mail.example、090-5555-0101、LINE @sale88。口座名義：ヤマダ タロウ 代表者 山田花子"
    made = shared_text(text, ["texts"])
    assert made.startswith("閉店セール。連絡先 ")
    assert not any(word in made for word in ("taro", "0101", "sale88", "ヤマダ", "タロウ", "花子"))
    assert made.count(HIDDEN) == 5


def test_an_address_in_a_text_loses_whom_it_was_sent_to() -> None:
    text = "確認は https://shop.test/u/taro?uid=taro7&c=7#taro まで、https://shop.test/x?n=09055550101"
    assert shared_text(text, ["texts"]) == "確認は https://shop.test/u/taro?c=7 まで、https://shop.test/x"


@pytest.mark.parametrize(
    ("part", "kept", "hidden"),
    [("handoffs", "@sale88", "1234567"), ("payees", "1234567", "@sale88")],
)
def test_accounts_in_a_text_are_told_where_their_part_is(part: str, kept: str, hidden: str) -> None:
    text = "LINE @sale88 銀行振込: みどり銀行 架空支店 普通 1234567"
    made = shared_text(text, ("texts", part))  # type: ignore[arg-type]  # parts of the profile
    assert kept in made
    assert hidden not in made


@given(text=st.text(st.characters(codec=None), max_size=200), at=st.integers(0, 200))
def test_no_mail_address_survives_in_a_text(text: str, at: int) -> None:
    made = shared_text(f"{text[:at]} {MAIL} {text[at:]}", ())
    assert MAIL not in made
