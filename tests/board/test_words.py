"""The words of the board: the same keys and places in all languages."""

from string import Formatter

import pytest

from board.words import LANGUAGES, messages


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_say_the_same_things_with_the_same_places(language: str) -> None:
    ours, english = messages(language), messages("en")
    assert ours.keys() == english.keys()
    assert {key: places(text) for key, text in ours.items()} == {key: places(text) for key, text in english.items()}
    assert all(ours.values())


def test_japanese_is_japanese() -> None:
    same = {key for key, text in messages("ja").items() if text == messages("en")[key] and len(text) > 3}
    assert not same
