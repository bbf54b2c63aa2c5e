"""Evidence: one explained observation, with the place it was seen at and its part of the score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSpan:
    """Characters `span[0]` to `span[1]` (end exclusive) of `Item.texts[text].text`, unnormalised."""

    text: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBox:
    """Box `(x, y, width, height)` in pixels of `Item.images[image]`."""

    image: int
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAt:
    """`Item.links[link]`."""

    link: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HopAt:
    """Hop number of a Visit, from 0."""

    hop: int


Where = TextSpan | ImageBox | LinkAt | HopAt


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a signal found, in words and numbers that a person can check."""

    signal: str  # e.g. "host.lookalike"
    weight: float  # contribution to the score in log-odds
    strength: float  # the signal's own measure, 0-1, before weighting
    observed: str  # as it stood in the item
    expected: str  # what the brand really uses
    where: Where | None = None
    says: str  # one sentence for an analyst


LEARNED = ("wording.", "setting.")  # signals that sum up what many cases taught; they name no technique


def telling(evidence: Evidence) -> tuple[bool, float]:
    """Return the key to sort evidence by for people: named techniques first, what was learned last; then by weight.

    "The host imitates yours" says what to look at; a scrap of the wording weighs as much and says little.
    """
    return evidence.signal.startswith(LEARNED), -abs(evidence.weight)


def accusing(evidence: Evidence) -> tuple[bool, bool, float]:
    """Return the key to sort evidence by where only what speaks against an item gives a reason: that is first."""
    return evidence.weight <= 0, *telling(evidence)


OF_THE_BRAND = ("picture.logo", "picture.copy")  # signals that expect a file of the brand, by its name


def expects_file(evidence: Evidence) -> bool:
    """Tell whether what is expected is a file of our own configuration: its name only looks like a host."""
    return evidence.signal in OF_THE_BRAND


class _WithoutPlace(TypedDict):
    signal: str
    weight: float
    strength: float
    observed: str
    expected: str
    says: str


_PLACES: tuple[tuple[str, type[TextSpan | ImageBox | LinkAt | HopAt]], ...] = (
    ("text", TextSpan),
    ("image", ImageBox),
    ("link", LinkAt),
    ("hop", HopAt),
)


def evidence_from_json(value: Mapping[str, Any]) -> Evidence:
    """Read Evidence from its decoded JSON form; `where` is told apart by its first key.

    Raises:
        msgspec.ValidationError: a field is missing or has the wrong type.
    """
    where = value.get("where")
    place = next((kind for key, kind in _PLACES if where and key in where), None)
    return Evidence(
        **msgspec.convert(dict(value), _WithoutPlace),
        where=None if place is None else msgspec.convert(where, place),
    )
