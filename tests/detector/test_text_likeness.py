"""Signatures of texts are near where texts share their runs, whatever the spaces, and estimate how much they share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.items import Item, Text
from detector.text_likeness import ALIKE, BITS, BYTES, RADIUS, runs, shared, signature, words_of

SLOGAN = "倉庫移転のため世界最小のエアコンを特別価格でお譲りします。本日中にLINEで友だち追加してお申し込みください"
AGAIN = "倉庫移転のため世界最小のエアコンを特別価格でお譲りします!!本日中にLINEで友だち登録してお申し込みください🔥"
OTHER = "明日の天気は晴れのち曇り、気温は二十度前後でしょう。洗濯物は午前中に干すのがおすすめです"


def apart(one: str, other: str) -> int:
    left, right = signature(runs(one)), signature(runs(other))
    assert left is not None
    assert right is not None
    return (int.from_bytes(left) ^ int.from_bytes(right)).bit_count()


def test_a_rewritten_text_is_near_and_another_is_far() -> None:
    assert len(signature(runs(SLOGAN)) or b"") == BYTES
    assert shared(runs(SLOGAN), runs(AGAIN)) >= ALIKE
    assert apart(SLOGAN, AGAIN) <= RADIUS
    assert shared(runs(SLOGAN), runs(OTHER)) == 0
    assert apart(SLOGAN, OTHER) > RADIUS + 20


@pytest.mark.parametrize(
    "written",
    [
        SLOGAN.replace("。", "\n\n"),
        " ".join(SLOGAN),
        SLOGAN.replace("LINE", "ＬＩＮＥ").replace("エアコン", "ｴｱｺﾝ"),
        SLOGAN.replace("の", "の\u200b"),
    ],
)
def test_another_way_of_writing_is_the_same_text(written: str) -> None:
    assert shared(runs(SLOGAN), runs(written)) == 1
    assert apart(SLOGAN, written) == 0


def test_bits_differ_by_half_of_what_is_not_shared() -> None:
    letters = [chr(0x4E00 + number) for number in range(2000)]
    one = "".join(letters[:1200])
    for kept in (300, 600, 900):
        other = "".join(letters[1200 - kept : 2000 - (kept - 400) if kept > 400 else 2000])
        both = shared(runs(one), runs(other))
        expected = (1 - both) / 2 * BITS
        assert abs(apart(one, other) - expected) < 4 * (BITS * 0.25) ** 0.5  # four standard deviations


@pytest.mark.parametrize("text", ["", "セール", "星野電機 公式", "!!!???…", "あああああああああああああああああああ"])
def test_a_text_that_says_too_little_has_no_signature(text: str) -> None:
    assert signature(runs(text)) is None


def test_names_and_words_in_pictures_are_no_text_of_an_item() -> None:
    texts = (Text(role="name", text="星野電機"), Text(role="title", text="a"), Text(role="ocr", text="b"))
    assert words_of(Item(id="1", kind="ad", texts=(*texts, Text(role="body", text="c")))) == "a\nc"


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    found = runs(text)
    assert shared(found, found) == (1 if len(found) else 0)
    assert (signature(found) is None) == (len(found) == 0)
