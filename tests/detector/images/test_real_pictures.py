"""Real pictures and logos, where the shared data is present."""

from pathlib import Path

import pytest

from detector.brands import BrandProfile, ReferencePicture
from detector.images.compare import PictureIndex
from detector.images.decode import decode, inspect
from detector.images.hash import PictureHash, hash_picture

DATA = Path(__file__).parents[4] / "shared/data"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent"),
]
PICTURES = sorted(path for path in (DATA / "images").rglob("*") if path.is_file())
LOGOS = sorted((DATA / "logos").glob("*.svg"))


def hashed(path: Path) -> PictureHash:
    return hash_picture(decode(path.read_bytes(), svg=True))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_every_picture_and_mode_is_decoded(path: Path) -> None:
    result = inspect(path.read_bytes())
    assert result["width"] > 0
    assert not result["hash"]["flat"]


def test_every_edit_of_the_photo_is_found() -> None:
    original, *edits = sorted((DATA / "images/bridge-mods").iterdir())
    reference = ReferencePicture(name="bridge", role="picture", hash=hashed(original))
    index = PictureIndex([BrandProfile(key="b", name="b", pictures=(reference,))])
    assert all(index.find(hashed(edit)) for edit in edits)
    assert len(edits) == 5


def test_no_logo_is_taken_for_another() -> None:
    hashes = {path.stem: hashed(path) for path in LOGOS}
    references = tuple(ReferencePicture(name=name, role="logo", hash=one) for name, one in hashes.items())
    index = PictureIndex([BrandProfile(key="b", name="b", pictures=references)])
    assert len(hashes) > 30
    for name, one in hashes.items():
        assert [copy.reference.name for _, copy in index.find(one)] == ([] if one.flat else [name])
