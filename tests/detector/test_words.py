import pytest

from detector.items import Item, Text
from detector.reading import TextIndex
from detector.words import CONTEXTS, LURES, WORDS, Word
from tests.detector.hoshino import HOSHINO

INDEX = TextIndex([HOSHINO])


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{word.category}-{word.phrase}")
def test_every_phrase_is_found_in_its_example(word: Word) -> None:
    item = Item(id="1", kind="ad", texts=(Text(role="body", text=word.example),))
    found = INDEX.read(item).words.get(word.category, [])
    assert word.phrase in {hit.phrase for hit in found}
    for hit in found:
        start, end = hit.span
        assert word.example[start:end] == hit.seen


def test_no_phrase_is_listed_twice() -> None:
    keys = [(word.category, word.phrase) for word in WORDS]
    assert len(keys) == len(set(keys))


def test_both_languages_have_every_category() -> None:
    for language in ("ja", "en"):
        categories = {word.category for word in WORDS if word.language == language}
        assert categories == {*LURES, *CONTEXTS, "official", "sender"}


def test_latin_phrases_need_word_borders() -> None:
    item = Item(id="1", kind="ad", texts=(Text(role="body", text="wholesale and salesman"),))
    assert "offer" not in INDEX.read(item).words
