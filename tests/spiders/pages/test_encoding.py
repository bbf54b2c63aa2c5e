"""Text comes out right although the declared encoding is missing or wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.pages.encoding import decode

JAPANESE = "星野電機のエアコンは、カタカナとひらがなで説明されている。①㈱も読める。"
PLAIN = "星野電機のエアコンは、カタカナとひらがなで説明されている。"


@pytest.mark.parametrize("declared", [None, "utf-8", "iso-8859-1", "Shift_JIS", "euc-jp", "no-such", "unicode_escape"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp", "iso2022_jp"])
def test_japanese_whatever_is_declared(encoding: str, declared: str | None) -> None:
    assert decode(PLAIN.encode(encoding), declared)[0] == PLAIN


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_vendor_characters(encoding: str) -> None:
    assert decode(JAPANESE.encode(encoding))[0] == JAPANESE


@pytest.mark.parametrize(
    ("body", "declared", "text", "used"),
    [
        (b"\xef\xbb\xbfabc", "shift_jis", "abc", "utf-8"),
        ("<p>é".encode("utf-16"), None, "<p>é", "utf-16-le"),
        (("<p>" + "a" * 50).encode("utf-16-be"), None, "<p>" + "a" * 50, "utf-16-be"),
        ("naïve café".encode("latin-1"), None, "naïve café", "cp1252"),
        ("“naïve”".encode("cp1252"), "iso-8859-1", "“naïve”", "cp1252"),
        ("Привет, мир".encode("koi8-r"), "koi8-r", "Привет, мир", "koi8-r"),
        ("中文网页内容".encode("gb18030"), "gb2312", "中文网页内容", "gb18030"),
        ("한국어 페이지".encode("cp949"), "euc-kr", "한국어 페이지", "cp949"),
        (b"", None, "", "utf-8"),
        (b"plain", "zlib", "plain", "utf-8"),
        (b'<meta charset="windows-1251">\xcf\xf0\xe8', None, '<meta charset="windows-1251">При', "cp1251"),
    ],
)
def test_other_cases(body: bytes, declared: str | None, text: str, used: str) -> None:
    assert decode(body, declared) == (text, used)


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp"])
def test_a_character_cut_off_at_the_end_costs_only_itself(encoding: str) -> None:
    text, _ = decode((PLAIN * 3).encode(encoding)[:-1] if encoding != "utf-8" else (PLAIN * 3).encode()[:-2])
    assert text.startswith(PLAIN * 2)
    assert text.count("\ufffd") == 1


@given(st.binary(max_size=500), st.none() | st.text(max_size=12))
def test_any_bytes_are_survived(body: bytes, declared: str | None) -> None:
    text, used = decode(body, declared)
    text.encode("utf-8")
    assert used
