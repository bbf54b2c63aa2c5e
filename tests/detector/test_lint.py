import pytest
from PIL import Image

from detector.brands import BrandProfile, ReferencePicture
from detector.images.hash import hash_picture
from detector.lint import lint
from tests.detector.hoshino import HOSHINO
from tests.detector.images.drawn import photo


def told(*brands: BrandProfile) -> dict[str, str]:
    return {warning.where: warning.says for warning in lint(brands)}


def test_a_sound_profile_is_not_warned_of() -> None:
    assert lint([HOSHINO]) == []


@pytest.mark.parametrize(
    ("profile", "where", "words"),
    [
        (BrandProfile(key="b", name="星野電機", aliases=("hd",)), "aliases[0]", ["2 letters", "ambiguous"]),
        (BrandProfile(key="b", name="イオン"), "name", ["イオン化", "exclude"]),
        (BrandProfile(key="b", name="アップル"), "name", ["アップルパイ"]),
        (BrandProfile(key="b", name="Hoshino", products=("Sharp",)), "products[0]", ["a sharp knife"]),
        (BrandProfile(key="b", name="星野電機", aliases=("Smart",)), "aliases[0]", ["smart idea"]),
        (BrandProfile(key="b", name="星野電機", aliases=("星野電機", "ホシノ")), "aliases[0]", ["already"]),
        (BrandProfile(key="b", name="星野電機", exclude=("月野",)), "exclude[0]", ["does nothing"]),
        (BrandProfile(key="b", name="星野電機", domains=("line.me",)), "domains[0]", ["not trusted", "path:"]),
        (BrandProfile(key="b", name="星野電機", domains=("co.jp",)), "domains[0]", ["public suffix"]),
        (BrandProfile(key="b", name="星野電機", false_claims=("最小",)), "false_claims[0]", ["too short"]),
    ],
)
def test_what_will_misfire_is_told_with_an_example(profile: BrandProfile, where: str, words: list[str]) -> None:
    says = told(profile)[where]
    assert all(word in says for word in words), says


def test_an_exclusion_or_an_ambiguous_name_settles_it() -> None:
    assert "name" in told(BrandProfile(key="b", name="アップル"))
    assert "name" not in told(BrandProfile(key="b", name="アップル", exclude=("アップルパイ", "アップルジュース")))
    assert told(BrandProfile(key="b", name="星野電機", ambiguous=("HD",))) == {}


def test_two_brands_of_one_name_are_told() -> None:
    one, two = BrandProfile(key="a", name="星野カード"), BrandProfile(key="b", name="星野", aliases=("星野 カード",))
    warnings = [warning for warning in lint([one, two]) if "too: every item" in warning.says]
    assert {(warning.brand, warning.where) for warning in warnings} == {("a", "name"), ("b", "aliases[0]")}


def test_a_picture_with_little_in_it_is_told() -> None:
    shown = {"sky.jpg": Image.linear_gradient("L").convert("RGB"), "ac.jpg": photo(seed=10, size=(800, 500))}
    pictures = tuple(
        ReferencePicture(name=name, role="picture", hash=hash_picture(image)) for name, image in shown.items()
    )
    [warning] = lint([BrandProfile(key="b", name="星野電機", pictures=pictures)])
    assert (warning.where, "'sky.jpg' has too little in it" in warning.says) == ("pictures", True)
