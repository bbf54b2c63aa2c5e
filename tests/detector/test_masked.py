import pytest

from detector.assess import Assessor
from detector.items import Item, Text
from detector.masked import MaskedIndex
from tests.detector.hoshino import HOSHINO, ON

INDEX = MaskedIndex([(0, "星野電機"), (1, "Hoshino Denki"), (2, "ホシノデンキ"), (3, "星の")])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("☆野電機の公式", "☆野電機"),
        ("H🌟shin0 D3nki", "H🌟shin0 D3nki"),
        ("⭐️野電機の掃除機", "⭐️野電機"),
        ("今なら星■電機が", "星■電機"),
        ("H*shino Denki sale", "H*shino Denki"),
        ("the Hosh**o Denki sale", "Hosh**o Denki"),
        ("ホ〇ノデンキ", "ホ〇ノデンキ"),
        ("星野電★", "星野電★"),
    ],
)
def test_a_sign_for_a_letter_is_filled_in(text: str, seen: str) -> None:
    assert [text[start:end] for _, start, end in INDEX.find(text)] == [seen]


@pytest.mark.parametrize("text", ["○○電機", "*Hoshino Denki*", "星野電機☆", "☆☆☆☆", "H*t*l", "星野電機", "☆の"])
def test_signs_beside_or_instead_of_too_much_are_none(text: str) -> None:
    assert list(INDEX.find(text)) == []


def test_a_struck_out_name_is_hidden() -> None:
    item = Item(id="1", kind="post", texts=(Text(role="body", text="☆野電機 全品90%OFF 在庫処分"),))
    (verdict,) = Assessor([HOSHINO]).assess(item, on=ON)
    (hidden,) = [one for one in verdict.evidence if one.signal == "name.obfuscated"]
    assert (hidden.observed, hidden.strength) == ("☆野電機", 1.0)
    assert "letters struck out" in hidden.expected
    assert verdict.flagged
