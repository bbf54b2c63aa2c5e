"""Everything that is written in a picture: hostile bytes -> blocks of words and the content of codes.

A target of the sandbox; it needs the optional extra `words`.
"""

from typing import Any

from detector.images.codes import codes_of
from detector.images.decode import decode
from detector.images.words import blocks, words_of

LEAST_SIDE: int = 24  # pixels of the shorter side, below which nothing is read: icons, counting pixels
MOST_TEXTS: int = 60  # of one picture
MOST_CHARACTERS: int = 2000  # of one block


def read_texts(data: bytes, *, words: bool = True) -> list[dict[str, Any]]:
    """Read the words and codes of a picture; each as `PictureText`, in built-in types, codes first.

    Args:
        data: the picture's bytes.
        words: read the words, too; without, only the codes, which takes a tenth of the time.

    Raises:
        PictureRefused: see `detector.images.decode.decode`.
        WordsUnavailable: the extra `words` is missing or incomplete.
    """
    image = decode(data)
    if min(image.size) < LEAST_SIDE:
        return []
    codes = [{"kind": "code", "text": code["text"], "box": code["box"]} for code in codes_of(image)]
    lines = blocks(words_of(image)["lines"]) if words else ()
    read = [{"kind": "words", "text": text, "box": box} for text, box in lines]
    found = [entry for entry in [*codes, *read] if entry["text"].strip()]
    return [{**entry, "text": entry["text"][:MOST_CHARACTERS]} for entry in found[:MOST_TEXTS]]
