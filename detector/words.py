"""The lexicons: words by what they do to a reader (offer, threat, hand-off, …), Japanese and English, loaded once."""

import tomllib
from dataclasses import dataclass
from importlib import resources

LANGUAGES = ("ja", "en")
LURES = ("offer", "clearance", "giveaway", "investment", "threat", "credentials", "handoff")
CONTEXTS = ("news", "review", "job", "warning", "resale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One entry of a lexicon."""

    category: str
    phrase: str
    example: str  # a text that it must be found in
    language: str


def _load() -> tuple[Word, ...]:
    words = []
    for language in LANGUAGES:
        text = resources.files("detector").joinpath(f"lexicon/{language}.toml").read_text(encoding="utf-8")
        for category, entries in tomllib.loads(text).items():
            words += [Word(category=category, language=language, **entry) for entry in entries]
    return tuple(words)


WORDS: tuple[Word, ...] = _load()
