import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.normalize import MAX_TEXT, fold, skeleton

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=60)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("ＨＯＳＨＩＮＯ", "hoshino"),
        ("Нoshіno", "hoshino"),  # Cyrillic En and i
        ("ho\u200bshi\u00adno", "hoshino"),
        ("ho\U000e0041shino", "hoshino"),
        ("\u202ehoshino\u202c", "hoshino"),
        ("ﾎｼﾉﾃﾞﾝｷ", "ホシノデンキ"),
        ("ほしのでんき", "ホシノデンキ"),
        ("𝐇𝐨𝐬𝐡𝐢𝐧𝐨", "hoshino"),
        ("Hóshinö", "hoshino"),
        ("キャノン", "キヤノン"),
        ("ᕼꓳꜱⲎιпօ", "hoshino"),  # Canadian, Lisu, small capital, Coptic, Greek, Cyrillic, Armenian
        ("🅷🅾🆂🅷🅸🅽🅾", "hoshino"),
        ("🇭🇴🇸🇭🇮🇳🇴", "hoshino"),
        ("Ꮋøꞩħɨɳō", "hoshino"),
        ("Ηοshινο", "hoshivo"),  # Greek capital Eta is H, small nu is v
        ("乐天电机", "楽天電機"),
        ("髙嶋", "高島"),
    ],
)
def test_fold_makes_disguised_and_plain_writing_equal(written: str, plain: str) -> None:
    assert fold(written).text == fold(plain).text


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("星 野・電-機", "星野電機"),
        ("H0sh1no", "hoshino"),
        ("サ一バー", "サーバー"),
        ("サーバ", "サーバー"),
        ("二トリ", "ニトリ"),
        ("H05h1n0 8a77", "hoshino batt"),
    ],
)
def test_skeleton_makes_what_a_hurried_reader_confuses_equal(written: str, plain: str) -> None:
    assert skeleton(written).text == skeleton(plain).text


def test_sentences_are_not_joined_across_their_end() -> None:
    assert skeleton("冬の星。野電機").text != skeleton("冬の星野電機").text


def test_span_leads_back_to_the_original() -> None:
    text = "今日は星\u200b野 電機で"
    folded = skeleton(text)
    start = folded.text.index("星")
    first, last = folded.span(start, start + 4)
    assert text[first:last] == "星\u200b野 電機"


def test_span_outside_the_text_is_an_error() -> None:
    with pytest.raises(IndexError):
        fold("abc").span(1, 9)


@given(ANY_TEXT)
def test_every_folded_character_leads_back_to_its_own(text: str) -> None:
    for folded in (fold(text), skeleton(text)):
        places = [folded.span(at, at + 1) for at in range(len(folded.text))]
        assert places == sorted(places)
        for at, (start, end) in enumerate(places):
            assert end == start + 1
            single = fold(text[start:end]) if folded.text == fold(text).text else skeleton(text[start:end])
            assert folded.text[at] in single.text


@given(ANY_TEXT)
def test_folding_removes_invisible_characters(text: str) -> None:
    assert not any(unicodedata.category(character) in ("Cf", "Mn") for character in fold(text).text)


@given(ANY_TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = skeleton(text).text
    assert skeleton(once).text == once


def test_text_is_capped() -> None:
    assert len(fold("a" * (MAX_TEXT + 5)).text) == MAX_TEXT
