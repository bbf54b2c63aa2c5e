"""Breaking of lines: nothing is lost, nothing is wider than its room, Japanese rules hold."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from takedown.bundle.fonts import font, shown
from takedown.bundle.lines import NOT_FIRST, NOT_LAST, lines_of

WIDTHS = font("text").width
WRITTEN = st.text(
    alphabet=st.one_of(
        st.sampled_from("あいう、。「」（）ーっ星野電機 abc/.?&=-[]:0123456789\n"), st.characters(codec="utf-8")
    ),
    max_size=300,
)


def room(ems: float) -> float:
    """Width of a line, in characters of full width."""
    return ems * 1000


def bare(text: str) -> str:
    """A text without its spaces and breaks."""
    return re.sub(r"\s", "", text)


@given(WRITTEN, st.integers(min_value=4, max_value=60))
def test_nothing_is_lost_and_nothing_is_too_wide(text: str, ems: int) -> None:
    drawn = shown(text, font("text"))
    lines = lines_of(drawn, room(ems), WIDTHS)
    assert bare("".join(lines)) == bare(drawn)
    for line in lines:
        assert sum(map(WIDTHS, line)) <= room(ems) or len(line.strip()) == 1


@given(st.text(alphabet="あいうえお、。「」ー", min_size=1, max_size=200))
def test_no_line_begins_with_a_stop_or_ends_with_an_opening_bracket(text: str) -> None:
    fair = re.sub("[、。「」ー]{2,}", "、", text)  # rows of them leave no place to break at
    lines = lines_of(fair, room(12), WIDTHS)
    for before, after in pairwise(lines):
        assert after[0] not in NOT_FIRST
        assert before[-1] not in NOT_LAST


@given(st.lists(st.sampled_from(["a", "of", "Denki", "shop-x.test", "星", "  ", "   "]), max_size=40))
def test_words_that_a_space_parts_stay_apart(words: list[str]) -> None:
    text = " ".join(words)
    assert " ".join(lines_of(text, room(13), WIDTHS)).split() == text.split()


def test_words_stay_whole_and_long_addresses_break_after_a_sign_that_is_no_hyphen() -> None:
    assert lines_of("Hoshino Denki Outlet", room(8), WIDTHS) == ["Hoshino Denki", "Outlet"]
    lines = lines_of("hxxps://hoshino-denki-sale[.]test/lp/order?campaign=7&click=IwAR0aB", room(14), WIDTHS)
    assert len(lines) > 2
    assert all(line.endswith(("/", "?", "&", "=", "[.]")) for line in lines[:-1])
    assert not any("[.]" in first[-1:] + second[:2] for first, second in pairwise(lines))


def test_a_scheme_is_not_parted_from_its_slashes() -> None:
    for ems in range(6, 30):
        lines = lines_of("see hxxps://hoshino-denki-sale[.]test/lp and go on", room(ems), WIDTHS)
        assert "//" in "".join(line for line in lines if "/" in line)
        assert not any(line.endswith(("hxxps:", "hxxps:/")) for line in lines)


def test_a_word_without_end_fills_its_lines() -> None:
    lines = lines_of("x" * 1000, room(20), WIDTHS)
    assert {len(line) for line in lines[:-1]} == {len(lines[0])}
    assert sum(map(WIDTHS, lines[0])) > room(19)


def test_a_line_feed_ends_a_line_and_an_empty_text_is_one_line() -> None:
    assert lines_of("a\n\nb", room(10), WIDTHS) == ["a", "", "b"]
    assert lines_of("", room(10), WIDTHS) == [""]
