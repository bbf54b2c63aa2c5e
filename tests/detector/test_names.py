import pytest

from detector.names import (
    ALIKE,
    BREAK_HINT,
    DASH,
    DIGIT,
    FOREIGN,
    INVISIBLE,
    KANJI,
    PUNCTUATED,
    SPACED,
    bounded,
    compare,
)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("星野電機", "星野電機"),
        ("星野電機", "星野\n電機"),
        ("Hoshino Denki", "HOSHINO-DENKI"),
        ("Hoshino Denki", "ｈｏｓｈｉｎｏ　ｄｅｎｋｉ"),
        ("ホシノデンキ", "ﾎｼﾉﾃﾞﾝｷ"),
        ("ホシノデンキ", "ほしのでんき"),
        ("コンピューター", "コンピュータ"),
        ("キヤノン", "キャノン"),
        ("Hoshino", "Hóshino"),
    ],
)
def test_honest_ways_to_write_a_name(name: str, seen: str) -> None:
    likeness = compare(name, seen)
    assert likeness is not None
    assert likeness.disguises == ()


@pytest.mark.parametrize(
    ("name", "seen", "disguise"),
    [
        ("星野電機", "星 野 電 機", SPACED),
        ("星野電機", "星.野.電.機", PUNCTUATED),
        ("Hoshino Denki", "Hоshinо Denki", FOREIGN),
        ("Hoshino Denki", "H0shin0 Denki", DIGIT),
        ("Hoshino", "Hoshi\u200bno", BREAK_HINT),
        ("Hoshino", "Hoshi\u202eno", INVISIBLE),
        ("Ruscool", "RuscooI", ALIKE),
        ("ニトロデンキ", "二トロデンキ", KANJI),
        ("ホシノサーバー", "ホシノサ一バー", DASH),
    ],
)
def test_disguised_names_and_how(name: str, seen: str, disguise: str) -> None:
    likeness = compare(name, seen)
    assert likeness is not None
    assert likeness.disguises == (disguise,)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("ホシノデンキ", "ホシノテンキ"),
        ("ビザ", "ピザ"),
        ("HD", "hd"),
        ("ANA", "a-na"),
        ("星野電機", "星野電機器"),
        ("ビル", "ビール"),
        ("Ruscool", "Ruscoo"),
    ],
)
def test_other_words_are_not_the_name(name: str, seen: str) -> None:
    assert compare(name, seen) is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Ruscool", "the Ruscool fan", True),
        ("Ruscool", "xRuscoolx", False),
        ("Ruscool", "MyRuscool", True),  # a change of case is a border
        ("hoshinodenki", "#hoshinodenkisale", True),  # long: one border is enough
        ("星野電機", "は星野電機の", True),
        ("ソニカ", "パーソニカ", False),
        ("ソニカ", "新ソニカの", True),
    ],
)
def test_names_stand_as_words(name: str, text: str, *, expected: bool) -> None:
    start = text.index(name)
    assert bounded(name, text, start, start + len(name)) is expected
