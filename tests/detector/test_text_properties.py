"""What must hold for every text: the way back, agreement with slow obvious searches, survival, bounded work."""

import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from types import CodeType, FrameType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from detector.brands import BrandProfile
from detector.confusables import VOICE_MARKS
from detector.items import Item, Text
from detector.misspelt import MisspeltIndex
from detector.names import bounded, compare, patterns
from detector.normalize import MAX_TEXT, fold, skeleton
from detector.reading import MOST_COMPARED, MOST_LOOKS, MOST_PLACES, NameHit, TextIndex
from tests.detector.hoshino import HOSHINO

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=80)
NAMES = ("星野電機", "Hoshino Denki", "ホシノデンキ", "Ruscool", "ソニカー", "ニトロ", "HOSH", "ホシノ工業", "Hosho!")
BRANDS = [BrandProfile(key=name, name=name) for name in NAMES]
INDEX = TextIndex(BRANDS)
LURE = "。期間限定"  # keeps names that need context
# Whole names, hidden names, their letters, what stands between and what is drawn alike.
HIDDEN = ("ほしのでんき", "ﾎｼﾉﾃﾞﾝｷ", "ｿﾆｶｰ", "星野電气", "H0shin0", "Нoshino", "Denk!", "RuscooI", "二ト口")
BETWEEN = " \u3000.・-ー一\u200b\u00ad\u0301\u3099。xXアの!|"
PIECES = st.sampled_from([*NAMES, *"".join(NAMES), *HIDDEN, "ホシノデソキ", "ソニカ", *BETWEEN])
MIXED_TEXT = st.lists(PIECES, max_size=9).map("".join)


def hits(index: TextIndex, text: str) -> dict[int, list[NameHit]]:
    return index.read(Item(id="1", kind="ad", texts=(Text(role="body", text=text),))).names


@given(ANY_TEXT | MIXED_TEXT)
def test_folding_is_character_by_character_and_every_span_leads_back(text: str) -> None:
    for folded, alone in ((fold(text), fold), (skeleton(text), skeleton)):
        assert folded.text == "".join(alone(character).text for character in text)
        spans = [folded.span(at, at + 1) for at in range(len(folded.text))]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert spans == sorted(spans)
        for at, (start, end) in enumerate(spans):
            assert folded.text[at] in alone(text[start:end]).text
        for first in range(0, len(spans), 7):
            for last in range(first, len(spans), 5):
                assert folded.span(first, last + 1) == (spans[first][0], spans[last][1])


def slow_search(name: str, text: str) -> set[tuple[int, int]]:
    """Walk along a text and ask at every place whether it is the name."""
    found = set()
    keys = patterns(name)
    counts = [bool(skeleton(character).text) for character in text]
    for start in range(len(text)):
        for core in range(start + 1, len(text) + 1):
            if not (counts[start] and counts[core - 1] and skeleton(text[start:core]).text in keys):
                continue
            end = core
            while end < len(text) and (text[end] in VOICE_MARKS or unicodedata.category(text[end]) == "Mn"):
                end += 1
            end += name.endswith("ー") and text[end : end + 1] in tuple("ー一-ｰ")
            if bounded(name, text, start, end) and compare(name, text[start:end]) is not None:
                found.add((start, end))
    return found


@settings(deadline=None)
@given(MIXED_TEXT)
@example("ｿﾆｶｰの")
@example("の新ソニカー")
@example("星野・電\u200b機")
@example("Hosh!no Denk!")
def test_search_agrees_with_a_walk_along_the_text(text: str) -> None:
    seen = hits(INDEX, text + LURE)
    for number, name in enumerate(NAMES):
        keys = patterns(name)
        fast = {hit.span for hit in seen.get(number, ()) if skeleton(hit.seen).text in keys}
        slow = slow_search(name, text + LURE)
        assert fast <= slow
        if len(fast) == MOST_PLACES:
            continue
        others = {hit.span for found in seen.values() for hit in found}
        for span in slow - fast:  # a slip inside a name that is written out is that name
            likeness = compare(name, (text + LURE)[slice(*span)])
            assert likeness is not None
            assert "misspelt" in likeness.disguises
            assert any(start <= span[0] and span[1] <= end for start, end in others)


LETTERS = st.text(alphabet="hosinEk", min_size=4, max_size=9).map(str.lower)


@given(LETTERS, st.lists(LETTERS, max_size=6))
@example("hoshino", ["hoshio", "hoshimo", "hohsino", "hoshinno"])
def test_lookup_of_slips_agrees_with_edit_distance(name: str, words: list[str]) -> None:
    text = " ".join(word.capitalize() for word in words)
    found = {text[start:end].lower() for _, start, end in MisspeltIndex([(0, name)]).find(text)}
    slips = {word for word in words if word[0] == name[0] and word[-1] == name[-1] and OSA.distance(name, word) == 1}
    assert found == {word for word in slips if len(name) >= 6 and len(word) >= 5}


@given(st.lists(ANY_TEXT, max_size=3))
@example(["\ud800星野電機\udfff", "\x00H\x00oshino Denki", "\U0010ffff"])
def test_any_text_is_read(texts: list[str]) -> None:
    item = Item(id="1", kind="ad", texts=tuple(Text(role="body", text=text) for text in texts))
    reading = TextIndex([HOSHINO]).read(item) if not texts else INDEX.read(item)
    for hit in (hit for found in reading.names.values() for hit in found):
        assert texts[hit.text][slice(*hit.span)] == hit.seen
    for word in (word for found in reading.words.values() for word in found):
        assert texts[word.text][slice(*word.span)] == word.seen


WORST = {
    "one name": "星野電機",
    "names and masks": "星野リゾート星野電機",
    "hidden names": "星\u200b野電機Н0shino Denkiホ.シ.ノ.デ.ン.キ",
    "near names": "Hoshimo Denki ホシノデソキ ",
    "nearly names": "星野電 Hoshino Denk ホシノデン ",
    "separators": " .・-_|",
    "marks": "\u0301\u3099\u0335",
    "spaced ends": "星" + " " * 500,
    "digits": "1057",
    "words": "期間限定セール",
    "letters": "ho",
}


def counted(text: str) -> Counter[str]:
    """Return how often each function of the detector is called while a text is read."""
    brand = replace(HOSHINO, ambiguous=(*HOSHINO.ambiguous, "Hoshi"))
    index = TextIndex([brand])
    hits(index, text)  # fills the tables of characters
    calls: Counter[CodeType] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls[frame.f_code] += 1

    sys.setprofile(count)
    try:
        reading = index.read(Item(id="1", kind="ad", texts=(Text(role="body", text=text),)))
        assert reading.names is not None
        assert reading.words is not None
    finally:
        sys.setprofile(None)
    own = Counter[str]()
    for code, times in calls.items():
        if "detector" in code.co_filename:
            own[code.co_name] += times
    return own


@pytest.mark.parametrize("piece", WORST.values(), ids=WORST)
def test_the_longest_text_costs_bounded_work(piece: str) -> None:
    calls = counted((piece * (MAX_TEXT // len(piece) + 1))[:MAX_TEXT])
    names = 12  # that the profile lists
    assert calls["compare"] <= min(MOST_COMPARED, MOST_LOOKS * names)
    assert calls["bounded"] <= 2 * MOST_LOOKS * names
    assert calls.total() <= 100_000


def test_many_different_writings_do_not_multiply_the_work() -> None:
    text = "".join("星" + "." * (at % 900) + "野電機" for at in range(3_000))[:MAX_TEXT]
    calls = counted(text)
    assert 0 < calls["compare"] <= MOST_LOOKS
    assert calls.total() <= 50_000
