"""Hostile text is visible and inert wherever it is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.screen import defang, defang_text, screen

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # surrogates and unassigned code points included


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("星野電機 公式ショップ！ 50％OFF", "星野電機 公式ショップ！ 50％OFF"),
        ("é e\u0301 한국어 العربية", "é e\u0301 한국어 العربية"),
        ("photo\u202egnp.exe", r"photo\u{202E}gnp.exe"),
        ("\x1b[2J\x1b]0;owned\x07", r"\u{1B}[2J\u{1B}]0;owned\u{7}"),
        ("a\nb\r\nc\td", r"a\u{A}b\u{D}\u{A}c\u{9}d"),
        ("\x9b31m", r"\u{9B}31m"),
        ("Ho\u200bshi\u2060no\ufeff\u00ad", r"Ho\u{200B}shi\u{2060}no\u{FEFF}\u{AD}"),
        ("hi\U000e0041\U000e007f", r"hi\u{E0041}\u{E007F}"),
        ("line\u2028break\u2029", r"line\u{2028}break\u{2029}"),
        ("\ud800", r"\u{D800}"),
        ("\u3164\u2800\uffa0", r"\u{3164}\u{2800}\u{FFA0}"),
        ("\ue000\u0378", r"\u{E000}\u{378}"),
        ("❤\ufe0f 葛\U000e0100 1\ufe0f", "❤\ufe0f 葛\U000e0100 1\ufe0f"),
        ("❤\ufe0f\ufe0e\U000e01ef", r"❤" + "\ufe0f" + r"\u{FE0E}\u{E01EF}"),
        ("a\ufe0f", r"a\u{FE0F}"),
        ("\ufe0f", r"\u{FE0F}"),
        ("z" + "\u0301" * 10, "z" + "\u0301" * 8 + r"\u{301}\u{301}"),
    ],
)
def test_screen(text: str, shown: str) -> None:
    assert screen(text) == shown


def test_no_character_is_passed_over_that_would_be_escaped_in_other_company() -> None:
    """Plain text takes a short way; what is in it must be what the long way leaves alone."""
    passed = [character for character in map(chr, range(0x11_0000)) if screen(character) == character]
    assert len(passed) > 100_000
    for start in range(0, len(passed), 50):
        some = passed[start : start + 50]
        shown = screen("\u200b".join(some)).split("\\u{200B}")
        assert shown == some


def test_screen_keeps_lines_when_asked() -> None:
    assert screen("a\r\nb\rc\n\td\x0b\x1b", lines=True) == "a\nb\nc\n\td\\u{B}\\u{1B}"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("星野電機", 4, "星野電機"),
        ("星野電機", 3, "星野…"),
        ("ab\x1bcd", 6, "ab…"),
        ("\x1b\x1b", 6, "…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("", 0, ""),
    ],
)
def test_screen_cuts_visibly_and_never_inside_an_escape(text: str, limit: int, shown: str) -> None:
    assert screen(text, limit=limit) == shown


@given(ANY_TEXT, st.none() | st.integers(0, 20), st.booleans())
def test_screen_lets_nothing_dangerous_through(text: str, limit: int | None, lines: bool) -> None:
    shown = screen(text, limit=limit, lines=lines)
    assert limit is None or len(shown) <= limit
    categories = {unicodedata.category(character) for character in shown if not (lines and character in "\n\t")}
    assert not categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    shown.encode()


@pytest.mark.parametrize(
    ("url", "inert"),
    [
        ("https://shop.example/a.b?c=d.e", "hxxps://shop[.]example/a.b?c=d.e"),
        ("HTTP://www.shop.example:8080", "hxxp://www[.]shop[.]example:8080"),
        ("shop.example", "shop[.]example"),
        ("shop.example:8443/x", "shop[.]example:8443/x"),
        ("//shop.example/x", "//shop[.]example/x"),
        ("https:\\\\shop.example", "hxxps:\\\\shop[.]example"),
        ("https:shop.example", "hxxps[:]shop[.]example"),
        ("https://me:pw@192.0.2.1/", "hxxps://me:pw[@]192[.]0[.]2[.]1/"),
        ("https://shop。example．test｡/", "hxxps://shop[.]example[.]test[.]/"),
        ("ftp://files.example", "fxp://files[.]example"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("line://ti/p/x", "line[:]//ti/p/x"),
        ("mailto:sales@shop.example", "mailto[:]sales[@]shop[.]example"),
        ("https://ad.example/?to=https://shop.test/x", "hxxps://ad[.]example/?to=hxxps://shop[.]test/x"),
        ("https://shop.example/\u202e\n", r"hxxps://shop[.]example/\u{202E}\u{A}"),
        ("", ""),
    ],
)
def test_defang(url: str, inert: str) -> None:
    assert defang(url) == inert


@pytest.mark.parametrize("text", ["https:" * 500, "http://" * 5000, "a.bb" * 5000])
def test_defang_of_nested_links(text: str) -> None:
    assert "http://" not in defang(text)
    assert "http://" not in defang_text(text)


@given(st.text("htps:/\\.[]@?#ax。 ", max_size=30))
def test_defang_twice_is_defang_once(url: str) -> None:
    assert defang(defang(url)) == defang(url)


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("詳細はhttps://shop.example/aへ。次の文", "詳細はhxxps://shop[.]example/aへ。次の文"),
        ("「https://shop.example」から", "「hxxps://shop[.]example」から"),
        ("今すぐshop.exampleへアクセスしてください", "今すぐshop[.]exampleへアクセスしてください"),
        ("Mail sales@shop.example now.", "Mail sales@shop[.]example now."),
        ("www.星野電機.test", "www[.]星野電機[.]test"),
        ("shop．example", "shop[.]example"),
        (
            "(192.0.2.7) 3.5 times, e.g. U.S.A. version 2.0.1",
            "(192[.]0[.]2[.]7) 3.5 times, e.g. U.S.A. version 2.0.1",
        ),
        ("です。次の文です。", "です。次の文です。"),
        ("cafe\u0301.test कमी.test 星\ufe00.test 👍.test", "cafe\u0301[.]test कमी[.]test 星\ufe00[.]test 👍[.]test"),
        ("shop.भारत", "shop[.]भारत"),  # the second character is a mark
        ("shop。test", "shop[.]test"),
        ("open 192.0.2.7. Or 192.0.2.7", "open 192[.]0[.]2[.]7. Or 192[.]0[.]2[.]7"),
        ("line\nhttp://a.test\nend", "line\nhxxp://a[.]test\nend"),
        ("<https://a.test|click>", "<hxxps://a[.]test|click>"),
    ],
)
def test_defang_text(text: str, inert: str) -> None:
    assert defang_text(text) == inert


@given(ANY_TEXT)
def test_defang_text_leaves_no_live_scheme(text: str) -> None:
    inert = defang_text(text + "https://a.example http://b.test")
    assert "https://" not in inert
    assert "http://" not in inert
    assert "b.test" not in inert
