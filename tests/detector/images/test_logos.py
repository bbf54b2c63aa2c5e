import numpy as np
import pytest

from detector.brands import BrandProfile, Look, ReferencePicture
from detector.images.hash import PictureHash
from detector.images.logos import ASPECT, CHANCE, STANDS_OUT, LogoIndex
from detector.images.marks import WIDTH, Mark, packed, unpacked
from detector.images.strangers import FLOOR, highest, strangers

HASH = PictureHash(width=1, height=1, phash="0" * 16, flat=True)


def direction(*numbers: float) -> str:
    vector = np.zeros(WIDTH, np.float32)
    vector[: len(numbers)] = numbers
    return packed(vector / np.linalg.norm(vector))


def logo(name: str, *looks: Look) -> ReferencePicture:
    return ReferencePicture(name=name, role="logo", hash=HASH, looks=looks)


def look(vector: str, *, name: str = "whole", aspect: float = 2.0, mean: float = 0.4, spread: float = 0.08) -> Look:
    return Look(name=name, aspect=aspect, vector=vector, mean=mean, spread=spread)


def mark(vector: str, box: tuple[int, int, int, int] = (5, 6, 40, 20), mean: float = 0.4, chance: float = 0.5) -> Mark:
    return Mark(box=box, chance=chance, vector=vector, mean=mean, spread=0.08)


def index(*logos: ReferencePicture) -> LogoIndex:
    return LogoIndex([BrandProfile(key=f"b{at}", name="x", pictures=(one,)) for at, one in enumerate(logos)])


def test_vectors_survive_being_written() -> None:
    vector = np.random.default_rng(1).normal(size=WIDTH).astype(np.float32)
    vector /= np.linalg.norm(vector)
    assert float(unpacked([packed(vector)])[0] @ vector) > 0.999
    assert unpacked([]).shape == (0, WIDTH)
    with pytest.raises(ValueError, match="another length"):
        unpacked([packed(vector)[:12]])


def test_a_mark_near_a_look_is_found_with_its_box_and_look() -> None:
    eye = index(
        logo("a.svg", look(direction(1, 0), name="whole, black on white")), logo("b.svg", look(direction(0, 1)))
    )
    ((brand, hit),) = eye.find([mark(direction(0, 0, 1)), mark(direction(1, 0.2), (9, 9, 30, 15))])
    assert (brand, hit.reference.name, hit.look, hit.box) == (0, "a.svg", "whole, black on white", (9, 9, 30, 15))
    out = (1 / 1.04**0.5 - 0.4) / 0.08 + CHANCE * np.log(0.5)
    assert hit.score == pytest.approx(1 / (1 + np.exp(STANDS_OUT - out)), abs=0.02)


def test_what_strangers_reach_counts_on_both_sides() -> None:
    vector = direction(1, 0.6)
    assert index(logo("a", look(direction(1)))).find([mark(vector)])
    assert not index(logo("a", look(direction(1), mean=0.75))).find([mark(vector)])
    assert not index(logo("a", look(direction(1)))).find([mark(vector, mean=0.75)])
    assert not index(logo("a", look(direction(1), spread=0.3))).find([mark(vector)])


def test_the_finders_doubt_counts() -> None:
    eye = index(logo("a", look(direction(1))))
    ((_, sure),), ((_, unsure),) = (eye.find([mark(direction(1, 0.4), chance=chance)]) for chance in (0.9, 0.0))
    assert sure.score > unsure.score


def test_strangers_of_marks_and_looks_are_alike() -> None:
    vectors = np.random.default_rng(3).normal(size=(5, WIDTH)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    (mean, spread), (fewer, near) = strangers(vectors), strangers(vectors, every=2)
    assert mean == pytest.approx(fewer, abs=0.05)
    assert spread == pytest.approx(near, abs=0.05)
    assert (spread > FLOOR).all()
    assert highest(vectors[0], 3) > mean[0]


def test_a_mark_of_another_shape_is_another_mark() -> None:
    eye = index(logo("a", look(direction(1))))
    stretched = 2.0 * np.exp(ASPECT)
    assert eye.find([mark(direction(1), (0, 0, int(20 * stretched) - 2, 20))])
    assert not eye.find([mark(direction(1), (0, 0, int(20 * stretched) + 2, 20))])


def test_each_logo_is_told_once_best_first() -> None:
    eye = index(logo("a", look(direction(1)), look(direction(1, 0.3))), logo("b", look(direction(1, 0.1))))
    hits = eye.find([mark(direction(1)), mark(direction(1, 0.5))])
    assert [(brand, hit.reference.name) for brand, hit in hits] == [(0, "a"), (1, "b")]
    assert hits[0][1].score > hits[1][1].score


def test_nothing_to_look_for_or_at() -> None:
    assert index().find([mark(direction(1))]) == []
    assert index(logo("a", look(direction(1)))).find([]) == []


def test_where_the_whole_logo_is_found_its_box_is_shown() -> None:
    both = logo("a", look(direction(1), name="whole"), look(direction(0, 1), name="first part"))
    whole, part = mark(direction(1, 0.45), (0, 0, 80, 40)), mark(direction(0, 1), (0, 0, 40, 20))
    ((_, hit),) = index(both).find([part, whole])
    assert (hit.look, hit.box) == ("whole", (0, 0, 80, 40))
    ((_, alone),) = index(both).find([part])
    assert (alone.look, alone.score) == ("first part", hit.score)
