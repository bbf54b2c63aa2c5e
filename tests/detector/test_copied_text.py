"""Copied text: long runs of an official page, found where they stand; checked against a slow, obvious reader."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.brands import BrandProfile, OfficialPage
from detector.copied_text import BLOCK, LEAST_RUN, MOST_SHOWN, MOST_TEXT, CopiedText, CopyIndex, own_words
from detector.lint import lint
from detector.normalize import Folded, skeleton
from tests.detector.hoshino import HOSHINO
from tests.growth import BOUNDED, LINEAR, growth

STORY = (
    "風を編む。静けさを設計する。北の工房から届く一台は、朝の光のように部屋をめぐり、眠りを妨げず、季節の変わり目を知らせます。\n"
    "羽根の一枚一枚に和紙の断面から学んだ曲線を写し、弱い風でも部屋の隅まで届くように作られています。"
)
COOKIES = (
    "当サイトはCookieを使用しており、閲覧を続けることで、その使用とお客様の閲覧の記録に同意したものとみなされ、"
    "広告の配信にも利用されます。"
)


def brand(*texts: str, key: str = "hoshino") -> BrandProfile:
    pages = tuple(OfficialPage(name=f"{number}.html", text=text) for number, text in enumerate(texts))
    return replace(HOSHINO, key=key, pages=pages)


def find(text: str, *brands: BrandProfile) -> list[tuple[int, CopiedText]]:
    return list(CopyIndex(brands or (brand(STORY),)).find(0, skeleton(text)))


def test_a_copy_is_found_where_it_stands() -> None:
    text = f"お客様へ重要なお知らせがあります。 {STORY} ここからログインしてください。"
    ((index, hit),) = find(text)
    assert (index, hit.page, hit.text) == (0, "0.html", 0)
    start, end = hit.span
    assert text[start:end] == hit.seen
    assert STORY.startswith(hit.seen[:30])
    assert len(hit.seen) <= MOST_SHOWN
    assert 0.6 < hit.share < 0.9


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("、", "、 ").replace("部屋", "部 屋"),
        lambda text: text.replace("\n", ""),
        lambda text: text.replace("は", "は\u200b"),
        lambda text: f"{text[:40]}（{text[40:]}",
    ],
)
def test_spaces_and_invisible_signs_hide_no_copy(change: object) -> None:
    ((_, hit),) = find(change(STORY))  # type: ignore[operator]
    assert hit.share > 0.6


@pytest.mark.parametrize(
    "text",
    [
        "",
        "星野電機は22日、新しい工場を建てると発表した。",
        "「風を編む。静けさを設計する。」という言葉が印象に残った。",  # a quotation
        STORY[:40] + "。ところで、" + STORY[40:58] + "、という話を聞いた。",
        COOKIES,
    ],
)
def test_quotations_and_what_many_sites_say_are_no_copies(text: str) -> None:
    assert find(text, brand(f"{STORY}\n{COOKIES}")) == []


def test_what_two_brands_say_counts_for_neither() -> None:
    assert find(STORY, brand(STORY)) != []
    assert find(STORY, brand(STORY), brand(STORY, key="other")) == []


def test_a_run_goes_on_over_the_lines_of_a_page_but_not_over_what_is_left_out() -> None:
    one, other = STORY.split("\n")
    assert "\n" not in own_words(STORY)
    kept = own_words(f"{one}\n{COOKIES}\n{other}")
    assert kept == f"{skeleton(one).text}\n{skeleton(other).text}"


def test_english_sentences_are_left_out_one_by_one() -> None:
    said = own_words("We make quiet fans. This site uses cookies to count visits. Version 2.5 is out.")
    assert said == f"{skeleton('We make quiet fans.').text}\n{skeleton('Version 2.5 is out.').text}"


def test_nothing_saved_finds_nothing() -> None:
    assert not CopyIndex([HOSHINO])
    assert find(STORY, HOSHINO) == []


def slow_longest(text: str, page: str) -> int:
    """Return the longest common run of two skeletons, by trying them all."""
    longest = 0
    for start in range(len(text)):
        while text[start : start + longest + 1] in page and start + longest < len(text):
            longest += 1
    return longest


PIECES = [STORY[place : place + 30] for place in range(0, len(STORY), 30)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "そのほかの文です", "あ" * 40, "お知らせ"]), max_size=12))
def test_the_longest_run_is_that_of_a_slow_reader(pieces: list[str]) -> None:
    text = "".join(pieces)
    longest = slow_longest(skeleton(text).text, own_words(STORY))
    found = find(text)
    if longest >= LEAST_RUN:
        ((_, hit),) = found
        assert hit.run == longest
        assert hit.run / max(1, len(skeleton(text).text)) <= hit.share <= 1.0
    else:
        assert found == []


def test_every_run_of_the_least_length_holds_a_block() -> None:
    assert LEAST_RUN >= 2 * BLOCK - 1


@pytest.mark.parametrize(
    "hostile", ["あ" * 200_000, "い" * 200_000, "風を編む。" * 40_000, STORY * 2_000, "abcdefgh" * 25_000]
)
def test_hostile_texts_take_little_time(hostile: str) -> None:
    draw = random.Random(1)
    pages = ["".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(20_000)) for _ in range(5)]
    index = CopyIndex([brand(*pages, STORY, "あ" * 50_000, "い" * 59, "風を編む。" * 11, "abcdefgh" * 7)])

    def find(text: Folded) -> None:
        list(index.find(0, text))

    def made(size: int) -> Folded:
        return skeleton(hostile[:size])

    assert growth(find, made, MOST_TEXT) < LINEAR
    assert growth(find, made, 4 * MOST_TEXT) < BOUNDED


def test_a_line_of_one_sign_is_no_text() -> None:
    assert find("ー" * 10 + "あ" * 200, brand(f"{STORY}\n{'あ' * 200}")) == []


def test_a_page_with_nothing_of_its_own_is_told() -> None:
    [caution] = lint([brand(STORY, f"お問い合わせ\n{COOKIES}")])
    assert (caution.where, "'1.html' has no passage" in caution.says) == ("pages", True)
