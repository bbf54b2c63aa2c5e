import pytest

from detector.names import (
    ALIKE,
    BREAK_HINT,
    DASH,
    DIGIT,
    FOREIGN,
    INVISIBLE,
    KANJI_FOR_KANA,
    MARKED,
    MISSPELT,
    PUNCTUATED,
    SPACED,
    SPLIT,
    STYLED,
    VARIANT,
    Likeness,
    bounded,
    compare,
    patterns,
)
from detector.normalize import skeleton


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
        ("マツダ", "ﾏﾂﾀﾞ"),
        ("アマゾン", "あまぞん"),
        ("はまかぜ", "ハマカゼ"),
        ("高島電機", "髙島電機"),  # old form
        ("国分電機", "國分電機"),
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
        ("ニトロデンキ", "二トロデンキ", KANJI_FOR_KANA),
        ("ホシノサーバー", "ホシノサ一バー", DASH),
        ("HOSH", "H0SH", DIGIT),
        ("Hoshino", "Hosh!no", DIGIT),
        ("Ruscool", "Rusc00|", DIGIT),
        ("Hoshino", "🅷🅾🆂🅷🅸🅽🅾", FOREIGN),
        ("Hoshino", "ᕼosᕼino", FOREIGN),
        ("Hoshino", "ʜᴏꜱʜɪɴᴏ", ALIKE),
        ("Hoshino", "𝐇𝐨𝐬𝐡𝐢𝐧𝐨", STYLED),
        ("Hoshino", "Ⓗoshino", STYLED),
        ("Hoshino", "H\u0335o\u0335shino", MARKED),
        ("Hoshino", "Ho\u3164shino", INVISIBLE),
        ("Hoshino", "Ho\ufe0fshino", INVISIBLE),
        ("Hoshino", "H|o|s|h|i|n|o", PUNCTUATED),
        ("星野電機", "星野电机", VARIANT),
        ("富士電機", "富土電機", ALIKE),
        ("星野電機", "星野電気", MISSPELT),
        ("ホシノデンキ", "ホシノデソキ", ALIKE),
        ("ホシノ銀行", "ホツノ銀行", ALIKE),
        ("星野電機", "星埜電機", ALIKE),
        ("星野電機", "星里予電機", SPLIT),
        ("星野電機", "日生野電木幾", SPLIT),
        ("Hoshino Cosme", "Hoshino \u03f9osme", FOREIGN),
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
        ("HOSH", "hosh"),  # a word
        ("HOSH", "Hosh"),
        ("Dell", "DELI"),
        ("Dell", "dell"),
        ("HOSH", "H05H"),
        ("アマゾン", "あマゾん"),
        ("星野電機", "星" + " " * 100 + "野電機"),
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


@pytest.mark.parametrize(("name", "seen"), [("Hosho!", "Hosho"), ("Hoshino", "Hosh!no"), ("星野電機", "星野電器")])
def test_patterns_cover_writings_that_skeletons_keep_apart(name: str, seen: str) -> None:
    assert skeleton(seen).text in patterns(name)


def test_a_slip_tells_less_than_a_disguise() -> None:
    weak, strong = Likeness((MISSPELT,)), Likeness((FOREIGN,))
    assert weak.strength * 3.0 == pytest.approx(1.4, abs=0.1)  # D2
    assert weak.strength < Likeness((SPACED,)).strength < strong.strength
