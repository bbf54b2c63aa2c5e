"""What the fonts of the PDF can draw, and how the rest is shown."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.screen import screen
from takedown.bundle.fonts import font, shown

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("星野電機 髙﨑 ｱｲﾊ ①", "星野電機 髙﨑 ｱｲﾊ ①"),
        ("🔥80%OFF", "[U+1F525]80%OFF"),
        ("공식", "[U+ACF5][U+C2DD]"),
        ("简体", "[U+7B80]体"),
        ("“Đặt” ™ ✓", "“Đặt” ™ ✓"),
        ("שלום عربي", "[U+05E9][U+05DC][U+05D5][U+05DD] [U+0639][U+0631][U+0628][U+064A]"),
        ("a\u202eb\u200bc\x1b[2J\x00", "a\\u{202E}b\\u{200B}c\\u{1B}[2J\\u{0}"),
        ("\ud800", "\\u{D800}"),
        ("one\r\ntwo\tthree", "one\ntwo three"),
    ],
)
def test_what_has_no_letter_or_misleads_is_shown_by_its_number(text: str, expected: str) -> None:
    assert shown(text, font("text")) == expected


@given(st.text(max_size=60), st.sampled_from(["text", "mono"]))
def test_all_that_is_shown_can_be_drawn_and_hides_nothing(text: str, key: str) -> None:
    chosen = font(key)
    drawn = shown(text, chosen)
    assert all(character == "\n" or chosen.drawable(character) for character in drawn)
    assert screen(drawn, lines=True) == drawn
    assert shown(drawn, chosen) == drawn


def test_japanese_among_addresses_and_hashes_is_drawn_by_the_other_font() -> None:
    line = "hoshino.test/星野電機/x"
    assert shown(line, font("mono")) == line
    assert [part for _, part in font("mono").runs(line)] == ["hoshino.test/", "星野電機", "/x"]
    assert font("mono").width("星") == 1000 > font("mono").width("m") == font("mono").width("i")
    assert font("text").width("’") < 500


def test_the_fonts_are_found_without_starting_the_libraries_that_bring_them() -> None:
    code = "import sys; from takedown.bundle.fonts import font; font('text'), font('mono')"
    code += "; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
