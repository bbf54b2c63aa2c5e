"""What visitors were told, side by side: marked where it differs, in time that is bounded."""

from board.case.compare import MOST, compared

SALE = "星野電機のエアコンが本日限り80%OFFの4,990円、残り88点。LINEで友だち追加"


def marked(text: str, *others: str | None) -> list[str]:
    return [piece.text for piece in compared([text, *others])[0] if piece.matched]


def test_what_was_changed_is_marked_and_nothing_else() -> None:
    changed = SALE.replace("4,990", "3,990").replace("残り88点", "残り12点")
    assert marked(SALE, changed) == ["4", "88"]
    assert marked(changed, SALE) == ["3", "12"]
    assert marked(SALE, SALE) == []
    assert marked("Sale today", "Sale tomorrow") == ["today"]


def test_another_text_is_marked_as_a_whole_and_hides_no_small_difference() -> None:
    changed, policy = SALE.replace("88", "12"), "プライバシーポリシー 個人情報の取り扱いについてご説明します"
    assert marked(policy, SALE, changed) == [policy]
    assert marked(SALE, changed, policy) == ["88"]


def test_nothing_is_compared_with_what_was_not_told() -> None:
    assert compared([None, None]) == [(), ()]
    assert marked(SALE, None) == []
    assert compared(["", SALE])[0] == ()
    assert marked(SALE, "") == [SALE]


def test_texts_of_any_length_are_cut_and_stay_inert() -> None:
    flood = "a https://evil.test/x \u202e" * 50_000
    first, second = compared([flood, "b " + flood])
    for pieces in (first, second):
        text = "".join(piece.text for piece in pieces)
        assert len(text) < 2 * MOST
        assert "evil.test" not in text
        assert "\u202e" not in text
